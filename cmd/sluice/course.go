package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// reasonOf is why a rollout ended, or was promoted.
func reasonOf(r rollout.Record) string {
	if r.Reason != "" {
		return people(r.Reason)
	}
	return people(r.PromotedFor)
}

// intent is what a rollout was to do, by which steps.
func intent(r rollout.Record) string {
	text := fmt.Sprintf("%s on endpoint %s", replaces(r), orDash(r.Endpoint))
	if len(r.Plan.Steps) == 0 {
		return text + "; it came to no plan"
	}
	text += fmt.Sprintf(": %s, a look every %s", steps(r.Plan), spec.Duration(r.Plan.Look))
	if r.Plan.Standby > 0 {
		text += fmt.Sprintf(", a standby of %s", spec.Duration(r.Plan.Standby))
	}
	return text
}

// course is how far the rollout came, and when.
func course(r rollout.Record, now time.Time) string {
	text := "began " + r.StartedAt.UTC().Format(secondFormat) + " UTC"
	switch {
	case r.Step >= 0 && r.State.Final():
		text += fmt.Sprintf(", reached %d%% (step %d of %d)", r.Weight(), r.Step+1, len(r.Plan.Steps))
	case r.Step >= 0:
		text += fmt.Sprintf(", is at %d%% (step %d of %d)", weight(r), r.Step+1, len(r.Plan.Steps))
	case r.State.Final():
		text += ", never got requests"
	}
	if !r.PromotedAt.IsZero() {
		text += ", promoted after " + took(r.PromotedAt.Sub(r.StartedAt))
	}
	if r.State.Final() {
		return text + ", ended " + took(r.EndedAt.Sub(r.StartedAt)) + " later"
	}
	return text + ", " + ago(now, r.StartedAt)
}

// stages is how long each step lasted that was asked for, if there is more than a
// weight to tell of.
func stages(r rollout.Record, now time.Time) string {
	if !slices.ContainsFunc(r.Plan.Steps, func(s rollout.Step) bool { return s.Kind != rollout.Weigh && s.Kind != "" }) {
		return ""
	}
	var said []string
	for i := 0; i <= min(r.Step, len(r.Steps)-1); i++ {
		p := r.Steps[i]
		switch {
		case p.AskedAt.IsZero():
			said = append(said, stepWords(r.Plan.Steps[i])+" skipped")
		case p.ReachedAt.IsZero() || p.EndedAt.IsZero():
			said = append(said, stepWords(r.Plan.Steps[i])+" "+stepProgress(r, i, now))
		default:
			said = append(said, stepWords(r.Plan.Steps[i])+" took "+took(p.EndedAt.Sub(p.ReachedAt)))
		}
	}
	return strings.Join(said, ", ")
}

// standbyText is how long the baseline was kept warm, of a rollout whose standby is
// over.
func standbyText(r rollout.Record) string {
	if r.PromotedAt.IsZero() || r.Plan.Standby == 0 || !r.State.Final() {
		return ""
	}
	text := fmt.Sprintf("%s was kept warm for at most %s", sideName(r.Baseline), spec.Duration(r.Plan.Standby))
	if r.Control.Retire != "" {
		text += ", cut short by " + people(r.Control.Retire)
	}
	if r.State != rollout.Promoted {
		text += ", and has all requests again"
	}
	return text
}

// mostCommands is how many commands are told one by one.
const mostCommands = 4

// commandsText is who commanded what.
func commandsText(entries []rollout.Entry) string {
	var said []string
	for _, e := range entries {
		if c, ok := commandOf(e); ok {
			word := "accepted"
			if !c.Accepted {
				word = "refused"
			}
			said = append(said, fmt.Sprintf("%s by %s at %s, %s", c.Verb, people(c.By), c.At.UTC().Format(secondFormat), word))
		}
	}
	if n := len(said); n > mostCommands {
		said = append([]string{fmt.Sprintf("%d earlier ones", n-mostCommands)}, said[n-mostCommands:]...)
	}
	return strings.Join(said, "; ")
}

// wayBack is how long it took from the decision to go back until the first requests
// were asked back, and until the endpoint was verified to be the baseline's. An alarm
// that ended a bake decides without a look.
func wayBack(r rollout.Record, entries []rollout.Entry) string {
	if r.State != rollout.RolledBack && r.State != rollout.Aborted || r.Step < 0 {
		return ""
	}
	var decided, asked time.Time
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Text, "rollBack at ") || e.Kind == "verdict":
			decided, asked = e.At, time.Time{}
		case e.Kind == "effect" && ofWeight.MatchString(e.Text) && (asked.IsZero() || decided.IsZero()):
			asked = e.At
		}
	}
	verified := func(since time.Time) string { return "endpoint verified as before " + took(r.EndedAt.Sub(since)) }
	switch {
	case decided.IsZero() && asked.IsZero():
		return ""
	case asked.IsZero():
		return verified(decided) + " after the decision"
	case decided.IsZero():
		return verified(asked) + " after the requests were asked back"
	}
	return fmt.Sprintf("requests asked back %s after the decision, %s after it", took(asked.Sub(decided)), verified(decided))
}

// changes counts what was asked of the endpoint and what it answered.
func changes(entries []rollout.Entry) string {
	asked, readings := 0, 0
	for _, e := range entries {
		switch e.Kind {
		case "effect":
			asked++
		case "reading":
			readings++
		}
	}
	if asked == 0 {
		return ""
	}
	return fmt.Sprintf("%s asked of the endpoint, %s verified by DescribeEndpoint", counted(int64(asked), "change"), count(int64(readings)))
}
