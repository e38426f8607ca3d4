package edge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/edge"
	"sluice/shared/fault"
)

type question struct {
	Model string    `json:"model"`
	Now   time.Time `json:"now"`
}

type answer struct {
	Text string `json:"text"`
}

var at = time.Date(2026, 3, 2, 10, 15, 30, 120e6, time.UTC)

// run calls the handler "probe" and returns its answer, its log by line, and its
// error.
func run(t *testing.T, payload string, handle func(context.Context, question) (answer, error)) (string, []map[string]any, error) {
	t.Helper()
	var log bytes.Buffer
	got, err := edge.Handle("probe", &log, handle)(context.Background(), json.RawMessage(payload))
	var lines []map[string]any
	for line := range strings.Lines(log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q is no JSON: %v", line, err)
		}
		lines = append(lines, m)
	}
	return string(got), lines, err
}

func TestDone(t *testing.T) {
	got, log, err := run(t, `{"model":"churn","now":"2026-03-02T10:15:30.120Z","unknown":1}`, func(ctx context.Context, q question) (answer, error) {
		if q.Model != "churn" || !q.Now.Equal(at) {
			t.Errorf("got %+v", q)
		}
		edge.Note(ctx, "weight", 10)
		return answer{"5 < 7 & true"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"text":"5 < 7 & true"}`; got != want {
		t.Errorf("answer %s, want %s", got, want)
	}
	want := []map[string]any{{"level": "INFO", "msg": "done", "function": "probe", "weight": 10.0}}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestErrorsByKind(t *testing.T) {
	handlerErr := func(err error) func(context.Context, question) (answer, error) {
		return func(ctx context.Context, _ question) (answer, error) {
			edge.Note(ctx, "rollout", "churn-v7")
			return answer{"never seen"}, err
		}
	}
	failed := func(text, kind string) map[string]any {
		return map[string]any{"level": "ERROR", "msg": "failed", "function": "probe", "rollout": "churn-v7", "error": text, "kind": kind}
	}
	tests := []struct {
		name, payload string
		err           error
		want          messages.InvokeResponse_Error
		log           map[string]any
	}{
		{"of a kind", `{}`, fmt.Errorf("x: %w", fault.Conflict.Errorf("taken")), messages.InvokeResponse_Error{Type: "Conflict", Message: "x: taken"}, failed("x: taken", "Conflict")},
		{"of none", `{}`, errors.New("odd"), messages.InvokeResponse_Error{Type: "Internal", Message: "odd"}, failed("odd", "Internal")},
		{
			"payload of another type", `{"model":7}`, nil,
			messages.InvokeResponse_Error{Type: "Invalid", Message: "reading the payload of probe: json: cannot unmarshal number into Go struct field question.model of type string"},
			map[string]any{"level": "ERROR", "msg": "refused", "function": "probe", "kind": "Invalid", "error": "reading the payload of probe: json: cannot unmarshal number into Go struct field question.model of type string"},
		},
		{
			"payload that is no JSON", `{"model`, nil,
			messages.InvokeResponse_Error{Type: "Invalid", Message: "reading the payload of probe: unexpected end of JSON input"},
			map[string]any{"level": "ERROR", "msg": "refused", "function": "probe", "kind": "Invalid", "error": "reading the payload of probe: unexpected end of JSON input"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, log, err := run(t, tt.payload, handlerErr(tt.err))
			if got != "" {
				t.Errorf("an answer beside the error: %s", got)
			}
			if diff := cmp.Diff(error(tt.want), err); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]map[string]any{tt.log}, log); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

// The lines are what CloudWatch Logs needs to make metrics of them; those of a
// failed call count too, and zero is not sent.
func TestCounts(t *testing.T) {
	for _, err := range []error{nil, fault.Throttled.Errorf("later")} {
		_, log, _ := run(t, `{}`, func(ctx context.Context, _ question) (answer, error) {
			edge.Count(ctx, "EventsIgnored", 3, at)
			edge.Count(ctx, "EventsMalformed", 0, at)
			return answer{}, err
		})
		want := map[string]any{
			"_aws": map[string]any{
				"Timestamp": 1772446530120.0,
				"CloudWatchMetrics": []any{map[string]any{
					"Namespace": "Sluice", "Dimensions": []any{[]any{"Function"}},
					"Metrics": []any{map[string]any{"Name": "EventsIgnored", "Unit": "Count"}},
				}},
			},
			"Function": "probe", "EventsIgnored": 3.0,
		}
		if len(log) != 2 {
			t.Fatalf("got %d lines: %v", len(log), log)
		}
		if diff := cmp.Diff(want, log[0]); diff != "" {
			t.Errorf("metric line (-want +got):\n%s", diff)
		}
	}
}

// A probe is answered after the payload in it was read, and the handler does not run.
func TestProbes(t *testing.T) {
	tests := []struct {
		name, payload, want string
		err                 error
	}{
		{"a sample", `{"sluiceProbe":{"model":"churn","now":"2026-03-02T10:15:30Z"}}`, `{"function":"probe","version":""}`, nil},
		{"with blanks", `{"sluiceProbe" : {} }`, `{"function":"probe","version":""}`, nil},
		{"a sample that it cannot read", `{"sluiceProbe":{"model":7}}`, "", messages.InvokeResponse_Error{Type: "Invalid", Message: "reading the sample in the probe of probe: json: cannot unmarshal number into Go struct field question.model of type string"}},
		{"no sample", `{"sluiceProbe"}`, "", messages.InvokeResponse_Error{Type: "Invalid", Message: "reading the probe of probe: invalid character '}' after object key"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := run(t, tt.payload, func(context.Context, question) (answer, error) {
				t.Error("the handler ran")
				return answer{}, nil
			})
			if got != tt.want {
				t.Errorf("answer %s, want %s", got, tt.want)
			}
			if diff := cmp.Diff(tt.err, err); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// Handlers are called without the edge, too: by each other and by tests.
func TestNotesWithoutEdge(t *testing.T) {
	edge.Note(context.Background(), "k", "v")
	edge.Count(context.Background(), "n", 1, at)
}

// Two calls share nothing.
func TestNotesAreOfOneCall(t *testing.T) {
	var log bytes.Buffer
	h := edge.Handle("probe", &log, func(ctx context.Context, q question) (answer, error) {
		edge.Note(ctx, "model", q.Model)
		return answer{}, nil
	})
	for _, m := range []string{"a", "b"} {
		if _, err := h(context.Background(), json.RawMessage(`{"model":"`+m+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"level":"INFO","msg":"done","function":"probe","model":"a"}
{"level":"INFO","msg":"done","function":"probe","model":"b"}
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestMust(t *testing.T) {
	t.Setenv("TABLE", "sluice")
	if got := edge.Table.Must(); got != "sluice" {
		t.Errorf("got %q", got)
	}
	t.Setenv("TOPIC_ARN", "")
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "TOPIC_ARN") {
			t.Errorf("panicked with %q, which does not name the variable", p)
		}
	}()
	edge.Topic.Must()
	t.Error("a function started without its topic")
}

func TestSent(t *testing.T) {
	at := func(ms string) events.SQSMessage {
		return events.SQSMessage{Attributes: map[string]string{"SentTimestamp": ms}}
	}
	got := edge.Sent(events.SQSEvent{Records: []events.SQSMessage{at("1772446531120"), at("1772446531121"), at("yesterday"), {}}})
	if want := time.Date(2026, 3, 2, 10, 15, 31, 121e6, time.UTC); got != want {
		t.Errorf("sent at %s, want %s", got, want)
	}
	if got := edge.Sent(events.SQSEvent{}); got != time.UnixMilli(0).UTC() {
		t.Errorf("an empty batch was sent at %s", got)
	}
}
