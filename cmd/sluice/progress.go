package main

import (
	"fmt"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// progress is the plan of a rollout step by step, with how far each has come; the
// standby is its last step.
func progress(r rollout.Record, now time.Time) []ui.Step {
	var all []ui.Step
	for i := range r.Plan.Steps {
		all = append(all, stepProgressed(r, i, now))
	}
	if r.Plan.Standby > 0 && !r.First {
		all = append(all, standbyStep(r, now))
	}
	return all
}

// stepProgressed is one step of the plan.
func stepProgressed(r rollout.Record, i int, now time.Time) ui.Step {
	s := ui.Step{Mark: ui.Wait, Text: stepWords(r.Plan.Steps[i])}
	if i >= len(r.Steps) || i > r.Step {
		return s
	}
	p := r.Steps[i]
	switch {
	case p.AskedAt.IsZero():
		s.Mark, s.Note, s.Done = ui.Info, "skipped", 1
	case !p.EndedAt.IsZero():
		s.Mark, s.Done = ui.Done, 1
		if !p.ReachedAt.IsZero() {
			s.Note = "took " + took(p.EndedAt.Sub(p.ReachedAt))
		}
		if i == r.Step && r.PromotedAt.IsZero() && (r.State == rollout.Returning || r.State.Final()) {
			s.Mark = wordings[r.State].mark // it did not end well
		}
	default:
		s.Mark, s.Note = standing(r).mark, stepProgress(r, i, now)
		if p.ReachedAt.IsZero() {
			s.Mark = ui.Shift
			break
		}
		s.Done = 1
		if length := max(r.Plan.Steps[i].Bake, r.Plan.Steps[i].Limit); length > 0 {
			s.Done = part(now.Sub(p.ReachedAt), length)
		}
	}
	return s
}

// standbyStep is the time after promotion during which the baseline is kept warm.
func standbyStep(r rollout.Record, now time.Time) ui.Step {
	s := ui.Step{Mark: ui.Wait, Text: fmt.Sprintf("standby of %s", spec.Duration(r.Plan.Standby))}
	lasts := max(now.Sub(r.PromotedAt), 0)
	switch {
	case r.PromotedAt.IsZero():
	case r.State == rollout.Standby:
		s.Mark, s.Done = standing(r).mark, part(lasts, r.Plan.Standby)
		s.Note = fmt.Sprintf("%s of %s", took(lasts), spec.Duration(r.Plan.Standby))
	default:
		s.Mark, s.Done, s.Note = ui.Done, 1, "over"
	}
	return s
}

// part is how much of a length of time is over, 0 to 1.
func part(lasts, length time.Duration) float64 {
	return max(0, min(float64(lasts)/float64(length), 1))
}
