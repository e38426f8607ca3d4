package awstable

import (
	"context"

	"sluice/shared/delivering"
)

func deliveryKey(a delivering.Action) key {
	return key{modelKey(a.Model, "").PK, "DELIVERY#" + a.Pipeline + "/" + a.Stage}
}

// Deliveries fills delivering's table.
func (t *Table) Deliveries(ctx context.Context, model string) ([]delivering.Action, error) {
	return query[delivering.Action](ctx, t, modelKey(model, "").PK, "DELIVERY#", page{})
}

// PutDelivery fills delivering's table.
func (t *Table) PutDelivery(ctx context.Context, a delivering.Action) error {
	return t.put(ctx, deliveryKey(a), a, condition{})
}

// DropDelivery fills delivering's table.
func (t *Table) DropDelivery(ctx context.Context, a delivering.Action) error {
	return t.remove(ctx, deliveryKey(a), condition{})
}
