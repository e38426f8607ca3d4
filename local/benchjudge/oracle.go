package benchjudge

import (
	"math"

	"sluice/shared/judge"
)

// allKnowing is the yardstick: it knows everything but the dice. It knows how the environment fails, what the fault
// does and when it begins, and tests what it did against the most that is tolerated, by the likelihood ratio with
// the threshold 1/alpha.
type allKnowing struct {
	environment environment
	fault       fault
	limits      Tolerance
	evidence    float64
}

func (a *allKnowing) look(minute, _ int, s served) judge.Action {
	if minute >= a.fault.from {
		tolerated := fault{factor: 1 + a.limits.Relative, extra: a.limits.Absolute}
		if a.fault.factor*a.environment.base+a.fault.extra > tolerated.factor*a.environment.base+tolerated.extra {
			a.evidence += a.law(a.fault).logChance(s.candidate) - a.law(tolerated).logChance(s.candidate)
		}
	}
	if a.evidence >= -math.Log(a.limits.Alpha) {
		return judge.RollBack
	}
	return judge.Continue
}

// law is how failures of one minute are distributed: the mean rate, and the variance of the rate itself.
type law struct{ mean, variance float64 }

func (a *allKnowing) law(f fault) law {
	l := law{mean: min(f.factor*a.environment.base+f.extra, 1)}
	if a.environment.shape == bursty && !f.failing() {
		l.mean = min(l.mean, worstRate)
		deviation := f.factor * a.environment.base
		l.variance = deviation * deviation / jumpShape
	}
	return l
}

// logChance is the log likelihood of the counts, binomial or beta-binomial, but for what any two laws share.
func (l law) logChance(c counts) float64 {
	bad, good := float64(c.bad), float64(c.n-c.bad)
	if l.mean*(1-l.mean) <= l.variance || l.variance == 0 {
		sum := 0.0
		if bad > 0 {
			sum += bad * math.Log(l.mean)
		}
		if good > 0 {
			sum += good * math.Log1p(-l.mean)
		}
		return max(sum, -1e9)
	}
	size := l.mean*(1-l.mean)/l.variance - 1
	a, b := l.mean*size, (1-l.mean)*size
	return logBeta(a+bad, b+good) - logBeta(a, b)
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}
