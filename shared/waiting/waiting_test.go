package waiting_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/waiting"
)

type answer struct {
	State string `json:"state"`
}

// pending is a look that sees nothing.
func pending() (any, bool, error) { return nil, false, nil }

func (w *world) await(owner, token string, look func() (any, bool, error), resources ...event.Resource) {
	w.Helper()
	if err := w.room.Await(ctx, owner, token, noon, resources, look); err != nil {
		w.Fatal(err)
	}
}

func (w *world) wake(r event.Resource, want func(waiting.Waiter) bool) int {
	w.Helper()
	n, err := w.room.Wake(ctx, r, answer{"changed"}, want)
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func TestDoneAtOnce(t *testing.T) {
	w := newWorld(t)
	w.await("churn-v7", "t1", func() (any, bool, error) {
		if got := w.tokens(endpoint); len(got) != 1 {
			t.Errorf("looking before the waiter is stored: %v", got)
		}
		return answer{"<done>"}, true, nil
	}, endpoint, "alarm/x")
	if diff := cmp.Diff(map[string][]string{"t1": {`{"state":"\u003cdone\u003e"}`}}, w.machines.outputs); diff != "" {
		t.Errorf("completed (-want +got):\n%s", diff)
	}
	if rest := append(w.tokens(endpoint), w.tokens("alarm/x")...); len(rest) > 0 {
		t.Errorf("still waiting: %v", rest)
	}
}

func TestWokenByAnyOfSeveral(t *testing.T) {
	for _, r := range []event.Resource{endpoint, "alarm/x", "alarm/y"} {
		w := newWorld(t)
		w.await("churn-v7", "t1", pending, endpoint, "alarm/x", "alarm/y")
		if n := w.wake(r, nil); n != 1 {
			t.Errorf("%s woke %d", r, n)
		}
		if diff := cmp.Diff(map[string][]string{"t1": {`{"state":"changed"}`}}, w.machines.outputs); diff != "" {
			t.Errorf("completed by %s (-want +got):\n%s", r, diff)
		}
		// What is left of the wait is stale, and harmless.
		for _, other := range []event.Resource{endpoint, "alarm/x", "alarm/y"} {
			w.wake(other, nil)
		}
		if len(w.machines.outputs["t1"]) != 1 {
			t.Errorf("completed %v", w.machines.outputs)
		}
	}
}

// A change at any moment of a wait, between any two calls, ends it.
func TestNoChangeIsMissed(t *testing.T) {
	for n := 0; ; n++ {
		w := newWorld(t)
		changed := false
		change := func() {
			changed = true // the resource first, then the event that tells of it
			w.wake(endpoint, nil)
		}
		calls := w.atCall(n, change, func() {
			w.await("churn-v7", "t1", func() (any, bool, error) { return answer{"seen"}, changed, nil }, endpoint)
		})
		if n >= calls { // after the wait had begun
			change()
		}
		if len(w.machines.outputs["t1"]) != 1 {
			t.Errorf("a change at call %d of %d: completed %v", n, calls, w.machines.outputs)
		}
		if rest := w.tokens(endpoint); len(rest) > 0 {
			t.Errorf("a change at call %d: still waiting %v", n, rest)
		}
		if n > calls {
			return
		}
	}
}

// The same when the resource changes before a look, and the event is told after it.
func TestNoChangeIsMissedWhenItsEventComesLate(t *testing.T) {
	w := newWorld(t)
	changed := false
	w.await("churn-v7", "t1", func() (any, bool, error) { seen := changed; changed = true; return answer{"seen"}, seen, nil }, endpoint)
	if n := w.wake(endpoint, nil); n != 1 {
		t.Errorf("woke %d", n)
	}
}

// A process that dies anywhere in a wait leaves nothing behind that keeps the next
// try from waiting and being woken.
func TestCrashes(t *testing.T) {
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter} {
		for n := 0; ; n++ {
			w := newWorld(t)
			crashed := w.crash(n, effect, func() {
				w.await("churn-v7", "t1", func() (any, bool, error) { return answer{"seen"}, n%2 == 1, nil }, endpoint, "alarm/x")
			})
			w.machines.closed["t1"] = true // its task has failed, and is tried again with a new token
			w.await("churn-v7", "t2", pending, endpoint, "alarm/x")
			w.wake("alarm/x", nil)
			if len(w.machines.outputs["t2"]) != 1 {
				t.Errorf("after a crash at call %d (%v) the next try sleeps on", n, effect)
			}
			if !crashed {
				break
			}
		}
		for n := 0; ; n++ { // and dying while waking
			w := newWorld(t)
			w.await("a", "t1", pending, endpoint)
			w.await("b", "t2", pending, endpoint)
			w.await("c", "t3", pending, endpoint)
			crashed := w.crash(n, effect, func() { w.wake(endpoint, nil) })
			w.wake(endpoint, nil) // the event is delivered again
			for _, token := range []string{"t1", "t2", "t3"} {
				if len(w.machines.outputs[token]) != 1 {
					t.Errorf("after a crash at call %d (%v): %v", n, effect, w.machines.outputs)
				}
			}
			if !crashed {
				break
			}
		}
	}
}

