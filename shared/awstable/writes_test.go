package awstable_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/applying"
	"sluice/shared/demand"
	"sluice/shared/fault"
	"sluice/shared/intake"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/waiting"
)

func TestGenerations(t *testing.T) {
	w := newWorld(t)
	open := func() [2]int {
		g, a, err := w.table.OpenGeneration(ctx, "churn")
		w.ok(err)
		return [2]int{g, a}
	}
	// The first generation is open before anything is written.
	w.ok(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "a"}))
	w.ok(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "a"})) // repeated
	w.is(w.table.AddChunk(ctx, "churn", 2, demand.Chunk{Name: "b"}), fault.Conflict)
	w.ok(w.table.NextAttempt(ctx, "churn", 1, 0))
	w.is(w.table.NextAttempt(ctx, "churn", 1, 0), fault.Conflict) // somebody else counted
	w.ok(w.table.NextAttempt(ctx, "churn", 1, 1))
	if got := open(); got != [2]int{1, 2} {
		t.Errorf("at %v", got)
	}
	// The chunk does not reset the attempt, and closing begins anew.
	w.ok(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "c"}))
	w.ok(w.table.CloseGeneration(ctx, "churn", 1))
	w.ok(w.table.CloseGeneration(ctx, "churn", 1)) // repeated
	if got := open(); got != [2]int{2, 0} {
		t.Errorf("at %v", got)
	}
	w.is(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "d"}), fault.Conflict)
	w.is(w.table.NextAttempt(ctx, "churn", 1, 0), fault.Conflict)
	w.ok(w.table.AddChunk(ctx, "churn", 2, demand.Chunk{Name: "d"}))
	w.ok(w.table.NextAttempt(ctx, "churn", 2, 0))
	w.ok(w.table.CloseGeneration(ctx, "churn", 2))
	w.ok(w.table.CloseGeneration(ctx, "churn", 1)) // long closed
	if got := open(); got != [2]int{3, 0} {
		t.Errorf("at %v", got)
	}
	w.is(w.table.CloseGeneration(ctx, "churn", 5), fault.Internal)
	// What is in a closed generation stays as it is.
	var names []string
	for _, c := range get(w, func() ([]demand.Chunk, error) { return w.table.Chunks(ctx, "churn", 1) }) {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"a", "c"}, names); diff != "" {
		t.Errorf("generation 1 (-want +got):\n%s", diff)
	}
}

func TestTransactionsInTheWay(t *testing.T) {
	w := newWorld(t)
	w.db.TransactionConflicts = 1
	w.is(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "a"}), fault.Conflict)
	w.is(w.table.Apply(ctx, applied(churn(), 1), nil), fault.Conflict)
	w.db.TransactionConflicts = 0
	if got := w.keys(); len(got) > 0 {
		t.Errorf("a cancelled transaction has left %v", got)
	}
}

func TestRolloutRevisions(t *testing.T) {
	w := newWorld(t)
	first, err := w.table.PutRollout(ctx, record("churn-v7", now))
	w.ok(err)
	_, err = w.table.PutRollout(ctx, record("churn-v7", now)) // planned by another try
	w.is(err, fault.Conflict)
	second := first
	second.Reason = "second"
	_, err = w.table.PutRollout(ctx, second)
	w.ok(err)
	first.Reason = "stale"
	_, err = w.table.PutRollout(ctx, first)
	w.is(err, fault.Conflict)
	got, _, err := w.table.Rollout(ctx, "churn-v7")
	if err != nil || got.Reason != "second" || got.Rev != 2 {
		t.Errorf("read %q, revision %d, %v", got.Reason, got.Rev, err)
	}
}

// leaseStep is one thing done with the lease "x", and the kind of its error.
type leaseStep struct {
	do     string // take, hold, free, halt
	owner  string
	minute int // when, after noon; leases last an hour
	want   fault.Kind
}

