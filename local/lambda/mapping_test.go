package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/sim"
	"sluice/local/wire"
)

const queueARN = "arn:aws:sqs:us-east-1:111122223333:events"

// fakeQueue is one queue with a visibility timeout.
type fakeQueue struct {
	w          *sim.World
	visibility time.Duration
	messages   []*fakeMessage
	arrived    func()
}

type fakeMessage struct {
	Message
	receives int
	hidden   *sim.Timer
}

func (q *fakeQueue) send(id, body string) {
	q.messages = append(q.messages, &fakeMessage{Message: Message{ID: id, ReceiptHandle: id, Body: body, MD5: "md5"}})
	if q.arrived != nil {
		q.arrived()
	}
}

func (q *fakeQueue) Receive(_ string, n int) []Message {
	if n < 1 || n > 10 {
		panic(fmt.Sprintf("Receive(%d)", n))
	}
	var out []Message
	for _, m := range q.messages {
		if m.hidden == nil && len(out) < n {
			m.receives++
			m.Attributes = map[string]string{"ApproximateReceiveCount": fmt.Sprint(m.receives)}
			m.hidden = q.w.After(q.visibility, "visible", func() { m.hidden = nil; q.arrived() })
			out = append(out, m.Message)
		}
	}
	return out
}

func (q *fakeQueue) Delete(_, handle string) {
	q.messages = slices.DeleteFunc(q.messages, func(m *fakeMessage) bool {
		if m.ReceiptHandle == handle {
			m.hidden.Stop()
		}
		return m.ReceiptHandle == handle
	})
}

func (q *fakeQueue) Release(_, handle string) {
	for _, m := range q.messages {
		if m.ReceiptHandle == handle && m.hidden.Stop() {
			m.hidden = nil
			q.arrived()
		}
	}
}

func (q *fakeQueue) OnArrival(_ string, fn func()) { q.arrived = fn }

func (q *fakeQueue) VisibilityTimeout(arn string) (time.Duration, bool) {
	return q.visibility, arn == queueARN
}

// batches runs a mapping whose function answers what answer says, and notes at which
// second which messages came.
func batches(t *testing.T, c MappingConfig, answer func(ids []string, n int) ([]byte, error)) (*sim.World, *Service, *fakeQueue, *[]string) {
	t.Helper()
	var got []string
	var w *sim.World
	w, s := inProcessService(t, Function{Name: "work"}, func(_ context.Context, payload []byte) ([]byte, error) {
		if len(payload) > maxSync {
			t.Errorf("a batch has %d bytes", len(payload))
		}
		var event struct {
			Records []struct{ MessageID string }
		}
		must(t, json.Unmarshal(payload, &event))
		var ids []string
		for _, r := range event.Records {
			ids = append(ids, r.MessageID)
		}
		got = append(got, fmt.Sprintf("%.0fs %s", w.Now().Sub(start).Seconds(), strings.Join(ids, " ")))
		return answer(ids, len(got))
	})
	q := &fakeQueue{w: w, visibility: 30 * time.Second}
	s.Queues = q
	c.FunctionARN, c.QueueARN = "work", queueARN
	w.Do(func() {
		_, err := s.CreateMapping(c)
		must(t, err)
	})
	return w, s, q, &got
}

