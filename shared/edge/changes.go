package edge

import (
	"context"

	"sluice/shared/event"
	"sluice/shared/fault"
)

// Each does something for each change of a batch, in order, and answers for the batch.
// A change that cannot be read, and one for which do fails with Invalid, is counted as
// ChangesUnreadable and passed over: it would be no better the next time. What else
// fails comes again, and holds up none of the others.
func Each(ctx context.Context, changes event.Changes, do func(event.Change) error) event.Outcome {
	var out event.Outcome
	for _, c := range changes {
		err := c.Err
		if err == nil {
			err = do(c)
		}
		switch {
		case err == nil:
		case fault.Is(err, fault.Invalid):
			Note(ctx, "unreadable", err.Error())
			Count(ctx, "ChangesUnreadable", 1, c.At)
		default:
			Note(ctx, "failed", err.Error())
			out.Failures = append(out.Failures, event.Again(c).Failures...)
		}
	}
	return out
}
