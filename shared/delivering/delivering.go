// Package delivering lets a pipeline of CodePipeline have a stage that rolls a model
// out and ends as the rollout does. The stage is a manual approval whose name begins
// with Rollout-, followed by the model's: Sluice is who approves. It has the handler of
// on-delivery.
//
// When such an action begins to ask, the newest package of the model is approved and
// its rollout asked for; when the rollout ends, the action is answered with its reason.
// No other action of CodePipeline can wait as long as a rollout may last: a build ends
// after 8 hours, a function's action after 24, an approval after up to 60 days. Events
// are wake-ups: what waits, and what has become of the rollout, is read.
package delivering

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/reporting"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// Prefix is how the names of actions begin that Sluice answers.
const Prefix = "Rollout-"

// Action is an action of a pipeline that waits for the rollout of a model's package.
type Action struct {
	Model    string `json:"model"`
	Pipeline string `json:"pipeline"`
	Stage    string `json:"stage"`
	Name     string `json:"action"`
	Package  string `json:"package"`
}

// Question is what an action asks.
type Question struct {
	Token     string
	Execution string // of the pipeline
}

type table interface {
	// Spec is the model's spec in force. Errors: NotFound.
	Spec(ctx context.Context, model string) (spec.Spec, error)
	// Rollouts lists a model's latest rollouts, newest first, at most limit.
	Rollouts(ctx context.Context, model string, limit int) ([]rollout.Record, error)
	// Deliveries lists the actions that wait for a rollout of the model.
	Deliveries(ctx context.Context, model string) ([]Action, error)
	// PutDelivery writes that an action waits.
	PutDelivery(ctx context.Context, a Action) error
	// DropDelivery forgets that an action waits.
	DropDelivery(ctx context.Context, a Action) error
	// Tell remembers that people were told of a cause at.
	Tell(ctx context.Context, cause string, at time.Time) error
}

type registry interface {
	// Latest is the package of a group that was registered last, whatever its approval;
	// "" if there is none. Errors: NotFound if there is no such group.
	Latest(ctx context.Context, group string) (arn string, err error)
	// Package reads a model package. Errors: NotFound.
	Package(ctx context.Context, arn string) (training.Package, error)
	// SetApproval sets the approval of a package, and its description.
	SetApproval(ctx context.Context, arn, approval, description string) error
}

type rollouts interface {
	// Request asks for the rollout of a version of a model's package. Asking again asks
	// for the same one.
	Request(ctx context.Context, model, packageARN string, version int) (id string, err error)
}

type pipelines interface {
	// Asked is what an action asks now; ok is false if it asks nothing, or is not there.
	Asked(ctx context.Context, a Action) (q Question, ok bool, err error)
	// Answer approves or rejects. That somebody else has answered is no error.
	Answer(ctx context.Context, a Action, q Question, approve bool, summary string) error
}

// Delivering has the handler of on-delivery.
type Delivering struct {
	Table     table
	Registry  registry
	Rollouts  rollouts
	Pipelines pipelines
}

// Delivered says what became of an event.
type Delivered struct {
	Waiting  []string `json:"waiting"`  // packages whose rollouts are waited for
	Answered []string `json:"answered"` // pipelines that got their answer
}