func TestLeases(t *testing.T) {
	const no = fault.Conflict
	tests := []struct {
		name  string
		steps []leaseStep
		owner string // at the end
		until int    // minutes after noon
	}{
		{"taken", []leaseStep{{"take", "a", 0, ""}}, "a", 60},
		{"taken by another", []leaseStep{{"take", "a", 0, ""}, {"take", "b", 59, no}, {"take", "b", 60, no}}, "a", 60},
		{"taken again by its owner", []leaseStep{{"take", "a", 0, ""}, {"take", "a", 30, ""}}, "a", 90},
		{"expired", []leaseStep{{"take", "a", 0, ""}, {"take", "b", 61, ""}}, "b", 121},
		{"renewed in time", []leaseStep{{"take", "a", 0, ""}, {"hold", "a", 50, ""}, {"take", "b", 61, no}, {"hold", "a", 100, ""}}, "a", 160},
		{"renewed late, nobody having taken it", []leaseStep{{"take", "a", 0, ""}, {"hold", "a", 200, ""}, {"take", "b", 201, no}}, "a", 260},
		{"lost", []leaseStep{{"take", "a", 0, ""}, {"take", "b", 61, ""}, {"hold", "a", 62, no}, {"halt", "a", 62, no}}, "b", 121},
		{"lost and free again", []leaseStep{{"take", "a", 0, ""}, {"take", "b", 61, ""}, {"free", "b", 62, ""}, {"hold", "a", 63, no}}, "", 0},
		{"held by nobody", []leaseStep{{"hold", "a", 0, no}}, "", 0},
		{"freed", []leaseStep{{"take", "a", 0, ""}, {"free", "a", 1, ""}, {"take", "b", 2, ""}}, "b", 62},
		{"freed twice", []leaseStep{{"take", "a", 0, ""}, {"free", "a", 1, ""}, {"free", "a", 1, ""}}, "", 0},
		{"freed by another", []leaseStep{{"take", "a", 0, ""}, {"free", "b", 1, ""}}, "a", 60},
		{"halted", []leaseStep{{"take", "a", 0, ""}, {"halt", "a", 1, ""}, {"take", "b", 5 * 365 * 24 * 60, no}}, "a", 1 + 10*365*24*60},
		{"halted twice", []leaseStep{{"take", "a", 0, ""}, {"halt", "a", 1, ""}, {"halt", "a", 2, ""}}, "a", 2 + 10*365*24*60},
		{"halted late", []leaseStep{{"take", "a", 0, ""}, {"halt", "a", 61, ""}, {"take", "b", 62, no}}, "a", 61 + 10*365*24*60},
		{"halted, then freed by a person", []leaseStep{{"take", "a", 0, ""}, {"halt", "a", 1, ""}, {"free", "a", 2, ""}, {"take", "b", 3, ""}}, "b", 63},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			for i, s := range tt.steps {
				at := now.Add(time.Duration(s.minute) * time.Minute)
				l := leasing.Lease{Name: "x", Owner: s.owner, Since: at, Expires: at.Add(time.Hour)}
				var err error
				switch s.do {
				case "take":
					err = w.table.TakeLease(ctx, l, at)
				case "hold":
					err = w.table.HoldLease(ctx, l)
				case "free":
					err = w.table.FreeLease(ctx, "x", s.owner)
				case "halt":
					err = w.table.HaltLease(ctx, "x", s.owner, at)
				}
				if s.want == "" && err != nil || s.want != "" && !fault.Is(err, s.want) {
					t.Fatalf("step %d, %s by %s: %v, want %q", i, s.do, s.owner, err, s.want)
				}
			}
			l, err := w.table.Lease(ctx, "x")
			w.ok(err)
			if l.Owner != tt.owner || tt.owner != "" && !l.Expires.Equal(now.Add(time.Duration(tt.until)*time.Minute)) {
				t.Errorf("held by %q until %s", l.Owner, l.Expires)
			}
		})
	}
}

func TestWaiters(t *testing.T) {
	w := newWorld(t)
	put := func(owner, token string) waiting.Waiter {
		x := waiting.Waiter{Resource: "endpoint/churn", Owner: owner, Token: token, Since: now}
		w.ok(w.table.PutWaiter(ctx, x))
		return x
	}
	tokens := func() (all []string) {
		for _, x := range get(w, func() ([]waiting.Waiter, error) { return w.table.WaitersFor(ctx, "endpoint/churn") }) {
			all = append(all, x.Token)
		}
		return all
	}
	old := put("a", "1")
	put("b", "2")
	newer := put("a", "3") // replaces its owner's earlier one
	if diff := cmp.Diff([]string{"3", "2"}, tokens()); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	w.ok(w.table.DropWaiter(ctx, old)) // which is there no more
	if diff := cmp.Diff([]string{"3", "2"}, tokens()); diff != "" {
		t.Errorf("a stale drop took a new waiter (-want +got):\n%s", diff)
	}
	w.ok(w.table.DropWaiter(ctx, newer))
	w.ok(w.table.DropWaiter(ctx, newer))
	if diff := cmp.Diff([]string{"2"}, tokens()); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
}

