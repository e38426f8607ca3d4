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
	_, err := i.addCause(ctx, model, cause(demand.Commit, commit, text, at))
	return err
}
