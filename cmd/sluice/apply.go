package main

import (
	"context"
	"fmt"

	"sluice/cmd/sluice/ui"
	"sluice/shared/applying"
	"sluice/shared/awstable"
	"sluice/shared/spec"
)

// apply puts specs in force.
type apply struct {
	Files  []string `name:"file" short:"f" placeholder:"FILE" default:"sluice.yaml" help:"The sluice.yaml of a model, ${default} if none is named; - for standard input. May be repeated."`
	Source string   `placeholder:"TEXT" help:"Where the spec comes from, such as a commit; the file if not said."`
	DryRun bool     `help:"Show what would change and change nothing."`
	JSON   jsonFlag `name:"json" help:"Print one JSON object a model."`
}

// Help is the text of sluice apply --help.
func (apply) Help() string {
	return "All files are checked before the first is applied, in themselves and against what is in force: if anything is wrong, nothing changes. Training runs and rollouts under way keep the spec that they began with."
}

// applied is what became of one file.
type applied struct {
	applying.Change
	File   string   `json:"file"`
	From   string   `json:"from,omitempty"` // the version before
	DryRun bool     `json:"dryRun"`
	Fields []change `json:"fields"` // that differ from the version before

	last applying.Applied
	spec spec.Spec
}

func (a *apply) Run(c *call) error {
	files := c.check(a.Files)
	for _, f := range files {
		if !f.Valid {
			showProblems(c.print, files)
			c.print.Note("nothing was changed")
			return answer(exitNo)
		}
	}
	table, _, err := c.open()
	if err != nil {
		return err
	}
	changes, err := a.rehearse(c, table, files)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		if !a.DryRun {
			source := a.Source
			if source == "" {
				source = ch.File
			}
			if ch.Change, err = applying.Apply(c.ctx, table, ch.spec, source, c.now()); err != nil {
				return err
			}
		}
		if err := ch.show(c); err != nil {
			return err
		}
	}
	if a.DryRun {
		c.print.Note("this was a dry run: nothing was changed")
	}
	return nil
}

// rehearse applies all specs without writing. It finds what is wrong with any of
// them before the first is written.
func (a *apply) rehearse(c *call, table *awstable.Table, files []checked) ([]applied, error) {
	dry := dryTable{Table: table, owners: map[string]string{}, specs: map[string]applying.Applied{}}
	from := map[string]string{}
	changes := make([]applied, len(files))
	for i, f := range files {
		if other := from[f.Model]; other != "" {
			return nil, no("a model has one sluice.yaml: leave one of them out", "%s and %s are both of model %s", other, f.File, f.Model)
		}
		from[f.Model] = f.File
		last, ok, err := table.Applied(c.ctx, f.Model)
		if err != nil {
			return nil, err
		}
		ch := applied{File: f.File, From: last.Version, DryRun: a.DryRun, Fields: []change{}, last: last, spec: *f.spec}
		if ch.Change, err = applying.Apply(c.ctx, dry, ch.spec, f.File, c.now()); err != nil {
			return nil, err
		}
		if ok && ch.Changed {
			if ch.Fields, err = difference(last.Spec, ch.spec); err != nil {
				return nil, err
			}
		}
		changes[i] = ch
	}
	return changes, nil
}

// dryTable is the table without its writes. It remembers what would be in force and
// whom resources would belong to, so that two new specs cannot claim the same endpoint,
// nor train after each other in a circle.
type dryTable struct {
	*awstable.Table
	owners map[string]string
	specs  map[string]applying.Applied
}

// Apply remembers, and writes nothing.
func (d dryTable) Apply(_ context.Context, next applying.Applied, _ *applying.Applied) error {
	d.owners[string(applying.Group)+next.Spec.Package.Group] = next.Spec.Model
	d.owners[string(applying.Endpoint)+next.Spec.Endpoint.Name] = next.Spec.Model
	d.specs[next.Spec.Model] = next
	return nil
}

// Applied is the table's, or what would be written before.
func (d dryTable) Applied(ctx context.Context, model string) (applying.Applied, bool, error) {
	if a, ok := d.specs[model]; ok {
		return a, true, nil
	}
	return d.Table.Applied(ctx, model)
}

// OwnerOf is the table's, or what would be written before.
func (d dryTable) OwnerOf(ctx context.Context, kind applying.Kind, name string) (string, error) {
	if owner := d.owners[string(kind)+name]; owner != "" {
		return owner, nil
	}
	return d.Table.OwnerOf(ctx, kind, name)
}

func (a applied) show(c *call) error {
	if c.json {
		return c.emit("applied", a)
	}
	is, becomes, mark := "is", "changed", ui.Done
	if a.DryRun {
		is, becomes, mark = "would be", "would change", ui.Info
	}
	r := ui.Report{Mark: mark, Title: fmt.Sprintf("%s %s new, version %s", a.Model, is, short(a.Version))}
	switch {
	case !a.Changed:
		r.Mark, r.Title = ui.Info, fmt.Sprintf("%s is unchanged, version %s since %s", a.Model, short(a.Version), at(a.last.At))
	case !a.First:
		r.Title = fmt.Sprintf("%s %s from version %s to %s", a.Model, becomes, short(a.From), short(a.Version))
	}
	for _, f := range a.Fields {
		r.Fields = append(r.Fields, ui.Field{Name: f.Field, Value: f.String()})
	}
	c.print.Report(r)
	return nil
}
