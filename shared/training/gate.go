package training

import (
	"context"
	"fmt"
	"strings"

	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/gate"
	"sluice/shared/spec"
)

// Approvals of a model package.
const (
	Approved = "Approved"
	Rejected = "Rejected"
	Pending  = "PendingManualApproval"
)

// Gated is the answer of gate-package.
type Gated struct {
	Package  string `json:"package"`
	Approval string `json:"approval"`
	Reason   string `json:"reason"`
}

// maxDescription is the length of an approval description. Source: AWS.md B.9.
const maxDescription = 1024

// GatePackage is the handler of gate-package: it holds the run's model package
// against the spec's conditions and writes the answer as its approval, with the
// reasons, and asks for the rollout of what it approved. A package that waits for a
// person is given the reasons and keeps its approval.
func (t *Training) GatePackage(ctx context.Context, s Step) (Gated, error) {
	sp, err := t.Table.Spec(ctx, s.Model)
	if err != nil {
		return Gated{}, err
	}
	run, err := t.run(ctx, s)
	if err != nil {
		return Gated{}, err
	}
	x, err := t.Pipelines.Describe(ctx, run.Pipeline)
	if err != nil {
		return Gated{}, err
	}
	return t.gate(ctx, sp, &run, x)
}

// gate holds the package that an execution has registered against the gate, and writes
// what came of it into its run.
func (t *Training) gate(ctx context.Context, sp spec.Spec, run *Run, x Execution) (Gated, error) {
	if x.Package == "" {
		return Gated{}, fault.Invalid.Errorf("pipeline execution %s succeeded and registered no model package; it needs a RegisterModel step for group %s", run.Pipeline, sp.Package.Group)
	}
	pkg, err := t.Registry.Package(ctx, x.Package)
	if err != nil {
		return Gated{}, err
	}
	if pkg.Group != sp.Package.Group {
		return Gated{}, fault.Invalid.Errorf("pipeline execution %s registered %s, which is not of group %s", run.Pipeline, pkg.ARN, sp.Package.Group)
	}
	d, err := t.judge(ctx, sp, pkg)
	if err != nil {
		return Gated{}, err
	}
	g := Gated{Package: pkg.ARN, Approval: Rejected, Reason: d.String()}
	switch {
	case d.Passed && sp.Package.Approve == spec.Automatic:
		g.Approval = Approved
	case d.Passed:
		g.Approval = Pending
	}
	edge.Note(ctx, "package", pkg.ARN)
	edge.Note(ctx, "approval", g.Approval)
	// A person may have been faster, and what a person said stands.
	if pkg.Approval == Pending {
		if err := t.approve(ctx, pkg, g); err != nil {
			return Gated{}, err
		}
	} else if pkg.Approval != g.Approval {
		g.Reason = fmt.Sprintf("already %s; %s", pkg.Approval, g.Reason)
		g.Approval = pkg.Approval
	}
	run.Package, run.Approval, run.Reason = pkg.ARN, g.Approval, g.Reason
	if err := t.Table.PutRun(ctx, *run); err != nil || g.Approval != Approved {
		return g, err
	}
	// The registry's event asks for the same rollout, if it is not lost.
	_, err = t.Rollouts.Request(ctx, run.Model, pkg.ARN, pkg.Version)
	return g, err
}

// approve writes the decision and reads it back.
func (t *Training) approve(ctx context.Context, pkg Package, g Gated) error {
	text := g.Reason
	if len(text) > maxDescription {
		text = strings.ToValidUTF8(text[:maxDescription-3], "") + "..."
	}
	set := g.Approval
	if set == Pending {
		set = ""
	}
	if err := t.Registry.SetApproval(ctx, pkg.ARN, set, text); err != nil {
		return err
	}
	now, err := t.Registry.Package(ctx, pkg.ARN)
	if err != nil {
		return err
	}
	if now.Approval != g.Approval {
		return fault.Internal.Errorf("approval of %s was set to %s and reads %s", pkg.ARN, g.Approval, now.Approval)
	}
	return nil
}

// judge compares the package's report with the spec's conditions and with the
// report of the package in production. A champion that was deleted from the
// registry, or whose report is gone, is none to compare with: it must not keep
// every later package out.
func (t *Training) judge(ctx context.Context, sp spec.Spec, pkg Package) (gate.Decision, error) {
	if len(sp.Package.Gate) == 0 {
		return gate.Judge(nil, nil, nil), nil
	}
	report, err := t.report(ctx, sp, pkg)
	if err != nil {
		return gate.Decision{}, err
	}
	arn, err := t.Registry.Champion(ctx, sp.Endpoint.Name)
	if err != nil || arn == "" {
		return gate.Judge(sp.Package.Gate, report, nil), err
	}
	var best gate.Report
	champion, err := t.Registry.Package(ctx, arn)
	if err == nil {
		best, err = t.report(ctx, sp, champion)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return gate.Decision{}, err
	}
	return gate.Judge(sp.Package.Gate, report, best), nil
}

// report reads a package's evaluation report; nil if it has none. Reports of other
// kinds are read if the gate names a metric of theirs, and stand in it under their
// kind, unless the evaluation report says something under that name itself.
func (t *Training) report(ctx context.Context, sp spec.Spec, pkg Package) (gate.Report, error) {
	all, err := t.fetch(ctx, pkg.Report)
	if err != nil {
		return nil, err
	}
	for _, c := range sp.Package.Gate {
		about, _, _ := strings.Cut(c.Metric, ".")
		if _, there := all[about]; there || pkg.Others[about] == "" {
			continue
		}
		other, err := t.fetch(ctx, pkg.Others[about])
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = gate.Report{}
		}
		all[about] = map[string]any(other)
	}
	return all, nil
}

// fetch reads a report at its address; nil for none.
func (t *Training) fetch(ctx context.Context, uri string) (gate.Report, error) {
	if uri == "" {
		return nil, nil
	}
	raw, err := t.Store.Fetch(ctx, uri)
	if err != nil {
		return nil, err
	}
	r, err := gate.ReadReport(raw)
	if err != nil {
		return nil, fault.Invalid.Errorf("%s: %w", uri, err)
	}
	return r, nil
}
