package shifting

import (
	"context"
	"fmt"
	"time"

	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// compare reads both variants' minutes and judges them. It counts into r what the
// candidate has served.
func (s *Shifting) compare(ctx context.Context, now time.Time, r *rollout.Record) (Look, error) {
	rules := r.Rules.Judge
	l := Look{Step: r.Step, Steps: len(r.Plan.Steps), Weight: r.Weight(), Bake: int(r.Now().Bake / time.Minute)}
	began := r.Began().Truncate(time.Minute)
	if r.First || began.IsZero() {
		return l, nil // nothing to compare, or not yet
	}
	l.Query = MetricQuery{Endpoint: r.Endpoint, Variants: []string{r.Baseline.Variant, r.Candidate.Variant}, From: began.Add(-history), Until: now.Truncate(time.Minute)}
	if rules.Latency != nil {
		l.Query.Percentile = rules.Latency.Percentile
	}
	read, err := s.Metrics.Read(ctx, l.Query)
	if err != nil {
		return l, err
	}
	baseline, candidate := read[r.Baseline.Variant], read[r.Candidate.Variant]
	observed := []judge.Observed{{Baseline: baseline.Errors, Candidate: candidate.Errors}}
	if rules.Latency != nil {
		observed = append(observed, judge.Observed{Baseline: baseline.Latency, Candidate: candidate.Latency})
	}
	plan, index := judgePlan(r.Plan)
	series := judge.Collect(plan, began, now, stays(*r, index), observed)
	r.Served = rollout.Served{}
	for _, m := range series {
		if m.At < 0 || len(m.Readings) == 0 {
			continue
		}
		add(&l.Baseline, m.Readings[0].Baseline)
		add(&l.Candidate, m.Readings[0].Candidate)
		if i := unjudged(index, m.Step); i < 0 || r.Plan.Steps[i].Kind != rollout.Mirror {
			add(&r.Served, m.Readings[0].Candidate) // no user got what a shadow answered
		}
	}
	l.Verdict, err = judge.Judge(JudgeConfig(rules), plan, series)
	if err != nil {
		return l, fmt.Errorf("judging rollout %s: %w", r.ID, err)
	}
	l.Verdict.Step = unjudged(index, l.Verdict.Step)
	return l, nil
}

func add(s *rollout.Served, c judge.Counts) {
	s.Requests += c.N
	s.Bad += c.Bad
}

// stays are the times during which each bake's weight was verified to be in force,
// in the judge's steps: a bake's lasts through the approvals and pauses that follow,
// and the last one's through the standby.
func stays(r rollout.Record, index []int) []judge.Stay {
	var all []judge.Stay
	for i, p := range r.Steps {
		if p.ReachedAt.IsZero() {
			continue
		}
		until := p.EndedAt
		if r.State == rollout.Standby && i == r.Step {
			until = time.Time{}
		}
		switch j := r.Plan.Judged(i); {
		case j < 0:
		case j == i:
			all = append(all, judge.Stay{Step: index[j], From: p.ReachedAt, Until: until})
		case len(all) > 0:
			all[len(all)-1].Until = until
		}
	}
	return all
}

// JudgeConfig is a spec's rules as the judge takes them.
func JudgeConfig(rules spec.Judge) judge.Config {
	c := judge.Config{
		Alpha: rules.FalseRollback.Fraction(),
		Metrics: []judge.Metric{{
			Name:     "failed",
			Kind:     judge.Share,
			Relative: rules.Errors.Relative.Fraction(),
			Absolute: rules.Errors.Tolerance.Fraction(),
			Weight:   0.7,
			DryRun:   rules.Errors.DryRun,
		}},
	}
	if l := rules.Latency; l != nil {
		c.Metrics = append(c.Metrics, judge.Metric{Name: l.Percentile + " latency", Kind: judge.Percentile, Relative: l.Tolerance.Fraction(), Weight: 0.3, DryRun: l.DryRun})
	}
	switch rules.NoTraffic {
	case spec.NoTrafficPromote:
		c.NoTraffic = judge.GoOn
	case spec.NoTrafficRollBack:
		c.NoTraffic = judge.GiveUp
	default:
		c.NoTraffic = judge.Pause
	}
	return c
}

// shadowWeight is what the judge takes a shadow's share of users for, in percent: so
// few that the first real weight after it counts as a large step.
const shadowWeight = 1

// judgePlan is the bakes of a plan as the judge takes them, and for each step of the
// plan its index among them; -1 for none.
func judgePlan(p rollout.Plan) (judge.Plan, []int) {
	var plan judge.Plan
	index := make([]int, len(p.Steps))
	for i, st := range p.Steps {
		index[i] = -1
		if !st.Bakes() {
			continue
		}
		weight := float64(st.Weight)
		if st.Kind == rollout.Mirror {
			weight = shadowWeight
		}
		index[i] = len(plan)
		plan = append(plan, judge.Step{Weight: weight, Minutes: max(1, int(st.Bake/time.Minute))})
	}
	return plan, index
}

// unjudged is the step of the plan that a step of the judge's is; judge.Shifting
// stays.
func unjudged(index []int, step int) int {
	for i, j := range index {
		if j < 0 {
			continue
		}
		if j == step {
			return i
		}
	}
	return judge.Shifting
}

// JudgePlan is a plan as the judge takes it.
func JudgePlan(p rollout.Plan) judge.Plan {
	plan, _ := judgePlan(p)
	return plan
}
