package delivering_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/delivering"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
)

const v2 = "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2"

// world is model churn with package 2, and a pipeline that may ask for its rollout. A
// call of whose number lose is the last one fails: before its effect, or after it.
type world struct {
	*testing.T
	approval string
	packages bool // whether there are any
	records  []rollout.Record
	waiting  map[string]delivering.Action
	question string // what the pipeline asks, "" for nothing
	requests int
	answers  []string
	told     []string

	calls, lose int
	after       bool
}

var errLost = errors.New("lost")

// effect does one, unless it is the call that is lost.
func (w *world) effect(do func()) error {
	w.calls++
	lost := w.calls == w.lose
	if !lost || w.after {
		do()
	}
	if lost {
		return errLost
	}
	return nil
}

func (w *world) Spec(_ context.Context, model string) (s spec.Spec, err error) {
	if model != "churn" {
		return s, fault.NotFound.Errorf("there is no model %s: apply its spec", model)
	}
	return spec.Spec{Model: model, Package: spec.Package{Group: "churn"}}, w.effect(func() {})
}

func (w *world) Rollouts(context.Context, string, int) ([]rollout.Record, error) {
	return w.records, w.effect(func() {})
}

func (w *world) Deliveries(context.Context, string) ([]delivering.Action, error) {
	return slices.Collect(maps.Values(w.waiting)), w.effect(func() {})
}

func (w *world) PutDelivery(_ context.Context, a delivering.Action) error {
	return w.effect(func() { w.waiting[a.Pipeline+a.Stage] = a })
}

func (w *world) DropDelivery(_ context.Context, a delivering.Action) error {
	return w.effect(func() { delete(w.waiting, a.Pipeline+a.Stage) })
}

func (w *world) Tell(_ context.Context, cause string, _ time.Time) error {
	return w.effect(func() {
		if !slices.Contains(w.told, cause) {
			w.told = append(w.told, cause)
		}
	})
}

func (w *world) Latest(context.Context, string) (string, error) {
	if !w.packages {
		return "", nil
	}
	return v2, w.effect(func() {})
}

func (w *world) Package(_ context.Context, arn string) (training.Package, error) {
	return training.Package{ARN: arn, Version: 2, Approval: w.approval, Text: "auc too low"}, w.effect(func() {})
}

func (w *world) SetApproval(_ context.Context, arn, approval, description string) error {
	if arn != v2 || description != "approved by pipeline churn-pipeline" {
		w.Errorf("%s is %s: %s", arn, approval, description)
	}
	return w.effect(func() { w.approval = approval })
}

func (w *world) Request(_ context.Context, model, packageARN string, version int) (string, error) {
	if w.approval != training.Approved || packageARN != v2 || version != 2 {
		w.Errorf("rollout of %s, version %d, %s", packageARN, version, w.approval)
	}
	return rollout.ID(model, version, 0), w.effect(func() { w.requests++ })
}

func (w *world) Asked(context.Context, delivering.Action) (delivering.Question, bool, error) {
	return delivering.Question{Token: w.question, Execution: "e1"}, w.question != "", w.effect(func() {})
}

func (w *world) Answer(_ context.Context, a delivering.Action, q delivering.Question, approve bool, summary string) error {
	if q.Token != w.question || a.Name != "Rollout-churn" && a.Name != "Rollout-other" {
		w.Errorf("%+v is answered with %+v", a, q)
	}
	return w.effect(func() {
		w.question = ""
		w.answers = append(w.answers, fmt.Sprintf("%v: %s", approve, summary))
	})
}

func newWorld(t *testing.T, change func(*world)) *world {
	t.Helper()
	w := &world{T: t, approval: training.Pending, packages: true, waiting: map[string]delivering.Action{}, question: "token"}
	if change != nil {
		change(w)
	}
	return w
}

// take hands a sample to on-delivery, with text in it replaced.
func (w *world) take(sample string, oldNew ...string) (delivering.Delivered, error) {
	w.Helper()
	raw, err := os.ReadFile("../../events/" + sample + ".json")
	if err != nil {
		w.Fatal(err)
	}
	d := &delivering.Delivering{Table: w, Registry: w, Rollouts: w, Pipelines: w}
	return d.OnDelivery(w.Context(), json.RawMessage(strings.NewReplacer(oldNew...).Replace(string(raw))))
}

const asks = "codepipeline-action-execution-state-change-rollout"

// ended is a rollout of the package, that came to a state.
func ended(s rollout.State) rollout.Record {
	return rollout.Record{ID: "churn-v2", Model: "churn", Package: v2, State: s, Reason: "10 of 276 failed"}
}

