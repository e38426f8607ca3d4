package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The plan's clock, minute by minute, told as one word each.
func TestClock(t *testing.T) {
	healthy, empty, doubtful := reading(2700, 3, 300, 0), Reading{}, reading(2700, 3, 300, 1)
	past := minutes(-360, 360, 0, reading(3000, 3, 0, 0))
	short := Defaults()
	short.HoldMinutes = 2
	quiet := short
	quiet.NoTraffic = GoOn
	early := Defaults()
	early.Lead = 1
	for _, tt := range []struct {
		name   string
		config Config
		series Series
		want   string
	}{
		{"a step ends on its last minute", Defaults(), minutes(0, 3, 0, healthy), "continue continue advance"},
		{"a step nobody ends stays over", Defaults(), minutes(0, 4, 0, healthy), "continue continue advance advance"},
		{"minutes of shifting do not count", Defaults(), slices.Concat(minutes(0, 2, Shifting, healthy), minutes(2, 3, 0, healthy)), "continue continue continue continue advance"},
		{"each step has its own clock", Defaults(), slices.Concat(minutes(0, 3, 0, healthy), minutes(3, 2, 1, reading(0, 0, 3000, 3))), "continue continue advance continue advance"},
		{"without traffic the step is held for ever", short, minutes(0, 6, 0, empty), "continue continue hold hold hold hold"},
		{"a handful of requests is held like none", short, minutes(0, 6, 0, reading(18, 0, 2, 0)), "continue continue hold hold hold hold"},
		{"until there are enough", short, minutes(0, 6, 0, reading(27, 0, 3, 0)), "continue continue hold hold advance advance"},
		{"unless the config lets it go on", quiet, minutes(0, 5, 0, reading(18, 0, 2, 0)), "continue continue hold hold advance"},
		{"doubt holds a step, but not for ever", short, minutes(0, 5, 0, doubtful), "continue continue hold hold advance"},
		{"doubt that ends lets the step end", Defaults(), slices.Concat(minutes(0, 3, 0, doubtful), minutes(3, 5, 0, reading(2700, 15, 300, 0))), "continue continue hold advance advance advance advance advance"},
		{"a verdict that takes effect late is asked for early", early, minutes(0, 3, 0, doubtful), "continue hold hold"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run, err := NewRun(tt.config, Plan{{10, 3}, {100, 2}})
			if err != nil {
				t.Fatal(err)
			}
			var actions []string
			for _, m := range slices.Concat(past, tt.series) {
				if err := run.Absorb(m); err != nil {
					t.Fatal(err)
				}
				if m.At >= 0 {
					actions = append(actions, string(run.Action()))
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.want), actions); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// With holdback the comparison goes on through the last step, which catches what begins in the bake.
func TestHoldback(t *testing.T) {
	plan := Plan{{10, 3}, {95, 10}}
	series := slices.Concat(minutes(-360, 360, 0, reading(3000, 3, 0, 0)), minutes(0, 3, 0, reading(2700, 3, 300, 0)),
		minutes(3, 3, 1, reading(150, 0, 2850, 3)), minutes(6, 2, 1, reading(150, 0, 2850, 200)))
	v, err := Judge(Defaults(), plan, series)
	if err != nil {
		t.Fatal(err)
	}
	if v.Action != RollBack {
		t.Errorf("got %s at evidence %v, want a rollback", v.Action, v.Evidence)
	}
	shock := slices.Concat(series[:len(series)-2], minutes(6, 2, 1, reading(150, 11, 2850, 200)))
	if v, err = Judge(Defaults(), plan, shock); err != nil || v.Action == RollBack {
		t.Errorf("got %s at evidence %v, %v; want no rollback when the baseline fails alike", v.Action, v.Evidence, err)
	}
}

func TestCollect(t *testing.T) {
	began := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return began.Add(time.Duration(minute) * time.Minute) }
	points := func(minutes ...int) Points {
		p := Points{}
		for _, m := range minutes {
			p[at(m)] = Counts{N: 100}
		}
		return p
	}
	stays := []Stay{{0, at(1), at(4)}, {1, at(5), time.Time{}}}
	metrics := []Observed{{points(-2, 0, 1, 2, 3, 4), points(0, 1, 2, 3, 4, 5, 6)}}
	plan := Plan{{10, 3}, {100, 3}}
	steps := func(s Series) map[int]int {
		got := map[int]int{}
		for _, m := range s {
			got[m.At] = m.Step
		}
		return got
	}
	for _, tt := range []struct {
		name string
		now  time.Time
		want map[int]int
	}{
		{"before it begins", at(0), map[int]int{-2: 0, -1: 0}},
		{"an unfinished minute is left out", at(2).Add(-time.Second), map[int]int{-2: 0, -1: 0, 0: Shifting}},
		{"full weight waits for no baseline", at(7), map[int]int{-2: 0, -1: 0, 0: Shifting, 1: 0, 2: 0, 3: 0, 4: Shifting, 5: 1, 6: 1}},
		{"a missing candidate is waited for", at(9), map[int]int{-2: 0, -1: 0, 0: Shifting, 1: 0, 2: 0, 3: 0, 4: Shifting, 5: 1, 6: 1}},
		{"for two minutes", at(10), map[int]int{-2: 0, -1: 0, 0: Shifting, 1: 0, 2: 0, 3: 0, 4: Shifting, 5: 1, 6: 1, 7: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, steps(Collect(plan, began, tt.now, stays, metrics))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInvalidIsNamed(t *testing.T) {
	plan := Plan{{10, 3}}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		plan   Plan
		series Series
		want   string
	}{
		{"alpha", func(c *Config) { c.Alpha = 0 }, plan, nil, "alpha is 0"},
		{"no metrics", func(c *Config) { c.Metrics = nil }, plan, nil, "no metrics"},
		{"tolerance", func(c *Config) { c.Metrics[0].Relative = -1 }, plan, nil, "relative tolerance -1"},
		{"policy", func(c *Config) { c.NoTraffic = "shrug" }, plan, nil, `policy "shrug"`},
		{"no steps", func(*Config) {}, nil, nil, "plan has no steps"},
		{"weight", func(*Config) {}, Plan{{0, 3}}, nil, "weight 0"},
		{"step", func(*Config) {}, plan, Series{{At: 0, Step: 1}}, "step 1"},
		{"counts", func(*Config) {}, plan, minutes(0, 1, 0, reading(1, 2, 0, 0)), "baseline has 2 bad of 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := Defaults()
			tt.change(&config)
			_, err := Judge(config, tt.plan, tt.series)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
