package training_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/pipelines"
	"sluice/shared/demand"
	"sluice/shared/event"
	"sluice/shared/leasing"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

// failing makes pipelines fail.
func failing(pipelines.Run) pipelines.Outcome {
	return pipelines.Outcome{FailStep: "Train", FailReason: "no memory"}
}

// notice is the last report that was sent to people.
func (w *world) notice() (subject, text string) {
	w.Do(func() {
		if all := w.sns.Messages(""); len(all) > 0 {
			subject, text = all[len(all)-1].Subject, all[len(all)-1].Body
		}
	})
	return subject, text
}

func TestReportTrained(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	arn := w.launch(1).Pipeline
	if got := w.finish(1); got.State != training.Trained || !strings.HasPrefix(got.Reason, "gate passed") {
		t.Errorf("reported %+v", got)
	}
	if r := w.runOf(1); r.State != training.Trained || !r.EndedAt.Equal(w.Now()) || r.Approval != training.Approved {
		t.Errorf("run %+v", r)
	}
	if w.holder() != "" || len(w.chunks(2)) > 0 {
		t.Errorf("the lease is %q's, the next generation has %v", w.holder(), w.chunks(2))
	}
	subject, text := w.notice()
	if subject != "Sluice: training of churn, run 1: trained" || strings.Contains(text, "pending again") {
		t.Errorf("notice %s\n%s", subject, text)
	}
	for _, part := range []string{"data: s3://acme/", w.runOf(1).Manifest + " (1 objects, 10 bytes)", arn, "(Approved)", "gate passed"} {
		if !strings.Contains(text, part) {
			t.Errorf("the notice has no %s:\n%s", part, text)
		}
	}
}

