package awsmetrics

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/judge"
)

var minute = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// one is a metric of one minute; a negative value is none.
func one(value float64) minutes {
	if value < 0 {
		return minutes{}
	}
	return minutes{minute: value}
}

func TestAssemble(t *testing.T) {
	const missing = -1
	tests := []struct {
		name                      string
		requests, e5, e4, m, slow float64
		errors                    judge.Points
		latency                   judge.Points
	}{
		{"healthy", 100, 0, 0, 0, 20_000, judge.Points{minute: {N: 100}}, judge.Points{minute: {N: 100, Value: 20}}},
		{"errors", 100, 3, 0, 3, 20_500, judge.Points{minute: {N: 100, Bad: 3}}, judge.Points{minute: {N: 100, Value: 20.5}}},
		{"without latency", 100, 3, 0, 3, missing, judge.Points{minute: {N: 100, Bad: 3}}, judge.Points{}},
		{"no requests", 0, 0, 0, 0, missing, judge.Points{minute: {}}, judge.Points{}},
		{"requests missing", missing, 3, 0, 3, 20_000, judge.Points{}, judge.Points{}},
		{"5XX missing", 100, missing, 0, 0, 20_000, judge.Points{}, judge.Points{}},
		{"4XX missing, and the model's errors are all of that class", 100, 0, missing, 40, 20_000, judge.Points{}, judge.Points{}},
		{"model errors missing", 100, 0, 0, missing, 20_000, judge.Points{}, judge.Points{}},
		{"all missing", missing, missing, missing, missing, missing, judge.Points{}, judge.Points{}},
		{"more errors than requests, the minute being half published", 10, 12, 0, 0, missing, judge.Points{minute: {N: 10, Bad: 10}}, judge.Points{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			metrics := []minutes{one(tt.requests), one(tt.e5), one(tt.e4), one(tt.m), one(tt.slow)}
			got := assemble(func(j int) minutes { return metrics[j] })
			if diff := cmp.Diff(tt.errors, got.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.latency, got.Latency); diff != "" {
				t.Errorf("latency (-want +got):\n%s", diff)
			}
		})
	}
	// Metrics that CloudWatch has never heard of are nil.
	if got := assemble(func(int) minutes { return nil }); len(got.Errors)+len(got.Latency) > 0 {
		t.Errorf("out of nothing came %v", got)
	}
}

// A minute that lacks one metric does not take its neighbours along.
func TestAssembleByMinute(t *testing.T) {
	next := minute.Add(time.Minute)
	both := func(a, b float64) minutes { return minutes{minute: a, next: b} }
	metrics := []minutes{both(10, 20), both(1, 2), {next: 0}, both(1, 2), {minute: 5000}}
	got := assemble(func(j int) minutes { return metrics[j] })
	if diff := cmp.Diff(judge.Points{next: {N: 20, Bad: 2}}, got.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if len(got.Latency) > 0 {
		t.Errorf("latency of a minute whose requests are not known: %v", got.Latency)
	}
}

func TestBad(t *testing.T) {
	tests := []struct {
		name      string
		e5, e4, m float64
		want      int64
	}{
		{"none", 0, 0, 0, 0},
		{"5XX, which are model errors too", 5, 0, 5, 5},
		{"5XX that the model had no part in", 5, 0, 0, 5},
		{"4XX are the caller's", 0, 7, 7, 0},
		{"4XX beside 5XX", 5, 7, 12, 5},
		{"no usable answer", 0, 0, 4, 4},
		{"no usable answer beside 4XX", 0, 7, 11, 4},
		{"4XX that are no model errors", 0, 7, 0, 0},
		{"fractions of late data", 0.6, 0, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := bad(tt.e5, tt.e4, tt.m); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// Whatever CloudWatch says, the judge can take it.
func TestAssembleFitsTheJudge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float64Range(0, 1e9), rapid.Just(0.0), rapid.Just(-1.0))
		metrics := make([]minutes, 5)
		for j := range metrics {
			metrics[j] = one(value.Draw(t, "value"))
		}
		v := assemble(func(j int) minutes { return metrics[j] })
		for _, c := range v.Errors {
			if c.N < 0 || c.Bad < 0 || c.Bad > c.N {
				t.Fatalf("%d bad of %d", c.Bad, c.N)
			}
		}
		if len(v.Latency) > len(v.Errors) {
			t.Fatalf("latency without requests: %v", v)
		}
	})
}
