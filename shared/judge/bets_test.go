package judge

import (
	"fmt"
	"math"
	"testing"
)

// binomials lists the chances of 0..n failures.
func binomials(n int, rate float64) []float64 {
	chances := make([]float64, n+1)
	for k := range chances {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		log := a - b - c
		if k > 0 {
			log += float64(k) * math.Log(rate)
		}
		if k < n {
			log += float64(n-k) * math.Log1p(-rate)
		}
		chances[k] = math.Exp(log)
	}
	return chances
}

// expectedGain sums a bet's payoff over everything that can happen when the true rates are these.
func expectedGain(h null, guess, factor, correlation float64, nb, nc int, baseline, candidate float64) float64 {
	pb, pc := binomials(nb, baseline), binomials(nc, candidate)
	sum := 0.0
	for xb := range pb {
		for xc := range pc {
			d := duel{h, guess, tempered(Counts{N: int64(nb), Bad: int64(xb)}, correlation), tempered(Counts{N: int64(nc), Bad: int64(xc)}, correlation)}
			sum += pb[xb] * pc[xc] * math.Exp(d.wager(factor).gain)
		}
	}
	return sum
}

// The guarantee: whatever the baseline's true rate is, and however wrong the guess of it, no bet gains on average
// while the candidate is within tolerance. Summed exactly, tempered and not.
func TestNoBetGainsWithinTolerance(t *testing.T) {
	for _, h := range []null{{1, 0}, {1.1, 0}, {1.25, 0.0005}, {1.5, 0.1}} {
		for _, n := range [][2]int{{1, 1}, {9, 1}, {3, 5}, {14, 6}} {
			for _, guess := range []float64{0.001, 0.05, 0.4, 0.9} {
				for _, correlation := range []float64{0, 0.01, 0.5} {
					t.Run(fmt.Sprintf("%v/%v/%v/%v", h, n, guess, correlation), func(t *testing.T) {
						for _, factor := range betFactors {
							for _, rate := range []float64{1e-6, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.85} {
								worst := h.ratio*rate + h.offset
								if worst > 1 {
									continue
								}
								for _, candidate := range []float64{worst, worst / 2} {
									got := expectedGain(h, guess, factor, correlation, n[0], n[1], rate, candidate)
									if got > 1+1e-9 {
										t.Errorf("factor %v, baseline %v, candidate %v: a bet gains %v on average, want at most 1", factor, rate, candidate, got)
									}
								}
							}
						}
					})
				}
			}
		}
	}
}

// A bet that could never win would pass the test above too.
func TestBetGainsWhenItIsRight(t *testing.T) {
	h := null{1.1, 0}
	for _, factor := range betFactors[2:] {
		to := alternative(h.boundary(0.05), factor)
		if got := expectedGain(h, 0.05, factor, 0, 14, 6, 0.05, to); got <= 1 {
			t.Errorf("factor %v: gains %v on average at its own rate %v, want above 1", factor, got, to)
		}
	}
}

func TestNearestPointIsARoot(t *testing.T) {
	for _, nb := range []float64{1, 100, 1e6, 1e12} {
		for _, nc := range []float64{1, 100, 1e6, 1e12} {
			for _, guess := range []float64{5e-13, 1e-6, 0.01, 0.5} {
				for _, h := range []null{{1, 0}, {1.1, 0}, {1.25, 0.0005}} {
					d := duel{h, guess, evidence{n: nb, power: 1}, evidence{n: nc, power: 1}}
					to := alternative(h.boundary(guess), 2.7)
					low, high := guess, (to-h.offset)/h.ratio
					b := d.nearest(to, low, high)
					slope := func(b float64) float64 {
						c := h.ratio*b + h.offset
						return nb*(b-guess)/(b*(1-b)) + nc*h.ratio*(c-to)/(c*(1-c))
					}
					if b < low || b > high || slope(b*(1-1e-7)) > 0 && b > low*(1+1e-6) || slope(b*(1+1e-7)) < 0 && b < high*(1-1e-6) {
						t.Errorf("nb %v, nc %v, guess %v, null %v: %v is no root within [%v, %v]", nb, nc, guess, h, b, low, high)
					}
				}
			}
		}
	}
}
