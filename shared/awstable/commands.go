package awstable

import (
	"context"

	"sluice/shared/fault"
	"sluice/shared/rollout"
)

func commandKey(c rollout.Command) key { return key{"ROLLOUT#" + c.Rollout, "COMMAND#" + c.ID} }

// AddCommand writes a command to a rollout. The same one may be written again.
func (t *Table) AddCommand(ctx context.Context, c rollout.Command) error {
	err := t.put(ctx, commandKey(c), c, condition{expression: "attribute_not_exists(pk)"})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Commands lists a rollout's commands, oldest first, with what became of them.
func (t *Table) Commands(ctx context.Context, id string) ([]rollout.Command, error) {
	return query[rollout.Command](ctx, t, "ROLLOUT#"+id, "COMMAND#", page{})
}

// AnswerCommand writes down what became of a command.
func (t *Table) AnswerCommand(ctx context.Context, c rollout.Command) error {
	return t.put(ctx, commandKey(c), c, condition{})
}
