package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

// moment is a line of history, with the record as it is from then on.
type moment struct {
	record rollout.Record
	entry  rollout.Entry
}

const everything = 1 << 20

// story writes the first moments of a rollout into the table.
func (s *scene) story(moments []moment, upTo int) {
	for _, m := range moments[:min(upTo, len(moments))] {
		s.tell(m)
	}
}

func (s *scene) tell(m moment) {
	m.entry.Rollout = m.record.ID
	s.put(m.record)
	s.must(s.table.AddHistory(s.ctx, m.entry))
}

// record is a rollout before its first step: 10% for 15m, then 100% for 15m.
func (s *scene) record(model string, version int) rollout.Record {
	sp, err := s.table.Spec(s.ctx, model)
	s.must(err)
	plan, err := rollout.MakePlan(sp.Rollout)
	s.must(err)
	id := rollout.ID(model, version, 0)
	return rollout.Record{
		ID: id, Model: model, Package: arn(model, version), Endpoint: sp.Endpoint.Name, Spec: sp.Version(), Rules: sp.Rollout, State: rollout.Preparing,
		Plan: plan, Steps: make([]rollout.Progress, len(plan.Steps)), Step: -1, StartedAt: began, BothConfig: rollout.ConfigName(sp.Endpoint.Name, id, rollout.BothConfig),
		Baseline:  rollout.Side{Variant: rollout.ID(model, version-1, 0), Config: "churn-prod-0a1b2c", Package: arn(model, version-1), Count: 2},
		Candidate: rollout.Side{Variant: id, Config: rollout.ConfigName(sp.Endpoint.Name, id, rollout.FinalConfig), Package: arn(model, version), Count: 2},
	}
}

// director makes the moments of a rollout, in the words of shifting.
type director struct {
	s       *scene
	r       rollout.Record
	at      time.Time
	served  rollout.Served // by the baseline
	moments []moment
}

func (s *scene) direct() *director {
	d := &director{s: s, r: s.record("churn", 42), at: began}
	d.tell("plan", "", "churn-v42 on endpoint churn-prod: 10 %% for 15m, then 100 %% for 15m, looking every 1m; baseline churn-v41")
	d.after(2*time.Second, "effect", "asked for config %s; before: InService, config churn-prod-0a1b2c, churn-v41 100 %% on 2", d.r.BothConfig)
	d.after(4*time.Minute, "reading", "reached: endpoint churn-prod has config %s and variant churn-v42 has 0 %%; read: InService, config %[1]s, churn-v41 100 %% on 2, churn-v42 0 %% on 2", d.r.BothConfig)
	return d
}

func (d *director) tell(kind, data, format string, args ...any) {
	r := d.r
	r.Steps = append([]rollout.Progress(nil), r.Steps...)
	d.moments = append(d.moments, moment{r, rollout.Entry{At: d.at, Kind: kind, Text: fmt.Sprintf(format, args...), Data: data}})
}

func (d *director) after(wait time.Duration, kind, format string, args ...any) {
	d.at = d.at.Add(wait)
	d.tell(kind, "", format, args...)
}

// shift moves to the next step.
func (d *director) shift() {
	d.r.Step++
	d.r.State = rollout.Running
	d.r.Steps[d.r.Step].AskedAt = d.at.Add(2 * time.Second)
	w := d.r.Weight()
	d.after(2*time.Second, "effect", "asked for %d %% to churn-v42 and %d %% to churn-v41; before: InService", w, 100-w)
	d.r.Steps[d.r.Step].ReachedAt = d.at.Add(20 * time.Second)
	d.after(20*time.Second, "reading", "reached: endpoint churn-prod has config %s and variant churn-v42 has %d %%; read: InService", d.r.BothConfig, w)
}

