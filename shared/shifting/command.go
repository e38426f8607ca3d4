package shifting

import (
	"context"
	"encoding/json"
	"fmt"

	"sluice/shared/edge"
	"sluice/shared/rollout"
)

// obey does what waiting commands ask of r, writes r, and answers them. A crash on
// the way answers no command twice: what was obeyed stands in the record until the
// answer is written down.
func (s *Shifting) obey(ctx context.Context, in Step, r *rollout.Record) error {
	all, err := s.Table.Commands(ctx, r.ID)
	if err != nil {
		return err
	}
	obeyed := map[string]rollout.Obeyed{}
	var pending []rollout.Command
	for _, c := range all {
		a, again := r.Control.Obeyed[c.ID]
		if !c.HandledAt.IsZero() || !again && r.State.Final() && c.Verb.Starts() {
			continue // answered, or on-command's to start another rollout for
		}
		c = c.Completed(in.Now)
		if !again {
			a.Answer, a.Accepted = r.Obey(c)
		}
		obeyed[c.ID] = a
		pending = append(pending, c)
	}
	if len(pending) == 0 {
		return nil
	}
	r.Control.Obeyed = obeyed
	if *r, err = s.Table.PutRollout(ctx, *r); err != nil {
		return err
	}
	for _, c := range pending {
		if err := s.answer(ctx, in, *r, c, obeyed[c.ID]); err != nil {
			return err
		}
	}
	return nil
}

// answer writes down what became of a command: in the history first, for an
// answered command is not seen again.
func (s *Shifting) answer(ctx context.Context, in Step, r rollout.Record, c rollout.Command, a rollout.Obeyed) error {
	edge.Note(ctx, "command", c.Verb)
	c.HandledAt, c.Accepted, c.Answer = in.Now, a.Accepted, a.Answer
	e, err := c.Entry()
	if err != nil {
		return err
	}
	if a.Accepted && c.Verb == rollout.PauseIt {
		if e, err = tell(e, r, rollout.HeldEvent, e.Text); err != nil {
			return err
		}
	}
	if err := s.Table.AddHistory(ctx, e); err != nil {
		return err
	}
	return s.Table.AnswerCommand(ctx, c)
}

// tell makes an entry one that others are told of by an event.
func tell(e rollout.Entry, r rollout.Record, detailType, reason string) (rollout.Entry, error) {
	detail, err := json.Marshal(r.Detail(reason))
	if err != nil {
		return e, fmt.Errorf("writing an event: %w", err)
	}
	e.Event, e.Detail = detailType, string(detail)
	return e, nil
}

// announce adds a line to the history that others are told of by an event.
func (s *Shifting) announce(ctx context.Context, in Step, r rollout.Record, kind, data, detailType, text string) error {
	e, err := tell(rollout.Entry{Rollout: r.ID, At: in.Now, Kind: kind, Text: text, Data: data}, r, detailType, text)
	if err != nil {
		return err
	}
	return s.Table.AddHistory(ctx, e)
}
