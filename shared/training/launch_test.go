package training_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/pipelines"
	"sluice/local/wire"
	"sluice/shared/demand"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/spec"
	"sluice/shared/training"
)

func TestSettleDemand(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	steps := []struct {
		wait    time.Duration
		arrive  string
		settled bool
		seconds int
	}{
		{0, "", false, 600},
		{4 * time.Minute, "b", false, 600},
		{9*time.Minute + 59*time.Second + 500*time.Millisecond, "", false, 1}, // half a second is waited for as one
		{500 * time.Millisecond, "", true, 1},
	}
	for i, s := range steps {
		w.RunFor(s.wait)
		if s.arrive != "" {
			w.arrive(s.arrive)
		}
		if got := call(w, w.run.SettleDemand, w.step(1)); got != (training.Settled{Settled: s.settled, Seconds: s.seconds}) {
			t.Errorf("step %d: %+v", i, got)
		}
	}
	// Closed by an earlier try: go on.
	w.arrive("c")
	w.launch(1)
	if got := call(w, w.run.SettleDemand, w.step(1)); !got.Settled {
		t.Errorf("closed: %+v", got)
	}
	if _, err := try(w, w.run.SettleDemand, training.Step{Model: "nobody", Generation: 1, Now: noon}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a model without a spec: %v", err)
	}
}

func TestAwaitQuiet(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	s := w.step(1)
	s.Token = "t1"
	if got := call(w, w.run.SettleDemand, s); got.Settled || len(w.machines.completed) > 0 {
		t.Errorf("%+v, completed %v", got, w.machines.completed)
	}
	w.Do(func() { // a person is in a hurry
		n, err := w.run.Room.Wake(ctx, event.DemandOf("churn"), training.Settled{}, nil)
		if n != 1 || err != nil || w.machines.completed["t1"] != `{"settled":false,"seconds":0}` {
			t.Errorf("woke %d with %v, %v", n, w.machines.completed, err)
		}
	})
	w.RunFor(10 * time.Minute)
	s.Token, s.Now = "t2", w.Now()
	call(w, w.run.SettleDemand, s)
	if w.machines.completed["t2"] != `{"settled":true,"seconds":1}` {
		t.Errorf("completed %v", w.machines.completed)
	}
}

func TestLaunch(t *testing.T) {
	w := newWorld(t)
	w.arrive("b", "a@2", "a@1")
	w.arrive("a@3", "b")
	got := w.launch(1)
	if diff := cmp.Diff([]string{"a@3", "b@1"}, w.manifest(1)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	r := w.runOf(1)
	want := training.Run{
		Model: "churn", Generation: 1, State: training.Launched, Manifest: r.Manifest,
		Summary: demand.Summary{Objects: 2, Bytes: 20, SHA256: r.Summary.SHA256}, Causes: "data: s3://acme/", Why: []demand.Cause{{Kind: "data", Text: "s3://acme/"}}, Pipeline: got.Pipeline, ClosedAt: noon,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(training.LaunchedAs{Launched: true, Pipeline: r.Pipeline, Objects: 2, Bytes: 20}, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	w.RunFor(time.Minute)
	if diff := cmp.Diff(map[string]string{"Manifest": r.Manifest, "Why": "data: s3://acme/ (2 of run 1)"}, w.runs[0].Parameters); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	// Again changes nothing, also later and with more demand.
	w.arrive("c")
	if again := call(w, w.run.LaunchPipeline, w.step(1)); again != got {
		t.Errorf("again: %+v", again)
	}
	w.RunFor(time.Minute)
	if len(w.runs) != 1 || w.open() != 2 || len(w.chunks(1)) != 2 {
		t.Errorf("%d executions, generation %d is open, %d chunks in the first", len(w.runs), w.open(), len(w.chunks(1)))
	}
}

// finish lets the pipeline of a generation end, gates its package and reports.
func (w *world) finish(generation int) training.Reported {
	w.Helper()
	w.RunUntilIdle(24 * time.Hour)
	s := w.step(generation)
	s.Token = "pipeline"
	ended := call(w, w.run.AwaitPipeline, s)
	if ended.Status == "Succeeded" {
		call(w, w.run.GatePackage, w.step(generation))
	}
	return call(w, w.run.ReportTraining, training.End{Step: w.step(generation), Ended: ended})
}

// What a run has answered for is not new again, however late its event comes again;
// a newer version is.
func TestServed(t *testing.T) {
	w := newWorld(t)
	w.arrive("a", "b@5")
	w.launch(1)
	w.finish(1)

	w.arrive("a", "b@4")
	if got := w.launch(2); got.Launched || w.open() != 3 {
		t.Errorf("an old event launched %+v; generation %d is open", got, w.open())
	}
	r := w.runOf(2)
	if r.State != training.NothingNew || r.Manifest != "" || r.EndedAt.IsZero() || r.Reason == "" {
		t.Errorf("run %+v", r)
	}
	if again := call(w, w.run.LaunchPipeline, w.step(2)); again.Launched {
		t.Errorf("again: %+v", again)
	}
	if got := call(w, w.run.ReportTraining, training.End{Step: w.step(2)}); got.State != training.NothingNew {
		t.Errorf("reported %+v", got)
	}

	w.arrive("a", "b@6", "c")
	w.launch(3)
	if diff := cmp.Diff([]string{"b@6", "c@1"}, w.manifest(3)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	w.finish(3)

	w.RunFor(31 * 24 * time.Hour) // longer than any event can be late: asked for on purpose
	w.arrive("a")
	w.launch(4)
	if diff := cmp.Diff([]string{"a@1"}, w.manifest(4)); diff != "" {
		t.Errorf("manifest after a month (-want +got):\n%s", diff)
	}
	w.RunFor(time.Minute)
	if len(w.runs) != 3 {
		t.Errorf("%d executions", len(w.runs))
	}
}

func TestLaunchRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*spec.Spec)
		lease  string // whose it is
		want   fault.Kind
		says   string
		open   int // generation after it
	}{
		{"without the lease", nil, "", fault.Conflict, "no longer has the lease", 1},
		{"with another's lease", nil, "churn-g7", fault.Conflict, "no longer has the lease", 1},
		{"no such pipeline", func(s *spec.Spec) { s.Pipeline.Name = "gone" }, "churn-g1", fault.NotFound, "reading pipeline gone", 2},
		{"an unknown parameter", func(s *spec.Spec) { s.Pipeline.Parameters["Manifets"] = "x" }, "churn-g1", fault.Invalid, "there is no parameter Manifets; change pipeline.parameters", 2},
		{"its own output", func(s *spec.Spec) {
			s.Triggers.Data = append(s.Triggers.Data, spec.DataTrigger{Bucket: "models"})
		}, "churn-g1", fault.Invalid, "step Train writes to s3://models/churn, which triggers.data[1] of model churn takes for new data", 2},
		{"an unknown placeholder", func(s *spec.Spec) { s.Pipeline.Parameters["Manifest"] = "${oops}" }, "churn-g1", fault.Invalid, "${oops}", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*spec.Spec) {}
			}
			w := newWorld(t, change)
			w.arrive("a")
			if tt.lease != "" {
				w.Do(func() {
					w.ok(w.table.TakeLease(ctx, leasing.Lease{Name: "training/churn", Owner: tt.lease, Since: noon, Expires: noon.Add(time.Hour)}, noon))
				})
			}
			_, err := try(w, w.run.LaunchPipeline, w.step(1))
			if !fault.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v (%s), want %s about %s", err, fault.Of(err), tt.want, tt.says)
			}
			if w.open() != tt.open || len(w.runs) > 0 {
				t.Errorf("generation %d is open, %d executions", w.open(), len(w.runs))
			}
		})
	}
}

