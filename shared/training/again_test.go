package training_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
