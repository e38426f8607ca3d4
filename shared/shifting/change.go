package shifting

import (
	"context"
	"fmt"
	"time"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
)

// PrepareVariants is the handler of prepare-variants: it makes the candidate's
// model and the configs, and brings the candidate up beside the baseline, without
// requests. Errors: NotReady while the endpoint is busy.
func (s *Shifting) PrepareVariants(ctx context.Context, in Step) (Answer, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	if err := s.Desk.Hold(ctx, leasing.ForEndpoint(r.Endpoint), in.Rollout, in.Now); err != nil {
		return Answer{}, err
	}
	sp, err := s.Table.Spec(ctx, r.Model)
	if err != nil {
		return Answer{}, err
	}
	role := sp.Endpoint.ExecutionRole
	if role == "" {
		role = s.ModelRole
	}
	if err := s.Endpoints.EnsureModel(ctx, r.Candidate.Model, r.Candidate.Package, role); err != nil {
		return Answer{}, err
	}
	candidate := ConfigVariant{Name: r.Candidate.Variant, Model: r.Candidate.Model, InstanceType: sp.Endpoint.InstanceType, Count: r.Candidate.Count}
	baseline := ConfigVariant{Name: r.Baseline.Variant, Model: r.Baseline.Model, Count: r.Baseline.Count}
	for _, c := range []ConfigRequest{
		{Name: r.BothConfig, From: r.Baseline.Config, Variants: []WeightedVariant{{baseline, 100}, {candidate, 0}}},
		{Name: r.Candidate.Config, From: r.Baseline.Config, Variants: []WeightedVariant{{candidate, 100}}},
	} {
		if err := s.Endpoints.EnsureConfig(ctx, c); err != nil {
			return Answer{}, err
		}
	}
	return s.change(ctx, in, r, r.TargetOf(), "", rollout.UpdateTo)
}

// ShiftWeight is the handler of shift-weight: it asks for the weight of the step
// that comes next, which is the same one again until its bake has ended. Errors:
// NotReady while the endpoint is busy.
func (s *Shifting) ShiftWeight(ctx context.Context, in Step) (Answer, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	if r.Step < 0 || !r.Steps[r.Step].EndedAt.IsZero() {
		if r.Step+1 >= len(r.Plan.Steps) {
			return Answer{}, fault.Internal.Errorf("rollout %s has no step after step %d", r.ID, r.Step)
		}
		r.Step++
		r.State, r.Steps[r.Step].AskedAt = rollout.Running, in.Now
		// Written before the weight is asked for: whoever looks knows who asked.
		if r, err = s.Table.PutRollout(ctx, r); err != nil {
			return Answer{}, err
		}
	}
	edge.Note(ctx, "weight", r.Weight())
	return s.change(ctx, in, r, r.TargetOf(), "", rollout.SetWeights)
}

// maxTries is how often one rollout asks AWS to promote, or to go back, before a
// person must look.
const maxTries = 12

// Promote is the handler of promote: it leaves the candidate alone on the
// endpoint. It never rolls back: the candidate may be the only healthy copy.
// Errors: NotReady while the endpoint is busy.
func (s *Shifting) Promote(ctx context.Context, in Step) (Answer, error) {
	return s.finish(ctx, in, rollout.Promoting, "", rollout.Record.TargetPromoted, "")
}

// Return is the input of roll-back: what led to it. The first reason stays.
type Return struct {
	Step
	Woke     Woke                          `json:"woke"`
	Endpoint Answer                        `json:"endpoint"`
	Error    struct{ Error, Cause string } `json:"error"`
}

// reason says in words what led to a rollback, unless the record knows already.
func (b Return) reason() string {
	switch {
	case b.Error.Error != "":
		return fmt.Sprintf("a step failed with %s: %s", b.Error.Error, b.Error.Cause)
	case b.Woke.Alarm != "":
		return fmt.Sprintf("alarm %s went off: %s", b.Woke.Alarm, b.Woke.Reason)
	}
	return b.Endpoint.Reason
}

// RollBack is the handler of roll-back: it takes all requests from the candidate at
// once, and with the next call removes it. The machine calls it until the endpoint
// is the baseline's. Errors: NotReady while the endpoint is busy.
func (s *Shifting) RollBack(ctx context.Context, b Return) (Answer, error) {
	r, err := s.record(ctx, b.Step)
	if err != nil {
		return Answer{}, err
	}
	return s.finish(ctx, b.Step, rollout.Returning, b.reason(), rollout.Record.TargetBaseline, r.Candidate.Variant)
}

