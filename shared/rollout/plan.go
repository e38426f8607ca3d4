// Package rollout holds the decisions of moving one endpoint to one model package:
// the plan, what the endpoint's answer means, what to ask of it next, and what a
// person may ask of the rollout.
//
// It is pure: it never talks to AWS and never reads a clock. shifting carries its
// decisions out. Weights are the candidate's share of requests in whole percent,
// 0..100; SageMaker's relative weights exist only in the endpoint's adapter.
package rollout

import (
	"fmt"
	"time"

	"sluice/shared/fault"
	"sluice/shared/spec"
)

// Kind is what a step does.
type Kind string

// The kinds. Approvals and pauses keep the endpoint as the step before left it.
const (
	Weigh  Kind = "weight"  // gives the candidate a share of the requests, and bakes
	Mirror Kind = "shadow"  // sends it copies, whose answers nobody gets, and bakes
	Ask    Kind = "approve" // waits for a person's yes
	Rest   Kind = "pause"   // waits for a time, or until a person resumes
)

// Step is one stage of a rollout.
type Step struct {
	Kind   Kind `json:"kind"`
	Weight int  `json:"weight"` // share of requests during the step; 0 in a shadow step
	// Sampling is the share of requests that a shadow step copies, whole percent.
	Sampling int           `json:"sampling,omitempty"`
	Bake     time.Duration `json:"bake,omitempty"` // of weight and shadow
	// Limit is how long an approval or a pause lasts at most; a pause without one
	// lasts until a person resumes.
	Limit     time.Duration `json:"limit,omitempty"`
	OnTimeout spec.Timeout  `json:"onTimeout,omitempty"` // of an approval
	// Candidate is the least and Baseline the most instances of either side during
	// the step; 0 leaves a side as it is.
	Candidate int `json:"candidate,omitempty"`
	Baseline  int `json:"baseline,omitempty"`
}

// Bakes reports whether the judge compares both sides anew in this step.
func (s Step) Bakes() bool { return s.Kind == Weigh || s.Kind == Mirror }

// String is the step in words.
func (s Step) String() string {
	switch s.Kind {
	case Mirror:
		return fmt.Sprintf("a shadow of %d %% for %s", s.Sampling, spec.Duration(s.Bake))
	case Ask:
		return fmt.Sprintf("an approval within %s, or else %s", spec.Duration(s.Limit), s.OnTimeout)
	case Rest:
		if s.Limit == 0 {
			return "a pause until resumed"
		}
		return fmt.Sprintf("a pause of %s", spec.Duration(s.Limit))
	}
	return fmt.Sprintf("%d %% for %s", s.Weight, spec.Duration(s.Bake))
}

// Plan is the steps of a rollout, decided before the first change. The last step
// has weight 100.
type Plan struct {
	Steps   []Step        `json:"steps"`
	Look    time.Duration `json:"look"`              // time between two looks of a bake
	Standby time.Duration `json:"standby,omitempty"` // after promotion
}

const (
	// maxLooks bounds the looks of a plan's bakes, so that an execution of the
	// rollout machine stays under 10,000 history events at 13 events a look, the
	// waits of the plan included.
	maxLooks = 400
	// minLook is the resolution of SageMaker's metrics.
	minLook = time.Minute
	// maxPace is the longest time between two looks. A lease outlives it.
	maxPace = time.Hour
)

