package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// everything is an IAM that permits all.
type everything struct{}

func (everything) Session(string, string) (key, secret, token string) {
	return "ASIAWORK", "secret", "token"
}
func (everything) Trusts(string, string) bool          { return true }
func (everything) AllowRole(string, wire.Access) error { return nil }

func do(w *sim.World, s *Service, payload string) (r Result) {
	w.Do(func() { s.Invoke("work", []byte(payload), func(got Result) { r = got }) })
	w.RunUntilIdle(time.Minute)
	return r
}

func constant(d time.Duration) func(string, *rand.Rand) (time.Duration, time.Duration) {
	return func(string, *rand.Rand) (time.Duration, time.Duration) { return d, 0 }
}

func inProcessService(t *testing.T, f Function, h Handler) (*sim.World, *Service) {
	t.Helper()
	w := sim.NewWorld(start, 1)
	s := New(w, func(Function) (Host, error) { return InProcess(h), nil })
	s.Duration = constant(100 * time.Millisecond)
	w.Do(func() { must(t, s.Create(f)) })
	return w, s
}

type notReady struct{}

func (*notReady) Error() string { return "not ready" }

func TestInProcessErrors(t *testing.T) {
	inner := messages.InvokeResponse_Error{Type: "Throttled", Message: "slow down"}
	tests := []struct {
		name     string
		handler  func() ([]byte, error)
		wantType string
		want     string
	}{
		{"plain", func() ([]byte, error) { return nil, errors.New("bad") }, "errorString", "bad"},
		{"pointer type", func() ([]byte, error) { return nil, &notReady{} }, "notReady", "not ready"},
		{"kind", func() ([]byte, error) { return nil, inner }, "Throttled", "slow down"},
		{"wrapped kind is lost", func() ([]byte, error) { return nil, fmt.Errorf("x: %w", inner) }, "wrapError", "x: "},
		{"panic", func() ([]byte, error) { panic("boom") }, "string", "boom"},
		{"panic with an error", func() ([]byte, error) { panic(errors.New("boom")) }, "errorString", "boom"},
		{"crash", func() ([]byte, error) { panic(wire.Crash{At: "after dynamodb.PutItem"}) }, "Runtime.ExitError", "Runtime exited with error: exit status 1"},
		{"too large", func() ([]byte, error) { return make([]byte, MaxAnswer+1), nil }, "Function.ResponseSizeTooLarge", "6291556"},
		{"fine", func() ([]byte, error) { return []byte(`"ok"`), nil }, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, s := inProcessService(t, Function{Name: "work"}, func(context.Context, []byte) ([]byte, error) { return tt.handler() })
			r := do(w, s, "{}")
			if r.ErrorType != tt.wantType || !strings.Contains(r.ErrorMessage, tt.want) {
				t.Errorf("got %s: %s, want %s: %s", r.ErrorType, r.ErrorMessage, tt.wantType, tt.want)
			}
			if tt.wantType == "" {
				return
			}
			var doc map[string]any
			must(t, json.Unmarshal(r.Payload, &doc))
			if doc["errorType"] != tt.wantType || r.FunctionError != "Unhandled" {
				t.Errorf("payload %s with %s does not carry the error type", r.Payload, r.FunctionError)
			}
		})
	}
}

func TestDurationIsVirtual(t *testing.T) {
	var at, ended time.Time
	var w *sim.World
	w, s := inProcessService(t, Function{Name: "work", Timeout: 2 * time.Second}, func(context.Context, []byte) ([]byte, error) {
		at = w.Now()
		return []byte("1"), nil
	})
	colds := 0
	s.Duration = func(string, *rand.Rand) (time.Duration, time.Duration) { colds++; return time.Second, 5 * time.Second }
	run := func() Result {
		var r Result
		w.Do(func() { s.Invoke("work", nil, func(got Result) { r, ended = got, w.Now() }) })
		w.RunUntilIdle(time.Minute)
		return r
	}
	run()
	if at.Sub(start) != 5*time.Second || ended.Sub(at) != time.Second {
		t.Errorf("cold: began after %s and took %s, want 5s and 1s", at.Sub(start), ended.Sub(at))
	}
	before := w.Now()
	run()
	if at.Sub(before) != 0 {
		t.Errorf("warm: began after %s, want at once", at.Sub(before))
	}
	s.Duration = constant(3 * time.Second)
	if r := run(); r.ErrorType != "Sandbox.Timedout" || ended.Sub(at) != 2*time.Second {
		t.Errorf("got %s after %s, want Sandbox.Timedout after 2s", r.ErrorType, ended.Sub(at))
	}
}

