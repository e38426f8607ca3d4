package benchjudge

import (
	"slices"

	"sluice/shared/judge"
)

// outcome is one scenario: an environment, a plan and a fault, over all repetitions.
type outcome struct {
	environment environment
	plan        int
	fault       fault
	repetitions int

	ours, oracle tally
	peers        []tally // as documentedPeers
	rules        []tally // as tunedRules
	delay        float64 // healthy only: minutes that full weight came later than planned, summed over those it came for
	delayed      int     // rollouts summed in delay
}

// tally sums how one judge did.
type tally struct{ rolledBack, early, bad int64 }

func (t *tally) add(e end) {
	if e.rolledBack {
		t.rolledBack++
	}
	if e.early {
		t.early++
	}
	t.bad += e.bad
}

// simulate runs every plan and fault of one environment.
func simulate(o Options, e environment) []outcome {
	days := make([]day, o.Healthy)
	histories := make([][]*judge.Run, len(plans))
	for i := range days {
		days[i] = newDay(e, o.Seed, i)
	}
	for p := range plans {
		histories[p] = make([]*judge.Run, len(days))
		for i := range days {
			histories[p][i] = learned(o, &days[i], plans[p])
		}
	}
	var outcomes []outcome
	for p := range plans {
		s := scene{o: o, environment: e, plan: p, days: days, learned: histories[p]}
		outcomes = append(outcomes, s.healthy())
		if e.shape.stress() {
			continue
		}
		for _, f := range faults(e, plans[p]) {
			outcomes = append(outcomes, s.faulty(f))
		}
	}
	return outcomes
}

// again simulates one healthy scenario once more, under the judge alone.
func again(o Options, of outcome) outcome {
	out := outcome{environment: of.environment, plan: of.plan, fault: healthy, repetitions: o.Healthy}
	for i := range o.Healthy {
		d := newDay(of.environment, o.Seed, i)
		out.ours.add(rollOut(&d, plans[of.plan], healthy, &ours{run: learned(o, &d, plans[of.plan])}))
	}
	return out
}

// scene is an environment and a plan, with what was learned from each day's history.
type scene struct {
	o           Options
	environment environment
	plan        int
	days        []day
	learned     []*judge.Run
	thresholds  []float64 // of tunedRules, for as many false rollbacks as ours
}

func (s *scene) judge(i int) looker { return &ours{run: s.learned[i].Clone()} }

func (s *scene) begin(f fault, repetitions int) outcome {
	return outcome{
		environment: s.environment, plan: s.plan, fault: f, repetitions: repetitions,
		peers: make([]tally, len(documentedPeers)), rules: make([]tally, len(tunedRules)),
	}
}

func (s *scene) healthy() outcome {
	plan := plans[s.plan]
	out := s.begin(healthy, len(s.days))
	most := make([][]float64, len(tunedRules))
	for i := range s.days {
		e := rollOut(&s.days[i], plan, healthy, s.judge(i))
		out.ours.add(e)
		if e.fullAt >= 0 {
			out.delay += float64(e.fullAt - bakeBegins(plan))
			out.delayed++
		}
		for p, peer := range documentedPeers {
			out.peers[p].add(rollOut(&s.days[i], plan, healthy, peer.begin()))
		}
		if s.environment.shape.stress() {
			continue
		}
		minutes := serveAll(&s.days[i], plan, healthy)
		for r, rule := range tunedRules {
			highest := nothing
			statistic := rule.begin()
			for _, m := range minutes {
				highest = max(highest, statistic(m.served, m.full))
			}
			most[r] = append(most[r], highest)
		}
	}
	s.thresholds = make([]float64, len(tunedRules))
	for r := range most {
		if len(most[r]) > 0 {
			slices.Sort(most[r])
			s.thresholds[r] = most[r][max(0, len(most[r])-1-int(out.ours.rolledBack))]
		}
	}
	return out
}

func (s *scene) faulty(f fault) outcome {
	plan := plans[s.plan]
	out := s.begin(f, s.o.Faulty)
	for i := range s.o.Faulty {
		d := &s.days[i]
		out.ours.add(rollOut(d, plan, f, s.judge(i)))
		out.oracle.add(rollOut(d, plan, f, &allKnowing{environment: s.environment, fault: f, limits: s.o.Limits}))
		for p, peer := range documentedPeers {
			out.peers[p].add(rollOut(d, plan, f, peer.begin()))
		}
		minutes := serveAll(d, plan, f)
		for r, rule := range tunedRules {
			out.rules[r].add(stopAt(minutes, rule.begin(), s.thresholds[r]))
		}
	}
	return out
}

// plannedMinute is a minute of a rollout that nobody holds or stops.
type plannedMinute struct {
	served
	full bool
}

func serveAll(d *day, p judge.Plan, f fault) []plannedMinute {
	var minutes []plannedMinute
	t := 0
	for i, step := range p {
		for range step.Minutes {
			minutes = append(minutes, plannedMinute{d.minute(t, step.Weight/100, f), i == len(p)-1})
			t++
		}
	}
	return minutes
}

// stopAt is how the rollout ends that rolls back one minute after a statistic passes its threshold.
func stopAt(minutes []plannedMinute, statistic statistic, threshold float64) end {
	result := end{fullAt: -1}
	stop := false
	for t, m := range minutes {
		if m.full && result.fullAt < 0 {
			result.fullAt = t
		}
		result.bad += m.candidate.bad
		if stop {
			result.rolledBack, result.early = true, result.fullAt < 0
			return result
		}
		stop = statistic(m.served, m.full) > threshold
	}
	return result
}
