package shifting

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/judge"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Decision is what the rollout machine does after a look.
type Decision string

// The decisions. Only the first stays in the bake.
const (
	KeepBaking Decision = "continue"
	NextStep   Decision = "advance"
	PromoteIt  Decision = "promote"
	GoBack     Decision = "rollBack"
	HaltHere   Decision = "halt"
)

// Judged is the answer of judge.
type Judged struct {
	Decision Decision `json:"decision"`
	Reason   string   `json:"reason"`
	Seconds  int      `json:"seconds"` // to the next look
}

const (
	// history is how much of the baseline's past the judge is shown.
	history = 24 * time.Hour
	// longestPause is how long a rollout is held without a conclusion.
	longestPause = 24 * time.Hour
	// longestLook is the time between two looks of a long pause. The lease outlives it.
	longestLook = 30 * time.Minute
)

// Judge is the handler of judge: one look. What can be seen on the endpoint and on
// the alarms comes first, then the candidate is compared with the baseline over all
// minutes of the rollout, so that late and revised data heal themselves.
func (s *Shifting) Judge(ctx context.Context, in Step) (Judged, error) {
	r, err := s.record(ctx, in)
	if err != nil {
		return Judged{}, err
	}
	// The lease lives from look to look.
	if err := s.Desk.Hold(ctx, leasing.ForEndpoint(r.Endpoint), in.Rollout, in.Now); err != nil {
		return Judged{}, err
	}
	r.Steps[r.Step].EndedAt, r.Reason = time.Time{}, "" // an earlier try of this look may have ended the step
	j, err := s.look(ctx, in, &r)
	if err != nil {
		return Judged{}, err
	}
	if j.Seconds == 0 {
		j.Seconds = int(r.Plan.Look / time.Second)
	}
	edge.Note(ctx, "decision", j.Decision)
	switch j.Decision {
	case KeepBaking:
	case NextStep:
		r.Steps[r.Step].EndedAt = in.Now
	case PromoteIt:
		r.Steps[r.Step].EndedAt, r.Reason = in.Now, j.Reason
	default:
		r.Reason = j.Reason
	}
	_, err = s.Table.PutRollout(ctx, r)
	return j, err
}

// look decides, and counts into r what the candidate has served.
func (s *Shifting) look(ctx context.Context, in Step, r *rollout.Record) (Judged, error) {
	e, err := s.Endpoints.Describe(ctx, r.Endpoint)
	if err != nil {
		return Judged{}, err
	}
	switch truth := rollout.Classify(r.TargetOf(), r.Configs(), e); truth.Outcome {
	case rollout.Reached, rollout.Moving, rollout.Maintained:
	case rollout.Foreign, rollout.Broken:
		return Judged{Decision: HaltHere, Reason: truth.Reason}, s.note(ctx, in, "verdict", "", "halt: %s; read: %s", truth.Reason, e)
	default:
		return Judged{Decision: GoBack, Reason: truth.Reason}, s.note(ctx, in, "verdict", "", "roll back: %s; read: %s", truth.Reason, e)
	}
	alarm, err := s.ringing(ctx, r.Rules.Alarms)
	if err != nil {
		return Judged{}, err
	}
	if alarm.Name != "" {
		reason := fmt.Sprintf("alarm %s went off: %s", alarm.Name, alarm.Reason)
		return Judged{Decision: GoBack, Reason: reason}, s.note(ctx, in, "verdict", "", "roll back: %s", reason)
	}
	l, err := s.compare(ctx, in.Now, r)
	if err != nil {
		return Judged{}, err
	}
	l.Decision, l.Reason = s.decide(in.Now, *r, l)
	data, err := json.Marshal(l)
	if err != nil {
		return Judged{}, fmt.Errorf("writing a verdict: %w", err)
	}
	return Judged{Decision: l.Decision, Reason: l.Reason, Seconds: int(pace(in.Now, *r, l.Verdict) / time.Second)}, s.note(ctx, in, "look", string(data), "%s at %d %%: %s", l.Decision, l.Weight, l.Reason)
}

