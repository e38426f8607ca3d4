package forecast

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/forecast/draw"
	"sluice/cmd/sluice/forecast/export"
	"sluice/shared/judge"
)

// rolledOut is a record of a rollout: 200 minutes of history, then minutes at each
// weight, with a minute between two in which the share is half-way.
func rolledOut(rate float64, weights ...float64) export.Record {
	dice := rand.New(rand.NewPCG(2, 2))
	var baseline, candidate []export.Minute
	add := func(weight, rate float64) {
		n := draw.Binomial(2000, weight/100, dice.Float64())
		baseline = append(baseline, export.Minute{Requests: 2000 - n, Failed: draw.Binomial(2000-n, 0.001, dice.Float64()), Latency: 40})
		candidate = append(candidate, export.Minute{Requests: n, Failed: draw.Binomial(n, rate, dice.Float64()), Latency: 41})
	}
	for range 200 {
		add(0, 0)
	}
	before := 0.0
	for _, w := range weights {
		add((before+w)/2, rate)
		for range 15 {
			add(w, rate)
		}
		before = w
	}
	for range 5 {
		add(0, 0)
	}
	return export.Record{Start: rolloutBegan, Variants: map[export.Variant][]export.Minute{export.Baseline: baseline, export.Candidate: candidate}}
}

func replayed(t *testing.T, rules Rules, r export.Record) Replay {
	t.Helper()
	p, err := RunReplay(rules, r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReplayOfAHealthyCandidate(t *testing.T) {
	p := replayed(t, canary(t, withLatency), rolledOut(0.001, 10, 100))
	if p.Verdict.Action != judge.Advance || p.Spared != 0 || p.Notes != nil {
		t.Errorf("%+v", p)
	}
	if len(p.Looks) != 32 || p.Looks[0].Weight != 0 || p.Looks[1].Weight != 10 || p.Looks[16].Weight != 0 || p.Looks[31].Weight != 100 {
		t.Errorf("%d looks", len(p.Looks))
	}
	if got := p.Looks[15].Verdict; got.Action != judge.Advance || got.Counted != 15 {
		t.Errorf("the first step ends with %s after %d minutes", got.Action, got.Counted)
	}
	if want := p.Looks[3].Minute.Add((1 + lateness) * time.Minute); p.Looks[3].At != want {
		t.Errorf("looked at %v, want %v", p.Looks[3].At, want)
	}
}

func TestReplayOfABadCandidate(t *testing.T) {
	p := replayed(t, canary(t, nil), rolledOut(0.2, 10, 100))
	if p.Verdict.Action != judge.RollBack || p.At.After(p.Began.Add(6*time.Minute)) {
		t.Errorf("%s at %v", p.Verdict.Action, p.At)
	}
	// What came once the rollback would have been in force.
	var n, bad int64
	for _, l := range p.Looks {
		if !l.Minute.Before(p.At.Add(delay * time.Minute)) {
			n, bad = n+l.Reading.Candidate.N, bad+l.Reading.Candidate.Bad
		}
	}
	if p.Spared != n || p.SparedFailed != bad || n == 0 {
		t.Errorf("spared %d and %d failed, want %d and %d", p.Spared, p.SparedFailed, n, bad)
	}
}

// The same record says the same to the judge as a whole.
func TestReplayAgreesWithTheJudge(t *testing.T) {
	rules := canary(t, withLatency)
	r := rolledOut(0.005, 10, 100)
	p := replayed(t, rules, r)
	var series judge.Series
	for at := range 200 {
		b := r.Variants[export.Baseline][at]
		series = append(series, judge.Minute{At: at - 200, Readings: []judge.Reading{{Baseline: counts(b)}, {Baseline: slowness(b)}}})
	}
	steps := map[float64]int{0: judge.Shifting, 10: 0, 100: 1}
	for i, l := range p.Looks {
		b, c := r.Variants[export.Baseline][200+i], r.Variants[export.Candidate][200+i]
		series = append(series, judge.Minute{At: i, Step: steps[l.Weight], Readings: []judge.Reading{{Baseline: counts(b), Candidate: counts(c)}, {Baseline: slowness(b), Candidate: slowness(c)}}})
		want, err := judge.Judge(rules.Config, rules.Plan, series)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.Verdict); diff != "" {
			t.Fatalf("look %d: %s", i, diff)
		}
	}
}

func TestReplayUnderAnotherPlan(t *testing.T) {
	p := replayed(t, canary(t, nil), rolledOut(0.001, 30, 60))
	if len(p.Notes) != 1 || p.Verdict.Action != judge.Continue {
		t.Errorf("%s, %q", p.Verdict.Action, p.Notes)
	}
}

func TestReplayOfNothing(t *testing.T) {
	r := rolledOut(0)
	if _, err := RunReplay(canary(t, nil), r); err == nil || err.Error() != "the candidate had no requests in the record" {
		t.Errorf("got %v", err)
	}
}

func TestStepsOnlyGoForward(t *testing.T) {
	s := stepper{plan: judge.Plan{{Weight: 10, Minutes: 1}, {Weight: 50, Minutes: 1}, {Weight: 100, Minutes: 1}}}
	for i, tt := range []struct {
		baseline, candidate int64
		want                int
	}{
		{1000, 0, judge.Shifting}, {900, 100, 0}, {880, 120, 0}, {700, 300, judge.Shifting}, {0, 0, 0},
		{490, 510, 1}, {900, 100, judge.Shifting}, {0, 0, 1}, {3, 997, 2}, {0, 1000, 2}, {500, 500, judge.Shifting},
	} {
		if got := s.of(tt.baseline, tt.candidate); got != tt.want {
			t.Errorf("minute %d, %d beside %d: step %d, want %d", i, tt.candidate, tt.baseline, got, tt.want)
		}
	}
}