// MakePlan turns the spec's strategy into steps. Errors: Invalid for a strategy
// that makes no steps.
func MakePlan(s spec.Rollout) (Plan, error) {
	p := Plan{Standby: s.Standby.Std()}
	if s.Strategy == spec.StrategyShadow {
		p.mirror(s.Shadow.Sampling, s.Shadow.Bake)
	}
	switch s.Moves() {
	case spec.StrategyCanary:
		if w := s.Canary.Weight; w < 1 || w > 99 {
			return p, fault.Invalid.Errorf("rollout.canary.weight is %d: it must be 1 to 99", w)
		}
		p.weigh(s.Canary.Weight, s.Canary.Bake)
	case spec.StrategyLinear:
		if s.Linear.Step < 1 {
			return p, fault.Invalid.Errorf("rollout.linear.step is %d: a step must be 1 or more", s.Linear.Step)
		}
		for w := s.Linear.Step; w < 100; w += s.Linear.Step {
			p.weigh(w, s.Linear.Bake)
		}
	case spec.StrategySteps:
		if err := p.free(s.Steps); err != nil {
			return p, err
		}
	case spec.StrategyBlueGreen:
	default:
		return p, fault.Invalid.Errorf("rollout.strategy is %q: it must be canary, linear, blueGreen, shadow or steps", s.Strategy)
	}
	p.weigh(100, s.FinalBake)
	for p.Look = minLook; p.looks() > maxLooks; {
		p.Look += time.Minute
	}
	return p, nil
}

// FirstPlan is the plan of an endpoint's first model: there is nothing to compare
// it with, and nobody to take requests from.
func FirstPlan() Plan {
	return Plan{Steps: []Step{{Kind: Weigh, Weight: 100}}, Look: minLook}
}

func (p *Plan) weigh(weight int, bake spec.Duration) {
	p.Steps = append(p.Steps, Step{Kind: Weigh, Weight: weight, Bake: bake.Std()})
}

func (p *Plan) mirror(sampling int, bake spec.Duration) {
	p.Steps = append(p.Steps, Step{Kind: Mirror, Sampling: sampling, Bake: bake.Std()})
}

// free adds the steps that a spec lists one by one.
func (p *Plan) free(steps []spec.Step) error {
	weight := 0
	for i, s := range steps {
		switch {
		case s.Shadow != nil && weight > 0:
			return fault.Invalid.Errorf("rollout.steps[%d] is a shadow after a weight: SageMaker allows no shadow beside two production variants", i)
		case s.Shadow != nil:
			p.mirror(s.Shadow.Sampling, s.Shadow.Bake)
		case s.Approve != nil:
			p.Steps = append(p.Steps, Step{Kind: Ask, Weight: weight, Limit: s.Approve.Expires.Std(), OnTimeout: s.Approve.OnTimeout})
		case s.Pause != nil:
			p.Steps = append(p.Steps, Step{Kind: Rest, Weight: weight, Limit: s.Pause.For.Std()})
		case s.Weight <= weight || s.Weight > 99:
			return fault.Invalid.Errorf("rollout.steps[%d].weight is %d after %d: weights must rise, up to 99", i, s.Weight, weight)
		default:
			weight = s.Weight
			p.weigh(weight, s.Bake)
		}
	}
	return nil
}

// looks is how many looks the bakes take: each step's last one may come early.
func (p Plan) looks() int {
	n := 0
	for _, s := range p.Steps {
		n += int((s.Bake + p.Look - 1) / p.Look)
	}
	return n
}

// Length is the sum of all bakes: the least time that the rollout takes.
func (p Plan) Length() time.Duration {
	var d time.Duration
	for _, s := range p.Steps {
		d += s.Bake
	}
	return d
}

// Judged is the step that the judge compares in while step i lasts: i itself, or,
// for an approval or a pause, the bake before it. -1 if there is none yet.
func (p Plan) Judged(i int) int {
	for i = min(i, len(p.Steps)-1); i >= 0 && !p.Steps[i].Bakes(); i-- {
	}
	return i
}

// Pace is the time to the next look of a wait that has lasted for waited: it grows,
// for a day of looks every minute would fill the execution's history. Alarms and
// commands wake a wait all the same.
func (p Plan) Pace(waited time.Duration) time.Duration {
	return max(p.Look, min(waited/8, maxPace).Truncate(time.Minute))
}

// Watch is the time between two looks of the standby.
func (p Plan) Watch() time.Duration {
	const looks = 200 // of a standby
	every := (p.Standby/looks + time.Minute - 1).Truncate(time.Minute)
	return min(max(p.Look, every), maxPace)
}
