package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awstable"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// watch follows the rollout of the model until it is over, and then shows how it
// ended. It waits for one if none is under way.
func (s *status) watch(c *call, t *awstable.Table) error {
	w := watching{call: c, table: t}
	waits := false
	for {
		m, err := read(c.ctx, t, s.Model)
		if err != nil {
			return err
		}
		switch {
		case m.rollout != nil && w.id == "" && m.rollout.State.Final(), m.rollout == nil:
			if !waits {
				waits = true
				c.print.Note(fmt.Sprintf("no rollout of %s is under way: waiting for one, interrupt to stop", s.Model))
			}
		default:
			if err := w.show(*m.rollout); err != nil {
				return err
			}
		}
		if w.over {
			c.print.EndLive()
			m, err := s.one(c, t)
			if err != nil {
				return err
			}
			return s.exit(m.exit())
		}
		if err := c.pause(max(s.Every, time.Second)); err != nil {
			return err
		}
	}
}

// watching is a rollout being watched.
type watching struct {
	call  *call
	table *awstable.Table
	id    string
	rev   int // of the record that was shown last
	shown int // entries of history that have become rows
	looks []look
	over  bool
}

// show prints what is new since the last time, and the state as it is now.
func (w *watching) show(r rollout.Record) error {
	if w.id != "" && w.id != r.ID { // it ended, and the next began, between two looks
		last, ok, err := w.table.Rollout(w.call.ctx, w.id)
		if err != nil || !ok {
			return err
		}
		r = last
	}
	// History is read again only when the record has changed: it is long.
	if w.id == "" || w.rev != r.Rev || r.State.Final() {
		entries, err := w.table.History(w.call.ctx, r.ID)
		if err != nil {
			return err
		}
		if w.looks, err = looks(entries); err != nil {
			return err
		}
		for _, e := range entries[min(w.shown, len(entries)):] {
			if e.Kind != "look" {
				w.call.print.Row(row(e, r, false))
			}
		}
		w.shown = len(entries)
		// The end is told once the last line of history is there.
		w.over = r.State.Final() && slices.ContainsFunc(entries, func(e rollout.Entry) bool { return e.Kind == "end" })
	}
	w.id, w.rev = r.ID, r.Rev
	if !w.over {
		w.call.print.Live(w.live(r))
	}
	return nil
}

// live is the rollout as it is now.
func (w *watching) live(r rollout.Record) ui.Live {
	now := w.call.now()
	l := ui.Live{
		Time: now, Elapsed: now.Sub(r.StartedAt), Subject: r.Endpoint, Mark: standing(r).mark,
		Baseline: ui.Share{Name: sideName(r.Baseline), Weight: 100 - weight(r)}, Candidate: ui.Share{Name: packageName(r.Package), Weight: weight(r)},
	}
	l.Steps = progress(r, now)
	switch {
	case r.State == rollout.Standby:
		l.Step = fmt.Sprintf("%d of %d, standby, %s of %s", r.Step+1, len(r.Plan.Steps), took(now.Sub(r.PromotedAt)), spec.Duration(r.Plan.Standby))
	case r.Step >= 0 && r.State == rollout.Running:
		l.Step, _, _ = strings.Cut(stepText(r, now), ", then ")
		if r.Steps[r.Step].ReachedAt.IsZero() {
			l.Mark = ui.Shift
		}
	}
	for _, k := range w.looks {
		l.Looks = append(l.Looks, ui.Look{Time: k.at, Mark: k.mark(), Text: k.text()})
	}
	if judged := compared(w.looks); len(judged) > 0 {
		v := judged[len(judged)-1].Verdict
		l.Evidence = ui.Evidence{Wealth: math.Exp(v.Evidence), Limit: math.Exp(v.Limit)}
	}
	return l
}
