package draw

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func TestSameKeySameNumbers(t *testing.T) {
	numbers := func(key ...uint64) []uint64 {
		d := Roll(key...)
		return []uint64{d.Bits(), d.Bits(), d.Bits()}
	}
	if diff := cmp.Diff(numbers(1, 2, 3), numbers(1, 2, 3)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(numbers(1, 2, 3), numbers(1, 3, 2)) {
		t.Error("the order of a key does not matter")
	}
}

func TestUniformIsUniform(t *testing.T) {
	d := Roll(7)
	const n = 200_000
	var sum, squares float64
	for range n {
		u := d.Uniform()
		if u <= 0 || u >= 1 {
			t.Fatalf("%v is not within 0 and 1", u)
		}
		sum, squares = sum+u, squares+u*u
	}
	if mean, variance := sum/n, squares/n-sum/n*sum/n; math.Abs(mean-0.5) > 0.003 || math.Abs(variance-1.0/12) > 0.001 {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}

// A binomial count has the share of probability that it was asked for: exactly where it
// is exact, within a count where it is approximate.
func TestBinomialIsTheQuantile(t *testing.T) {
	for _, tt := range []struct {
		n      int64
		chance float64
		off    int64
	}{{1, 0.3, 0}, {20, 0.5, 0}, {1000, 0.001, 0}, {1000, 0.02, 0}, {1000, 0.1, 1}, {100_000, 0.5, 1}, {1_000_000, 0.001, 1}, {300, 0.97, 0}} {
		law := distuv.Binomial{N: float64(tt.n), P: tt.chance}
		for u := 0.0005; u < 1; u += 0.0095 {
			k := Binomial(tt.n, tt.chance, u)
			if low, high := law.CDF(float64(k-1-tt.off)), law.CDF(float64(k+tt.off)); u < low-1e-9 || u > high+1e-9 {
				t.Errorf("of %d at %v, %v is %d: it should lie within %v and %v", tt.n, tt.chance, u, k, low, high)
			}
		}
	}
}

func TestBinomialStaysWithinBoundsAndGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1e9).Draw(t, "n")
		u := rapid.Float64Range(1e-9, 1-1e-9).Draw(t, "u")
		low := rapid.Float64Range(-0.1, 1.1).Draw(t, "low")
		high := rapid.Float64Range(low, 1.2).Draw(t, "high")
		a, b := Binomial(n, low, u), Binomial(n, high, u)
		if a < 0 || b > n {
			t.Fatalf("%d and %d of %d", a, b, n)
		}
		// Where the approximation begins, one count may be lost.
		if b < a-1 {
			t.Fatalf("chance %v gives %d, chance %v only %d", low, a, high, b)
		}
	})
}

func TestPoissonHasItsMean(t *testing.T) {
	for _, mean := range []float64{0.2, 3, 24, 26, 1000, 1e6} {
		d := Roll(3, math.Float64bits(mean))
		const n = 40_000
		var sum, squares float64
		for range n {
			k := float64(Poisson(mean, d.Uniform()))
			sum, squares = sum+k, squares+k*k
		}
		got, variance := sum/n, squares/n-sum/n*sum/n
		if math.Abs(got-mean) > 5*math.Sqrt(mean/n)+1e-3*mean || math.Abs(variance/mean-1) > 0.06 {
			t.Errorf("mean %v, variance %v, want %v", got, variance, mean)
		}
	}
	if got := Poisson(0, 0.7); got != 0 {
		t.Errorf("%d requests of none", got)
	}
}

func TestJumpHasMeanOneAndDeviationHalf(t *testing.T) {
	d := Roll(9)
	const n = 100_000
	var sum, squares float64
	for range n {
		x := Jump(d.Uniform())
		sum, squares = sum+x, squares+x*x
	}
	if mean, deviation := sum/n, math.Sqrt(squares/n-sum/n*sum/n); math.Abs(mean-1) > 0.01 || math.Abs(deviation-0.5) > 0.01 {
		t.Errorf("mean %v, deviation %v", mean, deviation)
	}
}

// The percentile of n drawn values scatters as that of n single draws does.
func TestRankScattersAsSingleDraws(t *testing.T) {
	for _, n := range []int64{5, 30, 200} {
		for _, q := range []float64{0.5, 0.9} {
			spread := func(draw func(d *Dice) float64) (mean, deviation float64) {
				d := Roll(11, uint64(n))
				const times = 8000
				var sum, squares float64
				for range times {
					x := draw(&d)
					sum, squares = sum+x, squares+x*x
				}
				return sum / times, math.Sqrt(squares/times - sum/times*sum/times)
			}
			mean, deviation := spread(func(d *Dice) float64 { return Rank(d, n, q) })
			wantMean, wantDeviation := spread(func(d *Dice) float64 {
				values := make([]float64, n)
				for i := range values {
					values[i] = Normal(d.Uniform())
				}
				slices.Sort(values)
				return values[int(math.Ceil(q*float64(n)))-1]
			})
			if math.Abs(mean-wantMean) > 0.04 || math.Abs(deviation/wantDeviation-1) > 0.06 {
				t.Errorf("%v of %d: mean %v and deviation %v, of single draws %v and %v", q, n, mean, deviation, wantMean, wantDeviation)
			}
		}
	}
}
