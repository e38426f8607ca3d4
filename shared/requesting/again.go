package requesting

import (
	"context"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
)

// Claim remembers which rollout is about to be started, so that whoever is interrupted
// starts the same one when it tries again. Rollout is the one that an earlier try has
// remembered, "" if none has.
type Claim struct {
	Rollout string
	Write   func(id string) error
}

// mostAttempts is how often one version can be rolled out; Rank tells no more apart.
const mostAttempts = 999

// Retry asks for the rollout of r's package once more, under the next free attempt, and
// returns its id. Errors: Invalid for a package without a version, Conflict if there
// were too many attempts.
func (q *Requesting) Retry(ctx context.Context, r rollout.Record, c Claim) (id string, err error) {
	w := wanted{model: r.Model, packageARN: r.Package, undo: r.Undo}
	if w.version, err = rollout.VersionOf(r.Package); err != nil {
		return "", err
	}
	last, ok := rollout.Attempt(r.ID, r.Model, w.version)
	if !ok {
		return "", fault.Invalid.Errorf("rollout %s is not of version %d of model %s", r.ID, w.version, r.Model)
	}
	w.newest = w.version
	if v, err := rollout.VersionOf(r.Baseline.Package); r.Undo && err == nil {
		w.newest = v
	}
	return q.next(ctx, w, last+1, c)
}

// Undo asks for the rollout of what r took the place of, under the next free attempt of
// its version, and returns its id. Errors: Invalid for a package without a version,
// Conflict if there were too many attempts.
func (q *Requesting) Undo(ctx context.Context, r rollout.Record, c Claim) (id string, err error) {
	w := wanted{model: r.Model, packageARN: r.Baseline.Package, undo: true}
	if w.version, err = rollout.VersionOf(w.packageARN); err != nil {
		return "", err
	}
	if w.newest, err = rollout.VersionOf(r.Package); err != nil {
		return "", err
	}
	return q.next(ctx, w, 1, c)
}

// wanted is a rollout whose attempt is not chosen yet. An undo ranks as the newest of
// what it undoes: newer than any attempt at that, and older than the next version.
type wanted struct {
	model      string
	packageARN string
	version    int
	undo       bool
	newest     int // version that an undo undoes
}

// input is the input of an attempt. It must be the same bytes whenever it is made.
func (w wanted) input(attempt int, lease string) Input {
	in := Input{Rollout: rollout.ID(w.model, w.version, attempt), Model: w.model, Package: w.packageARN, Lease: lease, Rank: rollout.Rank(w.version, attempt), Undo: w.undo}
	if w.undo {
		in.Rank = rollout.Rank(w.newest, mostAttempts)
	}
	return in
}

// lease is the lease that a model's rollouts need.
func (q *Requesting) lease(ctx context.Context, model string) (string, error) {
	sp, err := q.table.Spec(ctx, model)
	return leasing.ForEndpoint(sp.Endpoint.Name), err
}

// next starts the first attempt that is free: one that neither the table nor the
// machine knows. The machine forgets, and the table hears of a rollout only once it has
// begun.
func (q *Requesting) next(ctx context.Context, w wanted, attempt int, c Claim) (string, error) {
	lease, err := q.lease(ctx, w.model)
	if err != nil {
		return "", err
	}
	if claimed, ok := rollout.Attempt(c.Rollout, w.model, w.version); ok {
		attempt = claimed
	}
	for ; attempt <= mostAttempts; attempt++ {
		in := w.input(attempt, lease)
		_, known, err := q.table.Rollout(ctx, in.Rollout)
		switch claimed := in.Rollout == c.Rollout; {
		case err != nil:
			return "", err
		case known && claimed:
			return in.Rollout, nil // an earlier try has started it, whatever has become of it
		case known:
			continue
		case !claimed:
			if err := c.Write(in.Rollout); err != nil {
				return "", err
			}
		}
		// One that has ended, and left no record, was not ours.
		if running, err := q.start(ctx, in); err != nil || running {
			return in.Rollout, err
		}
	}
	return "", fault.Conflict.Errorf("version %d of model %s was rolled out %d times: there is no further attempt", w.version, w.model, mostAttempts)
}

func (q *Requesting) start(ctx context.Context, in Input) (running bool, err error) {
	edge.Note(ctx, "rollout", in.Rollout)
	return q.rollouts.Start(ctx, in.Rollout, in)
}
