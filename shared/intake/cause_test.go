package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/capturing"
	"sluice/shared/demand"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// tick runs on-schedule at a time.
func (w *world) tick(at string) []string {
	w.Helper()
	raw := bytes.Replace(sample(w.T, "scheduled-event", nil), []byte("2026-03-03T02:15:00Z"), []byte(at), 1)
	var models []string
	w.Do(func() {
		taken, err := w.intake.OnSchedule(ctx, raw)
		w.ok(err)
		models = taken.Models
	})
	return models
}

func TestOnSchedule(t *testing.T) {
	s := model("churn", nil)
	s.Triggers.Schedule = []spec.ScheduleTrigger{{Cron: "0 2 * * *"}, {Cron: "30 2 * * *", Zone: "Europe/Berlin"}}
	w := newWorld(t, s, model("fraud", nil))
	steps := []struct {
		at   string
		want []string
	}{
		{"2026-03-02T12:15:00Z", []string{}}, // due before the spec was applied
		{"2026-03-03T01:29:00Z", []string{}},
		{"2026-03-03T01:45:00Z", []string{"churn"}}, // half past two in Berlin
		{"2026-03-03T01:45:00Z", []string{}},        // twice
		{"2026-03-03T02:00:00Z", []string{"churn"}},
		{"2026-03-03T01:45:00Z", []string{}},                 // late
		{"2026-03-05T02:10:00Z", []string{"churn", "churn"}}, // a day without ticks is made good, once
		{"2026-03-05T02:15:00Z", []string{}},
	}
	for _, step := range steps {
		if diff := cmp.Diff(step.want, w.tick(step.at)); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", step.at, diff)
		}
	}
	s.Triggers.Cooldown = spec.Duration(time.Hour) // applied again, it is not served again
	w.apply(s)
	if got := w.tick("2026-03-05T02:30:00Z"); len(got) > 0 {
		t.Errorf("after another spec: %v", got)
	}
	var texts []string
	for _, c := range w.causes("churn") {
		texts = append(texts, fmt.Sprintf("%s: %s", c.Cause.Kind, c.Cause.Text))
	}
	want := []string{
		"schedule: 30 2 * * * Europe/Berlin, due 2026-03-03 01:30", "schedule: 0 2 * * * UTC, due 2026-03-03 02:00",
		"schedule: 30 2 * * * Europe/Berlin, due 2026-03-05 01:30", "schedule: 0 2 * * * UTC, due 2026-03-05 02:00",
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if got := w.executions(); len(got) != 1 {
		t.Errorf("executions %v", got)
	}
}

func TestAlarmsByTag(t *testing.T) {
	s := model("churn", nil)
	s.Triggers.Drift = []spec.DriftTrigger{{Tag: "drift=churn", Hold: spec.Duration(30 * time.Minute)}}
	fraud := model("fraud", nil)
	fraud.Triggers.Drift = []spec.DriftTrigger{{Tag: "drift=fraud"}}
	w := newWorld(t, s, fraud)
	w.Do(func() {
		w.ok(w.cw.Define([]byte(`{"AlarmName": "churn-green-5xx", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
			"ComparisonOperator": "GreaterThanThreshold", "Tags": [{"Key": "team", "Value": "a"}, {"Key": "drift", "Value": "churn"}]}`)))
	})
	raw := sample(t, "cloudwatch-alarm-state-change", nil)
	for _, state := range []string{"ALARM", "OK"} {
		models, _, err := onAlarm(t, w, bytes.Replace(raw, []byte(`"value": "ALARM"`), fmt.Appendf(nil, `"value": %q`, state), 1))
		if diff := cmp.Diff([]string{"churn"}, models); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", state, err, diff)
		}
	}
	kinds := map[string]time.Duration{}
	for _, c := range w.causes("churn") {
		if c.Alarm != "churn-green-5xx" {
			t.Errorf("cause %+v", c)
		}
		kinds[c.Cause.Kind] = c.Hold
	}
	if diff := cmp.Diff(map[string]time.Duration{demand.Drift: 30 * time.Minute, demand.Calm: 0}, kinds); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
}

