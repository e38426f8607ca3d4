package main

import (
	"fmt"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awstable"
	"sluice/shared/demand"
	"sluice/shared/rollout"
	"sluice/shared/training"
)

// status shows models and what becomes of them.
type status struct {
	Model      string        `arg:"" optional:"" help:"One model in full; all of them, a line each, if none is named."`
	Watch      bool          `short:"w" help:"Follow the model's rollout until it is over, its standby included; wait for one if none is under way."`
	Every      time.Duration `default:"5s" placeholder:"5s" help:"How often --watch looks."`
	ExitStatus bool          `help:"Exit with 3 if the latest rollout halted, with 4 if it was rolled back or aborted."`
	JSON       jsonFlag      `name:"json" help:"Print one JSON object a model."`
}

// Help is the text of sluice status --help.
func (status) Help() string {
	return "It reads Sluice's table and nothing else: the champion is what the last rollout left in production, and a change that somebody made by hand is not seen."
}

func (s *status) Run(c *call) error {
	t, _, err := c.open()
	if err != nil {
		return err
	}
	models, err := t.Models(c.ctx)
	if err != nil {
		return err
	}
	if s.Watch {
		if s.Model == "" && len(models) != 1 {
			return &failure{code: exitUsage, text: "watch which model? name one", fix: "sluice status lists them"}
		}
		if s.Model == "" {
			s.Model = models[0]
		}
		return s.watch(c, t)
	}
	if s.Model != "" {
		m, err := s.one(c, t)
		if err != nil {
			return err
		}
		return s.exit(m.exit())
	}
	return s.all(c, t, models)
}

func (s *status) exit(code int) error {
	if !s.ExitStatus {
		return nil
	}
	return exit(code)
}

// all shows every model in a line.
func (s *status) all(c *call, t *awstable.Table, models []string) error {
	table := ui.Table{
		Columns: []ui.Column{{Name: "model", Wide: true}, {Name: "champion", Wide: true}, {Name: "rollout", Wide: true}, {Name: "state"}, {Name: "weight", Number: true}, {Name: "age"}, {Name: "demand", Number: true}},
		Empty:   "there are no models yet: sluice apply -f sluice.yaml makes one",
	}
	code := exitOK
	var problems []ui.Problem
	for _, name := range models {
		m, err := read(c.ctx, t, name)
		if err != nil {
			return err
		}
		// Halted is the worst there is, and has the lower code.
		if e := m.exit(); e != exitOK && code != exitHalted {
			code = e
		}
		if c.json {
			if err := c.emit("model", m.json(c.now(), nil)); err != nil {
				return err
			}
			continue
		}
		table.Rows = append(table.Rows, m.cells(c.now()))
		if p, ok := m.attention(c.now()); ok {
			problems = append(problems, p)
		}
	}
	if !c.json {
		c.print.Table(table)
		for _, p := range problems {
			c.print.Problem(p)
		}
	}
	return s.exit(code)
}

// attention is what a person must do about the model's rollout, if anything.
func (m reading) attention(now time.Time) (ui.Problem, bool) {
	if m.locked(now) {
		return ui.Problem{
			Warning: true, Text: fmt.Sprintf("rollout %s halted, and endpoint %s is locked", m.rollout.ID, m.rollout.Endpoint),
			Fix: "sluice why " + m.rollout.ID + " says why; when the endpoint is as it should be, sluice unlock " + m.model,
		}, true
	}
	if m.rollout == nil {
		return ui.Problem{}, false
	}
	return attention(*m.rollout)
}

// cells is the line of one model.
func (m reading) cells(now time.Time) []string {
	cells := []string{m.model, orDash(m.champion), "-", "-", "-", "-", "-"}
	if r := m.rollout; r != nil {
		since := r.EndedAt
		if !r.State.Final() {
			since = r.StartedAt
		}
		cells[2], cells[3], cells[5] = r.ID, standing(*r).word, took(max(now.Sub(since), 0))
		if !r.State.Final() {
			cells[4] = fmt.Sprintf("%d%%", weight(*r))
		}
	}
	if objects, _ := demand.Total(m.chunks); len(m.chunks) > 0 {
		cells[6] = count(int64(objects))
	}
	return cells
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// shownRuns is how many training runs the status of a model shows.
const shownRuns = 5

// one shows a model in full.
func (s *status) one(c *call, t *awstable.Table) (reading, error) {
	m, err := read(c.ctx, t, s.Model)
	if err != nil {
		return m, err
	}
	if m.runs, err = t.Runs(c.ctx, s.Model); err != nil {
		return m, err
	}
	m.runs = m.runs[:min(len(m.runs), shownRuns)]
	var last *rollout.Entry
	if m.rollout != nil {
		if m.commands, err = t.Commands(c.ctx, m.rollout.ID); err != nil {
			return m, err
		}
		entries, err := t.History(c.ctx, m.rollout.ID)
		if err != nil {
			return m, err
		}
		for i := range entries {
			if entries[i].Kind == "look" || entries[i].Kind == "verdict" {
				last = &entries[i]
			}
		}
	}
	if c.json {
		return m, c.emit("model", m.json(c.now(), last))
	}
	c.print.Report(m.report(c.now(), last))
	c.print.Table(runTable(m.runs, c.now()))
	return m, nil
}

// runTable lists training runs.
func runTable(runs []training.Run, now time.Time) ui.Table {
	table := ui.Table{
		Columns: []ui.Column{{Name: "run", Number: true}, {Name: "training"}, {Name: "package", Wide: true}, {Name: "objects", Number: true}, {Name: "age"}, {Name: "causes", Wide: true}},
		Empty:   "no training runs yet",
	}
	for _, r := range runs {
		since := r.EndedAt
		if since.IsZero() {
			since = r.ClosedAt
		}
		table.Rows = append(table.Rows, []string{count(int64(r.Generation)), runWord(r), orDash(packageName(r.Package)), count(int64(r.Summary.Objects)), took(max(now.Sub(since), 0)), r.Causes})
	}
	return table
}

// runWord is how a training run stands, with what the gate said.
func runWord(r training.Run) string {
	switch {
	case r.State == training.Launched:
		return "running"
	case r.State == training.NothingNew:
		return "nothing new"
	case r.State == training.Trained && r.Approval == training.Approved:
		return "approved"
	case r.State == training.Trained && r.Approval == training.Rejected:
		return "rejected"
	case r.State == training.Trained && r.Approval == training.Pending:
		return "to approve"
	}
	return string(r.State)
}
