package forecast

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/local/sagemaker/traffic"
	"sluice/shared/judge"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

// rolloutBegan is when the rollouts of these tests do.
var rolloutBegan = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// machine plays a rollout as the rollout machine does: at each look it collects all that
// CloudWatch has, judges all of it anew and decides as shifting does.
type machine struct {
	rules        Rules
	day          *day
	fault        Fault
	metrics      []judge.Observed
	stays        []judge.Stay
	step         int
	reached      time.Time
	exposed, bad int64
}

// serve lets a minute pass; its metrics are there from the beginning, and seen by
// nobody before they are due.
func (m *machine) serve(t int) {
	readings := make([]judge.Reading, len(m.metrics))
	m.day.fill(readings, t, m.weight(t), m.fault)
	for i, r := range readings {
		at := rolloutBegan.Add(time.Duration(t) * time.Minute)
		if r.Baseline.N > 0 {
			m.metrics[i].Baseline[at] = r.Baseline
		}
		if r.Candidate.N > 0 {
			m.metrics[i].Candidate[at] = r.Candidate
		}
	}
	if t >= 0 && m.fault.active(t, m.weight(t)) {
		m.exposed, m.bad = m.exposed+readings[0].Candidate.N, m.bad+readings[0].Candidate.Bad
	}
}

func (m *machine) weight(t int) float64 {
	if t < 0 {
		return 0
	}
	return m.rules.Plan[m.step].Weight
}

// known are the points that have arrived at now.
func (m *machine) known(now time.Time) []judge.Observed {
	late := func(all judge.Points) judge.Points {
		there := judge.Points{}
		for at, c := range all {
			if !at.Add(time.Minute + lateness*time.Minute).After(now) {
				there[at] = c
			}
		}
		return there
	}
	var seen []judge.Observed
	for _, o := range m.metrics {
		seen = append(seen, judge.Observed{Baseline: late(o.Baseline), Candidate: late(o.Candidate)})
	}
	return seen
}

// play is how the rollout ends.
func (m *machine) play(t *testing.T) ending {
	t.Helper()
	for range m.rules.Config.Metrics {
		m.metrics = append(m.metrics, judge.Observed{Baseline: judge.Points{}, Candidate: judge.Points{}})
	}
	for minute := -historyMinutes; minute < 0; minute++ {
		m.serve(minute)
	}
	m.reached = rolloutBegan
	m.stays = []judge.Stay{{Step: 0, From: rolloutBegan}}
	for minute := 0; ; {
		m.serve(minute)
		minute++
		now := rolloutBegan.Add(time.Duration(minute) * time.Minute)
		series := judge.Collect(m.rules.Plan, rolloutBegan, now, m.stays, m.known(now))
		v, err := judge.Judge(m.rules.Config, m.rules.Plan, series)
		if err != nil {
			t.Fatal(err)
		}
		over := func(o Outcome) ending {
			return ending{outcome: o, minute: minute, weight: m.rules.Plan[m.step].Weight, exposed: m.exposed, bad: m.bad}
		}
		switch {
		case v.Action == judge.RollBack:
			m.serve(minute)
			minute++
			return over(Caught)
		case v.Step != m.step:
		case v.Action == judge.Advance && m.step == len(m.rules.Plan)-1:
			return over(Promoted)
		case v.Action == judge.Advance:
			m.stays[m.step].Until = now
			m.serve(minute)
			minute++
			m.step, m.reached = m.step+1, now.Add(time.Minute)
			m.stays = append(m.stays, judge.Stay{Step: m.step, From: m.reached})
		}
	}
}

// The forecast's minute-by-minute engine and the rollout machine's way, which begins
// anew at every look, end every rollout in the same minute with the same cost.
func TestEngineAgreesWithTheMachine(t *testing.T) {
	dice := rand.New(rand.NewPCG(8, 8))
	rules := canary(t, func(r *spec.Rollout) {
		withLatency(r)
		r.Strategy, r.Linear.Step = spec.StrategyLinear, 30
		r.Linear.Bake, _ = spec.ParseDuration("4m")
		r.FinalBake, _ = spec.ParseDuration("6m")
	})
	outcomes := map[Outcome]int{}
	for i := range 24 {
		e := Environment{
			RPM:      []float64{60, 300, 3000}[dice.IntN(3)],
			Pattern:  []traffic.Pattern{traffic.Steady, traffic.Diurnal, traffic.Bursty}[dice.IntN(3)],
			Baseline: []float64{0, 0.001, 0.02}[dice.IntN(3)],
		}
		faults := Faults(rules)
		f := faults[i%len(faults)]
		d := newDay(e, rules, 4, i)
		run, err := d.learned(rules)
		if err != nil {
			t.Fatal(err)
		}
		got, err := conduct(rules, run, newPlay(d, f, len(rules.Config.Metrics)), nil)
		if err != nil {
			t.Fatal(err)
		}
		m := &machine{rules: rules, day: newDay(e, rules, 4, i), fault: f}
		want := m.play(t)
		outcomes[want.outcome]++
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(ending{}), cmpopts.IgnoreFields(ending{}, "began", "floor", "starts")); diff != "" {
			t.Errorf("%+v, %s: %s", e, f.Name, diff)
		}
	}
	if outcomes[Promoted] < 4 || outcomes[Caught] < 4 {
		t.Errorf("the rollouts were all alike: %v", outcomes)
	}
}

// What shifting fixes and this package repeats.
func TestConstantsAreTheProducts(t *testing.T) {
	rules := canary(t, nil)
	if got := judge.Ready(rolloutBegan, rolloutBegan.Add(time.Minute+lateness*time.Minute), false); !got {
		t.Error("the judge waits for late metrics longer than lateness")
	}
	if got := judge.Ready(rolloutBegan, rolloutBegan.Add(lateness*time.Minute), false); got {
		t.Error("the judge waits for late metrics less long than lateness")
	}
	if name := shifting.JudgeConfig(spec.Spec{}.Normalised().Rollout.Judge).Metrics[0].Name; !strings.Contains(name, "fail") || rules.Config.Metrics[0].Name != name {
		t.Errorf("the first metric is %q, not that of failures", name)
	}
}
