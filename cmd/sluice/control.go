package main

import (
	"fmt"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// controls are what people, windows and the judge's doubts have made of a rollout under
// way, each under its name.
func controls(r rollout.Record, now time.Time) (facts []ui.Field) {
	say := func(name, format string, args ...any) {
		facts = append(facts, ui.Field{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	c := r.Control
	if r.State.Final() || r.State == rollout.Returning {
		return nil
	}
	if c.Abort != "" {
		say("going back", "%s", people(c.Abort))
	}
	if p := c.Paused; p != nil {
		say("paused", "by %s, %s", people(p.By), ago(now, p.At))
	}
	if g := r.OpenGate(); g != nil {
		say("approval", "%s, asked for %s, expires %s, and then the rollout %s", g.ID, ago(now, g.AskedAt), at(g.Expires), onTimeout(r.Now().OnTimeout))
	}
	if !c.Frozen.IsZero() || r.State == rollout.Waiting && !r.MayBegin(now) {
		say("frozen", "%s", frozen(r, now))
	}
	if r.State == rollout.Standby {
		end := r.PromotedAt.Add(r.Plan.Standby)
		say("standby", "%s is kept warm until %s, %s of %s left", r.Baseline.Variant, at(end), took(max(end.Sub(now), 0)), spec.Duration(r.Plan.Standby))
	}
	if c.Full {
		say("skips", "all bakes, approvals and pauses that are left")
	}
	if c.Retire != "" {
		say("no standby", "ended, or left out, by %s", people(c.Retire))
	}
	return facts
}

// frozen says since when windows hold the rollout, and until when.
func frozen(r rollout.Record, now time.Time) string {
	text := "no window is open"
	if since := r.Control.Frozen; !since.IsZero() {
		text += fmt.Sprintf(" since %s", at(since))
	}
	if next, ok := spec.NextOpening(r.Rules.Windows, now); ok {
		return text + ", the next one opens " + at(next)
	}
	return text + ", and none ever opens"
}

// onTimeout is what an approval comes to that nobody gives.
func onTimeout(t spec.Timeout) string {
	if t == spec.TimeoutPromote {
		return "goes on"
	}
	return "goes back"
}

// next is what a person can do about a rollout as it stands; "" if it needs nobody.
func next(r rollout.Record) string {
	abort := ", sluice abort " + r.ID + " takes it back"
	switch s := standing(r); {
	case r.Control.Abort != "" && !r.State.Final():
		return ""
	case r.State == rollout.Standby:
		return "sluice undo " + r.ID + " takes it back by weight alone, sluice promote " + r.ID + " ends the standby"
	case r.State == rollout.Waiting:
		return "sluice abort " + r.ID + " ends it before it begins"
	case r.OpenGate() != nil:
		id := r.OpenGate().ID
		return fmt.Sprintf("sluice approve %s --gate %s lets it go on, sluice reject %[1]s --gate %[2]s takes it back", r.ID, id)
	case s.word == "paused":
		return "sluice resume " + r.ID + " lets it go on" + abort
	case s.word == "held":
		return "sluice promote " + r.ID + " ends the step" + abort
	case s.word == "frozen":
		return "it goes on by itself; sluice abort " + r.ID + " takes it back"
	}
	return nextAfter(r)
}

// nextAfter is what a person can do about a rollout that is over.
func nextAfter(r rollout.Record) string {
	switch r.State {
	case rollout.Halted:
		if r.UnlockedAt.IsZero() {
			return "look at endpoint " + r.Endpoint + ", bring it to where it should be, then sluice unlock " + r.Model
		}
		return "sluice retry " + r.ID + " rolls the package out again"
	case rollout.RolledBack, rollout.Aborted, rollout.Refused, rollout.Superseded:
		return "sluice retry " + r.ID + " tries it again, as the spec and the endpoint are then"
	case rollout.Promoted:
		if _, undoable := r.Obey(rollout.Command{Verb: rollout.Undo}); undoable {
			return "sluice undo " + r.ID + " rolls " + sideName(r.Baseline) + " out again"
		}
	}
	return ""
}

// unanswered lists commands that the rollout has not answered yet.
func unanswered(commands []rollout.Command, now time.Time) (facts []ui.Field) {
	for _, c := range commands {
		if c.HandledAt.IsZero() {
			facts = append(facts, ui.Field{Name: "command", Value: fmt.Sprintf("%s by %s, given %s, is not answered yet", c.Verb, people(c.By), ago(now, c.At))})
		}
	}
	return facts
}

// attention is a problem to show of a rollout that waits for a person, beside others;
// ok is false if it does not.
func attention(r rollout.Record) (p ui.Problem, ok bool) {
	if r.Control.Paused == nil && r.Now().Kind == rollout.Rest && r.Now().Limit > 0 {
		return ui.Problem{}, false // a pause that ends by itself
	}
	switch standing(r).word {
	case "to approve", "paused", "held":
		return ui.Problem{Warning: true, Text: fmt.Sprintf("rollout %s %s", r.ID, standing(r).sentence), Fix: next(r)}, true
	}
	return ui.Problem{}, false
}
