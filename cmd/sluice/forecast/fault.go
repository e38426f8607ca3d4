package forecast

import (
	"fmt"
	"strconv"
	"strings"

	"sluice/shared/spec"
)

// Fault is how a candidate differs from the baseline: while it is active the candidate
// fails Factor x as often, and Extra of all requests beyond that, and its latencies are
// Slow x as long.
type Fault struct {
	Name   string
	Factor float64
	Extra  float64 // share of requests
	Slow   float64 // 0 is 1
	From   int     // the minute of the rollout in which it begins
	Above  float64 // the weight, percent, above which it shows
}

// Healthy is a candidate that behaves as the baseline does.
var Healthy = Fault{Name: "healthy", Factor: 1}

// lateFrom is when the fault that begins late does.
const lateFrom = 10

// Faults are the candidates that are worth asking about for any plan.
func Faults(rules Rules) []Fault {
	all := []Fault{
		Healthy,
		{Name: "+50% failures", Factor: 1.5},
		{Name: "+0.5 points", Factor: 1, Extra: 0.005},
		{Name: "+2 points", Factor: 1, Extra: 0.02},
		{Name: "+10 points", Factor: 1, Extra: 0.1},
		{Name: "always failing", Factor: 1, Extra: 1},
		{Name: fmt.Sprintf("+2 points from minute %d", lateFrom), Factor: 1, Extra: 0.02, From: lateFrom},
		{Name: "+2 points above half load", Factor: 1, Extra: 0.02, Above: 50},
	}
	if rules.Percentile > 0 {
		all = append(all, Fault{Name: "50% slower", Factor: 1, Slow: 1.5})
	}
	return all
}

// Failing is a candidate that fails at this rate, beside a baseline at that.
func Failing(rate, baseline float64) Fault {
	f := Fault{Name: "failing " + spec.Percent(rate).String()}
	if f.Extra = rate; baseline > 0 {
		f.Factor, f.Extra = rate/baseline, 0 // and so it jumps where the baseline's does
	}
	return f
}

// active reports whether the fault shows in minute t at this weight.
func (f Fault) active(t int, weight float64) bool {
	return t >= f.From && weight > f.Above
}

// rate is the candidate's failure rate where the baseline's would be this.
func (f Fault) rate(baseline float64) float64 {
	return min(f.Factor*baseline+f.Extra, 1)
}

// Within reports whether the candidate is no worse than the rules tolerate.
func (f Fault) Within(rules Rules, baseline float64) bool {
	slow := len(rules.Config.Metrics) > 1 && f.Slow > 1+rules.Config.Metrics[1].Relative
	return !slow && f.rate(baseline) <= rules.Tolerated(baseline)*(1+1e-12)
}

// ParseRate reads a failure rate such as 1% or 0.25%.
func ParseRate(text string) (float64, error) {
	p, err := spec.ParsePercent(strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%q is not a rate: write a percentage, such as 0.1%%", text)
	}
	if p > 1 {
		return 0, fmt.Errorf("%s is more than all requests: write at most 100%%", strconv.Quote(text))
	}
	return p.Fraction(), nil
}
