package metric

import (
	"cmp"
	"math"
	"slices"
)

// binGrowth is the relative width of one bin of the histogram. Percentiles are
// exact where the values of a bin are equal, and within this share otherwise.
const binGrowth = 1.01

var logGrowth = math.Log(binGrowth)

// Distribution summarises values that were each seen so many times. The zero
// value is empty.
type Distribution struct {
	Count float64
	Sum   float64
	Min   float64 // of no meaning while Count is 0
	Max   float64
	// Opaque counts observations known only as a statistic set. Percentiles do
	// not exist while there are any, unless all values are equal.
	Opaque float64

	bins []bin // in the order of their values
}

// bin holds the observations whose logarithms are alike; their mean stands for
// them, so a bin of equal values loses nothing.
type bin struct {
	number     int // see binOf
	count, sum float64
}

func byNumber(b bin, number int) int { return cmp.Compare(b.number, number) }

// Add counts value, count times. A count of zero or less changes nothing.
func (d *Distribution) Add(value, count float64) {
	if count <= 0 {
		return
	}
	d.extend(value, value, value*count, count)
	number := binOf(value)
	i, found := slices.BinarySearchFunc(d.bins, number, byNumber)
	if !found {
		d.bins = slices.Insert(d.bins, i, bin{number: number})
	}
	d.bins[i].count += count
	d.bins[i].sum += value * count
}

// AddSet counts observations of which only these figures are known.
func (d *Distribution) AddSet(count, sum, low, high float64) {
	if count <= 0 {
		return
	}
	if low == high {
		d.Add(low, count)
		return
	}
	d.extend(low, high, sum, count)
	d.Opaque += count
}

// Merge counts everything that o has counted.
func (d *Distribution) Merge(o *Distribution) {
	if o.Count == 0 {
		return
	}
	d.extend(o.Min, o.Max, o.Sum, o.Count)
	d.Opaque += o.Opaque
	merged, mine, theirs := make([]bin, 0, max(len(d.bins), len(o.bins))), d.bins, o.bins
	for len(mine) > 0 && len(theirs) > 0 { // each bin on its own, so that the order is of no matter
		switch c := cmp.Compare(mine[0].number, theirs[0].number); {
		case c < 0:
			merged, mine = append(merged, mine[0]), mine[1:]
		case c > 0:
			merged, theirs = append(merged, theirs[0]), theirs[1:]
		default:
			merged = append(merged, bin{mine[0].number, mine[0].count + theirs[0].count, mine[0].sum + theirs[0].sum})
			mine, theirs = mine[1:], theirs[1:]
		}
	}
	d.bins = append(append(merged, mine...), theirs...)
}

func (d *Distribution) extend(low, high, sum, count float64) {
	if d.Count == 0 {
		d.Min, d.Max = low, high
	}
	d.Min, d.Max = min(d.Min, low), max(d.Max, high)
	d.Sum += sum
	d.Count += count
}

// binOf numbers the bins in the order of their values: negative ones below 0,
// values next to nothing in bin 0, positive ones above.
func binOf(v float64) int {
	const tiny = 1e-12
	const offset = 1 << 20 // more than any logarithm of a float64 in bins
	switch {
	case math.Abs(v) < tiny:
		return 0
	case v > 0:
		return offset + int(math.Floor(math.Log(v)/logGrowth))
	}
	return -offset - int(math.Floor(math.Log(-v)/logGrowth))
}

// Percentile is the smallest value that at least p percent of the observations
// do not exceed, p in 0..100. It reports false where there is none.
func (d *Distribution) Percentile(p float64) (float64, bool) {
	if d.Count == 0 || d.Opaque > 0 {
		return 0, false
	}
	rank := p / 100 * d.Count
	seen := 0.0
	for _, b := range d.bins {
		seen += b.count
		if seen >= rank*(1-1e-12) {
			return min(max(b.sum/b.count, d.Min), d.Max), true
		}
	}
	return d.Max, true
}

// TrimmedMean is the average of the lowest p percent of the observations.
func (d *Distribution) TrimmedMean(p float64) (float64, bool) {
	if d.Count == 0 || d.Opaque > 0 || p <= 0 {
		return 0, false
	}
	left, sum := p/100*d.Count, 0.0
	kept := left
	for _, b := range d.bins {
		take := min(b.count, left)
		sum += b.sum / b.count * take
		left -= take
		if left <= 0 {
			break
		}
	}
	return sum / kept, true
}
