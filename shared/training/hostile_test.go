package training_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// told is what an event of S3 tells of an object, as a manifest lists it.
type told struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`
	Sequencer string `json:"sequencer"`
	ETag      string `json:"etag,omitempty"`
	Size      int64  `json:"size"`
}

func (o told) message(w *world) events.SQSMessage {
	object := map[string]any{"key": o.Key, "size": o.Size, "sequencer": o.Sequencer}
	if o.VersionID != "" {
		object["version-id"] = o.VersionID
	}
	if o.ETag != "" {
		object["etag"] = o.ETag
	}
	body, err := json.Marshal(map[string]any{
		"id": "e", "source": "aws.s3", "detail-type": "Object Created", "time": w.Now().Format(time.RFC3339),
		"detail": map[string]any{"bucket": map[string]any{"name": o.Bucket}, "object": object},
	})
	w.ok(err)
	return events.SQSMessage{MessageId: "m", Body: string(body)}
}

// text is the manifest of the first run, as users' pipelines read it.
func (w *world) text() string {
	content, ok := w.s3.Get("store", strings.TrimPrefix(w.runOf(1).Manifest, "s3://store/"))
	if !ok {
		w.Fatal("there is no manifest")
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	w.ok(err)
	text, err := io.ReadAll(z)
	w.ok(err)
	return string(text)
}

// lines are what a manifest says of these objects: JSON lines, sorted by key.
func lines(w *world, objects ...told) string {
	slices.SortFunc(objects, func(a, b told) int { return strings.Compare(a.Key, b.Key) })
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, o := range objects {
		w.ok(enc.Encode(o))
	}
	return b.String()
}

// TestFromEventToManifest: whatever the keys, versions and sequencers are made of,
// however often and in whichever batches their events come, the manifest says of each
// key what the event of its newest version said.
func TestFromEventToManifest(t *testing.T) {
	key := rapid.OneOf(rapid.StringN(1, 300, 1024), rapid.StringMatching(`[%+ "\\\n\r./{}]{1,8}`), rapid.SampledFrom([]string{"a", "a/", "a/../b", "%61", "\x00", "é", "e\u0301", "\u2028"}))
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		newest := map[string]told{}
		var messages []events.SQSMessage
		for i, k := range rapid.SliceOfN(key, 1, 12).Draw(r, "keys") {
			o := told{
				Bucket: "acme", Key: k, VersionID: rapid.OneOf(rapid.Just(""), rapid.StringN(1, 40, 1024)).Draw(r, "version"), ETag: rapid.StringN(0, 20, 64).Draw(r, "etag"), Size: rapid.Int64Range(0, 1<<50).Draw(r, "size"),
				Sequencer: rapid.SampledFrom([]string{"%X", "%x", "000%X", "%018x"}).Draw(r, "spelling"),
			}
			o.Sequencer = fmt.Sprintf(o.Sequencer, rapid.Uint64Range(0, 1<<40).Draw(r, "time")<<4+uint64(i)) // no two are equal
			if old, ok := newest[k]; !ok || value(old) < value(o) {
				newest[k] = o
			}
			for range rapid.IntRange(1, 2).Draw(r, "deliveries") {
				messages = append(messages, o.message(w))
			}
		}
		for messages = rapid.Permutation(messages).Draw(r, "order"); len(messages) > 0; {
			n := rapid.IntRange(1, len(messages)).Draw(r, "batch")
			if out := call(w, w.intake.OnData, events.SQSEvent{Records: messages[:n]}); len(out.BatchItemFailures) > 0 {
				r.Fatalf("%d events are malformed", len(out.BatchItemFailures))
			}
			messages = messages[n:]
		}
		w.launch(1)
		if diff := cmp.Diff(lines(w, slices.Collect(maps.Values(newest))...), w.text()); diff != "" {
			r.Fatalf("manifest (-want +got):\n%s", diff)
		}
	})
}

func value(o told) (n uint64) {
	if _, err := fmt.Sscanf(o.Sequencer, "%x", &n); err != nil {
		panic(err)
	}
	return n
}

// FuzzFromEventToManifest is the same of one object with any text in it.
func FuzzFromEventToManifest(f *testing.F) {
	for _, key := range []string{"k", "new\nline", `quo"te\`, "../../etc/passwd", "%2F+%20", "nul\x00", strings.Repeat("\x01", 1024), strings.Repeat("🔑", 256)} {
		f.Add(key, "", "e", int64(1))
		f.Add(key, key, key, int64(0))
	}
	f.Fuzz(func(t *testing.T, key, version, etag string, size int64) {
		if key == "" || len(key) > 1024 || len(version) > 1024 || len(etag) > 1024 || size < 0 || !utf8.ValidString(key+version+etag) {
			return // S3 has no such object
		}
		w := newWorld(t)
		o := told{Bucket: "acme", Key: key, VersionID: version, Sequencer: "0A", ETag: etag, Size: size}
		call(w, w.intake.OnData, events.SQSEvent{Records: []events.SQSMessage{o.message(w)}})
		w.launch(1)
		if diff := cmp.Diff(lines(w, o), w.text()); diff != "" {
			t.Errorf("manifest (-want +got):\n%s", diff)
		}
	})
}
