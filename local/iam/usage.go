package iam

import (
	"cmp"
	"maps"
	"slices"

	"sluice/local/wire"
)

// usage is what one role was ever allowed to do, and through what.
type usage struct {
	granted map[Grant]int
	through map[Use]int
}

// Grant is one action on one resource that a role was allowed.
type Grant struct {
	Action   string
	Resource string
}

func (s *Service) used(roleARN string, need wire.Access, d Decision) {
	u := s.usage[roleARN]
	if u == nil {
		u = &usage{granted: map[Grant]int{}, through: map[Use]int{}}
		s.usage[roleARN] = u
	}
	u.granted[Grant{Action: need.Action, Resource: need.Resource}]++
	for _, use := range d.Used {
		u.through[use]++
	}
}

// Granted lists what the role was ever allowed, sorted by action and resource.
func (s *Service) Granted(roleARN string) []Grant {
	u := s.usage[roleARN]
	if u == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(u.granted), func(x, y Grant) int {
		return cmp.Or(cmp.Compare(x.Action, y.Action), cmp.Compare(x.Resource, y.Resource))
	})
}

// Used lists the statements and patterns that ever let the role do something.
func (s *Service) Used(roleARN string) []Use {
	u := s.usage[roleARN]
	if u == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(u.through), compareUse)
}

// Unused lists the actions and resources that the role's allow statements name and
// that never let it do anything: permissions that nobody needed so far. A pattern
// counts as used when it was the first of its statement to match. Each Use in the
// answer has either Action or Resource set.
func (s *Service) Unused(roleARN string) []Use {
	r := s.byARN(roleARN)
	if r == nil {
		return nil
	}
	type part struct {
		policy    string
		statement int
		action    bool
		pattern   string
	}
	seen := map[part]bool{}
	for _, use := range s.Used(roleARN) {
		seen[part{use.Policy, use.Statement, true, use.Action}] = true
		seen[part{use.Policy, use.Statement, false, use.Resource}] = true
	}
	var out []Use
	for _, n := range s.policies(r) {
		for i, st := range n.Policy.Statements {
			if st.Effect != "Allow" {
				continue
			}
			for _, a := range st.Actions {
				if !seen[part{n.Name, i, true, a}] {
					out = append(out, Use{Policy: n.Name, Statement: i, Action: a})
				}
			}
			for _, res := range st.Resources {
				if !seen[part{n.Name, i, false, res}] {
					out = append(out, Use{Policy: n.Name, Statement: i, Resource: res})
				}
			}
		}
	}
	slices.SortFunc(out, compareUse)
	return out
}

func compareUse(x, y Use) int {
	return cmp.Or(cmp.Compare(x.Policy, y.Policy), cmp.Compare(x.Statement, y.Statement), cmp.Compare(x.Action, y.Action), cmp.Compare(x.Resource, y.Resource))
}
