package worlds

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/local/faults"
)

func parse(t *testing.T, text string) faults.List {
	t.Helper()
	l, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// world is a stand-in for a world: it is broken if breaks says so, and its faults
// strike the calls of hits.
func world(breaks func(faults.List) bool, hits map[string][]string) func(faults.List) (Outcome, bool) {
	return func(l faults.List) (Outcome, bool) {
		o := Outcome{Faults: l}
		for i, f := range l {
			for _, hit := range hits[f.String()] {
				exact, err := faults.Parse(hit)
				if err != nil {
					panic(err)
				}
				o.Exactly = append(o.Exactly, faults.Fired{Index: i, Exactly: exact[0]})
			}
		}
		return o, breaks(l)
	}
}

func has(l faults.List, text string) bool {
	return slices.ContainsFunc(l, func(f faults.Fault) bool { return f.String() == text })
}

func TestShrinkDropsWhatDidNotMatter(t *testing.T) {
	s := &shrinker{tries: 100}
	s.play = world(func(l faults.List) bool { return has(l, "a.B #2 throttle") && has(l, "c.D #1 throttle") }, nil)
	s.best.Faults = parse(t, "x.Y #1 throttle; a.B #2 throttle; x.Y #2 throttle; x.Y #3 throttle; c.D #1 throttle; x.Y #4 throttle")
	s.drop(0, len(s.best.Faults))
	if got, want := s.best.Faults.String(), "a.B #2 throttle; c.D #1 throttle"; got != want {
		t.Errorf("left is %q; want %q", got, want)
	}
}

func TestShrinkCutsAChanceToItsCalls(t *testing.T) {
	const wide = "a.* p=0.5 throttle"
	hits := map[string][]string{wide: {`a.B "x" #1 throttle`, `a.B "y" #7 throttle`, `a.C "x" #2 throttle`}}
	s := &shrinker{tries: 100}
	s.play = world(func(l faults.List) bool { return has(l, wide) || has(l, `a.B "y" #7 throttle`) }, hits)
	s.best, _ = s.play(parse(t, wide))
	if !s.narrow(0) {
		t.Error("the chance is kept")
	}
	if got, want := s.best.Faults.String(), `a.B "y" #7 throttle`; got != want {
		t.Errorf("left is %q; want %q", got, want)
	}
}

// When many calls must fail, the chance says so in fewer words.
func TestShrinkKeepsAChanceThatNeedsManyCalls(t *testing.T) {
	const wide = "a.B p=1 throttle"
	var calls []string
	for n := range maxSingles + 1 {
		calls = append(calls, fmt.Sprintf("a.B #%d throttle", n+1))
	}
	s := &shrinker{tries: 1000}
	s.play = world(func(l faults.List) bool { return has(l, wide) || len(l) > maxSingles }, map[string][]string{wide: calls})
	s.best, _ = s.play(parse(t, wide))
	if s.narrow(0) || s.best.Faults.String() != wide {
		t.Errorf("left is %q; want %q", s.best.Faults, wide)
	}
}

func TestShrinkShortensAnOutage(t *testing.T) {
	s := &shrinker{tries: 100}
	s.play = world(func(l faults.List) bool { // needs minutes 70 to 75
		return l[0].From.Minutes() <= 70 && (l[0].From+l[0].For).Minutes() >= 75
	}, nil)
	s.best.Faults = parse(t, "a.* p=1 @1h+40m unavailable")
	s.shorten(0)
	if got, want := s.best.Faults.String(), "a.* p=1 @1h10m0s+5m0s unavailable"; got != want {
		t.Errorf("left is %q; want %q", got, want)
	}
}

func TestShrinkGivesUpAfterItsTries(t *testing.T) {
	played := 0
	s := &shrinker{tries: 3}
	s.play = func(l faults.List) (Outcome, bool) { played++; return Outcome{Faults: l}, false }
	s.best.Faults = parse(t, strings.Repeat("a.B #1 throttle;", 20))
	s.drop(0, 20)
	if played != 3 || len(s.best.Faults) != 20 {
		t.Errorf("%d worlds were played, %d faults are left", played, len(s.best.Faults))
	}
}
