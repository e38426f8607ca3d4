package main

import (
	"fmt"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/awsendpoints"
	"sluice/shared/awsmetrics"
	"sluice/shared/awspipelines"
	"sluice/shared/awsscaling"
	"sluice/shared/fault"
	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

// plan says what a rollout would do, and what is in its way.
type plan struct {
	File    string   `short:"f" default:"sluice.yaml" placeholder:"FILE" help:"The sluice.yaml of the model, ${default} if none is named; - for standard input."`
	Package string   `placeholder:"ARN" help:"The model package to roll out; the newest approved one of the group if none is named."`
	JSON    jsonFlag `name:"json" help:"Print one JSON object."`
}

// Help is the text of sluice plan --help.
func (plan) Help() string {
	return `Reads the endpoint, its autoscaling, the alarms of the file and the model registry as they are now, with your credentials, and changes nothing; it needs no table. A rollout does the same first, with the same code: what is refused here is refused there, and what is a warning here is in its history.

The exit code is 0 if a rollout could begin, warnings and waits included, and 1 if it would be refused.

Times leave out how long SageMaker takes to bring instances up and to change weights, which nobody knows beforehand. Costs are what the rollout takes above what the endpoint costs without one.`
}

func (p *plan) Run(c *call) error {
	files := c.check([]string{p.File})
	if !files[0].Valid {
		showProblems(c.print, files)
		return answer(exitNo)
	}
	cfg, err := c.account.config(c)
	if err != nil {
		return err
	}
	sp, registry := *files[0].spec, awspipelines.OpenRegistry(cfg)
	pkg, err := p.find(c, registry, sp)
	if err != nil {
		return err
	}
	s := &shifting.Shifting{Endpoints: awsendpoints.Open(cfg), Scaling: awsscaling.Open(cfg), Alarms: awsmetrics.Open(cfg), Registry: registry}
	report, r, err := s.Preflight(c.ctx, sp, pkg.ARN, rollout.ID(sp.Model, pkg.Version, 0), false, c.now())
	if err != nil {
		return err
	}
	shown := planned{spec: sp, record: r, Report: report}
	if c.json {
		err = c.emit("plan", shown.json())
	} else {
		err = shown.print(c)
	}
	if err != nil {
		return err
	}
	return noIf(report.Says(preflight.Refuse) != "")
}

// find is the package that was asked for, or the newest approved one.
func (p *plan) find(c *call, registry *awspipelines.Registry, sp spec.Spec) (preflight.Package, error) {
	arn := p.Package
	if arn == "" {
		newest, err := registry.Newest(c.ctx, sp.Package.Group)
		if fault.Is(err, fault.NotFound) {
			return preflight.Package{}, no("the pipeline makes it with its first package; package.group of "+p.File+" names it", "there is no package group %s in %s", sp.Package.Group, c.account.place())
		}
		if err != nil {
			return preflight.Package{}, err
		}
		if newest == "" {
			return preflight.Package{}, no("approve one, or name one with --package", "no package of group %s is approved", sp.Package.Group)
		}
		arn = newest
	}
	pkg, err := registry.Contents(c.ctx, arn)
	if fault.Is(err, fault.NotFound) {
		return pkg, no("name it by its ARN: aws sagemaker list-model-packages --model-package-group-name "+sp.Package.Group, "there is no model package %s in %s", arn, c.account.place())
	}
	return pkg, err
}

// planned is a preflight as it is shown.
type planned struct {
	spec   spec.Spec
	record rollout.Record
	preflight.Report
}

// verdict is the report in a word, and why.
func (p planned) verdict() (mark ui.Mark, word, why string) {
	if why := p.Says(preflight.Refuse); why != "" {
		return ui.Refuse, "refused", why
	}
	if why := p.Says(preflight.Wait); why != "" {
		return ui.Wait, "waits", why
	}
	if n := len(p.Of(preflight.Warn)); n > 0 {
		return ui.Plan, "ready", counted(int64(n), "warning") + " below"
	}
	return ui.Plan, "ready", "nothing is in its way"
}

func (p planned) title() string {
	text := fmt.Sprintf("%s on %s: %s", p.record.ID, p.spec.Endpoint.Name, packageName(p.record.Package))
	if b := p.record.Baseline; b.Variant != "" {
		text += " in place of " + sideName(b)
	}
	return text
}

func (p planned) print(c *call) error {
	mark, word, why := p.verdict()
	fields := []ui.Field{{Name: word, Value: why}}
	if word != "refused" && !p.Ends.IsZero() && !p.record.First {
		fields = append(fields, ui.Field{Name: "ends", Value: fmt.Sprintf("%s at the earliest, %s from now; bringing instances up and changing weights come on top", at(p.Ends), took(p.Ends.Sub(c.now())))})
	}
	c.print.Report(ui.Report{Mark: mark, Title: p.title(), Fields: append(fields, p.costs()...)})
	if len(p.Steps) > 0 {
		c.print.Table(p.steps())
	}
	if p.Cost.Sum != "" {
		c.print.Table(p.sums())
	}
	// The findings are what was asked for: they go where results go.
	result := ui.NewText(c.out, c.out)
	marks := map[preflight.Level]ui.Mark{preflight.Refuse: ui.Refuse, preflight.Wait: ui.Wait, preflight.Warn: ui.Warn, preflight.Note: ui.Remark}
	for _, f := range p.Findings {
		result.Problem(ui.Problem{Mark: marks[f.Level], Text: f.Text, Fix: f.Fix})
	}
	return result.Close()
}

// steps is the plan as a table.
func (p planned) steps() ui.Table {
	t := ui.Table{Columns: []ui.Column{
		{Name: "step", Number: true}, {Name: "does", Wide: true}, {Name: "weight", Number: true}, {Name: "lasts"}, {Name: "looks", Number: true},
		{Name: "candidate", Number: true}, {Name: "baseline", Number: true}, {Name: "earliest"},
	}}
	for i, s := range p.Steps {
		earliest := "never"
		if !s.Earliest.IsZero() {
			earliest = s.Earliest.UTC().Format(minuteFormat)
		}
		lasts := lasting(s.Lasts)
		if s.Most > 0 {
			lasts = "up to " + s.Most.String()
		}
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(i + 1), doing(s), fmt.Sprintf("%d%%", s.Weight), lasts, some(s.Looks), some(s.Candidate), some(s.Baseline), earliest,
		})
	}
	return t
}

