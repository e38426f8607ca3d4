package preflight_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/preflight"
	"sluice/shared/spec"
)

// told is a report's steps as lines.
func told(r preflight.Report) []string {
	var all []string
	for _, s := range r.Steps {
		earliest := "never"
		if !s.Earliest.IsZero() {
			earliest = s.Earliest.UTC().Format("Mon 15:04")
		}
		all = append(all, fmt.Sprintf("%s from %s, %d looks, %d + %d", s.Text, earliest, s.Looks, s.Candidate, s.Baseline))
	}
	return all
}

func TestSteps(t *testing.T) {
	standby := linear(50, 10)
	standby.Standby = spec.Duration(10 * time.Hour)
	everything := spec.Rollout{Strategy: spec.StrategySteps, FinalBake: minutes(30), Steps: []spec.Step{
		{Shadow: &spec.Mirror{Sampling: 80, Bake: minutes(60)}},
		{Approve: &spec.Approval{Expires: spec.Duration(24 * time.Hour)}},
		{Weight: 5, Bake: minutes(30)},
		{Pause: &spec.Pause{For: minutes(120)}},
		{Weight: 50, Bake: minutes(30)},
		{Pause: &spec.Pause{}},
	}}
	long := spec.Rollout{Strategy: spec.StrategyBlueGreen, FinalBake: spec.Duration(14 * 24 * time.Hour)}
	full := linear(50, 10)
	full.Capacity = spec.CapacityFull
	// Weights may rise from 9 to 12:20 on weekdays, in UTC.
	frozen := linear(25, 10)
	frozen.Windows = []spec.Window{{Days: []spec.Day{spec.Monday, spec.Tuesday}, From: "09:00", To: "12:20"}}
	tests := []struct {
		name  string
		rules spec.Rollout
		undo  bool
		want  []string
		ends  string
	}{
		{"a standby", standby, false, []string{
			"50 % for 10m from Mon 12:00, 10 looks, 3 + 4",
			"100 % for 10m from Mon 12:10, 10 looks, 4 + 3",
			"a standby of 10h from Mon 12:20, 200 looks, 4 + 1",
		}, "Mon 22:20"},
		{"everything", everything, false, []string{
			"a shadow of 80 % for 1h from Mon 12:00, 60 looks, 4 + 4",
			"an approval within 1d, or else rollBack from Mon 13:00, 0 looks, 4 + 4",
			"5 % for 30m from Mon 13:00, 30 looks, 1 + 4",
			"a pause of 2h from Mon 13:30, 0 looks, 1 + 4",
			"50 % for 30m from Mon 15:30, 30 looks, 3 + 4",
			"a pause until resumed from Mon 16:00, 0 looks, 3 + 3",
			"100 % for 30m from Mon 16:00, 30 looks, 4 + 3",
		}, "Mon 16:30"},
		{"an approval first", spec.Rollout{Strategy: spec.StrategySteps, FinalBake: minutes(30), Steps: []spec.Step{{Approve: &spec.Approval{Expires: minutes(60)}}, {Weight: 40, Bake: minutes(30)}}}, false, []string{
			"an approval within 1h, or else rollBack from Mon 12:00, 0 looks, 2 + 4",
			"40 % for 30m from Mon 12:00, 30 looks, 2 + 4",
			"100 % for 30m from Mon 12:30, 30 looks, 4 + 3",
		}, "Mon 13:00"},
		{"14 days", long, false, []string{"100 % for 14d from Mon 12:00, 396 looks, 4 + 4"}, "Mon 12:00"},
		{"full capacity", full, false, []string{
			"50 % for 10m from Mon 12:00, 10 looks, 4 + 4",
			"100 % for 10m from Mon 12:10, 10 looks, 4 + 4",
		}, "Mon 12:20"},
		{"a window that closes", frozen, false, []string{
			"25 % for 10m from Mon 12:00, 10 looks, 2 + 4",
			"50 % for 10m from Mon 12:10, 10 looks, 3 + 4",
			"75 % for 10m from Tue 09:00, 10 looks, 4 + 3",
			"100 % for 10m from Tue 09:10, 10 looks, 4 + 2",
		}, "Tue 09:20"},
		{"a window that closes, and an undo", frozen, true, []string{
			"25 % for 10m from Mon 12:00, 10 looks, 2 + 4",
			"50 % for 10m from Mon 12:10, 10 looks, 3 + 4",
			"75 % for 10m from Mon 12:20, 10 looks, 4 + 3",
			"100 % for 10m from Mon 12:30, 10 looks, 4 + 2",
		}, "Mon 12:40"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts(4, tt.rules)
			f.Undo = tt.undo
			r := preflight.Check(f)
			if diff := cmp.Diff(tt.want, told(r)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if got := r.Ends.UTC().Format("Mon 15:04"); got != tt.ends {
				t.Errorf("ends %s, want %s", got, tt.ends)
			}
			if got := r.Says(refuse); got != "" {
				t.Errorf("refused: %s", got)
			}
		})
	}
}

