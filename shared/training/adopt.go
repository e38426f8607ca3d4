package training

import (
	"cmp"
	"context"
	"fmt"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// adopt ends the earlier runs that nobody will end: the caller has the lease, so their
// machines are gone, killed by hand or by an outage. Their objects must not be lost,
// and a pipeline that such a run left behind must not run beside the next. Errors:
// NotReady while it does.
func (t *Training) adopt(ctx context.Context, s Step, sp spec.Spec) error {
	runs, err := t.Table.Runs(ctx, s.Model)
	if err != nil {
		return err
	}
	for _, r := range orphans(runs, s) {
		if r.EndedAt, err = s.Now, t.orphan(ctx, &r, s, sp); err != nil {
			return err
		}
		edge.Note(ctx, "adopted", r.Generation)
		if r.State == Failed {
			if err := t.reopen(ctx, Step{Model: r.Model, Generation: r.Generation}); err != nil {
				return err
			}
		}
		if err := t.Table.PutRun(ctx, r); err != nil {
			return err
		}
	}
	return t.unseen(ctx, s, runs)
}

// unseen waits for the pipeline of the latest run that gave up before it saw how that
// ended: it was kept from looking, or another run had taken its lease. runs are newest
// first. Errors: NotReady while it goes on.
func (t *Training) unseen(ctx context.Context, s Step, runs []Run) error {
	for _, r := range runs {
		if r.Generation >= s.Generation || r.execution() == "" {
			continue
		}
		if r.State != Failed || r.Class != "" {
			return nil
		}
		x, err := t.Pipelines.Describe(ctx, r.execution())
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err == nil && !x.over() {
			err = fault.NotReady.Errorf("run %d of %s gave up, but its pipeline execution %s is still %s; the next run waits for it", r.Generation, s.Model, r.execution(), x.Status)
		}
		return err
	}
	return nil
}

// over reports whether an execution has ended.
func (x Execution) over() bool {
	return x.Status == "Succeeded" || x.Status == "Failed" || x.Status == "Stopped"
}

// orphans are the runs before this one that have not ended, and those that never were
// though their demand was closed. runs are newest first.
func orphans(runs []Run, s Step) (all []Run) {
	next := s.Generation - 1
	for _, r := range runs {
		if r.Generation >= s.Generation {
			continue
		}
		for ; next > r.Generation; next-- {
			all = append(all, Run{Model: s.Model, Generation: next, ClosedAt: s.Now})
		}
		next = r.Generation - 1
		if r.EndedAt.IsZero() {
			all = append(all, r)
		}
	}
	for ; next >= 1; next-- {
		all = append(all, Run{Model: s.Model, Generation: next, ClosedAt: s.Now})
	}
	return all
}

// orphan says how a run without a machine has ended.
func (t *Training) orphan(ctx context.Context, r *Run, s Step, sp spec.Spec) (err error) {
	if r.State == "" {
		r.State, r.Reason = Failed, "its state machine was gone before the run was launched"
		return nil
	}
	if r.execution() == "" {
		// Whether it was started, only the token knows.
		if *r, err = t.begin(ctx, sp, *r); fault.Is(err, fault.Invalid) {
			r.State, r.Reason = Failed, err.Error()
			return nil
		}
		if err != nil {
			return err
		}
	}
	x, err := t.Pipelines.Describe(ctx, r.execution())
	if fault.Is(err, fault.NotFound) {
		x, err = Execution{Status: "Failed", Reason: "the pipeline execution is gone"}, nil
	}
	if err != nil {
		return err
	}
	switch x.Status {
	case "Succeeded":
		return t.gateOrphan(ctx, r, x, sp)
	case "Failed", "Stopped":
		r.State, r.Class = Failed, Classify(x.Status, x.Reason)
		r.Reason = fmt.Sprintf("its state machine was gone; pipeline execution %s (%s): %s", x.Status, r.Class, x.Reason)
	default:
		return fault.NotReady.Errorf("run %d of %s has lost its state machine, but its pipeline execution %s is still %s; the next run waits for it", r.Generation, s.Model, r.execution(), x.Status)
	}
	return nil
}

// gateOrphan gates the package of a run without a machine. What cannot be gated waits
// for a person.
func (t *Training) gateOrphan(ctx context.Context, r *Run, x Execution, sp spec.Spec) error {
	r.State, r.Package = Trained, x.Package
	_, err := t.gate(ctx, sp, r, x)
	if kind := fault.Of(err); kind == fault.Invalid || kind == fault.NotFound || kind == fault.Denied {
		r.Reason = fmt.Sprintf("its state machine was gone before the gate: %v; approve %s by hand, or train again", err, cmp.Or(x.Package, "a package"))
		return nil
	}
	return err
}
