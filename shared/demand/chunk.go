package demand

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// Chunk is what one batch of events added to a model's demand: a sorted list of
// objects in the store, named by its content, or a cause without objects.
type Chunk struct {
	Name    string    `json:"name"`    // sha256 of the list, or the cause's own name
	List    string    `json:"list"`    // store key of the list; "" for a cause without objects
	Trigger int       `json:"trigger"` // index of the data trigger in the spec; -1 for what waits for none
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	FirstAt time.Time `json:"firstAt"` // earliest and latest event in it
	LastAt  time.Time `json:"lastAt"`
	Cause   Cause     `json:"cause"`
	// MarkAt is when the trigger's marker came; zero if it did not.
	MarkAt time.Time `json:"markAt,omitzero"`
	// Alarm is the alarm of a drift or calm cause, and Hold how long it must stay on.
	Alarm string        `json:"alarm,omitempty"`
	Hold  time.Duration `json:"hold,omitempty"`
}

// Kinds of causes.
const (
	Data     = "data"
	Drift    = "drift"    // an alarm went off
	Calm     = "calm"     // an alarm went off no longer; no reason, but the end of one
	Schedule = "schedule" // a set time came
	Manual   = "manual"   // a person asked
	Retry    = "retry"    // objects of a failed run
	Commit   = "commit"   // new training code: if no data are new, it trains on the last run's

	Promotion = "promotion" // another model is in production: as for a commit
)

// Cause is one reason for training, as history and the pipeline see it.
type Cause struct {
	Kind string `json:"kind"` // one of the kinds above
	Text string `json:"text"` // for people: bucket and prefix, alarm and reason, person
}

// maxLine bounds one line of a list: a key of 1,024 bytes, each of them escaped to
// six characters, and the rest.
const maxLine = 64 << 10

// Pack sorts objects, drops repeated ones, and returns them as a chunk's content
// with its name. The same set of objects gives the same bytes in any order.
func Pack(objects []Object) (content []byte, name string, kept []Object) {
	kept = slices.Clone(objects)
	slices.SortFunc(kept, order)
	kept = slices.CompactFunc(kept, func(a, b Object) bool { return Compare(a, b) == 0 })
	var b bytes.Buffer
	m := NewManifestWriter(&b)
	for _, o := range kept {
		if err := m.Write(o); err != nil {
			panic(fmt.Sprintf("a buffer refused a write: %v", err))
		}
	}
	sum, err := m.Close()
	if err != nil {
		panic(fmt.Sprintf("a buffer refused a write: %v", err))
	}
	return b.Bytes(), sum.SHA256, kept
}

// Summary is what a finished list holds.
type Summary struct {
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"` // of the uncompressed lines
}

// ManifestWriter writes a list of objects: one JSON object a line, compressed with
// gzip. The bytes depend on the objects alone.
type ManifestWriter struct {
	lines *gzip.Writer
	line  []byte // the last one, whose memory the next one takes
	hash  interface {
		io.Writer
		Sum([]byte) []byte
	}
	sum Summary
}

// fast compresses at the level that costs least time: writing a manifest of millions
// is most of what a launch does, and a tenth more bytes cost less than the minutes.
func fast(w io.Writer) *gzip.Writer {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(fmt.Sprintf("the fastest level is no level: %v", err))
	}
	return z
}

// NewManifestWriter returns a writer of a list to w.
func NewManifestWriter(w io.Writer) *ManifestWriter {
	return &ManifestWriter{lines: fast(w), hash: sha256.New()}
}

// Write adds one object.
func (m *ManifestWriter) Write(o Object) (err error) {
	if m.line, err = appendLine(m.line[:0], o); err != nil {
		return err
	}
	m.sum.Objects++
	m.sum.Bytes += o.Size
	if _, err = m.hash.Write(m.line); err == nil {
		_, err = m.lines.Write(m.line)
	}
	return err
}

// Close ends the list and says what is in it.
func (m *ManifestWriter) Close() (Summary, error) {
	m.sum.SHA256 = hex.EncodeToString(m.hash.Sum(nil))
	return m.sum, m.lines.Close()
}

// Read yields the objects of a list that Pack or a ManifestWriter wrote. It ends
// after the first error.
func Read(r io.Reader) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		z, err := gzip.NewReader(r)
		if err != nil {
			yield(Object{}, fmt.Errorf("reading a list of objects: %w", err))
			return
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			o, err := parseLine(lines.Bytes())
			if err != nil {
				yield(o, fmt.Errorf("reading a list of objects: %w", err))
				return
			}
			if !yield(o, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Object{}, fmt.Errorf("reading a list of objects: %w", err))
		}
	}
}
