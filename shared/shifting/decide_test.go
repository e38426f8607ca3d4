package shifting

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

func TestDecide(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	record := func(step int) rollout.Record {
		return rollout.Record{Plan: rollout.Plan{Steps: []rollout.Step{{Kind: rollout.Weigh, Weight: 10}, {Kind: rollout.Weigh, Weight: 100}}}, Step: step, Steps: []rollout.Progress{{ReachedAt: noon}, {ReachedAt: noon}}}
	}
	tests := []struct {
		name    string
		step    int
		verdict judge.Verdict
		hours   int
		want    Decision
		reason  string
	}{
		{"go on", 0, judge.Verdict{Action: judge.Continue, Reasons: []string{"a", "b"}}, 1, KeepBaking, "a; b"},
		{"hold", 0, judge.Verdict{Action: judge.Hold, Reasons: []string{"a"}}, 30, KeepBaking, "a"},
		{"the step is over", 0, judge.Verdict{Action: judge.Advance}, 1, NextStep, "no worse than tolerated: candidate 1 of 20 failed, baseline 2 of 200"},
		{"the last step is over", 1, judge.Verdict{Action: judge.Advance, Step: 1}, 1, PromoteIt, "no worse than tolerated in any step: candidate 1 of 20 failed, baseline 2 of 200"},
		{"the end of the step before is old news", 1, judge.Verdict{Action: judge.Advance}, 1, KeepBaking, "no minute of this step can be judged yet"},
		{"so is its pause", 1, judge.Verdict{Action: judge.Hold, Paused: true}, 25, KeepBaking, "no minute of this step can be judged yet"},
		{"worse", 1, judge.Verdict{Action: judge.RollBack, Step: 1, Reasons: []string{"worse"}}, 1, GoBack, "worse"},
		{"worse before this step is worse", 1, judge.Verdict{Action: judge.RollBack, Reasons: []string{"worse"}}, 1, GoBack, "worse"},
		{"nobody can tell, for a while", 0, judge.Verdict{Action: judge.Hold, Paused: true, Reasons: []string{"no traffic"}}, 24, KeepBaking, "no traffic"},
		{"nobody can tell, for too long", 0, judge.Verdict{Action: judge.Hold, Paused: true, Reasons: []string{"no traffic"}}, 25, GoBack, "held for 1d without a conclusion: no traffic"},
		{"worse after a long pause", 0, judge.Verdict{Action: judge.RollBack, Paused: true, Reasons: []string{"worse"}}, 25, GoBack, "worse"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := Look{Verdict: tt.verdict, Baseline: rollout.Served{Requests: 200, Bad: 2}, Candidate: rollout.Served{Requests: 20, Bad: 1}}
			r := record(tt.step)
			l.decide(noon.Add(time.Duration(tt.hours)*time.Hour), &r)
			if l.Decision != tt.want || l.Reason != tt.reason {
				t.Errorf("got  %s: %s\nwant %s: %s", l.Decision, l.Reason, tt.want, tt.reason)
			}
		})
	}
}

// A spec's rules and plans are what the judge takes: it would refuse anything else.
func TestJudgeTakesOurRules(t *testing.T) {
	full := spec.Judge{
		FalseRollback: 0.01, Errors: spec.Errors{Tolerance: 0.001, Relative: 0.1, DryRun: true},
		Latency: &spec.Latency{Percentile: "p99", Tolerance: 0.2}, NoTraffic: spec.NoTrafficRollBack,
	}
	want := judge.Config{Alpha: 0.01, NoTraffic: judge.GiveUp, Metrics: []judge.Metric{
		{Name: "failed", Kind: judge.Share, Relative: 0.1, Absolute: 0.001, Weight: 0.7, DryRun: true},
		{Name: "p99 latency", Kind: judge.Percentile, Relative: 0.2, Weight: 0.3},
	}}
	if diff := cmp.Diff(want, JudgeConfig(full)); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	full.Latency = nil
	for says, policy := range map[spec.NoTraffic]judge.Policy{spec.NoTrafficHold: judge.Pause, spec.NoTrafficPromote: judge.GoOn, spec.NoTrafficRollBack: judge.GiveUp} {
		full.NoTraffic = says
		if c := JudgeConfig(full); c.NoTraffic != policy || len(c.Metrics) != 1 || c.Validate() != nil {
			t.Errorf("%s: %+v, %v", says, c, c.Validate())
		}
	}
	if err := JudgeConfig(spec.Spec{}.Normalised().Rollout.Judge).Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	plan := JudgePlan(rollout.Plan{Steps: []rollout.Step{{Kind: rollout.Mirror, Sampling: 50, Bake: time.Hour}, {Kind: rollout.Ask}, {Kind: rollout.Weigh, Weight: 10, Bake: 15 * time.Minute}, {Kind: rollout.Rest}, {Kind: rollout.Weigh, Weight: 100, Bake: 30 * time.Second}}})
	if diff := cmp.Diff(judge.Plan{{Weight: 1, Minutes: 60}, {Weight: 10, Minutes: 15}, {Weight: 100, Minutes: 1}}, plan); diff != "" || plan.Validate() != nil {
		t.Errorf("plan, %v (-want +got):\n%s", plan.Validate(), diff)
	}
}

func TestReportInWords(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	r := rollout.Record{
		ID: "churn-v7", Model: "churn", Package: "arn:7", Endpoint: "churn-prod", State: rollout.Halted, Reason: "why", Baseline: rollout.Side{Variant: "old"},
		Plan: rollout.Plan{Steps: []rollout.Step{{Kind: rollout.Weigh, Weight: 10}, {Kind: rollout.Weigh, Weight: 100}}}, Step: 0, StartedAt: noon, EndedAt: noon.Add(90*time.Minute + time.Millisecond), Served: rollout.Served{Requests: 12, Bad: 3},
	}
	for _, part := range []string{"ended as halted", "why", "churn-prod", "arn:7", "old", "10 % (step 1 of 2)", "12 requests", "3 of them bad", "1h30m\n", "sluice unlock churn"} {
		if !strings.Contains(text(r), part) {
			t.Errorf("the report has no %q:\n%s", part, text(r))
		}
	}
	if got := subject(r); got != "Sluice: rollout churn-v7: HALTED, look at it now" {
		t.Errorf("subject %s", got)
	}
	r.State, r.Step, r.Baseline = rollout.Refused, -1, rollout.Side{}
	for _, part := range []string{"Reached", "Served", "unlock", "Baseline"} {
		if strings.Contains(text(r), part) {
			t.Errorf("a refused rollout's report has %q:\n%s", part, text(r))
		}
	}
}
