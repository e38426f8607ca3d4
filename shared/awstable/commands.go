package awstable

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/shared/fault"
	"sluice/shared/rollout"
)

const (
	rolloutPrefix = "ROLLOUT#"
	commandPrefix = "COMMAND#"
)

func commandKey(rolloutID, id string) key { return key{rolloutPrefix + rolloutID, commandPrefix + id} }

// commandItem is a command as it stands in the table, where anyone with the right to
// write may have put it by hand.
type commandItem struct{ rollout.Command }

// UnmarshalDynamoDBAttributeValue reads what is there. One slip must not hold up the
// other commands, or the rollout: what is no command has the verb Unreadable, which
// every rollout refuses. The key says which command it is and whose, whatever else
// the item says.
func (it *commandItem) UnmarshalDynamoDBAttributeValue(v types.AttributeValue) error {
	m, ok := v.(*types.AttributeValueMemberM)
	if !ok {
		return fault.Internal.Errorf("reading a command: it is %T, no item", v)
	}
	var k struct {
		PK string `json:"pk"`
		SK string `json:"sk"`
	}
	if err := unmarshal(m.Value, &k); err != nil {
		return err
	}
	if err := unmarshal(m.Value, &it.Command); err != nil {
		it.Command = rollout.Command{Verb: rollout.Unreadable}
	}
	it.Rollout, it.ID = strings.TrimPrefix(k.PK, rolloutPrefix), strings.TrimPrefix(k.SK, commandPrefix)
	return nil
}

// AddCommand writes a command to a rollout. The same one may be written again.
func (t *Table) AddCommand(ctx context.Context, c rollout.Command) error {
	err := t.put(ctx, commandKey(c.Rollout, c.ID), c, condition{expression: "attribute_not_exists(pk)"})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Command reads one command. ok is false if there is none.
func (t *Table) Command(ctx context.Context, rolloutID, id string) (c rollout.Command, ok bool, err error) {
	var it commandItem
	ok, err = t.get(ctx, commandKey(rolloutID, id), &it)
	return it.Command, ok, err
}

// Commands lists a rollout's commands, oldest first, with what became of them.
func (t *Table) Commands(ctx context.Context, rolloutID string) ([]rollout.Command, error) {
	items, err := query[commandItem](ctx, t, rolloutPrefix+rolloutID, commandPrefix, page{})
	all := make([]rollout.Command, len(items))
	for i, it := range items {
		all[i] = it.Command
	}
	slices.SortStableFunc(all, func(a, b rollout.Command) int { return a.At.Compare(b.At) })
	return all, err
}

// AnswerCommand writes down what became of a command.
func (t *Table) AnswerCommand(ctx context.Context, c rollout.Command) error {
	return t.put(ctx, commandKey(c.Rollout, c.ID), c, condition{})
}
