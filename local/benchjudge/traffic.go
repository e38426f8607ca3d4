package benchjudge

import (
	"fmt"
	"math"
)

// shape is how requests and failures vary over time.
type shape int

const (
	steady   shape = iota // a constant mean
	diurnal               // requests follow the day, five to one
	bursty                // requests and failure rates jump from minute to minute, each variant's on its own
	episodes              // stress: each variant now and then fails five times as often for three minutes
	shocks                // stress: both variants do so at the same time
)

var shapeNames = [...]string{"steady", "diurnal", "bursty", "private episodes", "shared shocks"}

func (s shape) stress() bool { return s >= episodes }

const (
	episodeChance  = 1.0 / 60 // of beginning, a minute
	episodeMinutes = 3
	episodeFactor  = 5
	worstRate      = 0.95 // no episode drives a working variant above this
)

// environment is one endpoint's traffic.
type environment struct {
	requests float64 // a minute, both variants
	base     float64 // the baseline's failure rate
	shape    shape
}

func (e environment) String() string {
	return fmt.Sprintf("%g a minute, base %g %%, %s", e.requests, 100*e.base, shapeNames[e.shape])
}

func environments() []environment {
	var all []environment
	for s := steady; s <= shocks; s++ {
		for _, requests := range []float64{100, 1000, 10_000, 100_000} {
			for _, base := range []float64{0, 0.0001, 0.001, 0.01, 0.05} {
				if s.stress() && base == 0 {
					continue // nothing to multiply
				}
				all = append(all, environment{requests, base, s})
			}
		}
	}
	return all
}

// day is one repetition of an environment: the same traffic for every judge.
type day struct {
	environment
	key   uint64
	phase float64
}

func newDay(e environment, seed uint64, repetition int) day {
	key := roll(seed, math.Float64bits(e.requests), math.Float64bits(e.base), uint64(e.shape), uint64(repetition))
	return day{environment: e, key: key.bits(), phase: key.uniform()}
}

// counts of one variant in one minute.
type counts struct{ n, bad int64 }

// served is one minute: what happened, and the true law of its failure rates.
type served struct {
	baseline, candidate counts
	baseRate, candRate  float64 // as drawn; a bursty minute's jump included
}

// Kinds of draws within a minute.
const (
	drawMinute = iota
	drawShock
	drawEpisodeBaseline
	drawEpisodeCandidate
)

// minute serves minute t (negative: history) with the candidate at this share of requests.
func (d *day) minute(t int, share float64, fault fault) served {
	dice := roll(d.key, uint64(int64(t)), drawMinute)
	volume, split, failB, failC, jumpB, jumpC := dice.uniform(), dice.uniform(), dice.uniform(), dice.uniform(), dice.uniform(), dice.uniform()
	mean := d.requests
	var s served
	s.baseRate, s.candRate = d.base, d.base
	switch d.shape {
	case diurnal:
		mean *= 1 + 2.0/3*math.Sin(2*math.Pi*(d.phase+float64(t)/1440))
	case bursty:
		mean *= jump(volume)
		volume = dice.uniform()
		s.baseRate = min(s.baseRate*jump(jumpB), worstRate)
		s.candRate = min(s.candRate*jump(jumpC), worstRate)
	case episodes:
		s.baseRate = d.during(t, drawEpisodeBaseline, s.baseRate)
		s.candRate = d.during(t, drawEpisodeCandidate, s.candRate)
	case shocks:
		s.baseRate = d.during(t, drawShock, s.baseRate)
		s.candRate = s.baseRate
	}
	s.candRate = fault.apply(t, s.candRate)
	n := poisson(mean, volume)
	s.candidate.n = binomial(n, share, split)
	s.baseline.n = n - s.candidate.n
	s.baseline.bad = binomial(s.baseline.n, s.baseRate, failB)
	s.candidate.bad = binomial(s.candidate.n, s.candRate, failC)
	return s
}

// jumpShape is the shape of the gamma law of a bursty minute's factor: mean 1, deviation 1/2.
const jumpShape = 4

// jump is a gamma factor, by Wilson and Hilferty's approximation.
func jump(u float64) float64 {
	const spread = 1.0 / (9 * jumpShape)
	cube := max(1-spread+normal(u)*math.Sqrt(spread), 0)
	return cube * cube * cube
}

// during is the rate, raised while an episode of this kind lasts.
func (d *day) during(t int, kind uint64, rate float64) float64 {
	for began := t - episodeMinutes + 1; began <= t; began++ {
		dice := roll(d.key, uint64(int64(began)), kind)
		if dice.uniform() < episodeChance {
			return max(rate, min(episodeFactor*rate, worstRate))
		}
	}
	return rate
}
