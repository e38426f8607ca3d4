// Package traffic makes the requests that reach an endpoint and the answers that
// models give: how many come each minute, how they split over variants, how many
// fail, how long they take. Everything follows the randomness that is passed in.
//
// It keeps no clock, schedules nothing and records nothing; hosting asks it minute
// by minute and turns its answers into metrics.
package traffic

import (
	"cmp"
	"time"
)

// Latency is log-normal, given by its median and 90th percentile. The zero value
// is a median of 20 ms and a P90 of 45 ms.
type Latency struct {
	Median time.Duration
	P90    time.Duration
}

// Behaviour is how a model answers. Rates are shares of requests, 0..1, and
// exclude each other: a request has one fate.
type Behaviour struct {
	Errors5XX   float64 // the model answers 5XX
	Errors4XX   float64 // the model answers 4XX
	ModelErrors float64 // the model gives no usable answer: broken sockets, malformed answers, timeouts
	Latency     Latency // of the model, for every request, failed ones too
	Overhead    Latency // of SageMaker around it; the zero value is 3 ms and 6 ms
	// PerInstance is how many requests a minute one instance carries; 0 is any number.
	// What happens beyond it says Loaded. A change that leaves it 0 does not change it.
	PerInstance float64
	// Changes replace the rates and latencies above while their conditions hold.
	// Of several that hold, the last in the list wins.
	Changes []Change
}

// Change is a condition and the behaviour while it holds. All that are set must
// hold; a change without any condition always holds.
type Change struct {
	AtShare float64       // the variant has at least this share of the endpoint's requests, 0..1
	After   time.Duration // the variant has been serving requests for this long
	At      time.Time     // this moment has come
	For     time.Duration // with After or At: the change ends this long after it began; 0 is never
	Then    Behaviour     // its own Changes are ignored
}

// Under is the behaviour at a moment, for a variant with this share of requests
// that has been serving for that long. The result has no Changes.
func (b Behaviour) Under(now time.Time, share float64, serving time.Duration) Behaviour {
	is := b
	for _, c := range b.Changes {
		if c.holds(now, share, serving) {
			carries := is.PerInstance
			is = c.Then
			is.PerInstance = cmp.Or(is.PerInstance, carries)
		}
	}
	is.Changes = nil
	return is
}

// Loaded is the behaviour while rate requests a minute come to so many instances. Up
// to what the instances carry nothing changes. Of more, those beyond it are answered
// 5XX, and all answers take longer, by the factor by which the instances are
// overloaded. Without instances, as serverless variants are, nothing is ever too much.
func (b Behaviour) Loaded(rate float64, instances int) Behaviour {
	carried := b.PerInstance * float64(instances)
	if carried <= 0 || rate <= carried {
		return b
	}
	factor := rate / carried
	b.Errors4XX, b.ModelErrors = b.Errors4XX/factor, b.ModelErrors/factor
	b.Errors5XX = 1 - (1-b.Errors5XX)/factor
	b.Latency = b.latency()
	b.Latency.Median = time.Duration(float64(b.Latency.Median) * factor)
	b.Latency.P90 = time.Duration(float64(b.Latency.P90) * factor)
	return b
}

func (b Behaviour) latency() Latency { return b.Latency.or(20*time.Millisecond, 45*time.Millisecond) }

func (c Change) holds(now time.Time, share float64, serving time.Duration) bool {
	if share < c.AtShare || serving < c.After || now.Before(c.At) {
		return false
	}
	if c.For <= 0 {
		return true
	}
	if c.After > 0 && serving >= c.After+c.For {
		return false
	}
	return c.At.IsZero() || now.Before(c.At.Add(c.For))
}
