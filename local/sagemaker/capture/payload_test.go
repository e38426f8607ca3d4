package capture

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func dice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func number(x float64) *float64 { return &x }

func TestCheckRefuses(t *testing.T) {
	tests := []struct {
		name string
		give Values
		want string
	}{
		{"a negative weight", Values{Texts: map[string]float64{"a": 1, "b": -1}}, `feature x: the weight of "b" is -1: weights must not be negative`},
		{"no weight", Values{Texts: map[string]float64{"a": 0}}, "feature x: no text has a weight"},
		{"texts with a mean", Values{Texts: map[string]float64{"a": 1}, Mean: 1}, "feature x: texts have no mean, sd, min, max or decimals"},
		{"a negative sd", Values{SD: -1}, "feature x: mean 0, sd -1: these must be numbers, and sd not negative"},
		{"no number", Values{Mean: math.NaN()}, "feature x: mean NaN, sd 0: these must be numbers, and sd not negative"},
		{"limits crossed", Values{Min: number(2), Max: number(1)}, "feature x: min 2 is more than max 1"},
		{"decimals", Values{Decimals: 16}, "feature x: 16 decimals: 0 to 15 can be written"},
		{"a share", Values{Missing: 1.5}, "feature x: a share of 1.5 is missing: it is 0..1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Payload{Features: []Feature{{Name: "x"}}}.Drifted("x", tt.give)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	for name, p := range map[string]Payload{"": {Features: []Feature{{}}}, "x": {Features: []Feature{{Name: "x"}, {Name: "x"}}}, Prediction: {Features: []Feature{{Name: Prediction}}}} {
		if err := p.Check(); err == nil || !strings.HasPrefix(err.Error(), "feature "+strconv.Quote(name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := (Payload{}).Drifted("y", Values{}); err == nil || err.Error() != `requests have no feature "y"` {
		t.Error(err)
	}
}

// A drift leaves the payload from which it is made as it was.
func TestDriftedIsAnother(t *testing.T) {
	p := Payload{Features: []Feature{{Name: "x", Values: Values{Mean: 1}}, {Name: "y"}}}
	next, err := p.Drifted("x", Values{Mean: 2})
	if err != nil {
		t.Fatal(err)
	}
	last, err := next.Drifted(Prediction, Values{Mean: 3})
	if err != nil {
		t.Fatal(err)
	}
	got := []float64{p.Features[0].Mean, next.Features[0].Mean, next.Prediction.Mean, last.Features[0].Mean, last.Prediction.Mean}
	if diff := cmp.Diff([]float64{1, 2, 0, 2, 3}, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever texts there are, a request is one row of CSV that holds one of each feature's.
func TestDrawIsARow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.MapOfN(rapid.StringMatching(`[a-z,"\n é]{1,5}`), rapid.Float64Range(0, 5), 1, 5).Draw(t, "weights")
		weights["always"] = 1
		low := rapid.Float64Range(-3, 3).Draw(t, "low")
		v := Values{SD: 2, Min: &low, Max: number(low + 1), Decimals: rapid.IntRange(0, 15).Draw(t, "decimals")}
		p := Payload{Features: []Feature{{"a", Values{Texts: weights}}, {"b", v}}, Prediction: Values{Mean: 0.5}}
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		input, _ := p.draw(dice(rapid.Uint64().Draw(t, "seed")))
		rows, err := csv.NewReader(strings.NewReader(input)).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 2 {
			t.Fatalf("%q: %v", input, err)
		}
		x, err := strconv.ParseFloat(rows[0][1], 64)
		if off := 0.5 * math.Pow10(-v.Decimals); err != nil || x < low-off-1e-9 || x > low+1+off+1e-9 {
			t.Fatalf("%q of %+v", rows[0][1], v)
		}
		if weights[rows[0][0]] <= 0 {
			t.Fatalf("%q was drawn of %v", rows[0][0], weights)
		}
	})
}

func TestSharesOfTexts(t *testing.T) {
	v, d, n := Values{Texts: map[string]float64{"a": 6, "b": 3, "c": 1, "never": 0}, Missing: 0.2}, dice(4), map[string]float64{}
	const all = 20_000
	for range all {
		n[v.draw(d)] += 1.0 / all
	}
	for text, want := range map[string]float64{"": 0.2, "a": 0.48, "b": 0.24, "c": 0.08, "never": 0} {
		if math.Abs(n[text]-want) > 0.01 {
			t.Errorf("%q has a share of %v, want %v", text, n[text], want)
		}
	}
	gaps, whole := dice(5), dice(5)
	full := v
	full.Missing = 0
	for range 100 {
		if a, b := v.draw(gaps), full.draw(whole); a != "" && a != b {
			t.Fatalf("drew %q beside gaps, %q without", a, b)
		}
	}
}
