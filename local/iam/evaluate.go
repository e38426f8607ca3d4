package iam

import (
	"slices"
	"strings"

	"sluice/local/wire"
)

// Named is a policy with the name under which a role carries it.
type Named struct {
	Name   string
	Policy *Policy
}

// Decision is the answer to one question. Used lists the statements that decided:
// the explicit denies if there are any, else the allows.
type Decision struct {
	Allowed bool
	Denied  bool // by an explicit deny; neither: no statement allows it
	Used    []Use
}

// Use is one statement at work: the policy's name, the place of the statement in
// it counted from 0, and which of its patterns matched.
type Use struct {
	Policy    string
	Statement int
	Action    string // pattern of Action, or "" where NotAction decided
	Resource  string // pattern of Resource, or "" where NotResource decided
}

// Evaluate asks a role's policies. An explicit deny wins over every allow.
func Evaluate(policies []Named, need wire.Access) Decision {
	return evaluate(policies, need, nil)
}

// EvaluateResource asks a resource policy about a caller, given as the principals
// it stands for, such as {Service, events.amazonaws.com}.
func EvaluateResource(p *Policy, caller []Principal, need wire.Access) Decision {
	if p == nil {
		return Decision{}
	}
	return evaluate([]Named{{Name: "resource policy", Policy: p}}, need, caller)
}

func evaluate(policies []Named, need wire.Access, caller []Principal) Decision {
	keys := make(map[string][]string, len(need.Conditions))
	for k, v := range need.Conditions {
		keys[strings.ToLower(k)] = v
	}
	var allows, denies []Use
	for _, n := range policies {
		for i, st := range n.Policy.Statements {
			use, ok := st.applies(need, keys, caller)
			if !ok {
				continue
			}
			use.Policy, use.Statement = n.Name, i
			if st.Effect == "Deny" {
				denies = append(denies, use)
			} else {
				allows = append(allows, use)
			}
		}
	}
	if len(denies) > 0 {
		return Decision{Denied: true, Used: denies}
	}
	return Decision{Allowed: len(allows) > 0, Used: allows}
}

// applies reports whether the statement speaks of this request, and through which
// of its patterns.
func (st Statement) applies(need wire.Access, keys map[string][]string, caller []Principal) (Use, bool) {
	var use Use
	if len(st.Principals) > 0 && !slices.ContainsFunc(st.Principals, func(p Principal) bool { return p.is(caller) }) {
		return use, false
	}
	var ok bool
	// actions know no case
	matchAction := func(p string) bool { return Match(strings.ToLower(p), strings.ToLower(need.Action)) }
	if use.Action, ok = through(st.Actions, st.NotActions, matchAction); !ok {
		return use, false
	}
	if len(st.Resources)+len(st.NotResources) > 0 { // a trust policy has none
		matchResource := func(p string) bool { return MatchARN(p, need.Resource) }
		if use.Resource, ok = through(st.Resources, st.NotResources, matchResource); !ok {
			return use, false
		}
	}
	return use, !slices.ContainsFunc(st.Conditions, func(c Condition) bool { return !c.holds(keys) })
}

// through finds the first pattern that matches, or reports that no excluded one does.
func through(patterns, excluded []string, match func(string) bool) (string, bool) {
	if len(excluded) > 0 {
		return "", !slices.ContainsFunc(excluded, match)
	}
	i := slices.IndexFunc(patterns, match)
	if i < 0 {
		return "", false
	}
	return patterns[i], true
}

func (p Principal) is(caller []Principal) bool {
	for _, c := range caller {
		switch {
		case p.Kind == "*", p.Kind == "AWS" && p.Name == "*" && c.Kind == "AWS":
			return true
		case p.Kind != c.Kind:
		case p.Name == c.Name:
			return true
		case p.Kind == "AWS" && (p.Name == account(c.Name) || p.Name == "arn:aws:iam::"+account(c.Name)+":root"):
			return true // the account stands for everyone in it
		}
	}
	return false
}

func account(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return arn
}
