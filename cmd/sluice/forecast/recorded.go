package forecast

import (
	"math"
	"time"

	"sluice/cmd/sluice/forecast/draw"
	"sluice/cmd/sluice/forecast/export"
	"sluice/shared/judge"
)

// usualMinutes is how far back a minute's usual failure rate is taken from.
const usualMinutes = historyMinutes

// recorded is the baseline's own minutes, and a rollout that began among them.
type recorded struct {
	minutes  []export.Minute
	rules    Rules
	start    int    // of the rollout, as a minute of the record
	key      uint64 // of its dice
	readings [lateness + 1][]judge.Reading
}

func newRecorded(minutes []export.Minute, rules Rules) *recorded {
	r := &recorded{minutes: minutes, rules: rules}
	for i := range r.readings {
		r.readings[i] = make([]judge.Reading, len(rules.Config.Metrics))
	}
	return r
}

// serve lets the requests of the recorded minute fall on both variants by chance, as
// the weight says, each with the fate that it had. At full weight that is the minute
// itself.
func (r *recorded) serve(t int, weight float64) (served, bool) {
	at := r.start + t
	if at >= len(r.minutes) {
		return served{}, false
	}
	m := r.minutes[at]
	dice := draw.Roll(r.key, uint64(at))
	bad := draw.Binomial(m.Failed, weight/100, dice.Uniform())
	good := draw.Binomial(m.Requests-m.Failed, weight/100, dice.Uniform())
	candidate := judge.Counts{N: good + bad, Bad: bad}
	baseline := judge.Counts{N: m.Requests - candidate.N, Bad: m.Failed - bad}
	readings := r.readings[t%len(r.readings)]
	readings[0] = judge.Reading{Baseline: baseline, Candidate: candidate}
	if len(readings) > 1 {
		r.scatter(&dice, m.Latency, weight, &readings[1], baseline.N, candidate.N)
	}
	return served{readings: readings, active: true}, true
}

// scatter gives both variants the recorded percentile of latency, as far off as the
// percentile of a part of the requests is by chance. How the single requests were
// spread is not on record: log-normal is assumed, with a 90th percentile of 2.25
// medians.
func (r *recorded) scatter(dice *draw.Dice, ms, weight float64, to *judge.Reading, baseline, candidate int64) {
	*to = judge.Reading{}
	if ms <= 0 {
		return
	}
	of := func(n int64, share float64) judge.Counts {
		off := draw.Rank(dice, n, r.rules.Percentile) - draw.Normal(r.rules.Percentile)
		// The whole minute's own chance is in the recorded value already.
		return judge.Counts{N: n, Value: ms * math.Exp(spread*off*math.Sqrt(1-share))}
	}
	to.Baseline, to.Candidate = of(baseline, 1-weight/100), of(candidate, weight/100)
}

// learned is a judge that has seen what was recorded before the rollout, a day at most.
func learned(rules Rules, minutes []export.Minute, start int) (*judge.Run, error) {
	run, err := judge.NewRun(rules.Config, rules.Plan)
	if err != nil {
		return nil, err
	}
	readings := make([]judge.Reading, len(rules.Config.Metrics))
	for at := max(0, start-historyMinutes); at < start; at++ {
		readings[0].Baseline = counts(minutes[at])
		if len(readings) > 1 {
			readings[1].Baseline = slowness(minutes[at])
		}
		if err := run.Absorb(judge.Minute{At: at - start, Readings: readings}); err != nil {
			return nil, err
		}
	}
	return run, nil
}

func counts(m export.Minute) judge.Counts { return judge.Counts{N: m.Requests, Bad: m.Failed} }

// slowness is a minute's percentile; none if none was recorded.
func slowness(m export.Minute) judge.Counts {
	if m.Latency <= 0 {
		return judge.Counts{}
	}
	return judge.Counts{N: m.Requests, Value: m.Latency}
}

// Spell is some minutes of a record in one.
type Spell struct {
	From     time.Time `json:"from"`
	Minutes  int       `json:"minutes"`
	Requests int64     `json:"requests"`
	Failed   int64     `json:"failed"`
	Usual    float64   `json:"usual"` // failure rate of the day before
	// RolledBack is how many of the rollouts were rolled back most of all for what
	// these minutes said, and Held how many minutes rollouts were held for them.
	RolledBack int `json:"rolledBack"`
	Held       int `json:"held"`
	// Factor is how many times the evidence grew in the mean rollout, at most 1e6.
	Factor float64 `json:"factor"`
}
