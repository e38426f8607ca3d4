package judge

import (
	"fmt"
	"math"
	"slices"
)

// longestGap bounds how many missing minutes are gone through one by one: 14 days, the longest rollout.
const longestGap = 14 * 24 * 60

// unseen is the last minute of a run that has seen none.
const unseen = math.MinInt

// Run judges one rollout minute by minute, with the same results as Judge on the whole series.
type Run struct {
	config Config
	plan   Plan
	shares []float64

	now state
	// before is the state ahead of the last minute, for when that minute is revised.
	before state
}

// state is all that a minute changes.
type state struct {
	streams []stream
	at      int  // the last minute seen
	full    bool // it was at full weight

	step     int
	counted  int // minutes of the step that count
	held     int // minutes of the step that do not, because it is held
	requests int64

	evidence float64
	action   Action
	paused   bool
	why      cause
	rolled   bool
}

// NewRun begins a rollout of which nothing has been seen.
func NewRun(config Config, plan Plan) (*Run, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	run := &Run{config: config.withDefaults(), plan: plan, shares: config.shares()}
	for _, m := range config.Metrics {
		run.now.streams = append(run.now.streams, newStream(m))
	}
	run.now.action, run.now.at = Continue, unseen
	run.save()
	return run, nil
}

func (r *Run) save() {
	streams := append(r.before.streams[:0], r.now.streams...)
	r.before = r.now
	r.before.streams = streams
}

// Absorb judges the next minute. Minutes come in order; gaps are taken as minutes without data.
// Errors: a minute that does not fit the config or plan, or not after the last one.
func (r *Run) Absorb(m Minute) error {
	if err := m.fits(len(r.now.streams), len(r.plan)); err != nil {
		return err
	}
	if m.At <= r.now.at {
		return fmt.Errorf("minute %d came after minute %d: send them in order, or Revise the last one", m.At, r.now.at)
	}
	if r.now.at == unseen {
		r.now.at = min(m.At, 0) - 1
	}
	for r.now.at = max(r.now.at, m.At-1-longestGap); r.now.at < m.At-1; {
		r.now.at++
		r.take(nil)
	}
	if m.At >= 0 {
		r.save()
	}
	r.absorb(m)
	return nil
}

// Revise replaces the last minute of the rollout by a better report of it. A rollback is never taken back.
// Errors: as Absorb, or when the minute is not the last one.
func (r *Run) Revise(m Minute) error {
	if err := m.fits(len(r.now.streams), len(r.plan)); err != nil {
		return err
	}
	if m.At != r.now.at || m.At < 0 {
		return fmt.Errorf("minute %d cannot be revised: the last minute is %d", m.At, r.now.at)
	}
	rolled := r.now.action == RollBack
	streams := append(r.now.streams[:0], r.before.streams...)
	r.now = r.before
	r.now.streams = streams
	r.now.rolled = rolled
	r.absorb(m)
	return nil
}

func (r *Run) absorb(m Minute) {
	r.now.at = m.At
	if m.At < 0 {
		r.take(m.Readings)
		return
	}
	r.now.full = m.Step >= 0 && r.plan[m.Step].Weight >= 100
	r.take(m.Readings)
	r.clock(m)
}

// take learns from a minute of history, or bets on a minute of the rollout and sums the evidence of all metrics:
// the average of their wealths is a fair game too, however they depend on each other.
func (r *Run) take(readings []Reading) {
	s := &r.now
	most := math.Inf(-1)
	for i := range s.streams {
		var reading Reading
		if i < len(readings) {
			reading = readings[i]
		}
		if s.at < 0 {
			s.streams[i].learn(reading.Baseline)
			continue
		}
		s.streams[i].judge(reading, s.full)
		if r.shares[i] > 0 {
			most = max(most, s.streams[i].wealth.log)
		}
	}
	if math.IsInf(most, -1) {
		return // history, or every metric is a dry run
	}
	sum := 0.0
	for i := range s.streams {
		if r.shares[i] > 0 {
			sum += r.shares[i] * math.Exp(s.streams[i].wealth.log-most)
		}
	}
	s.evidence = most + math.Log(sum)
	s.rolled = s.rolled || s.evidence >= -math.Log(r.config.Alpha)
}

// clock decides what the minute means for the plan.
func (r *Run) clock(m Minute) {
	s := &r.now
	if m.Step != s.step {
		s.step, s.counted, s.held, s.requests = m.Step, 0, 0, 0
	}
	var requests int64
	for _, reading := range m.Readings {
		requests = max(requests, reading.Candidate.N)
	}
	s.requests += requests
	if s.action == RollBack {
		return // for the reason it was
	}
	s.action, s.paused, s.why = Continue, false, noCause
	switch {
	case s.rolled:
		s.action, s.why = RollBack, tooMuchEvidence
		return
	case m.Step == Shifting:
		return
	}
	if s.counted+1+r.config.Lead >= r.plan[m.Step].Minutes {
		if r.doubt(m.Step) {
			return
		}
	}
	if s.counted++; s.counted >= r.plan[m.Step].Minutes {
		s.action = Advance
	}
}

// doubt says whether the step must not end yet, and decides what becomes of it.
func (r *Run) doubt(step int) bool {
	s := &r.now
	policy := r.config.Inconclusive
	switch {
	case s.requests == 0:
		s.why, policy = noTraffic, r.config.NoTraffic
	case s.requests < r.config.MinRequests:
		s.why, policy = littleTraffic, r.config.NoTraffic // a handful of requests is no health either
	case s.evidence >= r.plan.suspicion(step):
		s.why = suspicious
	default:
		return false
	}
	if s.held < r.config.HoldMinutes {
		s.held++
		s.action = Hold
		return true
	}
	switch policy {
	case GoOn:
		return false
	case GiveUp:
		s.action, s.rolled = RollBack, true
	default:
		s.held++
		s.action, s.paused = Hold, true
	}
	return true
}

// suspicion is the evidence from which the end of step i is held: the less, the more requests the next step would
// add. Measured: it costs a healthy candidate about half a minute, and the larger share of bad ones is found earlier.
func (p Plan) suspicion(i int) float64 {
	growth := p.growth(i)
	if growth <= 1 {
		return math.Inf(1)
	}
	return math.Log(1 + 0.25/(growth-1))
}

// Action is what to do after the last minute; cheaper than Verdict.
func (r *Run) Action() Action { return r.now.action }

// Evidence is the log wealth after the last minute.
func (r *Run) Evidence() float64 { return r.now.evidence }

// Clone is an independent copy, to try what a minute would do.
func (r *Run) Clone() *Run {
	copied := *r
	copied.now.streams = slices.Clone(r.now.streams)
	copied.before.streams = slices.Clone(r.before.streams)
	for i := range copied.now.streams {
		copied.now.streams[i].coin.past = slices.Clone(copied.now.streams[i].coin.past)
		copied.before.streams[i].coin.past = slices.Clone(copied.before.streams[i].coin.past)
	}
	return &copied
}
