package intake_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/states"
	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/spec"
	"sluice/shared/training"
)

func (w *world) arrive(key string) {
	w.Helper()
	if _, err := w.onData(batch(created("m", "acme", key, "1", noon))); err != nil {
		w.Fatal(err)
	}
}

// A training machine that was killed before it closed its generation is followed by
// another attempt; one that is at work is left alone.
func TestAttempts(t *testing.T) {
	w := newWorld(t, churn)
	w.arrive("churn/a.csv")
	w.arrive("churn/b.csv")
	if diff := cmp.Diff([]string{"churn-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	w.stop("churn-g1")
	w.arrive("churn/c.csv")
	w.arrive("churn/d.csv")
	if diff := cmp.Diff([]string{"churn-g1 ABORTED", "churn-g1-a1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("after a kill (-want +got):\n%s", diff)
	}
	w.stop("churn-g1-a1")
	w.arrive("churn/e.csv")
	if diff := cmp.Diff([]string{"churn-g1 ABORTED", "churn-g1-a1 ABORTED", "churn-g1-a2 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("after another (-want +got):\n%s", diff)
	}
	w.Do(func() {
		all := w.states.Executions("")
		if got := all[2].Input; got != `{"model":"churn","generation":1,"run":"churn-g1-a2"}` {
			t.Errorf("the second attempt's input is %s", got)
		}
	})
	if got := w.objects("churn", 1); len(got) != 5 {
		t.Errorf("demand %v", got)
	}
}

// A machine that ended because it closed the generation has taken the chunk along.
func TestItsMachineHasServedIt(t *testing.T) {
	w := newWorld(t, churn)
	w.arrive("churn/a.csv")
	w.before("StartExecution", func() bool {
		w.ok(w.table.CloseGeneration(ctx, "churn", 1))
		for _, e := range w.states.Executions("") {
			w.states.StopExecution(e.ARN, nil)
		}
		return false
	})
	w.arrive("churn/b.csv")
	if diff := cmp.Diff([]string{"churn-g1 ABORTED"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	if got := w.objects("churn", 1); len(got) != 2 {
		t.Errorf("demand %v", got)
	}
}

// A table that was restored knows nothing of the attempts since. They are passed
// over, a bounded number in one call; the message comes again and goes on.
func TestForgottenAttempts(t *testing.T) {
	w := newWorld(t, churn)
	w.Do(func() {
		for attempt := range 10 {
			arn, err := w.states.StartExecution(states.MachineARN("training"), training.ExecutionName("churn", 1, attempt), `{}`)
			w.ok(err)
			w.states.StopExecution(arn, nil)
		}
	})
	e := batch(created("m", "acme", "churn/a.csv", "1", noon))
	if _, err := w.onData(e); !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "8 attempts have ended") {
		t.Errorf("got %v", err)
	}
	if _, err := w.onData(e); err != nil {
		t.Error(err)
	}
	if got := w.executions(); len(got) != 11 || got[10] != "churn-g1-a10 RUNNING" {
		t.Errorf("executions %v", got)
	}
	if got := w.objects("churn", 1); len(got) != 1 {
		t.Errorf("demand %v", got)
	}
}

func onAlarm(t *testing.T, w *world, raw json.RawMessage) (models []string, log string, err error) {
	t.Helper()
	var b bytes.Buffer
	w.Do(func() {
		var out json.RawMessage
		if out, err = edge.Handle("on-alarm", &b, w.intake.OnAlarm)(ctx, raw); err == nil {
			var taken struct{ Models []string }
			w.ok(json.Unmarshal(out, &taken))
			models = taken.Models
		}
	})
	return models, b.String(), err
}

func (w *world) causes(model string) (all []demand.Chunk) {
	w.Helper()
	w.Do(func() {
		var err error
		all, err = w.table.Chunks(ctx, model, 1)
		w.ok(err)
	})
	return all
}

func TestOnAlarm(t *testing.T) {
	w := newWorld(t, model("churn", nil, "churn-green-*", "churn-*"), model("fraud", nil, "fraud-*"), model("all", nil, "*"))
	raw := sample(t, "cloudwatch-alarm-state-change", nil)
	for range 2 { // EventBridge may deliver twice
		models, _, err := onAlarm(t, w, raw)
		if diff := cmp.Diff([]string{"all", "churn"}, models); diff != "" || err != nil {
			t.Fatalf("taken, %v (-want +got):\n%s", err, diff)
		}
	}
	at := time.Date(2026, 3, 2, 11, 4, 40, 989e6, time.UTC)
	got := w.causes("churn")
	want := []demand.Chunk{{Name: got[0].Name, Trigger: -1, FirstAt: at, LastAt: at, Cause: demand.Cause{Kind: "drift", Text: "alarm churn-green-5xx (" + got[0].Cause.Text[len("alarm churn-green-5xx ("):len(got[0].Cause.Text)-1] + ")"}, Alarm: "churn-green-5xx"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("demand (-want +got):\n%s", diff)
	}
	if len(w.causes("fraud")) > 0 {
		t.Error("an alarm of one model became demand of another")
	}
	if diff := cmp.Diff([]string{"all-g1 RUNNING", "churn-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	// The alarm's next time is another cause.
	later := bytes.ReplaceAll(raw, []byte("11:04:40.989"), []byte("11:09:40.989"))
	if _, _, err := onAlarm(t, w, later); err != nil || len(w.causes("churn")) != 2 {
		t.Errorf("demand %v, %v", w.causes("churn"), err)
	}
	if keys := w.keysOfStore(); len(keys) > 0 {
		t.Errorf("causes stored %v", keys)
	}
}

func TestAlarmsThatAskForNothing(t *testing.T) {
	w := newWorld(t, model("churn", []spec.DataTrigger{{Bucket: "b"}}, "drift-*"))
	alarm := sample(t, "cloudwatch-alarm-state-change", nil)
	tests := []struct {
		name string
		raw  []byte
		kind fault.Kind
		log  string
	}{
		{"nobody's", alarm, "", `"EventsIgnored":1`},
		{"back to OK", bytes.ReplaceAll(bytes.ReplaceAll(alarm, []byte("churn-green-5xx"), []byte("drift-1")), []byte(`"value": "ALARM"`), []byte(`"value": "OK"`)), "", `"msg":"done"`},
		{"no alarm", sample(t, "s3-object-created", nil), fault.Invalid, `"kind":"Invalid"`},
		{"no event", []byte(`{}`), fault.Invalid, `"kind":"Invalid"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			models, log, err := onAlarm(t, w, tt.raw)
			if len(models) > 0 || (err != nil) != (tt.kind != "") || !strings.Contains(log, tt.log) {
				t.Errorf("taken by %v, %v\n%s", models, err, log)
			}
			if got := w.causes("churn"); len(got) > 0 {
				t.Errorf("demand %v", got)
			}
		})
	}
}
