package rollout_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

func minutes(n int) spec.Duration { return spec.Duration(time.Duration(n) * time.Minute) }

func canary(weight, bake, final int) spec.Rollout {
	return spec.Rollout{Strategy: spec.StrategyCanary, Canary: spec.Canary{Weight: weight, Bake: minutes(bake)}, FinalBake: minutes(final)}
}

func linear(step, bake, final int) spec.Rollout {
	return spec.Rollout{Strategy: spec.StrategyLinear, Linear: spec.Linear{Step: step, Bake: minutes(bake)}, FinalBake: minutes(final)}
}

func blueGreen(bake int) spec.Rollout {
	return spec.Rollout{Strategy: spec.StrategyBlueGreen, BlueGreen: spec.BlueGreen{Bake: minutes(bake)}, FinalBake: minutes(bake)}
}

func TestMakePlan(t *testing.T) {
	steps := func(bake, final int, weights ...int) []rollout.Step {
		var all []rollout.Step
		for _, w := range weights {
			all = append(all, rollout.Step{Kind: rollout.Weigh, Weight: w, Bake: time.Duration(bake) * time.Minute})
		}
		return append(all, rollout.Step{Kind: rollout.Weigh, Weight: 100, Bake: time.Duration(final) * time.Minute})
	}
	tests := []struct {
		name  string
		rules spec.Rollout
		want  rollout.Plan
	}{
		{"canary", canary(10, 15, 20), rollout.Plan{Steps: steps(15, 20, 10), Look: time.Minute}},
		{"linear by 10", linear(10, 10, 30), rollout.Plan{Steps: steps(10, 30, 10, 20, 30, 40, 50, 60, 70, 80, 90), Look: time.Minute}},
		{"linear by 25", linear(25, 10, 10), rollout.Plan{Steps: steps(10, 10, 25, 50, 75), Look: time.Minute}},
		{"linear by 33 ends at 100 all the same", linear(33, 5, 5), rollout.Plan{Steps: steps(5, 5, 33, 66, 99), Look: time.Minute}},
		{"linear by 50", linear(50, 5, 5), rollout.Plan{Steps: steps(5, 5, 50), Look: time.Minute}},
		{"blue-green", blueGreen(30), rollout.Plan{Steps: steps(0, 30), Look: time.Minute}},
		{"400 minutes, one look a minute", blueGreen(400), rollout.Plan{Steps: steps(0, 400), Look: time.Minute}},
		{"401 minutes, one look every two", blueGreen(401), rollout.Plan{Steps: steps(0, 401), Look: 2 * time.Minute}},
		{"14 days", blueGreen(14 * 24 * 60), rollout.Plan{Steps: steps(0, 14*24*60), Look: 51 * time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := rollout.MakePlan(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMakePlanRefuses(t *testing.T) {
	tests := []struct {
		name  string
		rules spec.Rollout
		want  string
	}{
		{"no strategy", spec.Rollout{}, `rollout.strategy is ""`},
		{"an unknown strategy", spec.Rollout{Strategy: "yolo"}, `rollout.strategy is "yolo"`},
		{"linear without steps", linear(0, 10, 10), "rollout.linear.step is 0"},
		{"a canary of nothing", canary(0, 10, 10), "rollout.canary.weight is 0"},
		{"a canary of everything", canary(100, 10, 10), "rollout.canary.weight is 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := rollout.MakePlan(tt.rules); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want Invalid about %s", err, tt.want)
			}
		})
	}
}

func aRollout() *rapid.Generator[spec.Rollout] {
	return rapid.Custom(func(t *rapid.T) spec.Rollout {
		const most = 14 * 24 * 60 // minutes, of a whole rollout
		final := rapid.IntRange(3, most).Draw(t, "final")
		switch rapid.SampledFrom([]spec.Strategy{spec.StrategyCanary, spec.StrategyLinear, spec.StrategyBlueGreen}).Draw(t, "strategy") {
		case spec.StrategyCanary:
			bake := rapid.IntRange(3, max(3, most-final)).Draw(t, "bake")
			return canary(rapid.IntRange(1, 99).Draw(t, "weight"), bake, final)
		case spec.StrategyLinear:
			step := rapid.IntRange(1, 50).Draw(t, "step")
			bake := rapid.IntRange(3, max(3, (most-final)*step/100)).Draw(t, "bake")
			return linear(step, bake, final)
		}
		return blueGreen(final)
	})
}

// A rollout of up to 14 days fits into one execution: 13 events a look.
func TestPlansAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := aRollout().Draw(t, "rules")
		p, err := rollout.MakePlan(rules)
		if err != nil {
			t.Fatal(err)
		}
		looks, before, sum := 0, 0, time.Duration(0)
		for i, s := range p.Steps {
			if s.Weight <= before {
				t.Fatalf("step %d has weight %d after %d", i, s.Weight, before)
			}
			for waited := time.Duration(0); waited < s.Bake; waited += p.Look {
				looks++
			}
			before, sum = s.Weight, sum+s.Bake
		}
		if before != 100 {
			t.Fatalf("the last step has weight %d", before)
		}
		if looks > 400 {
			t.Fatalf("%d looks", looks)
		}
		if sum != p.Length() || sum != time.Duration(rules.Length()) {
			t.Fatalf("the steps take %s, the plan %s, the spec says %s", sum, p.Length(), rules.Length())
		}
		// 14 days in 400 looks, of which 100 steps may each round up to one more.
		if p.Look < time.Minute || p.Look%time.Minute != 0 || p.Look > 68*time.Minute {
			t.Fatalf("a look every %s", p.Look)
		}
	})
}

