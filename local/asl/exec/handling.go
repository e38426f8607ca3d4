package exec

import (
	"math"
	"time"

	"sluice/local/asl/parse"
)

// handled runs once, retries it and catches its failures, as Retry and Catch say.
// once returns the raw result. lost is called when a failure of once is not retried,
// before it is caught or ends the branch; it may be nil.
func (t *thread) handled(h *parse.Handling, then parse.Then, once func() (any, *Failure), lost func()) (string, datum, *Failure) {
	used := make([]int64, len(h.Retry)) // attempts made for each retrier, of this visit
	for {
		result, f := once()
		inside := f != nil
		if !inside {
			var out datum
			if out, f = t.result(h, result); f == nil {
				return then.Next, out, nil
			}
		}
		if d, ok := t.backoff(h.Retry, used, f); ok {
			t.retries++
			t.sleep(d, "retry of "+t.state.Head().Name)
			continue
		}
		if inside && lost != nil {
			lost()
		}
		for i := range h.Catch {
			if f.matches(h.Catch[i].ErrorEquals) {
				return t.caught(&h.Catch[i], f)
			}
		}
		return "", datum{}, f
	}
}

// result makes the output of a result, and leaves the state.
func (t *thread) result(h *parse.Handling, result any) (datum, *Failure) {
	v := result
	var err error
	if h.ResultSelector != nil {
		if v, err = t.frame(result).template(h.ResultSelector); err != nil {
			return datum{}, t.broken(err)
		}
	}
	if v, err = t.combine(h.ResultPath, v); err != nil {
		return datum{}, t.broken(err)
	}
	out, err := t.output(v)
	if err != nil {
		return datum{}, t.broken(err)
	}
	assigned, err := t.assign(t.state.Head().Assign, result)
	if err != nil {
		return datum{}, t.broken(err)
	}
	t.exit(out, assigned)
	return out, nil
}

// caught goes to the Next of a Catcher. Its output does not pass OutputPath, as
// recorded from AWS.
func (t *thread) caught(c *parse.Catcher, f *Failure) (string, datum, *Failure) {
	errorOutput := f.output()
	v, err := t.combine(c.ResultPath, errorOutput)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	out, err := t.limited(v)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	assigned, err := t.assign(c.Assign, errorOutput)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	t.exit(out, assigned)
	return c.Next, out, nil
}

// backoff finds the first retrier that matches. If that one is exhausted there is
// no retry, even if a later one would match.
func (t *thread) backoff(retriers []parse.Retrier, used []int64, f *Failure) (time.Duration, bool) {
	for i := range retriers {
		r := &retriers[i]
		if !f.matches(r.ErrorEquals) {
			continue
		}
		if used[i] >= r.MaxAttempts {
			return 0, false
		}
		s := float64(r.IntervalSeconds) * math.Pow(r.BackoffRate, float64(used[i]))
		if r.MaxDelaySeconds > 0 {
			s = min(s, float64(r.MaxDelaySeconds))
		}
		if r.FullJitter {
			s *= t.x.host.Jitter()
		}
		used[i]++
		return seconds(s), true
	}
	return 0, false
}
