// Package draw makes the random numbers of forecasts. They come from hashes: the same
// key gives the same numbers, whoever asks and in whatever order, so that a healthy
// and a faulty candidate meet the same requests on the same day, and that no result
// depends on which processor computed it.
//
// Counts are drawn by inversion of one uniform number each: a candidate that fails
// more often fails on the same dice, and never less. It knows nothing of rollouts;
// forecast decides what is drawn.
package draw

// Dice is a sequence of numbers that belongs to a key.
type Dice struct{ state uint64 }

// Roll begins the sequence of a key.
func Roll(key ...uint64) Dice {
	d := Dice{state: 0x9E3779B97F4A7C15}
	for _, k := range key {
		d.state ^= k
		d.state = d.Bits()
	}
	return d
}

// Bits is the next 64 bits. Source: Steele, Lea and Flood, splittable generators
// (splitmix64).
func (d *Dice) Bits() uint64 {
	d.state += 0x9E3779B97F4A7C15
	z := d.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

// Uniform is above 0 and below 1.
func (d *Dice) Uniform() float64 { return (float64(d.Bits()>>11) + 0.5) / (1 << 53) }
