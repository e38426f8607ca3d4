package commanding

import (
	"context"
	"errors"
	"time"

	"sluice/shared/fault"
	"sluice/shared/requesting"
	"sluice/shared/rollout"
)

// ended answers what is unanswered when a rollout has ended, and carries out what was
// put off until then.
func (c *Commanding) ended(ctx context.Context, id string, now time.Time) error {
	r, ok, err := c.table.Rollout(ctx, id)
	if err != nil || !ok || !r.State.Final() {
		return err
	}
	commands, err := c.table.Commands(ctx, id)
	if err != nil {
		return err
	}
	var failed error
	for _, cmd := range commands {
		if putOff(r, cmd.Verb, cmd.Accepted) && cmd.Starts == "" {
			cmd.HandledAt, cmd.Accepted, cmd.Answer = time.Time{}, false, ""
		}
		if cmd.HandledAt.IsZero() {
			failed = errors.Join(failed, c.answer(ctx, r, cmd, now))
		}
	}
	return failed
}

// putOff reports whether a command that the rollout has obeyed or refused was left for
// after its end: a recall while it was being promoted.
func putOff(r rollout.Record, v rollout.Verb, accepted bool) bool {
	return v == rollout.Recall && accepted && r.State == rollout.Promoted
}

// answer does what a command asks of a rollout that is over, and writes down what
// became of it: in the history first, for an answered command is not seen again.
func (c *Commanding) answer(ctx context.Context, r rollout.Record, cmd rollout.Command, now time.Time) error {
	cmd = cmd.Completed(now)
	// The rollout may have obeyed, and ended before it could say so.
	obeyed, done := r.Control.Obeyed[cmd.ID]
	if !done || putOff(r, cmd.Verb, obeyed.Accepted) {
		var err error
		if obeyed, err = c.obey(ctx, r, &cmd); err != nil {
			return err
		}
	}
	cmd.HandledAt, cmd.Accepted, cmd.Answer = now, obeyed.Accepted, obeyed.Answer
	e, err := cmd.Entry()
	if err != nil {
		return err
	}
	if err := c.table.AddHistory(ctx, e); err != nil {
		return err
	}
	return c.table.AnswerCommand(ctx, cmd)
}

// obey does what a command asks of a rollout that is over, if that can be done. It
// writes into cmd which rollout that starts.
func (c *Commanding) obey(ctx context.Context, r rollout.Record, cmd *rollout.Command) (rollout.Obeyed, error) {
	answer, accepted := r.Obey(*cmd)
	if !accepted {
		return rollout.Obeyed{Answer: answer}, nil
	}
	if cmd.Starts == "" { // else an earlier try has looked
		others, err := c.table.Rollouts(ctx, r.Model, rollout.Recent)
		if err != nil {
			return rollout.Obeyed{}, err
		}
		if why := r.InTheWay(cmd.Verb, others); why != "" {
			return rollout.Obeyed{Answer: why}, nil
		}
	}
	claim := requesting.Claim{Rollout: cmd.Starts, Write: func(id string) error {
		cmd.Starts = id
		return c.table.AnswerCommand(ctx, *cmd)
	}}
	start := c.requests.Undo
	if cmd.Verb == rollout.Retry {
		start = c.requests.Retry
	}
	id, err := start(ctx, r, claim)
	switch fault.Of(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict:
		return rollout.Obeyed{Answer: err.Error()}, nil // it will be so the next time, too
	}
	cmd.Starts = id
	return rollout.Obeyed{Accepted: true, Answer: answer + ": rollout " + id}, err
}
