package rollout_test

import (
	"strings"
	"testing"
	"time"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// at is a rollout at a step that was reached an hour before noon.
func at(step int, steps ...rollout.Step) rollout.Record {
	r := rollout.Record{ID: "churn-v7", Plan: rollout.Plan{Steps: append(steps, rollout.Step{Kind: rollout.Weigh, Weight: 100}), Look: time.Minute}, Step: step}
	r.Steps = make([]rollout.Progress, len(r.Plan.Steps))
	for i := 0; i <= step; i++ {
		r.Steps[i].ReachedAt = noon.Add(-time.Hour)
	}
	return r
}

func TestDecide(t *testing.T) {
	ten := rollout.Step{Kind: rollout.Weigh, Weight: 10}
	ask := rollout.Step{Kind: rollout.Ask, Weight: 10, Limit: 2 * time.Hour, OnTimeout: spec.TimeoutRollBack}
	yes := ask
	yes.OnTimeout = spec.TimeoutPromote
	rest := func(limit time.Duration) rollout.Step {
		return rollout.Step{Kind: rollout.Rest, Weight: 10, Limit: limit}
	}
	gate := func(r rollout.Record, age time.Duration) rollout.Record {
		r.Control.Gate = &rollout.Gate{ID: "g", Step: r.Step, AskedAt: noon.Add(-age), Expires: noon.Add(2*time.Hour - age)}
		return r
	}
	with := func(r rollout.Record, change func(*rollout.Record)) rollout.Record {
		change(&r)
		return r
	}
	paused := func(age time.Duration) func(*rollout.Record) {
		return func(r *rollout.Record) { r.Control.Paused = &rollout.Paused{By: "ana", At: noon.Add(-age)} }
	}
	evening := func(r *rollout.Record) { r.Rules.Windows = []spec.Window{{From: "18:00", To: "19:00", Zone: "UTC"}} }
	for _, tt := range []struct {
		name  string
		r     rollout.Record
		baked bool
		want  rollout.Turn
		why   string
	}{
		{"the candidate is up", at(-1, ten), false, rollout.GoOn, "the candidate is up"},
		{"not baked", at(0, ten), false, rollout.Stay, ""},
		{"baked", at(0, ten), true, rollout.GoOn, "no worse than tolerated"},
		{"the last step is baked", at(1, ten), true, rollout.Finish, "no worse than tolerated"},
		{"somebody wants it back", with(at(0, ten), func(r *rollout.Record) { r.Control.Abort = "aborted by ana" }), true, rollout.TurnBack, "aborted by ana"},
		{"paused", with(at(0, ten), paused(time.Hour)), true, rollout.Stay, "paused by ana"},
		{"paused at the end", with(at(1, ten), paused(time.Hour)), true, rollout.Stay, "paused by ana"},
		{"paused and forgotten", with(at(0, ten), paused(7*24*time.Hour)), true, rollout.TurnBack, "the longest there is"},
		{"ended by hand", with(at(0, ten), func(r *rollout.Record) { r.Control.Skip = 1 }), false, rollout.GoOn, "ended by hand"},
		{"an earlier step was ended by hand", with(at(1, ten, ten), func(r *rollout.Record) { r.Control.Skip = 1 }), false, rollout.Stay, ""},
		{"everything by hand", with(at(0, ten, ask), func(r *rollout.Record) { r.Control.Full = true }), false, rollout.GoOn, "promoted by hand"},
		{"asked for", gate(at(1, ten, ask), time.Hour), true, rollout.Stay, "waits for approval g until"},
		{"approved", with(gate(at(1, ten, ask), time.Hour), func(r *rollout.Record) { r.Control.Gate.By, r.Control.Gate.Approved = "ana", true }), false, rollout.GoOn, "approved by ana"},
		{"nobody answered", gate(at(1, ten, ask), 2*time.Hour), true, rollout.TurnBack, "nobody answered approval g"},
		{"nobody answered, which means yes", gate(at(1, ten, yes), 2*time.Hour), false, rollout.GoOn, "which means yes"},
		{"the approval of an earlier step", with(at(1, ten, ask), func(r *rollout.Record) { r.Control.Gate = &rollout.Gate{ID: "old", By: "ana", Approved: true} }), false, rollout.Stay, "being asked for"},
		{"rests", at(1, ten, rest(2*time.Hour)), false, rollout.Stay, "paused until 2026-03-02 13:00:00"},
		{"has rested", at(1, ten, rest(time.Hour)), false, rollout.GoOn, "paused for 1h"},
		{"rests until a person resumes", at(1, ten, rest(0)), false, rollout.Stay, "until a person resumes"},
		{"frozen", with(at(0, ten), evening), true, rollout.Stay, "frozen until a window opens at 2026-03-02 18:00:00"},
		{"frozen, by hand too", with(with(at(0, ten), evening), func(r *rollout.Record) { r.Control.Skip = 1 }), false, rollout.Stay, "frozen"},
		{"an approval raises nothing", with(at(0, ten, ask), evening), true, rollout.GoOn, ""},
		{"promoting raises nothing", with(at(1, ten), evening), true, rollout.Finish, ""},
		{"going back needs no window", with(with(at(0, ten), evening), func(r *rollout.Record) { r.Control.Abort = "x" }), true, rollout.TurnBack, ""},
		{"nor does going back to a former champion", with(with(at(0, ten), evening), func(r *rollout.Record) { r.Undo = true }), true, rollout.GoOn, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.r
			turn, why, _ := r.Decide(noon, tt.baked)
			if turn != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("got %s: %s\nwant %s: %s", turn, why, tt.want, tt.why)
			}
			// Asked again a while later, what was said of how long it waits grows.
			if _, _, waited := r.Decide(noon.Add(10*time.Minute), tt.baked); strings.Contains(why, "frozen") && waited != 10*time.Minute {
				t.Errorf("frozen for %s", waited)
			}
		})
	}
}

func TestPaceGrows(t *testing.T) {
	p := rollout.Plan{Look: time.Minute, Standby: 24 * time.Hour}
	for waited, want := range map[time.Duration]time.Duration{0: time.Minute, 8 * time.Minute: time.Minute, 80 * time.Minute: 10 * time.Minute, 30 * time.Hour: time.Hour} {
		if got := p.Pace(waited); got != want {
			t.Errorf("after %s a look every %s, want %s", waited, got, want)
		}
	}
	if got := p.Watch(); got != 8*time.Minute {
		t.Errorf("a day's standby is looked at every %s", got)
	}
}
