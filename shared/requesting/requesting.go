// Package requesting asks for rollouts: of what the model registry approves, again
// for what did not come through, and back to a former champion. It has the handler of
// on-package, on-command asks through it, and so does training for what the gate
// approved: the registry's events may be lost.
//
// The registry repeats itself, and tells of every edit of a package: only a change of
// the approval asks for something, and the rollout's name is derived from the package,
// so that a repeated event asks for the same one. What a rejection means depends on
// where the rollout stands when it is obeyed, so it becomes a command to it.
package requesting

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
)

type table interface {
	// ModelOfGroup is the model that a package group belongs to; "" if none.
	ModelOfGroup(ctx context.Context, group string) (model string, err error)
	// Spec is the model's spec in force. Errors: NotFound.
	Spec(ctx context.Context, model string) (spec.Spec, error)
	// Rollout is the record of a rollout. ok is false if there is none yet.
	Rollout(ctx context.Context, id string) (r rollout.Record, ok bool, err error)
	// Rollouts lists a model's latest rollouts, newest first, at most limit.
	Rollouts(ctx context.Context, model string, limit int) ([]rollout.Record, error)
	// AddCommand writes a command. One that is there already stays as it is.
	AddCommand(ctx context.Context, c rollout.Command) error
}

type machines interface {
	// Start starts an execution of this name and input. running is false if there
	// was one of this name and it has ended.
	Start(ctx context.Context, name string, input any) (running bool, err error)
}

// Requesting asks for rollouts.
type Requesting struct {
	table    table
	rollouts machines
}

// New returns a Requesting that starts executions of the rollout machine.
func New(table table, rollouts machines) *Requesting {
	return &Requesting{table: table, rollouts: rollouts}
}

// Input is the input of the rollout machine. It must be the same bytes for the same
// execution name.
type Input struct {
	Rollout string `json:"rollout"`
	Model   string `json:"model"`
	Package string `json:"package"`
	Lease   string `json:"lease"` // on the endpoint; what the rollout waits for first
	// Rank orders the rollouts that wait for one endpoint: the higher one is newer.
	Rank int  `json:"rank"`
	Undo bool `json:"undo"` // back to a former champion
}

// Requested says what became of an event.
type Requested struct {
	Rollout  string   `json:"rollout"`            // "" if it asked for none
	Recalled []string `json:"recalled,omitempty"` // rollouts that a rejection was told to
}

// OnPackage is the handler of on-package. Whether an approved package is still
// approved, and newer than what serves, is read again when its rollout is planned.
func (q *Requesting) OnPackage(ctx context.Context, raw json.RawMessage) (Requested, error) {
	e, err := event.Parse(raw)
	if err != nil {
		return Requested{}, err
	}
	p, err := event.PackageState(e)
	if err != nil {
		return Requested{}, err
	}
	if len(p.Changed) > 0 && !slices.Contains(p.Changed, "ModelApprovalStatus") || p.Approval != training.Approved && p.Approval != training.Rejected {
		return Requested{}, nil
	}
	model, err := q.table.ModelOfGroup(ctx, p.Group)
	if err != nil {
		return Requested{}, err
	}
	if model == "" {
		edge.Count(ctx, "EventsIgnored", 1, e.Time)
		edge.Note(ctx, "ignored", p.Group)
		return Requested{}, nil
	}
	if p.Version < 1 {
		return Requested{}, fault.Invalid.Errorf("event %s: %s has no version", e.ID, p.ARN)
	}
	if p.Approval == training.Rejected {
		recalled, err := q.recall(ctx, model, p, e.Time)
		return Requested{Recalled: recalled}, err
	}
	id, err := q.Request(ctx, model, p.ARN, p.Version)
	return Requested{Rollout: id}, err
}

// registry is who commands when the registry rejects a package.
const registry = "the model registry"

// recall tells the rollouts of a rejected package: the one under way, and the one that
// made it the champion. It says which.
func (q *Requesting) recall(ctx context.Context, model string, p event.Package, at time.Time) ([]string, error) {
	records, err := q.table.Rollouts(ctx, model, rollout.Recent)
	if err != nil {
		return nil, err
	}
	_, champion, _ := rollout.Champion(records)
	var recalled []string
	for _, r := range records {
		if r.Package != p.ARN || r.State.Final() && (champion == nil || champion.ID != r.ID) {
			continue
		}
		err := q.table.AddCommand(ctx, rollout.Command{
			Rollout: r.ID, ID: rejection(p), Verb: rollout.Recall,
			By: registry, Why: fmt.Sprintf("version %d of %s was rejected", p.Version, p.Group), At: at,
		})
		if err != nil {
			return recalled, err
		}
		edge.Note(ctx, "recalled", r.ID)
		recalled = append(recalled, r.ID)
	}
	return recalled, nil
}

// rejection names a rejection of a package, so that it has one effect on a rollout,
// however often it is told. A package that is approved and rejected again has another.
func rejection(p event.Package) string {
	if p.At.IsZero() {
		return fmt.Sprintf("rejected-%d", p.Version)
	}
	return fmt.Sprintf("rejected-%d-%d", p.Version, p.At.Unix())
}

// Request asks for the rollout of a version of a model's package, and returns its id.
// Asking again asks for the same one.
func (q *Requesting) Request(ctx context.Context, model, packageARN string, version int) (id string, err error) {
	lease, err := q.lease(ctx, model)
	if err != nil {
		return "", err
	}
	in := wanted{model: model, packageARN: packageARN, version: version}.input(0, lease)
	_, err = q.start(ctx, in)
	return in.Rollout, err
}
