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
	"sync"
)

// Options chooses how much is simulated.
type Options struct {
	Seed    uint64
	Healthy int // repetitions of every healthy scenario
	Faulty  int // repetitions of every faulty scenario
	History int // minutes of the baseline known before the rollout
	Limits  Tolerance
	// Thin keeps one environment in Thin; 0 and 1 keep all.
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
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range next {
				outcomes[i] = simulate(o, chosen[i])
			}
		})
	}
	for i := range chosen {
		next <- i
	}
	close(next)
	wait.Wait()
	var result Result
	for _, of := range outcomes {
		result.outcomes = append(result.outcomes, of...)
	}
	return result
}
