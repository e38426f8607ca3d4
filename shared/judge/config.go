package judge

import (
	"fmt"
	"math"
)

// Kind is how a metric's minutes are compared.
type Kind string

const (
	// Share compares the share of bad requests: failures, or requests over a latency limit.
	Share Kind = "share"
	// Percentile compares a percentile of latency, for which no counts are to be had: weaker, a coin a minute.
	Percentile Kind = "percentile"
)

// Policy is what the engine should do when the judge cannot tell.
type Policy string

const (
	Pause  Policy = "pause" // hold until a person decides
	GoOn   Policy = "go-on" // advance all the same
	GiveUp Policy = "roll-back"
)

// Metric is one thing both variants are compared by.
type Metric struct {
	Name     string  `json:"name"`     // as reasons call it: "failed", "over 300 ms", "p99"
	Kind     Kind    `json:"kind"`     // empty means Share
	Relative float64 `json:"relative"` // tolerated: candidate <= baseline x (1 + Relative) + Absolute; 0.25 is 25 %
	Absolute float64 `json:"absolute"` // in shares of requests: 0.0005 is 0.05 percentage points; unused by Percentile
	Weight   float64 `json:"weight"`   // this metric's part of alpha, relative to the others'; 0 is 1
	DryRun   bool    `json:"dryRun"`   // shown, never acted upon, costs no alpha
}

// Config says what a rollout is judged by.
type Config struct {
	Alpha        float64  `json:"alpha"`        // bound on the chance of rolling back a candidate that is within tolerance
	Metrics      []Metric `json:"metrics"`      // at least one
	HoldMinutes  int      `json:"holdMinutes"`  // longest a step is held beyond its minutes; 0 is 10
	MinRequests  int64    `json:"minRequests"`  // candidate requests a step must have seen before it ends; 0 is 15
	Lead         int      `json:"lead"`         // minutes from a verdict to its effect: a hold is asked for that much earlier
	Inconclusive Policy   `json:"inconclusive"` // after HoldMinutes of doubt; empty is GoOn
	NoTraffic    Policy   `json:"noTraffic"`    // after HoldMinutes with fewer than MinRequests candidate requests; empty is Pause
}

// Defaults is alpha 5 %, and one metric: failed requests, tolerated at 25 % more and 0.05 percentage points.
func Defaults() Config {
	return Config{Alpha: 0.05, Metrics: []Metric{{Name: "failed", Relative: 0.25, Absolute: 0.0005}}}
}

// Validate reports the first thing wrong with the config.
func (c Config) Validate() error {
	if !(c.Alpha > 0 && c.Alpha < 1) {
		return fmt.Errorf("alpha is %v: give a chance between 0 and 1, such as 0.05", c.Alpha)
	}
	if len(c.Metrics) == 0 {
		return fmt.Errorf("config has no metrics: give at least one")
	}
	for _, m := range c.Metrics {
		if err := m.validate(); err != nil {
			return fmt.Errorf("metric %q: %w", m.Name, err)
		}
	}
	if c.HoldMinutes < 0 || c.MinRequests < 0 {
		return fmt.Errorf("hold of %d minutes and %d requests at least: give 0 or more", c.HoldMinutes, c.MinRequests)
	}
	for _, p := range []Policy{c.Inconclusive, c.NoTraffic} {
		if p != "" && p != Pause && p != GoOn && p != GiveUp {
			return fmt.Errorf("policy %q: give %s, %s or %s", p, Pause, GoOn, GiveUp)
		}
	}
	return nil
}

func (m Metric) validate() error {
	switch {
	case m.Kind != "" && m.Kind != Share && m.Kind != Percentile:
		return fmt.Errorf("kind %q: give %s or %s", m.Kind, Share, Percentile)
	case !(m.Relative >= 0 && m.Relative <= 100):
		return fmt.Errorf("relative tolerance %v: give 0 to 100 (0.25 is 25 %%)", m.Relative)
	case !(m.Absolute >= 0 && m.Absolute < 1):
		return fmt.Errorf("absolute tolerance %v: give 0 to below 1 (0.0005 is 0.05 %%)", m.Absolute)
	case !(m.Weight >= 0) || math.IsInf(m.Weight, 0):
		return fmt.Errorf("weight %v: give 0 or more", m.Weight)
	}
	return nil
}

// withDefaults fills in what was left empty.
func (c Config) withDefaults() Config {
	if c.HoldMinutes == 0 {
		c.HoldMinutes = 10
	}
	if c.MinRequests == 0 {
		c.MinRequests = 15
	}
	if c.Inconclusive == "" {
		c.Inconclusive = GoOn
	}
	if c.NoTraffic == "" {
		c.NoTraffic = Pause
	}
	return c
}

// shares returns each metric's part of alpha; they sum to 1, or are all 0 when every metric is a dry run.
func (c Config) shares() []float64 {
	shares := make([]float64, len(c.Metrics))
	sum := 0.0
	for i, m := range c.Metrics {
		switch {
		case m.DryRun:
			continue
		case m.Weight == 0:
			shares[i] = 1
		default:
			shares[i] = m.Weight
		}
		sum += shares[i]
	}
	for i := range shares {
		if sum > 0 {
			shares[i] /= sum
		}
	}
	return shares
}
