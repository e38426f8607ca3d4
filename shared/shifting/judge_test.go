package shifting_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

// busy has requests, and a candidate that answers them like b.
func busy(t *testing.T, b traffic.Behaviour, change ...func(*spec.Spec)) *world {
	t.Helper()
	w := prepared(t, change...)
	w.Do(func() {
		w.ok(w.sm.Hosting.SetTraffic("churn-prod", traffic.Traffic{RPM: 3000}))
		w.ok(w.sm.Hosting.SetBehaviour("sluice-"+id, b))
	})
	w.RunFor(20 * time.Minute) // of the baseline's past
	return w
}

// bake shifts to the next weight and looks once a minute until the judge has decided.
func (w *world) bake() (shifting.Judged, int) {
	w.Helper()
	w.weigh()
	for looks := 1; looks < 60; looks++ {
		w.RunFor(time.Minute)
		if j := call(w, w.shift.Judge, w.step()); j.Decision != shifting.KeepBaking {
			return j, looks
		}
	}
	w.Fatal("no decision in an hour")
	return shifting.Judged{}, 0
}

func TestAGoodCandidate(t *testing.T) {
	w := busy(t, traffic.Behaviour{})
	j, looks := w.bake()
	if j.Decision != shifting.NextStep || looks < 10 || looks > 16 {
		t.Fatalf("after %d looks %+v", looks, j)
	}
	if r := w.record(); !r.Steps[0].EndedAt.Equal(w.Now()) || r.Reason != "" || r.Served.Requests < 2000 || r.Served.Bad != 0 {
		t.Errorf("record: %+v, %+v, %q", r.Steps[0], r.Served, r.Reason)
	}
	if j, looks = w.bake(); j.Decision != shifting.PromoteIt || looks < 5 || looks > 12 {
		t.Fatalf("after %d looks %+v", looks, j)
	}
	var last shifting.Look
	w.Do(func() {
		all, err := w.table.History(ctx, id)
		w.ok(err)
		e := all[len(all)-1]
		if e.Kind != "look" || !strings.HasPrefix(e.Text, "promote at 100 %: ") {
			t.Errorf("the last entry is %s: %s", e.Kind, e.Text)
		}
		w.ok(json.Unmarshal([]byte(e.Data), &last))
	})
	r := w.record()
	if r.Reason != last.Reason || !strings.HasPrefix(r.Reason, "no worse than tolerated in any step: candidate 0 of ") {
		t.Errorf("the record's reason is %q", r.Reason)
	}
	if last.Weight != 100 || last.Candidate != r.Served || last.Decision != shifting.PromoteIt || last.Step != 1 || last.Steps != 2 || last.Bake != 5 || len(last.Verdict.Metrics) != 1 || len(last.Query.Variants) != 2 || !last.Query.From.Equal(r.Steps[0].AskedAt.Truncate(time.Minute).Add(-24*time.Hour)) {
		t.Errorf("the last look is %+v", last)
	}
	if l := w.holder(); !l.Expires.Equal(w.Now().Add(leasing.Term)) {
		t.Errorf("the lease ends at %s", l.Expires)
	}
}

func TestABadCandidate(t *testing.T) {
	w := busy(t, traffic.Behaviour{Errors5XX: 0.3}, func(s *spec.Spec) { s.Rollout.Judge.Latency = &spec.Latency{Percentile: "p90", Tolerance: 0.1} })
	j, looks := w.bake()
	if j.Decision != shifting.GoBack || looks > 6 || !strings.Contains(j.Reason, "failed") {
		t.Errorf("after %d looks %+v", looks, j)
	}
	if r := w.record(); r.Reason != j.Reason || r.Served.Bad == 0 {
		t.Errorf("record: %q, %+v", r.Reason, r.Served)
	}
}

// What can be seen on the endpoint and on the alarms comes before any number.
func TestLooksBeforeNumbers(t *testing.T) {
	tests := []struct {
		name   string
		happen func(*world)
		want   shifting.Decision
		reason string
		entry  string // how the last line of history begins
	}{
		{"nothing", func(*world) {}, shifting.KeepBaking, "", "look: continue at 10 %"},
		{"an alarm", func(w *world) { w.ring("slow", "ALARM") }, shifting.GoBack, "alarm slow went off: because", "verdict: roll back: alarm slow"},
		{"somebody else's weight", func(w *world) {
			w.Do(func() { w.ok(w.sm.Hosting.ForeignWeights("churn-prod", "AllTraffic", 1.0, id, 0.0)) })
			w.RunUntilIdle(time.Hour)
		}, shifting.HaltHere, "nobody of this rollout asked for", "verdict: halt: variant"},
		{"somebody else's config", func(w *world) { w.Do(w.foreign); w.RunUntilIdle(time.Hour) }, shifting.HaltHere, "not of this rollout", "verdict: halt: endpoint"},
		{"maintenance", func(w *world) {
			w.Do(func() { w.sm.Hosting.Maintain("churn-prod", w.Now(), time.Hour) })
			w.RunFor(time.Minute)
		}, shifting.KeepBaking, "", "look: continue"},
		{"both configs at once", func(w *world) {
			w.Do(func() {
				w.sm.Hosting.NextUpdate("churn-prod", hosting.Fate{Ending: hosting.RollbackFails})
				r, _, err := w.table.Rollout(ctx, id)
				w.ok(err)
				w.ok(w.sm.Hosting.ForeignUpdate("churn-prod", r.Candidate.Config))
			})
			w.RunUntilIdle(time.Hour)
		}, shifting.GoBack, "neither be updated nor rolled back", "verdict: roll back"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := shifted(t, 0)
			tt.happen(w)
			w.RunFor(time.Second)
			got := call(w, w.shift.Judge, w.step())
			if got.Decision != tt.want || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got %+v, want %s: %s", got, tt.want, tt.reason)
			}
			h := w.told()
			if last := h[len(h)-1]; !strings.HasPrefix(last, tt.entry) {
				t.Errorf("history ends with %s", last)
			}
			if r := w.record(); tt.want != shifting.KeepBaking && r.Reason != got.Reason || !r.Steps[0].EndedAt.IsZero() {
				t.Errorf("record: %q, %+v", r.Reason, r.Steps[0])
			}
		})
	}
}

