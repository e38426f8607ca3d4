package forecast

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/traffic"
	"sluice/shared/judge"
	"sluice/shared/spec"
)

// canary is 10 % for 15 minutes, then all for 15, at a bound of 1 %.
func canary(t *testing.T, change func(*spec.Rollout)) Rules {
	t.Helper()
	s := spec.Spec{}
	if change != nil {
		change(&s.Rollout)
	}
	rules, err := RulesOf(s.Normalised().Rollout)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func withLatency(r *spec.Rollout) { r.Judge.Latency = &spec.Latency{} }

func simulated(t *testing.T, rules Rules, o Options) Forecast {
	t.Helper()
	fc, err := Simulate(context.Background(), rules, o)
	if err != nil {
		t.Fatal(err)
	}
	return fc
}

var usual = Environment{RPM: 1000, Pattern: traffic.Steady, Baseline: 0.001}

func TestRulesOf(t *testing.T) {
	got := canary(t, withLatency)
	want := Rules{
		Plan: judge.Plan{{Weight: 10, Minutes: 15}, {Weight: 100, Minutes: 15}},
		Look: 1,
		Config: judge.Config{Alpha: 0.01, NoTraffic: judge.Pause, Metrics: []judge.Metric{
			{Name: "failed", Kind: judge.Share, Relative: 0.1, Absolute: 0.001, Weight: 0.7},
			{Name: "p90 latency", Kind: judge.Percentile, Relative: 0.1, Weight: 0.3},
		}},
		Percentile: 0.9,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSameOptionsSameForecast(t *testing.T) {
	rules := canary(t, withLatency)
	o := Options{Environment: Environment{RPM: 200, Pattern: traffic.Bursty, Baseline: 0.01}, Faults: Faults(rules), Rollouts: 30, Seed: 5}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	alone := simulated(t, rules, o)
	runtime.GOMAXPROCS(4)
	if diff := cmp.Diff(alone, simulated(t, rules, o)); diff != "" {
		t.Errorf("it depends on the processors: %s", diff)
	}
	// What else is asked does not change an answer.
	few := o
	few.Faults = o.Faults[3:4]
	if diff := cmp.Diff(alone.Candidates[3], simulated(t, rules, few).Candidates[0]); diff != "" {
		t.Errorf("it depends on the other faults: %s", diff)
	}
	o.Seed++
	if cmp.Equal(alone, simulated(t, rules, o)) {
		t.Error("another seed changes nothing")
	}
}

// A faulty candidate meets the requests that the healthy one meets.
func TestFaultsMeetTheSameRequests(t *testing.T) {
	rules := canary(t, withLatency)
	d := newDay(Environment{RPM: 500, Pattern: traffic.Bursty, Baseline: 0.02}, rules, 3, 1)
	for minute := range 60 {
		weight := []float64{10, 50, 100}[minute/20]
		var healthy [2]judge.Reading
		d.fill(healthy[:], minute, weight, Healthy)
		for _, f := range Faults(rules)[1:] {
			var faulty [2]judge.Reading
			d.fill(faulty[:], minute, weight, f)
			if faulty[0].Baseline != healthy[0].Baseline || faulty[0].Candidate.N != healthy[0].Candidate.N {
				t.Fatalf("%s, minute %d: %+v, healthy %+v", f.Name, minute, faulty, healthy)
			}
			if faulty[0].Candidate.Bad < healthy[0].Candidate.Bad {
				t.Fatalf("%s, minute %d fails less than a healthy candidate", f.Name, minute)
			}
			if active := f.active(minute, weight); !active && !cmp.Equal(faulty, healthy) {
				t.Fatalf("%s, minute %d: shows too early", f.Name, minute)
			}
		}
	}
}

// The promise of the judge: a healthy candidate is rolled back with a chance of at most
// alpha, whatever the traffic.
func TestHealthyCandidatesStayWithinTheBound(t *testing.T) {
	for _, alpha := range []spec.Percent{0.01, 0.05} {
		rules := canary(t, func(r *spec.Rollout) { r.Judge.FalseRollback = alpha; withLatency(r) })
		for _, e := range []Environment{
			usual, {RPM: 60, Pattern: traffic.Diurnal, Baseline: 0.01}, {RPM: 1000, Pattern: traffic.Bursty, Baseline: 0.01}, {RPM: 20_000, Pattern: traffic.Steady, Baseline: 0},
		} {
			c := simulated(t, rules, Options{Environment: e, Faults: []Fault{Healthy}, Rollouts: 150, Seed: 2}).Candidates[0]
			if !c.Healthy || !c.Within || c.RolledBack.Low > alpha.Fraction() {
				t.Errorf("%+v: rolled back %+v, promised at most %v", e, c.RolledBack, alpha)
			}
		}
	}
}

func TestStandardFaults(t *testing.T) {
	rules := canary(t, withLatency)
	o := Options{Environment: usual, Faults: append(Faults(rules), Failing(0.03, usual.Baseline)), Rollouts: 60, Seed: 1}
	got := map[string]Candidate{}
	for _, c := range simulated(t, rules, o).Candidates {
		got[c.Name] = c
	}
	for name, within := range map[string]bool{"healthy": true, "+50% failures": true, "+0.5 points": false, "50% slower": false, "failing 3%": false} {
		if got[name].Within != within {
			t.Errorf("%s: within tolerance %v, want %v", name, got[name].Within, within)
		}
	}
	for _, name := range []string{"+2 points", "+10 points", "always failing", "+2 points from minute 10", "+2 points above half load", "50% slower", "failing 3%"} {
		c := got[name]
		if c.RolledBack.Value < 0.95 || c.CatchMedian == nil || c.CatchMedian.Value < 1+lateness+delay {
			t.Errorf("%s: %+v", name, c)
		}
		if c.Bad.Value < c.Immediate.Value || c.Exposed.Value < c.Bad.Value {
			t.Errorf("%s: exposed %v, failed %v, at once %v", name, c.Exposed.Value, c.Bad.Value, c.Immediate.Value)
		}
	}
	// Nothing can be caught sooner than this one, and all that it serves fails.
	always := got["always failing"]
	if always.CatchMedian.Value != 1+lateness+delay || always.Bad != always.Immediate || always.Bad != always.Exposed {
		t.Errorf("always failing: %+v", always)
	}
	if diff := cmp.Diff([]AtWeight{{100, 1}}, got["+2 points above half load"].CaughtAt); diff != "" {
		t.Errorf("above half load: %s", diff)
	}
	if h := got["healthy"]; h.Length != rules.Shortest() || !cmp.Equal(h.Starts, []int{0, 15 + lateness + delay}) {
		t.Errorf("healthy: promoted after %d minutes, want %d; steps began at %v", h.Length, rules.Shortest(), h.Starts)
	}
}

// Long plans look less often: the look that ends a step comes at its next multiple.
func TestLongPlansLookLessOften(t *testing.T) {
	rules := canary(t, func(r *spec.Rollout) {
		r.Canary.Bake, _ = spec.ParseDuration("20h")
	})
	if rules.Look != 6 {
		t.Fatalf("looks every %d minutes, want 6: 40 hours in at most 400 looks", rules.Look)
	}
	c := simulated(t, rules, Options{Environment: usual, Faults: []Fault{Healthy}, Rollouts: 10, Seed: 1}).Candidates[0]
	if want := 2*(20*60+6) + delay; c.Length != want || rules.Shortest() != want {
		t.Errorf("promoted after %d minutes, shortest %d, want %d", c.Length, rules.Shortest(), want)
	}
}

func TestNoRequests(t *testing.T) {
	for policy, want := range map[spec.NoTraffic]struct {
		rolledBack float64
		undecided  int
	}{spec.NoTrafficHold: {1, 10}, spec.NoTrafficPromote: {0, 0}, spec.NoTrafficRollBack: {1, 10}} {
		rules := canary(t, func(r *spec.Rollout) { r.Judge.NoTraffic = policy })
		c := simulated(t, rules, Options{Faults: []Fault{Healthy}, Rollouts: 10, Seed: 1}).Candidates[0]
		if c.RolledBack.Value != want.rolledBack || c.Undecided != want.undecided || c.CatchMedian != nil || c.Exposed.Value != 0 {
			t.Errorf("%s: %+v", policy, c)
		}
		if policy == spec.NoTrafficHold && c.Back[0] <= longestPause {
			t.Errorf("given up after %d minutes already", c.Back[0])
		}
	}
}

func TestSimulateEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	rules := canary(t, nil)
	_, err := Simulate(ctx, rules, Options{
		Environment: usual, Faults: Faults(rules), Rollouts: 100_000, Seed: 1,
		Progress: func(done, all int) { cancel() },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{"0%": 0, "0.1%": 0.001, " 100% ": 1} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"0.1":  `"0.1" is not a rate: write a percentage, such as 0.1%`,
		"101%": `"101%" is more than all requests: write at most 100%`,
		"-1%":  `"-1%" is not a rate: write a percentage, such as 0.1%`,
	} {
		if _, err := ParseRate(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestFailingOfNothing(t *testing.T) {
	if got := Failing(0.02, 0).rate(0); got != 0.02 {
		t.Errorf("beside a baseline that never fails: %v", got)
	}
	if got := Failing(0, 0.02).rate(0.02); got != 0.02*0 {
		t.Errorf("a candidate that never fails: %v", got)
	}
}
