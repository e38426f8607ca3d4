package shifting

import (
	"context"
	"fmt"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/rollout"
)

// Woke is the answer of a bake that ended before its next look: what woke it.
// Without an alarm, the judge looks.
type Woke struct {
	Alarm  string `json:"alarm"` // that went off
	Reason string `json:"reason"`
}

// Bake is the handler of bake: it waits for the next look, which is the task's
// timeout, and ends at once when one of the rollout's alarms goes off, the endpoint
// changes or a command comes. Standbys and closed windows are waited out by it too.
func (s *Shifting) Bake(ctx context.Context, in Step) (Woke, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Woke{}, err
	}
	var woke Woke
	err = s.Room.Await(ctx, in.Rollout, in.Token, in.Now, watched(r), func() (any, bool, error) {
		commands, err := s.Table.Commands(ctx, r.ID)
		if err != nil {
			return nil, false, err
		}
		for _, c := range commands {
			if c.HandledAt.IsZero() {
				return woke, true, nil // came while nobody waited
			}
		}
		if r.State == rollout.Waiting {
			return nil, false, nil // it has no users yet
		}
		alarm, err := s.ringing(ctx, r.Rules.Alarms)
		woke = Woke{Alarm: alarm.Name, Reason: alarm.Reason}
		return woke, alarm.Name != "", err
	})
	edge.Note(ctx, "woke", woke.Alarm)
	return woke, err
}

// watched are the resources whose change ends a bake.
func watched(r rollout.Record) []event.Resource {
	resources := []event.Resource{event.RolloutNamed(r.ID)}
	if r.State == rollout.Waiting {
		return resources
	}
	resources = append(resources, event.Endpoint(r.Endpoint))
	for _, name := range r.Rules.Alarms {
		resources = append(resources, event.AlarmNamed(name))
	}
	return resources
}

// ringing is the first alarm in ALARM; the zero Alarm if there is none.
func (s *Shifting) ringing(ctx context.Context, names []string) (Alarm, error) {
	states, err := s.Alarms.States(ctx, names)
	if err != nil {
		return Alarm{}, err
	}
	for _, a := range states {
		if a.State == "ALARM" {
			return a, nil
		}
	}
	return Alarm{}, nil
}

// wentOff says that an alarm is why a rollout goes back.
func wentOff(alarm, reason string) string { return fmt.Sprintf("alarm %s went off: %s", alarm, reason) }
