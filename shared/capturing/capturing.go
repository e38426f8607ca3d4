// Package capturing watches what an endpoint is asked and answers, for models with a
// drift block. Its method OnCapture is the handler of on-capture: capture files become
// sketches as they land, a window's sketches are compared with a reference once it is
// over, and the result becomes a metric that an alarm of Sluice's own watches.
//
// A capture file is one piece, named for its key, in each window that it has records
// of: the same file again, late or twice, writes the same piece again. Pieces of all
// variants are kept, but only those of the champion are compared, and only a champion's
// become a reference: a candidate that goes back leaves nothing behind. A new champion
// learns its own reference, from its own first captures; until then it has no score,
// and the alarm keeps its state.
//
// What drift is, drift decides; what the alarm starts, intake and training do.
package capturing

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"sluice/shared/alarm"
	"sluice/shared/drift"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Watch is where one model's captures come in.
type Watch struct {
	Model    string `json:"model"`
	Endpoint string `json:"endpoint"`
	Prefix   string `json:"prefix"` // of keys; ends in a slash, or is empty
}

// variant is the variant that a capture file is of: the keys are
// <prefix><endpoint>/<variant>/<hour>/<file>.jsonl. Source: AWS.md B.2.
func (w Watch) variant(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, w.Prefix)
	if !ok || !strings.HasSuffix(key, ".jsonl") {
		return "", false
	}
	endpoint, rest, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	variant, file, _ := strings.Cut(rest, "/")
	return variant, strings.EqualFold(endpoint, w.Endpoint) && variant != "" && file != ""
}

// State is how far the watch of one variant has come.
type State struct {
	Model     string    `json:"model"`
	Variant   string    `json:"variant"`
	Basis     string    `json:"basis"`               // of the spec's drift block
	Reference string    `json:"reference,omitempty"` // key of the reference's sketch; "" while it is learned
	Since     time.Time `json:"since,omitzero"`      // the first window that it is learned from
	Learned   string    `json:"learned,omitempty"`   // key of the sketch of those so far
	Tag       string    `json:"tag,omitempty"`       // of the object that the reference was read from
	Judged    time.Time `json:"judged,omitzero"`     // windows that begin before are done with
	Scores    []float64 `json:"scores,omitempty"`    // of the last readings, from old to new
	Reading   string    `json:"reading,omitempty"`   // the last one, in words
	Moved     string    `json:"moved,omitempty"`     // the last one that was over the threshold
	MovedAt   time.Time `json:"movedAt,omitzero"`    // the end of its window
	Rev       int       `json:"rev"`
}

type table interface {
	// Watches lists where captures come into a bucket.
	Watches(ctx context.Context, bucket string) ([]Watch, error)
	Spec(ctx context.Context, model string) (spec.Spec, error)
	// Rollouts lists a model's latest rollouts, newest first.
	Rollouts(ctx context.Context, model string, limit int) ([]rollout.Record, error)
	// DriftState reads the state of a variant's watch; the zero State if there is none.
	DriftState(ctx context.Context, model, variant string) (State, error)
	// PutDriftState writes it, with the next revision. Errors: Conflict if it was
	// written since it was read.
	PutDriftState(ctx context.Context, s State) (State, error)
}

type store interface {
	Put(ctx context.Context, key string, content []byte) error
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// List lists the keys with a prefix that come after another one, sorted.
	List(ctx context.Context, prefix, after string) ([]string, error)
	// Open opens an object of any bucket, and says its entity tag. Errors: NotFound.
	Open(ctx context.Context, bucket, key string) (body io.ReadCloser, tag string, err error)
}

type metrics interface {
	// Publish sends scores of a model and its features, as of now.
	Publish(ctx context.Context, model string, now time.Time, scores []Score) error
	// Keep sees to it that there is this alarm, and reads it back. Errors: NotReady if
	// it is another one.
	Keep(ctx context.Context, a alarm.Alarm, about string) error
}

// Score is how far the model, or one feature of it, has moved; over 1 is drift.
type Score struct {
	Feature string // "" for the model
	Value   float64
}

// Capturing watches captures.
type Capturing struct {
	Table   table
	Store   store
	Metrics metrics
}

// The metric that the alarm watches. A model's has the dimension Model, and is the median
// of the last readings; a feature's has Feature, too, and is of one reading.
const (
	Namespace = "Sluice"
	Metric    = "DriftScore"
)

// remembered is of how many readings the median is the model's score: two of the last
// three must be over the threshold before it is, and two under it before it is not. One
// window alone changes nothing. It is not left to the alarm, which sees no further back
// than a few periods, while readings may be days apart.
const remembered = 3

// median is the score of a model whose last readings had these.
func median(scores []float64) float64 {
	all := append(make([]float64, remembered-len(scores)), scores...)
	slices.Sort(all)
	return all[remembered/2]
}

// ownAlarm is the alarm of a model. Without a score it stays as it is.
func ownAlarm(s spec.Spec) alarm.Alarm {
	one := 1.0
	return alarm.Alarm{
		Name: spec.DriftAlarm(s.Model), Period: 5 * time.Minute, Periods: 1, ToAlarm: 1,
		Comparison: "GreaterThanThreshold", Threshold: &one, Missing: "ignore",
		Series: []alarm.Series{{Namespace: Namespace, Metric: Metric, Statistic: "Maximum", Dimensions: map[string]string{"Model": s.Model}}},
	}
}

func about(s spec.Spec) string {
	return fmt.Sprintf("What endpoint %s is asked or answers is not what it was: features of model %s have moved. Sluice keeps this alarm and takes it for a drift trigger.", s.Endpoint.Name, s.Model)
}

// clock is the layout of a window's beginning in keys: it sorts as the times do.
const clock = "20060102T1504"

// Pieces of a variant are in folder/<window>/<file>, references are named by content.
func folder(s spec.Spec, variant string) string {
	return path.Join("captures", s.Model, basis(s), variant) + "/"
}

// basis names what sketches rest on: the spec's words for it, and their own format.
func basis(s spec.Spec) string { return fmt.Sprintf("%s-%d", s.Drift.Basis(), drift.Format) }

func referenceKey(model, name string) string { return path.Join("references", model, name) }

// learnedKey is of what is learned so far. No basis has its name.
func learnedKey(model, name string) string { return path.Join("captures", model, "learned", name) }

// rules are what a spec calls drift.
func rules(d spec.Drift) drift.Rules {
	return drift.Rules{PSI: d.PSI, KS: d.KS, MinRows: int64(d.MinRows)}
}
