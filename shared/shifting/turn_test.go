package shifting_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

const endpointLease = "endpoint/churn-prod"

// turnOf is the input of await-turn of another rollout of the model.
func (w *world) turnOf(id string, rank int) shifting.Turn {
	in := w.asks()
	in.Rollout, in.Rank = id, rank
	return in
}

// hold gives the endpoint to another rollout.
func (w *world) hold(owner string) {
	w.Helper()
	w.Do(func() {
		_, err := w.shift.Desk.TakeLease(ctx, leasing.Request{Lease: endpointLease, Owner: owner, Token: "theirs", Now: w.Now()})
		w.ok(err)
	})
}

func (w *world) say(id string, verb rollout.Verb) {
	w.Helper()
	w.Do(func() {
		w.ok(w.table.AddCommand(ctx, rollout.Command{Rollout: id, ID: string(verb), Verb: verb, By: "ana", At: w.Now()}))
	})
}

// Of those that wait the newest waits on, and who has the endpoint hears of it.
func TestTurns(t *testing.T) {
	w := newWorld(t)
	w.hold("churn-v1")
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v2", 2000)); a.State != shifting.TurnWaiting {
		t.Errorf("v2: %+v", a)
	}
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v3", 3000)); a.State != shifting.TurnWaiting {
		t.Errorf("v3: %+v", a)
	}
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v2", 2000)); a.State != shifting.TurnSuperseded || !strings.Contains(a.Reason, "churn-v3 is newer") {
		t.Errorf("v2 again: %+v", a)
	}
	w.Do(func() {
		got, err := w.table.Commands(ctx, "churn-v1")
		w.ok(err)
		if len(got) != 2 || got[0].Verb != rollout.YieldNow || got[0].Replace {
			t.Errorf("commands to who has the endpoint: %+v", got)
		}
		w.ok(w.shift.Desk.Free(ctx, endpointLease, "churn-v1"))
	})
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v3", 3000)); a.State != shifting.TurnCame || w.holder().Owner != "churn-v3" {
		t.Errorf("v3 at last: %+v, lease of %s", a, w.holder().Owner)
	}
	// A newer one that had its turn and ended stands in nobody's way.
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v2-r1", 2001)); a.State != shifting.TurnWaiting {
		t.Errorf("a retry of v2: %+v", a)
	}
}

// Going back to a former champion waits for no window, nor for a newer rollout that
// does.
func TestUndoPassesWhoIsFrozen(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) {
		s.Rollout.Windows = []spec.Window{{From: "18:00", To: "19:00", Zone: "UTC"}}
	})
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v3", 3000)); a.State != shifting.TurnFrozen {
		t.Errorf("v3: %+v", a)
	}
	undo := w.turnOf("churn-v1-r1", 2999)
	undo.Undo = true
	if a := call(w, w.shift.AwaitTurn, undo); a.State != shifting.TurnCame || w.holder().Owner != "churn-v1-r1" {
		t.Errorf("the undo: %+v, lease of %q", a, w.holder().Owner)
	}
	w.RunFor(time.Minute)
	if a := call(w, w.shift.AwaitTurn, w.turnOf("churn-v3", 3000)); a.State != shifting.TurnFrozen {
		t.Errorf("v3 meanwhile: %+v", a)
	}
}

func TestTurnIsFrozen(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) {
		s.Rollout.Windows = []spec.Window{{From: "12:20", To: "18:00", Zone: "UTC"}}
	})
	a := call(w, w.shift.AwaitTurn, w.asks())
	if a.State != shifting.TurnFrozen || a.Seconds != 20*60 || w.holder().Owner != "" {
		t.Errorf("got %+v, lease of %q", a, w.holder().Owner)
	}
	w.RunFor(20 * time.Minute)
	if a := call(w, w.shift.AwaitTurn, w.asks()); a.State != shifting.TurnCame {
		t.Errorf("in the window: %+v", a)
	}
}

// Who dies at any call on the way to its turn gets it all the same, once.
func TestTurnCrashes(t *testing.T) {
	s := map[*world]shifting.Turn{}
	crashes(t, func() *world { w := newWorld(t); s[w] = w.asks(); return w }, func(w *world) { call(w, w.shift.AwaitTurn, s[w]) }, func(w *world, n int, effect wire.Effect) {
		r := w.record()
		if w.holder().Owner != id || r.State != rollout.Waiting || !strings.Contains(w.machines[s[w].Token], `"came"`) {
			t.Errorf("call %d, effect %v: lease of %q, record %s, answered %v", n, effect, w.holder().Owner, r.State, w.machines)
		}
	})
}

// A command is obeyed once and answered once, wherever the look that obeys it dies.
func TestObeyCrashes(t *testing.T) {
	s := map[*world]shifting.Step{}
	crashes(t, func() *world {
		w := shifted(t, 0)
		w.say(id, rollout.PauseIt)
		s[w] = w.step()
		return w
	}, func(w *world) { call(w, w.shift.Judge, s[w]) }, func(w *world, n int, effect wire.Effect) {
		want := []string{"command: pause by ana accepted: stays at 10 % until it is resumed; judge and alarms keep watching"}
		if diff := cmp.Diff(want, w.history("command")); diff != "" || w.record().Control.Paused == nil {
			t.Errorf("call %d, effect %v: paused %+v (-want +got):\n%s", n, effect, w.record().Control.Paused, diff)
		}
	})
}

// What a rollout made is removed once it is back on its baseline, whoever dies on the
// way; what the endpoint uses stays.
func TestCleanUpCrashes(t *testing.T) {
	s := map[*world]shifting.Step{}
	crashes(t, func() *world {
		w := prepared(t)
		if a, _, err := w.back(nil); err != nil || a.Outcome != rollout.Reached {
			t.Fatalf("going back: %+v, %v", a, err)
		}
		w.RunFor(time.Second)
		s[w] = w.step()
		return w
	}, func(w *world) { call(w, w.shift.CleanUp, s[w]) }, func(w *world, n int, effect wire.Effect) {
		r := w.record()
		w.Do(func() {
			for _, name := range []string{r.BothConfig, r.Candidate.Config} {
				if _, err := w.shift.Endpoints.Config(ctx, name); err == nil {
					t.Errorf("call %d, effect %v: config %s is still there", n, effect, name)
				}
			}
			if _, err := w.shift.Endpoints.Config(ctx, r.Baseline.Config); err != nil {
				t.Errorf("call %d, effect %v: the baseline's config: %v", n, effect, err)
			}
		})
	})
}
