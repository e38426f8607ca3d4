package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/spec"
)

// Taken says what became of an event.
type Taken struct {
	Models []string `json:"models"` // whose demand it became part of
}

// OnAlarm is the handler of on-alarm: an alarm that went off becomes a cause in the
// demand of each model that names it as a drift trigger. Whether there is anything
// new to train on is decided when the demand is served, so that an alarm cannot
// retrain on old data in a circle.
func (i *Intake) OnAlarm(ctx context.Context, raw json.RawMessage) (Taken, error) {
	taken := Taken{Models: []string{}}
	e, err := event.Parse(raw)
	if err != nil {
		return taken, err
	}
	a, err := event.AlarmState(e)
	if err != nil {
		return taken, err
	}
	if a.State != "ALARM" {
		return taken, nil
	}
	triggers, err := i.table.DriftTriggers(ctx)
	if err != nil {
		return taken, err
	}
	// The alarm's own time names the event: EventBridge may deliver it twice.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", a.Name, a.At.UnixMilli()))
	c := cause("drift", hex.EncodeToString(sum[:8]), fmt.Sprintf("alarm %s", a.Name), a.At)
	seen := map[string]bool{}
	for _, t := range triggers {
		if seen[t.Model] || !(spec.DriftTrigger{Alarm: t.Pattern}).Match(a.Name) {
			continue
		}
		seen[t.Model] = true
		if err := i.addCause(ctx, t.Model, c); err != nil {
			return taken, err
		}
		taken.Models = append(taken.Models, t.Model)
	}
	if len(taken.Models) == 0 {
		edge.Count(ctx, "EventsIgnored", 1, a.At)
	}
	edge.Note(ctx, "alarm", a.Name)
	edge.Note(ctx, "models", taken.Models)
	return taken, nil
}
