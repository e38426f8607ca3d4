package main

import (
	"fmt"

	"sluice/cmd/sluice/forecast"
	"sluice/cmd/sluice/forecast/picture"
	"sluice/cmd/sluice/ui"
	"sluice/local/sagemaker/traffic"
	"sluice/shared/spec"
)

// simulate says what a plan would do to an endpoint.
type simulate struct {
	File      string   `short:"f" required:"" help:"The sluice.yaml of the model; - for standard input." placeholder:"FILE"`
	RPM       float64  `name:"rpm" default:"1000" help:"Requests a minute that the endpoint gets." placeholder:"N"`
	Pattern   string   `enum:"steady,diurnal,bursty" default:"steady" help:"How requests vary: ${enum}."`
	Baseline  string   `default:"0.1%" help:"Share of requests that the present model fails." placeholder:"0.1%"`
	Candidate []string `help:"Ask also about a candidate that fails this share of requests; may be repeated." placeholder:"1%"`
	Rollouts  int      `default:"1000" help:"Rollouts of each candidate." placeholder:"N"`
	Seed      uint64   `default:"1" help:"Other dice." placeholder:"N"`
	JSON      jsonFlag `name:"json" help:"Print one JSON object a line: the plan, then each candidate."`
	pictureFlags
}

// Help is the text of sluice simulate --help.
func (simulate) Help() string {
	return `Plays thousands of rollouts with the plan and the judge of the file: of a healthy candidate, of candidates that are bad in usual ways, and of those that you name. It says how likely each is rolled back, how soon, and what the rollouts cost in requests and failures. Ranges hold the true value with 95 % confidence.

Metrics come 2 minutes late and a verdict takes effect a minute later, so the earliest rollback is 4 minutes after the first bad request: the column "at once" is what fails within them. In bursty traffic requests come in bursts and the failure rates of both models jump from minute to minute.

Alarms of the file are not simulated: they only roll back earlier.

    sluice simulate -f sluice.yaml --rpm 300 --baseline 0.4% --candidate 1% --html forecast.html`
}

func (s simulate) Run(c *call) error {
	sp, rules, err := c.rules(s.File)
	if err != nil {
		return err
	}
	o, err := s.options(rules)
	if err != nil {
		return err
	}
	o.Progress = c.progress("rollouts simulated")
	fc, err := forecast.Simulate(c.ctx, rules, o)
	if err != nil {
		return err
	}
	shown := simulated{spec: sp, Forecast: fc}
	if err := shown.print(c); err != nil {
		return err
	}
	return s.save(c, func() (picture.Page, error) { return shown.page(s.command()), nil })
}

func (s simulate) options(rules forecast.Rules) (forecast.Options, error) {
	o := forecast.Options{Faults: forecast.Faults(rules), Rollouts: s.Rollouts, Seed: s.Seed}
	o.RPM, o.Pattern = s.RPM, traffic.Pattern(s.Pattern)
	if !(s.RPM >= 0 && s.RPM <= 1e8) {
		return o, misused("--rpm %v: give 0 to 100,000,000 requests a minute", s.RPM)
	}
	if s.Rollouts < 10 || s.Rollouts > 1_000_000 {
		return o, misused("--rollouts %d: give 10 to 1,000,000", s.Rollouts)
	}
	var err error
	if o.Baseline, err = forecast.ParseRate(s.Baseline); err != nil {
		return o, misused("--baseline %v", err)
	}
	for _, text := range s.Candidate {
		rate, err := forecast.ParseRate(text)
		if err != nil {
			return o, misused("--candidate %v", err)
		}
		o.Faults = append(o.Faults, forecast.Failing(rate, o.Baseline))
	}
	return o, nil
}

// command is what makes the same forecast again.
func (s simulate) command() string {
	words := fmt.Sprintf("sluice simulate -f %s --rpm %v --pattern %s --baseline %s --rollouts %d --seed %d", s.File, s.RPM, s.Pattern, s.Baseline, s.Rollouts, s.Seed)
	for _, rate := range s.Candidate {
		words += " --candidate " + rate
	}
	return words
}

// misused is a failure of somebody who called the command wrongly.
func misused(format string, args ...any) error {
	return &failure{code: exitUsage, text: fmt.Sprintf(format, args...), fix: "see sluice --help"}
}

// simulated is a forecast as it is shown.
type simulated struct {
	spec spec.Spec
	forecast.Forecast
}

func (s simulated) title() string {
	return fmt.Sprintf("%s: %s", s.spec.Endpoint.Name, plannedSteps(s.Rules.Plan))
}

func (s simulated) assumed() string {
	return fmt.Sprintf("%s requests a minute, %s; the baseline fails %s; a candidate may fail %s; at most %s of healthy candidates are to be rolled back",
		figure(s.Environment.RPM), s.Environment.Pattern, percent(s.Environment.Baseline), percent(s.Rules.Tolerated(s.Environment.Baseline)), percent(s.Rules.Config.Alpha))
}

