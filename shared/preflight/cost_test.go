package preflight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Canary and linear rollouts take fewer instance-hours than SageMaker's blue/green
// with both fleets whole, and say how.
func TestCost(t *testing.T) {
	tests := []struct {
		name      string
		instances int
		rules     spec.Rollout
		lines     []string // of the steps
		sum       string
		native    string // hours
		dollars   string
		perMinute int // of all updates
		even      string
	}{
		{
			"canary on 4", 4, canary(10, 15),
			[]string{
				"10 % for 15m: (1 + 4 - 4) x 15m = 15m, SageMaker 1h",
				"100 % for 15m: (4 + 4 - 4) x 15m = 1h, SageMaker 1h",
			},
			"15m + 1h = 1h15m = 1.25 instance-hours", "2", "0.14", 13, "5m0s",
		},
		{
			"canary on 20", 20, canary(10, 15),
			[]string{
				"10 % for 15m: (3 + 20 - 20) x 15m = 45m, SageMaker 5h",
				"100 % for 15m: (20 + 20 - 20) x 15m = 5h, SageMaker 5h",
			},
			"45m + 5h = 5h45m = 5.75 instance-hours", "10", "0.66", 63, "5m55s",
		},
		{
			"linear on 4", 4, linear(25, 10),
			[]string{
				"25 % for 10m: (2 + 4 - 4) x 10m = 20m, SageMaker 40m",
				"50 % for 10m: (3 + 4 - 4) x 10m = 30m, SageMaker 40m",
				"75 % for 10m: (4 + 3 - 4) x 10m = 30m, SageMaker 40m",
				"100 % for 10m: (4 + 2 - 4) x 10m = 20m, SageMaker 40m",
			},
			"20m + 2 x 30m + 20m = 1h40m = 1.67 instance-hours", "2.67", "0.19", 12, "7m30s",
		},
		{
			"linear on 20", 20, linear(10, 10),
			[]string{
				"10 % for 10m: (3 + 20 - 20) x 10m = 30m, SageMaker 3h20m",
				"20 % for 10m: (5 + 20 - 20) x 10m = 50m, SageMaker 3h20m",
				"30 % for 10m: (8 + 20 - 20) x 10m = 1h20m, SageMaker 3h20m",
				"40 % for 10m: (10 + 18 - 20) x 10m = 1h20m, SageMaker 3h20m",
				"50 % for 10m: (13 + 15 - 20) x 10m = 1h20m, SageMaker 3h20m",
				"60 % for 10m: (15 + 13 - 20) x 10m = 1h20m, SageMaker 3h20m",
				"70 % for 10m: (18 + 10 - 20) x 10m = 1h20m, SageMaker 3h20m",
				"80 % for 10m: (20 + 8 - 20) x 10m = 1h20m, SageMaker 3h20m",
				"90 % for 10m: (20 + 5 - 20) x 10m = 50m, SageMaker 3h20m",
				"100 % for 10m: (20 + 3 - 20) x 10m = 30m, SageMaker 3h20m",
			},
			"30m + 50m + 6 x 1h20m + 50m + 30m = 10h40m = 10.67 instance-hours", "33.33", "1.23", 46, "52m18s",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := preflight.Check(facts(tt.instances, tt.rules))
			var got []string
			for _, s := range r.Steps {
				got = append(got, fmt.Sprintf("%s: %s, SageMaker %s", s.Text, s.Cost.Sum, preflight.Amount(s.Cost.Native)))
			}
			if diff := cmp.Diff(tt.lines, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if r.Cost.Sum != tt.sum || preflight.Hours(r.Cost.Native) != tt.native {
				t.Errorf("got %s; SageMaker %s\nwant %s; SageMaker %s", r.Cost.Sum, preflight.Hours(r.Cost.Native), tt.sum, tt.native)
			}
			if r.Cost.Steps >= r.Cost.Native {
				t.Errorf("%s is no less than SageMaker's %s", r.Cost.Steps, r.Cost.Native)
			}
			if dollars, ok := r.Cost.Dollars(r.Cost.Steps); !ok || fmt.Sprintf("%.2f", dollars) != tt.dollars {
				t.Errorf("%v dollars, want %s", dollars, tt.dollars)
			}
			if even, ok := r.Cost.Even(); !ok || even.Truncate(time.Second).String() != tt.even || r.Cost.PerMinute() != tt.perMinute {
				t.Errorf("costs the same if an update takes %s, at %d a minute; want %s, %d", even, r.Cost.PerMinute(), tt.even, tt.perMinute)
			}
			if len(r.Cost.Unlike) > 0 {
				t.Errorf("SageMaker could not do it: %v", r.Cost.Unlike)
			}
		})
	}
}

