package commanding_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/event"
	"sluice/shared/rollout"
	"sluice/shared/waiting"
)

// A rollout that is under way is woken, and obeys by itself.
func TestACommandWakesItsRollout(t *testing.T) {
	for _, s := range []rollout.State{rollout.Waiting, rollout.Preparing, rollout.Running, rollout.Standby, rollout.Promoting, rollout.Returning} {
		w := newWorld(t)
		r := w.rollout(2, s, 0)
		for resource, token := range map[event.Resource]string{
			event.RolloutNamed(r.ID): "mine", event.RolloutNamed("churn-v3"): "another's", event.Endpoint(r.Endpoint): "of the endpoint",
		} {
			w.Do(func() {
				w.ok(w.table.PutWaiter(ctx, waiting.Waiter{Resource: resource, Owner: r.ID, Token: token, Since: noon}))
			})
		}
		w.asks(r, "1", rollout.Abort)
		w.hearsAll()
		if diff := cmp.Diff(tokens{"mine": `{"alarm":"","reason":""}`}, w.woken); diff != "" {
			t.Errorf("%s: woken (-want +got):\n%s", s, diff)
		}
		if diff := cmp.Diff([]string{"1 open: "}, w.answers(r.ID)); diff != "" {
			t.Errorf("%s: commands (-want +got):\n%s", s, diff)
		}
	}
}

func TestCommandsToARolloutThatIsOver(t *testing.T) {
	unlocked := func(r *rollout.Record) { r.UnlockedAt = noon }
	noVersion := func(r *rollout.Record) { r.Package = "arn:aws:sagemaker:us-east-1:111122223333:model-package/alone" }
	tests := []struct {
		name    string
		state   rollout.State
		change  func(*rollout.Record)
		others  func(*world)
		verb    rollout.Verb
		answer  string
		started []string
	}{
		{"a retry", rollout.RolledBack, nil, nil, rollout.Retry, "accepted: is tried again: rollout churn-v2-r1", []string{"churn-v2-r1"}},
		{"a retry of what halted", rollout.Halted, unlocked, nil, rollout.Retry, "accepted: is tried again: rollout churn-v2-r1", []string{"churn-v2-r1"}},
		{"a retry of what is locked", rollout.Halted, nil, nil, rollout.Retry, "refused: rollout churn-v2 ended as halted: look at its endpoint and bring it to where it should be, then sluice unlock churn", nil},
		{"a retry while it is tried", rollout.RolledBack, nil, func(w *world) {
			w.rollout(2, rollout.Running, 1, func(r *rollout.Record) { r.ID = "churn-v2-r1" })
		}, rollout.Retry, "refused: rollout churn-v2-r1 is under way with the same package already", nil},
		{"a retry while another one has the endpoint", rollout.RolledBack, nil, func(w *world) { w.rollout(3, rollout.Running, 1) }, rollout.Retry, "accepted: is tried again: rollout churn-v2-r1", []string{"churn-v2-r1"}},
		{"a retry of no version", rollout.RolledBack, noVersion, nil, rollout.Retry, "refused: model package arn:aws:sagemaker:us-east-1:111122223333:model-package/alone has no version: it is in no group", nil},
		{"an undo", rollout.Promoted, nil, nil, rollout.Undo, "accepted: the former champion is rolled out: rollout churn-v1-r1", []string{"churn-v1-r1"}},
		{"an undo of what went back", rollout.RolledBack, nil, nil, rollout.Undo, "refused: rollout churn-v2 ended as rolledBack: nothing of it is in production any more", nil},
		{"an undo of a former champion", rollout.Promoted, nil, func(w *world) { w.rollout(3, rollout.Promoted, 1) }, rollout.Undo, "refused: rollout churn-v2 is not in production any more: variant churn-v3 is", nil},
		{"an undo while the next is on its way", rollout.Promoted, nil, func(w *world) { w.rollout(3, rollout.Running, 1) }, rollout.Undo, "refused: rollout churn-v3 is under way: abort it, or wait for its end, and undo then", nil},
		{"an undo that is on its way", rollout.Promoted, nil, func(w *world) {
			w.rollout(1, rollout.Running, 1, func(r *rollout.Record) { r.ID, r.Undo = "churn-v1-r1", true })
		}, rollout.Undo, "refused: rollout churn-v1-r1 is under way with the same package already", nil},
		{"a recall of the champion", rollout.Promoted, nil, func(w *world) { w.rollout(3, rollout.Running, 1) }, rollout.Recall, "accepted: the former champion is rolled out: rollout churn-v1-r1", []string{"churn-v1-r1"}},
		{"a recall of what went back", rollout.Aborted, nil, nil, rollout.Recall, "refused: rollout churn-v2 ended as aborted: nothing of it is in production any more", nil},
		{"anything else", rollout.Promoted, nil, nil, rollout.PauseIt, "refused: rollout churn-v2 ended as promoted: it takes no pause any more; retry and undo start another one", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.rollout(2, tt.state, 0, func(r *rollout.Record) {
				if tt.change != nil {
					tt.change(r)
				}
			})
			if tt.others != nil {
				tt.others(w)
			}
			w.asks(r, "1", tt.verb)
			heard := w.batch()
			for range 2 { // it is told again
				if o, err := w.hears(heard); err != nil || len(o.Failures) > 0 {
					t.Fatal(o, err)
				}
			}
			if diff := cmp.Diff([]string{"1 " + tt.answer}, w.answers(r.ID)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{string(tt.verb) + " by ana " + tt.answer}, w.told(r.ID)); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.started, w.started()); diff != "" {
				t.Errorf("started (-want +got):\n%s", diff)
			}
		})
	}
}