func (s simulated) print(c *call) error {
	if c.json {
		return s.emit(c)
	}
	c.print.Report(ui.Report{Mark: ui.Plan, Title: s.title(), Text: []string{s.assumed()}})
	for i, t := range s.tables() {
		if i > 0 {
			c.print.Note("what it costs, in the mean rollout:")
		}
		c.print.Table(t)
	}
	for _, k := range s.Candidates {
		if k.Undecided > 0 {
			c.print.Problem(ui.Problem{Warning: true, Text: fmt.Sprintf("%s: %d of %d rollouts were rolled back for want of requests, not for failures", k.Name, k.Undecided, k.Rollouts)})
		}
	}
	return nil
}

func (s simulated) emit(c *call) error {
	if err := c.emit("plan", struct {
		Model       string  `json:"model"`
		Endpoint    string  `json:"endpoint"`
		Steps       any     `json:"steps"`
		RPM         float64 `json:"rpm"`
		Pattern     string  `json:"pattern"`
		Baseline    float64 `json:"baseline"`
		Tolerated   float64 `json:"tolerated"`
		FalseAtMost float64 `json:"falseAtMost"`
		Seed        uint64  `json:"seed"`
	}{
		s.spec.Model, s.spec.Endpoint.Name, s.Rules.Plan, s.Environment.RPM, string(s.Environment.Pattern),
		s.Environment.Baseline, s.Rules.Tolerated(s.Environment.Baseline), s.Rules.Config.Alpha, s.Seed,
	}); err != nil {
		return err
	}
	for _, candidate := range s.Candidates {
		if err := c.emit("candidate", candidate); err != nil {
			return err
		}
	}
	return nil
}

// tables are what becomes of each candidate, and what it costs.
func (s simulated) tables() []ui.Table {
	becomes := ui.Table{Columns: []ui.Column{
		{Name: "candidate", Wide: true}, {Name: "fails", Number: true}, {Name: "should", Wide: true}, {Name: "rolled back", Number: true}, {Name: "95% range"},
		{Name: "minutes to catch", Number: true}, {Name: "p90", Number: true}, {Name: "caught at", Wide: true},
	}}
	costs := ui.Table{Columns: []ui.Column{
		{Name: "candidate", Wide: true}, {Name: "requests exposed", Number: true}, {Name: "failed", Number: true}, {Name: "at once", Number: true}, {Name: "minutes to promotion", Number: true},
	}}
	for _, k := range s.Candidates {
		should := "be caught"
		if k.Within {
			should = "pass"
		}
		becomes.Rows = append(becomes.Rows, []string{
			k.Name, percent(k.Rate), should, percent(k.RolledBack.Value), percent(k.RolledBack.Low) + " to " + percent(k.RolledBack.High),
			between(k.CatchMedian), between(k.CatchP90), weights(k.CaughtAt),
		})
		costs.Rows = append(costs.Rows, []string{k.Name, give(k.Exposed), give(k.Bad), give(k.Immediate), between(k.Promotion)})
	}
	return []ui.Table{becomes, costs}
}

func (s simulated) page(command string) picture.Page {
	n := 0
	if len(s.Candidates) > 0 {
		n = s.Candidates[0].Rollouts
	}
	times := fmt.Sprintf("%s rollouts of each candidate were simulated, seed %d", count(int64(n)), s.Seed)
	tables := s.tables()
	return picture.Page{
		Title: "Forecast for " + s.spec.Endpoint.Name,
		Lead:  []string{sentenceOf(s.assumed() + "; " + times)},
		SVG: picture.Rollbacks(s.Forecast, s.title(),
			fmt.Sprintf("%s requests a minute, %s; the baseline fails %s, a candidate may fail %s", figure(s.Environment.RPM), s.Environment.Pattern, percent(s.Environment.Baseline), percent(s.Rules.Tolerated(s.Environment.Baseline))),
			fmt.Sprintf("at most %s of healthy candidates are to be rolled back; %s", percent(s.Rules.Config.Alpha), times)),
		Tables: []picture.Table{pageTable("What becomes of each candidate", tables[0]), pageTable("What it costs, in the mean rollout", tables[1])},
		Notes: []string{
			"Every candidate met the same requests on the same simulated days, and was judged by the plan and the judge of the spec.",
			"Ranges hold the true value with 95 % confidence: Wilson's for chances, normal for means, order statistics for times.",
			"Minutes to catch count from the first request that met the fault until the candidate got no more. Metrics come 2 minutes late and a verdict takes effect a minute later: 4 minutes are the least.",
			"At once is what failed within those 4 minutes: no judge of these metrics can serve fewer failures.",
			"Points are percentage points of requests. A candidate that should pass is no worse than the spec tolerates.",
			"Alarms are not simulated: they only roll back earlier.",
		},
		Command: command,
	}
}
