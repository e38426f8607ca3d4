package metric

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// TestPercentilesAgainstExact holds the histogram against sorting all values.
func TestPercentilesAgainstExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 60).Draw(t, "values")
		p := rapid.Float64Range(0.1, 100).Draw(t, "p")
		var d Distribution
		var all []float64
		for _, v := range values {
			n := rapid.IntRange(1, 4).Draw(t, "count")
			d.Add(v, float64(n))
			all = append(all, slices.Repeat([]float64{v}, n)...)
		}
		slices.Sort(all)
		exact := all[max(int(math.Ceil(p/100*float64(len(all))*(1-1e-12)))-1, 0)]
		got, ok := d.Percentile(p)
		if !ok || math.Abs(got-exact) > (binGrowth-1)*math.Abs(exact)+1e-12 {
			t.Fatalf("p%g of %v is %g, exactly %g", p, all, got, exact)
		}
		if d.Count != float64(len(all)) || d.Min != all[0] || d.Max != all[len(all)-1] {
			t.Fatalf("count %g, min %g, max %g of %v", d.Count, d.Min, d.Max, all)
		}
	})
}

func TestTrimmedMeanAgainstExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0.01, 1e6), 1, 40).Draw(t, "values")
		p := rapid.Float64Range(1, 100).Draw(t, "p")
		var d Distribution
		for _, v := range values {
			d.Add(v, 1)
		}
		slices.Sort(values)
		left, sum := p/100*float64(len(values)), 0.0
		kept := left
		for _, v := range values {
			take := min(1, left)
			sum += take * v
			left -= take
		}
		if got, _ := d.TrimmedMean(p); math.Abs(got-sum/kept) > 0.02*sum/kept {
			t.Fatalf("tm%g of %v is %g, exactly %g", p, values, got, sum/kept)
		}
	})
}

func TestValuesThatRepeatAreExact(t *testing.T) {
	var d Distribution
	d.Add(0, 990)
	d.Add(1, 10)
	for p, want := range map[float64]float64{50: 0, 99: 0, 99.1: 1, 100: 1} {
		if got, _ := d.Percentile(p); got != want {
			t.Errorf("p%g = %g, want %g", p, got, want)
		}
	}
}

// TestPublication: data never shows before its delay, never shrinks, and in the
// end all of it is there, whatever the knobs.
func TestPublication(t *testing.T) {
	m := Metric{Namespace: "n", Name: "requests"}
	sum, err := ParseStatistic("Sum")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := Publication{
			Delay: time.Duration(rapid.IntRange(0, 180).Draw(t, "delay")) * time.Second, Jitter: 20 * time.Second,
			LateShare: rapid.Float64Range(0, 1).Draw(t, "late"), Late: 3 * time.Minute,
			ReviseShare: rapid.Float64Range(0, 1).Draw(t, "revise"), RevisePart: rapid.Float64Range(0, 1).Draw(t, "part"), ReviseAfter: time.Minute,
		}
		s := NewStore(rapid.Uint64().Draw(t, "seed"), p)
		total := 0.0
		for range rapid.IntRange(1, 10).Draw(t, "records") {
			n := float64(rapid.IntRange(1, 1000).Draw(t, "count"))
			total += n
			s.Record(m, start.Add(30*time.Second), Sample{At: start, Values: []float64{1}, Counts: []float64{n}})
		}
		seen := 0.0
		for after := time.Duration(0); after < 10*time.Minute; after += 10 * time.Second {
			now := start.Add(time.Minute + after)
			w := Window{From: start, To: start.Add(time.Minute), Period: time.Minute, AsOf: now}
			got := 0.0
			for _, p := range s.Read(m, sum, w) {
				got += p.Value
			}
			if after < p.Delay && got > 0 || got < seen || got != math.Trunc(got) {
				t.Fatalf("%s after its minute there are %g, before %g, delay %s", after, got, seen, p.Delay)
			}
			seen = got
		}
		if seen != total {
			t.Fatalf("in the end there are %g of %g", seen, total)
		}
	})
}

func TestPeriodsBeginAtTheStart(t *testing.T) {
	s := NewStore(1, Publication{})
	m := Metric{Namespace: "n", Name: "x", Dims: map[string]string{"a": "1"}}
	for i := range 10 {
		s.Record(m, start, Sample{At: start.Add(time.Duration(i) * time.Minute), Values: []float64{float64(i)}})
	}
	sum, err := ParseStatistic("Sum")
	if err != nil {
		t.Fatal(err)
	}
	got := s.Read(m, sum, Window{From: start.Add(time.Minute), To: start.Add(8 * time.Minute), Period: 5 * time.Minute})
	want := []Point{{start.Add(time.Minute), 1 + 2 + 3 + 4 + 5}, {start.Add(6 * time.Minute), 6 + 7 + 8 + 9}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("periods (-want +got):\n%s", diff)
	}
	if got := s.Read(m, sum, Window{From: start, To: start.Add(time.Minute), Period: time.Minute, Unit: "Seconds"}); len(got) != 0 {
		t.Errorf("the wrong unit gives %v", got)
	}
}

// TestSameSeedSameFate: what else is recorded does not change when a datapoint
// shows.
func TestSameSeedSameFate(t *testing.T) {
	p := DefaultPublication()
	a := p.fate(7, "series", 100)
	p.fate(7, "other", 100)
	if b := p.fate(7, "series", 100); a != b {
		t.Errorf("fates differ: %+v and %+v", a, b)
	}
	late := 0
	for n := range int64(10000) {
		if p.fate(7, "series", n).delay > p.Delay+p.Jitter {
			late++
		}
	}
	if late < 100 || late > 300 { // 2 % late, by up to two minutes
		t.Errorf("%d of 10,000 datapoints are late", late)
	}
}

func FuzzParseStatistic(f *testing.F) {
	for _, s := range []string{"Sum", "p99", "p99.9", "tm90", "IQM", "PR(:300)", "TM(10%:90%)", "p", "p101", "wm98"} {
		f.Add(s)
	}
	var d Distribution
	d.Add(1, 2)
	f.Fuzz(func(t *testing.T, name string) {
		if st, err := ParseStatistic(name); err == nil {
			if st.Name != name {
				t.Errorf("%q became %q", name, st.Name)
			}
			st.Of(&d)
		}
	})
}
