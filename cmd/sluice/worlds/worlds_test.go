package worlds_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/worlds"
	"sluice/local/faults"
)

// instant is a clock that stands still: tests have no budget of time.
func instant() time.Time { return time.Time{} }

func play(t *testing.T, seed uint64) worlds.Outcome {
	t.Helper()
	c, err := worlds.Draw(seed)
	if err != nil {
		t.Fatal(err)
	}
	o, err := worlds.Play(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A failure that cannot be played again cannot be found: the same seed must give the
// same world, write by write, and another seed another one.
func TestASeedIsAWorld(t *testing.T) {
	const seed = 5
	first, second := play(t, seed), play(t, seed)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the world of seed %d differs from itself: %s", seed, diff)
	}
	if first.Calls == 0 || len(first.Trainings) == 0 {
		t.Errorf("nothing happens in the world of seed %d: %+v", seed, first)
	}
	if other := play(t, seed+1); other.Digest == first.Digest {
		t.Errorf("seeds %d and %d give the same world", seed, seed+1)
	}
}

// A few worlds with every test run; make sim plays hundreds.
func TestPromisesHold(t *testing.T) {
	var totals worlds.Totals
	err := worlds.Run(t.Context(), worlds.Options{From: 23, Seeds: 4, Workers: 2, Now: instant}, func(o worlds.Outcome) {
		totals.Add(o)
		if o.Broken != nil {
			t.Errorf("%s: %s\nreplay: %s", o.Broken.Name, o.Broken.Detail, o.Replay())
		}
	})
	if err != nil || totals.Worlds != 4 {
		t.Errorf("%d worlds were played: %v", totals.Worlds, err)
	}
}

// When a function dies whenever it runs, training cannot end: the invariants must say
// so, and shrinking must find the one fault of three that did it.
func TestABrokenPromiseIsFoundAndCutDown(t *testing.T) {
	l, err := faults.Parse("s3.GetObject #2 throttle; lambda.report-training p=1 crash-before; events.s3 p=0.5 double 3s")
	if err != nil {
		t.Fatal(err)
	}
	var broken *worlds.Outcome
	err = worlds.Run(t.Context(), worlds.Options{From: 6, Seeds: 1, Faults: &l, Workers: 1, Now: instant}, func(o worlds.Outcome) {
		if o.Broken != nil {
			broken = &o
		}
	})
	if err != nil || broken == nil {
		t.Fatalf("no invariant is broken by %s: %v", l, err)
	}
	small := worlds.Shrink(t.Context(), *broken, 4)
	if want := "lambda.report-training p=1 crash-before"; small.Faults.String() != want || small.Broken.Name != broken.Broken.Name {
		t.Errorf("%s is cut to %q, which breaks %v; want %q", l, small.Faults, small.Broken, want)
	}
	if len(small.Story) == 0 || !strings.Contains(small.Replay(), "--seed 6 --faults 'lambda.report-training p=1 crash-before'") {
		t.Errorf("the failure does not tell how to see it: %q, %d lines", small.Replay(), len(small.Story))
	}
}

func TestACancelledSimulationEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	played := 0
	err := worlds.Run(ctx, worlds.Options{Seeds: 5, Workers: 2, Now: instant}, func(worlds.Outcome) { played++ })
	if err != nil || played != 0 {
		t.Errorf("%d worlds were played after the end: %v", played, err)
	}
}
