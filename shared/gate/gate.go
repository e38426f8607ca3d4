// Package gate decides whether a model package is good enough, from the numbers of
// its evaluation report and of the champion's.
//
// It is pure: it reads no file and approves nothing; training does.
package gate

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"sluice/shared/spec"
)

// Report is an evaluation report as the pipeline wrote it: nested JSON objects with
// numbers at their ends.
type Report map[string]any

// ReadReport reads a report's JSON.
func ReadReport(raw []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("reading the evaluation report: %w", err)
	}
	return r, nil
}

// number finds the value at a path of names joined by dots.
func (r Report) number(path string) (float64, bool) {
	var at any = map[string]any(r)
	for name := range strings.SplitSeq(path, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return 0, false
		}
		at = m[name]
	}
	f, ok := at.(float64)
	return f, ok && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// Decision is whether a package passed, and why, one line a condition.
type Decision struct {
	Passed bool     `json:"passed"`
	Lines  []string `json:"lines"`
}

// String is the decision in one line.
func (d Decision) String() string {
	word := "gate failed"
	if d.Passed {
		word = "gate passed"
	}
	if len(d.Lines) == 0 {
		return word + ": no conditions"
	}
	return word + ": " + strings.Join(d.Lines, "; ")
}

// Judge holds report against conditions. champion is nil if there is none, or if it
// has no report: comparisons with it then hold, and the lines say so. A metric that
// the report lacks fails.
func Judge(conditions []spec.Condition, report, champion Report) Decision {
	d := Decision{Passed: true}
	for _, c := range conditions {
		value, ok := report.number(c.Metric)
		if !ok {
			d.fail("%s is not a number in the evaluation report", c.Metric)
			continue
		}
		d.absolute(c, value)
		if c.MaxDrop == nil && c.MaxRise == nil {
			continue
		}
		best, ok := champion.number(c.Metric)
		if !ok {
			d.Lines = append(d.Lines, fmt.Sprintf("%s has no champion to compare with", c.Metric))
			continue
		}
		d.against(c, value, best)
	}
	return d
}

func (d *Decision) absolute(c spec.Condition, value float64) {
	if c.Min != nil {
		d.check(value >= *c.Min, "%s %v, at least %v wanted", c.Metric, value, *c.Min)
	}
	if c.Max != nil {
		d.check(value <= *c.Max, "%s %v, at most %v wanted", c.Metric, value, *c.Max)
	}
}

// slack forgives what binary fractions add to a difference of decimal ones.
const slack = 1e-9

func (d *Decision) against(c spec.Condition, value, champion float64) {
	if c.MaxDrop != nil {
		d.check(champion-value <= *c.MaxDrop+slack, "%s %v, champion has %v and may be undercut by %v", c.Metric, value, champion, *c.MaxDrop)
	}
	if c.MaxRise != nil {
		d.check(value-champion <= *c.MaxRise+slack, "%s %v, champion has %v and may be exceeded by %v", c.Metric, value, champion, *c.MaxRise)
	}
}

func (d *Decision) check(ok bool, format string, args ...any) {
	if !ok {
		d.fail(format, args...)
		return
	}
	d.Lines = append(d.Lines, fmt.Sprintf(format, args...))
}

func (d *Decision) fail(format string, args ...any) {
	d.Passed = false
	d.Lines = append(d.Lines, "NOT MET: "+fmt.Sprintf(format, args...))
}
