package intake

import (
	"context"
	"encoding/json"
	"fmt"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/schedule"
)

// OnSchedule is the handler of on-schedule, which a rule calls every quarter of an
// hour: each schedule that has come due since it was last served becomes a cause in
// its model's demand. A call that is lost or late is made good by the next.
func (i *Intake) OnSchedule(ctx context.Context, raw json.RawMessage) (Taken, error) {
	taken := Taken{Models: []string{}}
	e, err := event.Parse(raw)
	if err == nil && e.Time.IsZero() {
		err = fault.Invalid.Errorf("event %s has no time", e.ID)
	}
	if err != nil {
		return taken, err
	}
	triggers, err := i.table.ScheduleTriggers(ctx)
	if err != nil {
		return taken, err
	}
	for _, t := range triggers {
		s := schedule.Schedule{Cron: t.Cron, Zone: t.Zone, Rate: t.Rate}
		due, ok := s.Last(e.Time)
		if !ok || !due.After(t.Since) {
			continue
		}
		text := fmt.Sprintf("%s, due %s", s, due.Format("2006-01-02 15:04"))
		added, err := i.serve(ctx, t.Model, s.String(), cause(demand.Schedule, fmt.Sprint(due.Unix()), text, due))
		if err != nil {
			return taken, err
		}
		if added {
			taken.Models = append(taken.Models, t.Model)
		}
	}
	edge.Note(ctx, "models", taken.Models)
	return taken, nil
}

// serve adds a cause that a trigger asks for, unless what it asked for up to then has
// been served: events come late and twice.
func (i *Intake) serve(ctx context.Context, model, trigger string, c demand.Chunk) (added bool, err error) {
	served, err := i.table.Served(ctx, model, trigger)
	if err != nil || !c.LastAt.After(served) {
		return false, err
	}
	// The cause is added before it counts as served; added twice, it is the same.
	if _, err := i.addCause(ctx, model, c); err != nil {
		return false, err
	}
	return true, i.table.SetServed(ctx, model, trigger, c.LastAt)
}
