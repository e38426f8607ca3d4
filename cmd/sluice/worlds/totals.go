package worlds

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
)

// Totals adds up outcomes.
type Totals struct {
	Worlds, Calls               int
	Virtual                     time.Duration
	Trainings, Rollouts, Struck map[string]int
}

// Add adds one outcome.
func (t *Totals) Add(o Outcome) {
	t.Worlds++
	t.Calls += o.Calls
	t.Virtual += o.Virtual
	t.Trainings, t.Rollouts, t.Struck = sum(t.Trainings, o.Trainings), sum(t.Rollouts, o.Rollouts), sum(t.Struck, o.Struck)
}

func sum(to, from map[string]int) map[string]int {
	if to == nil {
		to = map[string]int{}
	}
	for k, n := range from {
		to[k] += n
	}
	return to
}

// Table is the totals, for people and programs.
func (t *Totals) Table() ui.Table {
	table := ui.Table{Columns: []ui.Column{{Name: "what"}, {Name: "outcome"}, {Name: "count", Number: true}}}
	add := func(what, outcome string, n int) {
		table.Rows = append(table.Rows, []string{what, outcome, strconv.Itoa(n)})
	}
	add("worlds", "", t.Worlds)
	for _, part := range []struct {
		what string
		by   map[string]int
	}{{"trainings", t.Trainings}, {"rollouts", t.Rollouts}, {"faults", t.Struck}} {
		for _, outcome := range slices.Sorted(maps.Keys(part.by)) {
			add(part.what, outcome, part.by[outcome])
		}
	}
	add("calls", "of functions to AWS", t.Calls)
	add("virtual time", "hours", int(t.Virtual.Hours()))
	return table
}

// Replay is the command that plays this world again.
func (o Outcome) Replay() string {
	return fmt.Sprintf("go run ./cmd/sluice sim --seed %d --faults %s", o.Seed, quote(o.Faults.String()))
}

// quote makes one word of text for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Tell tells of a broken invariant: the end of the story, then what it was that did
// not hold and how to see it again.
func Tell(out ui.Printer, o Outcome) {
	for _, row := range o.Story {
		out.Row(row)
	}
	out.Report(ui.Report{
		Mark:  ui.Failed,
		Title: fmt.Sprintf("%s does not hold in the world of seed %d", o.Broken.Name, o.Seed),
		Fields: []ui.Field{
			{Name: "invariant", Value: o.Broken.Says},
			{Name: "seen", Value: o.Broken.Detail},
			{Name: "world", Value: o.About},
			{Name: "faults", Value: o.Faults.String()},
			{Name: "replay", Value: o.Replay()},
		},
	})
}
