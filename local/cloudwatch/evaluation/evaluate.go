// Package evaluation decides the state of a metric alarm from the datapoints of
// its evaluation range, and words the reason as CloudWatch does.
//
// It decides M out of N, what a missing datapoint counts as, and when older
// datapoints stand in for missing ones. It fetches nothing and keeps no state.
// Its caller is local/cloudwatch.
package evaluation

import (
	"slices"
	"time"

	"sluice/local/cloudwatch/metric"
)

// The states of an alarm.
const (
	OK           = "OK"
	Alarm        = "ALARM"
	Insufficient = "INSUFFICIENT_DATA"
)

// The treatments of missing data. Missing is the default.
const (
	Missing      = "missing"
	Ignore       = "ignore"
	Breaching    = "breaching"
	NotBreaching = "notBreaching"
)

// Extra is how many periods older than the evaluation periods are looked at. The
// documentation says that there are some, and shows two in its examples.
const Extra = 2

// Rule is what an alarm asks of its datapoints.
type Rule struct {
	Periods   int // N: how many datapoints are evaluated
	ToAlarm   int // M: how many must breach; 0 for all
	Operator  string
	Threshold float64
	Treat     string // of missing data; "" for missing
	Statistic string // for the reason data; "" for metric math
	Period    time.Duration
}

func (r Rule) needed() int {
	if r.ToAlarm == 0 {
		return r.Periods
	}
	return r.ToAlarm
}

// Breaches reports whether one number crosses the threshold.
func (r Rule) Breaches(v float64) bool {
	switch r.Operator {
	case "GreaterThanThreshold":
		return v > r.Threshold
	case "GreaterThanOrEqualToThreshold":
		return v >= r.Threshold
	case "LessThanThreshold":
		return v < r.Threshold
	}
	return v <= r.Threshold
}

// Result is one evaluation. State is "" where the alarm keeps the state it has.
type Result struct {
	State      string
	Reason     string
	ReasonData string
}

// Evaluate looks at the periods that start at times, oldest first, of which points
// has those that are not missing. There are Periods + Extra times. now is when it
// looks.
//
// Real datapoints come before the treatment of missing ones: with enough of them in
// the whole range, the newest Periods decide and nothing is filled in.
// Source: CloudWatch user guide, "How alarm state is evaluated when data is missing".
func (r Rule) Evaluate(times []time.Time, points []metric.Point, now time.Time) Result {
	if len(points) > r.Periods {
		points = points[len(points)-r.Periods:]
	}
	e := evidence{rule: r, points: points, filled: r.Periods - len(points), now: now}
	for _, p := range points {
		if r.Breaches(p.Value) {
			e.breaching++
		}
	}
	state := e.state(times)
	if state == "" {
		return Result{}
	}
	return Result{state, e.reason(state), e.data()}
}

// evidence is the datapoints that one evaluation rests on.
type evidence struct {
	rule      Rule
	points    []metric.Point // real, oldest first, at most Periods
	filled    int            // missing ones that take part
	breaching int            // of points
	now       time.Time
}

func (e evidence) state(times []time.Time) string {
	need, good := e.rule.needed(), len(e.points)-e.breaching
	if e.filled > 0 && e.rule.Treat == Breaching {
		return pick(e.breaching+e.filled >= need)
	}
	if e.filled == 0 || e.rule.Treat == NotBreaching || e.breaching >= need || good > 0 {
		return pick(e.breaching >= need)
	}
	// Too few datapoints, and none of them good.
	if e.rule.Treat == Ignore {
		return ""
	}
	if e.breaching > 0 && age(times, e.points) >= need {
		return Alarm // everything known since then breaches
	}
	return Insufficient
}

// age is how many periods ago the oldest point was, the newest period being 1.
func age(times []time.Time, points []metric.Point) int {
	oldest := slices.MinFunc(points, func(a, b metric.Point) int { return a.At.Compare(b.At) })
	return len(times) - slices.IndexFunc(times, oldest.At.Equal)
}

func pick(alarm bool) string {
	if alarm {
		return Alarm
	}
	return OK
}
