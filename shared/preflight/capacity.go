package preflight

import (
	"fmt"
	"strings"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// capacity finds what is worth knowing of instances: autoscaling that does not fit,
// how much a rollback can give back at once, and what must be there at most.
func (c *check) capacity(cost Cost, steps []Step) {
	r := c.record
	if r.First || !c.known() || len(steps) == 0 {
		return
	}
	if r.Candidate.Count > r.Baseline.Count {
		c.add(Note, "capacity.count", c.place(), "", "the candidate takes all of the traffic on %s, the baseline on %d", instances(r.Candidate.Count), r.Baseline.Count)
	}
	c.scaling()
	c.headroom(steps)
	c.granularity()
	c.quota(cost, steps)
	if s := steps[len(steps)-1]; s.Kind == Standby {
		c.add(Note, "standby", c.place(), "", "after promotion %s stays on %s for %s, which is %s instance-hours; sluice promote ends it early", r.Baseline.Variant, instances(s.Baseline), s.Lasts, Hours(s.Cost.Extra))
	}
}

// scaling finds limits of the baseline's autoscaling that do not fit the rollout.
func (c *check) scaling() {
	s, r := c.Scaling, c.record
	if s == nil {
		return
	}
	c.add(Note, "scaling.copied", c.place(), "", "variant %s is autoscaled from %d to %d instances: the candidate gets the same policies before its first request, with no fewer instances than its step needs; a rollback leaves the baseline's as they are", r.Baseline.Variant, s.Min, s.Max)
	want := r.Candidate.Count
	if s.Max < want {
		c.add(Warn, "scaling.max", c.place(), "raise the maximum, or lower endpoint.instanceCount", "autoscaling allows %d instances, and the candidate takes all of the traffic on %d: when it is promoted, it is scaled in to %d", s.Max, want, s.Max)
	}
	if s.Min > c.Spec.Endpoint.InstanceCount {
		c.add(Warn, "scaling.min", c.place(), "raise endpoint.instanceCount, or lower the minimum", "autoscaling keeps %d instances at the least: endpoint.instanceCount %d has no effect", s.Min, c.Spec.Endpoint.InstanceCount)
	}
	if c.Spec.Rollout.Capacity == spec.CapacityFollow {
		c.add(Note, "scaling.baseline", c.place(), "", "the baseline shrinks as its autoscaling says, not by the plan: the cost counts it as it is now, on %s", instances(r.Baseline.Count))
	}
}

// headroom says how much the baseline can take back at once.
func (c *check) headroom(steps []Step) {
	if c.Spec.Rollout.Capacity != spec.CapacityFollow {
		return
	}
	if c.Spec.Rollout.Headroom == 0 {
		c.add(Warn, "capacity.headroom", c.place(), "set rollout.headroom, such as 25%", "without headroom each side has exactly the instances that its share needs on average")
	}
	own := c.record.Baseline.Count
	for _, s := range steps {
		if s.Kind == Standby || s.Weight == 0 {
			continue
		}
		if share := rollout.Carries(s.Baseline, own); share < 100 {
			c.add(Note, "capacity.return", c.place(), "capacity: full keeps the baseline whole", "from %d %% on the baseline has %d of its %d instances: a rollback gives it %d %% of the requests at once, and the rest when it has grown", s.Weight, s.Baseline, own, share)
			return
		}
	}
}

// granularity says where weights are finer than instances.
func (c *check) granularity() {
	n := c.record.Candidate.Count
	var finer []string
	for _, s := range c.record.Plan.Steps {
		if s.Kind == rollout.Weigh && s.Weight*n%100 != 0 {
			finer = append(finer, fmt.Sprintf("%d %%", s.Weight))
		}
	}
	if len(finer) == 0 {
		return
	}
	if len(finer) > 3 {
		finer = append(finer[:2:2], "others")
	}
	c.add(Note, "capacity.share", c.place(), "", "weights are shares of the requests: %s of %d instances would be no whole number of them, which is all that SageMaker's own guardrails shift", strings.Join(finer, ", "), n)
}

// quota says how many instances there must be room for: while an update brings a new
// fleet up, that of a late rollback included, the old one is still there.
func (c *check) quota(cost Cost, steps []Step) {
	own, candidate := c.record.Baseline.Count, 0
	for _, s := range steps {
		candidate = max(candidate, s.Candidate)
	}
	most := 2*own + candidate
	for _, u := range cost.Updates {
		most = max(most, own+u.Extra)
	}
	var quotas []string
	for _, t := range c.types() {
		quotas = append(quotas, fmt.Sprintf("%q", t+" for endpoint usage"))
	}
	c.add(Note, "quota.unread", c.place(), "compare with Service Quotas: "+strings.Join(quotas, " and "),
		"instance quotas cannot be read here: up to %d instances run at once while an update brings a new fleet up beside the old one", most)
}

func instances(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}
