// Package requesting turns approvals in the model registry into rollouts. It has the
// handler of on-package, and training asks through it for what the gate approved:
// the registry's events may be lost.
//
// The registry repeats itself, and tells of every edit of a package: only a change
// of the approval asks for a rollout, and the rollout's name is derived from the
// package, so that a repeated event asks for the same one.
package requesting

import (
	"context"
	"encoding/json"
	"slices"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
)

type table interface {
	// ModelOfGroup is the model that a package group belongs to; "" if none.
	ModelOfGroup(ctx context.Context, group string) (model string, err error)
	// Spec is the model's spec in force. Errors: NotFound.
	Spec(ctx context.Context, model string) (spec.Spec, error)
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
	Rollout string `json:"rollout"` // "" if it asked for none
}

// OnPackage is the handler of on-package. Whether the package is still approved,
// and newer than what serves, is read again when the rollout is planned.
func (q *Requesting) OnPackage(ctx context.Context, raw json.RawMessage) (Requested, error) {
	e, err := event.Parse(raw)
	if err != nil {
		return Requested{}, err
	}
	p, err := event.PackageState(e)
	if err != nil {
		return Requested{}, err
	}
	if p.Approval != training.Approved || len(p.Changed) > 0 && !slices.Contains(p.Changed, "ModelApprovalStatus") {
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
	id, err := q.Request(ctx, model, p.ARN, p.Version)
	return Requested{Rollout: id}, err
}

// Request asks for the rollout of a version of a model's package, and returns its id.
// Asking again asks for the same one.
func (q *Requesting) Request(ctx context.Context, model, packageARN string, version int) (id string, err error) {
	sp, err := q.table.Spec(ctx, model)
	if err != nil {
		return "", err
	}
	in := Input{Rollout: rollout.ID(model, version, 0), Model: model, Package: packageARN, Lease: leasing.ForEndpoint(sp.Endpoint.Name), Rank: rollout.Rank(version, 0)}
	edge.Note(ctx, "rollout", in.Rollout)
	_, err = q.rollouts.Start(ctx, in.Rollout, in)
	return in.Rollout, err
}
