package main

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

func TestWords(t *testing.T) {
	percents := rollout.Plan{}
	for w := 20; w <= 100; w += 20 {
		percents.Steps = append(percents.Steps, rollout.Step{Weight: w, Bake: 10 * time.Minute})
	}
	for _, tt := range []struct{ got, want string }{
		{count(0), "0"},
		{count(-1234), "-1,234"},
		{count(-123), "-123"},
		{count(1234567), "1,234,567"},
		{counted(1, "look"), "1 look"},
		{counted(0, "look"), "0 looks"},
		{size(0), "0 bytes"},
		{size(999_999), "1 MB"},
		{size(1_234_000_000), "1.23 GB"},
		{size(math.MaxInt64), "9220 PB"},
		{share(0, 0), "0%"},
		{share(3, 3), "100%"},
		{share(12, 1000), "1.2%"},
		{share(1, 30000), "0.0033%"},
		{odds(math.Inf(-1)), "under 0.01:1"},
		{odds(0), "1:1"},
		{odds(math.Log(14.2)), "14:1"},
		{odds(math.Log(12345)), "12,345:1"},
		{odds(1e9), "over 1,000,000,000:1"},
		{took(-time.Second), "-1s"},
		{ago(time.Unix(0, 0), time.Unix(9, 0)), "0s ago"},
		{packageName("arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/42"), "churn/42"},
		{packageName("churn/42"), "churn/42"},
		{sideName(rollout.Side{Model: "by-hand"}), "by-hand"},
		{sideName(rollout.Side{}), "the baseline"},
		{steps(percents), "20% for 10m, 40% for 10m, 2 more steps, 100% for 10m"},
		{stateWord("brandNew"), "brandNew"},
		{standing(rollout.Record{State: "brandNew"}).sentence, "is brandNew"},
		{stepWords(rollout.Step{Kind: rollout.Mirror, Sampling: 20, Bake: time.Hour}), "shadow of 20% for 1h"},
		{stepWords(rollout.Step{Kind: rollout.Ask, Limit: 4 * time.Hour}), "approval within 4h"},
		{stepWords(rollout.Step{Kind: rollout.Rest, Limit: time.Minute}), "pause of 1m"},
		{stepWords(rollout.Step{Kind: rollout.Rest}), "pause until resumed"},
		{stepWords(rollout.Step{Kind: rollout.Weigh, Weight: 100}), "100%"},
		{people("aborted by arn:aws:sts::111122223333:assumed-role/Admin/ana: arn:aws:iam::111122223333:user/bob said so"), "aborted by Admin/ana: bob said so"},
		{people("arn:aws:iam::111122223333:root"), "arn:aws:iam::111122223333:root"},
		{people("arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2"), "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2"},
		{short("abc"), "abc"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

// TestCurrent: what is under way, or holds the endpoint, is not hidden by what came
// after; and the champion is what the latest rollout that knows has left.
func TestCurrent(t *testing.T) {
	side := func(version string) rollout.Side {
		return rollout.Side{Variant: "v" + version, Package: "m/" + version}
	}
	of := func(id string, s rollout.State) rollout.Record {
		return rollout.Record{ID: id, State: s, Baseline: side("1"), Candidate: side("2")}
	}
	refused := rollout.Record{ID: "late", State: rollout.Refused}
	for _, tt := range []struct {
		name           string
		records        []rollout.Record
		holder         string
		want, champion string
	}{
		{"nothing", nil, "", "", ""},
		{"promoted", []rollout.Record{of("a", rollout.Promoted)}, "", "a", "m/2"},
		{"rolled back", []rollout.Record{of("a", rollout.RolledBack)}, "", "a", "m/1"},
		{"refused after promoted", []rollout.Record{refused, of("a", rollout.Promoted)}, "", "late", "m/2"},
		{"refused while running", []rollout.Record{refused, of("a", rollout.Running)}, "a", "a", "m/1"},
		{"refused while halted", []rollout.Record{refused, of("a", rollout.Halted)}, "a", "a", ""},
		{"standby", []rollout.Record{of("a", rollout.Standby)}, "a", "a", "m/2"},
		{"aborted", []rollout.Record{of("a", rollout.Aborted)}, "", "a", "m/1"},
		{"one waits while another runs", []rollout.Record{{ID: "next", State: rollout.Waiting}, of("a", rollout.Running)}, "a", "a", "m/1"},
		{"one waits while another halted", []rollout.Record{{ID: "next", State: rollout.Waiting}, of("a", rollout.Halted)}, "a", "a", ""},
		{"one waits", []rollout.Record{{ID: "next", State: rollout.Waiting}, of("a", rollout.Promoted)}, "", "next", "m/2"},
		{"superseded after promoted", []rollout.Record{{ID: "late", State: rollout.Superseded}, of("a", rollout.Promoted)}, "", "late", "m/2"},
		{"the first model was aborted", []rollout.Record{{ID: "a", State: rollout.Aborted, First: true}}, "", "a", ""},
		{"refused after unlock", []rollout.Record{refused, of("a", rollout.Halted)}, "", "late", ""},
	} {
		got := ""
		if r := current(tt.records, tt.holder); r != nil {
			got = r.ID
		}
		if got != tt.want || champion(tt.records) != tt.champion {
			t.Errorf("%s: got %q and champion %q, want %q and %q", tt.name, got, champion(tt.records), tt.want, tt.champion)
		}
	}
}

func TestDifference(t *testing.T) {
	low, high := 0.8, 0.9
	was := spec.Spec{Model: "churn", Package: spec.Package{Gate: []spec.Condition{{Metric: "auc", Min: &low}}}, Rollout: spec.Rollout{Alarms: []string{"a", "b"}}}
	was.Rollout.Strategy, was.Rollout.Steps = spec.StrategySteps, []spec.Step{{Weight: 5}, {Weight: 50}}
	is := spec.Spec{Model: "churn", Package: spec.Package{Gate: []spec.Condition{{Metric: "auc", Min: &high}}}, Rollout: spec.Rollout{Alarms: []string{"a"}}}
	is.Rollout.Strategy, is.Rollout.Steps = spec.StrategySteps, []spec.Step{{Weight: 5}, {Pause: &spec.Pause{}}}
	is.Rollout.Windows = []spec.Window{{Days: []spec.Day{spec.Monday}, From: "09:00", To: "16:00"}}
	changes, err := difference(was, is)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.Field+" "+c.String())
	}
	want := []string{
		"package.gate[0].min is 0.9, was 0.8", "rollout.alarms[1] is not set, was b",
		"rollout.steps[1].bake is not set, was 15m", "rollout.steps[1].pause is {}, was not set", "rollout.steps[1].weight is not set, was 50",
		"rollout.windows[0].days[0] is mon, was not set", "rollout.windows[0].from is 09:00, was not set",
		"rollout.windows[0].to is 16:00, was not set", "rollout.windows[0].zone is UTC, was not set",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
