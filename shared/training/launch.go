package training

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"sluice/shared/definition"
	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/spec"
)

// LaunchedAs is the answer of launch-pipeline.
type LaunchedAs struct {
	Launched bool   `json:"launched"` // false: there is nothing new to train on
	Pipeline string `json:"pipeline"` // ARN of the pipeline execution
	Objects  int    `json:"objects"`
	Bytes    int64  `json:"bytes"`
}

// LaunchPipeline is the handler of launch-pipeline: it closes the demand, writes
// the manifest and starts the pipeline, in this order. Each part may have been done
// by an earlier try. Errors: Conflict if the lease on training was lost.
func (t *Training) LaunchPipeline(ctx context.Context, s Step) (LaunchedAs, error) {
	if err := t.Desk.Hold(ctx, leasing.ForTraining(s.Model), s.Run, s.Now); err != nil {
		return LaunchedAs{}, err
	}
	sp, err := t.Table.Spec(ctx, s.Model)
	if err != nil {
		return LaunchedAs{}, err
	}
	if err := t.adopt(ctx, s, sp); err != nil {
		return LaunchedAs{}, err
	}
	if err := t.Table.CloseGeneration(ctx, s.Model, s.Generation); err != nil {
		return LaunchedAs{}, err
	}
	run, ok, err := t.Table.Run(ctx, s.Model, s.Generation)
	if err != nil {
		return LaunchedAs{}, err
	}
	if !ok {
		if run, err = t.newRun(ctx, s, sp); err != nil {
			return LaunchedAs{}, err
		}
	}
	if run.State == Launched && run.Pipeline == "" {
		if run, err = t.begin(ctx, sp, run); err != nil {
			return LaunchedAs{}, err
		}
	}
	edge.Note(ctx, "manifest", run.Manifest)
	edge.Note(ctx, "objects", run.Summary.Objects)
	return LaunchedAs{Launched: run.Pipeline != "", Pipeline: run.Pipeline, Objects: run.Summary.Objects, Bytes: run.Summary.Bytes}, nil
}

// begin starts the pipeline execution of a run.
func (t *Training) begin(ctx context.Context, sp spec.Spec, run Run) (Run, error) {
	request, err := start(sp, run)
	if err != nil {
		return run, err
	}
	if err := t.check(ctx, sp, request); err != nil {
		return run, err
	}
	if run.Pipeline, err = t.Pipelines.Start(ctx, request); err != nil {
		return run, err
	}
	return run, t.Table.PutRun(ctx, run)
}

// newRun writes the manifest of a closed generation and the run that answers for
// it. The manifest is stored before the run names it.
func (t *Training) newRun(ctx context.Context, s Step, sp spec.Spec) (Run, error) {
	chunks, err := t.Table.Chunks(ctx, s.Model, s.Generation)
	if err != nil {
		return Run{}, err
	}
	runs, err := t.Table.Runs(ctx, s.Model)
	if err != nil {
		return Run{}, err
	}
	run := Run{Model: s.Model, Generation: s.Generation, State: Launched, Causes: demand.Causes(chunks), Why: demand.Why(chunks), ClosedAt: s.Now}
	if limits := limitsOf(sp); limits.Out(chunks, past(runs)) {
		run.State, run.EndedAt = Stopped, s.Now
		run.Reason = fmt.Sprintf("%d trained models in a row failed the gate; find out why: new training code, or sluice train %s, goes on", limits.Strikes, s.Model)
		edge.Count(ctx, "TrainingStopped", 1, s.Now)
		return run, t.Table.PutRun(ctx, run)
	}
	run.Manifest, run.Summary, err = t.manifest(ctx, s, chunks, runs)
	if err != nil {
		return Run{}, err
	}
	if run.Manifest == "" {
		if run, err = t.again(ctx, s, sp, chunks, runs, run); err != nil {
			return Run{}, err
		}
	}
	return run, t.Table.PutRun(ctx, run)
}

// check holds a request against the pipeline's definition, so that what SageMaker would
// refuse, and what would train on its own output for ever, is said before it begins.
func (t *Training) check(ctx context.Context, sp spec.Spec, s Start) error {
	text, err := t.Pipelines.Definition(ctx, s.Pipeline)
	if err != nil {
		return err
	}
	d, err := definition.Parse(text)
	if err != nil {
		return fault.Invalid.Errorf("pipeline %s: %w", s.Pipeline, err)
	}
	if err := d.Check(s.Parameters); err != nil {
		return fault.Invalid.Errorf("pipeline %s cannot be started: %s; change pipeline.parameters in the spec of %s", s.Pipeline, strings.ReplaceAll(err.Error(), "\n", "; "), sp.Model)
	}
	if loop := sp.Loop(d.Outputs(s.Parameters)); loop != "" {
		return fault.Invalid.Errorf("pipeline %s cannot be started: %s", s.Pipeline, loop)
	}
	return nil
}

// maxParameter is the length of a pipeline parameter's value. Source: AWS.md B.9.
const maxParameter = 1024

// start is the request for a run's pipeline execution. Its token is derived from
// the manifest and from the generation: without the generation, a run that repeats
// a failed one on the same objects would be given the failed execution again.
func start(sp spec.Spec, r Run) (Start, error) {
	parameters, err := sp.Pipeline.Expand(map[string]string{
		"manifest":      r.Manifest,
		"manifestCount": strconv.Itoa(r.Summary.Objects),
		"manifestBytes": strconv.FormatInt(r.Summary.Bytes, 10),
		"causes":        r.Causes,
		"model":         r.Model,
		"generation":    strconv.Itoa(r.Generation),
	})
	if err != nil {
		return Start{}, fault.Invalid.Errorf("pipeline parameters of model %s: %w", r.Model, err)
	}
	for name, value := range parameters {
		if len(value) > maxParameter { // causes are text, and may be cut
			parameters[name] = strings.ToValidUTF8(value[:maxParameter], "")
		}
	}
	name := fmt.Appendf(nil, "%s\x00%d\x00%s", r.Model, r.Generation, r.Summary.SHA256)
	if tries := len(r.Tried); tries > 0 { // else the failed execution would be the answer
		name = fmt.Appendf(name, "\x00%d", tries)
	}
	sum := sha256.Sum256(name)
	return Start{
		Pipeline:   sp.Pipeline.Name,
		Token:      hex.EncodeToString(sum[:]),
		Name:       ExecutionName(r.Model, r.Generation, 0),
		Parameters: parameters,
	}, nil
}
