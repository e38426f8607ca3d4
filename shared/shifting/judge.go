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
}

const (
	// history is how much of the baseline's past the judge is shown.
	history = 24 * time.Hour
	// longestPause is how long a rollout is held without a conclusion.
	longestPause = 24 * time.Hour
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
	j, err := s.look(ctx, in, &r)
	if err != nil {
		return Judged{}, err
	}
	edge.Note(ctx, "decision", j.Decision)
	switch j.Decision {
	case KeepBaking:
	case NextStep, PromoteIt:
		r.Steps[r.Step].EndedAt = in.Now
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
	verdict, query, err := s.compare(ctx, in.Now, r)
	if err != nil {
		return Judged{}, err
	}
	j := s.decide(in.Now, *r, verdict)
	data, err := json.Marshal(Look{Verdict: verdict, Query: query, Weight: r.Weight(), Served: r.Served})
	if err != nil {
		return Judged{}, fmt.Errorf("writing a verdict: %w", err)
	}
	return j, s.note(ctx, in, "look", string(data), "%s at %d %%: %s", j.Decision, r.Weight(), j.Reason)
}

// Look is the numbers behind one look, as history keeps them.
type Look struct {
	Verdict judge.Verdict  `json:"verdict"`
	Query   MetricQuery    `json:"query"` // what was asked of CloudWatch
	Weight  int            `json:"weight"`
	Served  rollout.Served `json:"served"` // by the candidate so far
}

// decide turns a verdict into what the machine does.
func (s *Shifting) decide(now time.Time, r rollout.Record, v judge.Verdict) Judged {
	j := Judged{Decision: KeepBaking, Reason: strings.Join(v.Reasons, "; ")}
	switch {
	case v.Action == judge.RollBack:
		j.Decision = GoBack
	case v.Action == judge.Advance && r.Step == len(r.Plan.Steps)-1:
		j.Decision = PromoteIt
	case v.Action == judge.Advance:
		j.Decision = NextStep
	case v.Paused && now.Sub(r.Steps[r.Step].ReachedAt) > longestPause:
		j.Decision = GoBack
		j.Reason = fmt.Sprintf("held for %s without a conclusion: %s", spec.Duration(longestPause), j.Reason)
	}
	return j
}

// compare reads both variants' minutes and judges them.
func (s *Shifting) compare(ctx context.Context, now time.Time, r *rollout.Record) (judge.Verdict, MetricQuery, error) {
	began := r.Steps[0].AskedAt.Truncate(time.Minute)
	rules := r.Rules.Judge
	query := MetricQuery{Endpoint: r.Endpoint, Variants: []string{r.Baseline.Variant, r.Candidate.Variant}, From: began.Add(-history), Until: now.Truncate(time.Minute)}
	if rules.Latency != nil {
		query.Percentile = rules.Latency.Percentile
	}
	read, err := s.Metrics.Read(ctx, query)
	if err != nil {
		return judge.Verdict{}, query, err
	}
	baseline, candidate := read[r.Baseline.Variant], read[r.Candidate.Variant]
	config, observed := JudgeConfig(rules), []judge.Observed{{Baseline: baseline.Errors, Candidate: candidate.Errors}}
	if rules.Latency != nil {
		observed = append(observed, judge.Observed{Baseline: baseline.Latency, Candidate: candidate.Latency})
	}
	var stays []judge.Stay
	for i, p := range r.Steps {
		if !p.ReachedAt.IsZero() {
			stays = append(stays, judge.Stay{Step: i, From: p.ReachedAt, Until: p.EndedAt})
		}
	}
	plan := JudgePlan(r.Plan)
	series := judge.Collect(plan, began, now, stays, observed)
	r.Served = rollout.Served{}
	for _, c := range candidate.Errors {
		r.Served.Requests += c.N
		r.Served.Bad += c.Bad
	}
	v, err := judge.Judge(config, plan, series)
	if err != nil {
		return v, query, fmt.Errorf("judging rollout %s: %w", r.ID, err)
	}
	return v, query, nil
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