// What a rollout comes to is what the pipeline is told, and a failure is told to people
// by the rollout alone.
func TestAStageEndsAsItsRolloutDoes(t *testing.T) {
	cause := []string{"pipeline/churn-pipeline/e1"}
	for _, tt := range []struct {
		state  rollout.State
		sample string
		answer string
		told   []string
	}{
		{rollout.Promoted, "sluice-rollout-ended", "true: rollout churn-v2: 10 of 276 failed", nil},
		{rollout.Standby, "sluice-rollout-promoted", "true: rollout churn-v2: 10 of 276 failed", nil},
		{rollout.RolledBack, "sluice-rollout-rolled-back", "false: rollout churn-v2: rolledBack: 10 of 276 failed", cause},
		{rollout.Aborted, "sluice-rollout-rolled-back", "false: rollout churn-v2: aborted: 10 of 276 failed", cause},
		{rollout.Halted, "sluice-rollout-halted", "false: rollout churn-v2: halted: 10 of 276 failed", cause},
		{rollout.Refused, "sluice-rollout-refused", "false: rollout churn-v2: refused: 10 of 276 failed", cause},
		{rollout.Superseded, "sluice-rollout-ended", "false: rollout churn-v2: superseded: 10 of 276 failed", cause},
	} {
		w := newWorld(t, nil)
		out, err := w.take(asks)
		if err != nil || !cmp.Equal(out, delivering.Delivered{Waiting: []string{v2}, Answered: []string{}}) || w.requests != 1 || w.approval != training.Approved {
			t.Fatalf("%s: %+v, %v, %d requests, %s", tt.state, out, err, w.requests, w.approval)
		}
		w.records = []rollout.Record{ended(rollout.Running)}
		if out, err = w.take("sluice-rollout-promoted"); err != nil || len(w.answers) > 0 || len(out.Waiting) != 1 {
			t.Errorf("%s: while it runs %+v, %v: %q", tt.state, out, err, w.answers)
		}
		w.records = []rollout.Record{ended(tt.state)}
		for range 2 { // the event comes twice
			if _, err = w.take(tt.sample); err != nil {
				t.Fatal(err)
			}
		}
		if !cmp.Equal(w.answers, []string{tt.answer}) || !cmp.Equal(w.told, tt.told) || len(w.waiting) > 0 {
			t.Errorf("%s: answers %q, told %q, waiting %v", tt.state, w.answers, w.told, w.waiting)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	undo := ended(rollout.Promoted)
	undo.Undo = true
	long := ended(rollout.Promoted)
	long.Reason = strings.Repeat("ü", 600)
	for name, tt := range map[string]struct {
		change   func(*world)
		oldNew   []string
		requests int
		answer   string // "" for none
	}{
		"the newest package":            {nil, nil, 1, ""},
		"one that is approved already":  {func(w *world) { w.approval = training.Approved }, nil, 1, ""},
		"one that is in production":     {func(w *world) { w.records = []rollout.Record{ended(rollout.Promoted)} }, nil, 0, "true: rollout churn-v2: 10 of"},
		"one that went back":            {func(w *world) { w.records = []rollout.Record{ended(rollout.RolledBack)} }, nil, 0, "false: rollout churn-v2: rolledBack"},
		"one that is tried again":       {func(w *world) { w.records = []rollout.Record{ended(rollout.Running), ended(rollout.RolledBack)} }, nil, 1, ""},
		"one to which an undo went":     {func(w *world) { w.records = []rollout.Record{undo} }, nil, 1, ""},
		"a long reason":                 {func(w *world) { w.records = []rollout.Record{long} }, nil, 0, "true: rollout churn-v2: " + strings.Repeat("ü", 512-len("rollout churn-v2: ")-1) + "…"},
		"no package":                    {func(w *world) { w.packages = false }, nil, 0, "false: package group churn of model churn is empty"},
		"a rejected package":            {func(w *world) { w.approval = training.Rejected }, nil, 0, "false: the newest package, " + v2 + ", is rejected: auc too low"},
		"an unknown model":              {nil, []string{"Rollout-churn", "Rollout-other"}, 0, "false: there is no model other"},
		"another action":                {nil, []string{"Rollout-churn", "Approve"}, 0, ""},
		"an action that is no approval": {nil, []string{`"Manual"`, `"CodeBuild"`}, 0, ""},
		"an action that has ended":      {nil, []string{`"STARTED"`, `"SUCCEEDED"`}, 0, ""},
	} {
		w := newWorld(t, tt.change)
		if _, err := w.take(asks, tt.oldNew...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := strings.Join(w.answers, ", ")
		if w.requests != tt.requests || !strings.HasPrefix(got, tt.answer) || tt.answer == "" && got != "" {
			t.Errorf("%s: %d requests, answers %q; %d and %q wanted", name, w.requests, w.answers, tt.requests, tt.answer)
		}
	}
	w := newWorld(t, nil)
	if _, err := w.take("s3-object-created"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an object is answered %v", err)
	}
}

// Whichever call is lost, before its effect or after it, trying again comes to the same.
func TestAgainAfterALoss(t *testing.T) {
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			w := newWorld(t, nil)
			w.lose, w.after = n, after
			if _, err := w.take(asks); err != nil {
				_, err = w.take(asks)
				if err != nil {
					t.Fatal(err)
				}
			}
			w.records = []rollout.Record{ended(rollout.RolledBack)}
			for range 2 {
				if _, err := w.take("sluice-rollout-rolled-back"); err != nil && !errors.Is(err, errLost) {
					t.Fatal(err)
				}
			}
			if len(w.answers) != 1 || len(w.told) != 1 || len(w.waiting) > 0 {
				t.Errorf("call %d lost, after its effect %v: answers %q, told %q, waiting %v", n, after, w.answers, w.told, w.waiting)
			}
			if w.calls < n {
				break
			}
		}
	}
}
