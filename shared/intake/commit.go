package intake

import (
	"context"
	"time"

	"sluice/shared/demand"
)

// Commit puts a commit into the demand of a model as a reason to train. Repeating it
// adds nothing while the demand is open, and what has been trained on a commit is not
// trained on it again.
func (i *Intake) Commit(ctx context.Context, model, commit, text string, at time.Time) error {
	return i.add(ctx, model, cause(demand.CommitCause, commit, text, at))
}
