package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"sluice/local/states"
	"sluice/local/sts"
	"sluice/shared/awsmachines"
	"sluice/shared/commanding"
	"sluice/shared/event"
	"sluice/shared/judge"
	"sluice/shared/requesting"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
	"sluice/shared/waiting"
)

// operator is who runs the command, as STS knows it.
type operator struct{}

const ana = "arn:aws:sts::111122223333:assumed-role/Operator/ana"

func (operator) Caller(string) (sts.Identity, error) {
	return sts.Identity{ARN: ana, ID: "AROAEXAMPLE:ana"}, nil
}

func (operator) Assume(string, string, string, string, time.Time) (sts.Session, error) {
	return sts.Session{}, errors.New("nobody may assume a role here")
}

// stop is where a rollout of the long plan stands in a scene.
type stop int

const (
	waits          stop = iota // for the endpoint
	frozenByWindow             // after its shadow
	pausedByHand               // at 10%
	heldByJudge                // at 10%
	asks                       // for its approval
	inPause                    // of the plan
	inStandby
	afterStandby // promoted
	undone       // from its standby
	abortedByHand
	superseded
)

// stops plays a rollout with every kind of step until it stands somewhere. From then
// on it obeys what the command writes, as its machine would.
func (s *scene) stops(where stop) {
	s.churn()
	d := &director{s: s, r: s.record("churn", 42), at: began}
	d.r.Plan = rollout.Plan{Look: time.Minute, Standby: time.Hour, Steps: []rollout.Step{
		{Kind: rollout.Mirror, Sampling: 10, Bake: 10 * time.Minute}, {Kind: rollout.Weigh, Weight: 10, Bake: 15 * time.Minute},
		{Kind: rollout.Ask, Weight: 10, Limit: 4 * time.Hour, OnTimeout: spec.TimeoutRollBack}, {Kind: rollout.Rest, Weight: 10, Limit: 30 * time.Minute},
		{Kind: rollout.Weigh, Weight: 100, Bake: 15 * time.Minute},
	}}
	d.r.Steps = make([]rollout.Progress, len(d.r.Plan.Steps))
	for _, part := range []func(stop) bool{d.turn, d.shadow, d.tenPercent, d.people, d.promotion} {
		if !part(where) {
			break
		}
	}
	s.story(d.moments, everything)
	s.obeys(d.r.ID)
}

// turn is the wait for the endpoint.
func (d *director) turn(where stop) bool {
	planned := d.r
	d.r = rollout.Record{ID: planned.ID, Model: planned.Model, Package: planned.Package, Endpoint: planned.Endpoint, Rules: planned.Rules, State: rollout.Waiting, Step: -1, StartedAt: began, Reason: "waits for endpoint churn-prod"}
	switch where {
	case waits:
		d.moments = append(d.moments, moment{record: d.r, entry: rollout.Entry{At: began, Kind: "turn", Text: "waits for endpoint churn-prod"}})
		return false
	case superseded:
		d.end(rollout.Superseded, "rollout churn-v43 is newer, and waits for the same endpoint")
		return false
	}
	d.r = planned
	d.tell("plan", "", "churn-v42 on endpoint churn-prod: a shadow of 10 %% for 10m, then 10 %% for 15m, then an approval within 4h, or else rollBack, then a pause of 30m, then 100 %% for 15m, looking every 1m; baseline churn-v41, kept warm for 1h after promotion")
	return true
}

// begin asks for the next step, which is reached at once.
func (d *director) begin() {
	d.r.Step++
	d.r.State = rollout.Running
	d.at = d.at.Add(time.Second)
	d.r.Steps[d.r.Step] = rollout.Progress{AskedAt: d.at, ReachedAt: d.at.Add(20 * time.Second)}
	if w := d.r.Weight(); d.r.Now().Kind == rollout.Weigh {
		d.after(0, "effect", "asked for %d %% to churn-v42 and %d %% to churn-v41; before: InService", w, 100-w)
	}
	d.after(20*time.Second, "reading", "reached: endpoint churn-prod is as the step wants it; read: InService")
}

// ends is the look that ends a step after a while.
func (d *director) ends(after time.Duration, decision shifting.Decision, why string) {
	d.at = d.at.Add(after)
	if decision != shifting.KeepBaking && d.r.State != rollout.Standby {
		d.r.Steps[d.r.Step].EndedAt = d.at
	}
	d.r.Served = []rollout.Served{{}, {Requests: 1000, Bad: 1}, {Requests: 1300, Bad: 1}, {Requests: 3000, Bad: 2}, {Requests: 15000, Bad: 12}}[d.r.Step]
	l := shifting.Look{Decision: decision, Reason: why, Step: d.r.Step, Steps: 5, Weight: d.r.Weight(), Baseline: rollout.Served{Requests: 9000, Bad: 9}, Candidate: d.r.Served}
	l.Query = shifting.MetricQuery{Endpoint: "churn-prod", Variants: []string{"churn-v41", "churn-v42"}, From: began.Add(-24 * time.Hour), Until: d.at.Truncate(time.Minute)}
	l.Verdict = judge.Verdict{Evidence: -0.5, Limit: math.Log(100), Step: d.r.Step}
	data, err := json.Marshal(l)
	d.s.must(err)
	d.tell("look", string(data), "%s at %d %%: %s", decision, d.r.Weight(), why)
}

