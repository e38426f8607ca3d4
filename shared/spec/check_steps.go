package spec

import (
	"fmt"
	"strings"
	"time"
)

const (
	minExpires = Duration(5 * time.Minute)
	maxExpires = Duration(7 * 24 * time.Hour)
	minPause   = Duration(time.Minute)
	maxPause   = Duration(7 * 24 * time.Hour)
)

// steps checks the list of steps: each alone, then in their order.
func (r *report) steps(rollout *Rollout) {
	const field = "rollout.steps"
	if rollout.Strategy == StrategySteps && len(rollout.Steps) == 0 && !r.bad[field] {
		r.add(field, "is missing or empty: the strategy is steps", "write "+example(field))
	}
	highest, at := 0, "" // the last weight, and the step that moves it
	moves := len(rollout.Steps) == 0
	for i, s := range rollout.Steps {
		step := fmt.Sprintf("%s[%d]", field, i)
		r.step(step, s)
		moves = moves || r.written(step+".weight") || r.written(step+".shadow") || !r.soundBelow(step)
		if r.usable(step+".shadow") && at != "" && !r.bad[step] {
			r.add(step+".shadow", "comes after "+at+", which moves weight", "SageMaker shadows only while one variant serves: put it before the first weight")
		}
		if !r.usable(step + ".weight") {
			continue
		}
		if s.Weight <= highest {
			r.add(step+".weight", fmt.Sprintf("%d percent is not above that of %s (%d)", s.Weight, at, highest), "weights only rise: make it larger, or leave the step out")
			continue
		}
		highest, at = s.Weight, strings.TrimPrefix(step, "rollout.")
	}
	if !moves {
		r.add(field, "have no weight and no shadow: everything would move at once", "add one, or write strategy: blueGreen")
	}
}

// step checks one step: that it is one thing, and what it says of it.
func (r *report) step(field string, s Step) {
	var kinds []string
	for _, name := range []string{"weight", "shadow", "approve", "pause"} {
		if r.written(join(field, name)) {
			kinds = append(kinds, name)
		}
	}
	switch {
	case len(kinds) == 0 && !r.soundBelow(field): // a misspelt key, most likely
	case len(kinds) == 0:
		r.add(field, "is no step", "write one of weight, shadow, approve or pause")
	case len(kinds) > 1:
		r.add(field, "is "+strings.Join(kinds, " and ")+" at once", "make each a step of its own")
	case r.usable(field+".bake") && kinds[0] != "weight":
		r.add(field+".bake", "is not read: "+kinds[0]+" is no weight", bakeFix(kinds[0]))
	}
	r.weight(field+".weight", s.Weight, 99, "100 follows by itself, held for finalBake")
	r.bake(field+".bake", s.Bake)
	if s.Shadow != nil {
		r.weight(field+".shadow.sampling", s.Shadow.Sampling, 100, "")
		r.bake(field+".shadow.bake", s.Shadow.Bake)
	}
	if s.Approve != nil {
		r.within(field+".approve.expires", s.Approve.Expires, minExpires, maxExpires, "")
	}
	if s.Pause != nil {
		r.within(field+".pause.for", s.Pause.For, minPause, maxPause, ", or leave it out to wait for a person")
	}
}

// bakeFix says what a bake was meant to be that stands beside no weight.
func bakeFix(kind string) string {
	switch kind {
	case "shadow":
		return "write it inside shadow"
	case "pause":
		return "write it as for, inside pause"
	}
	return "leave it out"
}

// shadows reports a shadow on instances that cannot have one. Source: AWS.md B.8.
func (r *report) shadows(s *Spec) {
	shadow := s.Rollout.Strategy == StrategyShadow
	for _, step := range s.Rollout.Steps {
		shadow = shadow || step.Shadow != nil
	}
	const field = "endpoint.instanceType"
	if shadow && r.usable(field) && strings.HasPrefix(s.Endpoint.InstanceType, "ml.inf1.") {
		r.add(field, s.Endpoint.InstanceType+" takes no shadow", "choose another instance type, or a rollout without shadow")
	}
}
