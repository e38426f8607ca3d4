package shifting

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// End is the input of report-rollout: how the machine came to its end.
type End struct {
	Return
	State rollout.State `json:"state"` // promoted, rolledBack, refused, superseded or halted
	// Who asks for no more than who has changed the endpoint of a halted rollout.
	Who bool `json:"who"`
	// Turn is the answer to the wait for the endpoint.
	Turn TurnAnswer `json:"turn"`
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
	if in.Who {
		return Reported{State: r.State, Reason: r.Reason}, s.tellWho(ctx, in, r)
	}
	if !ok { // it failed before it could begin
		r = rollout.Record{ID: in.Rollout, Model: in.Model, Package: in.Package, StartedAt: in.Now, Step: -1}
	}
	if !r.State.Final() || r.EndedAt.IsZero() {
		in.end(&r)
		if r, err = s.Table.PutRollout(ctx, r); err != nil {
			return Reported{}, err
		}
	}
	// What nobody has done by now is answered: it comes too late.
	if err := s.obey(ctx, in.Step, &r); err != nil {
		return Reported{}, err
	}
	if err := s.announce(ctx, in.Step, r, "end", "", rollout.EndEvent(r.State), fmt.Sprintf("%s: %s", r.State, r.Reason)); err != nil {
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

// end writes the rollout's end into the record.
func (in End) end(r *rollout.Record) {
	if r.State == rollout.Waiting {
		r.Reason = "" // what it waited for is no reason to end
	}
	switch why := in.why(); {
	case in.State == rollout.Promoted && r.PromotedFor != "":
		r.Reason = r.PromotedFor
	case r.Reason == "" || in.State == rollout.Superseded:
		r.Reason = why
	case in.State == rollout.Halted && why != "" && !strings.Contains(r.Reason, why):
		r.Reason += "; then " + why
	}
	r.State, r.EndedAt = in.State, in.Now
	if (in.State == rollout.RolledBack || in.State == rollout.Refused) && r.Control.Abort != "" {
		r.State = rollout.Aborted
	}
}

// tellWho says who else has changed the endpoint while the rollout had it, and when.
func (s *Shifting) tellWho(ctx context.Context, in End, r rollout.Record) error {
	who, err := s.Trail.Changes(ctx, r.Endpoint, r.StartedAt)
	if err != nil {
		return err
	}
	if who == "" {
		return s.note(ctx, in.Step, "who", "", "CloudTrail knows of nobody else who has changed endpoint %s since %s", r.Endpoint, r.StartedAt.UTC().Format(time.DateTime))
	}
	if err := s.note(ctx, in.Step, "who", "", "endpoint %s was changed by others: %s", r.Endpoint, who); err != nil {
		return err
	}
	return s.Notices.Publish(ctx, fmt.Sprintf("Sluice: rollout %s: who changed endpoint %s", r.ID, r.Endpoint), fmt.Sprintf("Rollout %s halted: %s\n\nSince it began, CloudTrail has of others: %s\n", r.ID, r.Reason, who))
}

// why says what ended the rollout, when nothing before has written it down.
func (e End) why() string {
	if e.Turn.Reason != "" && e.State != rollout.Halted {
		return e.Turn.Reason
	}
	if reason := e.reason(); reason != "" && e.State != rollout.Promoted {
		return reason
	}
	return e.Verdict.Reason
}

// release drops the rollout's waiters, its claim and its lease.
func (s *Shifting) release(ctx context.Context, in Step, r rollout.Record) error {
	resources := append(watched(r), event.LeaseOn(in.Lease))
	if err := s.Room.Forget(ctx, in.Rollout, resources...); err != nil {
		return err
	}
	if err := s.Table.LeaveTurn(ctx, in.Lease, in.Rollout); err != nil {
		return err
	}
	if r.State == rollout.Halted {
		err := s.Table.HaltLease(ctx, in.Lease, in.Rollout, in.Now)
		if fault.Is(err, fault.Conflict) {
			return nil // it halted without having had its turn
		}
		return err
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
