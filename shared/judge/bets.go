package judge

import "math"

// The share bets: each stands for a candidate whose odds of failing are a factor above the tolerated ones.
// Large factors are cheap insurance for base rates near zero, where the first failures say most.
const shareBets = 10

var (
	betFactors = [shareBets]float64{1.1, 1.3, 1.8, 2.7, 4.5, 9, 30, 150, 3000, 1e5}
	betPrior   = [shareBets]float64{0.08, 0.17, 0.20, 0.18, 0.13, 0.10, 0.06, 0.04, 0.02, 0.02}
)

// wager is one bet in one minute: what it earned, and what it would earn on average if it were right, both in log
// wealth. The latter depends on the numbers of requests and on earlier minutes, but on no failure of this minute.
type wager struct{ gain, worth float64 }

// stake is how much of the money moved in a minute this bet deserves: little when the minute can tell it nothing yet,
// and little when it will win anyway, as a candidate that fails everywhere needs no money to be found out.
func (w wager) stake(prior float64) float64 {
	const slow, fast, least = 0.04, 0.3, 0.004
	if w.worth < fast {
		return prior * (min(1, w.worth/slow) + least)
	}
	quick := fast / w.worth
	return prior * (quick*math.Sqrt(quick) + least)
}

const (
	maxTolerated   = 0.95  // the null's boundary rate is never believed above this
	maxAlternative = 0.995 // nor any bet's rate above this: one good answer must not ruin the bet
)

// null is "the candidate's rate is at most ratio x baseline's + offset".
type null struct{ ratio, offset float64 }

// boundary is the highest tolerated rate beside a baseline at this rate.
func (h null) boundary(baseline float64) float64 {
	return min(h.ratio*baseline+h.offset, maxTolerated)
}

// evidence is one minute's counts of one side, tempered: power is 1 for independent responses and less when they
// fail in bursts, so that a burst of a hundred failures does not speak like a hundred failures.
type evidence struct{ n, bad, power float64 }

func tempered(c Counts, correlation float64) evidence {
	n := float64(c.N)
	return evidence{n: n, bad: float64(c.Bad), power: 1 / (1 + max(n-1, 0)*correlation)}
}

// tilt is what one bad and one good response say for a rate `to` against a rate `from`, in log likelihood.
type tilt struct{ to, bad, good float64 }

func newTilt(to, from float64) tilt {
	return tilt{to, math.Log(to / from), math.Log1p((from - to) / (1 - from))}
}

// wager is what the responses say, tempered, and what they would say on average if `to` were the true rate.
func (e evidence) wager(t tilt) wager {
	return wager{
		gain:  e.power * (e.bad*t.bad + (e.n-e.bad)*t.good),
		worth: e.power * e.n * (t.to*t.bad + (1-t.to)*t.good),
	}
}

// alternative is the rate that a bet of this factor expects above a boundary rate.
func alternative(boundary, factor float64) float64 {
	odds := factor * boundary / (1 - boundary)
	return min(odds/(1+odds), maxAlternative)
}

// duel is a comparison of both sides within one minute; guess is the baseline's rate by earlier minutes alone.
type duel struct {
	null                null
	guess               float64
	baseline, candidate evidence
}

// wager is what the bet of this factor earns in the minute: the likelihood ratio of (guess, alternative) against
// the null's nearest point. Its expectation is at most 1 at every point of the null: it is 1 at the nearest point,
// where the derivative along the boundary vanishes, and its logarithm is concave along the boundary.
// Source: Turner, Ly and Grunwald, safe tests for two proportions (reverse information projection).
func (d duel) wager(factor float64) wager {
	to := alternative(d.null.boundary(d.guess), factor)
	low, high := d.guess, (to-d.null.offset)/d.null.ratio
	if !(high > low) {
		return wager{} // the alternative lies within the null: there is nothing to bet on
	}
	b := d.nearest(to, low, high)
	c := d.null.ratio*b + d.null.offset
	candidate, baseline := d.candidate.wager(newTilt(to, c)), d.baseline.wager(newTilt(d.guess, b))
	return wager{candidate.gain + baseline.gain, candidate.worth + baseline.worth}
}

// nearest finds the baseline rate b of the null's point (b, ratio b + offset) nearest to (guess, to), by the root of
// the derivative of the weighted divergence, which increases from low to high. Newton's method in a bracket.
func (d duel) nearest(to, low, high float64) float64 {
	wb := d.baseline.power * d.baseline.n
	wc := d.candidate.power * d.candidate.n
	// Exact for rare failures and no offset, and so the place to start from.
	b := (wb*d.guess + wc*(to-d.null.offset)) / (wb + wc*d.null.ratio)
	for range 60 {
		if !(b > low && b < high) {
			b = low + (high-low)/2
		}
		c := d.null.ratio*b + d.null.offset
		vb, vc := b*(1-b), c*(1-c)
		slope := wb*(b-d.guess)/vb + wc*d.null.ratio*(c-to)/vc
		if slope > 0 {
			high = b
		} else {
			low = b
		}
		curve := wb*((b-d.guess)*(b-d.guess)+d.guess*(1-d.guess))/(vb*vb) +
			wc*d.null.ratio*d.null.ratio*((c-to)*(c-to)+to*(1-to))/(vc*vc)
		step := slope / curve
		b -= step
		if math.Abs(step) <= 1e-9*b || high-low <= 1e-12*high {
			break
		}
	}
	return min(max(b, low), high)
}
