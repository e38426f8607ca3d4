// Package applying puts a spec in force. The command line calls it, and whatever
// else brings a sluice.yaml.
//
// A spec changes as a whole, with the index that leads from buckets, alarms,
// package groups and endpoints to their model, or not at all. Runs and rollouts
// under way keep the spec they began with.
package applying

import (
	"context"
	"time"

	"sluice/shared/fault"
	"sluice/shared/spec"
)

// Applied is a spec in force.
type Applied struct {
	Spec    spec.Spec
	Version string // of the spec's content
	Source  string // where it came from: a file, a commit
	At      time.Time
	Rev     int // grows by one with each change
}

// Kind is a kind of resource that belongs to one model at most.
type Kind string

// The kinds.
const (
	Group    Kind = "GROUP"
	Endpoint Kind = "ENDPOINT"
)

type table interface {
	// Applied is the spec of a model in force; ok is false if there is none.
	Applied(ctx context.Context, model string) (a Applied, ok bool, err error)
	// Apply replaces last, nil for none, by next. Errors: Conflict if last is no
	// longer in force, or if another model owns a resource of next.
	Apply(ctx context.Context, next Applied, last *Applied) error
	// OwnerOf is the model that a resource belongs to; "" if none.
	OwnerOf(ctx context.Context, kind Kind, name string) (string, error)
}

// Change says what applying a spec did.
type Change struct {
	Model   string `json:"model"`
	Version string `json:"version"`
	Changed bool   `json:"changed"` // false: it was in force already
	First   bool   `json:"first"`   // the model is new
}

// Apply puts s in force at now. Errors: Conflict if its package group or endpoint
// belongs to another model, if the promotions that it trains after come round to its
// own, or if somebody else applied a spec at the same time.
func Apply(ctx context.Context, t table, s spec.Spec, source string, now time.Time) (Change, error) {
	c := Change{Model: s.Model, Version: s.Version()}
	for _, r := range []struct {
		kind Kind
		name string
		what string
	}{{Group, s.Package.Group, "package group"}, {Endpoint, s.Endpoint.Name, "endpoint"}} {
		owner, err := t.OwnerOf(ctx, r.kind, r.name)
		if err != nil {
			return c, err
		}
		if owner != "" && owner != s.Model {
			return c, fault.Conflict.Errorf("%s %s belongs to model %s already; give model %s another, or change model %s first", r.what, r.name, owner, s.Model, owner)
		}
	}
	circle, err := spec.Circle(s.Model, func(model string) ([]string, error) {
		if model == s.Model {
			return s.Triggers.After(), nil
		}
		a, _, err := t.Applied(ctx, model)
		return a.Spec.Triggers.After(), err
	})
	if err != nil {
		return c, err
	}
	if circle != "" {
		return c, fault.Conflict.Errorf("promotions would train in a circle: %s; take one of them out of triggers.promotion", circle)
	}
	last, ok, err := t.Applied(ctx, s.Model)
	if err != nil {
		return c, err
	}
	if ok && last.Version == c.Version {
		return c, nil
	}
	next := Applied{Spec: s, Version: c.Version, Source: source, At: now, Rev: last.Rev + 1}
	c.Changed, c.First = true, !ok
	if !ok {
		return c, t.Apply(ctx, next, nil)
	}
	return c, t.Apply(ctx, next, &last)
}
