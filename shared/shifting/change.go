package shifting

import (
	"context"
	"fmt"
	"time"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

// PrepareVariants is the handler of prepare-variants: it makes the candidate's
// model and the configs, and brings the candidate up beside the baseline, without
// requests; or makes the endpoint, if there is none. Errors: NotReady while the
// endpoint is busy.
func (s *Shifting) PrepareVariants(ctx context.Context, in Step) (Answer, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	if err := s.Desk.Hold(ctx, leased(r), in.Rollout, in.Now); err != nil {
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
	for _, c := range configs(r, sp.Endpoint.InstanceType) {
		if err := s.Endpoints.EnsureConfig(ctx, c); err != nil {
			return Answer{}, err
		}
	}
	return s.change(ctx, in, &r, r.TargetOf(), "", rollout.UpdateTo, rollout.Create)
}

// configs are the endpoint configs that a rollout makes.
func configs(r rollout.Record, instanceType string) []ConfigRequest {
	candidate := ConfigVariant{Name: r.Candidate.Variant, Model: r.Candidate.Model, InstanceType: instanceType, Count: r.Candidate.Count}
	final := ConfigRequest{Name: r.Candidate.Config, From: r.Baseline.Config, Variants: []WeightedVariant{{candidate, 100}}}
	if r.First {
		return []ConfigRequest{final}
	}
	baseline := ConfigVariant{Name: r.Baseline.Variant, Model: r.Baseline.Model, Count: r.Baseline.Count}
	both, all := candidate, []ConfigRequest{}
	for _, st := range r.Plan.Steps {
		if st.Kind == rollout.Mirror {
			shadow := candidate
			shadow.Count = max(st.Candidate, 1)
			all = append(all, ConfigRequest{Name: r.ShadowConfig, From: r.Baseline.Config, Variants: []WeightedVariant{{baseline, 100}}, Shadow: &WeightedVariant{shadow, st.Sampling}})
		}
		if st.Kind == rollout.Weigh {
			both.Count = max(st.Candidate, 1)
			break
		}
	}
	return append(all, ConfigRequest{Name: r.BothConfig, From: r.Baseline.Config, Variants: []WeightedVariant{{baseline, 100}, {both, 0}}}, final)
}

// ShiftWeight is the handler of shift-weight: it asks for what the next step needs,
// one change at a time; the next step is the same one again until it has ended.
// Errors: NotReady while the endpoint is busy.
func (s *Shifting) ShiftWeight(ctx context.Context, in Step) (Answer, error) {
	r, err := s.planned(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	if r.Step < 0 || !r.Steps[r.Step].EndedAt.IsZero() {
		if r.NextStep() >= len(r.Plan.Steps) {
			return Answer{}, fault.Internal.Errorf("rollout %s has no step after step %d", r.ID, r.Step)
		}
		if !r.MayRise(in.Now) { // a window has closed, or a person has paused it, since the look
			return Answer{Outcome: rollout.Held, Reason: "the weight may not rise now"}, nil
		}
		if err := s.take(ctx, in, &r); err != nil {
			return Answer{}, err
		}
	}
	edge.Note(ctx, "weight", r.Weight())
	return s.change(ctx, in, &r, r.TargetOf(), "", rollout.SetWeights, rollout.SetCount, rollout.UpdateTo)
}

// take begins the next step.
func (s *Shifting) take(ctx context.Context, in Step, r *rollout.Record) error {
	r.Step = r.NextStep()
	step := r.Now()
	r.State, r.Steps[r.Step].AskedAt, r.Control.Held = rollout.Running, in.Now, false
	if n := len(r.Weights); n == 0 || r.Weights[n-1] != step.Weight {
		r.Weights = append(r.Weights, step.Weight)
	}
	if step.Kind == rollout.Ask {
		r.Control.Gate = &rollout.Gate{ID: rollout.GateID(r.ID, r.Step), Step: r.Step, AskedAt: in.Now, Expires: in.Now.Add(step.Limit)}
	}
	// Written before the weight is asked for: whoever looks knows who asked.
	var err error
	if *r, err = s.Table.PutRollout(ctx, *r); err != nil {
		return err
	}
	switch {
	case step.Kind == rollout.Rest && step.Limit == 0:
		return s.announce(ctx, in, *r, "ask", "", rollout.HeldEvent, fmt.Sprintf("paused at %d %% until a person resumes it", r.Weight()))
	case step.Kind != rollout.Ask:
		return nil
	}
	g := r.Control.Gate
	return s.announce(ctx, in, *r, "ask", "", rollout.AskedEvent, fmt.Sprintf(
		"approval %s is asked for, until %s: at %d %%, the candidate has answered %d requests, %d of them bad",
		g.ID, g.Expires.UTC().Format(time.DateTime), r.Weight(), r.Served.Requests, r.Served.Bad))
}

// maxTries is how often one rollout asks AWS to promote, or to go back, before a
// person must look.
const maxTries = 12

// Promote is the handler of promote: it makes the candidate the champion, keeps
// the baseline warm for the standby, and then leaves the candidate alone on the
// endpoint. It never rolls back: the candidate may be the only healthy copy.
// Errors: NotReady while the endpoint is busy.
func (s *Shifting) Promote(ctx context.Context, in Step) (Answer, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Answer{}, err
	}
	state := rollout.Promoting
	if r.PromotedAt.IsZero() {
		r.PromotedAt, r.PromotedFor, r.Reason = in.Now, r.Reason, "" // why it was promoted is no reason to go back
		if r.Plan.Standby > 0 && !r.First && r.Control.Retire == "" {
			state = rollout.Standby
		}
	} else if r.State == rollout.Standby && r.Control.Retire == "" && in.Now.Before(r.PromotedAt.Add(r.Plan.Standby)) {
		state = rollout.Standby // asked for again
	}
	if err := s.enter(ctx, in, &r, state, ""); err != nil {
		return Answer{}, err
	}
	if r.PromotedAt.Equal(in.Now) {
		text := "promoted: " + r.PromotedFor
		if state == rollout.Standby {
			text += fmt.Sprintf("; %s is kept warm until %s", r.Baseline.Variant, in.Now.Add(r.Plan.Standby).UTC().Format(time.DateTime))
		}
		if err := s.announce(ctx, in, r, "promotion", "", rollout.PromotedEvent, text); err != nil {
			return Answer{}, err
		}
	}
	if state == rollout.Standby {
		return s.change(ctx, in, &r, r.TargetStandby(), "", rollout.SetCount)
	}
	return s.change(ctx, in, &r, r.TargetPromoted(), "", rollout.SetWeights, rollout.UpdateTo)
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
	case b.Endpoint.Alarm != "":
		return wentOff(b.Endpoint.Alarm, b.Endpoint.Reason)
	case b.Woke.Alarm != "":
		return wentOff(b.Woke.Alarm, b.Woke.Reason)
	}
	return b.Endpoint.Reason
}

// RollBack is the handler of roll-back: it takes all requests from the candidate at
// once, as far as the baseline can carry them, then grows the baseline for the
// rest, then removes the candidate. The machine calls it until the endpoint is the
// baseline's. Errors: NotReady while the endpoint is busy.
func (s *Shifting) RollBack(ctx context.Context, b Return) (Answer, error) {
	r, err := s.record(ctx, b.Step)
	if err != nil {
		return Answer{}, err
	}
	if err := s.enter(ctx, b.Step, &r, rollout.Returning, b.reason()); err != nil {
		return Answer{}, err
	}
	return s.change(ctx, b.Step, &r, r.TargetBaseline(), r.Candidate.Variant, rollout.SetWeights, rollout.SetCount, rollout.UpdateTo, rollout.Delete)
}

// enter puts the rollout into one of its last states, counts the tries in it, and
// ends the step. Errors: Invalid after too many tries.
func (s *Shifting) enter(ctx context.Context, in Step, r *rollout.Record, state rollout.State, reason string) error {
	if r.State != state {
		r.State, r.Tries, r.TriedAt = state, 0, time.Time{}
		if r.Control.Abort != "" {
			reason = r.Control.Abort
		}
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
	var err error
	if *r, err = s.Table.PutRollout(ctx, *r); err != nil {
		return err
	}
	if r.Tries > maxTries {
		return fault.Invalid.Errorf("endpoint %s did not become what was asked for in %d tries", r.Endpoint, maxTries)
	}
	return nil
}
