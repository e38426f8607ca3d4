package metric

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// Publication says when recorded data can be read. CloudWatch documents no
// figure (AWS.md C.1); these are knobs, not facts.
type Publication struct {
	// Delay passes between the end of a minute and its datapoint.
	Delay time.Duration
	// Jitter adds 0..Jitter to the delay of each datapoint, evenly.
	Jitter time.Duration
	// LateShare of the datapoints, 0..1, are later by 0..Late on top.
	LateShare float64
	Late      time.Duration
	// ReviseShare of the datapoints, 0..1, come in two parts: RevisePart of their
	// counts, 0..1, follows ReviseAfter later than the rest.
	ReviseShare float64
	RevisePart  float64
	ReviseAfter time.Duration
}

// DefaultPublication is a service that mostly publishes a minute after a minute
// has ended, and sometimes two minutes later still.
func DefaultPublication() Publication {
	return Publication{
		Delay: time.Minute, Jitter: 15 * time.Second,
		LateShare: 0.02, Late: 2 * time.Minute,
		RevisePart: 0.3, ReviseAfter: 2 * time.Minute,
	}
}

// fate is what the dice hold for one datapoint.
type fate struct {
	delay  time.Duration // of the first part, after the base
	later  float64       // share of the counts in the second part
	second time.Duration // of the second part, after the base
}

// fate throws the dice of one minute of one series. The dice hang on the seed, the
// series and the minute alone: what else is recorded, and when, changes nothing.
func (p Publication) fate(seed uint64, series string, minute int64) fate {
	h := fnv.New64a()
	_, _ = h.Write([]byte(series)) // a hash takes every write
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(minute)))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	jitter, isLate, late, revised := r.Float64(), r.Float64() < p.LateShare, r.Float64(), r.Float64() < p.ReviseShare
	f := fate{delay: p.Delay + share(p.Jitter, jitter)}
	if isLate {
		f.delay += share(p.Late, late)
	}
	f.second = f.delay
	if revised && p.RevisePart > 0 {
		f.later, f.second = min(p.RevisePart, 1), f.delay+p.ReviseAfter
	}
	return f
}

func share(d time.Duration, x float64) time.Duration {
	return time.Duration(float64(d) * x).Truncate(time.Millisecond)
}

// split divides count into what comes first and what comes later, whole numbers
// staying whole. carry is the part of an observation left over from before.
func (f fate) split(count float64, carry *float64) (first, later float64) {
	if f.later == 0 {
		return count, 0
	}
	want := count*f.later + *carry
	later = want
	if count == math.Trunc(count) {
		later = math.Floor(want)
	}
	later = min(later, count)
	*carry = want - later
	return count - later, later
}
