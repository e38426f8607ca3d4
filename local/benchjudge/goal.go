package benchjudge

import (
	"fmt"
	"math"
)

// Goal is one row of the table: a figure, its bound, what was measured and how sure that is.
type Goal struct {
	Figure   string  `json:"figure"`
	Goal     string  `json:"goal"`
	Measured float64 `json:"measured"`
	Error    float64 `json:"standardError"`
	Met      bool    `json:"met"`
	Where    string  `json:"where,omitempty"` // the worst scenario, for a maximum
}

// Result is everything measured.
type Result struct{ outcomes []outcome }

// Scenarios is how many were simulated.
func (r Result) Scenarios() int { return len(r.outcomes) }

func (o outcome) String() string {
	return fmt.Sprintf("%v, plan %d, %v", o.environment, o.plan+1, o.fault)
}

// share is a proportion and its standard error.
func share(k, n int64) (p, se float64) {
	p = float64(k) / float64(max(n, 1))
	return p, math.Sqrt(p * (1 - p) / float64(max(n, 1)))
}

// mean gathers numbers for a mean with its standard error.
type mean struct{ n, sum, squares float64 }

func (m *mean) add(x float64) { m.n++; m.sum += x; m.squares += x * x }

func (m mean) value() float64 { return m.sum / max(m.n, 1) }

func (m mean) standardError() float64 {
	if m.n < 2 {
		return 0
	}
	v := m.value()
	return math.Sqrt(max(m.squares/m.n-v*v, 0) / (m.n - 1))
}

// ratios gathers how many times more bad responses one judge served than another; geometric.
type ratios struct{ mean }

// smoothing keeps scenarios in which nothing bad was served from deciding a ratio.
const smoothing = 0.5

func (r *ratios) compare(o outcome, a, b tally) {
	n := float64(o.repetitions)
	r.add(math.Log((float64(a.bad)/n + smoothing) / (float64(b.bad)/n + smoothing)))
}

func (r ratios) geometric() (value, se float64) {
	value = math.Exp(r.value())
	return value, value * r.standardError()
}

func (r Result) falseRollbacks() []Goal {
	var worst, calm, average Goal
	worst = Goal{Figure: "false rollbacks, worst healthy scenario", Goal: "<= 5 %"}
	calm = Goal{Figure: "false rollbacks, worst healthy scenario without stress", Goal: "<= 2 %"}
	average = Goal{Figure: "false rollbacks, mean over all healthy scenarios", Goal: "<= 1 %"}
	var all mean
	for _, o := range r.outcomes {
		if o.fault != healthy {
			continue
		}
		p, se := share(o.ours.rolledBack, int64(o.repetitions))
		all.add(p)
		for _, g := range []*Goal{&worst, &calm} {
			if (g == &worst || !o.environment.shape.stress()) && p > g.Measured {
				g.Measured, g.Error, g.Where = p, se, o.String()
			}
		}
	}
	average.Measured, average.Error = all.value(), all.standardError()
	worst.Met, calm.Met, average.Met = worst.Measured <= 0.05, calm.Measured <= 0.02, average.Measured <= 0.01
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
	g.Where = fmt.Sprintf("%.0f scenarios", all.n)
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
		fit := func(o outcome) bool { return rolled[place{o.environment, o.plan}][i] <= 0.05 }
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
	g := Goal{Figure: "delay of a healthy candidate's full weight, 1,000 requests a minute and more, minutes", Goal: "<= 1"}
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
