package rollout

import (
	"math"

	"sluice/shared/spec"
)

// Instances is how many instances a share of the traffic needs, if full of them
// carry all of it: its part, headroom on top, at least one and at most full. share
// is in whole percent, headroom a fraction.
func Instances(share, full int, headroom float64) int {
	n := math.Ceil(float64(full)*float64(share)/100*(1+headroom) - 1e-9)
	return min(max(int(n), 1), max(full, 1))
}

// Carries is the share of the traffic, in whole percent, that n instances can carry
// if full of them carry all of it.
func Carries(n, full int) int {
	if n >= full {
		return 100
	}
	return 100 * n / full
}

// WithCapacity is the plan with the instances of each step. The candidate grows
// before its weight does. The baseline shrinks a step later than its share, so that
// it can take back at once what the last step gave away. An autoscaled baseline is
// left to its autoscaling.
func (p Plan) WithCapacity(rules spec.Rollout, baseline, candidate int, autoscaled bool) Plan {
	steps := append([]Step(nil), p.Steps...)
	before := 0 // the candidate's weight in the step before
	for i := range steps {
		s := &steps[i]
		switch {
		case rules.Capacity == spec.CapacityFull:
			s.Candidate = candidate
		case s.Kind == Mirror:
			s.Candidate = Instances(s.Sampling, candidate, rules.Headroom.Fraction())
		default:
			s.Candidate = Instances(max(s.Weight, 1), candidate, rules.Headroom.Fraction())
			if !autoscaled {
				s.Baseline = Instances(100-before, baseline, rules.Headroom.Fraction())
			}
		}
		if i > 0 && steps[i-1].Kind != Mirror { // it never shrinks on the way up
			s.Candidate = max(s.Candidate, steps[i-1].Candidate)
		}
		if s.Kind == Weigh {
			before = s.Weight
		}
	}
	p.Steps = steps
	return p
}
