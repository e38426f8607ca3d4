package forecast

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/cmd/sluice/forecast/draw"
	"sluice/cmd/sluice/forecast/export"
	"sluice/shared/judge"
	"sluice/shared/spec"
)

// recording is so many minutes of a baseline; rate says how it fails in each.
func recording(minutes int, requests int64, rate func(at int) float64) export.Record {
	dice := rand.New(rand.NewPCG(6, 6))
	all := make([]export.Minute, minutes)
	for i := range all {
		all[i] = export.Minute{Requests: requests, Failed: draw.Binomial(requests, rate(i), dice.Float64()), Latency: 40 + dice.Float64()}
	}
	return export.Record{Start: rolloutBegan, Variants: map[export.Variant][]export.Minute{export.Baseline: all}}
}

func always(rate float64) func(int) float64 { return func(int) float64 { return rate } }

func backtested(t *testing.T, rules Rules, r export.Record, o BacktestOptions) Backtest {
	t.Helper()
	b, err := RunBacktest(context.Background(), rules, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCalmRecord(t *testing.T) {
	rules := canary(t, withLatency)
	b := backtested(t, rules, recording(400, 1000, always(0.001)), BacktestOptions{Repeats: 5, Seed: 1})
	if b.Starts != 400-leastHistory-rules.Shortest()+1 || b.Rollouts+b.CutOff != 5*b.Starts || b.Apart != (400-leastHistory)/rules.Shortest() {
		t.Errorf("%d starts, %d rollouts and %d cut off, %d apart", b.Starts, b.Rollouts, b.CutOff, b.Apart)
	}
	if b.RolledBack.Value > 0.01 || b.RolledBack.High > 0.5 || b.RolledBack.High < 0.2 {
		t.Errorf("rolled back %+v: next to none, and not surely so in a record of 5 hours", b.RolledBack)
	}
	if b.Promotion == nil || int(b.Promotion.Value) != rules.Shortest() {
		t.Errorf("promoted after %+v", b.Promotion)
	}
}

// While both variants share a bad spell it says nothing against the candidate; at full
// weight only the candidate is there to blame. The record names the spell.
func TestBadSpellIsNamed(t *testing.T) {
	rules := canary(t, nil)
	const from, length = 300, 4
	r := recording(500, 1000, func(at int) float64 {
		if at >= from && at < from+length {
			return 0.2
		}
		return 0.001
	})
	b := backtested(t, rules, r, BacktestOptions{Repeats: 2, Seed: 1})
	if len(b.Spells) == 0 {
		t.Fatal("nothing was suspicious")
	}
	worst := b.Spells[0]
	if at := int(worst.From.Sub(b.Start) / time.Minute); at < from || at > from+2 || worst.Minutes > length || worst.RolledBack == 0 || worst.Factor < 2 {
		t.Errorf("the worst spell is %+v", worst)
	}
	if math.Abs(worst.Usual-0.001) > 0.0005 || worst.Failed < 150 {
		t.Errorf("%d failed, usually %v", worst.Failed, worst.Usual)
	}
	for start, share := range b.Back {
		// A rollout reaches full weight after 18 minutes and keeps it for 17.
		full := b.First + start + 15 + lateness + delay
		meets := full < from+length && full+15+lateness > from
		if !meets && share > 0 || full <= from && full+10 > from && share < 1 {
			t.Errorf("began %d minutes before the spell: %v are rolled back", from-b.First-start, share)
		}
	}
	if diff := cmp.Diff([]AtWeight{{100, 1}}, b.At); diff != "" {
		t.Error(diff)
	}
}

func TestSameRecordSameBacktest(t *testing.T) {
	rules := canary(t, withLatency)
	r := recording(220, 300, always(0.05))
	run := func(processors int, seed uint64) Backtest {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		b := backtested(t, rules, r, BacktestOptions{Repeats: 2, Seed: seed})
		return b
	}
	if diff := cmp.Diff(run(1, 1), run(4, 1), cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })); diff != "" {
		t.Error(diff)
	}
}

func TestShortRecord(t *testing.T) {
	rules := canary(t, nil)
	_, err := RunBacktest(context.Background(), rules, recording(leastHistory+rules.Shortest()-1, 10, always(0)), BacktestOptions{})
	var short *ShortError
	if !errors.As(err, &short) || err.Error() != "the record has 154 minutes; the plan takes 35, and needs 120 before them" {
		t.Errorf("got %v", err)
	}
}

func TestRepeatsFollowTheRecord(t *testing.T) {
	rules := canary(t, func(r *spec.Rollout) { r.Strategy = spec.StrategyBlueGreen; r.FinalBake, _ = spec.ParseDuration("1m") })
	if b := backtested(t, rules, recording(leastHistory+rules.Shortest()+1, 10, always(0)), BacktestOptions{}); b.Starts != 2 || b.Repeats != 100 {
		t.Errorf("%d starts, %d repeats", b.Starts, b.Repeats)
	}
}

// However the requests of a recorded minute fall, all of them fall, with their fate.
func TestThinningKeepsEveryRequest(t *testing.T) {
	rules := canary(t, withLatency)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1e6).Draw(t, "n")
		m := export.Minute{Requests: n, Failed: rapid.Int64Range(0, n).Draw(t, "failed"), Latency: rapid.Float64Range(0, 1e4).Draw(t, "ms")}
		r := newRecorded([]export.Minute{m}, rules)
		r.key = rapid.Uint64().Draw(t, "key")
		weight := rapid.Float64Range(0, 100).Draw(t, "weight")
		s, more := r.serve(0, weight)
		if _, beyond := r.serve(1, weight); !more || beyond {
			t.Fatal("the record has one minute")
		}
		b, c := s.readings[0].Baseline, s.readings[0].Candidate
		if b.N < 0 || c.N < 0 || b.Bad < 0 || c.Bad < 0 || b.Bad > b.N || c.Bad > c.N || b.N+c.N != n || b.Bad+c.Bad != m.Failed {
			t.Fatalf("%+v falls as %+v", m, s.readings[0])
		}
		s, _ = r.serve(0, 100)
		want := []judge.Reading{{Candidate: judge.Counts{N: n, Bad: m.Failed}}, {}}
		if m.Latency > 0 {
			want[1] = judge.Reading{Candidate: judge.Counts{N: n, Value: m.Latency}, Baseline: judge.Counts{Value: m.Latency}}
		}
		if got := s.readings; got[0] != want[0] || math.Abs(got[1].Candidate.Value-want[1].Candidate.Value) > 1e-9*m.Latency {
			t.Fatalf("at full weight %+v falls as %+v", m, got)
		}
	})
}

func TestThinningHasItsWeight(t *testing.T) {
	rules := canary(t, nil)
	r := newRecorded([]export.Minute{{Requests: 1000, Failed: 100}}, rules)
	var n, bad float64
	const times = 5000
	for i := range times {
		r.key = uint64(i)
		s, _ := r.serve(0, 20)
		n, bad = n+float64(s.readings[0].Candidate.N), bad+float64(s.readings[0].Candidate.Bad)
	}
	if n /= times; math.Abs(n-200) > 1 {
		t.Errorf("%v of 1000 requests at 20 %%", n)
	}
	if bad /= times; math.Abs(bad-20) > 0.4 {
		t.Errorf("%v of 100 failures at 20 %%", bad)
	}
}