// OnDelivery is the handler of on-delivery. It hears of actions that ask, and of
// rollouts that have ended.
func (d *Delivering) OnDelivery(ctx context.Context, raw json.RawMessage) (Delivered, error) {
	out := Delivered{Waiting: []string{}, Answered: []string{}}
	e, err := event.Parse(raw)
	if err != nil {
		return out, err
	}
	if e.DetailType == event.ActionStateType {
		return out, d.asked(ctx, e, &out)
	}
	var told rollout.Detail
	if err := json.Unmarshal(e.Detail, &told); err != nil || e.Source != rollout.Source || told.Model == "" {
		return out, fault.Invalid.Errorf("event %s: a %q is neither an action that asks nor a rollout", e.ID, e.DetailType)
	}
	waiting, err := d.Table.Deliveries(ctx, told.Model)
	if err != nil {
		return out, err
	}
	for _, a := range waiting {
		if err := d.settle(ctx, a, e.Time, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// asked takes up what an action asks for.
func (d *Delivering) asked(ctx context.Context, e event.Envelope, out *Delivered) error {
	s, err := event.DeliveryState(e)
	if err != nil {
		return err
	}
	model, ours := strings.CutPrefix(s.Action, Prefix)
	if !ours || s.State != "STARTED" || s.Provider != "Manual" {
		edge.Note(ctx, "ignored", s.Action)
		return nil
	}
	a := Action{Model: model, Pipeline: s.Pipeline, Stage: s.Stage, Name: s.Action}
	if a.Package, err = d.newest(ctx, model); err != nil {
		if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
			return err
		}
		return d.answer(ctx, a, false, err.Error(), out) // the pipeline's failure is reported
	}
	edge.Note(ctx, "package", a.Package)
	// What waits is written before anything is asked for, or an end could find nobody.
	if err := d.Table.PutDelivery(ctx, a); err != nil {
		return err
	}
	if over, err := d.over(ctx, a); err != nil || over != nil {
		return d.finish(ctx, a, over, err, e.Time, out)
	}
	if err := d.start(ctx, a); err != nil {
		return err
	}
	return d.settle(ctx, a, e.Time, out)
}

// newest is the package that is to be rolled out. Errors: NotFound without a spec, a
// group or a package in it; Invalid if it cannot be rolled out.
func (d *Delivering) newest(ctx context.Context, model string) (string, error) {
	sp, err := d.Table.Spec(ctx, model)
	if err != nil {
		return "", err
	}
	arn, err := d.Registry.Latest(ctx, sp.Package.Group)
	if err != nil {
		return "", err
	}
	if arn == "" {
		return "", fault.NotFound.Errorf("package group %s of model %s is empty: train it first", sp.Package.Group, model)
	}
	p, err := d.Registry.Package(ctx, arn)
	if err == nil && p.Approval == training.Rejected {
		return "", fault.Invalid.Errorf("the newest package, %s, is rejected: %s", arn, p.Text)
	}
	return arn, err
}

// start approves the package and asks for its rollout, which the registry's event does,
// too, if it is not lost.
func (d *Delivering) start(ctx context.Context, a Action) error {
	p, err := d.Registry.Package(ctx, a.Package)
	if err != nil {
		return err
	}
	if p.Approval != training.Approved {
		if err := d.Registry.SetApproval(ctx, a.Package, training.Approved, "approved by pipeline "+a.Pipeline); err != nil {
			return err
		}
	}
	_, err = d.Rollouts.Request(ctx, a.Model, a.Package, p.Version)
	return err
}

// settle answers an action whose rollout is over.
func (d *Delivering) settle(ctx context.Context, a Action, at time.Time, out *Delivered) error {
	over, err := d.over(ctx, a)
	return d.finish(ctx, a, over, err, at, out)
}

// over is the rollout of the action's package if its end is known, which in a standby it
// is; nil if it is under way, or has not begun.
func (d *Delivering) over(ctx context.Context, a Action) (*rollout.Record, error) {
	all, err := d.Table.Rollouts(ctx, a.Model, rollout.Recent)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r rollout.Record) bool { return r.Package == a.Package && !r.Undo })
	if i < 0 || !all[i].State.Final() && all[i].State != rollout.Standby {
		return nil, nil
	}
	return &all[i], nil
}

// finish answers with what a rollout came to, nil if it goes on. Of one that did not
// come through people have been told: the pipeline's failure is not told again.
func (d *Delivering) finish(ctx context.Context, a Action, r *rollout.Record, err error, at time.Time, out *Delivered) error {
	switch {
	case err != nil:
		return err
	case r == nil:
		out.Waiting = append(out.Waiting, a.Package)
		return nil
	case r.State == rollout.Promoted || r.State == rollout.Standby:
		return d.answer(ctx, a, true, fmt.Sprintf("rollout %s: %s", r.ID, r.Reason), out)
	}
	q, ok, err := d.Pipelines.Asked(ctx, a)
	if err != nil {
		return err
	}
	if ok {
		if err := d.Table.Tell(ctx, reporting.OfPipeline(a.Pipeline, q.Execution), at); err != nil {
			return err
		}
	}
	return d.answer(ctx, a, false, fmt.Sprintf("rollout %s: %s: %s", r.ID, r.State, r.Reason), out)
}

// maxSummary is how many characters an answer may have.
// Source: CodePipeline API reference, ApprovalResult.
const maxSummary = 512

// answer answers what an action asks, if it still asks, and forgets it.
func (d *Delivering) answer(ctx context.Context, a Action, approve bool, summary string, out *Delivered) error {
	q, ok, err := d.Pipelines.Asked(ctx, a)
	if err != nil {
		return err
	}
	if ok {
		if runes := []rune(summary); len(runes) > maxSummary {
			summary = string(runes[:maxSummary-1]) + "…"
		}
		if err := d.Pipelines.Answer(ctx, a, q, approve, summary); err != nil {
			return err
		}
		edge.Note(ctx, "answer", summary)
		out.Answered = append(out.Answered, a.Pipeline)
	}
	return d.Table.DropDelivery(ctx, a)
}
