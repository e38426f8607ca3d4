package preflight

import (
	"slices"

	"sluice/shared/rollout"
)

// Draft is the rollout that the facts make: its sides, its steps with their instances,
// and the names of what it will make. Where the endpoint is in no shape for one, the
// baseline is left out. Errors: Invalid for a strategy that makes no steps.
func Draft(f Facts) (rollout.Record, error) {
	r := rollout.Record{
		ID: f.ID, Model: f.Spec.Model, Package: f.Package.ARN, Endpoint: f.Spec.Endpoint.Name, Spec: f.Spec.Version(), Rules: f.Spec.Rollout,
		State: rollout.Waiting, Scaling: f.Scaling, First: f.Endpoint.Status == "", Undo: f.Undo, Step: -1, StartedAt: f.Now,
	}
	if len(f.Config.Variants) == 1 && len(f.Endpoint.Variants) == 1 {
		r.Baseline = rollout.Side{
			Variant: f.Config.Variants[0].Name, Config: f.Endpoint.Config, Model: f.Model.Name, Package: f.Model.Package,
			Count: max(f.Endpoint.Variants[0].WantedCount, 1),
		}
	}
	r.Candidate = rollout.Side{
		Variant: r.ID, Model: rollout.ModelName(r.ID), Package: f.Package.ARN, Config: rollout.ConfigName(r.Endpoint, r.ID, rollout.FinalConfig),
		Count: max(f.Spec.Endpoint.InstanceCount, r.Baseline.Count),
	}
	r.Plan = rollout.FirstPlan()
	if !r.First {
		plan, err := rollout.MakePlan(f.Spec.Rollout)
		if err != nil {
			return r, err
		}
		r.Plan = plan.WithCapacity(f.Spec.Rollout, r.Baseline.Count, r.Candidate.Count, r.Scaling != nil)
		r.BothConfig = rollout.ConfigName(r.Endpoint, r.ID, rollout.BothConfig)
		if slices.ContainsFunc(r.Plan.Steps, func(s rollout.Step) bool { return s.Kind == rollout.Mirror }) {
			r.ShadowConfig = rollout.ConfigName(r.Endpoint, r.ID, rollout.ShadowConfig)
		}
	}
	r.Steps = make([]rollout.Progress, len(r.Plan.Steps))
	return r, nil
}
