package capture

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Payload is what requests hold, in the order of a CSV row, and what is answered.
type Payload struct {
	Features   []Feature
	Prediction Values
}

// Feature is one value of each request.
type Feature struct {
	Name string
	Values
}

// Prediction is the name of what is answered, among features.
const Prediction = "prediction"

// Values are where values come from: texts if there are any, numbers otherwise.
type Values struct {
	Mean, SD float64            // numbers are normal
	Min, Max *float64           // a number beyond one of them is that one; nil is none
	Decimals int                // of numbers
	Texts    map[string]float64 // weights, which need not add up to one
	Missing  float64            // the share of requests without the value, 0..1
}

// Check reports values that make no sense.
func (v Values) Check() error {
	sum := 0.0
	for text, w := range v.Texts {
		if w < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("the weight of %q is %v: weights must not be negative", text, w)
		}
		sum += w
	}
	switch {
	case len(v.Texts) > 0 && sum <= 0:
		return fmt.Errorf("no text has a weight")
	case len(v.Texts) > 0 && (v.Mean != 0 || v.SD != 0 || v.Min != nil || v.Max != nil || v.Decimals != 0):
		return fmt.Errorf("texts have no mean, sd, min, max or decimals")
	case v.SD < 0 || math.IsNaN(v.SD) || math.IsInf(v.SD, 0) || math.IsNaN(v.Mean) || math.IsInf(v.Mean, 0):
		return fmt.Errorf("mean %v, sd %v: these must be numbers, and sd not negative", v.Mean, v.SD)
	case v.Min != nil && v.Max != nil && *v.Min > *v.Max:
		return fmt.Errorf("min %v is more than max %v", *v.Min, *v.Max)
	case v.Decimals < 0 || v.Decimals > 15:
		return fmt.Errorf("%d decimals: 0 to 15 can be written", v.Decimals)
	case v.Missing < 0 || v.Missing > 1 || math.IsNaN(v.Missing):
		return fmt.Errorf("a share of %v is missing: it is 0..1", v.Missing)
	}
	return nil
}

// Check reports a payload that makes no sense.
func (p Payload) Check() error {
	seen := map[string]bool{Prediction: true}
	for _, f := range p.Features {
		if f.Name == "" || seen[f.Name] {
			return fmt.Errorf("feature %q: each needs a name of its own, and %s is what is answered", f.Name, Prediction)
		}
		seen[f.Name] = true
		if err := f.Check(); err != nil {
			return fmt.Errorf("feature %s: %w", f.Name, err)
		}
	}
	if err := p.Prediction.Check(); err != nil {
		return fmt.Errorf("%s: %w", Prediction, err)
	}
	return nil
}

// Drifted is the payload with other values of one feature, or of Prediction. Errors:
// there is no such feature; the values make no sense.
func (p Payload) Drifted(feature string, v Values) (Payload, error) {
	p.Features = slices.Clone(p.Features)
	i := slices.IndexFunc(p.Features, func(f Feature) bool { return f.Name == feature })
	switch {
	case feature == Prediction:
		p.Prediction = v
	case i < 0:
		return p, fmt.Errorf("requests have no feature %q", feature)
	default:
		p.Features[i].Values = v
	}
	return p, p.Check()
}

// draw draws one request and its answer, as CSV.
func (p Payload) draw(dice *rand.Rand) (input, output string) {
	row := make([]string, len(p.Features))
	for i, f := range p.Features {
		row[i] = f.draw(dice)
	}
	return text(row), text([]string{p.Prediction.draw(dice)})
}

// text is a row of CSV without an end of line.
func text(row []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(row) // to memory
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// draw takes the same dice whether or not the value is missing, so that one feature's
// gaps do not change another's values.
func (v Values) draw(dice *rand.Rand) string {
	missing := dice.Float64() < v.Missing
	drawn := ""
	if len(v.Texts) > 0 {
		drawn = v.text(dice.Float64())
	} else {
		x := v.Mean + v.SD*dice.NormFloat64()
		if v.Min != nil {
			x = max(x, *v.Min)
		}
		if v.Max != nil {
			x = min(x, *v.Max)
		}
		scale := math.Pow10(v.Decimals)
		drawn = strconv.FormatFloat(math.Round(x*scale)/scale+0, 'f', v.Decimals, 64) // +0: never -0
	}
	if missing {
		return ""
	}
	return drawn
}

// text is the text at a rank, 0..1.
func (v Values) text(rank float64) string {
	names := slices.Sorted(maps.Keys(v.Texts))
	sum := 0.0
	for _, name := range names {
		sum += v.Texts[name]
	}
	at, last := rank*sum, ""
	for _, name := range names {
		if v.Texts[name] == 0 {
			continue
		}
		if last = name; at < v.Texts[name] {
			break
		}
		at -= v.Texts[name]
	}
	return last
}
