package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"sluice/shared/demand"
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
// retrain on old data in a circle. For triggers with a hold it is noted, too, when an
// alarm is over.
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
	if a.State != "ALARM" && a.State != "OK" {
		return taken, nil
	}
	triggers, err := i.table.DriftTriggers(ctx)
	if err != nil {
		return taken, err
	}
	fits := i.fits(ctx, a)
	seen := map[string]bool{}
	for _, t := range triggers {
		if seen[t.Model] || a.State == "OK" && t.Hold == 0 {
			continue
		}
		fit, err := fits(t)
		if err != nil {
			return taken, err
		}
		if !fit {
			continue
		}
		seen[t.Model] = true
		if err := i.addAlarm(ctx, t, a); err != nil {
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

// fits says whether an alarm is meant by a trigger. The alarm's tags are read once, and
// only if a trigger asks for them.
func (i *Intake) fits(ctx context.Context, a event.Alarm) func(DriftTrigger) (bool, error) {
	var tags map[string]string
	return func(t DriftTrigger) (bool, error) {
		key, value, byTag := strings.Cut(t.Tag, "=")
		if !byTag {
			return spec.DriftTrigger{Alarm: t.Pattern}.Match(a.Name), nil
		}
		if tags == nil {
			var err error
			if tags, err = i.alarms.Tags(ctx, a.ARN); err != nil {
				return false, err
			}
		}
		got, tagged := tags[key]
		return tagged && got == value, nil
	}
}

// addAlarm adds an alarm's change to a model's demand. The alarm's own time names the
// change: EventBridge may deliver it twice.
func (i *Intake) addAlarm(ctx context.Context, t DriftTrigger, a event.Alarm) error {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", a.Name, a.At.UnixMilli()))
	name := hex.EncodeToString(sum[:8])
	if a.State == "OK" {
		c := cause(demand.Calm, name, "alarm "+a.Name, a.At)
		c.Alarm = a.Name
		_, err := i.note(ctx, t.Model, c)
		return err
	}
	reason := a.Reason
	if a.Name == spec.DriftAlarm(t.Model) { // its datapoints say less than what they were made of
		moved, err := i.table.Drifted(ctx, t.Model)
		if err != nil {
			return err
		}
		reason = cmp.Or(moved, reason)
	}
	text := fmt.Sprintf("alarm %s", a.Name)
	if reason := shorten(reason); reason != "" {
		text += " (" + reason + ")"
	}
	c := cause(demand.Drift, name, text, a.At)
	c.Alarm, c.Hold = a.Name, t.Hold
	_, err := i.addCause(ctx, t.Model, c)
	return err
}

// maxReason bounds an alarm's reason within a cause, in bytes.
const maxReason = 200

func shorten(text string) string {
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason-3], "") + "..."
	}
	return text
}
