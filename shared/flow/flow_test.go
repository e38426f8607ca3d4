package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/flow"
	"sluice/shared/spec"
)

// able is code that can do everything.
func able(f spec.Flow, rules ...spec.Rule) spec.Code {
	return spec.Code{Repository: "r", Flow: f, Checks: "checks", Image: &spec.Image{Project: "image", Repository: "i"}, Rules: rules}
}

// say is a decision in one line.
func say(d flow.Decision) string {
	var all []string
	if d.Deploys {
		all = append(all, "deploys")
	}
	for _, c := range d.Choices {
		all = append(all, fmt.Sprintf("%s (%s)", c.Do, c.Reason()))
	}
	return strings.Join(all, ", ")
}

func TestPresets(t *testing.T) {
	everything := "training/a.py serving/app.py docs/x.md README.md src/lib.py sluice.yaml"
	tests := []struct {
		flow                        spec.Flow
		environment, branch, change string
		want                        string
	}{
		{"github", "production", "main", "training/a.py training/b/c.py", "deploys, train (training/a.py and 1 more changed)"},
		{"github", "staging", "main", "serving/Dockerfile", "deploys, rollout (serving/Dockerfile changed)"},
		{"github", "production", "main", "docs/a.txt training/README.md", "deploys"},
		{"github", "production", "main", "sluice.yaml", "deploys"},
		{"github", "production", "main", everything, "deploys, test (src/lib.py changed), rollout (serving/app.py changed), train (training/a.py changed)"},
		{"github", "production", "feature/x", "training/a.py serving/app.py", "test (training/a.py and 1 more changed)"},
		{"github", "production", "main2", "docs/a.md", ""},
		{"gitflow", "production", "develop", "training/a.py", "test (training/a.py changed)"},
		{"gitflow", "staging", "develop", "training/a.py", "deploys, train (training/a.py changed)"},
		{"gitflow", "pre-production", "release/1.2", "serving/a.py", "deploys, rollout (serving/a.py changed)"},
		{"gitflow", "production", "release/1.2", "serving/a.py", "test (serving/a.py changed)"},
		{"gitflow", "production", "hotfix/urgent/now", "training/a.py", "deploys, train (training/a.py changed)"},
		{"gitflow", "production", "main", "training/a.py", "deploys, train (training/a.py changed)"},
		{"gitflow", "staging", "main", "training/a.py", "test (training/a.py changed)"},
		{"gitflow", "elsewhere", "main", "", ""},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %s %s", tt.flow, tt.environment, tt.branch, tt.change), func(t *testing.T) {
			if got := say(flow.Decide(able(tt.flow), tt.environment, flow.Push{Branch: tt.branch, Paths: strings.Fields(tt.change)})); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestUnknownPathsAskForEverything(t *testing.T) {
	for branch, want := range map[string]string{
		"main": "deploys, test (anything may have changed), rollout (anything may have changed), train (anything may have changed)",
		"x":    "test (anything may have changed)",
	} {
		if got := say(flow.Decide(able("github"), "production", flow.Push{Branch: branch, All: true})); got != want {
			t.Errorf("%s: got %q, want %q", branch, got, want)
		}
	}
}

func TestRules(t *testing.T) {
	c := able("", []spec.Rule{
		{Branches: []string{"main"}, Paths: []string{"**/*.ipynb"}, Do: spec.DoNothing},
		{Branches: []string{"main"}, Paths: []string{"train/**", "/lib/**"}, Do: spec.DoTrain},
		{Branches: []string{"main"}, Paths: []string{"image/**"}, Do: spec.DoBuild},
		{Branches: []string{"v*"}, Environments: []string{"staging"}, Do: spec.DoRollout},
	}...)
	c.Path = "models/churn"
	tests := []struct{ environment, branch, change, want string }{
		{"production", "main", "models/churn/train/a.py lib/x.py", "deploys, train (models/churn/train/a.py and 1 more changed)"},
		{"production", "main", "models/churn/train/a.ipynb", "deploys"},
		{"production", "main", "models/fraud/train/a.py train/a.py models/churn2/image/x", "deploys"},
		{"production", "main", "models/churn/image/a", "deploys, build (models/churn/image/a changed)"},
		{"staging", "v2", "models/churn/anything", "deploys, rollout (models/churn/anything changed)"},
		{"staging", "v2", "models/fraud/anything", "deploys"},
		{"production", "v2", "models/churn/anything", ""},
		{"production", "other", "models/churn/train/a.py", ""},
	}
	for _, tt := range tests {
		if got := say(flow.Decide(c, tt.environment, flow.Push{Branch: tt.branch, Paths: strings.Fields(tt.change)})); got != tt.want {
			t.Errorf("%s %s %s: got %q, want %q", tt.environment, tt.branch, tt.change, got, tt.want)
		}
	}
}

// A flow asks only for what the spec says how to do.
func TestWhatCannotBeDoneIsNotChosen(t *testing.T) {
	d := flow.Decide(spec.Code{Flow: "github"}, "production", flow.Push{Branch: "main", All: true})
	if got := say(d); got != "deploys, train (anything may have changed)" {
		t.Errorf("got %q", got)
	}
}

// Paths decide alone and in any order: a push of two lots of changes asks for what
// either asks for.
func TestPathsDecideAlone(t *testing.T) {
	paths := rapid.SliceOf(rapid.SampledFrom([]string{"training/a", "serving/a", "docs/a", "x.md", "src/a", "sluice.yaml", "training/x.md"}))
	rapid.Check(t, func(t *rapid.T) {
		c := able(rapid.SampledFrom([]spec.Flow{"github", "gitflow"}).Draw(t, "flow"))
		branch := rapid.SampledFrom([]string{"main", "develop", "release/1", "x"}).Draw(t, "branch")
		a, b := paths.Draw(t, "a"), paths.Draw(t, "b")
		actions := func(names ...string) (all []spec.Do) {
			for _, ch := range flow.Decide(c, "production", flow.Push{Branch: branch, Paths: names}).Choices {
				all = append(all, ch.Do)
			}
			return all
		}
		want := slices.Concat(actions(a...), actions(b...))
		slices.Sort(want)
		got := actions(slices.Concat(b, a)...)
		slices.Sort(got)
		if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
			t.Fatalf("together (-alone +together):\n%s", diff)
		}
	})
}