// The objects of a failed run are pending again: part of the next run, but no reason
// for one.
func TestFailedRunReopens(t *testing.T) {
	w := newWorld(t)
	w.script = failing
	w.arrive("a", "b")
	w.launch(1)
	started := len(w.machines.started)
	if got := w.finish(1); got != (training.Reported{State: training.Failed, Reason: "pipeline execution Failed (code): step Train failed: no memory"}) {
		t.Errorf("reported %+v", got)
	}
	if len(w.machines.started) != started || w.holder() != "" {
		t.Errorf("started %v; the lease is %q's", w.machines.started, w.holder())
	}
	if _, text := w.notice(); !strings.Contains(text, "pending again") {
		t.Errorf("notice:\n%s", text)
	}
	want := w.chunks(1)
	want[0].Trigger, want[0].Cause = -1, demand.Cause{Kind: "retry", Text: "of run 1, s3://acme/"}
	if diff := cmp.Diff(want, w.chunks(2)); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}

	// Long after, a burst begins. Old objects do not cut it short.
	w.RunFor(5 * time.Hour)
	w.arrive("c", "b@2")
	if got := call(w, w.run.SettleDemand, w.step(2)); got != (training.Settled{Seconds: 600}) {
		t.Errorf("settled: %+v", got)
	}
	w.launch(2)
	if diff := cmp.Diff([]string{"a@1", "b@2", "c@1"}, w.manifest(2)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if got := w.runOf(2).Causes; got != "data: s3://acme/; retry: of run 1, s3://acme/" {
		t.Errorf("causes %s", got)
	}
	if w.runOf(1).Pipeline == w.runOf(2).Pipeline {
		t.Error("the failed execution was given again")
	}

	// Failing again does not pile causes upon causes.
	w.finish(2)
	for _, c := range w.chunks(3) {
		if c.Trigger != -1 || strings.Count(c.Cause.Text, "of run") != 1 {
			t.Errorf("chunk %+v", c)
		}
	}
	w.script = func(pipelines.Run) pipelines.Outcome { return auc(0.9) }
	w.launch(3)
	if diff := cmp.Diff([]string{"a@1", "b@2", "c@1"}, w.manifest(3)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

// The same objects, failed and tried again, are the same manifest and another
// execution.
func TestTheSameObjectsAgain(t *testing.T) {
	w := newWorld(t)
	w.script = failing
	w.arrive("a")
	first := w.launch(1)
	w.finish(1)
	second := w.launch(2)
	if w.runOf(1).Manifest != w.runOf(2).Manifest || first.Pipeline == second.Pipeline {
		t.Errorf("manifests %s and %s, executions %s and %s", w.runOf(1).Manifest, w.runOf(2).Manifest, first.Pipeline, second.Pipeline)
	}
}

// A machine that failed before it launched has not lost its demand either.
func TestFailedBeforeLaunching(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	w.Do(func() { // a cause without objects, too
		w.ok(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "manual-1", Trigger: -1, FirstAt: noon, LastAt: noon, Cause: demand.Cause{Kind: "manual", Text: "ana"}}))
	})
	e := training.End{Step: w.step(1)}
	e.Error.Error, e.Error.Cause = "NotFound", `{"errorMessage":"model churn has no spec"}`
	got := call(w, w.run.ReportTraining, e)
	if got.State != training.Failed || !strings.HasPrefix(got.Reason, "NotFound: ") {
		t.Errorf("reported %+v", got)
	}
	if w.open() != 2 || len(w.chunks(2)) != 1 || w.chunks(2)[0].Cause.Kind != "retry" {
		t.Errorf("generation %d is open with %+v", w.open(), w.chunks(2))
	}
	w.launch(2)
	if diff := cmp.Diff([]string{"a@1"}, w.manifest(2)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

// Reporting again changes nothing but that people are told again, even when the next
// run has begun.
func TestReportedTwice(t *testing.T) {
	w := newWorld(t)
	w.script = failing
	w.arrive("a")
	w.launch(1)
	s := w.step(1)
	ended := training.End{Step: s, Ended: training.Ended{Status: "Failed", Reason: "x"}}
	w.RunUntilIdle(24 * time.Hour)
	call(w, w.run.ReportTraining, ended)
	first := w.runOf(1)
	w.script = func(pipelines.Run) pipelines.Outcome { return auc(0.9) }
	w.launch(2)
	w.RunFor(time.Minute)
	again := ended
	again.Now = w.Now()
	if got := call(w, w.run.ReportTraining, again); got.State != training.Failed {
		t.Errorf("reported %+v", got)
	}
	if diff := cmp.Diff(first, w.runOf(1)); diff != "" {
		t.Errorf("the run has changed:\n%s", diff)
	}
	if w.holder() != "churn-g2" {
		t.Errorf("the lease of the next run is %q's", w.holder())
	}
	w.finish(2)
	if got := w.launch(3); got.Launched { // what the late report reopened is served by now
		t.Errorf("trained twice on %v", w.manifest(3))
	}
}

func TestReportWakesTheNextRun(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	w.launch(1)
	w.arrive("b")
	s := w.step(2)
	if a := call(w, w.run.Desk.TakeLease, leasing.Request{Lease: "training/churn", Owner: s.Run, Token: "t2", Now: w.Now()}); a.Held {
		t.Fatal("two runs hold the lease")
	}
	w.Do(func() { // and the first has a waiter that nobody will need
		w.ok(w.table.PutWaiter(ctx, waiting.Waiter{Resource: event.DemandOf("churn"), Owner: "churn-g1", Token: "old", Since: noon}))
	})
	w.finish(1)
	if got := w.machines.completed["t2"]; got != `{"held":false}` {
		t.Errorf("the next run was woken with %q", got)
	}
	w.Do(func() {
		for _, r := range []event.Resource{event.DemandOf("churn"), event.LeaseOn("training/churn"), event.PipelineExecution(w.table1().Pipeline)} {
			if left, err := w.table.WaitersFor(ctx, r); err != nil || len(left) > 0 {
				t.Errorf("for %s still wait %v, %v", r, left, err)
			}
		}
	})
}
