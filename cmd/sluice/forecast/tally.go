package forecast

import (
	"slices"

	"sluice/cmd/sluice/forecast/estimate"
)

// Forecast is what the rules would do at an endpoint.
type Forecast struct {
	Rules       Rules
	Environment Environment
	Seed        uint64
	Candidates  []Candidate
}

// Candidate is what would become of one candidate. Times are minutes, counts are
// requests, each with its 95 % confidence range. What is nil did not happen in any
// rollout.
type Candidate struct {
	Name      string  `json:"candidate"`
	Rate      float64 `json:"rate"`   // of failures, while the fault is active
	Within    bool    `json:"within"` // no worse than tolerated: to roll it back would be wrong
	Rollouts  int     `json:"rollouts"`
	Healthy   bool    `json:"healthy"`
	Undecided int     `json:"undecided,omitempty"` // rolled back for want of requests, without evidence

	RolledBack estimate.Range `json:"rolledBack"` // chance
	// Catch times count from the first request that met the fault until the
	// candidate got no more.
	CatchMedian *estimate.Range `json:"catchMedian,omitempty"`
	CatchP90    *estimate.Range `json:"catchP90,omitempty"`
	CaughtAt    []AtWeight      `json:"caughtAt,omitempty"`

	Exposed   estimate.Range  `json:"exposed"`             // mean; requests served while the fault was active
	Bad       estimate.Range  `json:"bad"`                 // mean; of them, failed
	Immediate estimate.Range  `json:"immediate"`           // mean; of them, failed before any judge of these metrics could act
	Promotion *estimate.Range `json:"promotion,omitempty"` // median minutes from the first step to promotion

	// Back are the minutes at which rollouts were rolled back, in order.
	Back []int `json:"-"`
	// Starts are the median minutes at which the steps of promoted rollouts began.
	Starts []int `json:"-"`
	// Length is the median minute of promotion, 0 if there was none.
	Length int `json:"-"`
}

// AtWeight is how large a share of the catches fell on a weight.
type AtWeight struct {
	Weight float64 `json:"weight"` // percent
	Share  float64 `json:"share"`  // of the catches
}

// tally sums the rollouts of one fault.
func tally(rules Rules, e Environment, f Fault, ends []ending) Candidate {
	c := Candidate{Name: f.Name, Rate: f.rate(e.Baseline), Within: f.Within(rules, e.Baseline), Rollouts: len(ends), Healthy: f == Healthy}
	var caught, promoted, exposed, bad, floor []float64
	weights := map[float64]int{}
	starts := make([][]float64, len(rules.Plan))
	for _, end := range ends {
		exposed, bad, floor = append(exposed, float64(end.exposed)), append(bad, float64(end.bad)), append(floor, float64(end.floor))
		switch end.outcome {
		case Promoted:
			promoted = append(promoted, float64(end.minute))
			for i, s := range end.starts {
				starts[i] = append(starts[i], float64(s))
			}
			continue
		case GaveUp:
			c.Undecided++
		}
		c.Back = append(c.Back, end.minute)
		weights[end.weight]++
		// A rollback before the fault has begun is no catch of it.
		if end.began >= 0 {
			caught = append(caught, float64(end.minute-end.began))
		}
	}
	slices.Sort(c.Back)
	c.RolledBack = estimate.Chance(len(c.Back), len(ends))
	c.CatchMedian, c.CatchP90 = quantile(caught, 0.5), quantile(caught, 0.9)
	for _, s := range rules.Plan {
		if n := weights[s.Weight]; n > 0 {
			c.CaughtAt = append(c.CaughtAt, AtWeight{s.Weight, float64(n) / float64(len(c.Back))})
			delete(weights, s.Weight)
		}
	}
	c.Exposed, c.Bad, c.Immediate = estimate.Mean(exposed), estimate.Mean(bad), estimate.Mean(floor)
	if c.Promotion = quantile(promoted, 0.5); c.Promotion != nil {
		c.Length = int(c.Promotion.Value)
		for _, s := range starts {
			c.Starts = append(c.Starts, int(estimate.Quantile(s, 0.5).Value))
		}
	}
	return c
}

func quantile(values []float64, q float64) *estimate.Range {
	if len(values) == 0 {
		return nil
	}
	r := estimate.Quantile(values, q)
	return &r
}