// finish brings the endpoint to where the rollout ends, on either side.
func (s *Shifting) finish(ctx context.Context, in Step, state rollout.State, reason string, target func(rollout.Record) rollout.Target, urgent string) (Answer, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	if r.State != state {
		r.State, r.Tries, r.TriedAt = state, 0, time.Time{}
		if r.Reason == "" {
			r.Reason = reason
		}
		if r.Step >= 0 && r.Steps[r.Step].EndedAt.IsZero() {
			r.Steps[r.Step].EndedAt = in.Now
		}
	}
	// A call that AWS throttled comes again at the same time, and is the same try.
	if !r.TriedAt.Equal(in.Now) {
		r.Tries, r.TriedAt = r.Tries+1, in.Now
	}
	if r, err = s.Table.PutRollout(ctx, r); err != nil {
		return Answer{}, err
	}
	if r.Tries > maxTries {
		return Answer{}, fault.Invalid.Errorf("endpoint %s did not become what was asked for in %d tries", r.Endpoint, maxTries)
	}
	return s.change(ctx, in, r, target(r), urgent, rollout.SetWeights, rollout.UpdateTo)
}

// change asks for a target and answers what there is to wait for. Errors: NotReady
// while the endpoint is busy, with the step's own doing or AWS's.
func (s *Shifting) change(ctx context.Context, in Step, r rollout.Record, want rollout.Target, urgent string, allowed ...rollout.Act) (Answer, error) {
	act, truth, err := s.drive(ctx, in, r, want, urgent, allowed...)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Outcome: truth.Outcome, Reason: truth.Reason}
	if act == rollout.SetWeights || act == rollout.UpdateTo {
		a = Answer{Outcome: rollout.Moving, Reason: "asked for"}
	}
	return a, nil
}

// Await is the input of await-endpoint.
type Await struct {
	Step
	// Target is what is waited for: "weight", "promoted" or "baseline".
	Target string `json:"target"`
}

// AwaitEndpoint is the handler of await-endpoint: it waits until the endpoint has
// settled, as wanted or not, and reads back what became of the change.
func (s *Shifting) AwaitEndpoint(ctx context.Context, in Await) (Answer, error) {
	r, err := s.record(ctx, in.Step)
	if err != nil {
		return Answer{}, err
	}
	var want rollout.Target
	switch in.Target {
	case "weight":
		want = r.TargetOf()
	case "promoted":
		want = r.TargetPromoted()
	case "baseline":
		want = r.TargetBaseline()
	default:
		return Answer{}, fault.Invalid.Errorf("await-endpoint has target %q; it must be weight, promoted or baseline", in.Target)
	}
	var a Answer
	resources := []event.Resource{event.Endpoint(r.Endpoint)}
	err = s.Room.Await(ctx, in.Rollout, in.Token, in.Now, resources, func() (any, bool, error) {
		e, err := s.Endpoints.Describe(ctx, r.Endpoint)
		if err != nil {
			return nil, false, err
		}
		truth := rollout.Classify(want, r.Configs(), e)
		edge.Note(ctx, "outcome", truth.Outcome)
		a = Answer{Outcome: truth.Outcome, Reason: truth.Reason}
		if truth.Outcome == rollout.Moving || truth.Outcome == rollout.Maintained {
			// A long change must not cost the lease.
			return nil, false, s.Desk.Hold(ctx, leasing.ForEndpoint(r.Endpoint), in.Rollout, in.Now)
		}
		if truth.Outcome == rollout.Reached && in.Target == "weight" && r.Step >= 0 && r.Steps[r.Step].ReachedAt.IsZero() {
			r.Steps[r.Step].ReachedAt = in.Now
			if _, err := s.Table.PutRollout(ctx, r); err != nil {
				return nil, false, err
			}
		}
		if in.Target == "baseline" && truth.Outcome == rollout.RolledBackByAWS && e.Config == r.BothConfig && e.Share(r.Candidate.Variant) == 0 {
			// Half way back, as asked for: the variant goes with the next change.
			return a, true, s.note(ctx, in.Step, "reading", "", "no requests reach %s any more; read: %s", r.Candidate.Variant, e)
		}
		return a, true, s.note(ctx, in.Step, "reading", "", "%s: %s; read: %s", truth.Outcome, truth.Reason, e)
	})
	return a, err
}
