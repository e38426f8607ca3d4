package main

import (
	"fmt"
	"strings"

	"sluice/cmd/sluice/forecast"
	"sluice/cmd/sluice/forecast/export"
	"sluice/cmd/sluice/forecast/picture"
	"sluice/cmd/sluice/ui"
	"sluice/shared/judge"
	"sluice/shared/spec"
)

// replay judges a recorded rollout again and shows its looks.
func (b backtest) replay(c *call, sp spec.Spec, rules forecast.Rules, record export.Record) error {
	result, err := forecast.RunReplay(rules, record)
	if err != nil {
		return no("check the dimensions and the times of the export", "%v", err)
	}
	shown := replayed{spec: sp, Replay: result, all: b.AllLooks}
	if err := shown.print(c); err != nil {
		return err
	}
	return b.save(c, func() (picture.Page, error) { return shown.page(b.command()), nil })
}

// replayed is a replay as it is shown.
type replayed struct {
	spec spec.Spec
	forecast.Replay
	all bool
}

func (r replayed) title() string {
	return fmt.Sprintf("%s: %s", r.spec.Endpoint.Name, plannedSteps(r.Rules.Plan))
}

func (r replayed) print(c *call) error {
	for _, n := range r.Notes {
		c.print.Problem(ui.Problem{Warning: true, Text: n})
	}
	if c.json {
		for _, l := range r.Looks {
			if err := c.emit("look", l); err != nil {
				return err
			}
		}
		return c.emit("replay", r.Replay)
	}
	var before judge.Action
	weight := 0.0
	for _, l := range r.Looks {
		action := l.Verdict.Action
		if r.all || action != before || l.Weight != weight {
			c.print.Row(ui.Row{Time: l.At, Elapsed: l.At.Sub(r.Began), Mark: actions[action], Subject: inForce(l), Text: seen(l)})
		}
		before, weight = action, l.Weight
		if l.Deciding && !r.all {
			break
		}
	}
	c.print.Report(ui.Report{Mark: actions[r.Verdict.Action], Title: r.title(), Text: r.lines()})
	return nil
}

func inForce(l forecast.Look) string {
	if l.Weight == 0 {
		return "shifting"
	}
	return percent(l.Weight/100) + " weight"
}

func seen(l forecast.Look) string {
	b, c := l.Reading.Baseline, l.Reading.Candidate
	return fmt.Sprintf("odds %s; in that minute candidate %s of %s failed, baseline %s of %s; %s", odds(l.Verdict.Evidence),
		count(c.Bad), count(c.N), count(b.Bad), count(b.N), strings.Join(l.Verdict.Reasons, "; "))
}

// lines are the verdict and what it rests on.
func (r replayed) lines() []string {
	said := []string{
		fmt.Sprintf("from %s to %s the candidate served %s, %s failed", at(r.Began), at(r.Ended), counted(r.Requests, "request"), share(r.Failed, r.Requests)),
	}
	if r.Verdict.Action == judge.RollBack {
		return append(said, fmt.Sprintf("rolled back at %s: %s", at(r.At), strings.Join(r.Verdict.Reasons, "; ")),
			fmt.Sprintf("after that rollback it served %s more, of which %s failed", counted(r.Spared, "request"), count(r.SparedFailed)))
	}
	return append(said, fmt.Sprintf("not rolled back; at the end the odds against it were %s, and %s:1 roll back", odds(r.Verdict.Evidence), figure(1/r.Rules.Config.Alpha)))
}

func (r replayed) page(command string) picture.Page {
	lines := r.lines()
	p := picture.Page{
		Title: "A rollout of " + r.spec.Endpoint.Name + ", judged again",
		SVG:   picture.Evidence(r.Replay, r.title(), lines[0]),
		Notes: append([]string{
			"The step in force was read from the shares of requests in each minute.",
			"Each minute is judged when its metrics are there, 2 minutes after its end; a rollback takes effect a minute later.",
			"Odds are how many times the judge's stake has grown by betting that the candidate is worse than tolerated: a candidate that is not reaches the limit in at most " + percent(r.Rules.Config.Alpha) + " of rollouts.",
		}, r.Notes...),
		Command: command,
	}
	for _, l := range lines {
		p.Lead = append(p.Lead, sentenceOf(l))
	}
	return p
}
