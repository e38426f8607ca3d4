package judge

import "math"

// dispersion sums what pairs of minutes (or blocks) say about how much more their rates differ than chance would:
// D/V is about 1 for independent responses, and 1 + correlation x (Q/V - 1) for bursty ones.
type dispersion struct{ d, v, q, pairs float64 }

func (s *dispersion) pair(a, b Counts) {
	if a.N == 0 || b.N == 0 || a.Bad+b.Bad == 0 {
		return // without one failure a pair says nothing
	}
	na, nb := float64(a.N), float64(b.N)
	m := (float64(a.Bad) + float64(b.Bad)) / (na + nb)
	w := na / (na + nb) * nb
	difference := a.rate() - b.rate()
	s.d += w * difference * difference
	s.v += m * (1 - m)
	s.q += 2 * w * m * (1 - m)
	s.pairs++
}

// correlation is the beta-binomial correlation of failures within a minute, half a standard error on the careful side.
func (s *dispersion) correlation() float64 {
	if s.pairs == 0 || s.v == 0 || s.q <= s.v {
		return 0
	}
	phi := s.d / s.v * (1 + caution*math.Sqrt(2/(0.75*s.pairs)))
	return max((phi-1)/(s.q/s.v-1), 0)
}

// bursts estimates from the baseline's minutes how much failures clump: within a minute from successive minutes,
// and over several from five-minute blocks two apart, which see episodes that successive minutes share.
type bursts struct {
	minutes   float64
	last      Counts
	single    dispersion
	blocks    dispersion
	block     Counts
	inBlock   int
	completed [2]Counts
}

const (
	caution        = 0.5 // standard errors
	blockMinutes   = 5
	maxCorrelation = 0.5

	shortHistory   = 120 // minutes of the baseline with traffic
	unseenVariance = 2.0
	forgotten      = 25 // minutes beyond a short history, in which the guard against the unseen falls to a third
)

func (s *bursts) absorb(c Counts) {
	if c.N > 0 {
		s.minutes++
	}
	s.single.pair(s.last, c)
	s.last = c
	s.block.add(c)
	if s.inBlock++; s.inBlock < blockMinutes {
		return
	}
	s.blocks.pair(s.completed[0], s.block)
	s.completed[0], s.completed[1] = s.completed[1], s.block
	s.block, s.inBlock = Counts{}, 0
}

// correlation is the larger of both estimates, and never little while little is known: neither of clumps within
// minutes, nor of episodes, which come once in an hour or two and which a short history may have missed. Those are
// guarded against as if the failure rate varied by unseenVariance times its square.
func (s *bursts) correlation(rate float64) float64 {
	unknown := 0.01 * math.Exp(-s.single.pairs/15-s.minutes/45)
	unseen := unseenVariance * rate / (1 - rate) * math.Exp(-max(s.minutes-shortHistory, 0)/forgotten)
	return min(max(s.single.correlation(), blockMinutes*s.blocks.correlation(), unknown, unseen), maxCorrelation)
}
