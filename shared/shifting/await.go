package shifting

import (
	"context"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

// Await is the input of await-endpoint.
type Await struct {
	Step
	// Target is what is waited for: "weight", "promoted" or "baseline".
	Target string `json:"target"`
}

// AwaitEndpoint is the handler of await-endpoint: it waits until the endpoint has
// settled, as wanted or not, and reads back what became of the change. On the way
// up, a command to go back ends the wait at once.
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
		if want = r.TargetPromoted(); r.State == rollout.Standby {
			want = r.TargetStandby()
		}
	case "baseline":
		want = r.TargetBaseline()
	default:
		return Answer{}, fault.Invalid.Errorf("await-endpoint has target %q; it must be weight, promoted or baseline", in.Target)
	}
	var a Answer
	resources := []event.Resource{event.Endpoint(r.Endpoint), event.RolloutNamed(r.ID)}
	if in.Target == "weight" {
		// What goes off while the endpoint moves may be over when it has settled.
		resources = watched(r)
	}
	err = s.Room.Await(ctx, in.Rollout, in.Token, in.Now, resources, func() (any, bool, error) {
		if err := s.obey(ctx, in.Step, &r); err != nil {
			return nil, false, err
		}
		if in.Target == "weight" && r.Control.Abort != "" {
			a = Answer{Outcome: rollout.Stopped, Reason: r.Control.Abort}
			return a, true, nil
		}
		if in.Target == "weight" {
			alarm, err := s.ringing(ctx, r.Rules.Alarms)
			if a = (Answer{Alarm: alarm.Name, Reason: alarm.Reason}); err != nil || a.Alarm != "" {
				return a, err == nil, err
			}
		}
		var done bool
		a, done, err = s.readBack(ctx, in, &r, want)
		edge.Note(ctx, "outcome", a.Outcome)
		return a, done, err
	})
	return a, err
}

// readBack reads the endpoint and says what became of the change, if it is over.
func (s *Shifting) readBack(ctx context.Context, in Await, r *rollout.Record, want rollout.Target) (Answer, bool, error) {
	e, err := s.describe(ctx, r.Endpoint)
	if err != nil {
		return Answer{}, false, err
	}
	truth := rollout.Classify(want, r.Configs(), e)
	switch truth.Outcome {
	case rollout.Moving, rollout.Maintained:
		// A long change must not cost the lease.
		return answer(truth), false, s.Desk.Hold(ctx, leased(*r), in.Rollout, in.Now)
	case rollout.RolledBackByAWS:
		if rollout.CameTrue(r.Asked, want, e) {
			truth = rollout.Truth{Outcome: rollout.Settled, Reason: "done as asked for; more is to do"}
		}
	}
	if r.State == rollout.Standby && in.Target == "promoted" && (truth.Outcome == rollout.Reached || truth.Outcome == rollout.RolledBackByAWS) {
		truth.Outcome = rollout.OnStandby // a baseline that stays larger costs money, and no user anything
	}
	if truth.Outcome == rollout.Reached && in.Target == "weight" && r.Step >= 0 && r.Steps[r.Step].ReachedAt.IsZero() {
		r.Steps[r.Step].ReachedAt = in.Now
		if *r, err = s.Table.PutRollout(ctx, *r); err != nil {
			return Answer{}, false, err
		}
		text := "reached: " + truth.Reason + "; read: " + e.String()
		return answer(truth), true, s.announce(ctx, in.Step, *r, "reading", "", rollout.StepEvent, text)
	}
	if truth.Outcome == rollout.Reached && in.Target == "baseline" {
		if err := s.restore(ctx, *r); err != nil {
			return Answer{}, false, err
		}
	}
	return answer(truth), true, s.note(ctx, in.Step, "reading", "", "%s: %s; read: %s", truth.Outcome, truth.Reason, e)
}

// restore gives the baseline its autoscaling as it was found, whoever has touched it
// meanwhile.
func (s *Shifting) restore(ctx context.Context, r rollout.Record) error {
	if r.Scaling == nil || r.First {
		return nil
	}
	return s.Scaling.Ensure(ctx, r.Endpoint, r.Baseline.Variant, *r.Scaling)
}

func answer(t rollout.Truth) Answer { return Answer{Outcome: t.Outcome, Reason: t.Reason} }