// look is one minute of the bake and the look after it. It reports whether the step
// goes on.
func (d *director) look(minute int, bad int64) bool {
	d.at = d.at.Add(time.Minute)
	w := int64(d.r.Weight())
	candidate, baseline := judge.Counts{N: 10 * w, Bad: bad}, judge.Counts{N: 1000 - 10*w, Bad: 1}
	v := d.verdict(minute, candidate, baseline)
	l := shifting.Look{Decision: shifting.KeepBaking, Reason: strings.Join(v.Reasons, "; "), Step: d.r.Step, Steps: 2, Weight: int(w), Bake: 15, Verdict: v}
	for _, side := range []struct {
		sum *rollout.Served
		now judge.Counts
	}{{&d.served, baseline}, {&d.r.Served, candidate}} {
		side.sum.Requests += side.now.N
		side.sum.Bad += side.now.Bad
	}
	l.Baseline, l.Candidate = d.served, d.r.Served
	sums := fmt.Sprintf("candidate %d of %d failed, baseline %d of %d", l.Candidate.Bad, l.Candidate.Requests, l.Baseline.Bad, l.Baseline.Requests)
	switch {
	case v.Action == judge.RollBack:
		l.Decision = shifting.GoBack
	case v.Action == judge.Advance && w == 100:
		l.Decision, l.Reason = shifting.PromoteIt, "no worse than tolerated in any step: "+sums
	case v.Action == judge.Advance:
		l.Decision, l.Reason = shifting.NextStep, "no worse than tolerated: "+sums
	}
	if l.Decision != shifting.KeepBaking {
		d.r.Steps[d.r.Step].EndedAt = d.at
	}
	if l.Decision == shifting.GoBack || l.Decision == shifting.PromoteIt {
		d.r.Reason = l.Reason
	}
	l.Query = shifting.MetricQuery{Endpoint: "churn-prod", Variants: []string{"churn-v41", "churn-v42"}, From: began.Add(-24 * time.Hour), Until: d.at.Truncate(time.Minute), Percentile: "p90"}
	data, err := json.Marshal(l)
	d.s.must(err)
	d.tell("look", string(data), "%s at %d %%: %s", l.Decision, w, l.Reason)
	return l.Decision == shifting.KeepBaking
}

// verdict is what a judge might say: the second bad minute looks suspicious, the
// third is beyond doubt.
func (d *director) verdict(minute int, candidate, baseline judge.Counts) judge.Verdict {
	v := judge.Verdict{
		Action: judge.Continue, Minute: minute, Step: d.r.Step, Counted: minute%15 + 1, Evidence: -0.4 - 0.02*float64(minute), Limit: math.Log(100),
		Metrics: []judge.Finding{{Name: "failed", Candidate: candidate, Baseline: baseline, Tolerated: 0.0022, History: 1440 + minute}},
	}
	said := fmt.Sprintf("candidate %d of %d failed (%d %%), baseline %d of %d (0.11 %%)", candidate.Bad, candidate.N, 100*candidate.Bad/candidate.N, baseline.Bad, baseline.N)
	switch candidate.Bad {
	case 2:
		v.Evidence, v.Reasons = 0.9, []string{said + "; chance of this by luck under 1 in 2"}
	case 4:
		v.Action, v.Held, v.Evidence = judge.Hold, 1, 2.65
		v.Reasons = []string{"the candidate looks worse, not yet beyond doubt: the step is held, 1 of at most 10 minutes", said + "; chance of this by luck under 1 in 14"}
	case 6:
		v.Action, v.Evidence, v.Reasons = judge.RollBack, 5.3, []string{said + "; chance of this by luck under 1 in 200"}
	default:
		if minute%15 == 14 {
			v.Action = judge.Advance
		}
	}
	return v
}

// bad is a rollout whose candidate fails from its seventh minute on.
func (s *scene) bad() []moment {
	d := s.direct()
	d.shift()
	for minute := 0; d.look(minute, int64(max(0, minute-6)*2)); minute++ {
	}
	d.r.State = rollout.Returning
	d.after(2*time.Second, "effect", "asked for 0 %% to churn-v42 and 100 %% to churn-v41; before: InService")
	d.after(20*time.Second, "reading", "rolledBackByAWS: endpoint churn-prod is InService with config %s instead of churn-prod-0a1b2c: AWS undid the update; read: InService", d.r.BothConfig)
	d.after(2*time.Second, "effect", "asked for config churn-prod-0a1b2c; before: InService")
	d.after(3*time.Minute, "reading", "reached: endpoint churn-prod has config churn-prod-0a1b2c and variant churn-v41 has 100 %%; read: InService")
	d.at = d.at.Add(2 * time.Second)
	d.r.State, d.r.EndedAt = rollout.RolledBack, d.at
	d.tell("end", "", "rolledBack: %s", d.r.Reason)
	return d.moments
}

// good is a rollout that is promoted.
func (s *scene) good() []moment {
	d := s.direct()
	minute := 0
	for range d.r.Plan.Steps {
		d.shift()
		for ; d.look(minute, int64(minute%9)/8); minute++ {
		}
		minute++
	}
	d.r.State = rollout.Promoting
	d.after(2*time.Second, "effect", "asked for config %s; before: InService", d.r.Candidate.Config)
	d.after(3*time.Minute, "reading", "reached: endpoint churn-prod has config %s and variant churn-v42 has 100 %%; read: InService", d.r.Candidate.Config)
	d.at = d.at.Add(2 * time.Second)
	d.r.State, d.r.EndedAt = rollout.Promoted, d.at
	d.tell("end", "", "promoted: %s", d.r.Reason)
	return d.moments
}