func TestApplyReplacesTheIndex(t *testing.T) {
	w := newWorld(t)
	first := applied(churn(), 1)
	w.ok(w.table.Apply(ctx, first, nil))
	if got := get(w, func() ([]string, error) { return w.table.ModelsAfter(ctx, "embeddings") }); !slices.Equal(got, []string{"churn"}) {
		t.Errorf("%v train after embeddings", got)
	}
	w.is(w.table.Apply(ctx, first, nil), fault.Conflict) // there is one by now

	next := churn()
	next.Triggers.Data = []spec.DataTrigger{next.Triggers.Data[3]}
	next.Triggers.Drift, next.Triggers.Schedule, next.Triggers.Promotion = nil, nil, nil
	next.Drift = nil
	next.Package.Group, next.Endpoint.Name = "churn2", "churn-prod" // the endpoint in another case is the same
	second := applied(next, 2)
	w.ok(w.table.Apply(ctx, second, &first))
	want := []string{
		"BUCKET#acme #", "BUCKET#other #", "BUCKET#other churn#0", "CODE#churn-model MODEL#churn", "ENDPOINT#churn-prod MODEL", "GROUP#churn2 MODEL", "IMAGES#churn-inference churn", "MODEL#churn SPEC", "MODELS churn",
	}
	if diff := cmp.Diff(want, w.keys()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	triggers := get(w, func() (intake.Wanted, error) { return w.table.DataTriggers(ctx, "other") }).Triggers
	if diff := cmp.Diff([]intake.Trigger{{Model: "churn", Index: 0}}, triggers); diff != "" {
		t.Errorf("triggers (-want +got):\n%s", diff)
	}
	w.is(w.table.Apply(ctx, applied(churn(), 2), &first), fault.Conflict) // first is not in force

	// Another model cannot have what this one has; not a word of it is written.
	thief := churn()
	thief.Model, thief.Package.Group, thief.Endpoint.Name = "thief", "thief", "CHURN-prod"
	w.is(w.table.Apply(ctx, applied(thief, 1), nil), fault.Conflict)
	if diff := cmp.Diff(want, w.keys()); diff != "" {
		t.Errorf("items after a refusal (-want +got):\n%s", diff)
	}
	for name, owner := range map[string]string{"churn-prod": "churn", "Churn-PROD": "churn", "other": ""} {
		if got := get(w, func() (string, error) { return w.table.OwnerOf(ctx, applying.Endpoint, name) }); got != owner {
			t.Errorf("endpoint %s belongs to %q, want %q", name, got, owner)
		}
	}
}

func TestApplyTooMuchAtOnce(t *testing.T) {
	w := newWorld(t)
	many := func(bucket string, n int) spec.Spec {
		s := churn()
		s.Triggers, s.Drift, s.Code = spec.Triggers{}, nil, nil
		for range n {
			s.Triggers.Data = append(s.Triggers.Data, spec.DataTrigger{Bucket: bucket})
		}
		return s
	}
	w.is(w.table.Apply(ctx, applied(many("a", 96), 1), nil), fault.Invalid)
	first := applied(many("a", 95), 1)
	w.ok(w.table.Apply(ctx, first, nil))
	second := applied(many("b", 1), 2)
	w.is(w.table.Apply(ctx, second, &first), fault.Invalid) // 95 to remove, and seven to write
	second = applied(many("a", 1), 2)
	w.ok(w.table.Apply(ctx, second, &first))
	if n := len(get(w, func() (intake.Wanted, error) { return w.table.DataTriggers(ctx, "a") }).Triggers); n != 1 {
		t.Errorf("%d triggers", n)
	}
}

// Of those that wait for a lease the one of the highest rank is the newest, until it
// leaves.
func TestTurns(t *testing.T) {
	w := newWorld(t)
	claim := func(owner string, rank int) string {
		return get(w, func() (string, error) { return w.table.ClaimTurn(ctx, "endpoint/e", owner, rank) })
	}
	for _, step := range []struct {
		owner string
		rank  int
		want  string
	}{{"v7", 7000, "v7"}, {"v7", 7000, "v7"}, {"v6", 6000, "v7"}, {"v8", 8000, "v8"}, {"v7", 7000, "v8"}, {"v8-r1", 8001, "v8-r1"}} {
		if got := claim(step.owner, step.rank); got != step.want {
			t.Errorf("%s claims: the newest is %s, want %s", step.owner, got, step.want)
		}
	}
	w.ok(w.table.LeaveTurn(ctx, "endpoint/e", "v7")) // was never the newest at the end
	if got := claim("v6", 6000); got != "v8-r1" {
		t.Errorf("the newest is %s", got)
	}
	w.ok(w.table.LeaveTurn(ctx, "endpoint/e", "v8-r1"))
	if got := claim("v6", 6000); got != "v6" {
		t.Errorf("after it left, the newest is %s", got)
	}
}

// A command stands as it was first written, until it is answered.
func TestCommands(t *testing.T) {
	w := newWorld(t)
	first := rollout.Command{Rollout: "churn-v7", ID: "1", Verb: rollout.PauseIt, By: "ana", At: now}
	again := first
	again.By = "bob"
	second := rollout.Command{Rollout: "churn-v7", ID: "2", Verb: rollout.Promote, Full: true, By: "bob", Why: "w", At: now.Add(time.Second)}
	for _, c := range []rollout.Command{second, first, again, {Rollout: "churn-v8", ID: "1", Verb: rollout.Abort}} {
		w.ok(w.table.AddCommand(ctx, c))
	}
	read := func() []rollout.Command {
		return get(w, func() ([]rollout.Command, error) { return w.table.Commands(ctx, "churn-v7") })
	}
	if diff := cmp.Diff([]rollout.Command{first, second}, read()); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	first.HandledAt, first.Accepted, first.Answer = now.Add(time.Minute), true, "stays"
	w.ok(w.table.AnswerCommand(ctx, first))
	w.ok(w.table.AddCommand(ctx, again)) // delivered late: what was answered stays so
	if diff := cmp.Diff([]rollout.Command{first, second}, read()); diff != "" {
		t.Errorf("answered (-want +got):\n%s", diff)
	}
}
