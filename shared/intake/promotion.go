package intake

import (
	"context"
	"encoding/json"
	"fmt"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

// OnPromotion is the handler of on-promotion: a rollout that was promoted becomes a
// cause in the demand of each model that trains after the rollout's. Its time and its
// id tell it from others: the event may come twice, or after that of a newer rollout,
// and asks for nothing then. Whether promotions come round in a circle is decided when
// the demand is served.
func (i *Intake) OnPromotion(ctx context.Context, raw json.RawMessage) (Taken, error) {
	taken := Taken{Models: []string{}}
	e, err := event.Parse(raw)
	if err != nil {
		return taken, err
	}
	var d rollout.Detail
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return taken, fault.Invalid.Errorf("reading the detail of event %s: %w", e.ID, err)
	}
	if e.Source != rollout.Source || e.DetailType != rollout.PromotedEvent || d.Model == "" || d.Rollout == "" || e.Time.IsZero() {
		return taken, fault.Invalid.Errorf("event %s is no %q of %s with time, rollout and model", e.ID, rollout.PromotedEvent, rollout.Source)
	}
	models, err := i.table.ModelsAfter(ctx, d.Model)
	if err != nil {
		return taken, err
	}
	text := fmt.Sprintf("model %s, rollout %s, package %s", d.Model, d.Rollout, d.Package)
	for _, model := range models {
		added, err := i.serve(ctx, model, "promotion of "+d.Model, cause(demand.Promotion, d.Rollout, text, e.Time))
		if err != nil {
			return taken, err
		}
		if added {
			taken.Models = append(taken.Models, model)
		}
	}
	edge.Note(ctx, "rollout", d.Rollout)
	edge.Note(ctx, "models", taken.Models)
	return taken, nil
}
