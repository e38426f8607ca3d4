package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"sluice/local/cloudwatch/evaluation"
	"sluice/local/cloudwatch/metric"
)

// tick sees to it that alarms are evaluated every minute while there are any. One
// background event serves them all.
func (s *Service) tick() {
	if s.ticker != nil {
		return
	}
	s.ticker = s.world.Background(s.world.UntilMinute(s.EvaluateAt), "evaluate CloudWatch alarms", func() {
		s.ticker = nil
		if len(s.alarms) > 0 {
			s.Evaluate()
			s.tick()
		}
	})
}

// Evaluate looks at all metric alarms now, in the order of their names. It runs by
// itself every minute.
func (s *Service) Evaluate() {
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		if a := s.alarms[name]; a != nil && a.config != nil && s.due(a) {
			s.evaluate(a)
		}
	}
}

// due reports whether a is looked at in this minute: alarms over more than a day
// are looked at once an hour. Source: AWS.md C.3.
func (s *Service) due(a *alarm) bool {
	r := a.evaluationRule()
	return r.Period*time.Duration(r.Periods) <= 24*time.Hour || s.world.Now().Minute() == 0
}

// evaluate compares the periods that end now: an alarm of five minutes looks at
// the last five whole minutes, not at those of the clock face.
func (s *Service) evaluate(a *alarm) {
	r := a.evaluationRule()
	end := s.world.Now().Truncate(time.Minute)
	times := make([]time.Time, r.Periods+evaluation.Extra)
	for i := range times {
		times[i] = end.Add(-time.Duration(len(times)-i) * r.Period)
	}
	if s.quiet(a, times[0]) {
		return
	}
	a.still = ""
	points, err := s.datapoints(a, times, end)
	if err != nil {
		// Such as an expression whose result is a number: the state is kept.
		a.trouble = "EVALUATION_ERROR"
		return
	}
	a.trouble = ""
	if n := min(len(points), r.Periods); n > 0 && s.tooFew(a, points[len(points)-n].At, end) {
		return
	}
	if res := r.Evaluate(times, points, s.world.Now()); res.State != "" && res.State != a.state.State {
		s.transition(a, res)
	}
	if len(points) == 0 {
		a.still = a.state.State
	}
}

// quiet reports whether a look at a would find what the last one found: no datapoint
// then, none of its metrics observed since from, and the state not set by anybody. Most
// alarms are quiet most of the time, and a simulation has many.
func (s *Service) quiet(a *alarm, from time.Time) bool {
	return a.still == a.state.State && !slices.ContainsFunc(a.plan.keys, func(key string) bool { return s.Metrics.Since(key, from) })
}

// tooFew reports whether a percentile has too few observations to be judged, where
// the alarm asks for that care: fewer than 10/(1-p), or 10/p below the median, in
// the periods that it evaluates, which begin at from.
func (s *Service) tooFew(a *alarm, from, end time.Time) bool {
	in := a.config
	if in.EvaluateLowSampleCountPercentile != "ignore" {
		return false
	}
	p, err := strconv.ParseFloat(in.ExtendedStatistic[1:], 64)
	if err != nil {
		panic(fmt.Sprintf("cloudwatch: alarm %s was stored with the percentile %s", a.name, in.ExtendedStatistic))
	}
	p /= 100
	if p >= 0.5 {
		p = 1 - p
	}
	w := metric.Window{From: from, To: end, Period: end.Sub(from), Unit: in.Unit, AsOf: s.world.Now()}
	_, ds := s.Metrics.Distributions(metricName{in.Namespace, in.MetricName, in.Dimensions}.metric(), w)
	n := 0.0
	for _, d := range ds {
		n += d.Count
	}
	return n*p < 10
}

// transition gives a its new state, tells the world, and lets the composite
// alarms that watch a look again. No alarm is its own ancestor, so that this ends.
func (s *Service) transition(a *alarm, to evaluation.Result) {
	old, was := a.state, a.updated
	now := s.world.Now()
	a.state, a.updated, a.transitioned = to, now, now
	s.remember(a, "StateUpdate", fmt.Sprintf("Alarm updated from %s to %s", old.State, to.State), map[string]any{
		"version": "1.0", "oldState": stateData(old), "newState": stateData(to),
	})
	s.emit("aws.cloudwatch", "CloudWatch Alarm State Change", []string{a.arn()}, a.change(old, was))
	if a.enabled {
		for _, action := range a.actions[to.State] {
			s.remember(a, "Action", "Successfully executed action "+action, map[string]any{"actionState": "Succeeded", "notificationResource": action})
			s.act(action, a.message(action, old, was))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		c := s.alarms[name]
		if c.rule == nil || !slices.ContainsFunc(c.rule.Children(), a.called) {
			continue
		}
		s.evaluateComposite(c, fmt.Sprintf("%s transitioned to %s at %s UTC", a.arn(), to.State, now.Format("Monday 02 January, 2006 15:04:05")), a)
	}
}

// called reports whether a rule that says ref means a.
func (a *alarm) called(ref string) bool { return ref == a.name || ref == a.arn() }
