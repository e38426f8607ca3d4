package judge

import (
	"slices"
	"time"
)

// patience is how long after its end a minute is waited for while one side is missing: metrics arrive late.
const patience = 2 * time.Minute

// Points is what the metrics service reports for one metric and variant: counts by the minute's beginning (UTC,
// whole minutes). A minute without a datapoint is absent, which is not the same as a minute without failures.
type Points map[time.Time]Counts

// Observed is one metric on both variants.
type Observed struct{ Baseline, Candidate Points }

// Stay is the time during which a step's weight was verified to be in force.
type Stay struct {
	Step        int
	From, Until time.Time // Until is zero while it lasts
}

// Ready reports whether a minute that began at start may be judged at now: it has ended, and its data are complete
// or have had two more minutes to arrive.
func Ready(start, now time.Time, complete bool) bool {
	end := start.Add(time.Minute)
	return !now.Before(end) && (complete || !now.Before(end.Add(patience)))
}

// Collect lays out the ready minutes of a rollout that began at began, and of the baseline's history before it,
// oldest first. One Observed per Config.Metrics. It stops at the first minute that is not ready, so that nothing is
// judged out of order. A minute that no stay covers wholly is Shifting; at full weight no baseline is waited for.
func Collect(plan Plan, began, now time.Time, stays []Stay, metrics []Observed) Series {
	began = began.UTC().Truncate(time.Minute)
	series := history(began, metrics)
	for start := began; ; start = start.Add(time.Minute) {
		step := stepAt(start, stays)
		alone := step >= 0 && step < len(plan) && plan[step].Weight >= 100
		readings, complete := observe(start, metrics, alone)
		if !Ready(start, now, complete) {
			return series
		}
		series = append(series, Minute{At: int(start.Sub(began) / time.Minute), Step: step, Readings: readings})
	}
}

func history(began time.Time, metrics []Observed) Series {
	first := began
	for _, m := range metrics {
		for start := range m.Baseline {
			if start.Before(first) {
				first = start.UTC().Truncate(time.Minute)
			}
		}
	}
	var series Series
	for start := first; start.Before(began); start = start.Add(time.Minute) {
		readings, _ := observe(start, metrics, false)
		series = append(series, Minute{At: int(start.Sub(began) / time.Minute), Readings: readings})
	}
	return series
}

// observe gathers one minute of every metric; complete is false while a side of any is missing that should come.
func observe(start time.Time, metrics []Observed, alone bool) (readings []Reading, complete bool) {
	complete = true
	for _, m := range metrics {
		baseline, hasBaseline := m.Baseline[start]
		candidate, hasCandidate := m.Candidate[start]
		complete = complete && hasCandidate && (hasBaseline || alone)
		readings = append(readings, Reading{Baseline: baseline, Candidate: candidate})
	}
	return readings, complete
}

func stepAt(start time.Time, stays []Stay) int {
	end := start.Add(time.Minute)
	i := slices.IndexFunc(stays, func(s Stay) bool {
		return !s.From.After(start) && (s.Until.IsZero() || !s.Until.Before(end))
	})
	if i < 0 {
		return Shifting
	}
	return stays[i].Step
}
