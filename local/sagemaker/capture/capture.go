// Package capture is SageMaker's data capture: what an endpoint's requests hold and its
// models answer, written to S3 as JSON lines, at
// {destination}/{endpoint}/{variant}/yyyy/mm/dd/hh/{file}.jsonl (AWS.md B.2).
//
// No document says how often files come, what they are called or how long they are. It
// is assumed that a variant's file holds what it answered in five minutes and is named
// for when they began, that only requests with an answer are captured, that the role of the
// variant's model writes, that what it cannot write is lost and nobody is told, and that a
// shadow is captured like any other variant. Of the requests sampled at most PerMinute a minute are written, so
// that days of captures cost seconds. Payloads are CSV, one row a request; they are drawn,
// even for those who call InvokeEndpoint. Encryption leaves no trace.
package capture

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// Every is how much time is in a file. It divides an hour.
	Every = 5 * time.Minute
	// PerMinute is how many requests to a variant are written at most.
	PerMinute = 40
)

// Target is what is captured of one variant, and where to.
type Target struct {
	Bucket, Prefix    string // of the destination
	Endpoint, Variant string
	Role              string // that the variant's model runs as, and that writes
	Sampling          int    // whole percent
	Input, Output     bool
	// CSV: text/csv is among CsvContentTypes. Any other payload is in base64.
	CSV bool
}

// Recorder captures one endpoint.
type Recorder struct {
	rand func(key string) *rand.Rand
	put  func(role, bucket, key string, body []byte) error
	open []*file // oldest first
}

// file is what is still to be written.
type file struct {
	Target
	begin time.Time
	body  []byte
}

// NewRecorder follows rand, which gives each key dice of its own, and writes with put, as
// a role.
func NewRecorder(rand func(key string) *rand.Rand, put func(role, bucket, key string, body []byte) error) *Recorder {
	return &Recorder{rand: rand, put: put}
}

// Take captures a minute in which a variant answered so many requests. They come evenly.
func (r *Recorder) Take(t Target, p Payload, minute time.Time, answered int) {
	if answered <= 0 || t.Sampling <= 0 || !t.Input && !t.Output {
		return
	}
	dice := r.rand("sagemaker/captures/" + t.Endpoint + "/" + t.Variant)
	n := answered
	if t.Sampling < 100 {
		n = int(distuv.Binomial{N: float64(answered), P: float64(t.Sampling) / 100, Src: dice}.Rand())
	}
	if n = min(n, PerMinute); n == 0 {
		return
	}
	f := r.file(t, minute.Truncate(Every))
	for i := range n {
		at := minute.Add(time.Minute * time.Duration(i) / time.Duration(n))
		f.body = append(append(f.body, p.line(t, dice, at)...), '\n')
	}
}

// file is the file of a target's present period.
func (r *Recorder) file(t Target, begin time.Time) *file {
	for _, f := range r.open {
		if f.Target == t && f.begin.Equal(begin) {
			return f
		}
	}
	f := &file{Target: t, begin: begin}
	r.open = append(r.open, f)
	return f
}

// Upload writes the files of which no more is to come at a moment.
func (r *Recorder) Upload(now time.Time) {
	for len(r.open) > 0 && !now.Before(r.open[0].begin.Add(Every)) {
		r.write(r.open[0])
		r.open = r.open[1:]
	}
}

// Close writes what there is, as the endpoint goes. A nil recorder has nothing.
func (r *Recorder) Close() {
	if r == nil {
		return
	}
	for _, f := range r.open {
		r.write(f)
	}
	r.open = nil
}

func (r *Recorder) write(f *file) {
	folder := ""
	if p := strings.Trim(f.Prefix, "/"); p != "" {
		folder = p + "/"
	}
	key := folder + f.Endpoint + "/" + f.Variant + f.begin.Format("/2006/01/02/15/04-05-000-") + id(r.rand("sagemaker/captured/"+f.Endpoint)) + ".jsonl"
	_ = r.put(f.Role, f.Bucket, key, f.body) // lost, as the package comment says
}

// id is a UUID.
func id(dice *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(dice.Uint32())
	}
	x := hex.EncodeToString(b[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// line is one request. Source of the format: SageMaker developer guide, "Capture data
// from real-time endpoint".
func (p Payload) line(t Target, dice *rand.Rand, at time.Time) []byte {
	type direction struct {
		ObservedContentType string `json:"observedContentType"`
		Mode                string `json:"mode"`
		Data                string `json:"data"`
		Encoding            string `json:"encoding"`
	}
	type captured struct {
		EndpointInput  *direction `json:"endpointInput,omitempty"`
		EndpointOutput *direction `json:"endpointOutput,omitempty"`
	}
	type metadata struct {
		EventID       string `json:"eventId"`
		InferenceTime string `json:"inferenceTime"`
	}
	way := func(kind, mode, data string) *direction {
		if t.CSV {
			return &direction{kind, mode, data, "CSV"}
		}
		return &direction{kind, mode, base64.StdEncoding.EncodeToString([]byte(data)), "BASE64"}
	}
	var c captured
	input, output := p.draw(dice)
	if t.Input {
		c.EndpointInput = way("text/csv", "INPUT", input)
	}
	if t.Output {
		c.EndpointOutput = way("text/csv; charset=utf-8", "OUTPUT", output)
	}
	b, err := json.Marshal(struct {
		CaptureData   captured `json:"captureData"`
		EventMetadata metadata `json:"eventMetadata"`
		EventVersion  string   `json:"eventVersion"`
	}{c, metadata{id(dice), at.UTC().Format(time.RFC3339)}, "0"})
	if err != nil {
		panic(err) // texts
	}
	return b
}
