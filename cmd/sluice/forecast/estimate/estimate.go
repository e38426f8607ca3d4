// Package estimate says how sure a simulated number is: every estimate comes with the
// range that holds the true value with 95 % confidence. It knows only that the
// repetitions are independent; what was repeated is the caller's business.
package estimate

import (
	"math"
	"slices"
)

// Range is an estimate with its 95 % confidence range.
type Range struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// z95 is the normal quantile of 97.5 %.
const z95 = 1.959963984540054

// Chance is the chance of something that happened k of n times, with Wilson's range;
// with nothing tried, anything from 0 to 1.
func Chance(k, n int) Range {
	if n == 0 {
		return Range{0, 0, 1}
	}
	return ChanceOf(float64(k)/float64(n), float64(n))
}

// ChanceOf is a share seen in as much data as n independent tries hold.
func ChanceOf(share, n float64) Range {
	if !(n > 0) {
		return Range{share, 0, 1}
	}
	const z2 = z95 * z95
	middle := (share + z2/(2*n)) / (1 + z2/n)
	half := z95 / (1 + z2/n) * math.Sqrt(share*(1-share)/n+z2/(4*n*n))
	// Rounding must not push the range off what was seen.
	return Range{share, min(max(middle-half, 0), share), max(min(middle+half, 1), share)}
}

// Mean is the mean of values, with the normal range; 0 for none.
func Mean(values []float64) Range {
	if len(values) == 0 {
		return Range{}
	}
	n, sum := float64(len(values)), 0.0
	for _, v := range values {
		sum += v
	}
	mean, squares := sum/n, 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	half := 0.0
	if n > 1 {
		half = z95 * math.Sqrt(squares/(n-1)/n)
	}
	return Range{mean, mean - half, mean + half}
}

// Half is half the width of the range.
func (r Range) Half() float64 { return (r.High - r.Low) / 2 }

// Quantile is the q-quantile (0..1) of values, with the range that order statistics
// give: no law of the values is assumed. Zero for no values.
func Quantile(values []float64, q float64) Range {
	if len(values) == 0 {
		return Range{}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := float64(len(sorted))
	half := z95 * math.Sqrt(n*q*(1-q))
	at := func(rank float64) float64 { return sorted[int(min(max(math.Ceil(rank), 1), n))-1] }
	return Range{at(q * n), at(math.Floor(q*n - half)), at(q*n + half + 1)}
}
