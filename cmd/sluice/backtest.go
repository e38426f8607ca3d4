package main

import (
	"errors"
	"fmt"
	"os"

	"sluice/cmd/sluice/forecast"
	"sluice/cmd/sluice/forecast/export"
	"sluice/cmd/sluice/forecast/picture"
	"sluice/cmd/sluice/ui"
	"sluice/shared/judge"
	"sluice/shared/spec"
)

// backtest plays a plan on what an endpoint really did.
type backtest struct {
	File      string   `short:"f" required:"" help:"The sluice.yaml of the model; - for standard input." placeholder:"FILE"`
	Baseline  string   `required:"" help:"Exported metrics of the variant that served." placeholder:"FILE"`
	Candidate string   `help:"Exported metrics of a candidate beside it: judge that rollout again." placeholder:"FILE"`
	Repeats   int      `help:"Rollouts from each minute; without it, as many as make about 20,000." placeholder:"N"`
	Seed      uint64   `default:"1" help:"Other dice." placeholder:"N"`
	AllLooks  bool     `help:"Of a rollout judged again, show every look."`
	JSON      jsonFlag `name:"json" help:"Print one JSON object a line."`
	pictureFlags
}

// Help is the text of sluice backtest --help.
func (backtest) Help() string {
	return `With a baseline's history alone: how often would this plan have rolled back a candidate exactly as good as the baseline was? A rollout begins at every minute of the record that has two hours before it. In each minute the recorded requests, with the fate that they had, fall on baseline and candidate by chance, as the weight says; at full weight the candidate gets all of them. It also says which minutes made the judge suspicious.

With a candidate's metrics too, the recorded rollout is judged again, minute by minute. The step in force is read from the shares of requests.

A file is what the AWS CLI prints; pages may follow one another. For the last day of an endpoint:

    query() {
      printf '{"Id":"%s","MetricStat":{"Metric":{"Namespace":"AWS/SageMaker","MetricName":"%s","Dimensions":[{"Name":"EndpointName","Value":"%s"},{"Name":"VariantName","Value":"%s"}]},"Period":60,"Stat":"%s"}}' "$3" "$4" "$1" "$2" "$5"
    }
    queries() {
      echo "[$(query $1 $2 invocations Invocations Sum),$(query $1 $2 errors5xx Invocation5XXErrors Sum),$(query $1 $2 errors4xx Invocation4XXErrors Sum),$(query $1 $2 modelErrors InvocationModelErrors Sum),$(query $1 $2 latency ModelLatency p90)]"
    }
    aws cloudwatch get-metric-data --output json --scan-by TimestampAscending \
      --start-time "$(date -u -d '1 day ago' +%FT%H:%M:00Z)" --end-time "$(date -u +%FT%H:%M:00Z)" \
      --metric-data-queries "$(queries ENDPOINT VARIANT)" > baseline.json

CloudWatch keeps minutes for 15 days. Results are told apart by their ids: ` + export.Names + `; where an id says nothing, the last word of the label counts. The percentile of latency must be the one that the file judges (p90 here); without it latency is not judged.`
}

func (b backtest) Run(c *call) error {
	if b.Repeats < 0 || b.Repeats > 10_000 {
		return misused("--repeats %d: give 1 to 10,000", b.Repeats)
	}
	sp, rules, err := c.rules(b.File)
	if err != nil {
		return err
	}
	record, err := b.read(c)
	if err != nil {
		return err
	}
	if record.Variants[export.Candidate] != nil {
		return b.replay(c, sp, rules, record)
	}
	result, err := forecast.RunBacktest(c.ctx, rules, record, forecast.BacktestOptions{Repeats: b.Repeats, Seed: b.Seed, Progress: c.progress("rollouts played")})
	if err != nil {
		return b.short(err)
	}
	shown := backtested{spec: sp, Backtest: result}
	if err := shown.print(c); err != nil {
		return err
	}
	return b.save(c, func() (picture.Page, error) { return shown.page(b.command()), nil })
}

// short is the failure of a record that says too little; an interrupt stays one.
func (b backtest) short(err error) error {
	var few *forecast.ShortError
	if errors.As(err, &few) {
		return no("sluice backtest --help has the command that exports more", "%s: %v", b.Baseline, err)
	}
	return err
}

// read reads the exported files and says what is remarkable about them.
func (b backtest) read(c *call) (export.Record, error) {
	baseline, err := parsed(b.Baseline)
	if err != nil {
		return export.Record{}, err
	}
	var candidate *export.File
	if b.Candidate != "" {
		file, err := parsed(b.Candidate)
		if err != nil {
			return export.Record{}, err
		}
		candidate = &file
	}
	record, err := export.Assemble(baseline, candidate)
	if err != nil {
		return record, misread(err)
	}
	for _, n := range record.Notes {
		c.print.Problem(ui.Problem{Warning: true, Text: n})
	}
	return record, nil
}

func parsed(name string) (export.File, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return export.File{}, no("name a file that aws cloudwatch get-metric-data has written", "%s %s", name, reason(err))
	}
	file, err := export.Parse(name, src)
	return file, misread(err)
}

