package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/rollout"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// The configs of the rollout churn-v7.
const (
	baseConfig  = "churn-v6"
	bothConfig  = "both"
	finalConfig = "final"
)

var (
	ours = []string{baseConfig, bothConfig, finalConfig}
	half = rollout.Target{Config: bothConfig, Variant: "new", Other: "old", Weight: 50}
	none = rollout.Target{Config: bothConfig, Variant: "new", Other: "old"}
	base = rollout.Target{Config: baseConfig, Variant: "old", Other: "new", Weight: 100}
	done = rollout.Target{Config: finalConfig, Variant: "new", Other: "old", Weight: 100}
)

// endpoint builds an endpoint whose variants are given as name, weight, name,
// weight.
func endpoint(status, config string, variants ...any) rollout.Endpoint {
	e := rollout.Endpoint{Name: "churn", Status: status, Config: config}
	for i := 0; i < len(variants); i += 2 {
		w := variants[i+1].(float64)
		e.Variants = append(e.Variants, rollout.Variant{Name: variants[i].(string), Weight: w, WantedWeight: w, Count: 2, WantedCount: 2})
	}
	return e
}

func pending(e rollout.Endpoint, config string) rollout.Endpoint {
	e.PendingConfig = config
	return e
}

func moving(e rollout.Endpoint) rollout.Endpoint {
	e.Variants[0].WantedWeight++
	return e
}

func failing(e rollout.Endpoint, reason string) rollout.Endpoint {
	e.FailureReason = reason
	return e
}

func TestClassify(t *testing.T) {
	at := func(old, new float64) rollout.Endpoint {
		return endpoint("InService", bothConfig, "old", old, "new", new)
	}
	tests := []struct {
		name string
		want rollout.Target
		e    rollout.Endpoint
		is   rollout.Outcome
		says string
	}{
		{"reached", half, at(50, 50), rollout.Reached, "variant new has 50 %"},
		{"relative weights 1/0, nothing wanted", none, at(1, 0), rollout.Reached, "0 %"},
		{"relative weights 1/0, half wanted", half, at(1, 0), rollout.RolledBackByAWS, "has 0 % instead of 50 %"},
		{"relative weights 90/10", rollout.Target{Config: bothConfig, Variant: "new", Weight: 10}, at(90, 10), rollout.Reached, "10 %"},
		{"relative weights 9/1", rollout.Target{Config: bothConfig, Variant: "new", Weight: 10}, at(9, 1), rollout.Reached, "10 %"},
		{"relative weights 0.9/0.1 as 32-bit floats", rollout.Target{Config: bothConfig, Variant: "new", Weight: 10}, at(float64(float32(0.9)), float64(float32(0.1))), rollout.Reached, "10 %"},
		{"relative weights 9/1, 9 wanted", rollout.Target{Config: bothConfig, Variant: "new", Weight: 9}, at(9, 1), rollout.RolledBackByAWS, "has 10 % instead of 9 %"},
		{"all weights zero", half, at(0, 0), rollout.RolledBackByAWS, "has 0 %"},
		{"everything to the new one", rollout.Target{Config: bothConfig, Variant: "new", Weight: 100}, at(0, 100), rollout.Reached, "100 %"},
		{"a variant that is not there, nothing wanted", none, endpoint("InService", bothConfig, "old", 1.0), rollout.Reached, "0 %"},
		{"weights still moving", half, moving(at(50, 50)), rollout.Moving, "moving"},
		{"silently rolled back", half, endpoint("InService", baseConfig, "old", 1.0), rollout.RolledBackByAWS, "InService with config churn-v6 instead of both"},
		{"rolled back with a reason", half, failing(endpoint("InService", baseConfig, "old", 1.0), "no capacity"), rollout.RolledBackByAWS, ": no capacity"},
		{"somebody else's config", half, endpoint("InService", "theirs", "old", 1.0), rollout.Foreign, "config theirs"},
		{"promoted", done, endpoint("InService", finalConfig, "new", 1.0), rollout.Reached, "100 %"},
		{"back on the baseline", base, endpoint("InService", baseConfig, "old", 1.0), rollout.Reached, "100 %"},

		{"Creating", half, endpoint("Creating", bothConfig), rollout.Moving, "is Creating"},
		{"Updating", half, pending(endpoint("Updating", baseConfig, "old", 1.0), bothConfig), rollout.Moving, "is Updating"},
		{"Updating to somebody else's", half, pending(endpoint("Updating", bothConfig), "theirs"), rollout.Foreign, "updated to theirs"},
		{"RollingBack", half, at(50, 50), rollout.Moving, "is RollingBack"}, // status set below
		{"SystemUpdating", half, endpoint("SystemUpdating", bothConfig), rollout.Maintained, "maintaining"},
		{"UpdateRollbackFailed", half, failing(endpoint("UpdateRollbackFailed", baseConfig), "stuck"), rollout.Mixed, ": stuck"},
		{"UpdateRollbackFailed with somebody else's", half, endpoint("UpdateRollbackFailed", "theirs"), rollout.Foreign, "config theirs"},
		{"Failed", half, failing(endpoint("Failed", bothConfig), "ping"), rollout.Broken, "is Failed: ping"},
		{"OutOfService", half, endpoint("OutOfService", bothConfig), rollout.Broken, "is OutOfService"},
		{"Deleting", half, endpoint("Deleting", bothConfig), rollout.Broken, "is Deleting"},
		{"a status that is new", half, endpoint("Levitating", bothConfig), rollout.Broken, "is Levitating"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "RollingBack" {
				tt.e.Status = "RollingBack"
			}
			got := rollout.Classify(tt.want, ours, tt.e)
			if got.Outcome != tt.is || !strings.Contains(got.Reason, tt.says) {
				t.Errorf("got %s: %s\nwant %s about %q", got.Outcome, got.Reason, tt.is, tt.says)
			}
		})
	}
}

