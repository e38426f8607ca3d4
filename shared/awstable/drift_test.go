package awstable_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/capturing"
	"sluice/shared/fault"
	"sluice/shared/intake"
)

// TestWatchesFollowTheSpec: captures lead to the model, its own alarm is a trigger, and
// both are gone with the block.
func TestWatchesFollowTheSpec(t *testing.T) {
	w := newWorld(t)
	first := applied(churn(), 1)
	w.ok(w.table.Apply(ctx, first, nil))
	watches := func() ([]capturing.Watch, error) { return w.table.Watches(ctx, "captures") }
	triggers := func() ([]intake.DriftTrigger, error) { return w.table.DriftTriggers(ctx) }
	if diff := cmp.Diff([]capturing.Watch{{Model: "churn", Endpoint: "Churn-Prod", Prefix: "churn/"}}, get(w, watches)); diff != "" {
		t.Errorf("watches (-want +got):\n%s", diff)
	}
	all := get(w, triggers)
	if diff := cmp.Diff(intake.DriftTrigger{Model: "churn", Pattern: "sluice-drift-churn", Hold: time.Hour}, all[len(all)-1]); diff != "" {
		t.Errorf("its own alarm (-want +got):\n%s", diff)
	}
	next := churn()
	next.Drift = nil
	w.ok(w.table.Apply(ctx, applied(next, 2), &first))
	if len(get(w, watches)) > 0 || len(get(w, triggers)) != len(all)-1 {
		t.Error("a watch has outlived its spec")
	}
}

func TestDriftStates(t *testing.T) {
	w := newWorld(t)
	read := func() (capturing.State, error) { return w.table.DriftState(ctx, "churn", "churn-v1") }
	if diff := cmp.Diff(capturing.State{}, get(w, read)); diff != "" {
		t.Errorf("a state out of nothing: %s", diff)
	}
	s := capturing.State{
		Model: "churn", Variant: "churn-v1", Basis: "b", Reference: "references/churn/x", Tag: "t", Judged: now, Scores: []float64{0.5, 2},
		Reading: "r", Moved: "m", MovedAt: now.Add(-time.Hour),
	}
	written := get(w, func() (capturing.State, error) { return w.table.PutDriftState(ctx, s) })
	s.Rev = 1
	if diff := cmp.Diff([]capturing.State{s, s}, []capturing.State{written, get(w, read)}); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
	_, err := w.table.PutDriftState(ctx, s)
	w.ok(err)
	_, err = w.table.PutDriftState(ctx, s) // of a revision that is no more
	w.is(err, fault.Conflict)
	s.Rev = 0
	_, err = w.table.PutDriftState(ctx, s)
	w.is(err, fault.Conflict)
	for model, want := range map[string]string{"churn": "m", "fraud": ""} {
		if got := get(w, func() (string, error) { return w.table.Drifted(ctx, model) }); got != want {
			t.Errorf("%s: %q has moved, want %q", model, got, want)
		}
	}
}
