package metric

import (
	"fmt"
	"regexp"
	"strconv"
)

// Statistic is one way to make a number of a Distribution. It is made by
// ParseStatistic.
type Statistic struct {
	Name string // as CloudWatch spells it, such as "Sum" or "p99"
	of   func(*Distribution) (float64, bool)
}

// Of is the statistic of d. It reports false where d has none.
func (s Statistic) Of(d *Distribution) (float64, bool) {
	if d.Count == 0 {
		return 0, false
	}
	return s.of(d)
}

// Basic reports whether s is one of the five plain statistics.
func (s Statistic) Basic() bool { _, ok := basic[s.Name]; return ok }

var basic = map[string]func(*Distribution) (float64, bool){
	"SampleCount": func(d *Distribution) (float64, bool) { return d.Count, true },
	"Sum":         func(d *Distribution) (float64, bool) { return d.Sum, true },
	"Average":     func(d *Distribution) (float64, bool) { return d.Sum / d.Count, true },
	"Minimum":     func(d *Distribution) (float64, bool) { return d.Min, true },
	"Maximum":     func(d *Distribution) (float64, bool) { return d.Max, true },
}

var (
	percent = regexp.MustCompile(`^(p|tm)(\d{1,2}(?:\.\d{1,10})?|100)$`)
	refused = regexp.MustCompile(`^(?:(?:tc|ts|wm)\d{1,2}(?:\.\d{1,10})?|IQM|(?:PR|TC|TM|TS|WM)\(.*\))$`)
)

// UnsupportedStatistic names a statistic that CloudWatch has and this store lacks.
type UnsupportedStatistic struct{ Name string }

func (e *UnsupportedStatistic) Error() string {
	return fmt.Sprintf("local CloudWatch does not implement the statistic %s; it has Sum, Average, Minimum, Maximum, SampleCount, pNN and tmNN", e.Name)
}

// ParseStatistic reads a statistic or extended statistic: Sum, Average, Minimum,
// Maximum, SampleCount, pNN, pNN.n, tmNN.
// Errors: *UnsupportedStatistic for those of CloudWatch that are missing here.
// Source: AWS.md C.2.
func ParseStatistic(name string) (Statistic, error) {
	if of, ok := basic[name]; ok {
		return Statistic{name, of}, nil
	}
	if refused.MatchString(name) {
		return Statistic{}, &UnsupportedStatistic{name}
	}
	m := percent.FindStringSubmatch(name)
	if m == nil {
		return Statistic{}, fmt.Errorf("%q is no statistic", name)
	}
	p, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return Statistic{}, fmt.Errorf("statistic %q: %w", name, err)
	}
	if m[1] == "p" {
		return Statistic{name, func(d *Distribution) (float64, bool) { return d.Percentile(p) }}, nil
	}
	return Statistic{name, func(d *Distribution) (float64, bool) { return d.TrimmedMean(p) }}, nil
}
