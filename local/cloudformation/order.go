package cloudformation

import (
	"slices"
	"strings"
)

// order sorts resources so that each comes after what it refers to and depends on,
// and otherwise in the order of the template. Circles are reported by name, and what
// stands in them is left out.
func (s *scope) order(resources []*resource) []*resource {
	byID := map[string]*resource{}
	for _, r := range resources {
		byID[r.id] = r
	}
	needs := map[string][]string{}
	for _, r := range resources {
		for _, id := range r.dependsOn {
			// what a condition leaves out need not be waited for
			if byID[id] == nil && !slices.ContainsFunc(s.template.resources, func(r *resource) bool { return r.id == id }) {
				s.problems.add(r.line, r.id+".DependsOn", "the template has no resource %s", id)
			}
		}
		for _, id := range slices.Concat(uses(r.properties), uses(r.updatePolicy), r.dependsOn) {
			if byID[id] != nil && !slices.Contains(needs[r.id], id) {
				needs[r.id] = append(needs[r.id], id)
			}
		}
	}
	var out []*resource
	state := map[string]int{} // 1 under way, 2 done
	var path []string
	var visit func(id string)
	visit = func(id string) {
		switch state[id] {
		case 1:
			circle := append(path[slices.Index(path, id):], id)
			s.problems.add(byID[id].line, id, "circular dependency: %s", strings.Join(circle, " -> "))
			return
		case 2:
			return
		}
		state[id] = 1
		path = append(path, id)
		for _, n := range needs[id] {
			visit(n)
		}
		path = path[:len(path)-1]
		state[id] = 2
		out = append(out, byID[id])
	}
	for _, r := range resources {
		visit(r.id)
	}
	return out
}
