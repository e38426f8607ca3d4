package stage

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"strings"

	"sluice/cmd/sluice/ui"
	"sluice/local/dynamodb"
	"sluice/local/wire"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

// story follows what happens: writes to the table are the record of it, and
// transitions of the machines say where things stand.
type story struct {
	looks  []ui.Look
	weight int // at the last look
}

// watch listens to the world.
func (p *Play) watch() {
	p.stage.AWS.Table.OnWrite = func(_ string, before, after dynamodb.Item) {
		if after == nil || before != nil {
			return
		}
		if sk := text(after["sk"]); strings.HasPrefix(sk, "HISTORY#") {
			p.entry(after)
		}
	}
	p.stage.AWS.Server.Audit = chain(p.stage.AWS.Server.Audit, func(r wire.Record) {
		if r.Refused != nil {
			p.denied = append(p.denied, fmt.Sprintf("a role does not permit %s on %s", r.Refused.Action, r.Refused.Resource))
		}
	})
	p.stage.AWS.Pipelines.OnStage = p.delivery
	p.stage.AWS.CodeDeploy.Changed = p.deployed
	p.stage.AWS.States.OnTransition = func(arn, state string, entered bool, data json.RawMessage) {
		execution := path.Base(strings.ReplaceAll(arn, ":", "/"))
		if entered {
			p.entered(execution, state)
			return
		}
		p.left(execution, state, data)
	}
}

// chain calls both.
func chain(first, second func(wire.Record)) func(wire.Record) {
	return func(r wire.Record) {
		if first != nil {
			first(r)
		}
		second(r)
	}
}

func text(v dynamodb.Value) string { return v.Text }

// left tells what a state of a training machine has brought.
func (p *Play) left(execution, state string, data json.RawMessage) {
	model := execution[:max(strings.LastIndex(execution, "-g"), 0)]
	switch state {
	case "LaunchPipeline":
		var d struct {
			Pipeline struct {
				Launched bool
				Objects  int
				Bytes    int64
			}
		}
		if json.Unmarshal(data, &d) != nil {
			return
		}
		if d.Pipeline.Launched {
			p.tell(ui.Train, model, "run %s starts with a manifest of %s objects", execution, thousands(d.Pipeline.Objects))
		} else {
			p.tell(ui.Done, model, "run %s finds nothing new to train on", execution)
		}
	case "AwaitPipeline":
		var d struct {
			Ended struct{ Status, Reason string }
		}
		if json.Unmarshal(data, &d) != nil || d.Ended.Status == "" {
			return
		}
		if d.Ended.Status == "Succeeded" {
			p.tell(ui.Train, model, "pipeline of run %s has succeeded", execution)
		} else {
			p.tell(ui.Failed, model, "pipeline of run %s: %s, %s", execution, d.Ended.Status, d.Ended.Reason)
		}
	case "GatePackage":
		var d struct {
			Gated struct{ Approval, Reason, Package string }
		}
		if json.Unmarshal(data, &d) != nil || d.Gated.Approval == "" {
			return
		}
		mark := ui.Reject
		switch d.Gated.Approval {
		case "Approved":
			mark = ui.Approve
		case "PendingManualApproval":
			mark = ui.Wait
		}
		p.tell(mark, model, "%s, %s", d.Gated.Approval, d.Gated.Reason)
	case "ReportTraining":
		var d struct {
			Report struct{ State, Reason string }
		}
		if json.Unmarshal(data, &d) == nil && d.Report.State == "failed" {
			p.tell(ui.Failed, model, "run %s failed: %s", execution, d.Report.Reason)
		}
	}
}

// entry tells a line of a rollout's history.
func (p *Play) entry(item dynamodb.Item) {
	kind, id, line := text(item["kind"]), text(item["rollout"]), text(item["text"])
	switch kind {
	case "plan":
		p.story = story{}
		p.tell(ui.Plan, id, "%s", line)
	case "effect":
		p.tell(ui.Shift, id, "%s", before(line, "; before:"))
	case "reading":
		p.tell(ui.Done, id, "verified: %s", after(line, "read: "))
	case "look":
		p.look(id, text(item["data"]))
	case "verdict":
		p.tell(ui.RollBack, id, "%s", line)
	case "command", "clean", "who":
		p.tell(ui.Info, id, "%s", line)
	case "ask":
		p.tell(ui.Wait, id, "%s", line)
	case "promotion":
		p.tell(ui.Promote, id, "%s", line)
	case "end":
		p.out.EndLive()
		p.tell(endMark(line), id, "%s", line)
	}
}