// A look that ended the step, died and comes to another conclusion when it is done
// again, leaves the step open.
func TestALookDoneAgain(t *testing.T) {
	w := shifted(t, 0)
	w.endStep() // as the try that died had it
	r := w.record()
	r.Reason = "no worse than tolerated"
	w.Do(func() { _, err := w.table.PutRollout(ctx, r); w.ok(err) })
	if got := call(w, w.shift.Judge, w.step()); got.Decision != shifting.KeepBaking {
		t.Fatalf("got %+v", got)
	}
	if r := w.record(); !r.Steps[0].EndedAt.IsZero() || r.Reason != "" {
		t.Errorf("the bake goes on in a step that ended at %s: %s", r.Steps[0].EndedAt, r.Reason)
	}
}

func TestJudgeCannotLook(t *testing.T) {
	for _, operation := range []string{"DescribeEndpoint", "DescribeAlarms", "GetMetricData", "PutItem"} {
		w := shifted(t, 0)
		before := w.record()
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if c.Operation == operation {
				return wire.Throttle
			}
			return wire.NoFault
		}
		if _, err := try(w, w.shift.Judge, w.step()); !fault.Is(err, fault.Throttled) {
			t.Errorf("%s throttled: %v", operation, err)
		}
		w.srv.Fault = nil
		if w.record().Rev != before.Rev {
			t.Errorf("%s throttled, and yet the record was written", operation)
		}
	}
}

func TestBake(t *testing.T) {
	w := shifted(t, 0)
	s := w.step()
	if got := call(w, w.shift.Bake, s); got != (shifting.Woke{}) || w.machines[s.Token] != "" {
		t.Errorf("got %+v, completed with %q", got, w.machines[s.Token])
	}
	for _, r := range []event.Resource{event.Endpoint("churn-prod"), event.AlarmNamed("five"), event.AlarmNamed("slow")} {
		w.Do(func() {
			waiters, err := w.table.WaitersFor(ctx, r)
			if err != nil || len(waiters) != 1 || waiters[0].Token != s.Token || waiters[0].Owner != id || !waiters[0].Since.Equal(s.Now) {
				t.Errorf("for %s wait %+v, %v", r, waiters, err)
			}
		})
	}
	w.Do(func() {
		n, err := w.shift.Room.Wake(ctx, event.AlarmNamed("slow"), shifting.Woke{Alarm: "slow", Reason: "r"}, nil)
		if n != 1 || err != nil || w.machines[s.Token] != `{"alarm":"slow","reason":"r"}` {
			t.Errorf("woke %d with %q, %v", n, w.machines[s.Token], err)
		}
	})
	// An alarm that rings already ends the bake at once.
	w.ring("five", "ALARM")
	s = w.step()
	if got := call(w, w.shift.Bake, s); got.Alarm != "five" || w.machines[s.Token] != `{"alarm":"five","reason":"because"}` {
		t.Errorf("got %+v, completed with %q", got, w.machines[s.Token])
	}
}

// An alarm that goes off at any call of the bake's beginning ends it.
func TestBakeMissesNoAlarm(t *testing.T) {
	for n := 0; ; n++ {
		w := shifted(t, 0)
		calls := 0
		var hook func(*wire.Call, any) wire.Effect
		hook = func(*wire.Call, any) wire.Effect {
			if calls++; calls-1 == n {
				w.srv.Fault = nil
				w.ringInside("five")
				w.srv.Fault = hook
			}
			return wire.NoFault
		}
		s := w.step()
		w.srv.Fault = hook
		call(w, w.shift.Bake, s)
		w.srv.Fault = nil
		if calls <= n {
			return
		}
		if w.machines[s.Token] == "" {
			t.Errorf("at call %d of %d an alarm went off, and the bake goes on", n, calls)
		}
	}
}
