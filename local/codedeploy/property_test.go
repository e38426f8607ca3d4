package codedeploy

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"pgregory.net/rapid"
)

// Whatever happens to a deployment and whenever: it comes to an end, all traffic is at
// one version then, and that is the new one only if the deployment succeeded.
func TestEveryDeploymentComesToAnEnd(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		answers := rapid.SliceOfN(rapid.SampledFrom([]string{"Succeeded", "Succeeded", "Failed", "silence", "error"}), 8, 8).Draw(rt, "answers")
		w.answer = func(in map[string]string) error {
			switch a := answers[min(len(w.hooks), len(answers))-1]; a {
			case "silence":
				return nil
			case "error":
				return errors.New("not now")
			default:
				return w.report(in, types.LifecycleEventStatus(a))
			}
		}
		hooked := ""
		if rapid.Bool().Draw(rt, "hooked") {
			hooked = hook
		}
		id := w.deploy(rapid.SampledFrom([]string{"canary", "linear", "once"}).Draw(rt, "group"), hooked)
		w.sim.RunFor(time.Duration(rapid.IntRange(0, 700).Draw(rt, "seconds")) * time.Second)
		switch rapid.SampledFrom([]string{"nothing", "alarm", "stop"}).Draw(rt, "then") {
		case "alarm":
			w.alarms["errors"] = "ALARM"
		case "stop":
			w.sim.Do(func() {
				if err := w.Stop(id, nil); err != nil && w.deployments[0].completed.IsZero() {
					rt.Errorf("stopping: %v", err)
				}
			})
		}
		w.sim.RunFor(5 * time.Hour)
		d := w.get(id)
		want := "1"
		if d.Status == types.DeploymentStatusSucceeded {
			want = "2"
		}
		if got := w.alias(); got != want || d.CompleteTime == nil {
			rt.Errorf("the deployment is %s, ended at %v, and the alias leads to %s, want %s", d.Status, d.CompleteTime, got, want)
		}
		for _, d := range w.Deployments() {
			if d.Completed.IsZero() || d.Undoes != "" && d.Status != succeeded {
				rt.Errorf("in the end deployment %+v is %s", d, d.Status)
			}
		}
	})
}

// The weight of the new version never falls while a deployment goes on, and Lambda is
// never asked for one that it refuses.
func TestTrafficOnlyGrows(t *testing.T) {
	for name, r := range configs {
		steps := 0
		for percent := 0; percent < 100; steps++ {
			next := r.next(percent)
			if next <= percent || next > 100 || steps > 20 {
				t.Fatalf("%s goes from %d %% to %d %%", name, percent, next)
			}
			percent = next
		}
	}
}

func FuzzRevision(f *testing.F) {
	f.Add(Revision{"work", "live", "1", "2", "before", "after"}.text())
	f.Add("version: 0.0\nResources:\n- f: {Type: AWS::Lambda::Function, Properties: {Name: f, Alias: a, CurrentVersion: 1, TargetVersion: 2}}\nHooks:\n- AfterAllowTraffic: h\n")
	f.Add("Resources: [[]]")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readRevision(text)
		if err != nil {
			return
		}
		if again, err := readRevision(r.text()); err != nil || again != r {
			t.Errorf("%+v is written as %s and read as %+v, %v", r, r.text(), again, err)
		}
	})
}

// A service without roles and alarms permits all and has none.
func TestNothingNeedBeWired(t *testing.T) {
	w := newWorld(t)
	w.outside.Roles, w.outside.AlarmState = nil, nil
	id := w.deploy("once", "check")
	w.sim.RunFor(time.Hour)
	if got := w.outcome(id); got != "Succeeded" || w.alias() != "2" {
		t.Errorf("the deployment is %s", got)
	}
}
