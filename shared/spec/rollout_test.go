package spec

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func someSeconds(least, most time.Duration) *rapid.Generator[Duration] {
	return rapid.Custom(func(t *rapid.T) Duration {
		return Duration(rapid.IntRange(int(least/time.Second), int(most/time.Second)).Draw(t, "seconds")) * Duration(time.Second)
	})
}

func anyPercent(least, most int) *rapid.Generator[Percent] {
	return rapid.Custom(func(t *rapid.T) Percent {
		return Percent(float64(rapid.IntRange(least*1000, most*1000).Draw(t, "millis")) / 1e5)
	})
}

// anyRollout draws rollouts that Parse would return: every strategy, every field.
func anyRollout() *rapid.Generator[Rollout] {
	name := rapid.StringMatching(`[a-zA-Z0-9](-{0,2}[a-zA-Z0-9]){0,12}`)
	bake := someSeconds(time.Duration(minBake), time.Hour)
	return rapid.Custom(func(t *rapid.T) Rollout {
		r := Rollout{Strategy: rapid.SampledFrom([]Strategy{"", StrategyCanary, StrategyLinear, StrategyBlueGreen, StrategyShadow, StrategySteps}).Draw(t, "strategy")}
		if r.Strategy == StrategyShadow {
			r.Shadow = Shadow{
				Sampling: rapid.IntRange(1, 100).Draw(t, "sampling"), Bake: bake.Draw(t, "bake"),
				Then: rapid.SampledFrom([]Strategy{StrategyCanary, StrategyLinear, StrategyBlueGreen}).Draw(t, "then"),
			}
		}
		switch r.Moves() {
		case StrategyCanary:
			r.Canary = Canary{Weight: rapid.IntRange(1, 99).Draw(t, "weight"), Bake: bake.Draw(t, "bake")}
			r.FinalBake = bake.Draw(t, "finalBake")
		case StrategyLinear:
			r.Linear = Linear{Step: rapid.IntRange(1, 50).Draw(t, "step"), Bake: bake.Draw(t, "bake")}
		case StrategyBlueGreen:
			r.BlueGreen = BlueGreen{Bake: bake.Draw(t, "bake")}
		case StrategySteps:
			r.Steps = someSteps().Draw(t, "steps")
		}
		r.Capacity = rapid.SampledFrom([]Capacity{"", CapacityFollow, CapacityFull}).Draw(t, "capacity")
		if r.Capacity == CapacityFollow {
			r.Headroom = anyPercent(1, 300).Draw(t, "headroom")
		}
		r.Standby = rapid.SampledFrom([]Duration{0, minStandby, minutes(24 * 60)}).Draw(t, "standby")
		r.Queue = rapid.SampledFrom([]Queue{"", QueueLatest, QueueReplace}).Draw(t, "queue")
		r.Windows = rapid.SliceOfN(anyWindow(), 0, 3).Draw(t, "windows")
		r.Alarms = rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(t, "alarms")
		r.Judge = Judge{
			FalseRollback: anyPercent(1, 20).Draw(t, "falseRollback"),
			Errors:        Errors{Tolerance: anyPercent(0, 50).Draw(t, "tolerance"), Relative: anyPercent(1, 500).Draw(t, "relative"), DryRun: rapid.Bool().Draw(t, "dryRun")},
			NoTraffic:     rapid.SampledFrom([]NoTraffic{NoTrafficHold, NoTrafficPromote, NoTrafficRollBack}).Draw(t, "noTraffic"),
		}
		if rapid.Bool().Draw(t, "latency") {
			r.Judge.Latency = &Latency{Percentile: "p99", Tolerance: anyPercent(1, 500).Draw(t, "slower")}
		}
		return r
	})
}

func someSteps() *rapid.Generator[[]Step] {
	bake := someSeconds(time.Duration(minBake), time.Hour)
	return rapid.Custom(func(t *rapid.T) []Step {
		var steps []Step
		if rapid.Bool().Draw(t, "shadowed") {
			steps = append(steps, Step{Shadow: &Mirror{Sampling: rapid.IntRange(1, 100).Draw(t, "sampling"), Bake: bake.Draw(t, "bake")}})
		}
		weights := rapid.SliceOfNDistinct(rapid.IntRange(1, 99), 1, 5, rapid.ID).Draw(t, "weights")
		slices.Sort(weights)
		for _, w := range weights {
			steps = append(steps, Step{Weight: w, Bake: bake.Draw(t, "bake")})
			switch rapid.IntRange(0, 3).Draw(t, "then") {
			case 0:
				steps = append(steps, Step{Pause: &Pause{}})
			case 1:
				steps = append(steps, Step{Pause: &Pause{For: someSeconds(time.Duration(minPause), 24*time.Hour).Draw(t, "for")}})
			case 2:
				steps = append(steps, Step{Approve: &Approval{Expires: minExpires, OnTimeout: rapid.SampledFrom([]Timeout{TimeoutRollBack, TimeoutPromote}).Draw(t, "onTimeout")}})
			}
		}
		return steps
	})
}