// What of a rollout SageMaker's guardrail has no counterpart for.
func TestUnlike(t *testing.T) {
	free := func(steps ...spec.Step) spec.Rollout {
		return spec.Rollout{Strategy: spec.StrategySteps, Steps: steps}
	}
	tests := []struct {
		name  string
		rules spec.Rollout
		make  func(*preflight.Facts)
		want  string
	}{
		{"everything at once", spec.Rollout{Strategy: spec.StrategyBlueGreen}, nil, ""},
		{"a canary of half", canary(50, 15), nil, ""},
		{"a canary of more", canary(51, 15), nil, "equal steps of 10 to 50 %"},
		{"steps of 5 %", linear(5, 15), nil, "equal steps of 10 to 50 %"},
		{"the last step is smaller", linear(30, 15), nil, ""},
		{"steps that grow", free(spec.Step{Weight: 10}, spec.Step{Weight: 50}), nil, "equal steps of 10 to 50 %"},
		{"a long bake", canary(10, 61), nil, "waits 1h at most in a step; it bakes 1h at most at the end"},
		{"9 h", linear(10, 54), nil, "8h at most"},
		{"an approval", free(spec.Step{Weight: 10}, spec.Step{Approve: &spec.Approval{}}), nil, "cannot wait for a person"},
		{"a shadow", spec.Rollout{Strategy: spec.StrategyShadow}, nil, "no shadow"},
		{"Inf1", canary(10, 15), func(f *preflight.Facts) { f.Config.Variants[0].InstanceType = "ml.inf1.xlarge" }, "Inf1 instances all at once"},
		{"Marketplace", canary(10, 15), func(f *preflight.Facts) { f.Package.Containers[0].Product = "p-1" }, "AWS Marketplace all at once"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts(4, tt.rules)
			if tt.make != nil {
				tt.make(&f)
			}
			got := strings.Join(preflight.Check(f).Cost.Unlike, "; ")
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPrice(t *testing.T) {
	f := facts(4, canary(10, 15))
	f.Spec.Endpoint.Price = 0
	r := preflight.Check(f)
	if _, ok := r.Cost.Dollars(r.Cost.Steps); ok || !strings.Contains(text(r.Findings, preflight.Note), "cost.price: dollars are not shown: set endpoint.price to what one ml.m5.large costs") {
		t.Errorf("dollars without a price; notes:\n%s", text(r.Findings, preflight.Note))
	}
	f.Spec.Endpoint.Price, f.Spec.Endpoint.InstanceType = 0.115, "ml.c7g.large"
	r = preflight.Check(f)
	if _, ok := r.Cost.Dollars(r.Cost.Steps); ok || !strings.Contains(text(r.Findings, preflight.Note), "cost.mixed") {
		t.Errorf("dollars of two types at one price; notes:\n%s", text(r.Findings, preflight.Note))
	}
}

// Whatever the plan, instances that follow the weight cost no more than two whole
// fleets, and are never fewer than the endpoint has without a rollout.
func TestFollowingIsNeverDearer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SampledFrom([]spec.Rollout{
			canary(rapid.IntRange(1, 99).Draw(t, "weight"), 15), linear(rapid.IntRange(1, 50).Draw(t, "step"), 10), {Strategy: spec.StrategyBlueGreen},
		}).Draw(t, "rules")
		rules.Headroom = spec.Percent(rapid.Float64Range(0.01, 2).Draw(t, "headroom"))
		n := rapid.IntRange(1, 50).Draw(t, "instances")
		f := facts(n, rules)
		r := preflight.Check(f)
		for _, s := range r.Steps {
			if s.Cost.Extra > s.Cost.Native || s.Candidate+s.Baseline < n || rollout.Carries(s.Candidate, n) < s.Weight {
				t.Fatalf("%s: %d and %d instances, %s", s.Text, s.Candidate, s.Baseline, s.Cost.Sum)
			}
		}
		full := rules
		full.Capacity = spec.CapacityFull
		if whole := preflight.Check(facts(n, full)).Cost; whole.Steps != whole.Native || r.Cost.Steps > whole.Steps {
			t.Fatalf("follow %s, full %s, SageMaker %s", r.Cost.Steps, whole.Steps, whole.Native)
		}
	})
}

func TestStandbyCost(t *testing.T) {
	rules := linear(25, 10)
	rules.Standby = spec.Duration(24 * time.Hour)
	r := preflight.Check(facts(4, rules))
	last := r.Steps[len(r.Steps)-1]
	if last.Kind != preflight.Standby || last.Cost.Sum != "(4 + 1 - 4) x 1d = 24h" || r.Cost.Standby != spec.Duration(24*time.Hour) {
		t.Errorf("standby %+v, %s", last, r.Cost.Standby)
	}
	if preflight.Hours(r.Cost.Steps) != "1.67" {
		t.Errorf("the steps' own sum has it too: %s", r.Cost.Sum)
	}
	f := facts(4, rules)
	f.Scaling = &rollout.Scaling{Min: 3, Max: 8}
	r = preflight.Check(f)
	if last := r.Steps[len(r.Steps)-1]; last.Baseline != 3 {
		t.Errorf("autoscaling keeps 3, and the standby has %d", last.Baseline)
	}
	if !slices.Contains(r.Cost.Updates, preflight.Update{To: "the candidate alone", Extra: 3 + 4 + 4 - 4}) {
		t.Errorf("updates %v", r.Cost.Updates)
	}
}
