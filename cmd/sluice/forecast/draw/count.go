package draw

import "math"

// exactUpTo is the mean below which counts are exact; above it, a normal corrected for
// skewness is off by less than one count.
const exactUpTo = 25

// Binomial is the number of successes among n at this chance whose share of
// probability below is u.
func Binomial(n int64, chance, u float64) int64 {
	switch {
	case n <= 0 || !(chance > 0):
		return 0
	case chance >= 1:
		return n
	case chance > 0.5:
		return n - Binomial(n, 1-chance, 1-u)
	}
	mean := float64(n) * chance
	if mean > exactUpTo {
		deviation := math.Sqrt(mean * (1 - chance))
		return corrected(mean, deviation, (1-2*chance)/deviation, u, n)
	}
	odds := chance / (1 - chance)
	p := math.Exp(float64(n) * math.Log1p(-chance))
	below := p
	k := int64(0)
	for u > below && k < n {
		p *= odds * float64(n-k) / float64(k+1)
		k++
		below += p
		if p < 1e-18 && float64(k) > mean {
			break // the rest of the tail is below what u can tell apart
		}
	}
	return k
}

// Poisson is the count of this mean whose share of probability below is u.
func Poisson(mean, u float64) int64 {
	switch {
	case !(mean > 0):
		return 0
	case mean > exactUpTo:
		deviation := math.Sqrt(mean)
		return corrected(mean, deviation, 1/deviation, u, math.MaxInt64)
	}
	return Binomial(1<<40, mean/(1<<40), u)
}

// corrected is a normal quantile with the Cornish-Fisher term for skewness.
func corrected(mean, deviation, skewness, u float64, most int64) int64 {
	z := Normal(u)
	return min(max(int64(math.Round(mean+deviation*(z+(z*z-1)*skewness/6))), 0), most)
}

// Normal is the standard normal quantile.
func Normal(u float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*u) }

// jumpShape is the shape of the gamma law of Jump: deviation 1/2.
const jumpShape = 4

// Jump is a gamma factor of mean 1 and deviation 1/2, by Wilson and Hilferty's
// approximation.
func Jump(u float64) float64 { return gamma(jumpShape, Normal(u)) / jumpShape }

// gamma is the gamma quantile of this shape at a normal quantile.
func gamma(shape, z float64) float64 {
	cube := max(1-1/(9*shape)+z/(3*math.Sqrt(shape)), 0)
	return shape * cube * cube * cube
}
