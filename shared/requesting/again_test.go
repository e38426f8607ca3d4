package requesting_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/asl/exec"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/requesting"
	"sluice/shared/rollout"
)

func arn(version int) string {
	return fmt.Sprintf("arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/%d", version)
}

// record is a rollout of a version in place of the one before, begun so many hours
// after noon.
func record(version, attempt int, s rollout.State, hour int) rollout.Record {
	r := rollout.Record{
		ID: rollout.ID("churn-model", version, attempt), Model: "churn-model", Package: arn(version), State: s, StartedAt: noon.Add(time.Duration(hour) * time.Hour),
		Baseline:  rollout.Side{Variant: rollout.ID("churn-model", version-1, 0), Package: arn(version - 1)},
		Candidate: rollout.Side{Variant: rollout.ID("churn-model", version, attempt), Package: arn(version)},
	}
	if s == rollout.Waiting || s == rollout.Superseded { // it has no plan
		r.Baseline, r.Candidate = rollout.Side{}, rollout.Side{}
	}
	return r
}

func (w *world) put(records ...rollout.Record) {
	w.Helper()
	w.Do(func() {
		for _, r := range records {
			if _, err := w.table.PutRollout(ctx, r); err != nil {
				w.Fatal(err)
			}
		}
	})
}

// recalls lists the commands to rollouts, as "rollout id verb".
func (w *world) recalls(records []rollout.Record) (all []string) {
	w.Helper()
	w.Do(func() {
		for _, r := range records {
			commands, err := w.table.Commands(ctx, r.ID)
			if err != nil {
				w.Fatal(err)
			}
			for _, c := range commands {
				all = append(all, fmt.Sprintf("%s %s %s", r.ID, c.ID, c.Verb))
				if c.By != "the model registry" || c.Why != "version 2 of churn was rejected" || c.At.IsZero() {
					w.Errorf("the command is %+v", c)
				}
			}
		}
	})
	return all
}

