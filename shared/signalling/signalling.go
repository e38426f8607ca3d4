// Package signalling wakes state machines when what they wait for has changed. Its
// method is the handler of on-signal, which hears of endpoints, pipeline executions
// and alarms.
//
// A wake-up carries no truth but one: that an alarm of a bake went off after the
// bake began. That is reason enough to roll back, so the machine need not look
// twice.
package signalling

import (
	"context"
	"encoding/json"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/shifting"
	"sluice/shared/waiting"
)

// Signalling wakes waiters.
type Signalling struct{ room *waiting.Room }

// New returns a Signalling for the waiters of room.
func New(room *waiting.Room) *Signalling { return &Signalling{room: room} }

// Woken says how many waiters an event woke.
type Woken struct {
	Waiters int `json:"waiters"`
}

// OnSignal is the handler of on-signal. Events that nobody waits for do nothing.
func (s *Signalling) OnSignal(ctx context.Context, raw json.RawMessage) (Woken, error) {
	e, err := event.Parse(raw)
	if err != nil {
		return Woken{}, err
	}
	subject, err := event.Subject(e)
	if err != nil {
		return Woken{}, err
	}
	edge.Note(ctx, "subject", subject)
	answer, want := any(struct{}{}), func(waiting.Waiter) bool { return true }
	if e.DetailType == event.AlarmStateType {
		a, err := event.AlarmState(e)
		if err != nil {
			return Woken{}, err
		}
		if a.State != "ALARM" {
			return Woken{}, nil
		}
		answer = shifting.Woke{Alarm: a.Name, Reason: a.Reason}
		// An alarm from before the wait is old news, delivered late: the wait has
		// looked at the alarm itself when it began.
		want = func(w waiting.Waiter) bool { return !a.At.Before(w.Since) }
	}
	n, err := s.room.Wake(ctx, subject, answer, want)
	edge.Note(ctx, "woken", n)
	return Woken{Waiters: n}, err
}
