package judge

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// minutes repeats one reading over a step.
func minutes(from, count, step int, readings ...Reading) Series {
	var s Series
	for i := range count {
		s = append(s, Minute{At: from + i, Step: step, Readings: readings})
	}
	return s
}

func reading(nb, xb, nc, xc int64) Reading {
	return Reading{Counts{N: nb, Bad: xb}, Counts{N: nc, Bad: xc}}
}

func TestReasons(t *testing.T) {
	past := minutes(-360, 360, 0, reading(3000, 3, 0, 0))
	steps := Plan{{10, 5}, {100, 5}}
	dry := Defaults()
	dry.Metrics = append(dry.Metrics, Metric{Name: "over 300 ms", DryRun: true})
	wait := Defaults()
	wait.HoldMinutes, wait.Inconclusive = 2, Pause
	giveUp := Defaults()
	giveUp.NoTraffic = GiveUp
	latency := Config{Alpha: 0.05, Metrics: []Metric{{Name: "p99", Kind: Percentile, Relative: 0.25}}}
	slow := Reading{Counts{N: 900, Value: 100}, Counts{N: 100, Value: 140}}
	for _, tt := range []struct {
		name   string
		config Config
		series Series
		action Action
		want   []string
	}{
		{"nothing yet", Defaults(), nil, Continue, []string{
			"only 0 minutes of the baseline are known: the guard against bursts is widened, and a fault is found later"}},
		{"healthy", Defaults(), slices.Concat(past, minutes(0, 5, 0, reading(2700, 3, 300, 0))), Advance, []string{}},
		{"bad from the start", Defaults(), slices.Concat(past, minutes(0, 2, 0, reading(2700, 3, 300, 5))), RollBack, []string{
			"candidate 10 of 600 failed (1.7 %), baseline 6 of 5,400 (0.11 %); chance of this by luck under 1 in 525"}},
		{"a late regression is told without the hours before", Defaults(),
			slices.Concat(past, minutes(0, 4, 0, reading(2700, 3, 300, 0)), minutes(4, 1, 0, reading(2700, 3, 300, 200))), RollBack, []string{
				"candidate 200 of 300 failed (67 %), baseline 3 of 2,700 (0.11 %); chance of this by luck under 1 in 1,000,000,000"}},
		{"doubt at a step's end", Defaults(), slices.Concat(past, minutes(0, 5, 0, reading(2700, 3, 300, 1))), Hold, []string{
			"the candidate looks worse, not yet beyond doubt",
			"the step is held, 1 of at most 10 minutes",
			"candidate 5 of 1,500 failed (0.33 %), baseline 15 of 13,500 (0.11 %)"}},
		{"doubt to the end", wait, slices.Concat(past, minutes(0, 7, 0, reading(2700, 3, 300, 1))), Hold, []string{
			"the candidate looks worse, not yet beyond doubt",
			"held for 2 minutes without a conclusion: a person must decide",
			"candidate 7 of 2,100 failed (0.33 %), baseline 21 of 18,900 (0.11 %)"}},
		{"given up", giveUp, slices.Concat(past, minutes(0, 16, 0, reading(2700, 3, 0, 0))), RollBack, []string{
			"the candidate got no requests in this step: nothing can be said about it",
			"held for 10 minutes without a conclusion: rolled back as the config asks"}},
		{"few requests", Defaults(), slices.Concat(past, minutes(0, 5, 0, reading(2700, 3, 2, 0))), Hold, []string{
			"the candidate got only 10 requests in this step, fewer than the 15 it needs",
			"the step is held, 1 of at most 10 minutes"}},
		{"no requests", Defaults(), slices.Concat(past, minutes(0, 16, 0, reading(2700, 3, 0, 0))), Hold, []string{
			"the candidate got no requests in this step: nothing can be said about it",
			"held for 10 minutes without a conclusion: a person must decide"}},
		{"at full weight", Defaults(), slices.Concat(past, minutes(0, 1, 1, reading(0, 0, 3000, 300))), RollBack, []string{
			"candidate 300 of 3,000 failed (10 %), baseline before about 0.1 %; chance of this by luck under 1 in 1,000,000,000"}},
		{"a dry run only shows", dry, slices.Concat(past, minutes(0, 2, 0, reading(2700, 3, 300, 0), reading(2700, 3, 300, 300))), Continue, []string{
			"candidate 600 of 600 over 300 ms (100 %), baseline 6 of 5,400 (0.11 %); chance of this by luck under 1 in 1,000,000,000 (dry run: not acted upon)",
			"only 2 minutes of the baseline are known: the guard against bursts is widened, and a fault is found later"}},
		{"slower", latency, slices.Concat(minutes(-60, 60, 0, slow), minutes(0, 12, 0, slow)), RollBack, []string{
			"p99 of the candidate was over the tolerated one in 12 of 12 minutes; chance of this by luck under 1 in 708"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Judge(tt.config, steps, tt.series)
			if err != nil {
				t.Fatal(err)
			}
			if v.Action != tt.action {
				t.Errorf("got %s at evidence %v, want %s", v.Action, v.Evidence, tt.action)
			}
			if diff := cmp.Diff(tt.want, append([]string{}, v.Reasons...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
