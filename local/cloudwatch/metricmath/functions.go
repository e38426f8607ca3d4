package metricmath

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// function is one function of the language and how many arguments it takes.
type function struct {
	least, most int
	run         func(env *Env, c call) (Value, error)
}

var functions = map[string]function{
	"SUM":     {1, 1, fold(sum)},
	"AVG":     {1, 1, fold(func(xs []float64) float64 { return sum(xs) / float64(len(xs)) })},
	"MIN":     {1, 1, fold(slices.Min[[]float64])},
	"MAX":     {1, 1, fold(slices.Max[[]float64])},
	"METRICS": {0, 1, metrics},
	"FILL":    {2, 2, fill},
	"IF":      {2, 3, choose},
	"RATE":    {1, 1, between(func(dv, seconds float64) float64 { return dv / seconds })},
	"DIFF":    {1, 1, between(func(dv, _ float64) float64 { return dv })},
	"ABS":     {1, 1, every(math.Abs)},
	"CEIL":    {1, 1, every(math.Ceil)},
	"FLOOR":   {1, 1, every(math.Floor)},
	"PERIOD":  {1, 1, period},
}

func names() []string { return slices.Sorted(maps.Keys(functions)) }

func (n call) eval(env *Env) (Value, error) {
	v, err := n.run(env, n)
	if err != nil {
		return v, fmt.Errorf("%s: %w", n.name, err)
	}
	return v, nil
}

func sum(xs []float64) float64 {
	total := 0.0
	for _, x := range xs {
		total += x
	}
	return total
}

// fold makes one series of an array, timestamp by timestamp, and one number of a
// series. Timestamps at which only some series have a number count those.
func fold(f func([]float64) float64) func(*Env, call) (Value, error) {
	return func(env *Env, c call) (Value, error) {
		v, err := c.args[0].eval(env)
		if err != nil {
			return v, err
		}
		switch v.Kind {
		case OneSeries:
			var xs []float64
			for _, p := range v.Series[0] {
				xs = append(xs, p.Value)
			}
			if len(xs) == 0 {
				return Of(Series{}), nil
			}
			return Value{Number: f(xs)}, nil
		case Array:
			at := map[time.Time][]float64{}
			for _, s := range v.Series {
				for _, p := range s {
					at[p.At] = append(at[p.At], p.Value)
				}
			}
			out := Series{}
			for _, t := range slices.SortedFunc(maps.Keys(at), time.Time.Compare) {
				out = out.with(t, f(at[t]))
			}
			return Of(out), nil
		}
		return Value{}, fmt.Errorf("takes a time series or an array, not %s", v.Kind)
	}
}

func metrics(env *Env, c call) (Value, error) {
	part := ""
	if len(c.args) == 1 {
		t, ok := c.args[0].(text)
		if !ok {
			return Value{}, fmt.Errorf("takes a string in quotes")
		}
		part = string(t)
	}
	return Value{Kind: Array, Series: env.Metrics(part)}, nil
}

// fill puts a number wherever the window has none, the newest period included:
// that of a metric which is published late is always filled in.
func fill(env *Env, c call) (Value, error) {
	v, err := c.args[0].eval(env)
	if err != nil {
		return v, err
	}
	if v.Kind != OneSeries && v.Kind != Array {
		return v, fmt.Errorf("fills a time series or an array, not %s", v.Kind)
	}
	var with Value
	repeat := c.args[1] == node(text("REPEAT"))
	if !repeat {
		if with, err = c.args[1].eval(env); err != nil {
			return with, err
		}
		if with.Kind != Number {
			return v, fmt.Errorf("fills with a number or REPEAT; local CloudWatch has no LINEAR and no filling from a series")
		}
	}
	out := Value{Kind: v.Kind}
	for _, s := range v.Series {
		out.Series = append(out.Series, fillOne(s, env.Times, repeat, with.Number))
	}
	return out, nil
}

func fillOne(s Series, times []time.Time, repeat bool, with float64) Series {
	out, i := Series{}, 0
	for _, t := range times {
		if i < len(s) && s[i].At.Equal(t) {
			out = append(out, s[i])
			i++
		} else if !repeat {
			out = out.with(t, with)
		} else if len(out) > 0 {
			out = out.with(t, out[len(out)-1].Value)
		}
	}
	return out
}

// choose is IF. Where the condition holds it takes the first, elsewhere the
// second; where that has no number, or is absent, there is no datapoint.
func choose(env *Env, c call) (Value, error) {
	args := make([]Value, len(c.args))
	for i, a := range c.args {
		v, err := a.eval(env)
		if err != nil {
			return v, err
		}
		if v.Kind != Number && v.Kind != OneSeries {
			return v, fmt.Errorf("takes numbers and time series, not %s", v.Kind)
		}
		args[i] = v
	}
	if args[0].Kind == Number {
		switch {
		case args[0].Number != 0:
			return args[1], nil
		case len(args) == 3:
			return args[2], nil
		}
		return Of(Series{}), nil
	}
	out := Series{}
	for _, p := range args[0].Series[0] {
		from := 1
		if p.Value == 0 {
			from = 2
		}
		if from == len(args) {
			continue
		}
		if v, ok := args[from].at(p.At); ok {
			out = out.with(p.At, v)
		}
	}
	return Of(out), nil
}

func (v Value) at(t time.Time) (float64, bool) {
	if v.Kind == Number {
		return v.Number, true
	}
	for _, p := range v.Series[0] {
		if p.At.Equal(t) {
			return p.Value, true
		}
	}
	return 0, false
}

// between makes a series of the differences of neighbours.
func between(f func(dv, seconds float64) float64) func(*Env, call) (Value, error) {
	return func(env *Env, c call) (Value, error) {
		v, err := c.args[0].eval(env)
		if err != nil {
			return v, err
		}
		if v.Kind != OneSeries && v.Kind != Array {
			return v, fmt.Errorf("takes a time series or an array, not %s", v.Kind)
		}
		out := Value{Kind: v.Kind}
		for _, s := range v.Series {
			r := Series{}
			for i := 1; i < len(s); i++ {
				r = r.with(s[i].At, f(s[i].Value-s[i-1].Value, s[i].At.Sub(s[i-1].At).Seconds()))
			}
			out.Series = append(out.Series, r)
		}
		return out, nil
	}
}

func every(f func(float64) float64) func(*Env, call) (Value, error) {
	return func(env *Env, c call) (Value, error) {
		v, err := c.args[0].eval(env)
		if err != nil {
			return v, err
		}
		return v.each(f)
	}
}

func period(env *Env, _ call) (Value, error) { return Value{Number: env.Period.Seconds()}, nil }
