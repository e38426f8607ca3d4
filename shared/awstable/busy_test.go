package awstable_test

import (
	"testing"

	"sluice/shared/demand"
	"sluice/shared/fault"
)

// Writes that are in each other's way are tried again, and not for ever.
func TestInTheWay(t *testing.T) {
	w := newWorld(t)
	w.db.TransactionConflicts = 0.3
	for i := range 20 {
		w.ok(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: string(rune('a' + i))}))
	}
	w.db.TransactionConflicts = 1
	w.is(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "z"}), fault.Conflict)
}
