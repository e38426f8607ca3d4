// Package forecast answers, before a rollout, what it would do: Simulate plays
// thousands of rollouts of a plan against candidates that are healthy or faulty in
// known ways, Backtest plays them on the recorded minutes of a real endpoint, and
// Replay judges a recorded rollout again.
//
// The steps and the verdicts are the product's own: rollout.MakePlan, the rules of
// shifting and judge.Run. What this package adds is the minutes they are fed with, in
// the order in which the rollout machine would see them: metrics come lateness after
// their minute, and a verdict takes effect delay later. Not modelled: alarms, holds by
// a person, endpoints that take longer than that to shift, and metrics that are
// revised. The commands simulate and backtest print what it returns.
package forecast

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

const (
	// lateness is how many minutes after its end a minute can be judged.
	lateness = 2
	// delay is how many minutes pass from a verdict until the weights have changed.
	delay = 1
	// historyMinutes is how much of the baseline's past the judge is shown. It is
	// the history of shifting.
	historyMinutes = 24 * 60
	// longestPause is how many minutes a step is held without a conclusion before
	// the rollout is given up. It is that of shifting.
	longestPause = 24 * 60
)

// Rules are what a spec says about its rollouts, as the judge takes them.
type Rules struct {
	Plan   judge.Plan
	Look   int // minutes from look to look
	Config judge.Config
	// Percentile is the percentile of latency that is judged, 0..1; 0 for none.
	Percentile float64
}

// RulesOf makes rules of a normalised spec, by the functions that a rollout uses.
// Errors: Invalid for a strategy that makes no steps.
func RulesOf(s spec.Rollout) (Rules, error) {
	plan, err := rollout.MakePlan(s)
	if err != nil {
		return Rules{}, err
	}
	// No user meets a shadow, and nobody knows how long an approval takes.
	plan.Steps = slices.DeleteFunc(plan.Steps, func(st rollout.Step) bool { return st.Kind != rollout.Weigh })
	r := Rules{Plan: shifting.JudgePlan(plan), Look: max(1, int(plan.Look/time.Minute)), Config: shifting.JudgeConfig(s.Judge)}
	if l := s.Judge.Latency; l != nil {
		percent, err := strconv.ParseFloat(strings.TrimPrefix(l.Percentile, "p"), 64)
		if err != nil {
			return Rules{}, fmt.Errorf("latency percentile %q: write it like p90", l.Percentile)
		}
		r.Percentile = percent / 100
	}
	if _, err := judge.NewRun(r.Config, r.Plan); err != nil {
		return Rules{}, err
	}
	return r, nil
}

// Shortest is how many minutes a rollout takes that nothing holds up.
func (r Rules) Shortest() int {
	sum := 0
	for i, s := range r.Plan {
		look := s.Minutes + lateness
		sum += (look + r.Look - 1) / r.Look * r.Look
		if i+1 < len(r.Plan) {
			sum += delay
		}
	}
	return sum
}

// Tolerated is the highest failure rate of a candidate that is no worse than tolerated
// beside a baseline at this rate.
func (r Rules) Tolerated(baseline float64) float64 {
	errors := r.Config.Metrics[0]
	return baseline*(1+errors.Relative) + errors.Absolute
}
