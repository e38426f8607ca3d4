package shifting_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	alarmapi "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/event"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

// ringInside sets off an alarm and tells of it, for who holds the world.
func (w *world) ringInside(name string) {
	w.Helper()
	_, err := w.alarms.SetAlarmState(ctx, &alarmapi.SetAlarmStateInput{AlarmName: &name, StateValue: "ALARM", StateReason: aws.String("because")})
	w.ok(err)
	_, err = w.shift.Room.Wake(ctx, event.AlarmNamed(name), shifting.Woke{Alarm: name}, nil)
	w.ok(err)
}

func (w *world) end(state rollout.State, change func(*shifting.End)) shifting.End {
	in := shifting.End{Return: shifting.Return{Step: w.step()}, State: state}
	if change != nil {
		change(&in)
	}
	return in
}

func TestReport(t *testing.T) {
	tests := []struct {
		name   string
		state  rollout.State
		before string // reason in the record
		in     func(*shifting.End)
		reason string
	}{
		{"promoted", rollout.Promoted, "", func(e *shifting.End) { e.Verdict.Reason = "no worse"; e.Endpoint.Reason = "endpoint has 100 %" }, "no worse"},
		{"rolled back by a verdict", rollout.RolledBack, "worse", func(e *shifting.End) { e.Verdict.Reason = "worse"; e.Endpoint.Reason = "back" }, "worse"},
		{"refused for an error", rollout.Refused, "", func(e *shifting.End) { e.Error.Error, e.Error.Cause = "Denied", "no" }, "a step failed with Denied: no"},
		{"halted while going back", rollout.Halted, "worse", func(e *shifting.End) { e.Error.Error, e.Error.Cause = "Invalid", "12 tries" }, "worse; then a step failed with Invalid: 12 tries"},
		{"halted by a verdict", rollout.Halted, "foreign", func(e *shifting.End) {
			e.Verdict = shifting.Judged{Decision: shifting.HaltHere, Reason: "foreign"}
		}, "foreign"},
		{"halted by what the endpoint is", rollout.Halted, "", func(e *shifting.End) { e.Endpoint.Reason = "endpoint is Failed" }, "endpoint is Failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := prepared(t)
			call(w, w.shift.Bake, w.step())
			other := leasing.Request{Lease: "endpoint/churn-prod", Owner: "churn-v3", Token: "next", Now: w.Now()}
			call(w, w.shift.Desk.TakeLease, other)
			r := w.record()
			r.Reason = tt.before
			w.Do(func() { _, err := w.table.PutRollout(ctx, r); w.ok(err) })
			w.RunFor(time.Second)
			in := w.end(tt.state, tt.in)
			for range 2 { // may be repeated
				if got := call(w, w.shift.ReportRollout, in); got != (shifting.Reported{State: tt.state, Reason: tt.reason}) {
					t.Errorf("reported %+v", got)
				}
			}
			if r := w.record(); r.State != tt.state || r.Reason != tt.reason || !r.EndedAt.Equal(in.Now) {
				t.Errorf("record is %s at %s: %s", r.State, r.EndedAt, r.Reason)
			}
			if h := w.told("end"); len(h) != 1 || h[0] != "end: "+string(tt.state)+": "+tt.reason {
				t.Errorf("history %v", h)
			}
			if halted := tt.state == rollout.Halted; halted != (w.holder().Owner == id) || halted == (w.machines["next"] != "") {
				t.Errorf("the lease is %q's, the next rollout was woken with %q", w.holder().Owner, w.machines["next"])
			}
			if tt.state == rollout.Halted {
				later := other
				later.Now = w.Now().Add(5 * 365 * 24 * time.Hour)
				if a := call(w, w.shift.Desk.TakeLease, later); a.Held {
					t.Error("years later the endpoint is anybody's")
				}
			}
			w.Do(func() {
				for _, r := range []event.Resource{event.Endpoint("churn-prod"), event.AlarmNamed("five"), event.AlarmNamed("slow")} {
					if left, err := w.table.WaitersFor(ctx, r); err != nil || len(left) > 0 {
						t.Errorf("for %s still wait %v, %v", r, left, err)
					}
				}
				all := w.sns.Messages("")
				if last := all[len(all)-1]; len(all) != 2 || !strings.Contains(last.Subject, id) || !strings.Contains(last.Body, tt.reason) {
					t.Errorf("%d notices, the last %s\n%s", len(all), last.Subject, last.Body)
				}
			})
		})
	}
}

// A rollout that failed before it was planned has a record of that, and holds nothing.
func TestReportWithoutAPlan(t *testing.T) {
	for _, model := range []string{"churn", "nobody"} {
		w := newWorld(t)
		w.Do(func() {
			_, err := w.shift.Desk.TakeLease(ctx, leasing.Request{Lease: "endpoint/churn-prod", Owner: id, Token: "lease", Now: w.Now()})
			w.ok(err)
		})
		in := w.end(rollout.Refused, func(e *shifting.End) {
			e.Model = model
			e.Error.Error, e.Error.Cause = "Internal", "the table is away"
		})
		if got := call(w, w.shift.ReportRollout, in); got.State != rollout.Refused {
			t.Errorf("reported %+v", got)
		}
		if r := w.record(); r.State != rollout.Refused || r.Model != model || r.Package != w.package2 || !r.StartedAt.Equal(in.Now) {
			t.Errorf("record %+v", r)
		}
		if owner := w.holder().Owner; owner != "" {
			t.Errorf("the lease is %q's", owner)
		}
		w.Do(func() {
			got, err := w.table.Rollouts(ctx, model, 5)
			if err != nil || len(got) != 1 || got[0].ID != id {
				t.Errorf("rollouts of %s: %v, %v", model, got, err)
			}
		})
	}
}

// A lease that lapsed while AWS was away is still kept when the rollout halts.
func TestHaltingLate(t *testing.T) {
	w := prepared(t)
	in := w.end(rollout.Halted, nil)
	in.Now = in.Now.Add(5 * time.Hour)
	call(w, w.shift.ReportRollout, in)
	if l := w.holder(); l.Owner != id || l.Expires.Before(in.Now.AddDate(9, 0, 0)) {
		t.Errorf("lease %+v", l)
	}
}

func TestReportCrashes(t *testing.T) {
	s := map[*world]shifting.End{}
	var want rollout.Record
	crashes(t, func() *world {
		w := planned(t)
		want = w.record()
		s[w] = w.end(rollout.RolledBack, func(e *shifting.End) { e.Woke = shifting.Woke{Alarm: "five", Reason: "r"} })
		return w
	}, func(w *world) { call(w, w.shift.ReportRollout, s[w]) }, func(w *world, n int, effect wire.Effect) {
		want.State, want.Reason, want.EndedAt, want.Rev = rollout.RolledBack, "alarm five went off: r", s[w].Now, 3
		if diff := cmp.Diff(want, w.record()); diff != "" || len(w.told("end")) != 1 || w.holder().Owner != "" || len(w.sns.Messages("")) == 0 {
			t.Errorf("call %d, effect %v: lease of %q, history %v (-want +got):\n%s", n, effect, w.holder().Owner, w.told(), diff)
		}
	})
}
