package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/fault"
	"sluice/shared/rollout"
)

func TestAttempt(t *testing.T) {
	tests := []struct {
		id, model string
		version   int
		want      int
		ok        bool
	}{
		{"churn-v2", "churn", 2, 0, true},
		{"churn-v2-r1", "churn", 2, 1, true},
		{"churn-v2-r12", "churn", 2, 12, true},
		{"churn-v20", "churn", 2, 0, false},
		{"churn-v2", "churn", 20, 0, false},
		{"churn-v2-r", "churn", 2, 0, false},
		{"churn-v2-r0", "churn", 2, 0, false},
		{"churn-v2-r01", "churn", 2, 0, false},
		{"churn-v2-rx", "churn", 2, 0, false},
		{"churn-v2-v3", "churn", 2, 0, false},
		{"fraud-v2", "churn", 2, 0, false},
	}
	for _, tt := range tests {
		got, ok := rollout.Attempt(tt.id, tt.model, tt.version)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %d, %v", tt.id, got, ok)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom([]string{"churn", "churn-v1", "a-v2-r3"}).Draw(t, "model")
		version, attempt := rapid.IntRange(1, 5000).Draw(t, "version"), rapid.IntRange(0, 999).Draw(t, "attempt")
		if got, ok := rollout.Attempt(rollout.ID(model, version, attempt), model, version); got != attempt || !ok {
			t.Errorf("got %d, %v", got, ok)
		}
	})
}