func TestAsyncRetries(t *testing.T) {
	zero := 0
	tests := []struct {
		name     string
		function Function
		failures int // of the function, then it succeeds
		fault    wire.Effect
		faults   int // of Lambda itself, before
		want     []time.Duration
		sent     []string
	}{
		{"success", Function{Async: Async{OnSuccessARN: "arn:aws:sqs:us-east-1:1:ok"}}, 0, 0, 0, []time.Duration{0}, []string{"ok Success 1"}},
		{"two retries", Function{}, 2, 0, 0, []time.Duration{0, time.Minute + 100*time.Millisecond, 3*time.Minute + 200*time.Millisecond}, nil},
		{"exhausted", Function{DeadLetterARN: "arn:aws:sqs:us-east-1:1:dead", Async: Async{OnFailureARN: "arn:aws:sqs:us-east-1:1:failed"}}, 9, 0, 0,
			[]time.Duration{0, time.Minute + 100*time.Millisecond, 3*time.Minute + 200*time.Millisecond}, []string{"dead", "failed RetriesExhausted 3"}},
		{"no retries wanted", Function{Async: Async{MaxRetries: &zero, OnFailureARN: "arn:aws:sqs:us-east-1:1:failed"}}, 9, 0, 0, []time.Duration{0}, []string{"failed RetriesExhausted 1"}},
		{"too old", Function{Async: Async{MaxAge: time.Minute, OnFailureARN: "arn:aws:sqs:us-east-1:1:failed"}}, 9, 0, 0, []time.Duration{0}, []string{"failed EventAgeExceeded 1"}},
		{"throttles cost no retry", Function{}, 2, wire.Throttle, 3,
			[]time.Duration{7 * time.Second, time.Minute + 7100*time.Millisecond, 3*time.Minute + 7200*time.Millisecond}, nil},
		{"crash is a failure", Function{}, 0, wire.CrashBefore, 1, []time.Duration{time.Minute + 100*time.Millisecond}, nil},
		{"crash after its effects", Function{}, 0, wire.CrashAfter, 1, []time.Duration{0, time.Minute + 100*time.Millisecond}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ran []time.Duration
			var sent []string
			tt.function.Name = "work"
			var w *sim.World
			w, s := inProcessService(t, tt.function, func(_ context.Context, payload []byte) ([]byte, error) {
				ran = append(ran, w.Now().Sub(start))
				if len(ran) <= tt.failures {
					return nil, errors.New("bad")
				}
				return payload, nil
			})
			s.Fault = func(_ string, n int) wire.Effect {
				if n <= tt.faults {
					return tt.fault
				}
				return wire.NoFault
			}
			s.Send = func(target string, body []byte) error {
				var doc struct {
					RequestContext struct {
						Condition              string
						ApproximateInvokeCount int
					}
				}
				must(t, json.Unmarshal(body, &doc))
				line := target[strings.LastIndex(target, ":")+1:]
				if c := doc.RequestContext; c.Condition != "" {
					line += fmt.Sprintf(" %s %d", c.Condition, c.ApproximateInvokeCount)
				}
				sent = append(sent, line)
				return nil
			}
			w.Do(func() {
				_, err := s.InvokeAsync("work", []byte(`{"a":1}`))
				must(t, err)
			})
			w.RunUntilIdle(7 * time.Hour)
			if diff := cmp.Diff(tt.want, ran); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.sent, sent); diff != "" {
				t.Errorf("deliveries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetricsAndReservedConcurrency(t *testing.T) {
	one := 1
	got := map[string]float64{}
	w, s := inProcessService(t, Function{Name: "work", Reserved: &one}, func(_ context.Context, p []byte) ([]byte, error) { return nil, errors.New("bad") })
	s.Record = func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64) {
		got[namespace+" "+name+" "+dims["FunctionName"]+minute.Format(" 15:04")] += values[0] * counts[0]
	}
	var results []string
	w.Do(func() {
		for range 2 {
			s.Invoke("work", nil, func(r Result) { results = append(results, fmt.Sprint(r.Err)+r.ErrorType) })
		}
	})
	w.RunUntilIdle(time.Minute)
	if diff := cmp.Diff([]string{"TooManyRequestsException: Rate Exceeded.", "<nil>errorString"}, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	want := map[string]float64{"AWS/Lambda Throttles work 12:00": 1, "AWS/Lambda Invocations work 12:00": 1, "AWS/Lambda Errors work 12:00": 1, "AWS/Lambda Duration work 12:00": 100}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		f          Function
	}{
		{"name", "function name", Function{Name: "a b"}},
		{"timeout", "Timeout", Function{Name: "a", Timeout: time.Hour}},
		{"memory", "MemorySize", Function{Name: "a", MemoryMB: 64}},
		{"reserved variable", "reserved keys", Function{Name: "a", Environment: map[string]string{"AWS_REGION": "x"}}},
		{"variables too large", "4KB", Function{Name: "a", Environment: map[string]string{"BIG": strings.Repeat("x", 4096)}}},
		{"dead letters", "no queue", Function{Name: "a", DeadLetterARN: "arn:aws:kinesis:us-east-1:1:x"}},
		{"twice", "already exist", Function{Name: "work"}},
	}
	w, s := inProcessService(t, Function{Name: "work"}, nil)
	s.Roles = everything{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.Do(func() {
				if err := s.Create(tt.f); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want an error with %q", err, tt.want)
				}
			})
		})
	}
}