// TestOwnAlarm: the alarm that Sluice keeps for a model with a drift block is taken
// without being named, with what has moved for its reason; and with the alarm's own
// reason while that is not known.
func TestOwnAlarm(t *testing.T) {
	own := model("churn", nil)
	own.Drift = &spec.Drift{Captures: "s3://captures/churn", Hold: spec.Duration(time.Hour)}
	fraud := model("fraud", nil)
	fraud.Drift = &spec.Drift{Captures: "s3://captures/fraud"}
	w := newWorld(t, own, fraud)
	raw := bytes.ReplaceAll(sample(t, "cloudwatch-alarm-state-change", nil), []byte("churn-green-5xx"), []byte("sluice-drift-churn"))
	for _, moved := range []string{"", "age has moved: PSI 0.41, KS 0.30"} {
		if moved != "" {
			w.Do(func() {
				for _, s := range []capturing.State{
					{Model: "churn", Variant: "churn-v2", Reading: "no feature of 3 has moved", Moved: moved, MovedAt: noon},
					{Model: "churn", Variant: "churn-v1", Reading: "y has moved", Moved: "y has moved", MovedAt: noon.Add(-time.Hour)}, // the former champion
					{Model: "fraud", Variant: "fraud-v1", Moved: "x has moved", MovedAt: noon.Add(time.Hour)},
				} {
					_, err := w.table.PutDriftState(ctx, s)
					w.ok(err)
				}
			})
		}
		if models, _, err := onAlarm(t, w, raw); err != nil || !slices.Equal(models, []string{"churn"}) {
			t.Errorf("taken for %v, %v", models, err)
		}
		causes := w.causes("churn")
		if len(causes) != 1 || causes[0].Hold != time.Hour {
			t.Fatalf("causes %+v", causes) // the second event is the first, again
		}
		want := "alarm sluice-drift-churn (Threshold Crossed: "
		if moved != "" {
			want = "alarm sluice-drift-churn (" + moved + ")"
		}
		if got := causes[0].Cause.Text; !strings.HasPrefix(got, want) {
			t.Errorf("the cause is %q, want %q", got, want)
		}
	}
}

// A marker is no object and starts nothing; it says when it came.
func TestMarkers(t *testing.T) {
	w := newWorld(t, model("churn", []spec.DataTrigger{{Bucket: "acme", Prefix: "churn/", Marker: "_SUCCESS"}}))
	if _, err := w.onData(batch(created("m1", "acme", "churn/day=1/_SUCCESS", "1", noon.Add(time.Minute)))); err != nil || len(w.executions()) > 0 {
		t.Errorf("%v, executions %v", err, w.executions())
	}
	for range 2 {
		_, err := w.onData(batch(
			created("m1", "acme", "churn/day=1/_SUCCESS", "1", noon.Add(time.Minute)),
			created("m2", "acme", "churn/day=1/a", "1", noon),
			created("m3", "acme", "_SUCCESS", "1", noon),
		))
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"acme/churn/day=1/a 1"}, w.objects("churn", 1)); diff != "" {
		t.Errorf("demand (-want +got):\n%s", diff)
	}
	marks := 0
	for _, c := range w.causes("churn") {
		if !c.MarkAt.IsZero() {
			marks++
			if !c.MarkAt.Equal(noon.Add(time.Minute)) || c.List != "" || c.Objects > 0 {
				t.Errorf("mark %+v", c)
			}
		}
	}
	if marks != 1 {
		t.Errorf("%d marks", marks)
	}
}

