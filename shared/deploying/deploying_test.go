package deploying_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/deploying"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
)

// world is CodeDeploy and Lambda.
type world struct {
	deployment deploying.Deployment
	unread     error // of reading the deployment
	reply      deploying.Reply
	lost       error // of the invocation
	answered   error // of the answer

	probes  []string // "function:version payload"
	answers []bool
}

func (w *world) Deployment(context.Context, string) (deploying.Deployment, error) {
	return w.deployment, w.unread
}

func (w *world) Answer(_ context.Context, _ event.Hook, good bool) error {
	w.answers = append(w.answers, good)
	return w.answered
}

func (w *world) Invoke(_ context.Context, function, version string, payload []byte) (deploying.Reply, error) {
	w.probes = append(w.probes, function+":"+version+" "+string(payload))
	return w.reply, w.lost
}

// check asks about a deployment.
func (w *world) check(t *testing.T) (deploying.Checked, error) {
	t.Helper()
	c := &deploying.Deploying{Deployments: w, Functions: w}
	return c.CheckDeployment(t.Context(), event.Hook{Deployment: "d-1", Execution: "e-1"})
}

// judge is a deployment of the function judge, and what a good version answers.
func judge() *world {
	return &world{
		deployment: deploying.Deployment{ID: "d-1", Status: "InProgress", Function: "sluice-JudgeFunction-1A2B3C4D5E6F", From: "3", To: "4"},
		reply:      deploying.Reply{Payload: []byte(`{"function":"judge","version":"4"}`), Version: "4"},
	}
}

func TestAGoodVersionGetsEvents(t *testing.T) {
	w := judge()
	got, err := w.check(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(deploying.Checked{Function: "sluice-JudgeFunction-1A2B3C4D5E6F", Version: "4", Good: true}, got); diff != "" {
		t.Errorf("checked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{true}, w.answers); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if len(w.probes) != 1 || !strings.HasPrefix(w.probes[0], `sluice-JudgeFunction-1A2B3C4D5E6F:4 {"sluiceProbe":{`) || !strings.Contains(w.probes[0], `"rollout":"churn-v2"`) {
		t.Errorf("probes %q, want one of version 4 with a sample of judge", w.probes)
	}
}

func TestWhatGetsNoEvents(t *testing.T) {
	tests := []struct {
		name   string
		change func(*world)
		why    string
	}{
		{"it does not start", func(w *world) {
			w.reply = deploying.Reply{Error: "Runtime.ExitError: exit status 2", Version: "4"}
		}, "version 4 of sluice-JudgeFunction-1A2B3C4D5E6F does not start, or cannot read what it will get: Runtime.ExitError: exit status 2"},
		{"it answers as if it were asked for work", func(w *world) { w.reply.Payload = []byte(`{"decision":"advance"}`) }, "answered a probe with"},
		{"it answers no JSON", func(w *world) { w.reply.Payload = []byte(`{`) }, "answered a probe with"},
		{"it is another function", func(w *world) { w.reply.Payload = []byte(`{"function":"promote","version":"4"}`) }, "runs the code of promote"},
		{"another version answered", func(w *world) { w.reply.Version = "3" }, "and version 3 4 answered"},
		{"it says that it is another version", func(w *world) { w.reply.Payload = []byte(`{"function":"judge","version":"3"}`) }, "version 4 3 answered"},
		{"it could not be invoked", func(w *world) { w.lost = fault.Throttled.Errorf("invoking: later") }, "invoking: later"},
		{"the deployment does not say what it is about", func(w *world) { w.deployment.To = "" }, "does not say which version"},
		{"the deployment cannot be read", func(w *world) { w.unread = fault.Denied.Errorf("reading: no") }, "reading: no"},
		{"the function is nobody's", func(w *world) { w.deployment.Function = "somebody-Else-1" }, "any of 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := judge()
			tt.change(w)
			got, err := w.check(t)
			if err != nil {
				t.Fatal(err)
			}
			if got.Good || !strings.Contains(got.Why, tt.why) {
				t.Errorf("checked %+v, want a reason with %q", got, tt.why)
			}
			if diff := cmp.Diff([]bool{false}, w.answers); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

// The second delivery of a hook finds the deployment over, or the answer given.
func TestAHookMayComeTwice(t *testing.T) {
	w := judge()
	w.answered = fault.Conflict.Errorf("answered already")
	if got, err := w.check(t); err != nil || !got.Good {
		t.Errorf("an answer that was given before: %+v, %v", got, err)
	}
	for _, status := range []string{"Succeeded", "Failed", "Stopped"} {
		w := judge()
		w.deployment.Status = status
		if got, err := w.check(t); err != nil || got.Good || len(w.answers)+len(w.probes) > 0 {
			t.Errorf("a deployment that is %s: %+v, %v, answers %v, probes %q", status, got, err, w.answers, w.probes)
		}
	}
}

// What cannot be answered is an error, so that Lambda asks once more.
func TestAnswersThatAreLost(t *testing.T) {
	w := judge()
	w.answered = fault.Internal.Errorf("no connection")
	if _, err := w.check(t); !fault.Is(err, fault.Internal) {
		t.Errorf("got %v", err)
	}
	w = judge()
	w.unread = fault.NotFound.Errorf("there is no deployment d-1")
	if _, err := w.check(t); !fault.Is(err, fault.NotFound) || len(w.answers) > 0 {
		t.Errorf("a deployment that is gone: %v, answers %v", err, w.answers)
	}
	c := &deploying.Deploying{Deployments: w, Functions: w}
	if _, err := c.CheckDeployment(t.Context(), event.Hook{Deployment: "d-1"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a hook without execution: %v", err)
	}
}

// CloudFormation may cut the names of functions; a name that may be two functions' is
// nobody's.
func TestNamesOfFunctions(t *testing.T) {
	for name, want := range map[string]string{
		"sluice-OnDataFunction-1A2B":                    "on-data",
		"my-long-stack-of-sluice-AnnounceRolloutFunc-1": "announce-rollout",
		"sluice-AwaitFunction-1":                        "",
		"sluice-Await-1":                                "",
		"OnDataFunction":                                "",
		"sluice--1":                                     "",
	} {
		w := judge()
		w.deployment.Function = name
		w.reply.Payload = mustJSON(t, edge.Probed{Function: want})
		if got, err := w.check(t); err != nil || got.Good != (want != "") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
