package training_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/pipelines"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/training"
)

func TestClassify(t *testing.T) {
	tests := []struct {
		status, reason string
		want           training.Class
	}{
		{"Failed", "step Train failed: CapacityError: Unable to provision requested ML compute capacity.", training.Transient},
		{"Failed", "step Train failed: InternalServerError: We encountered an internal error. Please try again.", training.Transient},
		{"Failed", "step Prepare failed: ClientError: ThrottlingException: Rate exceeded", training.Transient},
		{"Failed", "step Train failed: ResourceLimitExceeded: The account-level service limit", training.Transient},
		{"Failed", "step Train failed: ClientError: User: arn is not authorized to perform: s3:GetObject", training.Access},
		{"Failed", "step Train failed: ClientError: Data download failed: NoSuchKey (404)", training.Data},
		{"Failed", "step Train failed: AlgorithmError: ExitCode 1", training.Code},
		{"Failed", "", training.Code},
		{"Stopped", "CapacityError", training.Halted},
	}
	for _, tt := range tests {
		if got := training.Classify(tt.status, tt.reason); got != tt.want {
			t.Errorf("%s %q is %s, want %s", tt.status, tt.reason, got, tt.want)
		}
	}
}

// await lets the pipeline of a generation end and asks what came of it, with a new
// token each time.
func (w *world) await(generation int, token string) training.Ended {
	w.Helper()
	w.RunUntilIdle(24 * time.Hour)
	s := w.step(generation)
	s.Token = token
	return call(w, w.run.AwaitPipeline, s)
}

// A failure of AWS is tried again with the same manifest, a bounded number of times,
// whatever dies in between.
func TestTransientFailure(t *testing.T) {
	w := newWorld(t)
	w.script = func(pipelines.Run) pipelines.Outcome {
		return pipelines.Outcome{FailStep: "Train", FailReason: "CapacityError: none left", FailLog: []string{"starting", "bye"}}
	}
	w.arrive("a")
	w.launch(1)
	manifest := w.runOf(1).Manifest
	arns := map[string]bool{}
	for i, seconds := range []int{120, 600, 1800} {
		arns[w.runOf(1).Pipeline] = true
		w.db.TransactionConflicts = 0
		got := w.await(1, "t")
		if !got.Again || got.Seconds != seconds || got.Class != training.Transient {
			t.Fatalf("try %d: %+v", i, got)
		}
		if again := w.await(1, "after a crash"); again != got {
			t.Errorf("try %d, asked again: %+v", i, again)
		}
		if got := call(w, w.run.LaunchPipeline, w.step(1)); !got.Launched || w.runOf(1).Manifest != manifest {
			t.Errorf("try %d was launched again as %+v", i, got)
		}
	}
	arns[w.runOf(1).Pipeline] = true
	got := w.await(1, "last")
	if got.Again || len(arns) != 4 || len(w.runs) != 4 {
		t.Errorf("after %d executions (%d of SageMaker's): %+v", len(arns), len(w.runs), got)
	}
	r := call(w, w.run.ReportTraining, training.End{Step: w.step(1), Ended: got})
	if r.State != training.Failed || !strings.Contains(r.Reason, "Failed (transient): step Train failed: CapacityError") {
		t.Errorf("reported %+v", r)
	}
	run := w.runOf(1)
	if diff := cmp.Diff([]string{"starting", "bye"}, run.Log); diff != "" || run.Class != training.Transient || len(run.Tried) != 3 {
		t.Errorf("run %+v (-want +got):\n%s", run, diff)
	}
	if got := w.chunks(2); len(got) != 1 {
		t.Errorf("pending: %+v", got)
	}
}

// A log that cannot be read keeps nobody from the report.
func TestReportWithoutALog(t *testing.T) {
	w := newWorld(t)
	w.script = func(pipelines.Run) pipelines.Outcome {
		return pipelines.Outcome{FailStep: "Train", FailReason: "AlgorithmError: ExitCode 1", FailLog: []string{"bye"}}
	}
	w.arrive("a")
	w.launch(1)
	ended := w.await(1, "t")
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		if c.Operation == "DescribeLogStreams" {
			return wire.Throttle
		}
		return wire.NoFault
	}
	if _, err := try(w, w.run.ReportTraining, training.End{Step: w.step(1), Ended: ended}); fault.Of(err) != "" && err != nil {
		t.Fatal(err)
	}
	if run := w.runOf(1); run.State != training.Failed || run.Log != nil || run.Class != training.Code {
		t.Errorf("run %+v", run)
	}
}