// SageMaker's names: AWS.md B.1. Step Functions' names: AWS.md D.2.
var sageMakerName = regexp.MustCompile(`^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$`)

func TestNamesFit(t *testing.T) {
	// As long as a spec may have them.
	model := strings.Repeat("m", 40)
	endpoint := strings.Repeat("e", 50)
	name := rapid.StringMatching(`[a-zA-Z0-9](-{0,3}[a-zA-Z0-9]){0,15}`)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.OneOf(rapid.Just(model), name.Filter(func(s string) bool { return len(s) <= 40 })).Draw(t, "model")
		e := rapid.OneOf(rapid.Just(endpoint), rapid.Just(strings.Repeat("e", 49)+"-----"+"e"), rapid.Just(strings.Repeat("e", 63)), name.Filter(func(s string) bool { return len(s) <= 63 })).Draw(t, "endpoint")
		version := rapid.IntRange(1, 9_999_999).Draw(t, "version")
		attempt := rapid.IntRange(0, 999).Draw(t, "attempt")
		id := rollout.ID(m, version, attempt)
		for what, got := range map[string]string{
			"variant": id, "model": rollout.ModelName(id),
			"config of both": rollout.ConfigName(e, id, rollout.BothConfig), "final config": rollout.ConfigName(e, id, rollout.FinalConfig),
		} {
			if len(got) > 63 || !sageMakerName.MatchString(got) {
				t.Fatalf("%s %q of %d characters is no name for SageMaker", what, got, len(got))
			}
		}
		if rollout.ID(m, version, attempt) != id || rollout.ID(m, version+1, attempt) == id || rollout.ID(m, version, attempt+1) == id {
			t.Fatalf("ids do not tell versions and attempts apart: %s", id)
		}
	})
}

func TestNamesAreDerived(t *testing.T) {
	id := rollout.ID("churn", 7, 0)
	tests := map[string]string{
		id:                            "churn-v7",
		rollout.ID("churn", 7, 2):     "churn-v7-r2",
		rollout.ModelName(id):         "sluice-churn-v7",
		rollout.ID("churn-v7", 2, 0):  "churn-v7-v2", // no attempt of churn-v7
		rollout.ID("churn", 1_000, 0): "churn-v1000",
	}
	for got, want := range tests {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	both, final := rollout.ConfigName("churn", id, rollout.BothConfig), rollout.ConfigName("churn", id, rollout.FinalConfig)
	if both == final || both != rollout.ConfigName("churn", id, rollout.BothConfig) || rollout.ConfigName("churn2", id, rollout.BothConfig) == both {
		t.Errorf("configs %s and %s", both, final)
	}
}
