package rollout

// TargetOf is the endpoint as the step asked for last wants it; before the first
// step, with the candidate up and without requests.
func (r Record) TargetOf() Target {
	if r.First {
		return Target{Config: r.Candidate.Config, Variant: r.Candidate.Variant, Weight: 100, First: true}
	}
	t := Target{Config: r.BothConfig, Variant: r.Candidate.Variant, Other: r.Baseline.Variant, Weight: r.Weight(), Strict: true, Was: r.before()}
	if r.mirrors() {
		t.Config = r.ShadowConfig
		return t
	}
	if step := r.Now(); r.Step >= 0 {
		t.Needs = []Need{{Variant: r.Candidate.Variant, AtLeast: step.Candidate}, {Variant: r.Baseline.Variant, AtMost: step.Baseline}}
	}
	return t
}

// before is the share from which the step asked for last may still be on its way;
// none once the step's own was seen in force.
func (r Record) before() []int {
	if r.Step >= 0 && !r.Steps[r.Step].ReachedAt.IsZero() {
		return nil
	}
	was := 0
	for _, w := range r.Weights {
		if w != r.Weight() {
			was = w
		}
	}
	return []int{was}
}

// mirrors reports whether the candidate is the baseline's shadow in the step asked
// for last, or, before the first step, in that one.
func (r Record) mirrors() bool {
	i := r.Plan.Judged(max(r.Step, 0))
	if i < 0 { // approvals before the first bake: what the first bake needs is up
		for i = 0; !r.Plan.Steps[i].Bakes(); i++ {
		}
	}
	return r.Plan.Steps[i].Kind == Mirror
}

// TargetStandby is the endpoint after a promotion whose baseline is kept warm, on
// as few instances as its autoscaling allows.
func (r Record) TargetStandby() Target {
	least := 1
	if r.Scaling != nil {
		least = max(1, r.Scaling.Min)
	}
	return Target{
		Config: r.BothConfig, Variant: r.Candidate.Variant, Other: r.Baseline.Variant, Weight: 100, Strict: true,
		Needs: []Need{{Variant: r.Baseline.Variant, AtMost: least}},
	}
}

// TargetPromoted is the endpoint after a promotion, without the baseline.
func (r Record) TargetPromoted() Target {
	return Target{Config: r.Candidate.Config, Variant: r.Candidate.Variant, Other: r.Baseline.Variant, Weight: 100, First: r.First}
}

// TargetBaseline is the endpoint as it was before the rollout.
func (r Record) TargetBaseline() Target {
	if r.First {
		return Target{Gone: true}
	}
	return Target{
		Config: r.Baseline.Config, Variant: r.Baseline.Variant, Other: r.Candidate.Variant, Weight: 100,
		Needs: []Need{{Variant: r.Baseline.Variant, AtLeast: r.Baseline.Count}},
	}
}
