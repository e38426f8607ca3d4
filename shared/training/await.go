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
}

// AwaitPipeline is the handler of await-pipeline: it waits until the pipeline
// execution of the run is over.
func (t *Training) AwaitPipeline(ctx context.Context, s Step) (Ended, error) {
	run, err := t.run(ctx, s)
	if err != nil {
		return Ended{}, err
	}
	var a Ended
	resources := []event.Resource{event.PipelineExecution(run.Pipeline)}
	err = t.Room.Await(ctx, s.Run, s.Token, s.Now, resources, func() (any, bool, error) {
		x, err := t.Pipelines.Describe(ctx, run.Pipeline)
		if err != nil {
			return nil, false, err
		}
		edge.Note(ctx, "status", x.Status)
		switch x.Status {
		case "Succeeded", "Failed", "Stopped":
			a = Ended{Status: x.Status, Reason: x.Reason}
			return a, true, nil
		}
		// A pipeline may run for longer than the lease's term.
		return nil, false, t.Desk.Hold(ctx, leasing.ForTraining(s.Model), s.Run, s.Now)
	})
	return a, err
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
