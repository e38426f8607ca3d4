package metricmath

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/cloudwatch/metric"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// draw makes a series of words: numbers minute by minute, "-" where there is none.
func draw(s string) Series {
	out := Series{}
	for i, w := range strings.Fields(s) {
		var v float64
		if _, err := fmt.Sscan(w, &v); err == nil {
			out = append(out, metric.Point{At: noon.Add(time.Duration(i) * time.Minute), Value: v})
		}
	}
	return out
}

func show(v Value) string {
	if v.Kind == Number {
		return fmt.Sprint(v.Number)
	}
	var all []string
	for _, s := range v.Series {
		words := []string{"-", "-", "-", "-"}
		for _, p := range s {
			words[int(p.At.Sub(noon)/time.Minute)] = fmt.Sprint(p.Value)
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, " | ")
}

func env() *Env {
	e := &Env{Period: time.Minute}
	series := map[string]Series{"m1": draw("1 2 3 4"), "m2": draw("10 - 30 0"), "bad": draw("0 - 1 1"), "none": {}}
	e.Lookup = func(id string) (Value, error) {
		s, ok := series[id]
		if !ok {
			return Value{}, fmt.Errorf("%s is not the id of a query", id)
		}
		return Of(s), nil
	}
	e.Metrics = func(part string) []Series {
		var out []Series
		for _, id := range []string{"m1", "m2"} {
			if strings.Contains(id, part) {
				out = append(out, series[id])
			}
		}
		return out
	}
	for i := range 4 {
		e.Times = append(e.Times, noon.Add(time.Duration(i)*time.Minute))
	}
	return e
}

func TestEval(t *testing.T) {
	for text, want := range map[string]string{
		"m1 + m2":                 "11 - 33 4",
		"100 * m1 / m2":           "10 - 10 -", // nothing where the divisor is zero
		"m1 - 1 - 1":              "-1 0 1 2",
		"2 + 3 * 4 ^ 2":           "50",
		"-(m1 - 2)":               "1 -0 -1 -2",
		"m1 >= 3":                 "0 0 1 1",
		"m1 > 1 AND m1 < 4":       "0 1 1 0",
		"m1 == 1 || m1 == 4":      "1 0 0 1",
		"SUM(m1)":                 "10",
		"AVG(m1)":                 "2.5",
		"SUM([m1, m2])":           "11 2 33 4",
		"AVG([m1, m2])":           "5.5 2 16.5 2",
		"MIN([m1,m2])":            "1 2 3 0",
		"MAX(METRICS())":          "10 2 30 4",
		"SUM(METRICS(\"m2\"))":    "10 - 30 0",
		"METRICS() * 2":           "2 4 6 8 | 20 - 60 0",
		"m1 / MAX(m1)":            "0.25 0.5 0.75 1",
		"FILL(m2, 7)":             "10 7 30 0",
		"FILL(m2, REPEAT)":        "10 10 30 0",
		"FILL(none, 0)":           "0 0 0 0",
		"FILL(none, REPEAT)":      "- - - -",
		"IF(m1 > 2, m1)":          "- - 3 4",
		"IF(m1 > 2, m1, 0)":       "0 0 3 4",
		"IF(m1 > 2, m1, m2)":      "10 - 3 4",
		"IF(bad, 1, 0)":           "0 - 1 1",
		"IF(1 > 2, m1, m2)":       "10 - 30 0",
		"RATE(m1) * 60":           "- 1 1 1",
		"DIFF(m2)":                "- - 20 -30",
		"m1 / PERIOD(m1) * 60":    "1 2 3 4",
		"ABS(0 - m1) + CEIL(0.2)": "2 3 4 5",
		".5 + 1e1":                "10.5",
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v, err := e.Eval(env())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, show(v)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "ends too early",
		"m1 +":                       "ends too early",
		"m1 m2":                      "after the end",
		"(m1":                        "closing parenthesis",
		"m1 $ 2":                     "unexpected \"$\"",
		"ANOMALY_DETECTION_BAND(m1)": "does not implement ANOMALY_DETECTION_BAND",
		"SEARCH('{AWS}', 'Sum')":     "does not implement SEARCH",
		"SUM(m1, m2)":                "takes 1 to 1",
		"SUM":                        "in parentheses",
		"FILL(m1, LINEAR)":           "no LINEAR",
		"METRICS() + METRICS()":      "two arrays",
		"SUM(3)":                     "not a number",
		"nobody":                     "not the id of a query",
		"'text'":                     "no result",
		"m1 + 'text'":                "string",
		strings.Repeat("(", 2000):    "nested too deeply",
		strings.Repeat("1+", 2000):   "at most 2048",
		"IF(METRICS(), 1, 0)":        "not an array",
	} {
		e, err := Parse(text)
		if err == nil {
			_, err = e.Eval(env())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"100*m1/m2", "IF(FILL(m1,0)>2,m1,-m2)", "SUM([m1,m2])", "METRICS('m')", "RATE(m1)^2", "[m1,[m2]]", "((((", "FILL(m1,REPEAT)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		v, err := e.Eval(env())
		if err != nil {
			return
		}
		for _, series := range v.Series {
			for i := 1; i < len(series); i++ {
				if !series[i-1].At.Before(series[i].At) {
					t.Errorf("%q yields a series out of order", s)
				}
			}
		}
	})
}