// misread makes a failure of what is wrong with a file.
func misread(err error) error {
	var wrong *export.Error
	if !errors.As(err, &wrong) {
		return err
	}
	fix := wrong.Fix
	told := *wrong
	told.Fix = ""
	if fix == "" {
		fix = "sluice backtest --help has the command that makes such a file"
	}
	return no(fix, "%s", told.Error())
}

func (b backtest) command() string {
	words := fmt.Sprintf("sluice backtest -f %s --baseline %s", b.File, b.Baseline)
	if b.Candidate != "" {
		return words + " --candidate " + b.Candidate
	}
	if b.Repeats > 0 {
		words += fmt.Sprintf(" --repeats %d", b.Repeats)
	}
	return words + fmt.Sprintf(" --seed %d", b.Seed)
}

// backtested is a backtest as it is shown.
type backtested struct {
	spec spec.Spec
	forecast.Backtest
}

func (b backtested) title() string {
	return fmt.Sprintf("%s: %s", b.spec.Endpoint.Name, plannedSteps(b.Rules.Plan))
}

// lines are the answer and what it rests on.
func (b backtested) lines() []string {
	said := []string{
		fmt.Sprintf("%s of candidates exactly as good as the baseline would have been rolled back (95%% range %s to %s); at most %s is promised",
			percent(b.RolledBack.Value), percent(b.RolledBack.Low), percent(b.RolledBack.High), percent(b.Rules.Config.Alpha)),
		fmt.Sprintf("%s of record from %s: %s, %s failed; %s from each of %s, of which %d would fit one after another",
			counted(int64(b.Minutes), "minute"), at(b.Start), counted(b.Requests, "request"), share(b.Failed, b.Requests),
			counted(int64(b.Repeats), "rollout"), counted(int64(b.Starts), "minute"), b.Apart),
	}
	if b.CutOff > 0 {
		said = append(said, fmt.Sprintf("%s had not ended when the record did, and are left out", counted(int64(b.CutOff), "rollout")))
	}
	if b.GaveUp > 0 {
		said = append(said, fmt.Sprintf("%s rolled back for want of requests, not for failures", counted(int64(b.GaveUp), "rollout")))
	}
	return said
}

func (b backtested) print(c *call) error {
	if c.json {
		return c.emit("backtest", b.Backtest)
	}
	fields := []ui.Field{
		{Name: "rolled back at", Value: weights(b.At)},
		{Name: "promotion after", Value: between(b.Promotion) + " min"},
	}
	c.print.Report(ui.Report{Mark: ui.Plan, Title: b.title(), Fields: fields, Text: b.lines()})
	c.print.Table(b.table())
	if b.RolledBack.Value > b.Rules.Config.Alpha {
		c.print.Problem(ui.Problem{Warning: true, Text: "that is more than the " + percent(b.Rules.Config.Alpha) + " that rollout.judge.falseRollback asks for",
			Fix: "look at the minutes above: a wider rollout.judge.errors, or no rollouts at such times"})
	}
	return nil
}

// table is the minutes that made the judge suspicious.
func (b backtested) table() ui.Table {
	t := ui.Table{
		Columns: []ui.Column{
			{Name: "suspicious"}, {Name: "minutes", Number: true}, {Name: "requests", Number: true}, {Name: "failed", Number: true}, {Name: "share", Number: true}, {Name: "usual", Number: true},
			{Name: "rolled back", Number: true}, {Name: "minutes held", Number: true}, {Name: "odds times", Number: true},
		},
		Empty: "no minute made the judge suspicious",
	}
	for _, s := range b.Spells {
		t.Rows = append(t.Rows, []string{
			at(s.From), count(int64(s.Minutes)), count(s.Requests), count(s.Failed), share(s.Failed, s.Requests), percent(s.Usual),
			count(int64(s.RolledBack)), count(int64(s.Held)), figure(roundTo(s.Factor, 3)),
		})
	}
	return t
}

func (b backtested) page(command string) picture.Page {
	lines := b.lines()
	p := picture.Page{
		Title: "Backtest of " + b.spec.Endpoint.Name,
		SVG:   picture.Record(b.Backtest, b.title(), lines[:2]...),
		Notes: []string{
			"A rollout was begun at every minute of the record with two hours before it. In each minute the recorded requests, with the fate that they had, fell on both variants by chance, as the weight says.",
			"Both variants share the minutes, good and bad: failures that would strike only one of them are not in the record.",
			"Rollouts that begin a minute apart see almost the same minutes: the range is as wide as only the rollouts that fit into the record one after another make it.",
			"Rolled back counts the rollouts for which these minutes decided; odds times is how much the evidence grew in the mean rollout that went through them.",
			"Latency: how single requests were spread is not on record; log-normal was assumed.",
		},
		Command: command,
	}
	for _, l := range lines {
		p.Lead = append(p.Lead, sentenceOf(l))
	}
	if len(b.Spells) > 0 {
		p.Tables = []picture.Table{pageTable("Minutes that made the judge suspicious", b.table())}
	}
	return p
}

// actions are the marks of a judge's verdicts.
var actions = map[judge.Action]ui.Mark{judge.Continue: ui.Continue, judge.Advance: ui.Advance, judge.Hold: ui.Hold, judge.RollBack: ui.RollBack}
