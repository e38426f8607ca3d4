package judge

import "math"

const (
	startCash  = 0.20  // kept back at first, for a regression that begins late
	cashToBets = 0.15  // of the cash, each minute after
	betsToCash = 0.002 // of every bet, each minute
)

// wealth is the money of one metric: cash and up to ten bets. Parts are shares of the whole, so that no history
// of losses or gains over- or underflows; log is the logarithm of the whole, 0 at first.
type wealth struct {
	log    float64
	cash   float64
	bets   [shareBets]float64
	opened bool
}

func newWealth() wealth { return wealth{cash: 1} }

// stake moves money before a minute is known: most of the cash at first, then a little from cash to bets and back,
// which changes nobody's wealth but lets a bet that lost for an hour win again within minutes.
// Source: Herbster and Warmuth, fixed share.
func (w *wealth) stake(stakes []float64) {
	fromCash := cashToBets * w.cash
	if !w.opened {
		w.opened, fromCash = true, (1-startCash)*w.cash
	}
	sum := 0.0
	for _, s := range stakes {
		sum += s
	}
	w.cash -= fromCash
	for i, s := range stakes {
		back := betsToCash * w.bets[i]
		w.cash += back
		w.bets[i] += fromCash*s/sum - back
	}
}

// settle pays the bets their log gains. The cash earns nothing.
func (w *wealth) settle(gains []float64) {
	best := 0.0
	for _, g := range gains {
		best = max(best, g)
	}
	w.cash *= math.Exp(-best)
	sum := w.cash
	for i, g := range gains {
		w.bets[i] *= math.Exp(g - best)
		sum += w.bets[i]
	}
	w.log += best + math.Log(sum)
	w.cash /= sum
	for i := range gains {
		w.bets[i] /= sum
	}
}
