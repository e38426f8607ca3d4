package estimate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var close = cmpopts.EquateApprox(0, 5e-5)

// The values are Wilson's, as tables of it have them.
func TestChance(t *testing.T) {
	for name, tt := range map[string]struct {
		k, n int
		want Range
	}{
		"nothing tried":  {0, 0, Range{0, 0, 1}},
		"none of ten":    {0, 10, Range{0, 0, 0.2775}},
		"half of ten":    {5, 10, Range{0.5, 0.2366, 0.7634}},
		"all of ten":     {10, 10, Range{1, 0.7225, 1}},
		"one in hundred": {1, 100, Range{0.01, 0.0018, 0.0545}},
		"15 of 148":      {15, 148, Range{0.1014, 0.0624, 0.1605}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Chance(tt.k, tt.n), close); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChanceOfNothing(t *testing.T) {
	if diff := cmp.Diff(Range{0.3, 0, 1}, ChanceOf(0.3, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestMean(t *testing.T) {
	for name, tt := range map[string]struct {
		values []float64
		want   Range
	}{
		"none": {nil, Range{}},
		"one":  {[]float64{3}, Range{3, 3, 3}},
		"same": {[]float64{2, 2, 2}, Range{2, 2, 2}},
		"four": {[]float64{1, 2, 3, 4}, Range{2.5, 1.23484, 3.76516}}, // deviation 1.29099, by the root of 4
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Mean(tt.values), close); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for name, tt := range map[string]struct {
		values []float64
		q      float64
		want   Range
	}{
		"none":          {nil, 0.5, Range{}},
		"one":           {[]float64{7}, 0.9, Range{7, 7, 7}},
		"median of 100": {hundred, 0.5, Range{50, 40, 61}}, // ranks 40 and 61, as tables of order statistics have them
		"p90 of 100":    {hundred, 0.9, Range{90, 84, 97}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Quantile(tt.values, tt.q)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRangesHoldTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 100_000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "values")
		for _, r := range []Range{Chance(k, n), Mean(values), Quantile(values, rapid.Float64Range(0, 1).Draw(t, "q"))} {
			if !(r.Low <= r.Value && r.Value <= r.High) || math.IsInf(r.High, 0) {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// Ranges of 95 % hold the truth in about 95 of 100 cases.
func TestRangesHoldTheTruth(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	const times, n = 2000, 200
	var chance, mean, median int
	for range times {
		k := 0
		values := make([]float64, n)
		for i := range values {
			if dice.Float64() < 0.03 {
				k++
			}
			values[i] = dice.ExpFloat64()
		}
		holds := func(r Range, truth float64) int {
			if r.Low <= truth && truth <= r.High {
				return 1
			}
			return 0
		}
		chance += holds(Chance(k, n), 0.03)
		mean += holds(Mean(values), 1)
		median += holds(Quantile(values, 0.5), math.Ln2)
	}
	for name, held := range map[string]int{"chance": chance, "mean": mean, "median": median} {
		if share := float64(held) / times; share < 0.93 || share > 0.985 {
			t.Errorf("the range of a %s holds the truth in %v of cases", name, share)
		}
	}
}
