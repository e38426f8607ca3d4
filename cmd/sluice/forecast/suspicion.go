package forecast

import (
	"cmp"
	"math"
	"slices"
	"time"

	"sluice/cmd/sluice/forecast/estimate"
)

const (
	// together is how many minutes apart suspicious minutes still are one spell.
	together = 5
	// mostSpells is how many are told.
	mostSpells = 10
	// mostFactor is where growth of evidence stops to mean anything.
	mostFactor = 1e6
)

// sum adds up all rollouts, by start.
func (b *Backtest) sum(all []played) {
	b.Back = make([]float64, b.Starts)
	weights := map[float64]int{}
	var promoted []float64
	back := 0
	for i, p := range all {
		ended, rolled := 0, 0
		for _, e := range p.ends {
			switch e.outcome {
			case CutOff:
				b.CutOff++
				continue
			case Promoted:
				promoted = append(promoted, float64(e.minute))
			case GaveUp:
				b.GaveUp++
				rolled++
			default:
				rolled++
				weights[e.weight]++
			}
			ended++
		}
		b.Rollouts += ended
		back += rolled
		b.Back[i] = math.NaN()
		if ended > 0 {
			b.Back[i] = float64(rolled) / float64(ended)
		}
	}
	b.Apart = max(1, (b.Minutes-leastHistory)/b.Rules.Shortest())
	if b.Rollouts > 0 {
		b.RolledBack = estimate.ChanceOf(float64(back)/float64(b.Rollouts), float64(min(b.Apart, b.Rollouts)))
	} else {
		b.RolledBack = estimate.Chance(0, 0)
	}
	b.Promotion = quantile(promoted, 0.5)
	for _, s := range b.Rules.Plan {
		if n := weights[s.Weight]; n > 0 {
			b.At = append(b.At, AtWeight{s.Weight, float64(n) / float64(back)})
			delete(weights, s.Weight)
		}
	}
	b.Spells = b.spells(all)
}

// spells finds the minutes that spoke against good candidates, the worst first.
func (b *Backtest) spells(all []played) []Spell {
	type sums struct {
		decided, held int
		gain          float64
	}
	by := make([]sums, b.Minutes)
	for _, p := range all { // in the order of starts: sums of floats must not depend on scheduling
		for _, m := range p.verdicts {
			by[m.at].gain += m.gain
			if m.decided {
				by[m.at].decided++
			}
			if m.held {
				by[m.at].held++
			}
		}
	}
	var spells []Spell
	last := math.MinInt / 2
	for at, s := range by {
		gain := s.gain / float64(b.covering(at))
		if s.decided == 0 && s.held == 0 && gain < telling {
			continue
		}
		if at-last > together {
			spells = append(spells, Spell{From: b.Start.Add(time.Duration(at) * time.Minute), Usual: b.usual(at)})
		}
		spell := &spells[len(spells)-1]
		spell.RolledBack += s.decided
		spell.Held += s.held
		spell.Factor += gain // a logarithm until all are added
		spell.Minutes = int(b.Start.Add(time.Duration(at+1)*time.Minute).Sub(spell.From) / time.Minute)
		last = at
	}
	for i := range spells {
		spells[i].Factor = math.Exp(min(spells[i].Factor, math.Log(mostFactor)))
		from := int(spells[i].From.Sub(b.Start) / time.Minute)
		for _, m := range b.Each[from : from+spells[i].Minutes] {
			spells[i].Requests += m.Requests
			spells[i].Failed += m.Failed
		}
	}
	slices.SortStableFunc(spells, func(x, y Spell) int {
		return cmp.Or(y.RolledBack-x.RolledBack, cmp.Compare(y.Factor, x.Factor), y.Held-x.Held)
	})
	return spells[:min(len(spells), mostSpells)]
}

// covering is about how many rollouts went through a minute of the record.
func (b *Backtest) covering(at int) int {
	first := max(b.First, at-b.Rules.Shortest()+1)
	last := min(b.First+b.Starts-1, at)
	return max(1, last-first+1) * b.Repeats
}

// usual is the failure rate of the day before a minute.
func (b *Backtest) usual(at int) float64 {
	var bad, n int64
	for _, m := range b.Each[max(0, at-usualMinutes):at] {
		bad, n = bad+m.Failed, n+m.Requests
	}
	return float64(bad) / float64(max(n, 1))
}
