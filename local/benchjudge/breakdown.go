package benchjudge

import (
	"fmt"
	"slices"
)

// Slice is the ratio of bad responses to the all-knowing judge's in one part of the scenarios.
type Slice struct {
	By        string  `json:"by"`
	Value     string  `json:"value"`
	Ratio     float64 `json:"ratio"`
	Scenarios int     `json:"scenarios"`
}

// Breakdown says where the judge is good and where it is not, by traffic, base rate, shape, plan and fault.
func (r Result) Breakdown() []Slice {
	type key struct{ by, value string }
	sums := map[key]*ratios{}
	var order []key
	first := map[string]int{}
	for _, o := range r.outcomes {
		if o.fault == healthy {
			continue
		}
		for _, k := range []key{
			{"requests", fmt.Sprintf("%g a minute", o.environment.requests)},
			{"base", fmt.Sprintf("%g %%", 100*o.environment.base)},
			{"shape", shapeNames[o.environment.shape]},
			{"plan", fmt.Sprint(o.plan + 1)},
			{"fault", o.fault.String()},
		} {
			if sums[k] == nil {
				sums[k] = &ratios{}
				order = append(order, k)
				if _, known := first[k.by]; !known {
					first[k.by] = len(first)
				}
			}
			sums[k].compare(o, o.ours, o.oracle)
		}
	}
	slices.SortStableFunc(order, func(a, b key) int { return first[a.by] - first[b.by] })
	var parts []Slice
	for _, k := range order {
		value, _ := sums[k].geometric()
		parts = append(parts, Slice{k.by, k.value, value, int(sums[k].n)})
	}
	return parts
}
