package training

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"path"
	"strconv"
	"strings"

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
	if err := t.Table.CloseGeneration(ctx, s.Model, s.Generation); err != nil {
		return LaunchedAs{}, err
	}
	run, ok, err := t.Table.Run(ctx, s.Model, s.Generation)
	if err != nil {
		return LaunchedAs{}, err
	}
	if !ok {
		if run, err = t.newRun(ctx, s); err != nil {
			return LaunchedAs{}, err
		}
	}
	if run.State == Launched && run.Pipeline == "" {
		request, err := start(sp, run)
		if err != nil {
			return LaunchedAs{}, err
		}
		if run.Pipeline, err = t.Pipelines.Start(ctx, request); err != nil {
			return LaunchedAs{}, err
		}
		if err := t.Table.PutRun(ctx, run); err != nil {
			return LaunchedAs{}, err
		}
	}
	edge.Note(ctx, "manifest", run.Manifest)
	edge.Note(ctx, "objects", run.Summary.Objects)
	return LaunchedAs{Launched: run.Pipeline != "", Pipeline: run.Pipeline, Objects: run.Summary.Objects, Bytes: run.Summary.Bytes}, nil
}

// newRun writes the manifest of a closed generation and the run that answers for
// it. The manifest is stored before the run names it.
func (t *Training) newRun(ctx context.Context, s Step) (Run, error) {
	chunks, err := t.Table.Chunks(ctx, s.Model, s.Generation)
	if err != nil {
		return Run{}, err
	}
	run := Run{Model: s.Model, Generation: s.Generation, State: Launched, Causes: demand.Causes(chunks), ClosedAt: s.Now}
	content, summary, err := t.manifest(ctx, s, chunks)
	if err != nil {
		return Run{}, err
	}
	run.Summary = summary
	if summary.Objects == 0 {
		last, same, ok, err := t.again(ctx, s, chunks)
		if err != nil {
			return Run{}, err
		}
		if run.Manifest, run.Summary = last, same; !ok {
			run.State, run.Reason, run.EndedAt = NothingNew, "no object is new since the last run", s.Now
		}
		return run, t.Table.PutRun(ctx, run)
	}
	key := path.Join("manifests", s.Model, summary.SHA256+".jsonl.gz")
	if err := t.Store.Put(ctx, key, content); err != nil {
		return Run{}, err
	}
	run.Manifest = t.Store.URI(key)
	return run, t.Table.PutRun(ctx, run)
}

// manifest merges the chunks, leaving out what earlier runs have answered for.
func (t *Training) manifest(ctx context.Context, s Step, chunks []demand.Chunk) ([]byte, demand.Summary, error) {
	runs, err := t.Table.Runs(ctx, s.Model)
	if err != nil {
		return nil, demand.Summary{}, err
	}
	var lists, served []iter.Seq2[demand.Object, error]
	for _, c := range chunks {
		if c.List != "" {
			lists = append(lists, t.read(ctx, c.List))
		}
	}
	for _, r := range runs {
		if r.Generation < s.Generation && r.State != Failed && r.Manifest != "" && s.Now.Sub(r.ClosedAt) < servedFor {
			served = append(served, t.read(ctx, path.Join("manifests", s.Model, r.Summary.SHA256+".jsonl.gz")))
		}
	}
	var b bytes.Buffer
	m := demand.NewManifestWriter(&b)
	for o, err := range demand.Merge(lists, served) {
		if err != nil {
			return nil, demand.Summary{}, err
		}
		if err := m.Write(o); err != nil {
			return nil, demand.Summary{}, fmt.Errorf("writing the manifest: %w", err)
		}
	}
	summary, err := m.Close()
	return b.Bytes(), summary, err
}

// read yields a list from the store, opened when its first object is wanted.
func (t *Training) read(ctx context.Context, key string) iter.Seq2[demand.Object, error] {
	return func(yield func(demand.Object, error) bool) {
		body, err := t.Store.Get(ctx, key)
		if err != nil {
			yield(demand.Object{}, err)
			return
		}
		defer body.Close()
		for o, err := range demand.Read(body) {
			if err != nil {
				err = fmt.Errorf("list %s: %w", key, err)
			}
			if !yield(o, err) {
				return
			}
		}
	}
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
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", r.Model, r.Generation, r.Summary.SHA256))
	return Start{
		Pipeline:   sp.Pipeline.Name,
		Token:      hex.EncodeToString(sum[:]),
		Name:       ExecutionName(r.Model, r.Generation, 0),
		Parameters: parameters,
	}, nil
}
