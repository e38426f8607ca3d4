package worlds

import (
	"math/rand/v2"
	"time"
)

// dice are the chance that draws a case. Draws come in a fixed order: what is drawn
// later never changes what was drawn before.
type dice struct{ *rand.Rand }

// streams of one seed: the world that is drawn, and the faults in it.
const (
	ofWorld = iota + 1
	ofFaults
)

func newDice(seed, stream uint64) dice { return dice{rand.New(rand.NewPCG(seed, stream))} }

// often reports true with a chance of percent.
func (d dice) often(percent int) bool { return d.IntN(100) < percent }

// between draws from least to most, both included.
func (d dice) between(least, most int) int { return least + d.IntN(most-least+1) }

// minutes draws whole minutes, both ends included.
func (d dice) minutes(least, most int) time.Duration {
	return time.Duration(d.between(least, most)) * time.Minute
}

// moment draws a time to the second, before most.
func (d dice) moment(most time.Duration) time.Duration {
	return time.Duration(d.Int64N(int64(most/time.Second))) * time.Second
}

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }
