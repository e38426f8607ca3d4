package judge

import "math"

const (
	decay          = 0.985 // a minute: the past counts half after 46 minutes
	priorBad       = 0.5   // the rate assumed before anything is known: 0.1 %, as good as 500 requests
	priorRequests  = 500
	forecastLength = 10 // minutes
)

// past is the baseline's rate as its earlier minutes tell it.
type past struct {
	n, bad, weight float64 // decayed; weight is the decayed number of minutes with traffic
	// Ten-minute forecasts, made at each one's beginning, and how wrong they were.
	forecast  float64
	current   Counts
	inCurrent int
	squares   float64
	forecasts float64
}

// rate is the best guess of the next minute's rate; never 0.
func (p *past) rate() float64 { return (p.bad + priorBad) / (p.n + priorRequests) }

func (p *past) absorb(c Counts) {
	if p.inCurrent == 0 {
		p.forecast, p.current = p.rate(), Counts{}
	}
	p.current.add(c)
	if p.inCurrent++; p.inCurrent == forecastLength {
		if p.current.N > 0 {
			miss := p.current.rate() - p.forecast
			p.squares += miss * miss
			p.forecasts++
		}
		p.inCurrent = 0
	}
	p.n, p.bad, p.weight = p.n*decay, p.bad*decay, p.weight*decay
	if c.N > 0 {
		p.n += float64(c.N)
		p.bad += float64(c.Bad)
		p.weight++
	}
}

// upper is a bound that the baseline's rate would not pass if it still had traffic: for full weight, where nothing
// runs beside the candidate. It is measured, not guaranteed: time is no control group.
func (p *past) upper(correlation float64) float64 {
	size := 1.0
	if p.weight > 0 {
		size = max(p.n/p.weight, 1)
	}
	power := 1 / (1 + (size-1)*correlation)
	bad, n := power*p.bad, power*p.n
	// Wilson and Hilferty's approximation of the Poisson upper bound, 99 %.
	const z = 2.33
	k := bad + 1
	cube := 1 - 1/(9*k) + z/(3*math.Sqrt(k))
	poisson := 1.0
	if n > 0 {
		poisson = k * cube * cube * cube / n
	}
	drift := 2 * p.rate()
	if p.forecasts >= 3 {
		drift = p.rate() + 2*math.Sqrt(p.squares/p.forecasts)
	}
	return min(max(poisson, drift), 1)
}
