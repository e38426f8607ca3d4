package awstable_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/building"
	"sluice/shared/checking"
	"sluice/shared/committing"
	"sluice/shared/delivering"
	"sluice/shared/fault"
)

// Of two writers that have read the same, one wins.
func TestHeadsAndChecksChangeOneAfterTheOther(t *testing.T) {
	w := newWorld(t)
	h := committing.Head{Commit: "c1", At: now, Rev: 1}
	w.ok(w.table.PutHead(ctx, "r", "main", "sluice.yaml", h))
	w.is(w.table.PutHead(ctx, "r", "main", "sluice.yaml", h), fault.Conflict)
	h.Commit, h.Rev = "c2", 2
	w.ok(w.table.PutHead(ctx, "r", "main", "sluice.yaml", h))
	w.is(w.table.PutHead(ctx, "r", "main", "sluice.yaml", h), fault.Conflict)
	if got := get(w, func() (committing.Head, error) { return w.table.Head(ctx, "r", "main", "sluice.yaml") }); !cmp.Equal(got, h) {
		t.Errorf("head %+v, want %+v", got, h)
	}
	if got := get(w, func() (committing.Head, error) { return w.table.Head(ctx, "r", "", "sluice.yaml") }); got != (committing.Head{}) {
		t.Errorf("the head of another branch is %+v", got)
	}
	c := checking.Check{
		Head: "c1", Revision: "r1", Builds: map[string]string{"p": "p:1"}, Results: map[string]checking.Result{"p": {Status: "FAILED", Text: "Phase BUILD"}},
		Problems: "p", Comment: "id", Rev: 1,
	}
	w.ok(w.table.PutCheck(ctx, "r", "1", c))
	w.is(w.table.PutCheck(ctx, "r", "1", c), fault.Conflict)
	if diff := cmp.Diff(c, get(w, func() (checking.Check, error) { return w.table.Check(ctx, "r", "1") })); diff != "" {
		t.Errorf("check (-written +read):\n%s", diff)
	}
}

func TestOrdersOfACommit(t *testing.T) {
	w := newWorld(t)
	orders := []building.Order{
		{Project: "p", Repository: "r", Commit: "c1", Model: "churn", Do: "rollout"}, {Project: "p", Repository: "r", Commit: "c1", Model: "fraud", Do: "build"},
	}
	for _, o := range append(orders, building.Order{Commit: "c11", Model: "churn"}) {
		w.ok(w.table.PutImageOrder(ctx, "i", o))
		w.ok(w.table.PutImageOrder(ctx, "i", o)) // again
	}
	if diff := cmp.Diff(orders, get(w, func() ([]building.Order, error) { return w.table.ImageOrders(ctx, "i", "c1") })); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
}

func TestACauseIsTold(t *testing.T) {
	w := newWorld(t)
	told := func() bool { return get(w, func() (bool, error) { return w.table.Told(ctx, "x") }) }
	if told() {
		t.Error("told before")
	}
	w.ok(w.table.Tell(ctx, "x", now))
	w.ok(w.table.Tell(ctx, "x", now.Add(time.Hour)))
	if !told() {
		t.Error("not told after")
	}
}

func TestActionsThatWait(t *testing.T) {
	w := newWorld(t)
	a := delivering.Action{Model: "churn", Pipeline: "p", Stage: "Production", Name: "Rollout-churn", Package: "arn:package/2"}
	other := delivering.Action{Model: "churn", Pipeline: "q", Stage: "Production", Name: "Rollout-churn", Package: "arn:package/3"}
	for _, x := range []delivering.Action{a, other, {Model: "fraud", Pipeline: "p", Stage: "Production"}, a} {
		w.ok(w.table.PutDelivery(ctx, x))
	}
	list := func() []delivering.Action {
		return get(w, func() ([]delivering.Action, error) { return w.table.Deliveries(ctx, "churn") })
	}
	if diff := cmp.Diff([]delivering.Action{a, other}, list()); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	w.ok(w.table.DropDelivery(ctx, a))
	w.ok(w.table.DropDelivery(ctx, a))
	if diff := cmp.Diff([]delivering.Action{other}, list()); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
}

// The file of a model is found by its repository, and follows it to another.
func TestSpecFilesFollowTheSpec(t *testing.T) {
	w := newWorld(t)
	first := applied(churn(), 1)
	w.ok(w.table.Apply(ctx, first, nil))
	files := func(repository string) map[string]string {
		return get(w, func() (map[string]string, error) { return w.table.SpecFiles(ctx, repository) })
	}
	if diff := cmp.Diff(map[string]string{"sluice.yaml": "churn"}, files("churn-model")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	s := churn()
	s.Code.Repository, s.Code.Path = "models", "models/churn"
	w.ok(w.table.Apply(ctx, applied(s, 2), &first))
	if diff := cmp.Diff(map[string]string{"models/churn/sluice.yaml": "churn"}, files("models")); diff != "" || len(files("churn-model")) > 0 {
		t.Errorf("files after the move (-want +got):\n%s\nand %v", diff, files("churn-model"))
	}
}
