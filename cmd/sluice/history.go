package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/rollout"
	"sluice/shared/training"
)

// history lists what became of a model's rollouts and training runs.
type history struct {
	Model string   `arg:"" help:"The model."`
	Limit int      `short:"n" default:"20" placeholder:"20" help:"How many to list, newest first."`
	JSON  jsonFlag `name:"json" help:"Print one JSON object each."`
}

// Help is the text of sluice history --help.
func (history) Help() string {
	return "Who has commanded a rollout stands beside it: only commands that it has obeyed. sluice why tells of all of them, with what was answered."
}

// happening is a rollout or a training run, whichever is set.
type happening struct {
	rollout  *rollout.Record
	commands []rollout.Command // to the rollout, oldest first
	run      *training.Run
}

// at is when it began.
func (e happening) at() time.Time {
	if e.rollout != nil {
		return e.rollout.StartedAt
	}
	return e.run.ClosedAt
}

func (h *history) Run(c *call) error {
	t, _, err := c.open()
	if err != nil {
		return err
	}
	if h.Limit < 1 {
		return &failure{code: exitUsage, text: fmt.Sprintf("--limit=%d lists nothing", h.Limit), fix: "give 1 or more"}
	}
	if _, ok, err := t.Applied(c.ctx, h.Model); err != nil || !ok {
		if err == nil {
			err = noModel(h.Model)
		}
		return err
	}
	rollouts, err := t.Rollouts(c.ctx, h.Model, h.Limit)
	if err != nil {
		return err
	}
	runs, err := t.Runs(c.ctx, h.Model)
	if err != nil {
		return err
	}
	var all []happening
	for i := range rollouts {
		all = append(all, happening{rollout: &rollouts[i]})
	}
	for i := range runs {
		all = append(all, happening{run: &runs[i]})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return b.at().Compare(a.at()) })
	all = all[:min(len(all), h.Limit)]
	for i, e := range all {
		if e.rollout == nil {
			continue
		}
		if all[i].commands, err = t.Commands(c.ctx, e.rollout.ID); err != nil {
			return err
		}
	}
	if c.json {
		for _, e := range all {
			if err := e.emit(c); err != nil {
				return err
			}
		}
		return nil
	}
	table := ui.Table{
		Columns: []ui.Column{{Name: "began (utc)"}, {Name: "what"}, {Name: "package", Wide: true}, {Name: "end"}, {Name: "took"}, {Name: "by", Wide: true}, {Name: "why", Wide: true}},
		Empty:   "nothing has happened to " + h.Model + " yet",
	}
	for _, e := range all {
		table.Rows = append(table.Rows, e.cells())
	}
	c.print.Table(table)
	if len(rollouts) > 0 {
		c.print.Note("sluice why " + rollouts[0].ID + " explains a rollout")
	}
	return nil
}

func (e happening) emit(c *call) error {
	if e.rollout != nil {
		return c.emit("rollout", struct {
			jsonRollout
			Commands []jsonCommand `json:"commands"`
		}{rolloutJSON(*e.rollout), commandsJSON(e.commands)})
	}
	return c.emit("run", *e.run)
}

func (e happening) cells() []string {
	length := func(from, to time.Time) string {
		if to.IsZero() {
			return "-"
		}
		return took(to.Sub(from))
	}
	began := e.at().UTC().Format(minuteFormat)
	if r := e.rollout; r != nil {
		return []string{began, r.ID, packageName(r.Package), standing(*r).word, length(r.StartedAt, r.EndedAt), orDash(actors(e.commands)), reasonOf(*r)}
	}
	why := e.run.Causes
	if e.run.State == training.Failed || e.run.Approval == training.Rejected {
		why = e.run.Reason
	}
	return []string{began, fmt.Sprintf("run %d", e.run.Generation), orDash(packageName(e.run.Package)), runWord(*e.run), length(e.run.ClosedAt, e.run.EndedAt), "-", why}
}

// actors are who has commanded a rollout, and what, as far as it has obeyed.
func actors(commands []rollout.Command) string {
	var names []string
	verbs := map[string][]string{}
	for _, c := range commands {
		if !c.Accepted {
			continue
		}
		who := people(c.By)
		if verbs[who] == nil {
			names = append(names, who)
		}
		verbs[who] = append(verbs[who], string(c.Verb))
	}
	for i, who := range names {
		names[i] = who + ": " + strings.Join(verbs[who], ", ")
	}
	return strings.Join(names, "; ")
}
