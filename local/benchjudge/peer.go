package benchjudge

import (
	"slices"

	"sluice/shared/judge"
)

// peer is another tool's rule with the numbers its documentation shows.
type peer struct {
	name  string
	begin func() looker
}

var documentedPeers = []peer{
	{"alarm, average >= 1 (SageMaker notebook)", func() looker { return &threshold{statistic: alarm(1, 1, 1, true), at: 1} }},
	{"alarm, any error of both fleets (AWS pattern)", func() looker { return &threshold{statistic: anyError(true), at: 1} }},
	{"alarm, any error (SAM)", func() looker { return &threshold{statistic: anyError(false), at: 1} }},
	{"success under 95 %, 4 of 5 min (Argo)", func() looker { return &threshold{statistic: failedChecks(4, 5), at: 0.0500001} }},
	{"success under 99 %, 5 of 1 min (Flagger)", func() looker { return &flagger{} }},
	{"Mann-Whitney, 5 min (Kayenta)", func() looker { return &kayenta{} }},
}

// threshold rolls back once a statistic reaches a fixed value.
type threshold struct {
	statistic statistic
	at        float64
}

func (l *threshold) look(_, _ int, s served) judge.Action {
	if l.statistic(s, false) >= l.at {
		return judge.RollBack
	}
	return judge.Continue
}

// anyError is Sum > 0 of one minute.
func anyError(pooled bool) statistic {
	return func(s served, _ bool) float64 {
		if pooled {
			return float64(s.baseline.bad + s.candidate.bad)
		}
		return float64(s.candidate.bad)
	}
}

// flagger checks every minute for 99 % success, does not advance on a failed check, and gives up at the fifth.
// No requests is a failed check.
type flagger struct{ failed int }

func (f *flagger) look(_, _ int, s served) judge.Action {
	if s.candidate.n > 0 && s.candidate.ratio() <= 0.01 {
		return judge.Continue
	}
	if f.failed++; f.failed >= 5 {
		return judge.RollBack
	}
	return judge.Hold
}

// kayenta judges five minutes at a time by the Mann-Whitney test at 98 %, with a tolerance of a quarter of the
// Hodges-Lehmann estimate. At full weight the baseline's last five minutes stand in.
type kayenta struct {
	minutes             int
	baseline, candidate []float64
}

const kayentaWindow = 5

func (k *kayenta) look(_, _ int, s served) judge.Action {
	push := func(to []float64, c counts) []float64 {
		if c.n > 0 {
			to = append(to, c.ratio())
		}
		return to[max(0, len(to)-kayentaWindow):]
	}
	k.baseline, k.candidate = push(k.baseline, s.baseline), push(k.candidate, s.candidate)
	if k.minutes++; k.minutes%kayentaWindow != 0 || len(k.baseline) < kayentaWindow || len(k.candidate) < kayentaWindow {
		return judge.Continue
	}
	var differences []float64
	for _, c := range k.candidate {
		for _, b := range k.baseline {
			differences = append(differences, c-b)
		}
	}
	slices.Sort(differences)
	// The 98 % interval of 25 differences begins at the second; their median is the estimate.
	lowest, estimate := differences[1], differences[len(differences)/2]
	if lowest > 0.25*max(estimate, -estimate) {
		return judge.RollBack
	}
	return judge.Continue
}
