package training

import (
	"context"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
)

// Ended is the answer of await-pipeline. A wake-up has Status "": look again.
type Ended struct {
	Status string `json:"status"` // Succeeded, Failed, Stopped
	Reason string `json:"reason"`
	Class  Class  `json:"class,omitempty"` // of a failure
	Job    string `json:"job,omitempty"`   // of the step that failed, as kind/name; "" if it has none
	// Again says that the pipeline is to be started again after Seconds.
	Again   bool `json:"again,omitempty"`
	Seconds int  `json:"seconds,omitempty"`
}

// AwaitPipeline is the handler of await-pipeline: it waits until the pipeline
// execution of the run is over. A transient failure is noted in the run, which is then
// without an execution, for launch-pipeline to start the next.
func (t *Training) AwaitPipeline(ctx context.Context, s Step) (Ended, error) {
	run, err := t.run(ctx, s)
	if err != nil {
		return Ended{}, err
	}
	var a Ended
	resources := []event.Resource{event.PipelineExecution(run.execution())}
	err = t.Room.Await(ctx, s.Run, s.Token, s.Now, resources, func() (any, bool, error) {
		x, err := t.Pipelines.Describe(ctx, run.execution())
		if err != nil {
			return nil, false, err
		}
		edge.Note(ctx, "status", x.Status)
		switch x.Status {
		case "Succeeded":
			a = Ended{Status: x.Status, Reason: x.Reason}
			return a, true, nil
		case "Failed", "Stopped":
			a, err = t.failed(ctx, run, x)
			edge.Note(ctx, "class", a.Class)
			return a, true, err
		}
		// A pipeline may run for longer than the lease's term.
		return nil, false, t.Desk.Hold(ctx, leasing.ForTraining(s.Model), s.Run, s.Now)
	})
	return a, err
}

// failed is what follows from a failure. It may be asked again after a crash: a run
// that has let go of its execution is to be started again.
func (t *Training) failed(ctx context.Context, run Run, x Execution) (Ended, error) {
	a := Ended{Status: x.Status, Reason: x.Reason, Class: Classify(x.Status, x.Reason), Job: x.Job}
	tries := len(run.Tried)
	if run.Pipeline == "" {
		tries--
	}
	if a.Class != Transient || tries >= len(rests) {
		return a, nil
	}
	a.Again, a.Seconds = true, int(rests[tries].Seconds())
	if run.Pipeline == "" {
		return a, nil
	}
	run.Tried, run.Pipeline = append(run.Tried, run.Pipeline), ""
	return a, t.Table.PutRun(ctx, run)
}

// run is the run of the step. Errors: Internal if it was never launched, which the
// machine's order rules out.
func (t *Training) run(ctx context.Context, s Step) (Run, error) {
	r, ok, err := t.Table.Run(ctx, s.Model, s.Generation)
	if err == nil && !ok {
		err = fault.Internal.Errorf("model %s has no run of generation %d", s.Model, s.Generation)
	}
	return r, err
}
