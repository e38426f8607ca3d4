package spec

import (
	"fmt"
	"strings"
)

func (r *report) promotions(s *Spec) {
	seen := map[string]int{}
	for i, t := range s.Triggers.Promotion {
		field := fmt.Sprintf("triggers.promotion[%d]", i)
		model := field + ".model"
		r.name(model, t.Model, maxModel, "")
		if !r.usable(model) {
			continue
		}
		if t.Model == s.Model && r.usable("model") {
			r.add(model, "is this model itself, which would train again after each of its promotions", "name another model, or leave it out")
		}
		if j, twice := seen[t.Model]; twice {
			r.add(model, fmt.Sprintf("is the same as promotion[%d] on line %d", j, r.place(fmt.Sprintf("triggers.promotion[%d]", j)).line), "keep one")
			continue
		}
		seen[t.Model] = i
	}
}

// After lists the models whose promotion trains the model.
func (t Triggers) After() []string {
	var all []string
	for _, p := range t.Promotion {
		all = append(all, p.Model)
	}
	return all
}

// Circle is a way on which promotions come round to a model, so that it would train
// again and again: the model, one that trains after it, and so on, back to the model;
// "" if there is none. after lists the models whose promotion trains a model.
func Circle(model string, after func(model string) ([]string, error)) (string, error) {
	type step struct {
		model string
		next  *step // that trains after it
	}
	seen := map[string]bool{}
	for queue := []*step{{model: model}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		all, err := after(at.model)
		if err != nil {
			return "", err
		}
		for _, m := range all {
			if m == model {
				way := []string{model}
				for ; at != nil; at = at.next {
					way = append(way, at.model)
				}
				return strings.Join(way, ", then "), nil
			}
			if !seen[m] {
				seen[m] = true
				queue = append(queue, &step{m, at})
			}
		}
	}
	return "", nil
}
