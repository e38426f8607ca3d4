package benchjudge

import (
	"math"
	"slices"
)

// rule is a peer's way to judge, reduced to a number a minute: the larger, the worse the candidate looks. It rolls
// back when the number passes a threshold, and the threshold is tuned to as many false rollbacks as the judge's own,
// for each environment and plan by itself: nobody could tune so well in life.
type rule struct {
	name  string
	begin func() statistic
}

// statistic is the number after one minute more; full says that the baseline has no traffic any more.
type statistic func(s served, full bool) float64

// nothing is a statistic that passes no threshold.
var nothing = math.Inf(-1)

var tunedRules = []rule{
	{"alarm 1 of 1", func() statistic { return alarm(1, 1, 1, false) }},
	{"alarm 2 of 2", func() statistic { return alarm(2, 2, 1, false) }},
	{"alarm 3 of 3", func() statistic { return alarm(3, 3, 1, false) }},
	{"alarm 3 of 5", func() statistic { return alarm(3, 5, 1, false) }},
	{"alarm 5 min", func() statistic { return alarm(1, 1, 5, false) }},
	{"pooled alarm 1 of 1", func() statistic { return alarm(1, 1, 1, true) }},
	{"pooled alarm 2 of 2", func() statistic { return alarm(2, 2, 1, true) }},
	{"pooled alarm 5 min", func() statistic { return alarm(1, 1, 5, true) }},
	{"5 failed checks (Flagger)", func() statistic { return failedChecks(5, 1) }},
	{"4 failed 5-min checks (Argo)", func() statistic { return failedChecks(4, 5) }},
	{"Mann-Whitney (Kayenta)", mannWhitney},
	{"Pocock z", pocock},
}

// ratio is the share of bad ones, or nothing without requests.
func (c counts) ratio() float64 {
	if c.n == 0 {
		return nothing
	}
	return float64(c.bad) / float64(c.n)
}

func (c counts) plus(d counts) counts { return counts{c.n + d.n, c.bad + d.bad} }

// window sums the last minutes of a series.
type window struct {
	minutes []counts
	most    int
}

func (w *window) sum(c counts) counts {
	w.minutes = append(w.minutes, c)
	if len(w.minutes) > w.most {
		w.minutes = w.minutes[1:]
	}
	var total counts
	for _, m := range w.minutes {
		total = total.plus(m)
	}
	return total
}

// alarm is CloudWatch's M of N on a rate over so many minutes: the M-th largest of the last N. Pooled over both
// variants it is what SageMaker's EndpointName and VariantName metrics show.
func alarm(m, n, minutes int, pooled bool) statistic {
	w := window{most: minutes}
	var last []float64
	return func(s served, _ bool) float64 {
		c := s.candidate
		if pooled {
			c = c.plus(s.baseline)
		}
		last = append(last, w.sum(c).ratio())
		if len(last) > n {
			last = last[1:]
		}
		if len(last) < m {
			return nothing
		}
		sorted := slices.Sorted(slices.Values(last))
		return sorted[len(sorted)-m]
	}
}

// failedChecks counts checks of the candidate's rate that failed, each over so many minutes: the k-th largest so far.
func failedChecks(k, minutes int) statistic {
	w := window{most: minutes}
	var largest []float64 // the k largest, descending
	t := 0
	return func(s served, _ bool) float64 {
		t++
		sum := w.sum(s.candidate)
		if t%minutes == 0 {
			at, _ := slices.BinarySearchFunc(largest, sum.ratio(), func(a, b float64) int {
				if a > b {
					return -1
				}
				return 1
			})
			largest = slices.Insert(largest, at, sum.ratio())
			largest = largest[:min(len(largest), k)]
		}
		if len(largest) < k {
			return nothing
		}
		return largest[k-1]
	}
}

// mannWhitney is the rank test's z over the minutes' rates since the rollout began. At full weight the baseline's
// minutes so far stand in for the missing ones.
func mannWhitney() statistic {
	var baseline, candidate []float64
	wins := 0.0
	beats := func(c, b float64) float64 {
		switch {
		case c > b:
			return 1
		case c == b:
			return 0.5
		}
		return 0
	}
	return func(s served, _ bool) float64 {
		if s.baseline.n > 0 {
			baseline = append(baseline, s.baseline.ratio())
			for _, c := range candidate {
				wins += beats(c, s.baseline.ratio())
			}
		}
		if s.candidate.n > 0 {
			candidate = append(candidate, s.candidate.ratio())
			for _, b := range baseline {
				wins += beats(s.candidate.ratio(), b)
			}
		}
		nb, nc := float64(len(baseline)), float64(len(candidate))
		if nb < 3 || nc < 3 {
			return nothing
		}
		return (wins - nb*nc/2) / math.Sqrt(nb*nc*(nb+nc+1)/12)
	}
}

// pocock is the two-proportion z over all requests since the rollout began, with the same threshold at every look.
func pocock() statistic {
	var b, c counts
	return func(s served, _ bool) float64 {
		b, c = b.plus(s.baseline), c.plus(s.candidate)
		if b.n == 0 || c.n == 0 {
			return nothing
		}
		pooled := b.plus(c).ratio()
		variance := pooled * (1 - pooled) * (1/float64(b.n) + 1/float64(c.n))
		if variance == 0 {
			return 0
		}
		return (c.ratio() - b.ratio()) / math.Sqrt(variance)
	}
}
