package main

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/sim"
	"sluice/shared/spec"
)

// rehearse runs scenarios in virtual time.
type rehearse struct {
	JSON      jsonFlag `name:"json" help:"One JSON object a line."`
	Seed      uint64   `help:"Roll other dice than the scenario's." placeholder:"N"`
	Scenarios []string `arg:"" name:"scenario" help:"Scenario files, or folders of them."`
}

// Help is the text of sluice rehearse --help.
func (rehearse) Help() string {
	return `Deploys Sluice's template into AWS on this machine, puts a model into production, lets happen what the scenario says, and checks what it expects. No account, no network: hours pass in a second.

The exit code is 1 if an expectation did not come true.`
}

func (r rehearse) Run(c *call) error {
	names, err := scenarios(r.Scenarios)
	if err != nil {
		return err
	}
	table := ui.Table{Columns: []ui.Column{{Name: "scenario"}, {Name: "result"}, {Name: "virtual", Number: true}, {Name: "missed", Wide: true}}}
	missed := false
	for _, name := range names {
		s, err := load(name)
		if err != nil {
			return c.problems(err)
		}
		if r.Seed != 0 {
			s.Seed = r.Seed
		}
		c.print.Note(s.Name + ": " + s.About)
		result, err := stage.Run(c.ctx, s, sim.NewWorld(stage.Opening, s.Seed), local.InProcess, c.print)
		if err != nil {
			return err
		}
		word := "as expected"
		if len(result.Misses) > 0 {
			word, missed = "missed", true
			for _, m := range result.Misses {
				c.print.Problem(ui.Problem{Where: s.Name, Text: m})
			}
		}
		table.Rows = append(table.Rows, []string{s.Name, word, ui.Elapsed(result.Virtual), strings.Join(result.Misses, "; ")})
	}
	c.print.Table(table)
	if missed {
		return answer(exitNo)
	}
	return nil
}

// load reads a scenario, which may name files in the folder above its own.
func load(name string) (*stage.Scenario, error) {
	whole, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(whole)
	return stage.Load(os.DirFS(filepath.Dir(folder)), path.Join(filepath.Base(folder), filepath.Base(whole)))
}

// scenarios lists the scenario files that args name. A folder stands for the files
// in it that are scenarios.
func scenarios(args []string) ([]string, error) {
	var all []string
	for _, a := range args {
		info, err := os.Stat(a)
		if err != nil {
			return nil, no("name a scenario file, such as examples/churn/scenarios/healthy.yaml", "there is no scenario %s", a)
		}
		if !info.IsDir() {
			all = append(all, a)
			continue
		}
		entries, err := fs.Glob(os.DirFS(a), "*.yaml")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if b, err := os.ReadFile(filepath.Join(a, e)); err == nil && stage.IsScenario(b) {
				all = append(all, filepath.Join(a, e))
			}
		}
	}
	if len(all) == 0 {
		return nil, no("scenarios have name, do and expect; see examples/churn/scenarios", "there are no scenarios in %s", strings.Join(args, " "))
	}
	return all, nil
}

// problems shows what is wrong with a scenario or with the spec that it names.
func (c *call) problems(err error) error {
	var found *spec.Error
	if !errors.As(err, &found) {
		return no("compare it with those in examples/churn/scenarios", "%v", err)
	}
	showProblems(c.print, []checked{{Problems: found.Problems}})
	return answer(exitNo)
}