// A rejection is told to the rollout of the package that is under way, and to the one
// that made it the champion; to nobody else.
func TestRejection(t *testing.T) {
	const v2 = "churn-model-v2 rejected-2-1772470814 recall"
	tests := []struct {
		name    string
		records []rollout.Record
		want    []string
	}{
		{"no rollout", nil, nil},
		{"waiting", []rollout.Record{record(2, 0, rollout.Waiting, 0)}, []string{v2}},
		{"preparing", []rollout.Record{record(2, 0, rollout.Preparing, 0)}, []string{v2}},
		{"running", []rollout.Record{record(2, 0, rollout.Running, 0)}, []string{v2}},
		{"in standby", []rollout.Record{record(2, 0, rollout.Standby, 0)}, []string{v2}},
		{"promoting", []rollout.Record{record(2, 0, rollout.Promoting, 0)}, []string{v2}},
		{"returning", []rollout.Record{record(2, 0, rollout.Returning, 0)}, []string{v2}},
		{"the champion", []rollout.Record{record(2, 0, rollout.Promoted, 0)}, []string{v2}},
		{"the champion, promoted by a retry", []rollout.Record{record(2, 0, rollout.RolledBack, 0), record(2, 1, rollout.Promoted, 1)}, []string{"churn-model-v2-r1 rejected-2-1772470814 recall"}},
		{"the champion, while the next is on its way", []rollout.Record{record(2, 0, rollout.Promoted, 0), record(3, 0, rollout.Running, 1)}, []string{v2}},
		{"the champion, after others failed", []rollout.Record{record(2, 0, rollout.Promoted, 0), record(3, 0, rollout.RolledBack, 1), record(4, 0, rollout.Superseded, 2)}, []string{v2}},
		{"a former champion", []rollout.Record{record(2, 0, rollout.Promoted, 0), record(3, 0, rollout.Promoted, 1)}, nil},
		{"a former champion, its successor in standby", []rollout.Record{record(2, 0, rollout.Promoted, 0), record(3, 0, rollout.Standby, 1)}, nil},
		{"perhaps the champion: another halted since", []rollout.Record{record(2, 0, rollout.Promoted, 0), record(3, 0, rollout.Halted, 1)}, nil},
		{"rolled back", []rollout.Record{record(2, 0, rollout.RolledBack, 0)}, nil},
		{"aborted", []rollout.Record{record(2, 0, rollout.Aborted, 0)}, nil},
		{"refused", []rollout.Record{record(2, 0, rollout.Refused, 0)}, nil},
		{"superseded", []rollout.Record{record(2, 0, rollout.Superseded, 0)}, nil},
		{"halted", []rollout.Record{record(2, 0, rollout.Halted, 0)}, nil},
		{"another package", []rollout.Record{record(3, 0, rollout.Running, 0)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(tt.records...)
			for range 2 {
				if got, err := w.onPackage(`"ModelApprovalStatus": "Approved"`, `"ModelApprovalStatus": "Rejected"`); got != "" || err != nil {
					t.Errorf("asked for %q, %v", got, err)
				}
			}
			if diff := cmp.Diff(tt.want, w.recalls(tt.records)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if got := w.executions(); len(got) > 0 {
				t.Errorf("started %v", got)
			}
		})
	}
}

// A package that a person approves again and rejects once more is told once more; an
// event that does not say when is the same as any other such.
func TestRejectedAgain(t *testing.T) {
	w := newWorld(t)
	r := record(2, 0, rollout.Promoted, 0)
	w.put(r)
	for _, at := range []string{"2026-03-02T17:00:14Z", "2026-03-02T17:00:14Z", "2026-03-03T08:00:00Z", "", ""} {
		_, err := w.onPackage(`"ModelApprovalStatus": "Approved"`, `"ModelApprovalStatus": "Rejected"`, `"LastModifiedTime": "2026-03-02T17:00:14Z"`, fmt.Sprintf(`"LastModifiedTime": %q`, at))
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"churn-model-v2 rejected-2 recall", "churn-model-v2 rejected-2-1772470814 recall", "churn-model-v2 rejected-2-1772524800 recall"}
	if diff := cmp.Diff(want, w.recalls([]rollout.Record{r})); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// asks is Retry or Undo.
type asks func(*requesting.Requesting, rollout.Record, requesting.Claim) (string, error)

func retry(q *requesting.Requesting, r rollout.Record, c requesting.Claim) (string, error) {
	return q.Retry(ctx, r, c)
}

func undo(q *requesting.Requesting, r rollout.Record, c requesting.Claim) (string, error) {
	return q.Undo(ctx, r, c)
}

// once asks with a claim that is remembered in claimed.
func (w *world) once(ask asks, r rollout.Record, claimed *string) (id string, err error) {
	w.Do(func() {
		id, err = ask(w.requests, r, requesting.Claim{Rollout: *claimed, Write: func(id string) error { *claimed = id; return nil }})
	})
	return id, err
}

func TestRetryAndUndo(t *testing.T) {
	const input = `{"rollout":"%s","model":"churn-model","package":"%s","lease":"endpoint/churn-prod","rank":%d,"undo":%v}`
	undone := record(2, 1, rollout.RolledBack, 3)
	undone.Undo, undone.Baseline = true, rollout.Side{Variant: "churn-model-v3", Package: arn(3)}
	tests := []struct {
		name  string
		ask   asks
		of    rollout.Record
		known []rollout.Record // others in the table
		ended []string         // names that the machine knows, over and without a record
		id    string
		input string
	}{
		{"a retry", retry, record(2, 0, rollout.RolledBack, 0), nil, nil, "churn-model-v2-r1", fmt.Sprintf(input, "churn-model-v2-r1", arn(2), 2001, false)},
		{"a retry of a retry", retry, record(2, 7, rollout.Aborted, 0), nil, nil, "churn-model-v2-r8", fmt.Sprintf(input, "churn-model-v2-r8", arn(2), 2008, false)},
		{"past what the table knows", retry, record(2, 0, rollout.RolledBack, 0), []rollout.Record{record(2, 1, rollout.RolledBack, 1)}, nil, "churn-model-v2-r2", fmt.Sprintf(input, "churn-model-v2-r2", arn(2), 2002, false)},
		{"past what the machine knows", retry, record(2, 0, rollout.RolledBack, 0), nil, []string{"churn-model-v2-r1", "churn-model-v2-r2"}, "churn-model-v2-r3", fmt.Sprintf(input, "churn-model-v2-r3", arn(2), 2003, false)},
		{"a retry of an undo is an undo", retry, undone, nil, nil, "churn-model-v2-r2", fmt.Sprintf(input, "churn-model-v2-r2", arn(2), 3999, true)},
		{"an undo", undo, record(3, 0, rollout.Promoted, 0), nil, nil, "churn-model-v2-r1", fmt.Sprintf(input, "churn-model-v2-r1", arn(2), 3999, true)},
		{"an undo, past what is known", undo, record(3, 2, rollout.Promoted, 0), []rollout.Record{record(2, 1, rollout.RolledBack, 1)}, []string{"churn-model-v2-r2"}, "churn-model-v2-r3", fmt.Sprintf(input, "churn-model-v2-r3", arn(2), 3999, true)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(tt.known...)
			for _, name := range tt.ended {
				w.Do(func() {
					if _, err := w.states.StartExecution(states.MachineARN("rollout"), name, "{}"); err != nil {
						t.Fatal(err)
					}
					w.states.StopExecution(states.ExecutionARN("rollout", name), &exec.Failure{})
				})
			}
			var claimed string
			for range 2 { // the second time, an answer was lost
				got, err := w.once(tt.ask, tt.of, &claimed)
				if got != tt.id || claimed != tt.id || err != nil {
					t.Fatalf("started %q, claimed %q, %v", got, claimed, err)
				}
			}
			all := w.executions()
			if got, want := all[len(all)-1], tt.id+" RUNNING "+tt.input; len(all) != len(tt.ended)+1 || got != want {
				t.Errorf("%d executions, the last is\n%s\nwant\n%s", len(all), got, want)
			}
		})
	}
}

// Whoever dies anywhere starts one rollout in all, when it tries again, also if that
// one is over by then.
func TestAgainAfterACrash(t *testing.T) {
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
			var claimed string
			of := record(2, 0, rollout.RolledBack, 0)
			func() {
				defer func() { _ = recover() }()
				if _, err := w.once(retry, of, &claimed); err == nil && calls > n {
					t.Errorf("call %d, effect %v: done, they say", n, effect)
				}
			}()
			w.srv.Fault = nil
			if len(w.executions()) > 0 { // it has been refused at once
				w.Do(func() { w.states.StopExecution(states.ExecutionARN("rollout", claimed), &exec.Failure{}) })
				w.put(record(2, 1, rollout.Refused, 1))
			}
			if got, err := w.once(retry, of, &claimed); got != "churn-model-v2-r1" || err != nil {
				t.Errorf("call %d, effect %v: %q, %v", n, effect, got, err)
			}
			if got := w.executions(); len(got) != 1 {
				t.Errorf("call %d, effect %v: executions %v", n, effect, got)
			}
			if calls <= n {
				break
			}
		}
	}
}

