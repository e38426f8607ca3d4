package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/gate"
	"sluice/shared/spec"
)

func report(t *testing.T, text string) gate.Report {
	t.Helper()
	if text == "" {
		return nil
	}
	r, err := gate.ReadReport([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(f float64) *float64 { return &f }

func TestJudge(t *testing.T) {
	const auc = "binary_classification_metrics.auc.value"
	aucOf := func(number string) string {
		return `{"binary_classification_metrics":{"auc":{"value":` + number + `}}}`
	}
	tests := []struct {
		name             string
		conditions       []spec.Condition
		report, champion string
		passed           bool
		lines            []string
	}{
		{"no conditions", nil, "", "", true, nil},
		{"min met", []spec.Condition{{Metric: auc, Min: at(0.8)}}, aucOf("0.8"), "", true, []string{auc + " 0.8, at least 0.8 wanted"}},
		{"min missed by a hair, and seen to be", []spec.Condition{{Metric: auc, Min: at(0.8)}}, aucOf("0.799999"), "", false, []string{"NOT MET: " + auc + " 0.799999, at least 0.8 wanted"}},
		{"max met", []spec.Condition{{Metric: "loss", Max: at(2)}}, `{"loss":2}`, "", true, []string{"loss 2, at most 2 wanted"}},
		{"max missed", []spec.Condition{{Metric: "loss", Max: at(2)}}, `{"loss":2.5}`, "", false, []string{"NOT MET: loss 2.5, at most 2 wanted"}},
		{"a range", []spec.Condition{{Metric: "n", Min: at(1), Max: at(3)}}, `{"n":4}`, "", false, []string{"n 4, at least 1 wanted", "NOT MET: n 4, at most 3 wanted"}},
		{"drop met, in decimals that binary fractions miss", []spec.Condition{{Metric: "auc", MaxDrop: at(0.1)}}, `{"auc":0.7}`, `{"auc":0.8}`, true, []string{"auc 0.7, champion has 0.8 and may be undercut by 0.1"}},
		{"drop too large", []spec.Condition{{Metric: "auc", MaxDrop: at(0.1)}}, `{"auc":0.69}`, `{"auc":0.8}`, false, []string{"NOT MET: auc 0.69, champion has 0.8 and may be undercut by 0.1"}},
		{"better than the champion", []spec.Condition{{Metric: "auc", MaxDrop: at(0)}}, `{"auc":0.9}`, `{"auc":0.8}`, true, []string{"auc 0.9, champion has 0.8 and may be undercut by 0"}},
		{"rise met", []spec.Condition{{Metric: "mse", MaxRise: at(0.3)}}, `{"mse":0.3}`, `{"mse":0}`, true, []string{"mse 0.3, champion has 0 and may be exceeded by 0.3"}},
		{"rise too large", []spec.Condition{{Metric: "mse", MaxRise: at(0.3)}}, `{"mse":0.31}`, `{"mse":0}`, false, []string{"NOT MET: mse 0.31, champion has 0 and may be exceeded by 0.3"}},
		{"no champion", []spec.Condition{{Metric: "auc", Min: at(0.5), MaxDrop: at(0)}}, `{"auc":0.9}`, "", true, []string{"auc 0.9, at least 0.5 wanted", "auc has no champion to compare with"}},
		{"a champion without the metric", []spec.Condition{{Metric: "auc", MaxDrop: at(0)}}, `{"auc":0.9}`, `{"f1":1}`, true, []string{"auc has no champion to compare with"}},
		{"no report", []spec.Condition{{Metric: "auc", Min: at(0.5)}}, "", `{"auc":0.1}`, false, []string{"NOT MET: auc is not a number in the evaluation report"}},
		{"no such metric", []spec.Condition{{Metric: "a.b", Min: at(0)}}, `{"a":{"c":1}}`, "", false, []string{"NOT MET: a.b is not a number in the evaluation report"}},
		{"a path through a number", []spec.Condition{{Metric: "a.b.c", Min: at(0)}}, `{"a":{"b":1}}`, "", false, []string{"NOT MET: a.b.c is not a number in the evaluation report"}},
		{"a path that ends early", []spec.Condition{{Metric: "a", Min: at(0)}}, `{"a":{"b":1}}`, "", false, []string{"NOT MET: a is not a number in the evaluation report"}},
		{"text", []spec.Condition{{Metric: "a", Min: at(0)}}, `{"a":"0.9"}`, "", false, []string{"NOT MET: a is not a number in the evaluation report"}},
		{"null", []spec.Condition{{Metric: "a", Min: at(0)}}, `{"a":null}`, "", false, []string{"NOT MET: a is not a number in the evaluation report"}},
		{"one of two", []spec.Condition{{Metric: "a", Min: at(1)}, {Metric: "b", Min: at(1)}}, `{"a":0,"b":1}`, "", false, []string{"NOT MET: a 0, at least 1 wanted", "b 1, at least 1 wanted"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := gate.Judge(tt.conditions, report(t, tt.report), report(t, tt.champion))
			if diff := cmp.Diff(gate.Decision{Passed: tt.passed, Lines: tt.lines}, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecisionInWords(t *testing.T) {
	tests := []struct {
		decision gate.Decision
		want     string
	}{
		{gate.Decision{Passed: true}, "gate passed: no conditions"},
		{gate.Decision{Passed: true, Lines: []string{"a", "b"}}, "gate passed: a; b"},
		{gate.Decision{Lines: []string{"NOT MET: a"}}, "gate failed: NOT MET: a"},
	}
	for _, tt := range tests {
		if got := tt.decision.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestReadReport(t *testing.T) {
	for _, text := range []string{"", "[]", "1", `{"a":1e999}`, `{"a":NaN}`, `{"a":1`} {
		if _, err := gate.ReadReport([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "reading the evaluation report: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzReport: no report makes reading or judging panic, and what is no number in it
// never passes.
func FuzzReport(f *testing.F) {
	for _, text := range []string{`{"a":{"b":1}}`, `{"a":{"b":"1"}}`, `{"a":[1]}`, `null`, `{"a":{"b":-0.0}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := gate.ReadReport(raw)
		if err != nil {
			return
		}
		some := gate.Judge([]spec.Condition{{Metric: "a.b", Min: at(-1e308), Max: at(1e308)}}, r, nil)
		nothing := gate.Judge([]spec.Condition{{Metric: "a.b"}}, r, nil)
		if some.Passed && !nothing.Passed {
			t.Fatalf("%v is a number and is none", r)
		}
		if own := gate.Judge([]spec.Condition{{Metric: "a.b", MaxDrop: at(0), MaxRise: at(0)}}, r, r); own.Passed != nothing.Passed {
			t.Fatalf("%v is worse than itself", r)
		}
	})
}
