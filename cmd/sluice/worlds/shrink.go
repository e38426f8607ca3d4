package worlds

import (
	"context"
	"slices"
	"time"

	"sluice/local/faults"
)

// Shrink looks for fewer faults that break the same invariant in the same world:
// first without each of them, then with each cut to the single calls that it struck,
// or to a shorter outage. It plays at most tries worlds. The answer is the outcome
// with the least faults.
func Shrink(ctx context.Context, broken Outcome, tries int) Outcome {
	s := &shrinker{best: broken, tries: tries}
	s.play = func(l faults.List) (Outcome, bool) {
		o, err := one(ctx, broken.Seed, &l)
		return o, err == nil && o.Broken != nil && o.Broken.Name == broken.Broken.Name
	}
	if s.breaks(nil) {
		return s.best
	}
	s.drop(0, len(s.best.Faults))
	for x := 0; x < len(s.best.Faults); x++ {
		if f := s.best.Faults[x]; f.Nth > 0 && f.For == 0 || s.narrow(x) {
			continue
		}
		s.shorten(x)
	}
	return s.best
}

type shrinker struct {
	best  Outcome
	tries int
	play  func(faults.List) (Outcome, bool)
}

// breaks reports whether these faults break the invariant too, and keeps them if so.
func (s *shrinker) breaks(l faults.List) bool {
	if s.tries <= 0 {
		return false
	}
	s.tries--
	o, ok := s.play(l)
	if ok {
		s.best = o
	}
	return ok
}

// drop leaves faults out of list[from:to], half of them at a time and then less, for
// as long as the invariant still breaks. It returns the new end of that part.
func (s *shrinker) drop(from, to int) int {
	for size := max(1, (to-from)/2); ; size /= 2 {
		for at := from; at < to; {
			end := min(to, at+size)
			if s.breaks(slices.Concat(s.best.Faults[:at], s.best.Faults[end:])) {
				to -= end - at
			} else {
				at = end
			}
		}
		if size <= 1 {
			return to
		}
	}
}

const (
	maxCalls   = 200 // that a fault is cut to for a try
	maxSingles = 5   // that are a shorter text than a chance or an outage
)

// narrow replaces fault x, which may strike many calls, by those that it must strike,
// if they are few.
func (s *shrinker) narrow(x int) bool {
	wide := s.best
	var calls faults.List
	for _, hit := range wide.Exactly {
		if hit.Index == x {
			calls = append(calls, hit.Exactly)
		}
	}
	if len(calls) > maxCalls || !s.breaks(slices.Concat(wide.Faults[:x], calls, wide.Faults[x+1:])) {
		return false
	}
	if s.drop(x, x+len(calls))-x > maxSingles {
		s.best = wide
		return false
	}
	return true
}

// shorten halves an outage for as long as the invariant still breaks.
func (s *shrinker) shorten(x int) {
	for {
		f := s.best.Faults[x]
		half := (f.For / 2).Truncate(time.Second)
		if half <= 0 {
			return
		}
		first, second := f, f
		first.For, second.From, second.For = half, f.From+half, f.For-half
		if !s.breaks(s.with(x, first)) && !s.breaks(s.with(x, second)) {
			return
		}
	}
}

// with is the list with another fault at x.
func (s *shrinker) with(x int, f faults.Fault) faults.List {
	l := slices.Clone(s.best.Faults)
	l[x] = f
	return l
}
