package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/ui"
	"sluice/shared/rollout"
)

// moved is a rollout that began at the time of the scenes, with a plan of three bakes.
func moved(s rollout.State, step int) rollout.Record {
	r := rollout.Record{ID: "churn-v42", State: s, Step: step, StartedAt: began, Steps: make([]rollout.Progress, 3)}
	for _, w := range []int{10, 50, 100} {
		r.Plan.Steps = append(r.Plan.Steps, rollout.Step{Kind: rollout.Weigh, Weight: w, Bake: 10 * time.Minute})
	}
	return r
}

func TestWayBack(t *testing.T) {
	line := func(minute int, kind, text string) rollout.Entry {
		return rollout.Entry{At: began.Add(time.Duration(minute) * time.Minute), Kind: kind, Text: text}
	}
	up, look := line(1, "effect", "asked for 10 % to churn-v42 and 90 % to churn-v41; before: x"), line(10, "look", "rollBack at 10 %: worse")
	part, all := line(12, "effect", "asked for 50 % to churn-v42 and 50 % to churn-v41; before: x"), line(15, "effect", "asked for 0 % to churn-v42 and 100 % to churn-v41; before: x")
	config := line(16, "effect", "asked for config x")
	for _, tt := range []struct {
		name    string
		state   rollout.State
		entries []rollout.Entry
		want    string
	}{
		{"by a look", rollout.RolledBack, []rollout.Entry{up, look, all, config}, "requests asked back 5m00s after the decision, endpoint verified as before 10m00s after it"},
		{"in two parts", rollout.RolledBack, []rollout.Entry{up, look, part, all, config}, "requests asked back 2m00s after the decision, endpoint verified as before 10m00s after it"},
		{"by a command", rollout.Aborted, []rollout.Entry{up, line(11, "verdict", "roll back: aborted by ana"), part, all}, "requests asked back 1m00s after the decision, endpoint verified as before 9m00s after it"},
		{"by an alarm, without a look", rollout.RolledBack, []rollout.Entry{up, line(9, "look", "continue at 10 %: "), all, config}, "endpoint verified as before 5m00s after the requests were asked back"},
		{"before it had requests", rollout.RolledBack, []rollout.Entry{line(11, "verdict", "roll back: undone"), config}, "endpoint verified as before 9m00s after the decision"},
		{"of which nothing is known", rollout.RolledBack, nil, ""},
		{"of a promotion", rollout.Promoted, []rollout.Entry{up, all}, ""},
	} {
		r := moved(tt.state, 0)
		r.EndedAt = began.Add(20 * time.Minute)
		if got := wayBack(r, tt.entries); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestProgress(t *testing.T) {
	minute := func(n int) time.Time { return began.Add(time.Duration(n) * time.Minute) }
	skipped := moved(rollout.Running, 2)
	skipped.Steps = []rollout.Progress{{AskedAt: minute(0), ReachedAt: minute(1), EndedAt: minute(11)}, {}, {AskedAt: minute(11)}}
	baking := moved(rollout.Running, 0)
	baking.Steps[0] = rollout.Progress{AskedAt: minute(17), ReachedAt: minute(18)}
	late := moved(rollout.Running, 0)
	late.Steps[0] = rollout.Progress{AskedAt: minute(0), ReachedAt: minute(0)}
	back := moved(rollout.RolledBack, 0)
	back.Steps[0] = rollout.Progress{AskedAt: minute(0), ReachedAt: minute(1), EndedAt: minute(3)}
	standby := moved(rollout.Standby, 2)
	standby.Plan.Standby, standby.PromotedAt = time.Hour, minute(5)
	for i := range standby.Steps {
		standby.Steps[i] = rollout.Progress{AskedAt: minute(i), ReachedAt: minute(i), EndedAt: minute(i + 1)}
	}
	promoted := standby
	promoted.State = rollout.Promoted
	step := func(mark ui.Mark, text, note string, done float64) ui.Step {
		return ui.Step{Mark: mark, Text: text, Note: note, Done: done}
	}
	for _, tt := range []struct {
		name string
		of   rollout.Record
		want []ui.Step
	}{
		{"waiting", rollout.Record{State: rollout.Waiting, Step: -1}, nil},
		{"before the first", moved(rollout.Preparing, -1), []ui.Step{step(ui.Wait, "10% for 10m", "", 0), step(ui.Wait, "50% for 10m", "", 0), step(ui.Wait, "100% for 10m", "", 0)}},
		{"a step was skipped", skipped, []ui.Step{step(ui.Done, "10% for 10m", "took 10m00s", 1), step(ui.Info, "50% for 10m", "skipped", 1), step(ui.Shift, "100% for 10m", "asked for 9m00s ago, not reached yet", 0)}},
		{"in the middle of one", baking, []ui.Step{step(ui.Bake, "10% for 10m", "2m00s of 10m", 0.2), step(ui.Wait, "50% for 10m", "", 0), step(ui.Wait, "100% for 10m", "", 0)}},
		{"longer than planned", late, []ui.Step{step(ui.Bake, "10% for 10m", "20m00s of 10m", 1), step(ui.Wait, "50% for 10m", "", 0), step(ui.Wait, "100% for 10m", "", 0)}},
		{"rolled back", back, []ui.Step{step(ui.RollBack, "10% for 10m", "took 2m00s", 1), step(ui.Wait, "50% for 10m", "", 0), step(ui.Wait, "100% for 10m", "", 0)}},
		{"standby", standby, []ui.Step{step(ui.Done, "10% for 10m", "took 1m00s", 1), step(ui.Done, "50% for 10m", "took 1m00s", 1), step(ui.Done, "100% for 10m", "took 1m00s", 1), step(ui.Standby, "standby of 1h", "15m00s of 1h", 0.25)}},
		{"promoted", promoted, []ui.Step{step(ui.Done, "10% for 10m", "took 1m00s", 1), step(ui.Done, "50% for 10m", "took 1m00s", 1), step(ui.Done, "100% for 10m", "took 1m00s", 1), step(ui.Done, "standby of 1h", "over", 1)}},
	} {
		if diff := cmp.Diff(tt.want, progress(tt.of, minute(20))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestCommandsText(t *testing.T) {
	var entries []rollout.Entry
	for i := range 6 {
		c := rollout.Command{Rollout: "churn-v42", ID: fmt.Sprint(i), Verb: rollout.PauseIt, By: ana, At: began, HandledAt: began, Accepted: i%2 == 0}
		e, err := c.Entry()
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	const said = "pause by Operator/ana at 2026-11-23 23:50:00, "
	want := "2 earlier ones; " + said + "accepted; " + said + "refused; " + said + "accepted; " + said + "refused"
	if got := commandsText(entries); got != want {
		t.Errorf("got %q", got)
	}
}
