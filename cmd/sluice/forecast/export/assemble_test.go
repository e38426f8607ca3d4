package export

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var first = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// result is one metric from the first minute on; NaN leaves a minute out.
func result(id, label string, values ...float64) Result {
	r := Result{ID: id, Label: label, Line: 4}
	for i, v := range values {
		if !math.IsNaN(v) {
			r.Points = append(r.Points, Point{At: first.Add(time.Duration(i) * time.Minute), Value: v})
		}
	}
	return r
}

func file(name string, results ...Result) File { return File{Name: name, Results: results} }

var none = math.NaN()

var assembled = map[string]struct {
	baseline  File
	candidate *File
	want      map[Variant][]Minute
	notes     []string
}{
	"by id": {
		baseline: file("b", result("invocations", "", 10, 20), result("errors5xx", "", 1, 2), result("errors4xx", "", 0, 5), result("modelErrors", "", 1, 9), result("latency", "", 40000, 50500)),
		want:     map[Variant][]Minute{Baseline: {{10, 1, 40}, {20, 4, 50.5}}}, // 9 model errors, 5 of them 4XX
	},
	"by label": {
		baseline: file("b", result("m1", "churn-prod AllTraffic Invocations", 10), result("m2", "Invocation5XXErrors", 1), result("m3", "InvocationModelErrors", 2)),
		want:     map[Variant][]Minute{Baseline: {{10, 2, 0}}},
	},
	"by prefix": {
		baseline: file("b", result("baseline_invocations", "", 10), result("baseline_errors5xx", "", 1), result("baseline_model_errors", "", 1),
			result("candidate_invocations", "", 5), result("candidate_errors5xx", "", 2), result("candidate_modelErrors", "", 3)),
		want: map[Variant][]Minute{Baseline: {{10, 1, 0}}, Candidate: {{5, 3, 0}}},
	},
	"by label's prefix": {
		baseline: file("b", result("m1", "baseline Invocations", 10), result("m2", "baseline InvocationModelErrors", 1), result("m3", "baseline Invocation5XXErrors", 1),
			result("m4", "candidate Invocations", 5), result("m5", "candidate Invocation5XXErrors", 2), result("m6", "candidate InvocationModelErrors", 2)),
		want: map[Variant][]Minute{Baseline: {{10, 1, 0}}, Candidate: {{5, 2, 0}}},
	},
	"two files, other times": {
		baseline:  file("b", result("invocations", "", none, 10, 11), result("errors5xx", "", none, 1, 1), result("modelErrors", "", none, 1, 1)),
		candidate: &File{Name: "c", Results: []Result{result("invocations", "", 7), result("errors5xx", "", 2), result("modelErrors", "", 2)}},
		want:      map[Variant][]Minute{Baseline: {{}, {10, 1, 0}, {11, 1, 0}}, Candidate: {{7, 2, 0}, {}, {}}},
	},
	"minutes that lack something": {
		baseline: file("b", result("invocations", "", 10, 10, none, 10), result("errors5xx", "", 1, none, 1, 1), result("modelErrors", "", 1, 1, 1, none)),
		want:     map[Variant][]Minute{Baseline: {{10, 1, 0}, {}, {}, {}}},
	},
	"more failures than requests": {
		baseline: file("b", result("invocations", "", 3), result("errors5xx", "", 5), result("modelErrors", "", 5)),
		want:     map[Variant][]Minute{Baseline: {{3, 3, 0}}},
	},
	"one kind of failure, and a stranger": {
		baseline: file("b", result("invocations", "", 3), result("errors5xx", "", 1), result("cpu", "CPUUtilization", 5)),
		want:     map[Variant][]Minute{Baseline: {{3, 1, 0}}},
		notes:    []string{"b: not used: cpu (CPUUtilization)", "b: no modelErrors of the baseline: only errors5xx count as failed"},
	},
	"incomplete": {
		baseline: File{Name: "b", Incomplete: true, Messages: []string{"Limit: too many"}, Results: []Result{result("invocations", "", 3), result("errors5xx", "", 1), result("modelErrors", "", 1)}},
		want:     map[Variant][]Minute{Baseline: {{3, 1, 0}}},
		notes: []string{
			"b is incomplete: CloudWatch had more to tell (NextToken, or PartialData); export without --max-items, or append the next pages",
			"b: CloudWatch remarked: Limit: too many",
		},
	},
}

func TestAssemble(t *testing.T) {
	for name, tt := range assembled {
		t.Run(name, func(t *testing.T) {
			got, err := Assemble(tt.baseline, tt.candidate)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Record{Start: first, Variants: tt.want, Notes: tt.notes}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAssembleRefuses(t *testing.T) {
	every := func(step time.Duration) Result {
		r := Result{ID: "invocations", Line: 4}
		for i := range 4 {
			r.Points = append(r.Points, Point{At: first.Add(time.Duration(i) * step), Value: 1})
		}
		return r
	}
	errors := result("errors5xx", "", 1)
	for name, tt := range map[string]struct {
		file File
		want string
	}{
		"nothing":           {file("b"), "b: has no results; check the dimensions: CloudWatch answers an endpoint that it does not know with nothing"},
		"strangers":         {file("b", result("m1", "CPUUtilization", 1)), "b: has no result that is known, but m1 (CPUUtilization); give the queries the ids " + Names},
		"the same twice":    {file("b", result("invocations", "", 1), result("m9", "Invocations", 1)), "b:4: results invocations and m9 are the same metric of the baseline; leave one out, or name the other variant's with its prefix"},
		"no invocations":    {file("b", errors), "b: has no invocations of the baseline; give the queries the ids " + Names},
		"no failures":       {file("b", result("invocations", "", 1)), "b: has neither errors5xx nor modelErrors of the baseline; without them nothing can be said to have failed"},
		"no points":         {file("b", result("invocations", ""), errors), "b:4: has no point of the baseline's invocations; check the dimensions and the times of the query"},
		"only a candidate":  {file("b", result("candidate_invocations", "", 1)), "b: has no invocations of the baseline; give the queries the ids " + Names},
		"five minutes each": {file("b", every(5*time.Minute), errors), "b:4: the points of invocations are 5m0s apart; export with a period of 60, within the 15 days for which CloudWatch keeps minutes"},
		"centuries":         {file("b", every(60*365*24*time.Hour), errors), "b: the points are from 2026-03-01 to 2206-01-17; CloudWatch keeps no points that long: look for a wrong timestamp"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Assemble(tt.file, nil)
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