// end ends the rollout.
func (d *director) end(state rollout.State, why string) {
	d.at = d.at.Add(2 * time.Second)
	d.r.State, d.r.Reason, d.r.EndedAt = state, why, d.at
	d.tell("end", "", "%s: %s", state, why)
}

// says is a command of ana's that the rollout obeys.
func (d *director) says(v rollout.Verb, why string) {
	c := rollout.Command{Rollout: d.r.ID, ID: string(v) + "-1", Verb: v, By: ana, Why: why, At: d.at, HandledAt: d.at.Add(time.Second)}
	c.Answer, c.Accepted = d.r.Obey(c)
	d.at = c.HandledAt
	e, err := c.Entry()
	d.s.must(err)
	d.moments = append(d.moments, moment{d.r, e})
	d.s.must(d.s.table.AnswerCommand(d.s.ctx, c))
}

func (d *director) shadow(where stop) bool {
	d.begin()
	if where == frozenByWindow {
		d.r.Rules.Windows = []spec.Window{{Days: []spec.Day{spec.Monday, spec.Tuesday}, From: "09:00", To: "17:00", Zone: "Europe/Berlin"}}
		d.r.Control.Frozen = d.at.Add(10 * time.Minute)
		d.ends(10*time.Minute, shifting.KeepBaking, "frozen until a window opens at 2026-11-24 08:00:00; no worse than tolerated")
		return false
	}
	d.ends(10*time.Minute, shifting.NextStep, "no worse than tolerated: candidate 0 of 100 failed, baseline 1 of 900")
	return true
}

func (d *director) tenPercent(where stop) bool {
	d.begin()
	switch where {
	case pausedByHand:
		d.ends(2*time.Minute, shifting.KeepBaking, "")
		d.says(rollout.PauseIt, "looking into latency")
		return false
	case heldByJudge:
		d.r.Control.Held = true
		d.ends(12*time.Minute, shifting.KeepBaking, "the candidate got no requests in this step: nothing can be said about it; held for 10 minutes without a conclusion: a person must decide")
		return false
	case abortedByHand:
		d.ends(2*time.Minute, shifting.KeepBaking, "")
		d.says(rollout.Abort, "wrong features")
		d.r.Steps[d.r.Step].EndedAt = d.at
		d.tell("verdict", "", "roll back: %s", d.r.Control.Abort)
		d.r.State = rollout.Returning
		d.after(2*time.Second, "effect", "asked for 0 %% to churn-v42 and 100 %% to churn-v41; before: InService")
		d.after(3*time.Minute, "reading", "reached: endpoint churn-prod has config churn-prod-0a1b2c and variant churn-v41 has 100 %%; read: InService")
		d.after(time.Second, "clean", "removed what nothing uses: %s", d.r.BothConfig)
		d.end(rollout.Aborted, d.r.Control.Abort)
		return false
	}
	d.ends(15*time.Minute, shifting.NextStep, "no worse than tolerated: candidate 1 of 1000 failed, baseline 9 of 9000")
	return true
}

// people is the approval and the pause.
func (d *director) people(where stop) bool {
	d.r.Control.Gate = &rollout.Gate{ID: rollout.GateID(d.r.ID, 2), Step: 2, AskedAt: d.at, Expires: d.at.Add(4 * time.Hour)}
	d.begin()
	d.after(time.Second, "ask", "approval churn-v42-s3 is asked for, until %s: at 10 %%, the candidate has answered 1000 requests, 1 of them bad", d.r.Control.Gate.Expires.Format(time.DateTime))
	if where == asks {
		return false
	}
	d.at = d.at.Add(5 * time.Minute)
	d.says(rollout.Approve, "")
	d.ends(time.Second, shifting.NextStep, "approved by "+ana)
	d.begin()
	if where == inPause {
		return false
	}
	d.ends(30*time.Minute, shifting.NextStep, "paused for 30m")
	return true
}

