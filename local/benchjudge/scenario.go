package benchjudge

import (
	"fmt"

	"sluice/shared/judge"
)

// plans are the three ways to full weight that are simulated.
var plans = []judge.Plan{
	{{Weight: 10, Minutes: 10}, {Weight: 100, Minutes: 20}},
	{{Weight: 5, Minutes: 5}, {Weight: 20, Minutes: 5}, {Weight: 50, Minutes: 10}, {Weight: 100, Minutes: 10}},
	{{Weight: 1, Minutes: 10}, {Weight: 10, Minutes: 10}, {Weight: 50, Minutes: 10}, {Weight: 100, Minutes: 10}},
}

// bakeBegins is the planned minute of the last step.
func bakeBegins(p judge.Plan) int {
	minutes := 0
	for _, step := range p[:len(p)-1] {
		minutes += step.Minutes
	}
	return minutes
}

// fault is how a candidate is worse: its rate is factor x what it would be + extra, from minute `from` on.
type fault struct {
	factor, extra float64
	from          int
}

var healthy = fault{factor: 1}

func (f fault) apply(t int, rate float64) float64 {
	if t < f.from {
		return rate
	}
	return min(f.factor*rate+f.extra, 1)
}

func (f fault) failing() bool { return f.extra >= 1 }

func (f fault) String() string {
	text := fmt.Sprintf("x%g", f.factor)
	switch {
	case f.failing():
		text = "always failing"
	case f.extra > 0:
		text = fmt.Sprintf("+%g %%", 100*f.extra)
	case f.factor == 1:
		return "healthy"
	}
	if f.from > 0 {
		text += fmt.Sprintf(" from minute %d", f.from)
	}
	return text
}

// faults are the ways to be bad in an environment under a plan: from the start, half-way, and in the bake.
func faults(e environment, p judge.Plan) []fault {
	bake := bakeBegins(p)
	list := []fault{
		{1, 1, 0}, {1, 0.2, 0}, {1, 0.05, 0}, {1, 0.01, 0}, {1, 0.001, 0},
		{1, 0.05, bake / 2}, {1, 0.01, bake / 2}, {1, 0.05, bake + 3},
	}
	if e.base > 0 {
		list = append(list, fault{1.25, 0, 0}, fault{1.5, 0, 0}, fault{2, 0, 0}, fault{5, 0, 0},
			fault{3, 0, bake / 2}, fault{3, 0, bake + 3})
	}
	return list
}
