// Package metricmath is the expression language of CloudWatch: arithmetic,
// comparison and a few functions over time series.
//
// It decides what an expression means, timestamp by timestamp. It reads no metric:
// the series come in by the id of their query. It does not know SEARCH, anomaly
// detection, sorting or Metrics Insights, and says so by name. Its caller is
// local/cloudwatch, for GetMetricData and for alarms on metric math.
package metricmath

import (
	"fmt"
	"math"
	"time"

	"sluice/local/cloudwatch/metric"
)

// Series is numbers in the order of time.
type Series []metric.Point

// Value is what an expression evaluates to: a number, one series, or an array of
// series. Exactly one of the kinds holds.
type Value struct {
	Kind   Kind
	Number float64
	Series []Series // one for OneSeries
}

// Kind says which of the three a Value is.
type Kind int

// The kinds.
const (
	Number Kind = iota
	OneSeries
	Array
	word // an argument such as REPEAT; never a result
)

func (k Kind) String() string {
	return [...]string{"a number", "a time series", "an array", "a word"}[k]
}

// Of wraps a series.
func Of(s Series) Value { return Value{Kind: OneSeries, Series: []Series{s}} }

// Env is what an expression is evaluated against.
type Env struct {
	Lookup  func(id string) (Value, error) // the result of another query
	Metrics func(part string) []Series     // of all MetricStat queries whose id contains part
	Times   []time.Time                    // every period of the window, for FILL
	Period  time.Duration
}

// Eval evaluates the expression.
func (e *Expr) Eval(env *Env) (Value, error) {
	v, err := e.root.eval(env)
	if err == nil && v.Kind == word {
		err = fmt.Errorf("a string is no result")
	}
	return v, err
}

func (n number) eval(*Env) (Value, error)    { return Value{Number: float64(n)}, nil }
func (n ident) eval(env *Env) (Value, error) { return env.Lookup(string(n)) }
func (n text) eval(*Env) (Value, error)      { return Value{Kind: word}, nil }

func (n list) eval(env *Env) (Value, error) {
	out := Value{Kind: Array}
	for _, x := range n {
		v, err := x.eval(env)
		if err != nil {
			return Value{}, err
		}
		if v.Kind != OneSeries {
			return Value{}, fmt.Errorf("an array is made of time series, not of %s", v.Kind)
		}
		out.Series = append(out.Series, v.Series...)
	}
	return out, nil
}

func (n unary) eval(env *Env) (Value, error) {
	v, err := n.of.eval(env)
	if err != nil {
		return v, err
	}
	return v.each(func(x float64) float64 { return -x })
}

// each applies f to every number of v.
func (v Value) each(f func(float64) float64) (Value, error) {
	if v.Kind == word {
		return v, fmt.Errorf("a string cannot be computed with")
	}
	out := Value{Kind: v.Kind, Number: f(v.Number)}
	for _, s := range v.Series {
		r := Series{}
		for _, p := range s {
			r = r.with(p.At, f(p.Value))
		}
		out.Series = append(out.Series, r)
	}
	return out, nil
}

// with appends a number, unless it is none: CloudWatch drops what a division by
// zero yields.
func (s Series) with(at time.Time, v float64) Series {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return s
	}
	return append(s, metric.Point{At: at, Value: v})
}

func (n binary) eval(env *Env) (Value, error) {
	a, err := n.a.eval(env)
	if err != nil {
		return a, err
	}
	b, err := n.b.eval(env)
	if err != nil {
		return b, err
	}
	f := operators[n.op]
	switch {
	case a.Kind == word || b.Kind == word:
		return Value{}, fmt.Errorf("%s cannot be applied to a string", n.op)
	case b.Kind == Number:
		return a.each(func(x float64) float64 { return f(x, b.Number) })
	case a.Kind == Number:
		return b.each(func(y float64) float64 { return f(a.Number, y) })
	case a.Kind == Array && b.Kind == Array:
		return Value{}, fmt.Errorf("%s cannot be applied to two arrays", n.op)
	}
	out := Value{Kind: max(a.Kind, b.Kind)}
	for _, x := range a.Series {
		for _, y := range b.Series {
			out.Series = append(out.Series, zip(x, y, f))
		}
	}
	return out, nil
}

// zip combines two series where both have a number.
func zip(a, b Series, f func(x, y float64) float64) Series {
	out := Series{}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := a[i].At.Compare(b[j].At); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			out = out.with(a[i].At, f(a[i].Value, b[j].Value))
			i, j = i+1, j+1
		}
	}
	return out
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var operators = map[string]func(a, b float64) float64{
	"+":   func(a, b float64) float64 { return a + b },
	"-":   func(a, b float64) float64 { return a - b },
	"*":   func(a, b float64) float64 { return a * b },
	"/":   func(a, b float64) float64 { return a / b },
	"^":   math.Pow,
	"==":  func(a, b float64) float64 { return truth(a == b) },
	"!=":  func(a, b float64) float64 { return truth(a != b) },
	"<":   func(a, b float64) float64 { return truth(a < b) },
	">":   func(a, b float64) float64 { return truth(a > b) },
	"<=":  func(a, b float64) float64 { return truth(a <= b) },
	">=":  func(a, b float64) float64 { return truth(a >= b) },
	"&&":  func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"AND": func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"||":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
	"OR":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
}
