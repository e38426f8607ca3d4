package traffic

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestMeanOfEveryPattern(t *testing.T) {
	for _, p := range []Pattern{"", Steady, Diurnal, Bursty} {
		t.Run(string(p), func(t *testing.T) {
			d := dice(3)
			a := NewArrivals(Traffic{RPM: 500, Pattern: p}, d)
			sum, most := 0.0, 0.0
			const days = 30
			for i := range days * 1440 {
				n := float64(Requests(d, a.Next(noon.Add(time.Duration(i)*time.Minute))))
				sum, most = sum+n, max(most, n)
			}
			if mean := sum / days / 1440; math.Abs(mean-500) > 12 {
				t.Errorf("mean %v a minute", mean)
			}
			if p == Bursty && most < 1500 || p == Steady && most > 700 {
				t.Errorf("the busiest minute had %v", most)
			}
		})
	}
}

func TestSplitKeepsEveryRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1e6).Draw(t, "n")
		shares := rapid.SliceOfN(rapid.Float64Range(0, 10), 1, 10).Draw(t, "shares")
		got := Split(dice(rapid.Uint64().Draw(t, "seed")), n, shares)
		sum, all := 0, 0.0
		for i, k := range got {
			if k < 0 || shares[i] == 0 && k > 0 {
				t.Fatalf("%d requests for a share of %v", k, shares[i])
			}
			sum += k
			all += shares[i]
		}
		if want := n; all > 0 && sum != want {
			t.Fatalf("%d of %d requests", sum, want)
		}
	})
}

func TestAnswersAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 100000).Draw(t, "n")
		b := Behaviour{Errors5XX: rapid.Float64Range(0, 0.3).Draw(t, "5xx"), Errors4XX: rapid.Float64Range(0, 0.3).Draw(t, "4xx"), ModelErrors: rapid.Float64Range(0, 0.3).Draw(t, "none")}
		a := Answer(dice(rapid.Uint64().Draw(t, "seed")), n, b)
		if a.Requests != n || a.Bad() > n || a.Errors4XX+a.Bad() > n {
			t.Fatalf("%+v of %d", a.Count, n)
		}
		for _, m := range a.Metrics(2) {
			sum := 0.0
			for _, c := range m.Counts {
				sum += c
			}
			if sum != float64(n) || len(m.Values) != len(m.Counts) || len(m.Values) > 50 {
				t.Fatalf("%s counts %v of %d in %d points", m.Name, sum, n, len(m.Values))
			}
		}
	})
}

func TestNoRequestsNoMetrics(t *testing.T) {
	if m := Answer(dice(1), 0, Behaviour{}).Metrics(1); m != nil {
		t.Errorf("metrics %v", m)
	}
}

// percentile reads a histogram as CloudWatch does: the value at the rank.
func percentile(h Histogram, p float64) float64 {
	type point struct{ v, c float64 }
	var points []point
	sum := 0.0
	for i, v := range h.Values {
		points = append(points, point{v, h.Counts[i]})
		sum += h.Counts[i]
	}
	slices.SortFunc(points, func(a, b point) int { return int(a.v - b.v) })
	at := 0.0
	for _, x := range points {
		if at += x.c; at >= p*sum-1e-9 {
			return x.v
		}
	}
	return points[len(points)-1].v
}

func TestLatencyIsLogNormal(t *testing.T) {
	for name, n := range map[string]int{"few": 30, "some": 1000, "many": 200000} {
		t.Run(name, func(t *testing.T) {
			l := Latency{Median: 50 * time.Millisecond, P90: 120 * time.Millisecond}
			sigma := math.Log(2.4) / z90
			d := dice(9)
			const minutes = 2000
			got := map[float64]float64{}
			for range minutes {
				h := l.draw(d, n, latencyRanks)
				for _, p := range []float64{.5, .9, .99} {
					got[p] += math.Log(percentile(h, p)) / minutes
				}
			}
			for p, z := range map[float64]float64{.5: 0, .9: z90, .99: 2.3263} {
				if name == "few" && p > .9 {
					continue // the largest of thirty is no estimate of P99
				}
				off := map[string]float64{"few": 0.12, "some": 0.02, "many": 0.01}[name] // the rank rounds
				if want := math.Log(50000) + z*sigma; math.Abs(got[p]-want) > off {
					t.Errorf("p%v is %.0f µs, want %.0f", p*100, math.Exp(got[p]), math.Exp(want))
				}
			}
		})
	}
}