func TestNormalised(t *testing.T) {
	steps := []Step{{Shadow: &Mirror{}}, {Approve: &Approval{}}, {Weight: 5, Bake: minutes(30)}, {Pause: &Pause{}}, {Weight: 50}}
	filled := []Step{
		{Shadow: &Mirror{50, minutes(30)}}, {Approve: &Approval{minutes(24 * 60), "rollBack"}}, {Weight: 5, Bake: minutes(30)}, {Pause: &Pause{}},
		{Weight: 50, Bake: minutes(15)},
	}
	tests := []struct {
		name    string
		in      Rollout
		want    Rollout
		length  Duration // and Longest, if that is not given
		longest Duration
	}{
		{"nothing", Rollout{}, Rollout{Strategy: "canary", Canary: Canary{10, minutes(15)}, FinalBake: minutes(15)}, minutes(30), 0},
		{"canary", Rollout{Canary: Canary{Weight: 5, Bake: minutes(60)}}, Rollout{Strategy: "canary", Canary: Canary{5, minutes(60)}, FinalBake: minutes(60)}, minutes(120), 0},
		{"final bake", Rollout{FinalBake: minutes(5)}, Rollout{Strategy: "canary", Canary: Canary{10, minutes(15)}, FinalBake: minutes(5)}, minutes(20), 0},
		{"linear", Rollout{Strategy: "linear"}, Rollout{Strategy: "linear", Linear: Linear{10, minutes(10)}, FinalBake: minutes(10)}, minutes(100), 0},
		{"linear, uneven", Rollout{Strategy: "linear", Linear: Linear{Step: 30}}, Rollout{Strategy: "linear", Linear: Linear{30, minutes(10)}, FinalBake: minutes(10)}, minutes(40), 0},
		{"blue/green", Rollout{Strategy: "blueGreen"}, Rollout{Strategy: "blueGreen", BlueGreen: BlueGreen{minutes(30)}, FinalBake: minutes(30)}, minutes(30), 0},
		{
			"blue/green by its final bake", Rollout{Strategy: "blueGreen", FinalBake: minutes(9)},
			Rollout{Strategy: "blueGreen", BlueGreen: BlueGreen{minutes(9)}, FinalBake: minutes(9)}, minutes(9), 0,
		},
		{
			"shadow", Rollout{Strategy: "shadow"},
			Rollout{Strategy: "shadow", Shadow: Shadow{50, minutes(30), "canary"}, Canary: Canary{10, minutes(15)}, FinalBake: minutes(15)}, minutes(60), 0,
		},
		{
			"shadow, then linear", Rollout{Strategy: "shadow", Shadow: Shadow{Sampling: 5, Bake: minutes(60), Then: "linear"}, Linear: Linear{Step: 50}},
			Rollout{Strategy: "shadow", Shadow: Shadow{5, minutes(60), "linear"}, Linear: Linear{50, minutes(10)}, FinalBake: minutes(10)}, minutes(80), 0,
		},
		{
			"shadow, then blue/green", Rollout{Strategy: "shadow", Shadow: Shadow{Then: "blueGreen"}},
			Rollout{Strategy: "shadow", Shadow: Shadow{50, minutes(30), "blueGreen"}, BlueGreen: BlueGreen{minutes(30)}, FinalBake: minutes(30)}, minutes(60), 0,
		},
		{"steps", Rollout{Strategy: "steps", Steps: steps}, Rollout{Strategy: "steps", Steps: filled, FinalBake: minutes(15)}, minutes(90), minutes(90 + 24*60)},
		{
			"steps, the last weight's bake", Rollout{Strategy: "steps", Steps: []Step{{Weight: 5}, {Weight: 9, Bake: minutes(40)}, {Pause: &Pause{minutes(10)}}}},
			Rollout{Strategy: "steps", Steps: []Step{{Weight: 5, Bake: minutes(15)}, {Weight: 9, Bake: minutes(40)}, {Pause: &Pause{minutes(10)}}}, FinalBake: minutes(40)},
			minutes(95), minutes(105),
		},
		{
			"steps, a shadow alone", Rollout{Strategy: "steps", Steps: []Step{{Shadow: &Mirror{Bake: minutes(50)}}}, Standby: minutes(60)},
			Rollout{Strategy: "steps", Steps: []Step{{Shadow: &Mirror{50, minutes(50)}}}, FinalBake: minutes(15), Standby: minutes(60)}, minutes(65), minutes(125),
		},
		{
			"around the steps", Rollout{Capacity: "follow", Headroom: 0.1, Queue: "replace", Windows: []Window{{From: "09:00", To: "10:00"}, {Zone: "Asia/Tokyo"}}},
			Rollout{
				Strategy: "canary", Canary: Canary{10, minutes(15)}, FinalBake: minutes(15), Headroom: 0.1, Queue: "replace",
				Windows: []Window{{From: "09:00", To: "10:00", Zone: "UTC"}, {Zone: "Asia/Tokyo"}},
			}, minutes(30), 0,
		},
		{
			"full capacity has no headroom", Rollout{Capacity: "full"},
			Rollout{Strategy: "canary", Canary: Canary{10, minutes(15)}, FinalBake: minutes(15), Capacity: "full"}, minutes(30), 0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Judge = Judge{FalseRollback: 0.01, Errors: Errors{Tolerance: 0.001, Relative: 0.1}, NoTraffic: "hold"}
			if tt.want.Capacity == "" {
				tt.want.Capacity = "follow"
			}
			if tt.want.Headroom == 0 && tt.want.Capacity == "follow" {
				tt.want.Headroom = 0.25
			}
			if tt.want.Queue == "" {
				tt.want.Queue = "latest"
			}
			got := Spec{Rollout: tt.in}.Normalised().Rollout
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tt.longest == 0 {
				tt.longest = tt.length
			}
			if got.Length() != tt.length || got.Longest() != tt.longest {
				t.Errorf("Length %s, Longest %s; want %s, %s", got.Length(), got.Longest(), tt.length, tt.longest)
			}
		})
	}
}

func minutes(n int) Duration { return Duration(n) * Duration(time.Minute) }