func TestVersionOf(t *testing.T) {
	const arn = "arn:aws:sagemaker:us-east-1:111122223333:model-package/"
	for name, want := range map[string]int{"churn/42": 42, "churn": 0, "churn/0": 0, "churn/x": 0, "churn/-1": 0, "": 0} {
		got, err := rollout.VersionOf(arn + name)
		if got != want || fault.Is(err, fault.Invalid) != (want == 0) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if _, err := rollout.VersionOf(""); !fault.Is(err, fault.Invalid) {
		t.Errorf("no package: %v", err)
	}
}

// of is a rollout of a version in place of the one before.
func of(version int, s rollout.State) rollout.Record {
	id := func(v int) string { return rollout.ID("churn", v, 0) }
	r := rollout.Record{
		ID: id(version), State: s, Package: "p/" + id(version), Baseline: rollout.Side{Variant: id(version - 1), Package: "p/" + id(version-1)}, Candidate: rollout.Side{Variant: id(version), Package: "p/" + id(version)},
	}
	if s == rollout.Waiting || s == rollout.Superseded {
		r.Baseline, r.Candidate = rollout.Side{}, rollout.Side{}
	}
	return r
}

func TestChampion(t *testing.T) {
	firstGone := of(1, rollout.Aborted)
	firstGone.First, firstGone.Baseline = true, rollout.Side{}
	firstHalted := of(1, rollout.Halted)
	firstHalted.First, firstHalted.Baseline = true, rollout.Side{}
	early := of(2, rollout.Halted) // before it had a plan
	early.Baseline = rollout.Side{}
	tests := []struct {
		name        string
		newestFirst []rollout.Record
		want, from  string // variant, and the rollout that brought it; "" for nobody knows
	}{
		{"none", nil, "", ""},
		{"promoted", []rollout.Record{of(2, rollout.Promoted)}, "churn-v2", "churn-v2"},
		{"in standby", []rollout.Record{of(2, rollout.Standby)}, "churn-v2", "churn-v2"},
		{"promoting", []rollout.Record{of(2, rollout.Promoting)}, "churn-v2", "churn-v2"},
		{"running", []rollout.Record{of(2, rollout.Running)}, "churn-v1", ""},
		{"running in place of one that was promoted", []rollout.Record{of(3, rollout.Running), of(2, rollout.Promoted)}, "churn-v2", "churn-v2"},
		{"rolled back", []rollout.Record{of(3, rollout.RolledBack), of(2, rollout.Promoted)}, "churn-v2", "churn-v2"},
		{"returning", []rollout.Record{of(3, rollout.Returning)}, "churn-v2", ""},
		{"refused before its plan, and superseded", []rollout.Record{of(5, rollout.Superseded), of(4, rollout.Waiting), of(3, rollout.Promoted)}, "churn-v3", "churn-v3"},
		{"halted", []rollout.Record{of(3, rollout.Halted), of(2, rollout.Promoted)}, "", ""},
		{"halted before its plan", []rollout.Record{early, of(1, rollout.Promoted)}, "churn-v1", "churn-v1"},
		{"the first model halted", []rollout.Record{firstHalted}, "", ""},
		{"the first model is gone again", []rollout.Record{firstGone}, "", ""},
	}
	for _, tt := range tests {
		side, from, ok := rollout.Champion(tt.newestFirst)
		id := ""
		if from != nil {
			id = from.ID
		}
		if side.Variant != tt.want || id != tt.from || ok != (tt.want != "") {
			t.Errorf("%s: %q from %q, %v", tt.name, side.Variant, id, ok)
		}
	}
}

func TestInTheWay(t *testing.T) {
	promoted, back := of(2, rollout.Promoted), of(2, rollout.RolledBack)
	again := of(2, rollout.Running)
	again.ID = "churn-v2-r1"
	tests := []struct {
		name   string
		r      rollout.Record
		verb   rollout.Verb
		others []rollout.Record
		want   string
	}{
		{"a retry", back, rollout.Retry, nil, ""},
		{"a retry while it is tried", back, rollout.Retry, []rollout.Record{again}, "rollout churn-v2-r1 is under way with the same package already"},
		{"a retry while another waits", back, rollout.Retry, []rollout.Record{of(3, rollout.Waiting)}, ""},
		{"an undo", promoted, rollout.Undo, nil, ""},
		{"an undo after others failed", promoted, rollout.Undo, []rollout.Record{of(4, rollout.Superseded), of(3, rollout.RolledBack)}, ""},
		{"an undo while another waits", promoted, rollout.Undo, []rollout.Record{of(3, rollout.Waiting)}, "rollout churn-v3 is under way: abort it, or wait for its end, and undo then"},
		{"a recall while another runs", promoted, rollout.Recall, []rollout.Record{of(3, rollout.Running)}, ""},
		{"an undo too late", promoted, rollout.Undo, []rollout.Record{of(3, rollout.Promoted)}, "rollout churn-v2 is not in production any more: variant churn-v3 is"},
		{"a recall too late", promoted, rollout.Recall, []rollout.Record{of(3, rollout.Standby)}, "rollout churn-v2 is not in production any more: variant churn-v3 is"},
		{"an undo of who knows what", promoted, rollout.Undo, []rollout.Record{of(3, rollout.Halted)}, "rollout churn-v2 was promoted, but what is in production now is not known: another one has halted since"},
	}
	for _, tt := range tests {
		if got := tt.r.InTheWay(tt.verb, append(tt.others, tt.r)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCommandEntry(t *testing.T) {
	c := rollout.Command{Rollout: "churn-v2", ID: "7", Verb: rollout.Abort, Answer: "goes back"}.Completed(two)
	if want := (rollout.Command{Rollout: "churn-v2", ID: "7", Verb: rollout.Abort, Answer: "goes back", By: "somebody", At: two}); c != want {
		t.Errorf("completed: %+v", c)
	}
	c.By, c.Why, c.At = "ana", "because", two.Add(-time.Minute)
	if c.Completed(two) != c {
		t.Error("what is there stays")
	}
	c.HandledAt, c.Accepted = two, true
	e, err := c.Entry()
	want := rollout.Entry{
		Rollout: "churn-v2", At: two, Kind: "command", Key: "7", Text: "abort by ana: because accepted: goes back",
		Data: `{"rollout":"churn-v2","id":"7","verb":"abort","by":"ana","why":"because","at":"2026-03-02T13:59:00Z","handledAt":"2026-03-02T14:00:00Z","accepted":true,"answer":"goes back"}`,
	}
	if diff := cmp.Diff(want, e); diff != "" || err != nil {
		t.Errorf("entry (-want +got), %v:\n%s", err, diff)
	}
}
