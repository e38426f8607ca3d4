package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

func TestInstances(t *testing.T) {
	for _, tt := range []struct {
		share, full int
		headroom    float64
		want        int
	}{
		{10, 4, 0.25, 1}, {10, 20, 0.25, 3}, {10, 20, 0, 2}, {50, 4, 0.25, 3}, {90, 4, 0.25, 4}, {100, 4, 3, 4},
		{1, 1, 0.25, 1}, {0, 20, 0.25, 1}, {40, 10, 0.25, 5}, // exactly 5.0 is 5
	} {
		if got := rollout.Instances(tt.share, tt.full, tt.headroom); got != tt.want {
			t.Errorf("%d %% of %d with %v more is %d, want %d", tt.share, tt.full, tt.headroom, got, tt.want)
		}
	}
}

// counts are the instances of each step, as candidate and baseline.
func counts(p rollout.Plan) (all [][2]int) {
	for _, s := range p.Steps {
		all = append(all, [2]int{s.Candidate, s.Baseline})
	}
	return all
}

func TestWithCapacity(t *testing.T) {
	full := linear(25, 10, 10)
	full.Capacity = spec.CapacityFull
	follow := func(r spec.Rollout) spec.Rollout {
		r.Capacity, r.Headroom = spec.CapacityFollow, 0.25
		return r
	}
	shadow := spec.Rollout{Strategy: spec.StrategyShadow, Shadow: spec.Shadow{Sampling: 50, Bake: minutes(30), Then: spec.StrategyCanary}, Canary: spec.Canary{Weight: 10, Bake: minutes(15)}, FinalBake: minutes(15)}
	for _, tt := range []struct {
		name       string
		rules      spec.Rollout
		autoscaled bool
		want       [][2]int
	}{
		{"full", full, false, [][2]int{{8, 0}, {8, 0}, {8, 0}, {8, 0}}},
		{"canary: the baseline can take everything back at once", follow(canary(10, 10, 10)), false, [][2]int{{1, 8}, {8, 8}}},
		{"linear: the baseline follows a step behind", follow(linear(25, 10, 10)), false, [][2]int{{3, 8}, {5, 8}, {8, 5}, {8, 3}}},
		{"autoscaled: the baseline is left alone", follow(linear(25, 10, 10)), true, [][2]int{{3, 0}, {5, 0}, {8, 0}, {8, 0}}},
		{"a shadow needs what its copies need", follow(shadow), false, [][2]int{{5, 0}, {1, 8}, {8, 8}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := rollout.MakePlan(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, counts(p.WithCapacity(tt.rules, 8, 8, tt.autoscaled))); diff != "" {
				t.Errorf("candidate and baseline (-want +got):\n%s", diff)
			}
		})
	}
}

// serve is an endpoint that does at once what it is asked for.
func serve(t *rapid.T, e *rollout.Endpoint, want rollout.Target, m rollout.Move) {
	set := func(name string, do func(*rollout.Variant)) {
		for i := range e.Variants {
			if e.Variants[i].Name == name {
				do(&e.Variants[i])
			}
		}
	}
	weigh := func(w int) func(*rollout.Variant) {
		return func(v *rollout.Variant) { v.Weight, v.WantedWeight = float64(w), float64(w) }
	}
	switch m.Act {
	case rollout.SetWeights:
		set(want.Variant, weigh(m.Weight))
		set(want.Other, weigh(100-m.Weight))
	case rollout.SetCount:
		set(m.Variant, func(v *rollout.Variant) { v.Count, v.WantedCount = m.Count, m.Count })
	case rollout.UpdateTo:
		e.Config = want.Config
		for _, v := range e.Variants {
			if v.Name == want.Variant {
				v.Weight, v.WantedWeight = 100, 100
				e.Variants = []rollout.Variant{v}
				return
			}
		}
		t.Fatalf("config %s has no variant %s", want.Config, want.Variant)
	default:
		t.Fatalf("%s is asked for", m.Act)
	}
}

// overloaded is a variant that has more traffic than its instances carry, of full
// that carry all of it; "" if there is none.
func overloaded(e rollout.Endpoint, full int) string {
	for _, v := range e.Variants {
		if share := e.Share(v.Name); share > rollout.Carries(v.Count, full) && share > 100*v.Count/full {
			return v.Name
		}
	}
	return ""
}

// On the way up no side is ever given more than it carries; on the way back from any
// step the baseline takes what it carries with the first change, and is never given
// more.
func TestNoSideIsOverloaded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := aRollout().Draw(t, "rules")
		rules.Capacity, rules.Headroom = spec.CapacityFollow, spec.Percent(rapid.Float64Range(0.01, 1).Draw(t, "headroom"))
		n := rapid.IntRange(1, 30).Draw(t, "instances")
		p, err := rollout.MakePlan(rules)
		if err != nil {
			t.Fatal(err)
		}
		p = p.WithCapacity(rules, n, n, false)
		r := rollout.Record{Plan: p, Step: -1, BothConfig: bothConfig, Steps: make([]rollout.Progress, len(p.Steps)),
			Baseline: rollout.Side{Variant: "old", Config: baseConfig, Count: n}, Candidate: rollout.Side{Variant: "new", Config: finalConfig, Count: n}}
		e := endpoint("InService", bothConfig, "old", 100.0, "new", 0.0)
		e.Variants[0].Count, e.Variants[1].Count = n, max(1, p.Steps[0].Candidate)
		drive := func(want func() rollout.Target, urgent string) {
			for acts := 0; ; acts++ {
				m, truth := rollout.Next(want(), urgent, r.Configs(), e)
				if m.Act == rollout.Nothing {
					return
				}
				if acts > 4 {
					t.Fatalf("no end: %s: %s, read %s", m.Act, truth.Reason, e)
				}
				before := e.Share("old")
				serve(t, &e, want(), m)
				if who := overloaded(e, n); who != "" {
					t.Fatalf("%s overloads %s: %s", m.Act, who, e)
				}
				if carries := rollout.Carries(e.Instances("old"), n); urgent != "" && acts == 0 && m.Act != rollout.UpdateTo && e.Share("old") < min(carries, 100) && e.Share("old") <= before {
					t.Fatalf("the first change on the way back is %s: %s", m.Act, e)
				}
			}
		}
		last := rapid.IntRange(0, len(p.Steps)-1).Draw(t, "reached")
		for r.Step < last {
			r.Step++
			r.Weights = append(r.Weights, r.Weight())
			drive(func() rollout.Target { return r.TargetOf() }, "")
		}
		drive(r.TargetBaseline, "new")
		if got := e.String(); e.Config != baseConfig || e.Instances("old") != n || e.Has("new") {
			t.Fatalf("after going back: %s", got)
		}
	})
}
