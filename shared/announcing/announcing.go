// Package announcing tells others of rollouts: every event that a rollout's history
// carries is sent to the default bus, and people get a notice of what they may want to
// answer, with the commands to answer with. Its method is the handler of
// announce-rollout.
//
// The history is written before anything is told, and read from the table's stream, so
// that nothing is lost. An event, and a notice, may come twice: both name what they
// tell of.
package announcing

import (
	"context"
	"encoding/json"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

type bus interface {
	// Send sends events, at least once. Errors name what was not taken.
	Send(ctx context.Context, entries []event.Entry) error
}

type notices interface {
	// Publish sends a report to people.
	Publish(ctx context.Context, subject, text string) error
}

// Announcing sends events and notices.
type Announcing struct {
	bus     bus
	notices notices
}

// New returns an Announcing that sends to bus and notices.
func New(bus bus, notices notices) *Announcing { return &Announcing{bus: bus, notices: notices} }

// Announce is the handler of announce-rollout. It hears of new lines of history. What
// cannot be read is counted and passed over; what fails comes again, and holds up
// nothing else.
func (a *Announcing) Announce(ctx context.Context, changes event.Changes) (event.Outcome, error) {
	return edge.Each(ctx, changes, func(c event.Change) error { return a.tell(ctx, c) }), nil
}

// tell sends what a line of history tells. Errors: Invalid for an item that is no such
// line.
func (a *Announcing) tell(ctx context.Context, change event.Change) error {
	if change.Name != event.Inserted {
		return nil
	}
	var e rollout.Entry
	var d rollout.Detail
	if err := json.Unmarshal(change.Item, &e); err != nil {
		return fault.Invalid.Errorf("reading the line of history of change %s: %w", change.Sequence, err)
	}
	if e.Event == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
		return fault.Invalid.Errorf("reading the event in the history of rollout %s, of %s: %w", e.Rollout, e.At, err)
	}
	edge.Note(ctx, "rollout", e.Rollout)
	edge.Note(ctx, "event", e.Event)
	sent := event.Entry{Source: rollout.Source, DetailType: e.Event, Time: e.At, Detail: json.RawMessage(e.Detail)}
	if d.Package != "" {
		sent.Resources = []string{d.Package}
	}
	if err := a.bus.Send(ctx, []event.Entry{sent}); err != nil {
		return err
	}
	subject, text, ok := notice(e, d)
	if !ok {
		return nil
	}
	return a.notices.Publish(ctx, subject, text)
}
