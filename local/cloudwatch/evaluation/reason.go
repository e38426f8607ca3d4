package evaluation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Layout is how CloudWatch writes a time in events and reason data: not RFC 3339.
// Source: AWS.md A.2.
const Layout = "2006-01-02T15:04:05.000-0700"

// manyPoints is where a reason stops listing datapoints inside its sentence.
const manyPoints = 5

var comparisons = map[string]string{
	"GreaterThanThreshold":          "greater than",
	"GreaterThanOrEqualToThreshold": "greater than or equal to",
	"LessThanThreshold":             "less than",
	"LessThanOrEqualToThreshold":    "less than or equal to",
}

// reason words the state. The texts are those of recorded events (AWS.md A.2).
func (e evidence) reason(state string) string {
	if state == Insufficient {
		return fmt.Sprintf("Insufficient Data: %s unknown.", were(e.filled, "datapoint"))
	}
	filled := ""
	if e.filled > 0 && (e.rule.Treat == Breaching || e.rule.Treat == NotBreaching) {
		as := map[string]string{Breaching: "Breaching", NotBreaching: "NonBreaching"}[e.rule.Treat]
		filled = fmt.Sprintf(" and %s treated as [%s]", were(e.filled, "missing datapoint"), as)
	}
	var crossing []string // newest first
	for _, p := range e.points {
		if e.rule.Breaches(p.Value) == (state == Alarm) {
			crossing = append([]string{fmt.Sprintf("%s (%s)", Number(p.Value), p.At.UTC().Format("02/01/06 15:04:05"))}, crossing...)
		}
	}
	switch {
	case len(e.points) == 0:
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s%s.", count(e.rule.Periods, "period"), filled)
	case len(crossing) == 0:
		return fmt.Sprintf("Threshold Crossed: %s received for %s%s.", were(len(e.points), "datapoint"), count(e.rule.Periods, "period"), filled)
	}
	return "Threshold Crossed: " + e.crossed(state, crossing, filled) + "."
}

func (e evidence) crossed(state string, crossing []string, filled string) string {
	n := len(crossing)
	verb, not := "was", ""
	if n > 1 {
		verb = "were"
	}
	if state == OK {
		not = "not "
	}
	subject := count(n, "datapoint")
	tail := ""
	if e.rule.ToAlarm > 0 {
		subject = fmt.Sprintf("%d out of the last %d datapoints", n, e.rule.Periods)
		least, change := e.rule.ToAlarm, "OK -> ALARM"
		if state == OK {
			least, change = e.rule.Periods-e.rule.ToAlarm+1, "ALARM -> OK"
		}
		tail = fmt.Sprintf(" (minimum %s for %s transition)", count(least, "datapoint"), change)
	}
	relation := fmt.Sprintf("%s %s%s the threshold (%s)", verb, not, comparisons[e.rule.Operator], Number(e.rule.Threshold))
	if n < manyPoints {
		return fmt.Sprintf("%s [%s] %s%s%s", subject, strings.Join(crossing, ", "), relation, filled, tail)
	}
	return fmt.Sprintf("%s %s%s. The most recent datapoints which crossed the threshold: [%s]%s",
		subject, relation, filled, strings.Join(crossing[:manyPoints], ", "), tail)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func were(n int, what string) string {
	if n == 1 {
		return "1 " + what + " was"
	}
	return count(n, what) + " were"
}

// data is the reason for programs: a JSON object, sent as a string.
func (e evidence) data() string {
	values := make([]json.RawMessage, len(e.points))
	for i, p := range e.points {
		values[i] = json.RawMessage(Number(p.Value))
	}
	d := struct {
		Version   string            `json:"version"`
		QueryDate string            `json:"queryDate"`
		StartDate string            `json:"startDate,omitempty"`
		Statistic string            `json:"statistic,omitempty"`
		Period    int               `json:"period"`
		Recent    []json.RawMessage `json:"recentDatapoints"`
		Threshold json.RawMessage   `json:"threshold"`
	}{"1.0", Stamp(e.now), "", e.rule.Statistic, int(e.rule.Period / time.Second), values, json.RawMessage(Number(e.rule.Threshold))}
	if len(e.points) > 0 {
		d.StartDate = Stamp(e.points[0].At)
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("evaluation: a number of the reason data is no JSON: %v", err))
	}
	return string(b)
}

// Stamp writes t as CloudWatch writes times in events.
func Stamp(t time.Time) string { return t.UTC().Format(Layout) }

// Number writes v with a decimal point always, and with an exponent outside
// 0.001..10,000,000: the form in which CloudWatch's reasons show numbers.
func Number(v float64) string {
	if a := max(v, -v); a != 0 && (a < 1e-3 || a >= 1e7) {
		s := strconv.FormatFloat(v, 'E', -1, 64)
		mantissa, exponent, _ := strings.Cut(s, "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		sign := ""
		if exponent[0] == '-' {
			sign = "-"
		}
		return mantissa + "E" + sign + strings.TrimLeft(exponent[1:], "0")
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
