// Package commanding hears of the commands that people, the registry and other
// rollouts write into the table. Its method is the handler of on-command.
//
// A rollout that is under way obeys commands itself, at its next look: here it is only
// woken. Of one that is over nobody looks any more, so its commands are answered here:
// retry and undo start another rollout, and everything else comes too late. What came
// while it was just ending is answered once its end stands in the history.
package commanding

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/requesting"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/waiting"
)

type table interface {
	// Rollout is the record of a rollout. ok is false if there is none.
	Rollout(ctx context.Context, id string) (r rollout.Record, ok bool, err error)
	// Rollouts lists a model's latest rollouts, newest first, at most limit.
	Rollouts(ctx context.Context, model string, limit int) ([]rollout.Record, error)
	// Command reads one command. ok is false if there is none.
	Command(ctx context.Context, rolloutID, id string) (c rollout.Command, ok bool, err error)
	// Commands lists a rollout's commands, oldest first, with what became of them.
	Commands(ctx context.Context, rolloutID string) ([]rollout.Command, error)
	// AnswerCommand writes down what became of a command.
	AnswerCommand(ctx context.Context, c rollout.Command) error
	// AddHistory adds to a rollout's history. The same entry may be added again.
	AddHistory(ctx context.Context, e rollout.Entry) error
}

type requests interface {
	// Retry starts the rollout of r's package once more, and returns its id.
	Retry(ctx context.Context, r rollout.Record, c requesting.Claim) (id string, err error)
	// Undo starts the rollout of what r took the place of, and returns its id.
	Undo(ctx context.Context, r rollout.Record, c requesting.Claim) (id string, err error)
}

// Commanding answers commands.
type Commanding struct {
	table    table
	requests requests
	room     *waiting.Room
}

// New returns a Commanding that starts rollouts through requests and wakes the waiters
// of room.
func New(table table, requests requests, room *waiting.Room) *Commanding {
	return &Commanding{table: table, requests: requests, room: room}
}

// OnCommand is the handler of on-command. It hears of new commands, and of the ends of
// rollouts. It may hear of one again: what is answered is passed over. What cannot be
// read is counted and passed over, too; what fails comes again, and holds up nothing
// else.
func (c *Commanding) OnCommand(ctx context.Context, changes event.Changes) (event.Outcome, error) {
	return edge.Each(ctx, changes, func(change event.Change) error { return c.take(ctx, change) }), nil
}

// take does what a new item asks for. Keys: awstable. Errors: Invalid for an item that
// is none of ours.
func (c *Commanding) take(ctx context.Context, change event.Change) error {
	if change.Name != event.Inserted {
		return nil
	}
	var key struct{ PK, SK string }
	var item struct{ Kind string }
	if err := json.Unmarshal(change.Key, &key); err != nil {
		return fault.Invalid.Errorf("reading the key of change %s: %w", change.Sequence, err)
	}
	id, ours := strings.CutPrefix(key.PK, "ROLLOUT#")
	command, isCommand := strings.CutPrefix(key.SK, "COMMAND#")
	switch {
	case ours && isCommand:
		return c.command(ctx, id, command, change.At)
	case ours && strings.HasPrefix(key.SK, "HISTORY#"):
		if err := json.Unmarshal(change.Item, &item); err != nil {
			return fault.Invalid.Errorf("reading the item of change %s: %w", change.Sequence, err)
		}
		if item.Kind == "end" {
			return c.ended(ctx, id, change.At)
		}
	}
	return nil
}

// command wakes the command's rollout, or answers if that is over. The item is read
// again: it may have been answered since.
func (c *Commanding) command(ctx context.Context, rolloutID, id string, now time.Time) error {
	cmd, ok, err := c.table.Command(ctx, rolloutID, id)
	if err != nil || !ok || !cmd.HandledAt.IsZero() {
		return err
	}
	edge.Note(ctx, "rollout", rolloutID)
	edge.Note(ctx, "command", cmd.Verb)
	r, ok, err := c.table.Rollout(ctx, rolloutID)
	switch {
	case err != nil:
		return err
	case !ok:
		cmd = cmd.Completed(now)
		cmd.HandledAt, cmd.Answer = now, "there is no rollout "+rolloutID
		return c.table.AnswerCommand(ctx, cmd)
	case !r.State.Final():
		n, err := c.room.Wake(ctx, event.RolloutNamed(rolloutID), shifting.Woke{}, nil)
		edge.Note(ctx, "woken", n)
		return err
	}
	return c.answer(ctx, r, cmd, now)
}
