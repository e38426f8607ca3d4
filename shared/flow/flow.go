// Package flow decides what a push asks for: which branch deploys in which
// environment, and what the changed paths start. Rules come from a spec, or from the
// branching model that it names.
//
// It is pure: branch and paths in, decision out. Reading commits and starting things
// belong to its caller, committing.
package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"sluice/shared/spec"
)

// Push is what has changed on a branch. Paths are from the root of the repository; All
// says that they are not known, and any may have changed.
type Push struct {
	Branch string
	Paths  []string
	All    bool
}

// Decision is what a push asks for. Deploys says that the branch is one whose spec
// comes into force. Choices are in the order in which they are to be done, each action
// once.
type Decision struct {
	Deploys bool
	Choices []Choice
}

// Choice is an action, with the paths that asked for it.
type Choice struct {
	Do    spec.Do
	Paths int    // how many
	First string // the first of them; "" if they are not known
}

// Reason says in a few words why.
func (c Choice) Reason() string {
	switch {
	case c.First == "":
		return "anything may have changed"
	case c.Paths == 1:
		return c.First + " changed"
	}
	return fmt.Sprintf("%s and %d more changed", c.First, c.Paths-1)
}

// Does reports whether the decision holds an action.
func (d Decision) Does(do spec.Do) bool {
	return slices.ContainsFunc(d.Choices, func(c Choice) bool { return c.Do == do })
}

// order is how actions follow each other: what may fail soonest is begun first. A
// rollout builds the image, so that a build beside it is one too many.
var order = []spec.Do{spec.DoTest, spec.DoBuild, spec.DoRollout, spec.DoTrain}

// Decide says what a push asks for of a model whose code is c, in an environment.
func Decide(c spec.Code, environment string, p Push) Decision {
	rules := rulesFor(c, environment, p.Branch)
	var d Decision
	for _, r := range rules {
		d.Deploys = d.Deploys || r.Do == spec.DoTrain || r.Do == spec.DoRollout
	}
	found := map[spec.Do]*Choice{}
	add := func(do spec.Do, name string) {
		if found[do] == nil {
			found[do] = &Choice{Do: do, First: name}
		}
		found[do].Paths++
	}
	if p.All {
		for _, r := range rules {
			add(r.Do, "")
		}
	}
	for _, name := range p.Paths {
		if i := slices.IndexFunc(rules, func(r spec.Rule) bool { return matches(r.Paths, c.Path, name) }); i >= 0 {
			add(rules[i].Do, name)
		}
	}
	if found[spec.DoRollout] != nil {
		delete(found, spec.DoBuild)
	}
	for _, do := range order {
		if f := found[do]; f != nil && able(c, do) {
			d.Choices = append(d.Choices, *f)
		}
	}
	return d
}

// able reports whether the spec says how to do it. Rules that are written out are
// checked when the spec is read; those of a flow ask for what there is.
func able(c spec.Code, do spec.Do) bool {
	switch do {
	case spec.DoTest:
		return c.Checks != ""
	case spec.DoBuild, spec.DoRollout:
		return c.Builds()
	}
	return true
}

// rulesFor are the rules of a branch in an environment.
func rulesFor(c spec.Code, environment, branch string) []spec.Rule {
	rules := c.Rules
	if len(rules) == 0 {
		rules = preset(c.Flow)
	}
	var all []spec.Rule
	for _, r := range rules {
		if (len(r.Environments) == 0 || slices.Contains(r.Environments, environment)) &&
			slices.ContainsFunc(r.Branches, func(p string) bool { return doublestar.MatchUnvalidated(p, branch) }) {
			all = append(all, r)
		}
	}
	return all
}

// matches reports whether a path from the root fits one of patterns, which are below
// folder unless they begin with a slash. No patterns mean everything below folder.
func matches(patterns []string, folder, name string) bool {
	below, inside := name, true
	if folder != "" {
		below, inside = strings.CutPrefix(name, folder+"/")
	}
	if len(patterns) == 0 {
		return inside
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		if root, ok := strings.CutPrefix(p, "/"); ok {
			return doublestar.MatchUnvalidated(root, name)
		}
		return inside && doublestar.MatchUnvalidated(p, below)
	})
}
