package draw

import "math"

// Rank is where, as a normal quantile, the given percentile (0..1) of n independent
// values falls: of 100 values the 90th largest is not always at the 90 % point. It
// takes two sequences of numbers from dice, few for few values.
func Rank(dice *Dice, n int64, percentile float64) float64 {
	if n <= 0 {
		return 0
	}
	rank := min(max(math.Ceil(percentile*float64(n)), 1), float64(n))
	// The r-th of n sorted uniforms is distributed as the ratio of a sum of r
	// exponentials to the sum of n+1 of them.
	below := exponentials(dice, rank)
	above := exponentials(dice, float64(n)+1-rank)
	return Normal(min(max(below/(below+above), 1e-12), 1-1e-12))
}

// exponentials is a sum of k standard exponentials: one by one when few, by Wilson and
// Hilferty's approximation of the gamma law otherwise.
func exponentials(dice *Dice, k float64) float64 {
	if k > 6 {
		return gamma(k, Normal(dice.Uniform()))
	}
	sum := 0.0
	for range int(k) {
		sum -= math.Log(dice.Uniform())
	}
	return sum
}
