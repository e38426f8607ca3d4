package simulate

import (
	"context"
	"slices"

	"sluice/local/faults"
)

// Shrink looks for fewer faults that break the same invariant in the same world:
// first without each of them, then with each cut to the single calls that it struck.
// It plays at most tries worlds. The answer is the outcome with the least faults.
func Shrink(ctx context.Context, broken Outcome, tries int) Outcome {
	s := &shrinker{best: broken, tries: tries}
	s.play = func(l faults.List) (Outcome, bool) {
		o, err := one(ctx, broken.Seed, &l)
		return o, err == nil && o.Broken != nil && o.Broken.Name == broken.Broken.Name
	}
	if s.breaks(nil) {
		return s.best
	}
	s.drop()
	s.narrow()
	s.drop()
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

// drop leaves faults out, half of the list at a time and then less, for as long as
// the invariant still breaks.
func (s *shrinker) drop() {
	for size := max(1, len(s.best.Faults)/2); ; size /= 2 {
		for at := 0; at < len(s.best.Faults); {
			l := s.best.Faults
			without := slices.Concat(l[:at], l[min(len(l), at+size):])
			if !s.breaks(without) {
				at += size
			}
		}
		if size <= 1 {
			return
		}
	}
}

// maxCalls is how many single calls a fault is cut to at most: beyond it the chance
// is the shorter text.
const maxCalls = 200

// narrow replaces each fault that may strike many calls by those it has struck.
func (s *shrinker) narrow() {
	for x := 0; x < len(s.best.Faults); x++ {
		if f := s.best.Faults[x]; f.Nth > 0 && f.For == 0 {
			continue
		}
		var calls faults.List
		for _, hit := range s.best.Exactly {
			if hit.Index == x {
				calls = append(calls, hit.Exactly)
			}
		}
		if len(calls) > maxCalls {
			continue
		}
		l := slices.Concat(s.best.Faults[:x], calls, s.best.Faults[x+1:])
		if s.breaks(l) {
			x += len(calls) - 1
		}
	}
}
