// Package judge decides, minute by minute, whether a candidate is worse than the baseline beside it.
//
// It bets play money against "the candidate is no worse than tolerated". While that is true no betting strategy
// multiplies its money by 1/alpha with a chance above alpha, however often one looks (Ville's inequality), so a
// rollout may be judged every minute for hours. The money is spread over ten bets, from a tenth more failures to
// all of them, and partly kept as cash for a regression that begins late.
//
// The package is pure: a verdict is a function of the series. The rollout engine calls Judge at each look with
// everything known so far; Run is the same computation one minute at a time. It does not fetch metrics, keep time,
// shift weights or remember verdicts: a rollback already acted upon is the caller's to keep.
package judge

import (
	"cmp"
	"fmt"
	"slices"
)

// Series is everything known about one rollout, in any order. Of two minutes with the same At the later in the
// slice is believed, so that late and revised data are appended and heal the judgement.
type Series []Minute

// Judge returns the verdict on the last minute of the series; with no minute of the rollout in it, Continue.
// The result does not depend on the order of arrival, nor on how often it was asked before.
// Errors: an invalid config or plan, or a minute that does not fit them.
func Judge(config Config, plan Plan, series Series) (Verdict, error) {
	run, err := NewRun(config, plan)
	if err != nil {
		return Verdict{}, err
	}
	for _, minute := range series.ordered() {
		if err := run.Absorb(minute); err != nil {
			return Verdict{}, err
		}
	}
	return run.Verdict(), nil
}

// ordered sorts by time and keeps the last report of each minute.
func (s Series) ordered() Series {
	sorted := slices.Clone(s)
	slices.SortStableFunc(sorted, func(a, b Minute) int { return cmp.Compare(a.At, b.At) })
	kept := sorted[:0]
	for i, minute := range sorted {
		if i+1 < len(sorted) && sorted[i+1].At == minute.At {
			continue
		}
		kept = append(kept, minute)
	}
	return kept
}

// fits says whether a minute can be judged with this many metrics and steps.
func (m Minute) fits(metrics, steps int) error {
	if len(m.Readings) > metrics {
		return fmt.Errorf("minute %d has %d readings but %d metrics are judged: give one reading a metric, in their order", m.At, len(m.Readings), metrics)
	}
	if m.At >= 0 && (m.Step < Shifting || m.Step >= steps) {
		return fmt.Errorf("minute %d is in step %d but the plan has %d steps: count steps from 0", m.At, m.Step, steps)
	}
	for i, reading := range m.Readings {
		if err := reading.fits(); err != nil {
			return fmt.Errorf("minute %d, metric %d: %w", m.At, i, err)
		}
	}
	return nil
}
