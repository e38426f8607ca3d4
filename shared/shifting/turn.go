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
	"sluice/shared/spec"
)

// Turn is the input of await-turn.
type Turn struct {
	Step
	Rank int  `json:"rank"` // of two that wait, the higher one is newer
	Undo bool `json:"undo"` // back to a former champion
}

// TurnState is what became of a wait for the endpoint.
type TurnState string

// The states of a turn. After Waiting, ask again.
const (
	TurnCame       TurnState = "came"    // the lease is held
	TurnWaiting    TurnState = "waiting" // woken, or not yet
	TurnFrozen     TurnState = "frozen"  // no window is open
	TurnSuperseded TurnState = "superseded"
	TurnAborted    TurnState = "aborted"
)

// TurnAnswer is the answer of await-turn.
type TurnAnswer struct {
	State   TurnState `json:"state"`
	Reason  string    `json:"reason"`
	Seconds int       `json:"seconds"` // to the next look at a window
}

// AwaitTurn is the handler of await-turn: it waits until the endpoint is free, a
// window is open, and no newer rollout waits. The lease comes before the plan, so
// that the plan is made of what is there when it is the rollout's turn.
func (s *Shifting) AwaitTurn(ctx context.Context, in Turn) (TurnAnswer, error) {
	edge.Note(ctx, "rollout", in.Rollout)
	if in.Lease == "" || in.Rollout == "" || in.Token == "" || in.Now.IsZero() {
		return TurnAnswer{}, fault.Invalid.Errorf("await-turn needs rollout, lease, token and now")
	}
	r, err := s.begin(ctx, in)
	if err != nil {
		return TurnAnswer{}, err
	}
	var a TurnAnswer
	resources := []event.Resource{event.LeaseOn(in.Lease), event.RolloutNamed(in.Rollout)}
	err = s.Room.Await(ctx, in.Rollout, in.Token, in.Now, resources, func() (any, bool, error) {
		a, err = s.turn(ctx, in, &r)
		edge.Note(ctx, "turn", a.State)
		return a, err == nil && a.State != TurnWaiting, err
	})
	return a, err
}

// begin finds or makes the record, so that people see who waits and can command it.
func (s *Shifting) begin(ctx context.Context, in Turn) (rollout.Record, error) {
	r, ok, err := s.Table.Rollout(ctx, in.Rollout)
	if err != nil || ok {
		return r, err
	}
	r = rollout.Record{ID: in.Rollout, Model: in.Model, Package: in.Package, State: rollout.Waiting, StartedAt: in.Now, Step: -1, Undo: in.Undo}
	if in.Undo {
		r.Undoes = rollout.Ranked(in.Rank) // it ranks as the newest of what it takes back
	}
	sp, err := s.Table.Spec(ctx, in.Model)
	if fault.Is(err, fault.NotFound) {
		return s.Table.PutRollout(ctx, r) // the plan says what is wrong
	}
	if err != nil {
		return r, err
	}
	r.Endpoint, r.Rules, r.Reason = sp.Endpoint.Name, sp.Rollout, "waits for endpoint "+sp.Endpoint.Name
	return s.Table.PutRollout(ctx, r)
}

// turn looks once.
func (s *Shifting) turn(ctx context.Context, in Turn, r *rollout.Record) (TurnAnswer, error) {
	if r.State != rollout.Waiting { // an earlier try came through
		return TurnAnswer{State: TurnCame}, s.Desk.Hold(ctx, in.Lease, in.Rollout, in.Now)
	}
	if err := s.obey(ctx, in.Step, r); err != nil {
		return TurnAnswer{}, err
	}
	if r.Control.Abort != "" {
		return TurnAnswer{State: TurnAborted, Reason: r.Control.Abort}, nil
	}
	newer, err := s.newer(ctx, in)
	if err != nil {
		return TurnAnswer{}, err
	}
	if newer != "" {
		return TurnAnswer{State: TurnSuperseded, Reason: fmt.Sprintf("rollout %s is newer, and waits for the same endpoint", newer)}, nil
	}
	if !r.MayBegin(in.Now) {
		at, _ := spec.NextOpening(r.Rules.Windows, in.Now)
		wait := min(max(at.Sub(in.Now), time.Second), longestLook)
		return TurnAnswer{State: TurnFrozen, Reason: "frozen until a window opens at " + at.UTC().Format(time.DateTime), Seconds: int((wait + time.Second - 1) / time.Second)}, nil
	}
	held, holder, err := s.Desk.Try(ctx, in.Lease, in.Rollout, in.Now)
	if err != nil {
		return TurnAnswer{}, err
	}
	if held {
		return TurnAnswer{State: TurnCame}, s.Table.LeaveTurn(ctx, in.Lease, in.Rollout)
	}
	return TurnAnswer{State: TurnWaiting}, s.nudge(ctx, in, r.Rules.Queue, holder)
}

// newer is the rollout that waits for the same endpoint and is newer than this one;
// "" if this one is the newest, of which older ones are told.
func (s *Shifting) newer(ctx context.Context, in Turn) (string, error) {
	for {
		next, err := s.Table.ClaimTurn(ctx, in.Lease, in.Rollout, in.Rank)
		if err != nil {
			return "", err
		}
		if next == in.Rollout {
			// Whoever waited before finds itself superseded when it looks again.
			_, err := s.Room.WakeOthers(ctx, event.LeaseOn(in.Lease), in.Rollout, TurnAnswer{State: TurnWaiting})
			return "", err
		}
		other, ok, err := s.Table.Rollout(ctx, next)
		if err != nil {
			return "", err
		}
		if ok && in.Undo && other.State == rollout.Waiting && !other.MayBegin(in.Now) {
			return "", nil // going back waits for no window, nor for who does
		}
		if ok && other.State == rollout.Waiting {
			return next, nil
		}
		// It waits no more: it has had its turn, or has ended.
		if err := s.Table.LeaveTurn(ctx, in.Lease, next); err != nil {
			return "", err
		}
	}
}

// nudge tells the rollout that has the endpoint that a newer one waits: a standby
// ends, and with queue replace the running rollout goes back.
func (s *Shifting) nudge(ctx context.Context, in Turn, queue spec.Queue, holder string) error {
	if holder == "" || holder == in.Rollout {
		return nil
	}
	return s.Table.AddCommand(ctx, rollout.Command{
		Rollout: holder, ID: "yield-to-" + in.Rollout, Verb: rollout.YieldNow, Replace: queue == spec.QueueReplace,
		By: in.Rollout, At: in.Now,
	})
}

// leased is the lease that the rollout changes its endpoint under.
func leased(r rollout.Record) string { return leasing.ForEndpoint(r.Endpoint) }
