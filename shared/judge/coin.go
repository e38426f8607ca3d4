package judge

import (
	"math"
	"slices"
)

const (
	coinRequests = 20  // both sides need as many in a minute for its percentile to mean anything
	coinMemory   = 360 // baseline minutes remembered for full weight
	coinQuantile = 0.9 // of them, which the candidate must not exceed at full weight
)

// coinBets are the chances of "the candidate's percentile is worse" that are bet on; tolerated is at most 1/2.
var (
	coinBets   = [...]float64{0.6, 0.7, 0.8, 0.9, 0.97}
	coinStakes = [len(coinBets)]float64{0.2, 0.2, 0.2, 0.2, 0.2}
)

// coinJudge compares a percentile: each minute is a coin, heads when the candidate's is over the tolerated one.
type coinJudge struct {
	ratio float64
	// past is append-only, so that a copy of the judge keeps its own view of it.
	past []float64
}

func (s *coinJudge) learn(baseline Counts) {
	if baseline.N >= coinRequests {
		s.past = append(s.past, baseline.Value)
	}
}

// toss says what the minute's coin shows; false when there is none.
func (s *coinJudge) toss(r Reading, fullWeight bool) (shown side, tossed bool) {
	switch {
	case r.Candidate.N < coinRequests:
		return tails, false
	case r.Baseline.N >= coinRequests:
		return side(r.Candidate.Value > s.ratio*r.Baseline.Value), true
	case fullWeight && r.Baseline.N == 0 && len(s.past) >= coinRequests:
		return side(r.Candidate.Value > s.ratio*s.usual()), true
	}
	return tails, false
}

// usual is the upper quantile of the baseline's last minutes.
func (s *coinJudge) usual() float64 {
	recent := slices.Clone(s.past[max(0, len(s.past)-coinMemory):])
	slices.Sort(recent)
	return recent[int(math.Ceil(coinQuantile*float64(len(recent))))-1]
}

// side is what a coin shows: heads when the candidate was worse.
type side bool

const (
	heads side = true
	tails side = false
)

func (s side) counts() Counts {
	if s == heads {
		return Counts{N: 1, Bad: 1}
	}
	return Counts{N: 1}
}

func (s side) gains() (gains [len(coinBets)]float64) {
	for i, chance := range coinBets {
		if s == tails {
			chance = 1 - chance
		}
		gains[i] = math.Log(2 * chance)
	}
	return gains
}
