// Package capture reads what SageMaker's data capture writes of an endpoint's requests
// and answers: files of JSON lines, one line a request. It also reads reference files,
// CSV with a header or JSON lines, into the same rows.
//
// It only reads: what a row means, drift decides. Lines that cannot be read are counted
// and passed over, whatever they hold; one line is held at a time, so that files may
// be of any size. Its caller is capturing.
package capture

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Value is one named value of a row. Text is "" where it is missing.
type Value struct{ Name, Text string }

// Row is one example that a model was asked about, or one answer.
type Row []Value

// Record is one request.
type Record struct {
	At      time.Time // when it was answered
	Inputs  []Row
	Answers []Row
}

// Layout says what CSV does not.
type Layout struct {
	Columns []string // names of the inputs, in their order; those without are column1, column2, ...
}

// Tally says what became of a file's lines.
type Tally struct {
	Lines      int
	Unreadable int
	Why        string // of the first that is unreadable
}

// maxLine bounds a line, in bytes: a payload of SageMaker's 25 MB is not captured whole,
// and JSON and base64 make it longer. Source of the payload's limit: InvokeEndpoint.
const maxLine = 48 << 20

// Read reads a capture file and gives each its records, in their order. Errors: only
// those of r; what is malformed is counted in the tally.
func Read(r io.Reader, l Layout, each func(Record)) (Tally, error) {
	return lines(r, func(line []byte) error {
		record, err := parse(line, l)
		if err == nil {
			each(record)
		}
		return err
	})
}

// lines gives do each line that is not empty, and counts those that it refuses.
func lines(r io.Reader, do func([]byte) error) (Tally, error) {
	var t Tally
	in := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for {
		line = line[:0]
		long, end, err := false, false, error(nil)
		for !end {
			var part []byte
			part, err = in.ReadSlice('\n')
			end = !errors.Is(err, bufio.ErrBufferFull)
			if long = long || len(line)+len(part) > maxLine; !long {
				line = append(line, part...)
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return t, err
		}
		if text := bytes.TrimSpace(line); len(text) > 0 || long {
			t.take(text, long, do)
		}
		if err != nil {
			return t, nil
		}
	}
}

func (t *Tally) take(line []byte, long bool, do func([]byte) error) {
	t.Lines++
	err := fmt.Errorf("it is longer than %d bytes", maxLine)
	if !long {
		err = do(line)
	}
	if err == nil {
		return
	}
	if t.Unreadable++; t.Unreadable == 1 {
		t.Why = fmt.Sprintf("line %d: %v", t.Lines, err)
	}
}

// payload is one direction of a request. Source: SageMaker developer guide, "Capture
// data", and AWS.md B.2.
type payload struct {
	ObservedContentType string
	Data                string
	Encoding            string // CSV, JSON, BASE64
}

func parse(text []byte, l Layout) (Record, error) {
	var line struct {
		CaptureData   struct{ EndpointInput, EndpointOutput *payload }
		EventMetadata struct{ InferenceTime time.Time }
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return Record{}, fmt.Errorf("it is no line of a capture: %w", err)
	}
	r := Record{At: line.EventMetadata.InferenceTime.UTC()}
	if r.At.IsZero() {
		return r, errors.New("it has no eventMetadata.inferenceTime")
	}
	in, out := line.CaptureData.EndpointInput, line.CaptureData.EndpointOutput
	if in == nil && out == nil {
		return r, errors.New("it has neither endpointInput nor endpointOutput")
	}
	var err error
	if in != nil {
		if r.Inputs, err = in.rows(naming{columns: l.Columns, other: "column"}); err != nil {
			return r, fmt.Errorf("its input: %w", err)
		}
	}
	if out != nil {
		if r.Answers, err = out.rows(naming{columns: []string{Prediction}, other: Prediction, rows: len(r.Inputs)}); err != nil {
			return r, fmt.Errorf("its output: %w", err)
		}
	}
	return r, nil
}

// Prediction is the name of an answer, and what the names of its parts begin with.
const Prediction = "prediction"
