package training

import (
	"context"
	"fmt"
	"strings"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
)

// End is the input of report-training: how the machine came to its end.
type End struct {
	Step
	// Ended is the answer of await-pipeline, if it came to that.
	Ended Ended `json:"ended"`
	// Error is what a state failed with, in Step Functions' form.
	Error struct{ Error, Cause string } `json:"error"`
}

// Reported is the answer of report-training.
type Reported struct {
	State  State  `json:"state"`
	Reason string `json:"reason"`
}

// ReportTraining is the handler of report-training: it ends the run. The objects of
// a failed run are pending again, without asking for another run by themselves:
// the same data and code would fail again. Releasing the lease is last, since it
// lets the next run go.
func (t *Training) ReportTraining(ctx context.Context, e End) (Reported, error) {
	run, ok, err := t.Table.Run(ctx, e.Model, e.Generation)
	if err != nil {
		return Reported{}, err
	}
	if !ok {
		run = Run{Model: e.Model, Generation: e.Generation, State: Failed, ClosedAt: e.Now}
	}
	fresh := run.EndedAt.IsZero()
	if fresh {
		run.State, run.Reason = outcome(e, run)
		run.Class = e.Ended.Class
		run.Log = t.lastLines(ctx, e.Ended.Job)
	}
	if run.State == Failed || run.State == Stopped {
		if err := t.reopen(ctx, e.Step); err != nil {
			return Reported{}, err
		}
	}
	if fresh {
		run.EndedAt = e.Now
		if err := t.Table.PutRun(ctx, run); err != nil {
			return Reported{}, err
		}
	}
	if err := t.Room.Forget(ctx, e.Run, event.DemandOf(e.Model), event.PipelineExecution(run.execution()), event.LeaseOn(leasing.ForTraining(e.Model))); err != nil {
		return Reported{}, err
	}
	// The lease goes before the news: people who cannot be told must not keep the
	// next run waiting. If the news fails, all of this is done again.
	if err := t.Desk.Free(ctx, leasing.ForTraining(e.Model), e.Run); err != nil {
		return Reported{}, err
	}
	edge.Note(ctx, "state", run.State)
	return Reported{State: run.State, Reason: run.Reason}, t.Notices.Publish(ctx, subject(run), text(run))
}

// outcome says how a run has ended.
func outcome(e End, run Run) (State, string) {
	switch {
	case e.Error.Error != "":
		return Failed, fmt.Sprintf("%s: %s", e.Error.Error, e.Error.Cause)
	case run.State == NothingNew:
		return NothingNew, run.Reason
	case e.Ended.Status != "Succeeded":
		return Failed, fmt.Sprintf("pipeline execution %s (%s): %s", e.Ended.Status, e.Ended.Class, e.Ended.Reason)
	}
	return Trained, run.Reason
}

// maxLog is how many lines of a failed job's log the report shows.
const maxLog = 20

// lastLines are what a failed job said last. A log that cannot be read keeps nobody
// from the report.
func (t *Training) lastLines(ctx context.Context, job string) []string {
	if job == "" {
		return nil
	}
	lines, err := t.Logs.Last(ctx, job, maxLog)
	if err != nil {
		edge.Note(ctx, "log", err.Error())
	}
	return lines
}

// reopen adds the objects of a generation to the open one. The generation is closed
// first if the run failed before that, so that they are in one place only.
func (t *Training) reopen(ctx context.Context, s Step) error {
	if err := t.Table.CloseGeneration(ctx, s.Model, s.Generation); err != nil {
		return err
	}
	chunks, err := t.Table.Chunks(ctx, s.Model, s.Generation)
	if err != nil {
		return err
	}
	open, _, err := t.Table.OpenGeneration(ctx, s.Model)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		if c.List == "" {
			continue // a cause has had its run
		}
		c.Trigger = -1 // they have waited long enough, and must not hurry a burst
		if c.Cause.Kind != demand.Retry {
			c.Cause = demand.Cause{Kind: demand.Retry, Text: fmt.Sprintf("of run %d, %s", s.Generation, c.Cause.Text)}
		}
		if open, err = t.addToOpen(ctx, s.Model, open, c); err != nil {
			return err
		}
	}
	return nil
}

// addToOpen adds a chunk to the open generation, which open was when it was last read,
// and returns it. A run of millions of objects has thousands of chunks.
func (t *Training) addToOpen(ctx context.Context, model string, open int, c demand.Chunk) (int, error) {
	for {
		err := t.Table.AddChunk(ctx, model, open, c)
		if !fault.Is(err, fault.Conflict) {
			return open, err
		}
		if err := ctx.Err(); err != nil {
			return open, err
		}
		if open, _, err = t.Table.OpenGeneration(ctx, model); err != nil {
			return open, err
		}
	}
}

func subject(r Run) string {
	return fmt.Sprintf("Sluice: training of %s, run %d: %s", r.Model, r.Generation, r.State)
}

func text(r Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Training run %d of model %s ended as %s.\n\n", r.Generation, r.Model, r.State)
	fmt.Fprintf(&b, "Why it ran: %s\n", r.Causes)
	if r.Manifest != "" {
		fmt.Fprintf(&b, "Manifest:   %s (%d objects, %d bytes)\n", r.Manifest, r.Summary.Objects, r.Summary.Bytes)
	}
	if r.Pipeline != "" {
		fmt.Fprintf(&b, "Pipeline:   %s\n", r.Pipeline)
	}
	if r.Package != "" {
		fmt.Fprintf(&b, "Package:    %s (%s)\n", r.Package, r.Approval)
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, "Reason:     %s\n", r.Reason)
	}
	if r.Approval == Pending {
		fmt.Fprintf(&b, "\nIt waits for a person. To roll it out:\n  aws sagemaker update-model-package --model-package-arn %s --model-approval-status Approved\n", r.Package)
	}
	if len(r.Tried) > 0 {
		fmt.Fprintf(&b, "Tried:      %d times before, each a failure of AWS\n", len(r.Tried))
	}
	if len(r.Log) > 0 {
		fmt.Fprintf(&b, "\nThe failed job's last lines:\n  %s\n", strings.Join(r.Log, "\n  "))
	}
	if r.State == Failed || r.State == Stopped {
		fmt.Fprintf(&b, "\nIts objects are pending again and will be part of the next run of %s.\n", r.Model)
	}
	return b.String()
}
