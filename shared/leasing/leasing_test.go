package leasing_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
)

// Who waits for the lease has it when it is freed, not when a timeout looks again.
func TestOneAfterTheOther(t *testing.T) {
	w := newWorld(t)
	w.start("a", "b", "c")
	if !w.RunUntilIdle(2 * time.Hour) {
		t.Fatal("somebody still waits")
	}
	want := []string{
		"12:00:00 a holds", "12:10:00 a frees", "12:10:00 b holds", "12:20:00 b frees", "12:20:00 c holds", "12:30:00 c frees",
	}
	if diff := cmp.Diff(want, w.story); diff != "" {
		t.Errorf("story (-want +got):\n%s", diff)
	}
	if w.holder() != "" {
		t.Errorf("%s still has the lease", w.holder())
	}
}

// Whatever call of whatever function dies, before or after its effect: nobody holds
// the lease beside another, and everybody gets it.
func TestCrashesAnywhere(t *testing.T) {
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter, wire.LostAnswer, wire.Throttle} {
		for n := 0; ; n++ {
			w := newWorld(t)
			calls := 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			w.start("a", "b")
			if !w.RunUntilIdle(2 * time.Hour) {
				t.Fatalf("call %d, effect %v: somebody still waits\n%v", n, effect, w.story)
			}
			w.srv.Fault = nil
			holder, worked := "", map[string]bool{}
			for _, line := range w.story {
				who, what := line[9:10], line[11:]
				if what == "frees" && worked[who] {
					continue // its answer was lost, and it tried again
				}
				if holder != "" && holder != who {
					t.Fatalf("call %d, effect %v: %s beside %s\n%v", n, effect, line, holder, w.story)
				}
				if holder = who; what == "frees" {
					holder, worked[who] = "", true
				}
			}
			if !worked["a"] || !worked["b"] || w.holder() != "" {
				t.Fatalf("call %d, effect %v: held by %q at the end\n%v", n, effect, w.holder(), w.story)
			}
			if calls <= n {
				break
			}
		}
	}
}

// A lease that is freed at any moment while another owner asks for it is his, at
// once or when he is woken.
func TestNoReleaseIsMissed(t *testing.T) {
	for n := 0; ; n++ {
		w := newWorld(t)
		w.start("a")
		w.RunFor(time.Second) // a holds it
		calls := 0
		w.srv.Fault = func(*wire.Call, any) wire.Effect {
			if calls++; calls-1 == n {
				hook := w.srv.Fault
				w.srv.Fault = nil
				if err := w.desk.Free(ctx, name, "a"); err != nil {
					t.Fatal(err)
				}
				w.srv.Fault = hook
			}
			return wire.NoFault
		}
		w.start("b")
		w.RunFor(time.Second)
		if calls > n && w.holder() != "b" {
			t.Fatalf("freed at call %d of %d: held by %q\n%v", n, calls, w.holder(), w.story)
		}
		if calls <= n {
			if n < 2 {
				t.Fatalf("only %d calls", calls) // the waiter, then the lease
			}
			return
		}
	}
}

func TestHoldAndFree(t *testing.T) {
	w := newWorld(t)
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	w.Do(func() {
		if err := w.take("a", 0); err != nil {
			t.Fatal(err)
		}
		l, err := w.table.Lease(ctx, name)
		if err != nil || !l.Expires.Equal(noon.Add(leasing.Term)) {
			t.Errorf("lease %+v, %v", l, err)
		}
		if err := w.desk.Hold(ctx, name, "a", at(100)); err != nil {
			t.Error(err)
		}
		if err := w.desk.Hold(ctx, name, "b", at(100)); !fault.Is(err, fault.Conflict) {
			t.Errorf("held by another: %v", err)
		}
		if err := w.take("b", 219); err != nil || w.holder() != "a" {
			t.Errorf("taken before it expired, by %s: %v", w.holder(), err)
		}
		if err := w.take("b", 221); err != nil || w.holder() != "b" {
			t.Errorf("not taken after it expired, by %s: %v", w.holder(), err)
		}
		if err := w.desk.Hold(ctx, name, "a", at(222)); !fault.Is(err, fault.Conflict) {
			t.Errorf("lost: %v", err)
		}
		if err := w.desk.Free(ctx, name, "a"); err != nil || w.holder() != "b" {
			t.Errorf("freed by who had lost it: %v", err)
		}
		if err := w.desk.Free(ctx, name, "b"); err != nil || w.holder() != "" {
			t.Errorf("freed: %v", err)
		}
	})
}

func TestRequestsAreChecked(t *testing.T) {
	w := newWorld(t)
	whole := leasing.Request{Lease: name, Owner: "a", Token: "t", Now: noon}
	for what, spoil := range map[string]func(*leasing.Request){
		"lease": func(q *leasing.Request) { q.Lease = "" }, "owner": func(q *leasing.Request) { q.Owner = "" },
		"token": func(q *leasing.Request) { q.Token = "" }, "now": func(q *leasing.Request) { q.Now = time.Time{} },
	} {
		q := whole
		spoil(&q)
		if _, err := w.desk.TakeLease(ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("without %s: %v", what, err)
		}
	}
	w.Do(func() {
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if c.Operation == "PutItem" {
				return wire.Throttle
			}
			return wire.NoFault
		}
		if _, err := w.desk.TakeLease(ctx, whole); !fault.Is(err, fault.Throttled) {
			t.Errorf("throttled: %v", err)
		}
	})
}

func TestNames(t *testing.T) {
	if got := leasing.ForEndpoint("Churn-Prod"); got != leasing.ForEndpoint("churn-prod") || got != "endpoint/churn-prod" {
		t.Errorf("endpoint lease %s", got)
	}
	// The state machine of training builds this name itself.
	if got := leasing.ForTraining("churn"); got != "training/churn" {
		t.Errorf("training lease %s", got)
	}
	if event.LeaseOn(leasing.ForEndpoint("x")) == event.Endpoint("x") {
		t.Error("waiting for an endpoint is not waiting for its lease")
	}
}
