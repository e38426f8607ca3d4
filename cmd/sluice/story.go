package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

// look is a line of history that is a look, with its numbers.
type look struct {
	shifting.Look
	at time.Time
}

// looks are the looks of a history, in order. Errors: one whose numbers cannot be
// read.
func looks(entries []rollout.Entry) ([]look, error) {
	var all []look
	for _, e := range entries {
		if e.Kind != "look" {
			continue
		}
		l := look{at: e.At}
		if err := json.Unmarshal([]byte(e.Data), &l.Look); err != nil {
			return nil, fmt.Errorf("reading the look of rollout %s at %s: %w", e.Rollout, e.At.Format(time.RFC3339), err)
		}
		all = append(all, l)
	}
	return all, nil
}

// mark is what the look decided. A hold is a look that goes on only because time
// stands still for it.
func (l look) mark() ui.Mark {
	switch l.Decision {
	case shifting.NextStep:
		return ui.Advance
	case shifting.PromoteIt, shifting.RetireIt:
		return ui.Promote
	case shifting.GoBack:
		return ui.RollBack
	case shifting.HaltHere:
		return ui.Halt
	}
	if l.Verdict.Action == judge.Hold {
		return ui.Hold
	}
	return ui.Continue
}

// text is why it decided so. The judge has no reason to give while nothing speaks
// against the candidate.
func (l look) text() string {
	if l.Reason != "" {
		return people(l.Reason)
	}
	if l.Candidate.Requests == 0 {
		return "no requests to compare yet"
	}
	side := func(s rollout.Served) string {
		return fmt.Sprintf("%s of %s failed (%s)", count(s.Bad), count(s.Requests), share(s.Bad, s.Requests))
	}
	return "nothing against the candidate: " + side(l.Candidate) + ", baseline " + side(l.Baseline)
}

// told reports whether the look is worth telling after the one before it: it
// decides something else, or at another weight.
func (l look) told(before look) bool {
	return l.mark() != before.mark() || l.Weight != before.Weight
}

// ofWeight is an effect that changes shares of requests, not instances or configs.
var ofWeight = regexp.MustCompile(`^asked for \d+ % to `)

// ofConfig is the part of an endpoint's reading that few want to read.
var ofConfig = regexp.MustCompile(`, config [^,]+`)

// row is a line of history as one of the timeline. Without all, it leaves out how
// the endpoint stood.
func row(e rollout.Entry, r rollout.Record, all bool) ui.Row {
	line := ui.Row{Time: e.At, Elapsed: e.At.Sub(r.StartedAt), Mark: entryMark(e), Subject: r.Endpoint, Text: e.Text}
	switch e.Kind {
	case "plan", "end", "command", "ask", "promotion", "clean", "who":
		line.Subject = r.ID
	}
	if all {
		return line
	}
	line.Text, _, _ = strings.Cut(e.Text, "; before: ")
	truth, stands, verified := strings.Cut(e.Text, "; read: ")
	cmd, commanded := commandOf(e)
	switch {
	case commanded:
		line.Text = commandText(cmd)
	case e.Kind == "verdict", e.Kind == unlocked:
		line.Text = people(e.Text)
	case verified && line.Mark == ui.Done:
		line.Text = "verified: " + ofConfig.ReplaceAllString(stands, "")
	case verified:
		_, line.Text, _ = strings.Cut(truth, ": ")
	case e.Kind == "end":
		line.Text = fmt.Sprintf("%s after %s", stateWord(r.State), took(e.At.Sub(r.StartedAt)))
	}
	return line
}

func (l look) row(r rollout.Record) ui.Row {
	subject := fmt.Sprintf("at %d%%", l.Weight)
	if l.Step >= 0 && l.Step < len(r.Plan.Steps) && r.Plan.Steps[l.Step].Kind == rollout.Mirror {
		subject = fmt.Sprintf("shadow of %d%%", r.Plan.Steps[l.Step].Sampling)
	}
	return ui.Row{Time: l.at, Elapsed: l.at.Sub(r.StartedAt), Mark: l.mark(), Subject: subject, Text: l.text()}
}

// commandOf is the command that a line of history tells of; ok is false for a line of
// another kind.
func commandOf(e rollout.Entry) (c rollout.Command, ok bool) {
	if e.Kind != "command" {
		return c, false
	}
	err := json.Unmarshal([]byte(e.Data), &c)
	return c, err == nil
}

// commandText is a command and its answer in words.
func commandText(c rollout.Command) string {
	text := fmt.Sprintf("%s by %s", c.Verb, people(c.By))
	if c.Why != "" {
		text += " (" + c.Why + ")"
	}
	if !c.Accepted {
		text += " refused"
	}
	return text + ": " + people(c.Answer)
}

// kinds are the marks of lines of history whose kind says enough.
var kinds = map[string]ui.Mark{"command": ui.Command, "ask": ui.Ask, "promotion": ui.Promote, "clean": ui.Info, "who": ui.Info, unlocked: ui.Done}

// entryMark is the mark of a line of history that is no look.
func entryMark(e rollout.Entry) ui.Mark {
	if mark, ok := kinds[e.Kind]; ok {
		return mark
	}
	first, _, _ := strings.Cut(e.Text, ": ")
	switch e.Kind {
	case "plan":
		if first == "refused" {
			return ui.Reject
		}
		return ui.Plan
	case "effect":
		if ofWeight.MatchString(e.Text) {
			return ui.Shift
		}
		return ui.Prepare
	case "reading":
		switch rollout.Outcome(first) {
		case rollout.Reached, rollout.Settled, rollout.OnStandby:
			return ui.Done
		case rollout.RolledBackByAWS, rollout.Mixed, rollout.Foreign, rollout.Broken:
			return ui.Fault
		}
	case "verdict":
		if first == "halt" {
			return ui.Halt
		}
		return ui.RollBack
	case "end":
		if known, ok := wordings[rollout.State(first)]; ok {
			return known.mark
		}
	}
	return ui.Info
}

// timeline is a rollout's history as rows: every effect, reading and verdict, and
// of the looks the first, the turning points, the one with the most evidence, and
// the last. With all it leaves out nothing.
func timeline(r rollout.Record, entries []rollout.Entry, judged []look, all bool) []ui.Row {
	most := highest(judged)
	var rows []ui.Row
	var left []look // looks left out since the last row
	next := 0
	pass := func() {
		if len(left) > 0 {
			rows = append(rows, passed(left, r))
			left = nil
		}
	}
	for _, e := range entries {
		if e.Kind != "look" {
			pass()
			rows = append(rows, row(e, r, all))
			continue
		}
		i := next
		next++
		l := judged[i]
		if all || i == 0 || i == len(judged)-1 || i == most || l.told(judged[i-1]) || judged[i+1].told(l) {
			pass()
			rows = append(rows, l.row(r))
			continue
		}
		left = append(left, l)
	}
	pass()
	return rows
}

// highest is the look with the most evidence; -1 if there is none.
func highest(judged []look) int {
	most := -1
	for i, l := range judged {
		if most < 0 || l.Verdict.Evidence > judged[most].Verdict.Evidence {
			most = i
		}
	}
	return most
}

// passed stands for looks that are not told.
func passed(left []look, r rollout.Record) ui.Row {
	last := left[len(left)-1]
	line := last.row(r)
	line.Text = fmt.Sprintf("%d more like it until here, evidence at most %s", len(left), odds(left[highest(left)].Verdict.Evidence))
	return line
}
