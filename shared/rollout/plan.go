// Package rollout holds the decisions of moving one endpoint to one model package:
// the plan, what the endpoint's answer means, and what to ask of it next.
//
// It is pure: it never talks to AWS and never reads a clock. shifting carries its
// decisions out. Weights are the candidate's share of requests in whole percent,
// 0..100; SageMaker's relative weights exist only in the endpoint's adapter.
package rollout

import (
	"time"

	"sluice/shared/fault"
	"sluice/shared/spec"
)

// Step is one weight, held for a bake.
type Step struct {
	Weight int           `json:"weight"`
	Bake   time.Duration `json:"bake"`
}

// Plan is the steps of a rollout, decided before the first change. The last step
// has weight 100.
type Plan struct {
	Steps []Step        `json:"steps"`
	Look  time.Duration `json:"look"` // time between two looks
}

const (
	// maxLooks bounds the looks of a plan, so that an execution of the rollout
	// machine stays under 10,000 history events at about 16 events a look.
	maxLooks = 500
	// minLook is the resolution of SageMaker's metrics.
	minLook = time.Minute
)

// MakePlan turns the spec's strategy into steps. Errors: Invalid for a strategy
// that makes no steps.
func MakePlan(s spec.Rollout) (Plan, error) {
	var p Plan
	last := s.FinalBake.Std()
	switch s.Strategy {
	case spec.StrategyCanary:
		if w := s.Canary.Weight; w < 1 || w > 99 {
			return p, fault.Invalid.Errorf("rollout.canary.weight is %d: it must be 1 to 99", w)
		}
		p.add(s.Canary.Weight, s.Canary.Bake.Std())
	case spec.StrategyLinear:
		if s.Linear.Step < 1 {
			return p, fault.Invalid.Errorf("rollout.linear.step is %d: a step must be 1 or more", s.Linear.Step)
		}
		for w := s.Linear.Step; w < 100; w += s.Linear.Step {
			p.add(w, s.Linear.Bake.Std())
		}
	case spec.StrategyBlueGreen:
	default:
		return p, fault.Invalid.Errorf("rollout.strategy is %q: it must be canary, linear or blueGreen", s.Strategy)
	}
	p.add(100, last)
	for p.Look = minLook; p.looks() > maxLooks; {
		p.Look += time.Minute
	}
	return p, nil
}

// looks is how many looks the bakes take: each step's last one may come early.
func (p Plan) looks() int {
	n := 0
	for _, s := range p.Steps {
		n += int((s.Bake + p.Look - 1) / p.Look)
	}
	return n
}

func (p *Plan) add(weight int, bake time.Duration) {
	p.Steps = append(p.Steps, Step{Weight: weight, Bake: bake})
}

// Length is the sum of all bakes: the least time that the rollout takes.
func (p Plan) Length() time.Duration {
	var d time.Duration
	for _, s := range p.Steps {
		d += s.Bake
	}
	return d
}
