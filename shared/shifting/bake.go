package shifting

import (
	"context"

	"sluice/shared/edge"
	"sluice/shared/event"
)

// Woke is the answer of a bake that ended before its next look: what woke it.
// Without an alarm, the judge looks.
type Woke struct {
	Alarm  string `json:"alarm"` // that went off
	Reason string `json:"reason"`
}

// Bake is the handler of bake: it waits for the next look, which is the task's
// timeout, and ends at once when one of the rollout's alarms goes off or the
// endpoint changes.
func (s *Shifting) Bake(ctx context.Context, in Step) (Woke, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Woke{}, err
	}
	resources := []event.Resource{event.Endpoint(r.Endpoint)}
	for _, name := range r.Rules.Alarms {
		resources = append(resources, event.AlarmNamed(name))
	}
	var woke Woke
	err = s.Room.Await(ctx, in.Rollout, in.Token, in.Now, resources, func() (any, bool, error) {
		alarm, err := s.ringing(ctx, r.Rules.Alarms)
		woke = Woke{Alarm: alarm.Name, Reason: alarm.Reason}
		return woke, alarm.Name != "", err
	})
	edge.Note(ctx, "woke", woke.Alarm)
	return woke, err
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
