package training

import (
	"context"
	"fmt"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// lookBack is how many earlier generations are asked whether a commit or a promotion
// was theirs: a repeated event is late by minutes.
const lookBack = 5

// again gives a run without new objects the manifest of the last run that trained, if
// a commit or another model's promotion asks for it: new code, or a new model below,
// trains on what the old one had. Promotions that come round to the model do not ask;
// if nothing else does, the run is stopped. runs are newest first.
func (t *Training) again(ctx context.Context, s Step, sp spec.Spec, chunks []demand.Chunk, runs []Run, run Run) (Run, error) {
	asked, err := t.askedAgain(ctx, s, chunks)
	if err != nil {
		return run, err
	}
	if asked[demand.Promotion] && !asked[demand.Commit] {
		circle, err := t.circle(ctx, sp)
		if err != nil {
			return run, err
		}
		if circle != "" {
			run.State, run.EndedAt = Stopped, s.Now
			run.Reason = fmt.Sprintf("promotions train in a circle: %s; take one of them out of triggers.promotion", circle)
			edge.Count(ctx, "TrainingStopped", 1, s.Now)
			return run, nil
		}
	}
	for _, r := range runs {
		if len(asked) > 0 && r.Generation < s.Generation && r.Manifest != "" && r.State != Failed {
			run.Manifest, run.Summary = r.Manifest, r.Summary
			return run, nil
		}
	}
	run.State, run.Reason, run.EndedAt = NothingNew, "no object is new since the last run", s.Now
	return run, nil
}

// askedAgain are the kinds of the causes that train without new objects, of those that
// were no earlier generation's.
func (t *Training) askedAgain(ctx context.Context, s Step, chunks []demand.Chunk) (map[string]bool, error) {
	fresh := map[string]string{} // kind by name
	for _, c := range chunks {
		if c.Cause.Kind == demand.Commit || c.Cause.Kind == demand.Promotion {
			fresh[c.Name] = c.Cause.Kind
		}
	}
	for g := s.Generation - 1; g >= max(1, s.Generation-lookBack) && len(fresh) > 0; g-- {
		earlier, err := t.Table.Chunks(ctx, s.Model, g)
		if err != nil {
			return nil, err
		}
		for _, c := range earlier {
			delete(fresh, c.Name)
		}
	}
	kinds := map[string]bool{}
	for _, kind := range fresh {
		kinds[kind] = true
	}
	return kinds, nil
}

// circle is the way on which promotions come round to the model by the specs in force;
// "" for none. Applying refuses it, but two specs may be applied at the same time.
func (t *Training) circle(ctx context.Context, sp spec.Spec) (string, error) {
	return spec.Circle(sp.Model, func(model string) ([]string, error) {
		s, err := t.Table.Spec(ctx, model)
		if fault.Is(err, fault.NotFound) {
			return nil, nil
		}
		return s.Triggers.After(), err
	})
}
