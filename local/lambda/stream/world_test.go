package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/local/sim"
)

const streamARN = "arn:aws:dynamodb:us-east-1:111122223333:table/notes/stream/2026-03-02T12:00:00.000"

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// stage is a reader of a stream that is a list, and what it did with it. A record has a
// sequence number of one letter and more, and a key.
type stage struct {
	t       testing.TB
	w       *sim.World
	records []Record
	tell    func()
	reader  *Reader
	locked  error

	answer  func(ids []string, n int) Answer // of the n-th invocation, from 1; nil is success
	got     []string                         // "<seconds> <ids>" of each invocation
	reports []string
	ages    []time.Duration
	logs    []string
}

func (g *stage) Read(_, after string, most int) []Record {
	var out []Record
	for _, r := range g.records {
		if r.Sequence > after && len(out) < most && g.w.Now().Sub(r.Made) < retention {
			out = append(out, r)
		}
	}
	return out
}

func (g *stage) Last(arn string) (string, bool) {
	if n := len(g.records); n > 0 {
		return g.records[n-1].Sequence, arn == streamARN
	}
	return "", arn == streamARN
}

func (g *stage) OnRecord(_ string, fn func()) { g.tell = fn }

// write adds a record of this sequence number and key. The caller holds the world.
func (g *stage) write(sequence, key string) {
	text := fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"SequenceNumber":%q,"Keys":{"pk":{"S":%q}}}}`, sequence, key)
	g.records = append(g.records, Record{Sequence: sequence, Made: g.w.Now(), Text: []byte(text)})
	if g.tell != nil {
		g.tell()
	}
}

// writes adds a record for each of its arguments, which are sequence number and key.
func (g *stage) writes(sequences ...string) {
	g.w.Do(func() {
		for _, s := range sequences {
			g.write(s, s)
		}
	})
}

func newStage(t testing.TB) *stage { return &stage{t: t, w: sim.NewWorld(start, 1)} }

// try makes the reader. The caller holds the world.
func (g *stage) try(c Config) (err error) {
	if c.StreamARN == "" {
		c.StreamARN = streamARN
	}
	if c.From == "" {
		c.From = "TRIM_HORIZON"
	}
	g.reader, err = New(g.w, c, Needs{
		Source: g, FunctionARN: "arn:aws:lambda:us-east-1:111122223333:function:work",
		Invoke: g.invoke, MayRead: func() error { return g.locked },
		GiveUp: func(report []byte) { g.reports = append(g.reports, string(report)) },
		Behind: func(d time.Duration) { g.ages = append(g.ages, d) },
		Log:    func(line string) { g.logs = append(g.logs, line) },
	})
	return err
}

func (g *stage) begin(c Config) *stage {
	g.t.Helper()
	g.w.Do(func() {
		if err := g.try(c); err != nil {
			g.t.Fatal(err)
		}
	})
	return g
}

func (g *stage) invoke(payload []byte, done func(Answer)) {
	var event struct {
		Records []struct {
			Dynamodb struct{ SequenceNumber string }
		}
	}
	if err := json.Unmarshal(payload, &event); err != nil || len(payload) > mostBytes {
		g.t.Errorf("a payload of %d bytes: %v", len(payload), err)
	}
	var ids []string
	for _, r := range event.Records {
		ids = append(ids, r.Dynamodb.SequenceNumber)
	}
	g.got = append(g.got, fmt.Sprintf("%v %s", g.w.Now().Sub(start).Seconds(), strings.Join(ids, " ")))
	a := Answer{}
	if g.answer != nil {
		a = g.answer(ids, len(g.got))
	}
	a.RequestID = fmt.Sprint("request ", len(g.got))
	g.w.After(0, "end", func() { done(a) })
}

// failing answers as the function would that reports these sequence numbers.
func failing(sequences ...string) Answer {
	var items []string
	for _, s := range sequences {
		items = append(items, fmt.Sprintf(`{"itemIdentifier":%q}`, s))
	}
	return Answer{Payload: []byte(`{"batchItemFailures":[` + strings.Join(items, ",") + `]}`)}
}

// first lets the first n invocations end so, and the others succeed.
func first(n int, a Answer) func([]string, int) Answer {
	return func(_ []string, i int) Answer {
		if i <= n {
			return a
		}
		return Answer{}
	}
}

var (
	crash    = Answer{Failed: true}
	throttle = Answer{Err: errors.New("TooManyRequestsException: Rate Exceeded")}
)

func of(n int) *int { return &n }
