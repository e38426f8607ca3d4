// Package benchjudge measures the judge: it simulates thousands of rollouts under known traffic and known faults,
// judges each with the product's judge, with the rules of other tools and with a judge that knows everything, and
// compares the bad responses that each lets through and the healthy candidates that each rolls back.
//
// Everything is drawn from hashes of (seed, environment, repetition, minute), so that all judges see the same
// requests whenever they serve the same weight, and results depend neither on order nor on scheduling.
// Not modelled: metrics that arrive late or are revised, sticky sessions, faults that depend on the weight.
package benchjudge

import (
	"runtime"
	"slices"
	"sync"
)

// Options chooses how much is simulated.
type Options struct {
	Seed    uint64
	Healthy int // repetitions of every healthy scenario
	Faulty  int // repetitions of every faulty scenario
	History int // minutes of the baseline known before the rollout
	Limits  Tolerance
	// Thin simulates one environment in so many; 0 and 1 all of them.
	Thin int
}

// Tolerance is what all judges are asked to tolerate, and alpha.
type Tolerance struct{ Alpha, Relative, Absolute float64 }

// Full is the measurement behind the goals; Quick a rough one of a few seconds.
func Full(seed uint64) Options {
	return Options{Seed: seed, Healthy: 1000, Faulty: 100, History: 360, Limits: Tolerance{Alpha: 0.05, Relative: 0.1}}
}

// Quick is Full with fewer repetitions.
func Quick(seed uint64) Options {
	o := Full(seed)
	o.Healthy, o.Faulty = 200, 20
	return o
}

// Measure simulates everything. Environments are spread over the processors; the result does not depend on how.
func Measure(o Options) Result {
	all := environments()
	var chosen []environment
	for i, e := range all {
		if o.Thin <= 1 || i%o.Thin == 0 {
			chosen = append(chosen, e)
		}
	}
	outcomes := make([][]outcome, len(chosen))
	spread(len(chosen), func(i int) { outcomes[i] = simulate(o, chosen[i]) })
	result := Result{limits: o.Limits}
	for _, of := range outcomes {
		result.outcomes = append(result.outcomes, of...)
	}
	result.confirm(o)
	return result
}

// Result is everything measured.
type Result struct {
	limits    Tolerance
	outcomes  []outcome
	confirmed []outcome // the worst healthy scenarios, simulated again
}

const (
	confirmedWorst = 6 // of the scenarios with stress traffic, and of those without
	confirmedTimes = 4 // as many repetitions
)

// confirm simulates the healthy scenarios with the most false rollbacks again, on other days.
func (r *Result) confirm(o Options) {
	var chosen []outcome
	for _, stress := range []bool{true, false} {
		var all []outcome
		for _, of := range r.outcomes {
			if of.fault == healthy && of.environment.shape.stress() == stress {
				all = append(all, of)
			}
		}
		slices.SortStableFunc(all, func(a, b outcome) int { return int(b.ours.rolledBack - a.ours.rolledBack) })
		chosen = append(chosen, all[:min(confirmedWorst, len(all))]...)
	}
	o.Seed, o.Healthy = o.Seed+1<<32, confirmedTimes*o.Healthy
	r.confirmed = make([]outcome, len(chosen))
	spread(len(chosen), func(i int) { r.confirmed[i] = again(o, chosen[i]) })
}

// spread does so many things on all processors.
func spread(n int, do func(i int)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}
