package shifting

import (
	"context"
	"fmt"
	"strings"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// End is the input of report-rollout: how the machine came to its end.
type End struct {
	Return
	State rollout.State `json:"state"` // promoted, rolledBack, refused or halted
	// Verdict is the judge's last answer.
	Verdict Judged `json:"verdict"`
}

// Reported is the answer of report-rollout.
type Reported struct {
	State  rollout.State `json:"state"`
	Reason string        `json:"reason"`
}

// ReportRollout is the handler of report-rollout: it ends the record, tells people,
// and lets the next rollout go. A halted rollout keeps its lease until a person has
// looked.
func (s *Shifting) ReportRollout(ctx context.Context, in End) (Reported, error) {
	r, ok, err := s.Table.Rollout(ctx, in.Rollout)
	if err != nil {
		return Reported{}, err
	}
	if !ok { // it failed before it could be planned
		r = rollout.Record{ID: in.Rollout, Model: in.Model, Package: in.Package, StartedAt: in.Now, Step: -1}
	}
	if !r.State.Final() || r.EndedAt.IsZero() {
		if why := in.why(); r.Reason == "" {
			r.Reason = why
		} else if in.State == rollout.Halted && why != "" && !strings.Contains(r.Reason, why) {
			r.Reason += "; then " + why
		}
		r.State, r.EndedAt = in.State, in.Now
		if r, err = s.Table.PutRollout(ctx, r); err != nil {
			return Reported{}, err
		}
	}
	if err := s.note(ctx, in.Step, "end", "", "%s: %s", r.State, r.Reason); err != nil {
		return Reported{}, err
	}
	// The lease goes before the news: people who cannot be told must not keep the
	// next rollout waiting. If the news fails, all of this is done again.
	if err := s.release(ctx, in.Step, r); err != nil {
		return Reported{}, err
	}
	edge.Note(ctx, "rollout", r.ID)
	edge.Note(ctx, "state", r.State)
	return Reported{State: r.State, Reason: r.Reason}, s.Notices.Publish(ctx, subject(r), text(r))
}

// why says what ended the rollout, when nothing before has written it down.
func (e End) why() string {
	if reason := e.reason(); reason != "" && e.State != rollout.Promoted {
		return reason
	}
	return e.Verdict.Reason
}

// release drops the rollout's waiters and its lease.
func (s *Shifting) release(ctx context.Context, in Step, r rollout.Record) error {
	resources := []event.Resource{event.LeaseOn(in.Lease), event.Endpoint(r.Endpoint)}
	for _, name := range r.Rules.Alarms {
		resources = append(resources, event.AlarmNamed(name))
	}
	if err := s.Room.Forget(ctx, in.Rollout, resources...); err != nil {
		return err
	}
	if r.State == rollout.Halted {
		return s.Table.HaltLease(ctx, in.Lease, in.Rollout, in.Now)
	}
	return s.Desk.Free(ctx, in.Lease, in.Rollout)
}

func subject(r rollout.Record) string {
	word := string(r.State)
	if r.State == rollout.Halted {
		word = "HALTED, look at it now"
	}
	return fmt.Sprintf("Sluice: rollout %s: %s", r.ID, word)
}

func text(r rollout.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Rollout %s of model %s ended as %s.\n\n", r.ID, r.Model, r.State)
	fmt.Fprintf(&b, "Reason:     %s\n", r.Reason)
	fmt.Fprintf(&b, "Endpoint:   %s\n", r.Endpoint)
	fmt.Fprintf(&b, "Package:    %s\n", r.Package)
	if r.Baseline.Variant != "" {
		fmt.Fprintf(&b, "Baseline:   %s\n", r.Baseline.Variant)
	}
	if r.Step >= 0 {
		fmt.Fprintf(&b, "Reached:    %d %% (step %d of %d)\n", r.Weight(), r.Step+1, len(r.Plan.Steps))
		fmt.Fprintf(&b, "Served:     %d requests by the candidate up to the last look, %d of them bad\n", r.Served.Requests, r.Served.Bad)
	}
	fmt.Fprintf(&b, "Took:       %s\n", spec.Duration(r.EndedAt.Sub(r.StartedAt).Truncate(1e9)))
	if r.State == rollout.Halted {
		fmt.Fprintf(&b, "\nNobody is changing the endpoint now, and no other rollout of it will start.\nLook at it, bring it to where it should be, then free it: sluice unlock %s\n", r.Model)
	}
	return b.String()
}
