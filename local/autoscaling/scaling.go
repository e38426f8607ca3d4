package autoscaling

import "time"

// resize is a change of instances that a target has asked for.
type resize struct{ from, to int }

// tick sees to it that targets are looked at every minute while there are any.
func (s *Service) tick() {
	if s.ticker != nil {
		return
	}
	s.ticker = s.w.Background(s.w.UntilMinute(s.EvaluateAt), "evaluate scalable targets", func() {
		s.ticker = nil
		if len(s.targets) > 0 {
			s.evaluate()
			s.tick()
		}
	})
}

// evaluate looks at each target. While its endpoint is not InService nothing is
// scaled (AWS.md B.7): the change of one variant makes the next one wait.
func (s *Service) evaluate() {
	for _, t := range s.targets {
		v, ok := s.out.Variant(t.endpoint, t.variant)
		if !ok || !v.InService {
			continue
		}
		t.settle(v.Instances, s.w.Now())
		to := s.wanted(t, v.Instances)
		if to != v.Instances && s.out.Resize(t.endpoint, t.variant, to) == nil {
			t.asked = &resize{v.Instances, to}
		}
	}
}

// settle sees how the change that was asked for has ended. One that SageMaker rolled
// back begins no cooldown. What scales out ends the cooldown of scaling in.
func (t *target) settle(instances int, now time.Time) {
	if t.asked != nil && t.asked.to == instances {
		if t.asked.to > t.asked.from {
			t.scaledOut, t.scaledIn = now, time.Time{}
		} else {
			t.scaledIn = now
		}
	}
	t.asked = nil
	if t.least <= instances && instances <= t.most {
		t.limits = false
	}
}

// wanted is how many instances the target should have.
func (s *Service) wanted(t *target, instances int) int {
	if t.limits {
		return min(max(instances, t.least, 1), t.most)
	}
	out, in := s.polled(t, instances)
	switch {
	case min(out, t.most) > instances && !t.suspended.Out:
		return min(out, t.most)
	case in > 0 && max(in, t.least) < instances && !t.suspended.In:
		return max(in, t.least)
	}
	return instances
}

// polled asks all policies: the one that wants most decides, and it is scaled in only
// if all that may want to. 0 is nothing wanted. Source: "multiple scaling policies" of
// the user guide.
func (s *Service) polled(t *target, instances int) (out, in int) {
	now, agreed := s.w.Now(), true
	for _, p := range t.policies {
		if p.tracking == nil {
			continue
		}
		m, ok := p.tracking.metric(t)
		if !ok {
			continue
		}
		window := s.MetricDelay + time.Duration(max(s.InMinutes, s.OutMinutes))*time.Minute
		points := s.out.Published(m, now.Add(-window).Truncate(time.Minute), now)
		if len(points) > 0 && points[len(points)-1].Minute.Before(now.Add(-s.MetricDelay)) {
			points = nil // too old to act on
		}
		v := p.tracking.read(points, instances, s.Knobs)
		if v.out && !now.Before(t.scaledOut.Add(seconds(p.tracking.OutCooldown))) { // A3
			out = max(out, v.count)
		}
		if p.tracking.DisableScaleIn {
			continue
		}
		agreed = agreed && v.in && !now.Before(t.scaledIn.Add(seconds(p.tracking.InCooldown)))
		in = max(in, v.count)
	}
	if !agreed {
		in = 0
	}
	return out, in
}
