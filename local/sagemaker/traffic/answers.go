package traffic

import (
	"math"
	"math/rand/v2"
	"time"
)

// Histogram is values, each with how often it was seen.
type Histogram struct {
	Values []float64
	Counts []float64
}

func (h *Histogram) add(o Histogram) {
	h.Values = append(h.Values, o.Values...)
	h.Counts = append(h.Counts, o.Counts...)
}

// Count is how many requests a variant got and what became of them.
type Count struct {
	Requests    int
	Errors5XX   int
	Errors4XX   int
	ModelErrors int // no usable answer; counted neither as 4XX nor as 5XX
}

// Bad is how many requests the model is to blame for: 5XX and no answer. A 4XX is
// the caller's fault.
func (c Count) Bad() int { return c.Errors5XX + c.ModelErrors }

// Answers is a Count with times, in microseconds.
type Answers struct {
	Count
	Latency  Histogram
	Overhead Histogram
}

// Add joins the answers of another part of the same minute.
func (a *Answers) Add(b Answers) {
	a.Requests += b.Requests
	a.Errors5XX += b.Errors5XX
	a.Errors4XX += b.Errors4XX
	a.ModelErrors += b.ModelErrors
	a.Latency.add(b.Latency)
	a.Overhead.add(b.Overhead)
}

// Answer draws what n requests get from a model that behaves like b, whose Changes
// are ignored: see Under.
func Answer(dice *rand.Rand, n int, b Behaviour) Answers {
	a := Answers{Count: Count{Requests: n}}
	fates := Split(dice, n, []float64{b.Errors5XX, b.Errors4XX, b.ModelErrors, max(0, 1-b.Errors5XX-b.Errors4XX-b.ModelErrors)})
	a.Errors5XX, a.Errors4XX, a.ModelErrors = fates[0], fates[1], fates[2]
	a.Latency = b.latency().draw(dice, n, latencyRanks)
	a.Overhead = b.Overhead.or(3*time.Millisecond, 6*time.Millisecond).draw(dice, n, overheadRanks)
	return a
}

// latencyRanks are the quantiles at which a minute's latencies are drawn: even
// below the median, where only the average looks, and dense in the tail.
// overheadRanks are fewer, as CloudWatch has no percentiles of it.
var (
	latencyRanks = []float64{
		.04, .1, .18, .26, .34, .42, .5, .58, .66, .74, .8, .85, .9, .925, .95, .965, .98, .99, .995, .998, .999, 1,
	}
	overheadRanks = []float64{.2, .5, .8, .95, 1}
)

func (l Latency) or(median, p90 time.Duration) Latency {
	if l.Median <= 0 {
		l = Latency{median, p90}
	}
	if l.P90 < l.Median {
		l.P90 = l.Median
	}
	return l
}

// z90 is the 90th percentile of the standard normal distribution.
const z90 = 1.2815515655446004

// draw makes a histogram of n latencies with a point at each of ranks, or at each
// request if there are fewer. The points are drawn as exact order statistics, so
// that a percentile read at one of ranks is what n single draws would have given.
// Of the requests between two points half count to either, which keeps averages
// right and those percentiles too.
func (l Latency) draw(dice *rand.Rand, n int, ranks []float64) Histogram {
	if n <= 0 {
		return Histogram{}
	}
	mu, sigma := math.Log(float64(l.Median.Microseconds())), math.Log(float64(l.P90)/float64(l.Median))/z90
	if n <= len(ranks) {
		h := Histogram{Values: make([]float64, n), Counts: make([]float64, n)}
		for i := range n {
			h.Values[i], h.Counts[i] = math.Round(math.Exp(mu+sigma*dice.NormFloat64())), 1
		}
		return h
	}
	// The r-th of n sorted uniforms is distributed as the ratio of a sum of r
	// exponentials to the sum of n+1 of them.
	h := Histogram{Values: make([]float64, 0, len(ranks)), Counts: make([]float64, 0, len(ranks))}
	sum, last := 0.0, 0
	for _, q := range ranks {
		r := int(math.Ceil(q * float64(n)))
		if r == last {
			continue
		}
		sum += exponentials(dice, r-last)
		lower := 0
		if len(h.Counts) > 0 {
			lower = (r - last) / 2
			h.Counts[len(h.Counts)-1] += float64(lower)
		}
		h.Values, h.Counts = append(h.Values, sum), append(h.Counts, float64(r-last-lower))
		last = r
	}
	sum += exponentials(dice, 1)
	for i, v := range h.Values {
		z := math.Sqrt2 * math.Erfinv(2*v/sum-1)
		h.Values[i] = math.Round(math.Exp(mu + sigma*z))
	}
	return h
}

// exponentials is a sum of k standard exponentials: drawn one by one when few, by
// Wilson and Hilferty's normal approximation of the gamma distribution otherwise.
func exponentials(dice *rand.Rand, k int) float64 {
	if k < 6 {
		s := 0.0
		for range k {
			s += dice.ExpFloat64()
		}
		return s
	}
	f := float64(k)
	c := 1 - 1/(9*f) + dice.NormFloat64()/(3*math.Sqrt(f))
	return f * c * c * c
}
