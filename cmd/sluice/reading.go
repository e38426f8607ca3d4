package main

import (
	"context"
	"time"

	"sluice/shared/applying"
	"sluice/shared/awstable"
	"sluice/shared/capturing"
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
	rollout  *rollout.Record
	commands []rollout.Command // to that rollout, oldest first; of one model in full only
	// champion is the model package in production as the rollouts tell it, "" if they
	// do not.
	champion   string
	lease      leasing.Lease // on the endpoint
	generation int           // of the open demand
	chunks     []demand.Chunk
	runs       []training.Run // newest first
	// drift is how far the watch of captures has come, of the variant that was read last;
	// nil if none was.
	drift *capturing.State
}

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
	// One that was refused, or waits, says nothing about the champion, and hides others.
	if len(records) > 0 && (records[0].Baseline.Variant == "" || records[0].State == rollout.Refused) {
		if records, err = t.Rollouts(ctx, model, rollout.Recent); err != nil {
			return m, err
		}
	}
	if m.lease, err = t.Lease(ctx, leasing.ForEndpoint(m.applied.Spec.Endpoint.Name)); err != nil {
		return m, err
	}
	m.rollout, m.champion = current(records, m.lease.Owner), champion(records)
	if m.generation, m.chunks, err = t.Demand(ctx, model); err != nil || m.applied.Spec.Drift == nil {
		return m, err
	}
	states, err := t.DriftStates(ctx, model)
	for i, s := range states {
		if m.drift == nil || s.Judged.After(m.drift.Judged) {
			m.drift = &states[i]
		}
	}
	return m, err
}

// findRollout is the rollout of this name, or the one that pick takes from the rollouts of the
// model of this name, newest first. Errors: a failure if there is neither.
func findRollout(c *call, t *awstable.Table, name string, pick func(newestFirst []rollout.Record) *rollout.Record) (rollout.Record, error) {
	r, ok, err := t.Rollout(c.ctx, name)
	if err != nil || ok {
		return r, err
	}
	_, isModel, err := t.Applied(c.ctx, name)
	if err != nil {
		return r, err
	}
	if !isModel {
		return r, no("sluice history MODEL lists the rollouts of a model", "there is no rollout %s, and no model of this name", name)
	}
	records, err := t.Rollouts(c.ctx, name, rollout.Recent)
	if err != nil {
		return r, err
	}
	if len(records) == 0 {
		return r, no("sluice status "+name+" shows what it is waiting for", "model %s has had no rollout yet", name)
	}
	return *pick(records), nil
}

func latest(newestFirst []rollout.Record) *rollout.Record { return &newestFirst[0] }

// underWayOrLatest is the rollout that has begun and is not over, else one that waits,
// else the latest: of two, the one that has the endpoint is meant.
func underWayOrLatest(newestFirst []rollout.Record) *rollout.Record {
	waits := -1
	for i, r := range newestFirst {
		switch {
		case r.State.Final():
		case r.State != rollout.Waiting:
			return &newestFirst[i]
		case waits < 0:
			waits = i
		}
	}
	return &newestFirst[max(waits, 0)]
}

// current is the rollout that is changing the endpoint, else the halted one that still
// holds it, else one that waits for it, else the latest; nil for none. A rollout that
// was refused meanwhile must not hide them.
func current(newestFirst []rollout.Record, holder string) *rollout.Record {
	if len(newestFirst) == 0 {
		return nil
	}
	r := underWayOrLatest(newestFirst)
	if !r.State.Final() && r.State != rollout.Waiting {
		return r
	}
	for i, r := range newestFirst {
		if r.State == rollout.Halted && r.ID == holder {
			return &newestFirst[i]
		}
	}
	return r
}

// champion is the package that the rollouts know to be in production. After one that
// halted nobody knows.
func champion(newestFirst []rollout.Record) string {
	side, _, ok := rollout.Champion(newestFirst)
	if !ok {
		return ""
	}
	return sideName(side)
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
	case rollout.RolledBack, rollout.Aborted:
		return exitRolledBack
	}
	return exitOK
}

func noModel(model string) error {
	return no("sluice status lists the models there are; sluice apply makes new ones", "there is no model %s", model)
}