// A minute's percentile must scatter as that of single draws does, or judges of
// latency would be rehearsed on data that is too calm.
func TestPercentileScatters(t *testing.T) {
	l := Latency{Median: 50 * time.Millisecond, P90: 120 * time.Millisecond}
	sigma := math.Log(2.4) / z90
	spread := func(draw func(*rand.Rand) Histogram) float64 {
		d := dice(11)
		var sum, squares float64
		const minutes = 3000
		for range minutes {
			x := math.Log(percentile(draw(d), .9))
			sum, squares = sum+x, squares+x*x
		}
		return math.Sqrt(squares/minutes - sum/minutes*sum/minutes)
	}
	got := spread(func(d *rand.Rand) Histogram { return l.draw(d, 500, latencyRanks) })
	want := spread(func(d *rand.Rand) Histogram {
		h := Histogram{}
		for range 500 {
			h.Values, h.Counts = append(h.Values, math.Exp(math.Log(50000)+sigma*d.NormFloat64())), append(h.Counts, 1)
		}
		return h
	})
	if got/want < 0.93 || got/want > 1.07 {
		t.Errorf("spread of p90 is %.4f, of single draws %.4f", got, want)
	}
}

func TestChanges(t *testing.T) {
	bad := Behaviour{Errors5XX: 0.5}
	for name, c := range map[string]struct {
		change  Change
		share   float64
		now     time.Time
		serving time.Duration
		want    float64
	}{
		"share not reached":  {Change{AtShare: .5, Then: bad}, .4, noon, 0, 0},
		"share reached":      {Change{AtShare: .5, Then: bad}, .5, noon, 0, .5},
		"too young":          {Change{After: time.Hour, Then: bad}, 1, noon, time.Minute, 0},
		"old enough":         {Change{After: time.Hour, Then: bad}, 1, noon, time.Hour, .5},
		"over again":         {Change{After: time.Hour, For: time.Hour, Then: bad}, 1, noon, 2 * time.Hour, 0},
		"before the moment":  {Change{At: noon, Then: bad}, 1, noon.Add(-1), 0, 0},
		"at the moment":      {Change{At: noon, Then: bad}, 1, noon, 0, .5},
		"after its duration": {Change{At: noon, For: time.Minute, Then: bad}, 1, noon.Add(time.Minute), 0, 0},
		"only one holds":     {Change{At: noon, AtShare: .5, Then: bad}, .1, noon, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := Behaviour{Changes: []Change{c.change}}.Under(c.now, c.share, c.serving).Errors5XX
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoaded(t *testing.T) {
	b := Behaviour{Errors5XX: .1, Errors4XX: .2, ModelErrors: .1, PerInstance: 100, Latency: Latency{Median: 10 * time.Millisecond, P90: 30 * time.Millisecond}}
	for name, c := range map[string]struct {
		rate      float64
		instances int
		want      [3]float64 // 5XX, 4XX, no answer
		p90       time.Duration
	}{
		"nothing":      {0, 2, [3]float64{.1, .2, .1}, 30 * time.Millisecond},
		"just so":      {200, 2, [3]float64{.1, .2, .1}, 30 * time.Millisecond},
		"twice":        {400, 2, [3]float64{.55, .1, .05}, 60 * time.Millisecond},
		"ten times":    {1000, 1, [3]float64{.91, .02, .01}, 300 * time.Millisecond},
		"no instances": {1000, 0, [3]float64{.1, .2, .1}, 30 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.Loaded(c.rate, c.instances)
			for i, x := range [3]float64{got.Errors5XX, got.Errors4XX, got.ModelErrors} {
				if math.Abs(x-c.want[i]) > 1e-9 {
					t.Errorf("rates %v, want %v", x, c.want[i])
				}
			}
			if got.Latency.P90 != c.p90 {
				t.Errorf("p90 %s, want %s", got.Latency.P90, c.p90)
			}
		})
	}
	if got := (Behaviour{}).Loaded(1e9, 1); !reflect.DeepEqual(got, Behaviour{}) {
		t.Errorf("without a limit it is %+v", got)
	}
	if got := (Behaviour{PerInstance: 1}).Loaded(2, 1).Latency; got != (Latency{40 * time.Millisecond, 90 * time.Millisecond}) {
		t.Errorf("the usual latency became %+v", got)
	}
}

// A change of what a model answers leaves what its instances carry, unless it says so.
func TestChangesKeepWhatInstancesCarry(t *testing.T) {
	for given, want := range map[float64]float64{0: 100, 50: 50} {
		b := Behaviour{PerInstance: 100, Changes: []Change{{Then: Behaviour{PerInstance: given, Errors5XX: .5}}}}
		if got := b.Under(noon, 0, 0); got.PerInstance != want || got.Errors5XX != .5 {
			t.Errorf("%v became %+v, want %v", given, got, want)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, bad := range []Traffic{{RPM: -1}, {Pattern: "wild"}, {Swing: 2}, {Peak: 24}} {
		if bad.Check() == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

func BenchmarkDay(b *testing.B) {
	d := dice(1)
	for b.Loop() {
		for range 1440 {
			Answer(d, Requests(d, 1000), Behaviour{Errors5XX: 0.01})
		}
	}
}
