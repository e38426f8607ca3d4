package benchjudge

import "math"

// dice draws numbers from a hash: the same key gives the same numbers, whoever asks and in whatever order.
type dice struct{ state uint64 }

// roll starts the sequence of a key.
func roll(key ...uint64) dice {
	d := dice{state: 0x9E3779B97F4A7C15}
	for _, k := range key {
		d.state ^= k
		d.state = d.bits()
	}
	return d
}

// bits is splitmix64.
func (d *dice) bits() uint64 {
	d.state += 0x9E3779B97F4A7C15
	z := d.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

// uniform is above 0 and below 1.
func (d *dice) uniform() float64 { return (float64(d.bits()>>11) + 0.5) / (1 << 53) }

// exactUpTo is the mean below which counts are drawn exactly, above it by a normal corrected for skewness.
const exactUpTo = 25

// binomial is the number of successes among n at this chance whose share of probability below is u.
func binomial(n int64, chance, u float64) int64 {
	switch {
	case n <= 0 || chance <= 0:
		return 0
	case chance >= 1:
		return n
	case chance > 0.5:
		return n - binomial(n, 1-chance, 1-u)
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
		if p < 1e-18 {
			break
		}
	}
	return k
}

// poisson is the count of this mean whose share of probability below is u.
func poisson(mean, u float64) int64 {
	if mean > exactUpTo {
		deviation := math.Sqrt(mean)
		return corrected(mean, deviation, 1/deviation, u, math.MaxInt64)
	}
	return binomial(1<<40, mean/(1<<40), u)
}

// corrected is a normal quantile with the Cornish-Fisher term for skewness.
func corrected(mean, deviation, skewness, u float64, most int64) int64 {
	z := normal(u)
	return min(max(int64(math.Round(mean+deviation*(z+(z*z-1)*skewness/6))), 0), most)
}

// normal is the standard normal quantile.
func normal(u float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*u) }
