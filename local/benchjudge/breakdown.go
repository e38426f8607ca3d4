package benchjudge

import "fmt"

// Slice is the ratio of bad responses to the all-knowing judge's in one part of the scenarios.
type Slice struct {
	By, Value string
	Ratio     float64
	Scenarios int
}

// Breakdown says where the judge is good and where it is not, by traffic, base rate, shape, plan and fault.
func (r Result) Breakdown() []Slice {
	type key struct{ by, value string }
	sums := map[key]*ratios{}
	var order []key
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
			}
			sums[k].compare(o, o.ours, o.oracle)
		}
	}
	var slices []Slice
	for _, k := range order {
		value, _ := sums[k].geometric()
		slices = append(slices, Slice{k.by, k.value, value, int(sums[k].n)})
	}
	return slices
}
