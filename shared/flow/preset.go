package flow

import "sluice/shared/spec"

// The environments of gitflow.
const (
	Staging       = "staging"
	PreProduction = "pre-production"
	Production    = "production"
)

// deployed are the branches that deploy, with their environment; "" is all.
var deployed = map[spec.Flow][]struct {
	environment string
	branches    []string
}{
	spec.FlowGitHub: {{"", []string{"main"}}},
	spec.FlowGitflow: {
		{Staging, []string{"develop"}},
		{PreProduction, []string{"release/**"}},
		{Production, []string{"main", "hotfix/**"}},
	},
}

// preset are the rules of a flow. Documentation asks for nothing, on any branch, and
// neither does the spec itself, which is put in force. On a branch that deploys, code
// of the training trains and code of the serving rolls out; everything else is tested.
func preset(f spec.Flow) []spec.Rule {
	rules := []spec.Rule{{Branches: []string{"**"}, Paths: []string{"docs/**", "**/*.md", "sluice.yaml"}, Do: spec.DoNothing}}
	for _, d := range deployed[f] {
		r := spec.Rule{Branches: d.branches}
		if d.environment != "" {
			r.Environments = []string{d.environment}
		}
		for _, part := range []struct {
			paths string
			do    spec.Do
		}{{"training/**", spec.DoTrain}, {"serving/**", spec.DoRollout}} {
			r.Paths, r.Do = []string{part.paths}, part.do
			rules = append(rules, r)
		}
	}
	return append(rules, spec.Rule{Branches: []string{"**"}, Do: spec.DoTest})
}