func TestWhatCannotBeAskedForAgain(t *testing.T) {
	w := newWorld(t)
	noVersion := record(2, 0, rollout.Promoted, 0)
	noVersion.Package, noVersion.Baseline.Package = "arn:aws:sagemaker:us-east-1:111122223333:model-package/by-hand", "arn:aws:sagemaker:us-east-1:111122223333:model-package/other"
	foreign := record(2, 0, rollout.RolledBack, 0)
	foreign.ID = "fraud-v2"
	last := record(2, 999, rollout.RolledBack, 0)
	unknown := record(2, 0, rollout.RolledBack, 0)
	unknown.Model, unknown.ID = "search", "search-v2"
	for _, tt := range []struct {
		name string
		ask  asks
		of   rollout.Record
		kind fault.Kind
	}{
		{"a retry without a version", retry, noVersion, fault.Invalid},
		{"an undo without a version", undo, noVersion, fault.Invalid},
		{"a name that is not of its model", retry, foreign, fault.Invalid},
		{"too many attempts", retry, last, fault.Conflict},
		{"a model without a spec", retry, unknown, fault.NotFound},
	} {
		var claimed string
		if got, err := w.once(tt.ask, tt.of, &claimed); !fault.Is(err, tt.kind) || got != "" || claimed != "" {
			t.Errorf("%s: %q, claimed %q, %v", tt.name, got, claimed, err)
		}
	}
	// A claim that cannot be remembered starts nothing.
	w.Do(func() {
		lost := errors.New("lost")
		_, err := w.requests.Retry(ctx, record(2, 0, rollout.RolledBack, 0), requesting.Claim{Write: func(string) error { return lost }})
		if !errors.Is(err, lost) {
			t.Errorf("the claim was lost: %v", err)
		}
	})
	if got := w.executions(); len(got) > 0 {
		t.Errorf("started %v", got)
	}
}
