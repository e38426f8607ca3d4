package forecast

import (
	"fmt"
	"math"
	"slices"
	"time"

	"sluice/cmd/sluice/forecast/export"
	"sluice/shared/judge"
)

// Replay is a recorded rollout, judged again minute by minute.
type Replay struct {
	Began time.Time `json:"began"` // the first minute in which the candidate had requests
	Ended time.Time `json:"ended"` // the end of the last one
	Looks []Look    `json:"-"`
	// Verdict is the first rollback if there is one, else the last look. At is
	// when it was there.
	Verdict judge.Verdict `json:"verdict"`
	At      time.Time     `json:"at"`

	Requests int64 `json:"requests"` // of the candidate
	Failed   int64 `json:"failed"`
	// Spared is what the candidate served from when a rollback would have been in
	// force; 0 without one.
	Spared       int64    `json:"spared"`
	SparedFailed int64    `json:"sparedFailed"`
	Notes        []string `json:"notes,omitempty"`

	Rules Rules `json:"-"`
}

// Look is one minute of the replay with what the judge said of it.
type Look struct {
	At       time.Time     `json:"at"`     // when it could be judged
	Minute   time.Time     `json:"minute"` // which was judged
	Weight   float64       `json:"weight"` // percent of the plan's step; 0 while it matched none
	Reading  judge.Reading `json:"failures"`
	Verdict  judge.Verdict `json:"verdict"`
	Deciding bool          `json:"deciding,omitempty"` // the rollout would have ended here
}

// RunReplay judges the recorded rollout as if it had followed the rules. Which step was
// in force is read from the shares of requests; minutes that fit none are taken for
// ones in which the weights moved. Errors: when the candidate had no requests.
func RunReplay(rules Rules, r export.Record) (Replay, error) {
	baseline, candidate := r.Variants[export.Baseline], r.Variants[export.Candidate]
	used := func(m export.Minute) bool { return m.Requests > 0 }
	first := slices.IndexFunc(candidate, used)
	if first < 0 {
		return Replay{}, fmt.Errorf("the candidate had no requests in the record")
	}
	last := len(candidate) - 1
	for !used(candidate[last]) {
		last--
	}
	moment := func(minute int) time.Time { return r.Start.Add(time.Duration(minute) * time.Minute) }
	p := Replay{Began: moment(first), Ended: moment(last + 1), Rules: rules}
	run, err := learned(rules, baseline, first)
	if err != nil {
		return p, err
	}
	steps := stepper{plan: rules.Plan}
	strange, decided := 0, -1
	for at := first; at <= last; at++ {
		b, c := baseline[at], candidate[at]
		step := steps.of(b.Requests, c.Requests)
		if step == judge.Shifting {
			strange++
		}
		m := judge.Minute{At: at - first, Step: step, Readings: []judge.Reading{{Baseline: counts(b), Candidate: counts(c)}}}
		if len(rules.Config.Metrics) > 1 {
			m.Readings = append(m.Readings, judge.Reading{Baseline: slowness(b), Candidate: slowness(c)})
		}
		if err := run.Absorb(m); err != nil {
			return p, err
		}
		look := Look{At: moment(at + 1 + lateness), Minute: moment(at), Reading: m.Readings[0], Verdict: run.Verdict()}
		if step != judge.Shifting {
			look.Weight = rules.Plan[step].Weight
		}
		if look.Verdict.Action == judge.RollBack && decided < 0 {
			decided, look.Deciding = at, true
		}
		p.Requests, p.Failed = p.Requests+c.Requests, p.Failed+c.Failed
		if decided >= 0 && at >= decided+1+lateness+delay {
			p.Spared, p.SparedFailed = p.Spared+c.Requests, p.SparedFailed+c.Failed
		}
		p.Looks = append(p.Looks, look)
	}
	p.conclude(strange)
	return p, nil
}

// conclude picks the verdict that counts, and remarks on the record.
func (p *Replay) conclude(strange int) {
	deciding := p.Looks[len(p.Looks)-1]
	if i := slices.IndexFunc(p.Looks, func(l Look) bool { return l.Deciding }); i >= 0 {
		deciding = p.Looks[i]
	}
	p.Verdict, p.At = deciding.Verdict, deciding.At
	if strange*2 > len(p.Looks) {
		p.Notes = append(p.Notes, fmt.Sprintf("in %d of %d minutes the candidate's share of requests was none of the plan's weights: another plan was in force. They count as evidence, and no step can end", strange, len(p.Looks)))
	}
}

// stepper reads the step in force from the shares of requests. Steps only go forward.
type stepper struct {
	plan judge.Plan
	step int
}

// of is the step of a minute with so many requests.
func (s *stepper) of(baseline, candidate int64) int {
	n := float64(baseline + candidate)
	if n == 0 {
		return s.step
	}
	share := float64(candidate) / n
	for i := s.step; i < len(s.plan); i++ {
		w := s.plan[i].Weight / 100
		// Four standard deviations of chance, and a hundredth for routing.
		if math.Abs(share-w) <= 4*math.Sqrt(w*(1-w)/n)+0.01 {
			s.step = i
			return i
		}
	}
	return judge.Shifting
}