func TestNext(t *testing.T) {
	both := func(old, new float64) rollout.Endpoint {
		return endpoint("InService", bothConfig, "old", old, "new", new)
	}
	tests := []struct {
		name   string
		want   rollout.Target
		urgent string
		e      rollout.Endpoint
		act    rollout.Act
	}{
		{"reached", half, "", both(1, 1), rollout.Nothing},
		{"another weight", half, "", both(1, 0), rollout.SetWeights},
		{"another config", done, "", both(0, 100), rollout.UpdateTo},
		{"the beginning", none, "", endpoint("InService", baseConfig, "old", 1.0), rollout.UpdateTo},
		{"back: requests first", base, "new", both(50, 50), rollout.SetWeights},
		{"back: then the config", base, "new", both(100, 0), rollout.UpdateTo},
		{"back: from the candidate alone there is nothing to weigh", base, "new", endpoint("InService", finalConfig, "new", 1.0), rollout.UpdateTo},
		{"back: before the candidate came up", base, "new", endpoint("InService", baseConfig, "old", 1.0), rollout.Nothing},
		{"on its way", half, "", endpoint("Updating", baseConfig), rollout.Wait},
		{"urgent, but on its way", base, "new", endpoint("Updating", bothConfig, "old", 1.0, "new", 1.0), rollout.Wait},
		{"maintained", half, "", endpoint("SystemUpdating", bothConfig), rollout.Wait},
		{"mixed", base, "new", endpoint("UpdateRollbackFailed", bothConfig, "old", 1.0, "new", 1.0), rollout.UpdateTo},
		{"foreign", base, "new", endpoint("InService", "theirs", "new", 1.0), rollout.LeaveItAlone},
		{"broken", base, "new", endpoint("Failed", bothConfig), rollout.LeaveItAlone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, truth := rollout.Next(tt.want, tt.urgent, ours, tt.e); got.Act != tt.act {
				t.Errorf("got %s (%s), want %s", got.Act, truth.Reason, tt.act)
			}
		})
	}
}

func anEndpoint() *rapid.Generator[rollout.Endpoint] {
	return rapid.Custom(func(t *rapid.T) rollout.Endpoint {
		weights := rapid.SampledFrom([]float64{0, 1, 9, 10, 33, 50, 90, 100})
		e := endpoint(
			rapid.SampledFrom([]string{"InService", "InService", "InService", "Updating", "Creating", "RollingBack", "SystemUpdating", "UpdateRollbackFailed", "Failed", "OutOfService", "Deleting"}).Draw(t, "status"),
			rapid.SampledFrom([]string{baseConfig, bothConfig, finalConfig, "theirs"}).Draw(t, "config"))
		for _, name := range rapid.SampledFrom([][]string{{"old"}, {"new"}, {"old", "new"}}).Draw(t, "variants") {
			w := weights.Draw(t, "weight")
			e.Variants = append(e.Variants, rollout.Variant{Name: name, Weight: w, WantedWeight: rapid.SampledFrom([]float64{w, w, w, 7}).Draw(t, "wanted")})
		}
		return e
	})
}

func aTarget() *rapid.Generator[rollout.Target] {
	return rapid.SampledFrom([]rollout.Target{none, half, base, done, {Config: bothConfig, Variant: "new", Weight: 10}, {Config: bothConfig, Variant: "new", Weight: 100}})
}