func TestAsk(t *testing.T) {
	w := newWorld(t, everything)
	var got json.RawMessage
	w.Do(func() {
		asked, err := w.intake.Ask(ctx, "churn", "ana: a new column", noon)
		w.ok(err)
		got, err = json.Marshal(asked)
		w.ok(err)
	})
	if string(got) != `{"generation":1,"run":"churn-g1"}` {
		t.Errorf("asked %s", got)
	}
	if c := w.causes("churn"); len(c) != 1 || c[0].Cause != (demand.Cause{Kind: demand.Manual, Text: "ana: a new column"}) {
		t.Errorf("causes %+v", c)
	}
	if diff := cmp.Diff([]string{"churn-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

// A promotion asks each model that trains after the promoted one, once, and the newest
// is enough.
func TestOnPromotion(t *testing.T) {
	after := func(name string, others ...string) spec.Spec {
		s := model(name, nil)
		for _, o := range others {
			s.Triggers.Promotion = append(s.Triggers.Promotion, spec.PromotionTrigger{Model: o})
		}
		return s
	}
	w := newWorld(t, model("churn", nil), after("uplift", "churn"), after("offers", "prices", "churn"), after("prices", "uplift"))
	raw := sample(t, "sluice-rollout-promoted", nil)
	promoted := func(rollout, at string) []string {
		t.Helper()
		raw := bytes.ReplaceAll(raw, []byte(`"rollout": "churn-v2"`), fmt.Appendf(nil, `"rollout": %q`, rollout))
		var models []string
		w.Do(func() {
			taken, err := w.intake.OnPromotion(ctx, bytes.Replace(raw, []byte("2026-03-02T12:20:05Z"), []byte(at), 1))
			w.ok(err)
			models = taken.Models
		})
		return models
	}
	for _, step := range []struct {
		rollout, at string
		want        []string
	}{
		{"churn-v2", "2026-03-02T12:20:05Z", []string{"offers", "uplift"}},
		{"churn-v2", "2026-03-02T12:20:05Z", []string{}}, // twice
		{"churn-v4", "2026-03-02T16:00:00Z", []string{"offers", "uplift"}},
		{"churn-v3", "2026-03-02T14:00:00Z", []string{}}, // late
	} {
		if diff := cmp.Diff(step.want, promoted(step.rollout, step.at)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.rollout, diff)
		}
	}
	text := "model churn, rollout %s, package arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2"
	want := []demand.Cause{{Kind: demand.Promotion, Text: fmt.Sprintf(text, "churn-v2")}, {Kind: demand.Promotion, Text: fmt.Sprintf(text, "churn-v4")}}
	if diff := cmp.Diff(want, demand.Why(w.causes("offers"))); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"offers-g1 RUNNING", "uplift-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

func TestWhatIsNoPromotion(t *testing.T) {
	w := newWorld(t, model("churn", nil))
	for name, raw := range map[string][]byte{
		"another event": sample(t, "sluice-rollout-rolled-back", nil),
		"no detail":     []byte(`{"source": "sluice.rollout", "detail-type": "Sluice Rollout Promoted", "detail": 1}`),
		"no model":      bytes.Replace(sample(t, "sluice-rollout-promoted", nil), []byte(`"model": "churn"`), []byte(`"model": ""`), 1),
		"no time":       bytes.Replace(sample(t, "sluice-rollout-promoted", nil), []byte("2026-03-02T12:20:05Z"), []byte("noon"), 1),
	} {
		w.Do(func() {
			if _, err := w.intake.OnPromotion(ctx, raw); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A crash at any call leaves a promotion that is taken in when its event comes again.
func TestPromotionCrashes(t *testing.T) {
	raw := sample(t, "sluice-rollout-promoted", nil)
	s := model("uplift", nil)
	s.Triggers.Promotion = []spec.PromotionTrigger{{Model: "churn"}}
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter, wire.Throttle} {
		for n, called := 0, true; called; n++ {
			w, calls := newWorld(t, s), 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			var err error
			func() {
				defer func() { _ = recover() }()
				w.Do(func() { _, err = w.intake.OnPromotion(ctx, raw) })
			}()
			w.srv.Fault = nil
			called = calls > n
			if effect == wire.Throttle && called == (err == nil) {
				t.Errorf("throttled at call %d: %v", n, err)
			}
			w.Do(func() { _, err = w.intake.OnPromotion(ctx, raw) })
			if err != nil || len(w.causes("uplift")) != 1 {
				t.Errorf("after %v at call %d: %v, %v", effect, n, err, w.causes("uplift"))
			}
			if diff := cmp.Diff([]string{"uplift-g1 RUNNING"}, w.executions()); diff != "" {
				t.Errorf("after %v at call %d, executions (-want +got):\n%s", effect, n, diff)
			}
		}
	}
}
