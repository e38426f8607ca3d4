package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// Pattern is how the rate of requests moves over time.
type Pattern string

// The patterns. The zero value is Steady.
const (
	Steady  Pattern = "steady"  // Poisson at a constant rate
	Diurnal Pattern = "diurnal" // Poisson around a day's sine
	Bursty  Pattern = "bursty"  // steady, with bursts of a few minutes at a multiple of the rate
)

// Traffic is the requests that an endpoint gets. RPM is their mean per minute over
// a long time, whatever the pattern.
type Traffic struct {
	RPM     float64
	Pattern Pattern
	Swing   float64 // Diurnal: how far the day's peak is over the mean, as a share of it, 0..1; 0 means 0.6
	Peak    int     // Diurnal: the hour of the peak, UTC; 0 means 15
	Burst   float64 // Bursty: rate in a burst as a multiple of the rate between bursts; 0 means 5
}

// Check reports a traffic that makes no sense.
func (t Traffic) Check() error {
	switch t.Pattern {
	case "", Steady, Diurnal, Bursty:
	default:
		return fmt.Errorf("traffic pattern %q: use steady, diurnal or bursty", t.Pattern)
	}
	if t.RPM < 0 || math.IsNaN(t.RPM) || t.Swing < 0 || t.Swing > 1 || t.Burst < 0 || t.Peak < 0 || t.Peak > 23 {
		return fmt.Errorf("traffic %+v: rates must not be negative, swing is 0..1, peak an hour 0..23", t)
	}
	return nil
}

// A burst begins in one of burstEvery quiet minutes and lasts burstLength minutes
// on average.
const (
	burstEvery  = 90
	burstLength = 3
)

// Arrivals draws the rate of one endpoint minute by minute.
type Arrivals struct {
	Traffic
	dice *rand.Rand
	left int // minutes that the present burst still lasts
}

// NewArrivals follows dice.
func NewArrivals(t Traffic, dice *rand.Rand) *Arrivals { return &Arrivals{Traffic: t, dice: dice} }

// Next is the expected number of requests in the minute that begins at minute.
// Call it once for each minute, in order.
func (a *Arrivals) Next(minute time.Time) float64 {
	switch a.Pattern {
	case Diurnal:
		swing, peak := a.Swing, a.Peak
		if swing == 0 {
			swing = 0.6
		}
		if peak == 0 {
			peak = 15
		}
		of := minute.UTC().Sub(minute.UTC().Truncate(24 * time.Hour)).Hours()
		return a.RPM * (1 + swing*math.Cos((of-float64(peak))/24*2*math.Pi))
	case Bursty:
		factor := a.Burst
		if factor == 0 {
			factor = 5
		}
		const inBurst = float64(burstLength) / (burstLength + burstEvery)
		quiet := a.RPM / (1 + (factor-1)*inBurst)
		if a.left == 0 && a.dice.IntN(burstEvery) == 0 {
			a.left = 1
			for a.dice.IntN(burstLength) != 0 {
				a.left++
			}
		}
		if a.left > 0 {
			a.left--
			return quiet * factor
		}
		return quiet
	}
	return a.RPM
}

// Requests draws how many come when mean are expected.
func Requests(dice *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	return int(distuv.Poisson{Lambda: mean, Src: dice}.Rand())
}

// Split draws how n requests fall on shares, which need not add up to one. With
// all shares zero nobody gets any.
func Split(dice *rand.Rand, n int, shares []float64) []int {
	out := make([]int, len(shares))
	left, last := 0.0, -1
	for i, s := range shares {
		if s > 0 {
			left += s
			last = i
		}
	}
	for i, s := range shares[:last+1] {
		if i == last { // what is left, whatever the rounding of shares has done
			out[i] = n
		} else if s > 0 {
			out[i] = binomial(dice, n, s/left)
			n -= out[i]
			left -= s
		}
	}
	return out
}

func binomial(dice *rand.Rand, n int, p float64) int {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1-1e-12:
		return n
	}
	return int(distuv.Binomial{N: float64(n), P: p, Src: dice}.Rand())
}