// lasting is a length of time; "-" for none.
func lasting(d spec.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.String()
}

// some is a number; "-" for 0.
func some(n int) string {
	if n == 0 {
		return "-"
	}
	return count(int64(n))
}

// doing is a step in a word or two.
func doing(s preflight.Step) string {
	switch s.Kind {
	case rollout.Mirror:
		return fmt.Sprintf("shadow %d%%", s.Sampling)
	case rollout.Ask:
		return "approval"
	case rollout.Rest:
		return "pause"
	case preflight.Standby:
		return "standby"
	}
	return "bake"
}

// sums is the cost of each step, with how it comes about.
func (p planned) sums() ui.Table {
	t := ui.Table{Columns: []ui.Column{{Name: "step", Number: true}, {Name: "candidate + baseline - baseline's own, x time"}, {Name: "sagemaker", Number: true}}}
	for i, s := range p.Steps {
		native, sum := "-", s.Cost.Sum
		if s.Cost.Native > 0 {
			native = preflight.Amount(s.Cost.Native)
		}
		if s.Cost.Most > 0 {
			sum = fmt.Sprintf("up to %s if nobody answers", preflight.Amount(s.Cost.Most))
		}
		if sum == "" {
			continue
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(i + 1), sum, native})
	}
	return t
}

// costs is the cost in sentences.
func (p planned) costs() []ui.Field {
	c := p.Cost
	if c.Sum == "" {
		return nil
	}
	fields := []ui.Field{
		{Name: "costs", Value: c.Sum + " above the baseline's own" + p.dollars(c.Steps)},
		{Name: "sagemaker", Value: fmt.Sprintf("%s instance-hours for the same steps, with both fleets whole: %d x %s%s%s", preflight.Hours(c.Native), p.record.Candidate.Count, p.length(), p.dollars(c.Native), p.unlike())},
	}
	if c.Standby > 0 {
		fields = append(fields, ui.Field{Name: "standby", Value: fmt.Sprintf("%s instance-hours more, after promotion%s", preflight.Hours(c.Standby), p.dollars(c.Standby))})
	}
	return append(fields, ui.Field{Name: "not in it", Value: p.updates()})
}

// length is how long the steps last, the standby left out.
func (p planned) length() string {
	var d spec.Duration
	for _, s := range p.Steps {
		if s.Kind != preflight.Standby {
			d += s.Lasts
		}
	}
	return preflight.Amount(d)
}

// dollars is what instance-time costs, in brackets; "" if that is not known.
func (p planned) dollars(d spec.Duration) string {
	dollars, ok := p.Cost.Dollars(d)
	if !ok {
		return ""
	}
	return fmt.Sprintf(", $%.2f at $%g an hour", dollars, p.Cost.Price)
}

// unlike says why SageMaker could not do it itself.
func (p planned) unlike() string {
	if len(p.Cost.Unlike) == 0 {
		return ""
	}
	return "; it could not do them: " + strings.Join(p.Cost.Unlike, "; ")
}

// updates says what changes of config take while they last.
func (p planned) updates() string {
	var said []string
	for _, u := range p.Cost.Updates {
		said = append(said, fmt.Sprintf("%s %d", u.To, u.Extra))
	}
	text := fmt.Sprintf("an update brings a whole new fleet up beside the old one, for as long as SageMaker takes; in instances above the baseline's own: %s; SageMaker's own way has one update, with %d", strings.Join(said, ", "), p.Cost.NativeUpdate)
	if even, ok := p.Cost.Even(); ok {
		text += fmt.Sprintf("; the rollout takes fewer instance-hours than SageMaker's as long as an update takes less than %s", took(even.Truncate(time.Second)))
	}
	return text
}
