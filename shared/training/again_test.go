package training_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/applying"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// commit brings a commit into the open demand.
func (w *world) commit(id string) {
	w.Helper()
	w.Do(func() { w.ok(w.intake.Commit(ctx, "churn", id, id+" of churn-model", w.Now())) })
}

// end ends the run of a generation.
func (w *world) end(generation int, status string) {
	w.Helper()
	call(w, w.run.ReportTraining, training.End{Step: w.step(generation), Ended: training.Ended{Status: status}})
}

// New code trains on what the old code had; a commit that has been trained on, on
// nothing.
func TestACommitTrainsAgain(t *testing.T) {
	w := newWorld(t)
	w.commit("c0")
	if got := w.launch(1); got.Launched {
		t.Errorf("before any data: %+v", got)
	}
	w.end(1, "")
	w.arrive("a", "b")
	w.launch(2)
	w.end(2, "Succeeded")

	w.commit("c1")
	if got := w.launch(3); !got.Launched || got.Objects != 2 {
		t.Errorf("a commit: %+v", got)
	}
	if diff := cmp.Diff(w.manifest(2), w.manifest(3)); diff != "" {
		t.Errorf("its manifest (-first +again):\n%s", diff)
	}
	if got := w.runOf(3).Causes; got != "commit: c1 of churn-model" {
		t.Errorf("its causes: %s", got)
	}
	w.end(3, "Succeeded")

	w.commit("c1") // its event came again, too late
	if got := w.launch(4); got.Launched {
		t.Errorf("the same commit: %+v", got)
	}
	w.end(4, "")
	w.commit("c2")
	w.arrive("c")
	if got := w.launch(5); !got.Launched || got.Objects != 1 {
		t.Errorf("a commit and an object: %+v", got) // what is new is enough
	}
	w.end(5, "Failed")
	w.commit("c3")
	if got := w.launch(6); !got.Launched || got.Objects != 1 { // the object of the failed run is pending again
		t.Errorf("after a failed run: %+v", got)
	}
}

// promote brings the promotion of a rollout of embeddings into the open demand.
func (w *world) promote(rollout string) {
	w.Helper()
	event, err := json.Marshal(map[string]any{
		"source": "sluice.rollout", "detail-type": "Sluice Rollout Promoted", "time": w.Now().Format(time.RFC3339),
		"detail": map[string]any{"rollout": rollout, "model": "embeddings", "package": "arn:embeddings/7"},
	})
	w.ok(err)
	call(w, w.intake.OnPromotion, event)
}

// afterEmbeddings makes a model train after the promotions of embeddings.
func afterEmbeddings(s *spec.Spec) {
	s.Triggers.Promotion = []spec.PromotionTrigger{{Model: "embeddings"}}
}

// A new model below trains on what the old one had.
func TestAPromotionTrainsAgain(t *testing.T) {
	w := newWorld(t, afterEmbeddings)
	w.arrive("a", "b")
	w.launch(1)
	w.end(1, "Succeeded")
	w.promote("embeddings-v7")
	if got := call(w, w.run.SettleDemand, w.step(2)); !got.Settled {
		t.Errorf("it waits: %+v", got)
	}
	if got := w.launch(2); !got.Launched || got.Objects != 2 {
		t.Errorf("a promotion: %+v", got)
	}
	if got := w.runOf(2).Causes; got != "promotion: model embeddings, rollout embeddings-v7, package arn:embeddings/7" {
		t.Errorf("its causes: %s", got)
	}
}

// Specs that are applied at the same time may send promotions round in a circle. Then
// they train nothing by themselves, and what is new or a commit asks for goes on.
func TestPromotionsInACircle(t *testing.T) {
	w := newWorld(t, afterEmbeddings)
	w.arrive("a")
	w.launch(1)
	w.end(1, "Succeeded")
	other := churn()
	other.Model, other.Package.Group, other.Endpoint.Name = "embeddings", "embeddings", "embeddings"
	other.Triggers.Promotion = []spec.PromotionTrigger{{Model: "churn"}}
	w.Do(func() { w.ok(w.table.Apply(ctx, applying.Applied{Spec: other, Rev: 1}, nil)) })

	w.promote("embeddings-v7")
	if got := w.launch(2); got.Launched {
		t.Errorf("a circle: %+v", got)
	}
	w.end(2, "")
	if r := w.runOf(2); r.State != training.Stopped || !strings.Contains(r.Reason, "in a circle: churn, then embeddings, then churn") {
		t.Errorf("run %+v", r)
	}
	w.RunFor(time.Hour)
	w.promote("embeddings-v8")
	w.arrive("b")
	if got := w.launch(3); !got.Launched || got.Objects != 1 {
		t.Errorf("with an object: %+v", got)
	}
	w.end(3, "Succeeded")
	w.RunFor(time.Hour)
	w.promote("embeddings-v9")
	w.commit("c1")
	if got := w.launch(4); !got.Launched || got.Objects != 1 {
		t.Errorf("with a commit: %+v", got)
	}
}
