package judge

import "math"

// Action is what the rollout does next.
type Action string

const (
	Continue Action = "continue"  // the step bakes on
	Advance  Action = "advance"   // the step is over
	Hold     Action = "hold"      // the weight stays and the step's clock stops
	RollBack Action = "roll back" // the candidate is worse than tolerated
)

// cause is why an action is not simply what the plan says.
type cause int

const (
	noCause cause = iota
	tooMuchEvidence
	suspicious
	littleTraffic
	noTraffic
)

// Verdict is what the judge says after one minute, with its reasons and the numbers behind them.
type Verdict struct {
	Action   Action    `json:"action"`
	Paused   bool      `json:"paused,omitempty"` // a Hold that no further minute ends by itself: a person decides
	Minute   int       `json:"minute"`           // the last minute seen
	Step     int       `json:"step"`
	Counted  int       `json:"counted"`  // minutes of the step that count towards it
	Held     int       `json:"held"`     // minutes it was held beyond them
	Evidence float64   `json:"evidence"` // log wealth over all metrics: above 0 speaks against the candidate
	Limit    float64   `json:"limit"`    // the evidence that rolls back, log(1/alpha)
	Reasons  []string  `json:"reasons"`
	Metrics  []Finding `json:"metrics"`
}

// Finding is one metric's part in a verdict.
type Finding struct {
	Name        string  `json:"name"`
	DryRun      bool    `json:"dryRun,omitempty"`
	Evidence    float64 `json:"evidence"`    // log wealth of this metric alone
	Minutes     int     `json:"minutes"`     // how many minutes Baseline and Candidate count: those since the evidence was least
	Baseline    Counts  `json:"baseline"`    // unused by Percentile
	Candidate   Counts  `json:"candidate"`   // for Percentile: minutes compared, and of them those in which it was worse
	Expected    float64 `json:"expected"`    // the baseline's rate as its past tells it
	Tolerated   float64 `json:"tolerated"`   // the candidate's highest tolerated rate beside that
	Correlation float64 `json:"correlation"` // of failures within a minute: 0 for independent ones
	History     int     `json:"history"`     // baseline minutes known
}

// Verdict is what the judge says after the last minute, with reasons.
func (r *Run) Verdict() Verdict {
	s := &r.now
	v := Verdict{
		Action: s.action, Paused: s.paused, Minute: s.at, Step: s.step, Counted: s.counted, Held: s.held,
		Evidence: s.evidence, Limit: -math.Log(r.config.Alpha),
	}
	for i := range s.streams {
		v.Metrics = append(v.Metrics, r.finding(i))
	}
	v.Reasons = r.reasons(v)
	return v
}

func (r *Run) finding(i int) Finding {
	metric, s := r.config.Metrics[i], &r.now.streams[i]
	f := Finding{
		Name: metric.Name, DryRun: metric.DryRun, Evidence: s.wealth.log, Minutes: s.spent,
		Baseline: s.since.Baseline, Candidate: s.since.Candidate,
	}
	if s.kind == Percentile {
		f.History = len(s.coin.past)
		return f
	}
	f.Expected = s.share.past.rate()
	f.Tolerated = s.share.null.boundary(f.Expected)
	f.Correlation = s.share.bursts.correlation(f.Expected)
	f.History = int(s.share.bursts.minutes)
	return f
}