func TestAwaitPipeline(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	arn := w.launch(1).Pipeline
	w.RunFor(10 * time.Minute)
	s := w.step(1)
	s.Token = "t1"
	if got := call(w, w.run.AwaitPipeline, s); got.Status != "" || len(w.machines.completed) > 1 {
		t.Errorf("%+v, completed %v", got, w.machines.completed)
	}
	w.Do(func() { // a long pipeline must not cost the lease
		l, err := w.table.Lease(ctx, "training/churn")
		if err != nil || !l.Expires.Equal(w.Now().Add(leasing.Term)) {
			t.Errorf("lease %+v, %v", l, err)
		}
		if n, err := w.run.Room.Wake(ctx, event.PipelineExecution(arn), training.Ended{}, nil); n != 1 || err != nil {
			t.Errorf("woke %d, %v", n, err)
		}
	})
	w.RunUntilIdle(24 * time.Hour)
	s.Token, s.Now = "t2", w.Now()
	if got := call(w, w.run.AwaitPipeline, s); got.Status != "Succeeded" || w.machines.completed["t2"] != `{"status":"Succeeded","reason":""}` {
		t.Errorf("%+v, completed %v", got, w.machines.completed)
	}
	if _, err := try(w, w.run.AwaitPipeline, w.step(2)); !fault.Is(err, fault.Internal) {
		t.Errorf("a run that was never launched: %v", err)
	}
}

func TestAwaitFailedPipeline(t *testing.T) {
	w := newWorld(t)
	w.script = func(pipelines.Run) pipelines.Outcome {
		return pipelines.Outcome{FailStep: "Train", FailReason: "no memory"}
	}
	w.arrive("a")
	w.launch(1)
	w.RunUntilIdle(24 * time.Hour)
	s := w.step(1)
	s.Token = "t"
	if got := call(w, w.run.AwaitPipeline, s); got.Job == "" || got != (training.Ended{Status: "Failed", Reason: "step Train failed: no memory", Class: training.Code, Job: got.Job}) {
		t.Errorf("got %+v", got)
	}
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		if c.Operation == "DescribePipelineExecution" {
			return wire.Throttle
		}
		return wire.NoFault
	}
	if _, err := try(w, w.run.AwaitPipeline, s); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}
