// Package training is the life of one training run, from settled demand to a gated
// model package. Its methods are the handlers of settle-demand, launch-pipeline,
// await-pipeline and gate-package, and of the training machine's report.
//
// A run answers for one generation of a model's demand. Closing the generation,
// writing the manifest and starting the pipeline can each be repeated: names and
// tokens are derived from the generation and from the manifest's content.
package training

import (
	"fmt"
	"time"

	"sluice/shared/demand"
)

// State is where a training run stands.
type State string

// The states. All but the first are final.
const (
	Launched   State = "launched"
	Trained    State = "trained"    // a package was registered and gated
	NothingNew State = "nothingNew" // asked for, but there is no new object
	Failed     State = "failed"     // its objects are pending again
	Stopped    State = "stopped"    // not launched: too many models in a row failed the gate, or promotions come round
)

// Run is one training run, as the table keeps it.
type Run struct {
	Model      string         `json:"model"`
	Generation int            `json:"generation"`
	State      State          `json:"state"`
	Manifest   string         `json:"manifest"` // s3:// URI
	Summary    demand.Summary `json:"summary"`
	Causes     string         `json:"causes"`          // in one line, as the pipeline is told
	Why        []demand.Cause `json:"why"`             // each cause once
	Pipeline   string         `json:"pipeline"`        // ARN of the pipeline execution
	Tried      []string       `json:"tried,omitempty"` // executions before it, that failed for AWS's sake
	Class      Class          `json:"class,omitempty"` // of its failure
	Log        []string       `json:"log,omitempty"`   // the last lines of the job that failed
	Package    string         `json:"package"`         // ARN of the model package
	Approval   string         `json:"approval"`
	Reason     string         `json:"reason"`
	ClosedAt   time.Time      `json:"closedAt"` // when its demand was closed
	EndedAt    time.Time      `json:"endedAt,omitzero"`
}

// execution is the run's latest pipeline execution; "" if there was none.
func (r Run) execution() string {
	if r.Pipeline == "" && len(r.Tried) > 0 {
		return r.Tried[len(r.Tried)-1]
	}
	return r.Pipeline
}

// past are runs as limits count them: those that launched a pipeline.
func past(runs []Run) []demand.Past {
	var all []demand.Past
	for _, r := range runs {
		if r.execution() != "" {
			all = append(all, demand.Past{BeganAt: r.ClosedAt, EndedAt: r.EndedAt, Gated: r.State == Trained, Failed: r.Approval == Rejected})
		}
	}
	return all
}

// ExecutionName is the name of the training machine's execution that serves a
// generation. attempt 0 is the first.
func ExecutionName(model string, generation, attempt int) string {
	name := fmt.Sprintf("%s-g%d", model, generation)
	if attempt > 0 {
		name += fmt.Sprintf("-a%d", attempt)
	}
	return name
}