// What came while the rollout was ending is answered once the end is written down.
func TestTheEndAnswersWhatIsOpen(t *testing.T) {
	w := newWorld(t)
	r := w.rollout(2, rollout.Running, 0)
	w.asks(r, "1", rollout.Retry)
	w.asks(r, "2", rollout.PauseIt)
	w.hearsAll() // it was under way then
	w.ends(r, rollout.RolledBack)
	w.hearsAll()
	want := []string{
		"1 accepted: is tried again: rollout churn-v2-r1",
		"2 refused: rollout churn-v2 ended as rolledBack: it takes no pause any more; retry and undo start another one",
	}
	if diff := cmp.Diff(want, w.answers(r.ID)); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// A rejection while the rollout was being promoted takes effect after its end.
func TestARecallThatWasPutOff(t *testing.T) {
	for _, written := range []bool{true, false} { // whether the rollout could write its answer down
		w := newWorld(t)
		r := w.rollout(2, rollout.Promoting, 0)
		w.asks(r, "rejected-2", rollout.Recall)
		w.Do(func() {
			c, _, err := w.table.Command(ctx, r.ID, "rejected-2")
			w.ok(err)
			c.Answer, c.Accepted = r.Obey(c)
			r.Control.Obeyed = map[string]rollout.Obeyed{c.ID: {Accepted: c.Accepted, Answer: c.Answer}}
			if c.HandledAt = noon; written {
				w.ok(w.table.AnswerCommand(ctx, c))
			}
		})
		w.hearsAll()
		w.ends(r, rollout.Promoted)
		heard := w.batch()
		for range 2 {
			if o, err := w.hears(heard); err != nil || len(o.Failures) > 0 {
				t.Fatal(o, err)
			}
		}
		if diff := cmp.Diff([]string{"rejected-2 accepted: the former champion is rolled out: rollout churn-v1-r1"}, w.answers(r.ID)); diff != "" {
			t.Errorf("commands (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"churn-v1-r1"}, w.started()); diff != "" {
			t.Errorf("started (-want +got):\n%s", diff)
		}
	}
}

// What a rollout has obeyed, without having been able to say so, is not asked again.
func TestWhatWasObeyedIsSaidSo(t *testing.T) {
	w := newWorld(t)
	r := w.rollout(2, rollout.Aborted, 0, func(r *rollout.Record) {
		r.Control.Obeyed = map[string]rollout.Obeyed{"1": {Accepted: true, Answer: "goes back to the baseline"}}
	})
	w.asks(r, "1", rollout.Abort)
	w.hearsAll()
	if diff := cmp.Diff([]string{"1 accepted: goes back to the baseline"}, w.answers(r.ID)); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// Commands written by hand may lack something, or be none; nothing else suffers.
func TestCommandsByHand(t *testing.T) {
	w := newWorld(t)
	r := w.rollout(2, rollout.RolledBack, 0)
	w.byHand("ROLLOUT#churn-v9", "COMMAND#1", "verb", "abort")
	w.byHand("ROLLOUT#churn-v2", "COMMAND#a", "verb", "retry", "at", "yesterday")
	w.byHand("ROLLOUT#churn-v2", "COMMAND#b", "verb", "undo", "blob", []byte("x"))
	w.byHand("ROLLOUT#churn-v2", "COMMAND#c", "verb", "destroy", "rollout", "fraud-v1", "id", "z")
	w.byHand("ROLLOUT#churn-v2", "COMMAND#d", "verb", "retry")
	w.byHand("MODEL#churn", "COMMAND#d", "verb", "retry")
	w.byHand("ROLLOUT#churn-v2", "HISTORY#x", "kind", 7)
	w.hearsAll()
	if diff := cmp.Diff([]string{"1 refused: there is no rollout churn-v9"}, w.answers("churn-v9")); diff != "" {
		t.Errorf("commands to nobody (-want +got):\n%s", diff)
	}
	want := []string{
		"a refused: rollout churn-v2 ended as rolledBack: it takes no unreadable any more; retry and undo start another one",
		"b open: ", // a change that cannot be read names nobody
		"c refused: rollout churn-v2 ended as rolledBack: it takes no destroy any more; retry and undo start another one",
		"d accepted: is tried again: rollout churn-v2-r1",
	}
	got := w.answers(r.ID)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	if got := w.told(r.ID); len(got) != 3 || !slices.Contains(got, "retry by somebody "+strings.TrimPrefix(want[3], "d ")) {
		t.Errorf("history says %q", got)
	}
	if log := w.log.String(); strings.Count(log, `"ChangesUnreadable":1`) != 2 {
		t.Errorf("the log is\n%s", log)
	}
}

// The sample is of a command as sluice approve writes it.
func TestSampleOfACommand(t *testing.T) {
	raw, err := os.ReadFile("../../events/table-stream-command.json")
	if err != nil {
		t.Fatal(err)
	}
	var changes event.Changes
	var c rollout.Command
	if err := json.Unmarshal(raw, &changes); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(changes[0].Item, &c); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	r := w.rollout(2, rollout.Running, 0)
	w.Do(func() {
		w.ok(w.table.AddCommand(ctx, c))
		w.ok(w.table.PutWaiter(ctx, waiting.Waiter{Resource: event.RolloutNamed(r.ID), Owner: r.ID, Token: "mine", Since: noon}))
	})
	if o, err := w.hears(raw); err != nil || len(o.Failures) > 0 || w.woken["mine"] == "" {
		t.Errorf("%v, %v, woken %v", o, err, w.woken)
	}
}

// What fails comes again, and holds up nothing else.
func TestAFailureHoldsUpNothing(t *testing.T) {
	w := newWorld(t)
	bad, good := w.rollout(2, rollout.RolledBack, 0), w.rollout(3, rollout.RolledBack, 1)
	w.batch()
	w.asks(bad, "1", rollout.Abort)
	w.asks(good, "1", rollout.Abort)
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		w.srv.Fault = nil
		return wire.Throttle
	}
	heard := w.batch()
	o, err := w.hears(heard)
	if err != nil || len(o.Failures) != 1 || !strings.Contains(string(heard), o.Failures[0].Sequence) {
		t.Fatalf("got %v, %v", o, err)
	}
	if got := w.answers(good.ID); !strings.HasPrefix(got[0], "1 refused") {
		t.Errorf("held up: %s", got)
	}
	if o, err := w.hears(heard); err != nil || len(o.Failures) > 0 {
		t.Errorf("again: %v, %v", o, err)
	}
	if got := w.answers(bad.ID); !strings.HasPrefix(got[0], "1 refused") {
		t.Errorf("lost: %s", got)
	}
}

// A process that dies anywhere has started one rollout, and said so once, when the
// command comes again.
func TestCrashes(t *testing.T) {
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter, wire.LostAnswer, wire.Throttle} {
		for n := 0; ; n++ {
			w := newWorld(t)
			r := w.rollout(2, rollout.Promoted, 0)
			w.asks(r, "1", rollout.Undo)
			heard, calls := w.batch(), 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			func() {
				defer func() { _ = recover() }()
				if o, err := w.hears(heard); err == nil && len(o.Failures) == 0 && calls > n {
					t.Errorf("call %d, effect %v: done, they say", n, effect)
				}
			}()
			w.srv.Fault = nil
			if o, err := w.hears(heard); err != nil || len(o.Failures) > 0 {
				t.Errorf("call %d, effect %v: %v, %v", n, effect, o, err)
			}
			if diff := cmp.Diff([]string{"1 accepted: the former champion is rolled out: rollout churn-v1-r1"}, w.answers(r.ID)); diff != "" {
				t.Errorf("call %d, effect %v: commands (-want +got):\n%s", n, effect, diff)
			}
			if got := w.started(); len(got) != 1 || len(w.told(r.ID)) != 1 {
				t.Errorf("call %d, effect %v: started %v, told %v", n, effect, got, w.told(r.ID))
			}
			if calls <= n {
				break
			}
		}
	}
}
