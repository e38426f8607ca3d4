package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var canary = Plan{{Weight: 10, Minutes: 10}, {Weight: 50, Minutes: 10}, {Weight: 100, Minutes: 10}}

// draw is an arbitrary series within one plan: gaps, missing sides and huge counts included.
func draw(t *rapid.T, metrics int) Series {
	counts := rapid.Custom(func(t *rapid.T) Counts {
		most := rapid.SampledFrom([]int64{0, 3, 1000, 1e12}).Draw(t, "most")
		n := rapid.Int64Range(0, most).Draw(t, "n")
		return Counts{N: n, Bad: rapid.Int64Range(0, n).Draw(t, "bad"), Value: rapid.Float64Range(0, 1e6).Draw(t, "value")}
	})
	var series Series
	at := -rapid.IntRange(0, 20).Draw(t, "history")
	for range rapid.IntRange(0, 40).Draw(t, "minutes") {
		m := Minute{At: at, Step: rapid.IntRange(Shifting, len(canary)-1).Draw(t, "step")}
		for range rapid.IntRange(0, metrics).Draw(t, "readings") {
			m.Readings = append(m.Readings, Reading{counts.Draw(t, "baseline"), counts.Draw(t, "candidate")})
		}
		series = append(series, m)
		at += rapid.IntRange(1, 3).Draw(t, "gap")
	}
	return series
}

func twoMetrics() Config {
	c := Defaults()
	c.Metrics = append(c.Metrics, Metric{Name: "p99", Kind: Percentile, Relative: 0.25, Weight: 0.4})
	c.Metrics[0].Weight = 0.6
	return c
}

func verdict(t *rapid.T, s Series) Verdict {
	v, err := Judge(twoMetrics(), canary, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestArrivalOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := draw(t, 2)
		want := verdict(t, series)
		shuffled := rapid.Permutation(series).Draw(t, "order")
		if diff := cmp.Diff(want, verdict(t, shuffled)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestLaterReportsReplaceEarlierOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := draw(t, 2)
		var early Series
		for _, m := range series {
			if rapid.Bool().Draw(t, "reported early") {
				early = append(early, Minute{At: m.At, Step: m.Step})
			}
		}
		if diff := cmp.Diff(verdict(t, series), verdict(t, append(early, series...))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAbsentMinuteIsAnEmptyOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := draw(t, 2)
		filled := slices.Clone(series)
		for i := 1; i < len(series); i++ {
			for at := series[i-1].At + 1; at < series[i].At; at++ {
				filled = append(filled, Minute{At: at, Step: Shifting})
			}
		}
		want, got := verdict(t, series), verdict(t, filled)
		if math.Abs(want.Evidence-got.Evidence) > 1e-9*(1+math.Abs(want.Evidence)) {
			t.Fatalf("evidence %v with gaps, %v with empty minutes", want.Evidence, got.Evidence)
		}
	})
}

func TestOneByOneEqualsWholeSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := draw(t, 2)
		run, err := NewRun(twoMetrics(), canary)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range series {
			if m.At >= 0 && rapid.Bool().Draw(t, "revised") {
				first := Minute{At: m.At, Step: m.Step}
				if err := run.Absorb(first); err != nil {
					t.Fatal(err)
				}
				if err := run.Revise(m); err != nil {
					t.Fatal(err)
				}
			} else if err := run.Absorb(m); err != nil {
				t.Fatal(err)
			}
			// Looking changes nothing: some minutes are looked at, some are not.
			if rapid.Bool().Draw(t, "look") {
				if diff := cmp.Diff(verdict(t, series[:i+1]), run.Verdict()); diff != "" {
					t.Fatal(diff)
				}
			}
		}
	})
}

func TestNumbersStayFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := verdict(t, draw(t, 2))
		for _, f := range v.Metrics {
			for _, x := range []float64{v.Evidence, f.Evidence, f.Expected, f.Tolerated, f.Correlation} {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("%+v has %v", v, x)
				}
			}
		}
	})
}

func TestRollbackIsNeverTakenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		series := draw(t, 1)
		rolled := false
		for i := range series {
			action := verdict(t, series[:i+1]).Action
			if rolled && action != RollBack && series[i].At >= 0 {
				t.Fatalf("minute %d: %s after a rollback", series[i].At, action)
			}
			rolled = rolled || action == RollBack
		}
	})
}

// simulated is a rollout of 1,000 requests a minute under the plan, with 6 hours of history and no holds.
func simulated(seed uint64, baseline, candidate float64) Series {
	random := rand.New(rand.NewPCG(seed, 1))
	count := func(n int64, rate float64) Counts {
		c := Counts{N: n}
		for range n {
			if random.Float64() < rate {
				c.Bad++
			}
		}
		return c
	}
	var series Series
	for at := -360; at < 0; at++ {
		series = append(series, Minute{At: at, Readings: []Reading{{Baseline: count(1000, baseline)}}})
	}
	at := 0
	for step, s := range canary {
		for range s.Minutes {
			nc := int64(10 * s.Weight)
			series = append(series, Minute{At: at, Step: step, Readings: []Reading{{count(1000-nc, baseline), count(nc, candidate)}}})
			at++
		}
	}
	return series
}

// firstRollback is the minute of the first rollback; -1 for none.
func firstRollback(t *testing.T, series Series) int {
	t.Helper()
	run, err := NewRun(Defaults(), canary)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range series {
		if err := run.Absorb(m); err != nil {
			t.Fatal(err)
		}
		if run.Action() == RollBack {
			return m.At
		}
	}
	return -1
}

func TestHealthyCandidatesStay(t *testing.T) {
	const rollouts = 300
	for _, rate := range []float64{0, 0.001, 0.01, 0.05} {
		rolled := 0
		for seed := range uint64(rollouts / 4) {
			if firstRollback(t, simulated(seed, rate, rate)) >= 0 {
				rolled++
			}
		}
		if rolled > rollouts/4/20 {
			t.Errorf("rate %v: %d of %d healthy candidates rolled back, want at most 5 %%", rate, rolled, rollouts/4)
		}
	}
}

func TestBadCandidatesAreCaught(t *testing.T) {
	for _, tt := range []struct {
		name                string
		baseline, candidate float64
		latest              int
	}{
		{"always failing", 0.01, 1, 0},
		{"a third failing", 0.01, 0.33, 0},
		{"five times as often", 0.01, 0.05, 10},
		{"failing where nothing failed", 0, 0.05, 3},
		{"half of all, far from zero", 0.2, 0.5, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(20) {
				if at := firstRollback(t, simulated(seed, tt.baseline, tt.candidate)); at < 0 || at > tt.latest {
					t.Errorf("seed %d: rolled back at minute %d, want by %d", seed, at, tt.latest)
				}
			}
		})
	}
}