// promotion is the last step, and the standby.
func (d *director) promotion(where stop) bool {
	d.begin()
	d.ends(15*time.Minute, shifting.PromoteIt, "no worse than tolerated in any step: candidate 12 of 15000 failed, baseline 9 of 9000")
	d.r.State, d.r.PromotedAt, d.r.PromotedFor = rollout.Standby, d.at, "no worse than tolerated in any step: candidate 12 of 15000 failed, baseline 9 of 9000"
	d.tell("promotion", "", "promoted: %s; churn-v41 is kept warm until %s", d.r.PromotedFor, d.at.Add(time.Hour).Format(time.DateTime))
	d.after(time.Second, "effect", "asked for 1 instances of churn-v41; before: InService")
	d.after(4*time.Minute, "reading", "standby: endpoint churn-prod has what a standby needs; read: InService")
	switch where {
	case undone:
		d.says(rollout.Undo, "complaints")
		d.tell("verdict", "", "roll back: %s", d.r.Control.Abort)
		d.r.State = rollout.Returning
		d.after(2*time.Second, "effect", "asked for 0 %% to churn-v42 and 100 %% to churn-v41; before: InService")
		d.after(3*time.Minute, "reading", "reached: endpoint churn-prod has config churn-prod-0a1b2c and variant churn-v41 has 100 %%; read: InService")
		d.end(rollout.Aborted, d.r.Control.Abort)
	case afterStandby:
		d.ends(56*time.Minute, shifting.RetireIt, "standby is over: candidate 12 of 15000 failed, baseline 9 of 9000")
		d.after(3*time.Minute, "reading", "reached: endpoint churn-prod has config %s and variant churn-v42 has 100 %%; read: InService", d.r.Candidate.Config)
		d.end(rollout.Promoted, d.r.PromotedFor)
	}
	return false
}

// first is a rollout that made its endpoint.
func (s *scene) first() {
	s.churn()
	d := &director{s: s, r: s.record("churn", 42), at: began}
	d.r.First, d.r.Baseline, d.r.Plan, d.r.Steps = true, rollout.Side{}, rollout.FirstPlan(), make([]rollout.Progress, 1)
	d.tell("plan", "", "churn-v42 is the first model of endpoint churn-prod, on 2 instances: nothing to compare it with")
	d.after(2*time.Second, "effect", "asked for endpoint churn-prod with config %s; before: no endpoint", d.r.Candidate.Config)
	d.r.Step, d.r.State, d.r.Steps[0] = 0, rollout.Running, rollout.Progress{AskedAt: d.at, ReachedAt: d.at.Add(5 * time.Minute)}
	d.after(5*time.Minute, "reading", "reached: endpoint churn-prod has config %s and variant churn-v42 has 100 %%; read: InService", d.r.Candidate.Config)
	d.at = d.at.Add(time.Minute)
	d.r.Steps[0].EndedAt = d.at
	data, err := json.Marshal(shifting.Look{Decision: shifting.PromoteIt, Reason: "the endpoint's first model serves", Steps: 1, Weight: 100})
	s.must(err)
	d.tell("look", string(data), "promote at 100 %%: the endpoint's first model serves")
	d.r.PromotedAt, d.r.PromotedFor = d.at, "the endpoint's first model serves"
	d.tell("promotion", "", "promoted: the endpoint's first model serves")
	d.end(rollout.Promoted, d.r.PromotedFor)
	s.story(d.moments, everything)
	s.obeys(d.r.ID)
}

// obeys makes a rollout answer commands with each pause of the command line: under way
// as its machine does, and over as on-command does.
func (s *scene) obeys(id string) {
	if s.again == "" {
		var err error
		s.again, err = s.states.CreateMachine(states.CreateMachineInput{Name: "again", RoleARN: "arn:aws:iam::111122223333:role/r", Definition: `{"StartAt":"Roll","States":{"Roll":{"Type":"Wait","Seconds":604800,"End":true}}}`})
		s.must(err)
	}
	machines := awsmachines.Open(s.cfg, s.again)
	over := commanding.New(s.table, requesting.New(s.table, machines), waiting.NewRoom(s.table, machines))
	tick := func() {
		r, _, err := s.table.Rollout(s.ctx, id)
		s.must(err)
		commands, err := s.table.Commands(s.ctx, id)
		s.must(err)
		for _, c := range commands {
			if r.State.Final() || !c.HandledAt.IsZero() {
				continue
			}
			c.Answer, c.Accepted = r.Obey(c)
			c.HandledAt = c.At.Add(time.Second)
			r, err = s.table.PutRollout(s.ctx, r)
			s.must(err)
			e, err := c.Entry()
			s.must(err)
			s.must(s.table.AddHistory(s.ctx, e))
			s.must(s.table.AnswerCommand(s.ctx, c))
		}
		s.hear(over)
	}
	for range 50 {
		s.ticks = append(s.ticks, tick)
	}
}

// deaf is a rollout that answers nothing for a minute.
func (s *scene) deaf() {
	s.stops(pausedByHand)
	for i := range s.ticks {
		s.ticks[i] = func() {}
	}
}

// hear hands what the table's stream has to on-command.
func (s *scene) hear(over *commanding.Commanding) {
	records := s.tables.StreamRecords(s.tables.Stream(tableName), s.told, 1000)
	if len(records) == 0 {
		return
	}
	s.told = records[len(records)-1].Change.SequenceNumber
	raw, err := json.Marshal(map[string]any{"Records": records})
	s.must(err)
	var changes event.Changes
	s.must(json.Unmarshal(raw, &changes))
	if o, err := over.OnCommand(s.ctx, changes); err != nil || len(o.Failures) > 0 {
		s.t.Fatal(fmt.Sprint(o, err))
	}
}