// An approval costs nothing at the earliest, and more if nobody is there.
func TestWaitingCost(t *testing.T) {
	rules := spec.Rollout{Strategy: spec.StrategySteps, FinalBake: minutes(30), Steps: []spec.Step{
		{Weight: 50, Bake: minutes(30)}, {Approve: &spec.Approval{Expires: minutes(120)}}, {Pause: &spec.Pause{For: minutes(60)}},
	}}
	r := preflight.Check(facts(4, rules))
	approval, pause := r.Steps[1], r.Steps[2]
	if approval.Cost.Extra != 0 || approval.Cost.Most != minutes(4*60) || approval.Most != minutes(120) {
		t.Errorf("approval %+v", approval)
	}
	if pause.Cost.Sum != "(3 + 3 - 4) x 1h = 2h" || pause.Cost.Native != minutes(4*60) {
		t.Errorf("pause %+v", pause.Cost)
	}
}

func TestWindows(t *testing.T) {
	rules := linear(25, 10)
	rules.Windows = []spec.Window{{Days: []spec.Day{spec.Saturday}, From: "09:00", To: "17:00", Zone: "Europe/Berlin"}}
	r := preflight.Check(facts(4, rules))
	if got := text(r.Findings, note); !strings.Contains(got, "window.closed: no window is open now: the rollout begins at 2026-03-07 08:00:00 UTC at the earliest") {
		t.Errorf("notes:\n%s", got)
	}
	if got := told(r)[0]; got != "25 % for 10m from Sat 08:00, 10 looks, 2 + 4" {
		t.Errorf("first step %s", got)
	}
	// Parse lets no such window through.
	rules.Windows = []spec.Window{{From: "9", To: "17"}}
	r = preflight.Check(facts(4, rules))
	if r.Says(refuse) != "no window ever opens, so no weight may ever rise; look at rollout.windows" || !r.Ends.IsZero() || !strings.Contains(told(r)[0], "from never") {
		t.Errorf("refused for %q, ends %s, steps %v", r.Says(refuse), r.Ends, told(r))
	}
}

// Of an endpoint that cannot be judged now, only the steps are known.
func TestUnknownBaseline(t *testing.T) {
	f := facts(4, linear(50, 10))
	f.Endpoint.Status, f.Config = "Updating", preflight.Config{}
	r := preflight.Check(f)
	want := []string{"50 % for 10m from Mon 12:00, 10 looks, 0 + 0", "100 % for 10m from Mon 12:10, 10 looks, 0 + 0"}
	if diff := cmp.Diff(want, told(r)); diff != "" || r.Cost.Sum != "" || r.Cost.Native != 0 || len(r.Cost.Updates) > 0 {
		t.Errorf("cost %+v, steps (-want +got):\n%s", r.Cost, diff)
	}
}
