// Package alarm says what a CloudWatch alarm can do for a rollout: whether it can
// ring at all, how bad things must be and for how long, and whether it sees the
// candidate.
//
// It is pure, and knows the metrics of SageMaker's endpoints only; of any other it
// says that it cannot tell. It reads no alarm and words no finding: awsmetrics reads
// them, preflight says what they mean for a plan.
package alarm

import "time"

// Alarm is an alarm as CloudWatch describes it.
type Alarm struct {
	Name   string
	State  string // OK, ALARM, INSUFFICIENT_DATA; "" if there is no such alarm
	Reason string // of the state
	// Rule is of a composite alarm; "" for a metric alarm. Children are the alarms
	// that it names, each once, as far as they were read.
	Rule     string
	Children []Alarm
	// Series are the metrics that a metric alarm reads. Expression is the metric math
	// over them, or a Metrics Insights query; "" where it compares its only series.
	// With neither it is an alarm of a kind that is not known here.
	Series     []Series
	Expression string
	Period     time.Duration // of a datapoint
	Periods    int           // evaluation periods
	ToAlarm    int           // datapoints that must breach, of Periods
	Comparison string        // GreaterThanThreshold, ...
	Threshold  *float64      // nil for a band that CloudWatch computes
	Missing    string        // how missing data counts: breaching, notBreaching, ignore, missing
}

// Series is one metric under one statistic.
type Series struct {
	Namespace  string
	Metric     string
	Dimensions map[string]string
	Statistic  string // Average, Sum, p99, ...
}

// Composite reports whether the alarm is made of other alarms.
func (a Alarm) Composite() bool { return a.Rule != "" }

// Leaves are the metric alarms that the alarm is made of, itself if it is one, and
// those that do not exist, each once.
func (a Alarm) Leaves() []Alarm {
	var all []Alarm
	seen := map[string]bool{}
	var walk func(Alarm)
	walk = func(a Alarm) {
		if seen[a.Name] {
			return
		}
		seen[a.Name] = true
		if !a.Composite() {
			all = append(all, a)
		}
		for _, c := range a.Children {
			walk(c)
		}
	}
	walk(a)
	return all
}

// Takes is the least time of bad data after which a metric alarm can ring.
func (a Alarm) Takes() time.Duration {
	n := a.ToAlarm
	if n < 1 {
		n = a.Periods
	}
	return time.Duration(n) * a.Period
}

// Compared is the one series whose values a metric alarm compares. ok is false for
// metric math and for what is not known here.
func (a Alarm) Compared() (s Series, ok bool) {
	if a.Expression == "" {
		if len(a.Series) != 1 {
			return Series{}, false
		}
		return a.Series[0], true
	}
	q, ok := readQuery(a.Expression)
	return q.series, ok
}
