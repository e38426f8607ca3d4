package judge

import (
	"fmt"
	"math"
)

// Shifting is the step of a minute in which the weights were moving: its requests are evidence, but it does not
// count towards any step.
const Shifting = -1

// maxCount is the largest count a minute may hold: far beyond any endpoint, and safe in float64 arithmetic.
const maxCount = 1e12

// Counts is what one metric said about one variant in one minute.
type Counts struct {
	N     int64   `json:"n"`               // requests, 0 to 1e12; 0 when the minute is missing
	Bad   int64   `json:"bad"`             // those that failed, or were over the limit; at most N
	Value float64 `json:"value,omitempty"` // for a Percentile metric: the percentile, in any unit; Bad is unused then
}

// Reading is one metric's minute on both variants.
type Reading struct {
	Baseline  Counts `json:"baseline"`
	Candidate Counts `json:"candidate"`
}

// Minute is one minute of a rollout, or of the baseline's history before it.
type Minute struct {
	At       int       `json:"minute"`   // minutes since the rollout began, 0 first; below 0 is history
	Step     int       `json:"step"`     // the plan's step in force for the whole minute, 0 first, or Shifting; unused in history
	Readings []Reading `json:"readings"` // one per Config.Metrics, in that order; a short list means no data
}

// Step is one step of a plan.
type Step struct {
	Weight  float64 `json:"weight"`  // the candidate's share of requests, percent, above 0 to 100
	Minutes int     `json:"minutes"` // how long it bakes, at least 1
}

// Plan is the steps of one rollout. The last one is the bake: at 100 percent the baseline has no traffic and
// only its past is left to compare with; a plan that ends at 95 (holdback) keeps the full comparison throughout.
type Plan []Step

// Validate reports the first thing wrong with the plan.
func (p Plan) Validate() error {
	if len(p) == 0 {
		return fmt.Errorf("plan has no steps: give at least one")
	}
	for i, step := range p {
		if !(step.Weight > 0 && step.Weight <= 100) {
			return fmt.Errorf("step %d has weight %v: give a percentage above 0, at most 100", i, step.Weight)
		}
		if step.Minutes < 1 {
			return fmt.Errorf("step %d bakes %d minutes: give at least 1", i, step.Minutes)
		}
	}
	return nil
}

// growth is how many times more requests the candidate gets after step i; 1 after the last, at full weight.
func (p Plan) growth(i int) float64 {
	if i+1 < len(p) {
		return p[i+1].Weight / p[i].Weight
	}
	return 100 / p[i].Weight
}

func (r Reading) fits() error {
	for _, side := range [2]struct {
		name   string
		counts Counts
	}{{"baseline", r.Baseline}, {"candidate", r.Candidate}} {
		c := side.counts
		switch {
		case c.N < 0 || c.N > maxCount:
			return fmt.Errorf("%s has %d requests: give 0 to 1e12", side.name, c.N)
		case c.Bad < 0 || c.Bad > c.N:
			return fmt.Errorf("%s has %d bad of %d requests: give 0 to the number of requests", side.name, c.Bad, c.N)
		case math.IsNaN(c.Value) || math.IsInf(c.Value, 0):
			return fmt.Errorf("%s has percentile %v: leave a missing minute out", side.name, c.Value)
		}
	}
	return nil
}

func (c Counts) rate() float64 { return float64(c.Bad) / float64(c.N) }

func (c *Counts) add(more Counts) {
	c.N += more.N
	c.Bad += more.Bad
}
