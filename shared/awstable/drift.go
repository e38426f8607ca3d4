package awstable

import (
	"context"
	"time"

	"sluice/shared/capturing"
	"sluice/shared/intake"
	"sluice/shared/spec"
)

// captures are the index items of a spec's drift block.
func captures(s spec.Spec) []entry {
	d := s.Drift
	if d == nil {
		return nil
	}
	return []entry{
		{key: key{"CAPTURES#" + d.Bucket(), s.Model}, value: capturing.Watch{Model: s.Model, Endpoint: s.Endpoint.Name, Prefix: d.Prefix()}},
		{key: key{"ALARMS", s.Model + "#own"}, value: intake.DriftTrigger{Model: s.Model, Pattern: spec.DriftAlarm(s.Model), Hold: d.Hold.Std()}},
	}
}

// Watches fills capturing's table.
func (t *Table) Watches(ctx context.Context, bucket string) ([]capturing.Watch, error) {
	return query[capturing.Watch](ctx, t, "CAPTURES#"+bucket, "", page{})
}

func driftKey(model, variant string) key { return modelKey(model, "DRIFT#"+variant) }

// driftLife is after how long the state of a variant that is asked nothing any more is
// removed.
const driftLife = 90 * 24 * time.Hour

// DriftState fills capturing's table.
func (t *Table) DriftState(ctx context.Context, model, variant string) (s capturing.State, err error) {
	_, err = t.get(ctx, driftKey(model, variant), &s)
	return s, err
}

// PutDriftState fills capturing's table.
func (t *Table) PutDriftState(ctx context.Context, s capturing.State) (capturing.State, error) {
	c := condition{expression: "attribute_not_exists(pk)"}
	if s.Rev > 0 {
		c = condition{expression: "rev = :rev", values: item{":rev": num(int64(s.Rev))}}
	}
	s.Rev++
	it := struct {
		capturing.State
		TTL int64 `json:"ttl,omitempty"` // unix seconds
	}{State: s}
	if !s.Judged.IsZero() {
		it.TTL = s.Judged.Add(driftLife).Unix()
	}
	return s, t.put(ctx, driftKey(s.Model, s.Variant), it, c)
}

// DriftStates lists the states of all of a model's variants, for people to look at.
func (t *Table) DriftStates(ctx context.Context, model string) ([]capturing.State, error) {
	return query[capturing.State](ctx, t, modelKey(model, "").PK, "DRIFT#", page{})
}

// Drifted fills intake's table.
func (t *Table) Drifted(ctx context.Context, model string) (string, error) {
	states, err := t.DriftStates(ctx, model)
	var last capturing.State
	for _, s := range states {
		if s.MovedAt.After(last.MovedAt) {
			last = s
		}
	}
	return last.Moved, err
}
