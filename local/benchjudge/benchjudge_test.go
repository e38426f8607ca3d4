package benchjudge

import (
	"bytes"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/judge"
	"sluice/shared/judge/protocol"
)

// tiny is a measurement of a second: every 37th environment.
func tiny(seed uint64) Options {
	o := Quick(seed)
	o.Healthy, o.Faulty, o.Thin = 20, 5, 37
	return o
}

func TestResultDependsOnTheSeedAlone(t *testing.T) {
	want := Measure(tiny(1)).Report()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if diff := cmp.Diff(want, Measure(tiny(1)).Report()); diff != "" {
		t.Errorf("another number of processors changed the result: %s", diff)
	}
	if cmp.Equal(want, Measure(tiny(2)).Report()) {
		t.Error("another seed changed nothing")
	}
}

func TestReportIsReadable(t *testing.T) {
	report := Measure(tiny(1)).Report()
	var out bytes.Buffer
	if err := report.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"false rollbacks, worst healthy scenario", "over the all-knowing judge's", "goals missed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report says nothing of %q:\n%s", want, out.String())
		}
	}
	for _, g := range report.Goals {
		if math.IsNaN(g.Measured) || math.IsInf(g.Measured, 0) {
			t.Errorf("%s: measured %v", g.Figure, g.Measured)
		}
	}
}

// The means and variances of the draws, over an even spread of u, at both sides of the switch to the normal.
func TestDraws(t *testing.T) {
	const points = 20_000
	for _, tt := range []struct {
		name           string
		draw           func(u float64) int64
		mean, variance float64
	}{
		{"few", func(u float64) int64 { return binomial(1000, 0.003, u) }, 3, 3 * 0.997},
		{"many", func(u float64) int64 { return binomial(1000, 0.1, u) }, 100, 90},
		{"nearly all", func(u float64) int64 { return binomial(100, 0.99, u) }, 99, 0.99},
		{"poisson few", func(u float64) int64 { return poisson(2, u) }, 2, 2},
		{"poisson many", func(u float64) int64 { return poisson(500, u) }, 500, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sum, squares := 0.0, 0.0
			for i := range points {
				x := float64(tt.draw((float64(i) + 0.5) / points))
				sum += x
				squares += x * x
			}
			mean := sum / points
			if variance := squares/points - mean*mean; math.Abs(mean-tt.mean) > 0.005*tt.mean+0.005 || math.Abs(variance-tt.variance) > 0.02*tt.variance+0.01 {
				t.Errorf("mean %v and variance %v, want %v and %v", mean, variance, tt.mean, tt.variance)
			}
		})
	}
}

// Common random numbers: judges that serve the same weight see the same minute, and a worse candidate fails more.
func TestMinutesAreCommon(t *testing.T) {
	for s := steady; s <= shocks; s++ {
		d, again := newDay(environment{1000, 0.01, s}, 1, 3), newDay(environment{1000, 0.01, s}, 1, 3)
		for minute := -5; minute < 20; minute++ {
			a, b := d.minute(minute, 0.1, healthy), again.minute(minute, 0.1, healthy)
			if a != b {
				t.Fatalf("%v: minute %d is %+v and %+v", s, minute, a, b)
			}
			if worse := d.minute(minute, 0.1, fault{factor: 1, extra: 0.5}); worse.candidate.bad < a.candidate.bad || worse.baseline != a.baseline {
				t.Fatalf("%v: minute %d is %+v, with a fault %+v", s, minute, a, worse)
			}
		}
	}
}

// script is a judge that says what it is told.
type script map[int]judge.Action

func (s script) look(minute, _ int, _ served) judge.Action {
	if action, told := s[minute]; told {
		return action
	}
	return judge.Continue
}

func TestVerdictsTakeEffectAMinuteLate(t *testing.T) {
	d := newDay(environment{1000, 0.01, steady}, 1, 0)
	always := fault{factor: 1, extra: 1}
	bad := func(minutes int) (sum int64) {
		for t := range minutes {
			sum += d.minute(t, 0.1, always).candidate.bad
		}
		return sum
	}
	rolled := rollOut(&d, plans[0], always, script{3: judge.RollBack})
	if want := (end{rolledBack: true, early: true, bad: bad(5), fullAt: -1}); rolled != want {
		t.Errorf("rolled back at minute 3: got %+v, want %+v", rolled, want)
	}
	for name, tt := range map[string]struct {
		told script
		full int
	}{
		"nothing held":               {script{}, 10},
		"the last but one is held":   {script{8: judge.Hold}, 11},
		"two are held":               {script{8: judge.Hold, 9: judge.Hold}, 12},
		"a hold of the last is late": {script{9: judge.Hold}, 10},
	} {
		if got := rollOut(&d, plans[0], healthy, tt.told); got.fullAt != tt.full || got.rolledBack {
			t.Errorf("%s: got %+v, want full weight at minute %d", name, got, tt.full)
		}
	}
}

func TestAllKnowingJudge(t *testing.T) {
	limits := Tolerance{Alpha: 0.05, Relative: 0.1}
	for s := steady; s <= bursty; s++ {
		d := newDay(environment{1000, 0.01, s}, 1, 0)
		within := fault{factor: 1.1}
		if e := rollOut(&d, plans[0], within, &allKnowing{environment: d.environment, fault: within, limits: limits}); e.rolledBack {
			t.Errorf("%v: rolled back a candidate within tolerance", shapeNames[s])
		}
		failing := fault{factor: 1, extra: 1}
		if e := rollOut(&d, plans[0], failing, &allKnowing{environment: d.environment, fault: failing, limits: limits}); !e.early {
			t.Errorf("%v: let a candidate that always fails go to full weight", shapeNames[s])
		}
	}
}

func TestRules(t *testing.T) {
	minute := func(nb, xb, nc, xc int64) served {
		return served{baseline: counts{nb, xb}, candidate: counts{nc, xc}}
	}
	steps := []served{minute(90, 0, 10, 1), minute(90, 9, 10, 3), minute(90, 0, 0, 0), minute(90, 0, 10, 2)}
	for _, tt := range []struct {
		name  string
		begin statistic
		want  float64
	}{
		{"alarm 1 of 1", alarm(1, 1, 1, false), 0.2},
		{"alarm 2 of 3", alarm(2, 3, 1, false), 0.2},
		{"alarm of missing data", alarm(3, 3, 1, false), nothing},
		{"pooled alarm", alarm(1, 1, 1, true), 0.02},
		{"alarm over 2 minutes", alarm(1, 1, 2, false), 0.2},
		{"2 failed checks", failedChecks(2, 1), 0.2},
		{"pocock", pocock(), (6.0/30 - 9.0/360) / math.Sqrt(15.0/390*375/390*(1.0/30+1.0/360))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := nothing
			for _, s := range steps {
				got = tt.begin(s, false)
			}
			if got != tt.want && math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLinesAreTheProtocol(t *testing.T) {
	lines, minutes := Lines(1, 3)
	var answers bytes.Buffer
	if err := protocol.Serve(bytes.NewReader(lines), io.MultiWriter(&answers)); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(answers.Bytes(), []byte("\n")); got != minutes {
		t.Errorf("%d answers to %d minutes", got, minutes)
	}
}