// Nothing is said only of an endpoint that is as wanted, and nothing is asked of one
// that is not ours or not able.
func TestNothingMeansReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, want := anEndpoint().Draw(t, "endpoint"), aTarget().Draw(t, "want")
		move, truth := rollout.Next(want, rapid.SampledFrom([]string{"", "new", "old"}).Draw(t, "urgent"), ours, e)
		act := move.Act
		reached := e.Status == "InService" && e.Config == want.Config && e.Share(want.Variant) == want.Weight
		for _, v := range e.Variants {
			reached = reached && v.Weight == v.WantedWeight
		}
		if (act == rollout.Nothing) != reached || (truth.Outcome == rollout.Reached) != reached {
			t.Fatalf("%s, %s: wanted %+v of %s", act, truth.Reason, want, e)
		}
		if changes := act == rollout.SetWeights || act == rollout.UpdateTo; changes && (e.Config == "theirs" || e.Status != "InService" && e.Status != "UpdateRollbackFailed") {
			t.Fatalf("%s is asked of %s", act, e)
		}
		if truth.Reason == "" {
			t.Fatalf("%s without a reason", truth.Outcome)
		}
	})
}

// What Next asks for, done, leads to the target in a few acts, and a variant that
// must have no requests loses them in the first.
func TestActsLeadToTheTarget(t *testing.T) {
	configs := map[string][]string{baseConfig: {"old"}, bothConfig: {"old", "new"}, finalConfig: {"new"}}
	rapid.Check(t, func(t *rapid.T) {
		config := rapid.SampledFrom([]string{baseConfig, bothConfig, finalConfig}).Draw(t, "config")
		e := endpoint("InService", config)
		for _, name := range configs[config] {
			w := float64(rapid.IntRange(1, 100).Draw(t, "weight"))
			e.Variants = append(e.Variants, rollout.Variant{Name: name, Weight: w, WantedWeight: w})
		}
		want, urgent := aTarget().Draw(t, "want"), ""
		if want.Config == baseConfig {
			urgent = "new"
		}
		for acts := 0; ; acts++ {
			move, truth := rollout.Next(want, urgent, ours, e)
			act := move.Act
			if act == rollout.Nothing {
				return
			}
			if acts == 3 {
				t.Fatalf("after three acts: %s, %s", act, truth.Reason)
			}
			switch act {
			case rollout.SetWeights:
				for i, v := range e.Variants {
					w := float64(100 - move.Weight)
					if v.Name == want.Variant {
						w = float64(move.Weight)
					}
					e.Variants[i].Weight, e.Variants[i].WantedWeight = w, w
				}
			case rollout.UpdateTo:
				// The config's own weights: the first variant has everything.
				e = endpoint("InService", want.Config)
				for i, name := range configs[want.Config] {
					w := float64(max(0, 100-100*i))
					e.Variants = append(e.Variants, rollout.Variant{Name: name, Weight: w, WantedWeight: w})
				}
			default:
				t.Fatalf("%s: %s", act, truth.Reason)
			}
			if urgent != "" && e.Has(urgent) && len(e.Variants) > 1 && e.Share(urgent) > 0 {
				t.Fatalf("after act %d, %s, %s still has %d %%", acts, act, urgent, e.Share(urgent))
			}
		}
	})
}

