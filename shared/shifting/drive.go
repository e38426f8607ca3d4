package shifting

import (
	"context"
	"fmt"
	"slices"

	"sluice/shared/edge"
	"sluice/shared/rollout"
)

// drive asks of the endpoint the next change that brings it to want, if that is one
// of allowed, and says how it stood before. It asks nothing when there is nothing
// to ask.
func (s *Shifting) drive(ctx context.Context, in Step, r *rollout.Record, want rollout.Target, urgent string, allowed ...rollout.Act) (rollout.Move, rollout.Truth, error) {
	e, err := s.describe(ctx, r.Endpoint)
	if err != nil {
		return rollout.Move{}, rollout.Truth{}, err
	}
	m, truth := rollout.Next(want, urgent, r.Configs(), e)
	edge.Note(ctx, "act", m.Act)
	if !m.Act.Changes() {
		return m, truth, nil
	}
	if !slices.Contains(allowed, m.Act) {
		return rollout.Move{Act: rollout.Nothing}, truth, nil
	}
	if err := s.Desk.Hold(ctx, leased(*r), in.Rollout, in.Now); err != nil {
		return m, truth, err
	}
	if err := s.rescale(ctx, in, *r, want, m); err != nil {
		return m, truth, err
	}
	// Record and history first: a step that dies after the effect finds the endpoint
	// busy when it runs again, and would not know what to write.
	if r.Asked != m {
		r.Asked = m
		if *r, err = s.Table.PutRollout(ctx, *r); err != nil {
			return m, truth, err
		}
	}
	return m, truth, s.carryOut(ctx, in, *r, want, m, e)
}

// carryOut makes one change and writes it down.
func (s *Shifting) carryOut(ctx context.Context, in Step, r rollout.Record, want rollout.Target, m rollout.Move, before rollout.Endpoint) error {
	note := func(format string, args ...any) error {
		return s.note(ctx, in, "effect", "", "asked for %s; before: %s", fmt.Sprintf(format, args...), before)
	}
	switch m.Act {
	case rollout.UpdateTo:
		if err := note("config %s", want.Config); err != nil {
			return err
		}
		return s.Endpoints.Update(ctx, r.Endpoint, want.Config)
	case rollout.SetWeights:
		weights := map[string]int{want.Variant: m.Weight, want.Other: 100 - m.Weight}
		if err := note("%d %% to %s and %d %% to %s", weights[r.Candidate.Variant], r.Candidate.Variant, weights[r.Baseline.Variant], r.Baseline.Variant); err != nil {
			return err
		}
		return s.Endpoints.SetWeights(ctx, r.Endpoint, weights)
	case rollout.SetCount:
		if err := note("%d instances of %s", m.Count, m.Variant); err != nil {
			return err
		}
		return s.Endpoints.SetCount(ctx, r.Endpoint, m.Variant, m.Count)
	case rollout.Create:
		if err := note("endpoint %s with config %s", r.Endpoint, want.Config); err != nil {
			return err
		}
		return s.Endpoints.Create(ctx, r.Endpoint, want.Config)
	case rollout.Delete:
		if err := note("endpoint %s to be deleted", r.Endpoint); err != nil {
			return err
		}
		return s.Endpoints.Delete(ctx, r.Endpoint)
	}
	return nil
}

// rescale brings the autoscaling of both variants to where it must be before a
// change: registered before requests come, and gone before its variant goes, for
// SageMaker refuses to remove a variant that is registered (AWS.md B.7).
func (s *Shifting) rescale(ctx context.Context, in Step, r rollout.Record, want rollout.Target, m rollout.Move) error {
	if r.Scaling == nil {
		return nil
	}
	say := func(verb, variant string) error {
		return s.Table.AddHistory(ctx, rollout.Entry{Rollout: r.ID, At: in.Now, Kind: "effect", Key: "scaling", Text: fmt.Sprintf("%s the autoscaling of %s", verb, variant)})
	}
	remove := func(variant string) error {
		if err := say("removed", variant); err != nil {
			return err
		}
		return s.Scaling.Remove(ctx, r.Endpoint, variant)
	}
	switch {
	case m.Act == rollout.UpdateTo && want.Config == r.Baseline.Config:
		return remove(r.Candidate.Variant)
	case m.Act == rollout.UpdateTo && want.Config == r.Candidate.Config:
		// The candidate's own first: no moment without.
		if err := s.Scaling.Ensure(ctx, r.Endpoint, r.Candidate.Variant, *r.Scaling); err != nil {
			return err
		}
		return remove(r.Baseline.Variant)
	case want.Variant == r.Candidate.Variant && (m.Act == rollout.SetWeights || m.Act == rollout.SetCount && m.Variant == r.Candidate.Variant):
		// While the rollout goes on, the candidate is not scaled in below what its
		// next weight needs.
		scaled := *r.Scaling
		if r.PromotedAt.IsZero() {
			scaled.Min = max(1, r.Now().Candidate)
			scaled.Max = max(scaled.Max, scaled.Min)
		}
		if err := say(fmt.Sprintf("set %d to %d instances as", scaled.Min, scaled.Max), r.Candidate.Variant); err != nil {
			return err
		}
		return s.Scaling.Ensure(ctx, r.Endpoint, r.Candidate.Variant, scaled)
	}
	return nil
}

// change asks for a target and answers what there is to wait for. Errors: NotReady
// while the endpoint is busy, with the step's own doing or AWS's.
func (s *Shifting) change(ctx context.Context, in Step, r *rollout.Record, want rollout.Target, urgent string, allowed ...rollout.Act) (Answer, error) {
	m, truth, err := s.drive(ctx, in, r, want, urgent, allowed...)
	if err != nil {
		return Answer{}, err
	}
	if m.Act.Changes() {
		return Answer{Outcome: rollout.Moving, Reason: "asked for"}, nil
	}
	return Answer{Outcome: truth.Outcome, Reason: truth.Reason}, nil
}