func TestPermissions(t *testing.T) {
	w, s := inProcessService(t, Function{Name: "work"}, nil)
	rule := "arn:aws:events:us-east-1:111122223333:rule/mine"
	w.Do(func() {
		if err := s.Permits("work", "events.amazonaws.com", rule); err == nil {
			t.Error("a rule without permission may call")
		}
		must(t, s.AddPermission("work", Permission{StatementID: "a", Action: "lambda:InvokeFunction", Principal: "events.amazonaws.com", SourceARN: rule}))
		must(t, s.Permits("work", "events.amazonaws.com", rule))
		for _, other := range [][2]string{{"events.amazonaws.com", rule + "2"}, {"sns.amazonaws.com", rule}, {"events.amazonaws.com", ""}} {
			if err := s.Permits("work", other[0], other[1]); err == nil {
				t.Errorf("%v may call", other)
			}
		}
	})
}

func TestWire(t *testing.T) {
	w, s := inProcessService(t, Function{Name: "work", Environment: map[string]string{"AA": "1"}}, func(_ context.Context, p []byte) ([]byte, error) {
		if strings.Contains(string(p), "bad") {
			return nil, errors.New("bad")
		}
		return p, nil
	})
	srv := wire.NewServer(w)
	srv.Register(s.Wire())
	s.Permit = srv.Permit
	srv.Allow = func(key string, need wire.Access) error {
		if key == "nobody" {
			return fmt.Errorf("no %s on %s", need.Action, need.Resource)
		}
		return nil
	}
	tests := []struct{ name, key, kind, method, path, body, want string }{
		{"invoke", "k", "", "POST", "/2015-03-31/functions/work/invocations", `{"a":1}`, `200  {"a":1}`},
		{"invoke by arn", "k", "", "POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Awork/invocations", `2`, "200  2"},
		{"function error", "k", "", "POST", "/2015-03-31/functions/work/invocations", `"bad"`, `200 Unhandled {"errorMessage":"bad","errorType":"errorString"}`},
		{"event", "k", "Event", "POST", "/2015-03-31/functions/work/invocations", `{}`, "202  "},
		{"dry run", "k", "DryRun", "POST", "/2015-03-31/functions/work/invocations", `{}`, "204  "},
		{"no json", "k", "", "POST", "/2015-03-31/functions/work/invocations", `{`, "400 InvalidRequestContentException"},
		{"not there", "k", "", "POST", "/2015-03-31/functions/none/invocations", `{}`, "404 ResourceNotFoundException"},
		{"no alias", "k", "", "POST", "/2015-03-31/functions/work/invocations?Qualifier=live", `{}`, "404 ResourceNotFoundException"},
		{"not allowed", "nobody", "", "POST", "/2015-03-31/functions/work/invocations", `{}`, "403 AccessDeniedException"},
		{"configuration", "k", "", "GET", "/2015-03-31/functions/work/configuration", "", `"Timeout":3`},
		{"function", "k", "", "GET", "/2015-03-31/functions/work", "", `"Configuration":{`},
		{"list", "k", "", "GET", "/2015-03-31/functions/", "", `"FunctionName":"work"`},
		{"mappings", "k", "", "GET", "/2015-03-31/event-source-mappings/?FunctionName=work", "", `{"EventSourceMappings":[]}`},
		{"no policy", "k", "", "GET", "/2015-03-31/functions/work/policy", "", "404 ResourceNotFoundException"},
		{"unknown call", "k", "", "PUT", "/2015-03-31/functions/work/code", "", "501 NotImplemented"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, "http://local"+tt.path, strings.NewReader(tt.body))
			must(t, err)
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+tt.key+"/20260302/us-east-1/lambda/aws4_request, Signature=x")
			req.Header.Set("X-Amz-Invocation-Type", tt.kind)
			w.Do(func() {
				resp, err := srv.RoundTrip(req)
				must(t, err)
				b, err := io.ReadAll(resp.Body)
				must(t, err)
				got := fmt.Sprintf("%d %s %s", resp.StatusCode, resp.Header.Get("X-Amz-Function-Error"), b)
				if e := resp.Header.Get("X-Amzn-Errortype"); e != "" {
					got = fmt.Sprintf("%d %s", resp.StatusCode, e)
				}
				if tt.method == "POST" && got != tt.want || !strings.Contains(got, tt.want) {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}