func TestStaleTokens(t *testing.T) {
	w := newWorld(t)
	w.await("churn-v7", "old", pending, endpoint)
	w.machines.closed["old"] = true // timed out
	w.await("churn-v7", "new", pending, endpoint)
	if diff := cmp.Diff([]string{"new"}, w.tokens(endpoint)); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	// Between reading the waiters and dropping them, the owner waits anew.
	w.machines.closed["new"] = true
	w.atCall(1, func() { w.await("churn-v7", "newest", pending, endpoint) }, func() { w.wake(endpoint, nil) })
	if diff := cmp.Diff([]string{"newest"}, w.tokens(endpoint)); diff != "" {
		t.Errorf("a late wake-up took a new waiter (-want +got):\n%s", diff)
	}
	if n := w.wake(endpoint, nil); n != 1 || len(w.machines.outputs["newest"]) != 1 {
		t.Errorf("woke %d: %v", n, w.machines.outputs)
	}
}

func TestWakeOnlySome(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.await(fmt.Sprint("owner", i), fmt.Sprint("t", i), pending, endpoint)
	}
	n := w.wake(endpoint, func(x waiting.Waiter) bool { return x.Owner != "owner2" && x.Since.Equal(noon) })
	if n != 4 || len(w.machines.outputs) != 4 || w.machines.outputs["t2"] != nil {
		t.Errorf("woke %d: %v", n, w.machines.outputs)
	}
	if diff := cmp.Diff([]string{"t2"}, w.tokens(endpoint)); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	if n := w.wake("endpoint/nobody", nil); n != 0 {
		t.Errorf("woke %d for a resource that nobody waits for", n)
	}
}

// One waiter that cannot be woken keeps no other asleep, and is told of.
func TestOneBrokenWaiter(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.await(fmt.Sprint("owner", i), fmt.Sprint("t", i), pending, endpoint)
	}
	w.machines.broken["t1"] = true
	n, err := w.room.Wake(ctx, endpoint, answer{}, nil)
	if n != 4 || !fault.Is(err, fault.Throttled) {
		t.Errorf("woke %d, %v", n, err)
	}
	if diff := cmp.Diff([]string{"t1"}, w.tokens(endpoint)); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	w.machines.broken = nil
	if n := w.wake(endpoint, nil); n != 1 {
		t.Errorf("woke %d when it could be", n)
	}
}

func TestErrorsOfTheLook(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("the endpoint cannot be read")
	err := w.room.Await(ctx, "a", "t1", noon, []event.Resource{endpoint}, func() (any, bool, error) { return nil, true, broken })
	if !errors.Is(err, broken) || w.machines.calls > 0 {
		t.Errorf("got %v after %d completions", err, w.machines.calls)
	}
	err = w.room.Await(ctx, "a", "t1", noon, []event.Resource{endpoint}, func() (any, bool, error) { return func() {}, true, nil })
	if err == nil || w.machines.calls > 0 {
		t.Errorf("an answer that is no JSON: %v", err)
	}
	w.srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	looked := false
	err = w.room.Await(ctx, "a", "t1", noon, []event.Resource{endpoint}, func() (any, bool, error) { looked = true; return nil, true, nil })
	if !fault.Is(err, fault.Throttled) || looked {
		t.Errorf("looked %v without a stored waiter: %v", looked, err)
	}
}

func TestForget(t *testing.T) {
	w := newWorld(t)
	w.await("a", "t1", pending, endpoint, "alarm/x")
	w.await("b", "t2", pending, endpoint)
	for range 2 {
		if err := w.room.Forget(ctx, "a", endpoint, "alarm/x", "alarm/nobody"); err != nil {
			t.Fatal(err)
		}
	}
	if got := append(w.tokens(endpoint), w.tokens("alarm/x")...); len(got) != 1 || got[0] != "t2" {
		t.Errorf("waiting: %v", got)
	}
	if w.machines.calls > 0 {
		t.Error("forgetting completed a task")
	}
}
