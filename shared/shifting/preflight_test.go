package shifting_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// codes are findings as "level code".
func codes(found []preflight.Finding) (all []string) {
	for _, f := range found {
		all = append(all, string(f.Level)+" "+f.Code)
	}
	return all
}

// The command line foresees what the state machine then plans, without a table and
// without a change.
func TestPreflightForeseesThePlan(t *testing.T) {
	w := newWorld(t)
	var asked []string
	w.srv.Observe = func(r wire.Record) { asked = append(asked, r.Operation) }
	foresee := *w.shift
	foresee.Table, foresee.Room, foresee.Desk = nil, nil, nil
	var report preflight.Report
	var draft rollout.Record
	w.Do(func() {
		var err error
		report, draft, err = foresee.Preflight(ctx, churn(), w.package2, id, false, noon)
		w.ok(err)
	})
	if writes := slices.DeleteFunc(slices.Clone(asked), func(op string) bool { return strings.HasPrefix(op, "Describe") }); len(writes) > 0 || len(asked) == 0 {
		t.Errorf("asked %v", asked)
	}
	w.srv.Observe = nil
	w.lease()
	if p := call(w, w.shift.PlanRollout, w.step()); !p.Go {
		t.Fatalf("refused: %s", p.Reason)
	}
	got := w.record()
	draft.State, draft.StartedAt, draft.Rev = got.State, got.StartedAt, got.Rev
	if diff := cmp.Diff(draft, got); diff != "" {
		t.Errorf("record (-foreseen +planned):\n%s", diff)
	}
	if diff := cmp.Diff(got.Plan, report.Plan); diff != "" {
		t.Errorf("plan (-planned +foreseen):\n%s", diff)
	}
	// Both alarms have no dimensions: no metric of SageMaker's is like that.
	want := []string{"warn alarm.blind", "warn alarm.blind"}
	if diff := cmp.Diff(want, codes(report.Of(preflight.Warn))); diff != "" || report.Says(preflight.Refuse)+report.Says(preflight.Wait) != "" {
		t.Errorf("refused %q, warnings (-want +got):\n%s", report.Says(preflight.Refuse), diff)
	}
}

// What a preflight has found is in the rollout's history, refused or not.
func TestFindingsAreInHistory(t *testing.T) {
	for name, change := range map[string]func(*spec.Spec){
		"planned": func(*spec.Spec) {},
		"refused": func(s *spec.Spec) { s.Rollout.Alarms = append(s.Rollout.Alarms, "typo") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			w.lease()
			p := call(w, w.shift.PlanRollout, w.step())
			if p.Go != (name == "planned") {
				t.Fatalf("got %+v", p)
			}
			var found preflight.Report
			w.Do(func() {
				entries, err := w.table.History(ctx, id)
				w.ok(err)
				for _, e := range entries {
					if e.Kind == "plan" {
						w.ok(json.Unmarshal([]byte(e.Data), &found))
					}
				}
			})
			if found.Says(preflight.Refuse) != p.Reason || len(found.Of(preflight.Warn)) != 2 || found.Plan.Look != w.record().Plan.Look || found.Cost.Sum == "" {
				t.Errorf("history has %+v", found)
			}
		})
	}
}

// Several things that are in the way are all told at once.
func TestRefusedForAllReasons(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) { s.Rollout.Alarms = []string{"slow", "typo"} })
	w.lease()
	w.ring("slow", "ALARM")
	w.Do(func() { w.ok(w.sm.Registry.Approve(w.package2, "Rejected", "")) })
	got := call(w, w.shift.PlanRollout, w.step())
	want := w.package2 + " is Rejected now, not Approved; alarm slow is in ALARM already: because; alarm typo does not exist; create it or take it out of rollout.alarms"
	if got.Go || got.Reason != want {
		t.Errorf("got  %s\nwant %s", got.Reason, want)
	}
}

// A read that fails for a moment refuses nothing.
func TestPreflightCannotRead(t *testing.T) {
	w := newWorld(t)
	w.lease()
	for n := range 8 {
		at := 0
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if at++; at-1 == n && strings.HasPrefix(c.Operation, "Describe") {
				return wire.Throttle
			}
			return wire.NoFault
		}
		var err error
		w.Do(func() { _, _, err = w.shift.Preflight(ctx, churn(), w.package2, id, false, noon) })
		w.srv.Fault = nil
		if at > n && err == nil {
			t.Errorf("call %d was throttled, and nobody has seen it", n)
		}
		if r := w.record(); r.State != rollout.Waiting {
			t.Fatalf("the record is %s", r.State)
		}
	}
}