// Look is one look with the numbers behind it, as history keeps it.
type Look struct {
	Decision Decision      `json:"decision"`
	Reason   string        `json:"reason"`
	Step     int           `json:"step"`  // from 0
	Steps    int           `json:"steps"` // of the plan
	Weight   int           `json:"weight"`
	Bake     int           `json:"bake"` // minutes that the step bakes
	Verdict  judge.Verdict `json:"verdict"`
	Query    MetricQuery   `json:"query"` // what was asked of CloudWatch
	// Baseline and Candidate are what both have served since the rollout's first
	// weight, in the minutes that were judged.
	Baseline  rollout.Served `json:"baseline"`
	Candidate rollout.Served `json:"candidate"`
}

// decide turns a verdict into what the machine does, and says why.
func (s *Shifting) decide(now time.Time, r rollout.Record, l Look) (Decision, string) {
	reason := strings.Join(l.Verdict.Reasons, "; ")
	switch v := l.Verdict; {
	case v.Action == judge.RollBack:
		return GoBack, reason
	case v.Step != r.Step:
		// The latest minute that can be judged is from before this step: what it
		// says of the step's end is old.
		return KeepBaking, "no minute of this step can be judged yet"
	case v.Action == judge.Advance && r.Step == len(r.Plan.Steps)-1:
		return PromoteIt, "no worse than tolerated in any step: " + l.served()
	case v.Action == judge.Advance:
		return NextStep, "no worse than tolerated: " + l.served()
	case v.Paused && now.Sub(r.Steps[r.Step].ReachedAt) > longestPause:
		return GoBack, fmt.Sprintf("held for %s without a conclusion: %s", spec.Duration(longestPause), reason)
	}
	return KeepBaking, reason
}

// pace is the time to the next look. While nothing can be concluded it grows with the
// pause: a day of looks every minute would fill the execution's history. Alarms wake
// the bake all the same.
func pace(now time.Time, r rollout.Record, v judge.Verdict) time.Duration {
	if !v.Paused || v.Step != r.Step {
		return r.Plan.Look
	}
	held := now.Sub(r.Steps[r.Step].ReachedAt)
	return max(r.Plan.Look, min(held/8, longestLook).Truncate(time.Minute))
}

// served says what both sides have served.
func (l Look) served() string {
	return fmt.Sprintf("candidate %d of %d failed, baseline %d of %d", l.Candidate.Bad, l.Candidate.Requests, l.Baseline.Bad, l.Baseline.Requests)
}

// compare reads both variants' minutes and judges them. It counts into r what the
// candidate has served.
func (s *Shifting) compare(ctx context.Context, now time.Time, r *rollout.Record) (Look, error) {
	rules := r.Rules.Judge
	l := Look{Step: r.Step, Steps: len(r.Plan.Steps), Weight: r.Weight(), Bake: int(r.Plan.Steps[r.Step].Bake / time.Minute)}
	began := r.Steps[0].AskedAt.Truncate(time.Minute)
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
	plan := JudgePlan(r.Plan)
	series := judge.Collect(plan, began, now, stays(*r), observed)
	for _, m := range series {
		if m.At >= 0 && len(m.Readings) > 0 {
			add(&l.Baseline, m.Readings[0].Baseline)
			add(&l.Candidate, m.Readings[0].Candidate)
		}
	}
	r.Served = l.Candidate
	l.Verdict, err = judge.Judge(JudgeConfig(rules), plan, series)
	if err != nil {
		return l, fmt.Errorf("judging rollout %s: %w", r.ID, err)
	}
	return l, nil
}

func add(s *rollout.Served, c judge.Counts) {
	s.Requests += c.N
	s.Bad += c.Bad
}

// stays are the times during which each step's weight was verified to be in force.
func stays(r rollout.Record) []judge.Stay {
	var all []judge.Stay
	for i, p := range r.Steps {
		if !p.ReachedAt.IsZero() {
			all = append(all, judge.Stay{Step: i, From: p.ReachedAt, Until: p.EndedAt})
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

// JudgePlan is a plan as the judge takes it.
func JudgePlan(p rollout.Plan) judge.Plan {
	plan := make(judge.Plan, len(p.Steps))
	for i, st := range p.Steps {
		plan[i] = judge.Step{Weight: float64(st.Weight), Minutes: max(1, int(st.Bake/time.Minute))}
	}
	return plan
}
