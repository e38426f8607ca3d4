package main

import (
	"context"
	"time"

	"sluice/shared/applying"
	"sluice/shared/awstable"
	"sluice/shared/demand"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/training"
)

// reading is what the table says of one model.
type reading struct {
	model   string
	applied applying.Applied
	// rollout is the one under way, else the latest; nil if there was none.
	rollout *rollout.Record
	// champion is the model package in production as the rollouts tell it, "" if they
	// do not.
	champion   string
	lease      leasing.Lease // on the endpoint
	generation int           // of the open demand
	chunks     []demand.Chunk
	runs       []training.Run // newest first
}

// recentRollouts is how far back the champion is looked for: refused rollouts say
// nothing about it.
const recentRollouts = 20

// read reads one model. Errors: a failure if there is no such model.
func read(ctx context.Context, t *awstable.Table, model string) (reading, error) {
	m := reading{model: model}
	var ok bool
	var err error
	if m.applied, ok, err = t.Applied(ctx, model); err != nil {
		return m, err
	}
	if !ok {
		return m, noModel(model)
	}
	records, err := t.Rollouts(ctx, model, 1)
	if err != nil {
		return m, err
	}
	if len(records) > 0 && (records[0].Baseline.Variant == "" || records[0].State == rollout.Refused) {
		if records, err = t.Rollouts(ctx, model, recentRollouts); err != nil {
			return m, err
		}
	}
	if m.lease, err = t.Lease(ctx, leasing.ForEndpoint(m.applied.Spec.Endpoint.Name)); err != nil {
		return m, err
	}
	m.rollout, m.champion = current(records, m.lease.Owner), champion(records)
	m.generation, m.chunks, err = t.Demand(ctx, model)
	return m, err
}

// current is the rollout under way, else the halted one that still holds the
// endpoint, else the latest; nil for none. A rollout that was refused meanwhile must
// not hide them.
func current(newestFirst []rollout.Record, holder string) *rollout.Record {
	for i, r := range newestFirst {
		if !r.State.Final() || r.State == rollout.Halted && r.ID == holder {
			return &newestFirst[i]
		}
	}
	if len(newestFirst) == 0 {
		return nil
	}
	return &newestFirst[0]
}

// champion is the package that the latest rollout which knows left in production.
// Of a halted one nobody knows.
func champion(newestFirst []rollout.Record) string {
	for _, r := range newestFirst {
		switch {
		case r.Baseline.Variant == "":
		case r.State == rollout.Promoted:
			return packageName(r.Candidate.Package)
		case r.State == rollout.Halted:
			return ""
		default:
			return sideName(r.Baseline)
		}
	}
	return ""
}

// locked reports whether the rollout holds its endpoint although it is over.
func (m reading) locked(now time.Time) bool {
	return m.rollout != nil && m.rollout.State == rollout.Halted && m.lease.Owner == m.rollout.ID && m.lease.Expires.After(now)
}

// since is when the first event of the open demand happened; zero for none.
func (m reading) since() time.Time {
	var first time.Time
	for _, c := range m.chunks {
		if first.IsZero() || c.FirstAt.Before(first) {
			first = c.FirstAt
		}
	}
	return first
}

// exit is the exit code that the latest rollout asks for.
func (m reading) exit() int {
	if m.rollout == nil {
		return exitOK
	}
	switch m.rollout.State {
	case rollout.Halted:
		return exitHalted
	case rollout.RolledBack:
		return exitRolledBack
	}
	return exitOK
}

func noModel(model string) error {
	return no("sluice status lists the models there are; sluice apply makes new ones", "there is no model %s", model)
}