func TestEndpointInWords(t *testing.T) {
	e := endpoint("InService", bothConfig, "old", 9.0, "new", 1.0)
	if got, want := e.String(), "InService, config both, old 90 % on 2, new 10 % on 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRecord(t *testing.T) {
	plan, err := rollout.MakePlan(linear(25, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	r := rollout.Record{
		Plan: plan, Step: -1, BothConfig: bothConfig, Steps: make([]rollout.Progress, len(plan.Steps)),
		Baseline:  rollout.Side{Variant: "old", Config: baseConfig, Count: 4},
		Candidate: rollout.Side{Variant: "new", Config: finalConfig, Count: 4},
	}
	if got := fmt.Sprint(r.Configs()); got != "[churn-v6 both final]" {
		t.Errorf("configs %s", got)
	}
	for step, weight := range map[int]int{-1: 0, 0: 25, 2: 75, 3: 100} {
		r.Step = step
		if got := r.TargetOf(); got.Config != bothConfig || got.Variant != "new" || got.Other != "old" || got.Weight != weight || !got.Strict {
			t.Errorf("step %d wants %+v", step, got)
		}
	}
	if diff := cmp.Diff(done, r.TargetPromoted()); diff != "" {
		t.Errorf("promoted (-want +got):\n%s", diff)
	}
	want := base
	want.Needs = []rollout.Need{{Variant: "old", AtLeast: 4}}
	if diff := cmp.Diff(want, r.TargetBaseline()); diff != "" {
		t.Errorf("back (-want +got):\n%s", diff)
	}
	final := map[rollout.State]bool{
		rollout.Waiting: false, rollout.Preparing: false, rollout.Running: false, rollout.Standby: false, rollout.Promoting: false, rollout.Returning: false,
		rollout.Promoted: true, rollout.RolledBack: true, rollout.Halted: true, rollout.Refused: true, rollout.Aborted: true, rollout.Superseded: true,
	}
	for state, over := range final {
		if state.Final() != over {
			t.Errorf("%s is final: %v", state, state.Final())
		}
	}
}

// A share that this rollout asked for, or comes from, is AWS's undoing; any other is
// somebody else's doing.
func TestForeignWeights(t *testing.T) {
	plan, err := rollout.MakePlan(linear(25, 10, 10))
	if err != nil {
		t.Fatal(err)
	}
	at := func(share float64) rollout.Endpoint {
		return endpoint("InService", bothConfig, "old", 100-share, "new", share)
	}
	for _, tt := range []struct {
		name    string
		weights []int
		step    int
		reached bool
		share   float64
		is      rollout.Outcome
	}{
		{"before the first weight came", []int{25}, 0, false, 0, rollout.RolledBackByAWS},
		{"on the way from 25 to 50", []int{25, 50}, 1, false, 25, rollout.RolledBackByAWS},
		{"back at 25 after 50 was seen", []int{25, 50}, 1, true, 25, rollout.Foreign},
		{"30, which nobody asked for", []int{25, 50}, 1, false, 30, rollout.Foreign},
		{"everything to the candidate by hand", []int{25}, 0, true, 100, rollout.Foreign},
		{"reached", []int{25, 50}, 1, true, 50, rollout.Reached},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rollout.Record{Plan: plan, Step: tt.step, Weights: tt.weights, BothConfig: bothConfig, Steps: make([]rollout.Progress, len(plan.Steps)),
				Baseline: rollout.Side{Variant: "old", Config: baseConfig}, Candidate: rollout.Side{Variant: "new", Config: finalConfig}}
			if tt.reached {
				r.Steps[tt.step].ReachedAt = noon
			}
			if got := rollout.Classify(r.TargetOf(), r.Configs(), at(tt.share)); got.Outcome != tt.is {
				t.Errorf("got %s: %s, want %s", got.Outcome, got.Reason, tt.is)
			}
		})
	}
}

// An endpoint that the rollout itself creates, and takes away again.
func TestFirstEndpoint(t *testing.T) {
	r := rollout.Record{First: true, Plan: rollout.FirstPlan(), Step: -1, Steps: make([]rollout.Progress, 1), Candidate: rollout.Side{Variant: "new", Config: finalConfig}}
	up, gone := r.TargetOf(), r.TargetBaseline()
	for _, tt := range []struct {
		name     string
		e        rollout.Endpoint
		up, gone rollout.Act
	}{
		{"nothing yet", rollout.Endpoint{Name: "churn"}, rollout.Create, rollout.Nothing},
		{"Creating", endpoint("Creating", ""), rollout.Wait, rollout.Wait},
		{"InService", endpoint("InService", finalConfig, "new", 1.0), rollout.Nothing, rollout.Delete},
		{"Failed", endpoint("Failed", finalConfig), rollout.Delete, rollout.Delete},
		{"Deleting", endpoint("Deleting", finalConfig), rollout.Wait, rollout.Wait},
		{"somebody else's", endpoint("InService", "theirs", "x", 1.0), rollout.LeaveItAlone, rollout.LeaveItAlone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, truth := rollout.Next(up, "", r.Configs(), tt.e); got.Act != tt.up {
				t.Errorf("on the way up: %s (%s), want %s", got.Act, truth.Reason, tt.up)
			}
			if got, truth := rollout.Next(gone, "new", r.Configs(), tt.e); got.Act != tt.gone {
				t.Errorf("on the way back: %s (%s), want %s", got.Act, truth.Reason, tt.gone)
			}
		})
	}
	if got := rollout.Classify(rollout.Target{Config: bothConfig}, ours, rollout.Endpoint{Name: "churn"}); got.Outcome != rollout.Broken {
		t.Errorf("an endpoint that vanished is %s", got.Outcome)
	}
}