func TestBatchOutcome(t *testing.T) {
	once := func(first string, err error) func([]string, int) ([]byte, error) {
		return func(_ []string, n int) ([]byte, error) {
			if n == 1 {
				return []byte(first), err
			}
			return []byte(`{"batchItemFailures":[]}`), nil
		}
	}
	all := []string{"0s a b c", "30s a b c"}
	tests := []struct {
		name   string
		report bool
		answer func([]string, int) ([]byte, error)
		want   []string
	}{
		{"success", true, once(`{"batchItemFailures":[]}`, nil), []string{"0s a b c"}},
		{"one failed", true, once(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`, nil), []string{"0s a b c", "30s b"}},
		{"not asked for", false, once(`{"batchItemFailures":[{"itemIdentifier":"b"}]}`, nil), []string{"0s a b c"}},
		{"error", true, once("", errors.New("bad")), all},
		{"null", true, once(`null`, nil), []string{"0s a b c"}},
		{"null list", true, once(`{"batchItemFailures":null}`, nil), []string{"0s a b c"}},
		{"nothing", true, once(``, nil), []string{"0s a b c"}},
		{"empty object", true, once(`{}`, nil), []string{"0s a b c"}},
		{"no json", true, once(`oops`, nil), all},
		{"unknown id", true, once(`{"batchItemFailures":[{"itemIdentifier":"z"}]}`, nil), all},
		{"empty id", true, once(`{"batchItemFailures":[{"itemIdentifier":""}]}`, nil), all},
		{"null id", true, once(`{"batchItemFailures":[{"itemIdentifier":null}]}`, nil), all},
		{"wrong key", true, once(`{"batchItemFailures":[{"id":"b"}]}`, nil), all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, _, q, got := batches(t, MappingConfig{ReportItemFailures: tt.report}, tt.answer)
			w.Do(func() { q.send("a", "1"); q.send("b", "2"); q.send("c", "3") })
			w.RunUntilIdle(time.Hour)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
			if len(q.messages) != 0 {
				t.Errorf("%d messages are left", len(q.messages))
			}
		})
	}
}

func fine([]string, int) ([]byte, error) { return nil, nil }

func TestBatchingWindow(t *testing.T) {
	w, _, q, got := batches(t, MappingConfig{BatchSize: 12, Window: 5 * time.Second}, fine)
	w.Do(func() { q.send("a", ""); q.send("b", "") })
	w.RunFor(3 * time.Second)
	w.Do(func() { q.send("c", "") })
	w.RunFor(17 * time.Second)
	w.Do(func() {
		for i := range 13 {
			q.send(fmt.Sprint(i), "")
		}
	})
	w.RunUntilIdle(time.Minute)
	want := []string{"5s a b c", "20s 0 1 2 3 4 5 6 7 8 9 10 11", "25s 12"}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

func TestBatchIsCutAtSixMegabytes(t *testing.T) {
	w, _, q, got := batches(t, MappingConfig{BatchSize: 100, Window: time.Second}, fine)
	w.Do(func() {
		for i := range 8 {
			q.send(fmt.Sprint(i), strings.Repeat("x", 1<<20))
		}
	})
	w.RunUntilIdle(time.Minute)
	if diff := cmp.Diff([]string{"0s 0 1 2 3 4", "1s 5 6 7"}, *got); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

func TestMappingConcurrency(t *testing.T) {
	tests := []struct {
		name  string
		limit int
		want  []int // batches begun within the 1st, 2nd and 3rd minute
	}{
		{"first five, then three hundred more a minute", 0, []int{5, 300, 95}},
		{"bounded", 2, []int{2, 0, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, s, q, got := batches(t, MappingConfig{BatchSize: 1, MaxConcurrency: tt.limit}, fine)
			q.visibility = time.Hour
			w.Do(func() {
				must(t, s.SetAsync("work", Async{}))
				s.functions["work"].latest.Timeout = 900 * time.Second
				for i := range 400 {
					q.send(fmt.Sprint(i), "")
				}
			})
			s.Duration = constant(130 * time.Second)
			var began []int
			for range tt.want {
				before := len(*got)
				w.RunFor(time.Minute)
				began = append(began, len(*got)-before)
			}
			if diff := cmp.Diff(tt.want, began); diff != "" {
				t.Errorf("batches begun per minute (-want +got):\n%s", diff)
			}
		})
	}
}

// The envelope has the members, in the order, of the documented sample.
func TestEnvelope(t *testing.T) {
	want, err := os.ReadFile("testdata/sqs-envelope.json")
	must(t, err)
	var sample struct{ Records []sqsRecord }
	must(t, json.Unmarshal(want, &sample))
	r := sample.Records[0]
	m := &Mapping{MappingConfig: MappingConfig{QueueARN: "arn:aws:sqs:us-east-1:111122223333:events"}}
	got := m.envelope([]Message{{ID: r.MessageID, ReceiptHandle: r.ReceiptHandle, Body: r.Body, MD5: r.MD5OfBody, Attributes: r.Attributes}})
	if diff := cmp.Diff(keys(t, want), keys(t, got)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	var a, b any
	must(t, json.Unmarshal(want, &a))
	must(t, json.Unmarshal(got, &b))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
}

// keys lists the member names of a record in order.
func keys(t *testing.T, doc []byte) []string {
	var parts struct{ Records []json.RawMessage }
	must(t, json.Unmarshal(doc, &parts))
	d := json.NewDecoder(strings.NewReader(string(parts.Records[0])))
	var out []string
	depth := 0
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' {
				depth++
			} else {
				depth--
			}
		case string:
			if depth == 1 && slices.Contains([]string{"messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody", "eventSource", "eventSourceARN", "awsRegion"}, v) {
				out = append(out, v)
			}
		}
	}
}

func TestMappingRefuses(t *testing.T) {
	w, s, q, _ := batches(t, MappingConfig{}, fine)
	tests := []struct {
		name, want string
		c          MappingConfig
	}{
		{"batch size", "BatchSize", MappingConfig{BatchSize: 10001, Window: time.Second}},
		{"large batch without window", "Maximum batch window in seconds must be greater than 0", MappingConfig{BatchSize: 11}},
		{"window", "MaximumBatchingWindowInSeconds", MappingConfig{Window: 301 * time.Second}},
		{"concurrency", "MaximumConcurrency", MappingConfig{MaxConcurrency: 1}},
		{"twice", "already exists", MappingConfig{}},
		{"no queue", "does not exist", MappingConfig{QueueARN: queueARN + "2"}},
		{"fifo", "FIFO", MappingConfig{QueueARN: queueARN + ".fifo"}},
		{"stream", "no SQS queue", MappingConfig{QueueARN: "arn:aws:kinesis:us-east-1:1:x"}},
		{"no function", "Function not found", MappingConfig{FunctionARN: "none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.c.QueueARN == "" {
				tt.c.QueueARN = queueARN
			}
			if tt.c.FunctionARN == "" {
				tt.c.FunctionARN = "work"
			}
			w.Do(func() {
				if _, err := s.CreateMapping(tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want an error with %q", err, tt.want)
				}
			})
		})
	}
	q.visibility = time.Second
	w.Do(func() {
		if _, err := s.CreateMapping(MappingConfig{FunctionARN: "work", QueueARN: queueARN}); err == nil || !strings.Contains(err.Error(), "visibility timeout") {
			t.Errorf("got %v, want a refusal of a visibility timeout under the function's timeout", err)
		}
	})
}

// Whatever fails, each message is worked off in the end, and none while another
// invocation has it.
func TestNoMessageIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		done := map[string]int{}
		dice := rapid.SliceOfN(rapid.IntRange(0, 9), 40, 40).Draw(rt, "dice")
		turn := 0
		next := func() int {
			turn++
			if turn > 60 {
				return 9 // it is well in the end
			}
			return dice[turn%len(dice)]
		}
		w, s, q, _ := batches(t, MappingConfig{
			BatchSize: rapid.IntRange(1, 30).Draw(rt, "size"), Window: time.Second, ReportItemFailures: true,
			MaxConcurrency: rapid.SampledFrom([]int{0, 2, 3}).Draw(rt, "concurrency"),
		}, func(ids []string, _ int) ([]byte, error) {
			if next() < 2 {
				return nil, errors.New("bad")
			}
			out := `{"batchItemFailures":[`
			sep := ""
			for _, id := range ids {
				if next() < 3 {
					out += sep + `{"itemIdentifier":"` + id + `"}`
					sep = ","
				} else {
					done[id]++
				}
			}
			return []byte(out + "]}"), nil
		})
		s.Fault = func(_ string, n int) wire.Effect { return wire.Effect(dice[n%len(dice)] % 3) }
		n := rapid.IntRange(0, 60).Draw(rt, "messages")
		for i := range n {
			w.Do(func() { q.send(fmt.Sprint(i), "x") })
			w.RunFor(time.Duration(i%4) * 200 * time.Millisecond)
		}
		s.Fault = nil
		if !w.RunUntilIdle(24 * time.Hour) {
			rt.Fatal("the world does not come to rest")
		}
		if len(q.messages) != 0 || len(done) != n {
			rt.Fatalf("%d of %d messages done, %d left", len(done), n, len(q.messages))
		}
		for id, times := range done {
			if times != 1 {
				rt.Fatalf("message %s was done %d times", id, times)
			}
		}
	})
}
