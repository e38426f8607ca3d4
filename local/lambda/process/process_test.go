package process

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
)

// binary is built once for the tests of this package.
var binary string

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

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bootstrap")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", binary, "./testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

type reply struct {
	Served   int
	Function string
	Own      string
	Key      string
	Request  string
	Deadline bool
}

func processes(t *testing.T, endpoint string, timeout func(time.Duration) time.Duration) (*sim.World, *lambda.Service, *[]string) {
	t.Helper()
	w := sim.NewWorld(start, 1)
	var s *lambda.Service
	s = lambda.New(w, func(f lambda.Function) (lambda.Host, error) {
		return New(w, Config{Binary: binary, Env: s.Environment(f, endpoint), Timeout: timeout}), nil
	})
	var lines []string
	s.Log = func(_, line string) { lines = append(lines, line) }
	s.Roles = everything{}
	w.Do(func() {
		must(t, s.Create(lambda.Function{Name: "work", Handler: "bootstrap", Environment: map[string]string{"OWN": "mine"}}))
	})
	t.Cleanup(func() { w.Do(s.Close) })
	return w, s, &lines
}

func do(w *sim.World, s *lambda.Service, payload string) (r lambda.Result) {
	w.Do(func() { s.Invoke("work", []byte(payload), func(got lambda.Result) { r = got }) })
	w.RunUntilIdle(time.Minute)
	return r
}

func TestProcessAnswers(t *testing.T) {
	w, s, lines := processes(t, "", nil)
	for n := 1; n <= 3; n++ {
		r := do(w, s, `{"do":"answer"}`)
		var got reply
		must(t, json.Unmarshal(r.Payload, &got))
		want := reply{Served: n, Function: "work", Own: "mine", Key: "ASIAWORK", Request: r.RequestID, Deadline: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("invocation %d (-want +got):\n%s", n, diff)
		}
	}
	if diff := cmp.Diff([]string{"doing answer", "doing answer", "doing answer"}, *lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestProcessFails(t *testing.T) {
	const exit = "Runtime.ExitError"
	tests := []struct {
		name, payload, wantType, wantMessage string
		wantServed                           int // by the process that answers next
	}{
		{"wrapped error", `{"do":"fail"}`, "wrapError", "wrapped: inner", 2},
		{"typed error", `{"do":"kind"}`, "NotReady", "endpoint is updating", 2},
		{"panic", `{"do":"panic"}`, "string", "boom", 1},
		{"exit", `{"do":"exit"}`, exit, "Runtime exited with error: exit status 3", 1},
		{"hang", `{"do":"hang"}`, "Sandbox.Timedout", "Task timed out after 3.00 seconds", 1},
		{"too large", `{"do":"big","n":6300000}`, "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size (6291556 bytes)", 1},
		{"not the event's form", `[]`, "UnmarshalTypeError", "cannot unmarshal array", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, s, _ := processes(t, "", func(time.Duration) time.Duration { return 700 * time.Millisecond })
			r := do(w, s, tt.payload)
			if r.FunctionError != "Unhandled" || r.ErrorType != tt.wantType || !strings.Contains(r.ErrorMessage, tt.wantMessage) {
				t.Errorf("got %s %s: %s, want %s: %s", r.FunctionError, r.ErrorType, r.ErrorMessage, tt.wantType, tt.wantMessage)
			}
			var got reply
			must(t, json.Unmarshal(do(w, s, `{"do":"answer"}`).Payload, &got))
			if got.Served != tt.wantServed {
				t.Errorf("the next answer is number %d of its process, want %d", got.Served, tt.wantServed)
			}
		})
	}
}

func TestProcessMissing(t *testing.T) {
	w := sim.NewWorld(start, 1)
	s := lambda.New(w, func(lambda.Function) (lambda.Host, error) { return New(w, Config{Binary: "testdata/none"}), nil })
	w.Do(func() { must(t, s.Create(lambda.Function{Name: "work"})) })
	if r := do(w, s, "{}"); r.ErrorType != "Runtime.ExitError" || !strings.Contains(r.ErrorMessage, "bootstrap") {
		t.Errorf("got %s: %s, want an exit error that names the bootstrap", r.ErrorType, r.ErrorMessage)
	}
}

// A process calls local AWS while the world waits for it: the world must be free then.
func TestProcessCallsLocalAWS(t *testing.T) {
	var w *sim.World
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { wire.NewServer(w).ServeHTTP(rw, r) }))
	defer front.Close()
	w, s, _ := processes(t, front.URL, nil)
	before := w.Now()
	var got reply
	must(t, json.Unmarshal(do(w, s, `{"do":"call"}`).Payload, &got))
	if got.Own != "403 Forbidden" {
		t.Errorf("the function saw %q, want the answer of local AWS", got.Own)
	}
	if took := w.Now().Sub(before); took > time.Second {
		t.Errorf("%s of virtual time passed, want only the modelled duration", took)
	}
}

func TestRuntimeAPIRefusesStrangers(t *testing.T) {
	api, err := listen()
	must(t, err)
	defer api.close()
	api.serve(newSession())
	resp, err := http.Post("http://"+api.address()+"/2018-06-01/runtime/invocation/none/response", "", strings.NewReader("{}"))
	must(t, err)
	defer func() { must(t, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a response to no invocation got %s, want 400", resp.Status)
	}
}

// A version in a process knows its number, and keeps its defect to itself.
func TestVersionsInProcesses(t *testing.T) {
	w, s, _ := processes(t, "", nil)
	var first, second lambda.Result
	w.Do(func() {
		_, err := s.Publish("work")
		must(t, err)
		must(t, s.UpdateCode("work", "", lambda.Defect{Kind: lambda.Panic}))
		_, err = s.Publish("work")
		must(t, err)
		f, err := s.Function("work:1")
		must(t, err)
		if got := s.Environment(f, "")["AWS_LAMBDA_FUNCTION_VERSION"]; got != "1" {
			t.Errorf("AWS_LAMBDA_FUNCTION_VERSION is %q", got)
		}
		s.Invoke("work:1", []byte(`{"do":"answer"}`), func(r lambda.Result) { first = r })
		s.Invoke("work:2", []byte(`{"do":"answer"}`), func(r lambda.Result) { second = r })
	})
	w.RunUntilIdle(time.Minute)
	if first.FunctionError != "" || second.FunctionError == "" {
		t.Errorf("version 1 answered %s, version 2 %s", first.Payload, second.Payload)
	}
}
