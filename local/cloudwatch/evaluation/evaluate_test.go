package evaluation

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/cloudwatch/metric"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// look evaluates a drawing of the evaluation range, oldest first: 0 is a good
// datapoint, X a breaching one, - a missing one. It answers with the state's first
// letter, or "=" where the alarm keeps its state.
func look(r Rule, drawing string) (string, Result) {
	r.Operator, r.Period = "GreaterThanThreshold", time.Minute
	var times []time.Time
	var points []metric.Point
	for i, c := range strings.Fields(drawing) {
		at := noon.Add(time.Duration(i) * time.Minute)
		times = append(times, at)
		if c != "-" {
			points = append(points, metric.Point{At: at, Value: map[string]float64{"0": 0, "X": 5}[c]})
		}
	}
	res := r.Evaluate(times, points, noon.Add(time.Hour))
	if res.State == "" {
		return "=", res
	}
	return res.State[:1], res
}

// The drawings are those of the CloudWatch user guide, of both its editions.
func TestMissingData(t *testing.T) {
	tests := []struct {
		toAlarm int
		drawing string
		want    string // missing, ignore, breaching, notBreaching
	}{
		{3, "0 - X - X", "O O O O"},
		{3, "0 - - - -", "O O O O"},
		{3, "- - - - 0", "O O O O"},
		{3, "- - - - -", "I = A O"},
		{3, "0 X X - X", "A A A A"},
		{3, "- - - - X", "I = A O"},
		{3, "- - - X -", "I = A O"},
		{3, "- - X - -", "A = A O"},
		{3, "X - - - -", "A = A O"},
		{3, "0 0 X X X", "A A A A"},
		{3, "X X X 0 X", "O O O O"},
		{2, "0 - X - X", "A A A A"},
		{2, "0 0 X 0 X", "A A A A"},
		{2, "0 - X - -", "O O A O"},
		{2, "- - - - 0", "O O A O"},
		{2, "- - - - X", "I = A O"},
		{2, "- - - X -", "A = A O"},
		{2, "- - X X -", "A A A A"},
		{2, "X 0 0 X 0", "O O O O"},
		{1, "- - - - X", "A A A A"},
		{1, "- - - - -", "I = A O"},
	}
	for _, tt := range tests {
		var got []string
		for _, treat := range []string{Missing, Ignore, Breaching, NotBreaching} {
			state, _ := look(Rule{Periods: 3, ToAlarm: tt.toAlarm, Treat: treat}, tt.drawing)
			got = append(got, state)
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%d of 3, %s (-want +got):\n%s", tt.toAlarm, tt.drawing, diff)
		}
	}
}

func TestReasons(t *testing.T) {
	tests := []struct {
		name    string
		rule    Rule
		drawing string
		want    string
	}{
		{"one of one", Rule{Periods: 1, ToAlarm: 1, Threshold: 0.01}, "0 0 X",
			"Threshold Crossed: 1 out of the last 1 datapoints [5.0 (02/03/26 12:02:00)] was greater than the threshold (0.01) (minimum 1 datapoint for OK -> ALARM transition)."},
		{"back to OK", Rule{Periods: 1, ToAlarm: 1, Threshold: 0.01}, "0 X 0",
			"Threshold Crossed: 1 out of the last 1 datapoints [0.0 (02/03/26 12:02:00)] was not greater than the threshold (0.01) (minimum 1 datapoint for ALARM -> OK transition)."},
		{"newest first", Rule{Periods: 3, ToAlarm: 2}, "0 0 X 0 X",
			"Threshold Crossed: 2 out of the last 3 datapoints [5.0 (02/03/26 12:04:00), 5.0 (02/03/26 12:02:00)] were greater than the threshold (0.0) (minimum 2 datapoints for OK -> ALARM transition)."},
		{"without M", Rule{Periods: 2}, "0 0 X X",
			"Threshold Crossed: 2 datapoints [5.0 (02/03/26 12:03:00), 5.0 (02/03/26 12:02:00)] were greater than the threshold (0.0)."},
		{"filled in", Rule{Periods: 20, ToAlarm: 1, Treat: NotBreaching, Threshold: 1}, strings.Repeat("- ", 21) + "X",
			"Threshold Crossed: 1 out of the last 20 datapoints [5.0 (02/03/26 12:21:00)] was greater than the threshold (1.0) and 19 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM transition)."},
		{"nothing came", Rule{Periods: 2, Treat: Breaching}, "- - - -",
			"Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."},
		{"a good one came", Rule{Periods: 3, ToAlarm: 2, Treat: Breaching}, "- - - - 0",
			"Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching]."},
		{"unknown", Rule{Periods: 1}, "- - -", "Insufficient Data: 1 datapoint was unknown."},
		{"many", Rule{Periods: 5, ToAlarm: 5}, "0 0 X X X X X",
			"Threshold Crossed: 5 out of the last 5 datapoints were greater than the threshold (0.0). The most recent datapoints which crossed the threshold: [5.0 (02/03/26 12:06:00), 5.0 (02/03/26 12:05:00), 5.0 (02/03/26 12:04:00), 5.0 (02/03/26 12:03:00), 5.0 (02/03/26 12:02:00)] (minimum 5 datapoints for OK -> ALARM transition)."},
	}
	for _, tt := range tests {
		_, res := look(tt.rule, tt.drawing)
		if diff := cmp.Diff(tt.want, res.Reason); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestReasonData(t *testing.T) {
	_, res := look(Rule{Periods: 2, ToAlarm: 1, Threshold: 1e-4, Statistic: "Average"}, "0 0 0 X")
	want := `{"version":"1.0","queryDate":"2026-03-02T13:00:00.000+0000","startDate":"2026-03-02T12:02:00.000+0000","statistic":"Average","period":60,"recentDatapoints":[0.0,5.0],"threshold":1.0E-4}`
	if diff := cmp.Diff(want, res.ReasonData); diff != "" {
		t.Errorf("reason data (-want +got):\n%s", diff)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0", 1: "1.0", -4.5: "-4.5", 0.001: "0.001", 9999999: "9999999.0", 1e7: "1.0E7", 12345678.5: "1.23456785E7", 5e-4: "5.0E-4", 1e-10: "1.0E-10", 1e20: "1.0E20"} {
		if got := Number(v); got != want {
			t.Errorf("Number(%g) = %s, want %s", v, got, want)
		}
	}
}

func TestOperators(t *testing.T) {
	want := map[string]string{"GreaterThanThreshold": "001", "GreaterThanOrEqualToThreshold": "011", "LessThanThreshold": "100", "LessThanOrEqualToThreshold": "110"}
	for op, bits := range want {
		got := ""
		for _, v := range []float64{1, 2, 3} {
			got += map[bool]string{true: "1", false: "0"}[Rule{Operator: op, Threshold: 2}.Breaches(v)]
		}
		if got != bits {
			t.Errorf("%s: %s, want %s", op, got, bits)
		}
	}
}
