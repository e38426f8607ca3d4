package benchjudge

import "fmt"

// Goal is one row of the table: a figure, its bound, what was measured and how sure that is.
type Goal struct {
	Figure   string  `json:"figure"`
	Goal     string  `json:"goal"`
	Measured float64 `json:"measured"`
	Error    float64 `json:"standardError"`
	Met      bool    `json:"met"`
	Note     string  `json:"note,omitempty"` // where the worst is, or how many scenarios were compared
}

// Scenarios is how many were simulated.
func (r Result) Scenarios() int { return len(r.outcomes) }

func (o outcome) String() string {
	return fmt.Sprintf("%v, plan %d, %v", o.environment, o.plan+1, o.fault)
}

// falseRollbacks are the first three rows. The largest of hundreds of estimates is too large by luck, so the worst
// scenarios were simulated again on other days, and those rates are shown.
func (r Result) falseRollbacks() []Goal {
	worst := Goal{Figure: "false rollbacks, worst healthy scenario", Goal: "<= alpha"}
	calm := Goal{Figure: "false rollbacks, worst healthy scenario without stress traffic", Goal: "<= 2 %"}
	average := Goal{Figure: "false rollbacks, mean over all healthy scenarios", Goal: "<= 1 %"}
	for _, o := range r.confirmed {
		p, se := share(o.ours.rolledBack, int64(o.repetitions))
		if p >= worst.Measured {
			worst.Measured, worst.Error, worst.Note = p, se, o.String()
		}
		if !o.environment.shape.stress() && p >= calm.Measured {
			calm.Measured, calm.Error, calm.Note = p, se, o.String()
		}
	}
	var all mean
	for _, o := range r.outcomes {
		if o.fault == healthy {
			p, _ := share(o.ours.rolledBack, int64(o.repetitions))
			all.add(p)
		}
	}
	average.Measured, average.Error, average.Note = all.value(), all.standardError(), fmt.Sprintf("%.0f scenarios", all.n)
	worst.Met, calm.Met, average.Met = worst.Measured <= r.limits.Alpha, calm.Measured <= 0.02, average.Measured <= 0.01
	return []Goal{worst, calm, average}
}

func (r Result) bad(figure, goal string, limit float64, strict bool, keep func(outcome) bool, against func(outcome) tally) Goal {
	var all ratios
	for _, o := range r.outcomes {
		if o.fault != healthy && keep(o) {
			all.compare(o, o.ours, against(o))
		}
	}
	g := Goal{Figure: figure, Goal: goal}
	g.Measured, g.Error = all.geometric()
	g.Met = g.Measured < limit || !strict && g.Measured == limit
	g.Note = fmt.Sprintf("%.0f scenarios", all.n)
	if all.n == 0 {
		g.Measured, g.Met, g.Note = 0, true, "none to compare: it rolls back more than 5 % of healthy candidates everywhere"
	}
	return g
}

// Goals is the table.
func (r Result) Goals() []Goal {
	goals := r.falseRollbacks()
	every := func(outcome) bool { return true }
	oracle := func(o outcome) tally { return o.oracle }
	goals = append(goals, r.bad("bad responses, over the all-knowing judge's", "<= 1.30", 1.30, false, every, oracle))
	for i, rule := range tunedRules {
		goals = append(goals, r.bad("bad responses, over tuned "+rule.name, "< 1", 1, true, every, func(o outcome) tally { return o.rules[i] }))
	}
	rolled := r.falseOfPeers()
	for i, peer := range documentedPeers {
		// Where nothing ever fails, "any error" is the all-knowing judge itself and no test of a rule.
		fit := func(o outcome) bool {
			return o.environment.base > 0 && rolled[place{o.environment, o.plan}][i] <= 0.05
		}
		goals = append(goals, r.bad("bad responses, over "+peer.name, "<= 0.8", 0.8, false, fit, func(o outcome) tally { return o.peers[i] }))
	}
	failing := func(o outcome) bool { return o.fault.failing() }
	goals = append(goals, r.bad("bad responses when always failing, over the all-knowing judge's", "<= 1.05", 1.05, false, failing, oracle))
	return append(goals, r.early(), r.delay())
}

// place is where a false rollback share belongs.
type place struct {
	environment environment
	plan        int
}

func (r Result) falseOfPeers() map[place][]float64 {
	rolled := map[place][]float64{}
	for _, o := range r.outcomes {
		if o.fault != healthy {
			continue
		}
		shares := make([]float64, len(o.peers))
		for i, t := range o.peers {
			shares[i], _ = share(t.rolledBack, int64(o.repetitions))
		}
		rolled[place{o.environment, o.plan}] = shares
	}
	return rolled
}

func (r Result) early() Goal {
	g := Goal{Figure: "caught before full weight, of what the all-knowing judge catches", Goal: ">= 80 %"}
	var all mean
	for _, o := range r.outcomes {
		if o.fault != healthy && 2*o.oracle.early >= int64(o.repetitions) {
			all.add(float64(o.ours.early) / float64(o.oracle.early))
		}
	}
	g.Measured, g.Error = all.value(), all.standardError()
	g.Met = g.Measured >= 0.8
	return g
}

func (r Result) delay() Goal {
	g := Goal{Figure: "delay of a healthy candidate's full weight from 1,000 requests a minute on, minutes", Goal: "<= 1"}
	var all mean
	for _, o := range r.outcomes {
		if o.fault == healthy && o.environment.requests >= 1000 && o.delayed > 0 {
			all.add(o.delay / float64(o.delayed))
		}
	}
	g.Measured, g.Error = all.value(), all.standardError()
	g.Met = g.Measured <= 1
	return g
}