func before(s, mark string) string { s, _, _ = strings.Cut(s, mark); return s }

func after(s, mark string) string {
	if _, rest, ok := strings.Cut(s, mark); ok {
		return rest
	}
	return s
}

func endMark(line string) ui.Mark {
	switch state, _, _ := strings.Cut(line, ":"); rollout.State(state) {
	case rollout.Promoted:
		return ui.Promote
	case rollout.RolledBack, rollout.Aborted:
		return ui.RollBack
	case rollout.Refused, rollout.Superseded:
		return ui.Reject
	}
	return ui.Halt
}

// marks are the marks of decisions.
var marks = map[shifting.Decision]ui.Mark{
	shifting.KeepBaking: ui.Bake, shifting.NextStep: ui.Advance, shifting.PromoteIt: ui.Advance, shifting.RetireIt: ui.Advance, shifting.GoBack: ui.RollBack, shifting.HaltHere: ui.Halt,
}

// look shows a look. The first at each weight and those that change something get a
// row; the others are seen in the live area.
func (p *Play) look(id, data string) {
	var l shifting.Look
	if json.Unmarshal([]byte(data), &l) != nil {
		return
	}
	mark := marks[l.Decision]
	if l.Verdict.Action == "hold" {
		mark = ui.Hold
	}
	said := summary(l)
	now := p.stage.AWS.World.Now()
	p.story.looks = append(p.story.looks, ui.Look{Time: now, Mark: mark, Text: said})
	notable := l.Weight != p.story.weight || l.Decision != shifting.KeepBaking
	p.story.weight = l.Weight
	if notable {
		p.tell(mark, id, "look at %d %%: %s", l.Weight, said)
		if l.Decision != shifting.KeepBaking {
			p.out.EndLive() // what it shows is over
		}
		return
	}
	p.out.Live(ui.Live{
		Time: now, Elapsed: now.Sub(p.stage.began), Subject: p.stage.Scenario.sp.Endpoint.Name, Mark: mark,
		Step:     fmt.Sprintf("%d of %d, minute %d of %d", l.Step+1, l.Steps, l.Verdict.Counted, l.Bake),
		Baseline: ui.Share{Name: "baseline", Weight: 100 - l.Weight}, Candidate: ui.Share{Name: id, Weight: l.Weight},
		Evidence: ui.Evidence{Wealth: math.Exp(min(l.Verdict.Evidence, 50)), Limit: math.Exp(l.Verdict.Limit)},
		Looks:    p.story.looks,
	})
}

// summary is a look in one line.
func summary(l shifting.Look) string {
	if l.Candidate.Requests == 0 {
		return "no minute to judge yet"
	}
	parts := []string{fmt.Sprintf("%s of %s failed", thousands(l.Candidate.Bad), thousands(l.Candidate.Requests))}
	if l.Baseline.Requests > 0 {
		parts = append(parts, fmt.Sprintf("baseline %s of %s", thousands(l.Baseline.Bad), thousands(l.Baseline.Requests)))
	}
	for _, f := range l.Verdict.Metrics[1:] {
		if f.Candidate.Bad > 0 {
			parts = append(parts, fmt.Sprintf("%s worse in %d of %d minutes", f.Name, f.Candidate.Bad, f.Candidate.N))
		}
	}
	return fmt.Sprintf("%s; evidence %s of %.0f", strings.Join(parts, ", "), odds(l.Verdict.Evidence), math.Exp(l.Verdict.Limit))
}

// odds writes log wealth as what the judge's play money has become.
func odds(logWealth float64) string {
	switch w := math.Exp(min(logWealth, 30)); {
	case w >= 10:
		return fmt.Sprintf("%.0f", w)
	case w >= 0.1:
		return fmt.Sprintf("%.1f", w)
	}
	return "under 0.1"
}
