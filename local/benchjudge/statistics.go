package benchjudge

import "math"

// share is a proportion and its standard error.
func share(k, n int64) (p, se float64) {
	p = float64(k) / float64(max(n, 1))
	return p, math.Sqrt(p * (1 - p) / float64(max(n, 1)))
}

// mean gathers numbers for a mean with its standard error.
type mean struct{ n, sum, squares float64 }

func (m *mean) add(x float64) { m.n++; m.sum += x; m.squares += x * x }

func (m mean) value() float64 { return m.sum / max(m.n, 1) }

func (m mean) standardError() float64 {
	if m.n < 2 {
		return 0
	}
	v := m.value()
	return math.Sqrt(max(m.squares/m.n-v*v, 0) / (m.n - 1))
}

// ratios gathers how many times more bad responses one judge served than another; geometric.
type ratios struct{ mean }

// smoothing keeps scenarios in which nothing bad was served from deciding a ratio.
const smoothing = 0.5

func (r *ratios) compare(o outcome, a, b tally) {
	n := float64(o.repetitions)
	r.add(math.Log((float64(a.bad)/n + smoothing) / (float64(b.bad)/n + smoothing)))
}

func (r ratios) geometric() (value, se float64) {
	value = math.Exp(r.value())
	return value, value * r.standardError()
}
