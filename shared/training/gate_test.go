package training_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// trained has a run whose pipeline has just succeeded, and the ARN of its package.
func trained(t *testing.T, report float64, change ...func(*spec.Spec)) (w *world, arn string) {
	t.Helper()
	w = newWorld(t, change...)
	w.script = func(pipelines.Run) pipelines.Outcome { return auc(report) }
	w.arrive("a")
	w.launch(1)
	w.RunUntilIdle(24 * time.Hour)
	w.Do(func() {
		x, err := w.run.Pipelines.Describe(ctx, w.table1().Pipeline)
		w.ok(err)
		arn = x.Package
	})
	return w, arn
}

// table1 is the first run, for who holds the world.
func (w *world) table1() training.Run {
	r, _, err := w.table.Run(ctx, "churn", 1)
	w.ok(err)
	return r
}

// approval is what the registry says of a package: its approval and why.
func (w *world) approval(arn string) (approval, text string) {
	w.Helper()
	w.Do(func() {
		p, err := w.run.Registry.Package(ctx, arn)
		w.ok(err)
		approval, text = p.Approval, p.Text
	})
	return approval, text
}

// champion puts a model with this report into production; without a report for 0.
func (w *world) champion(auc float64) (arn string) {
	w.Helper()
	w.Do(func() {
		c := sagemaker.Champion{Endpoint: "churn-prod", Group: "old-churn", Behaviour: traffic.Behaviour{}}
		if auc > 0 {
			w.ok(w.s3.Put("models", "champion.json", fmt.Appendf(nil, `{"auc":%v}`, auc)))
			c.Metrics = map[string]any{"ModelQuality": map[string]any{"Statistics": map[string]any{"ContentType": "application/json", "S3Uri": "s3://models/champion.json"}}}
		}
		var err error
		arn, err = w.sm.Seed(c)
		w.ok(err)
	})
	return arn
}

func manually(s *spec.Spec) { s.Package.Approve = spec.Manual }

func TestGatePackage(t *testing.T) {
	tests := []struct {
		name     string
		auc      float64
		champion float64 // 0: none; below 0: one without a report
		change   func(*spec.Spec)
		approval string
		reason   string
	}{
		{"good enough", 0.9, 0, nil, training.Approved, "gate passed: auc 0.9, at least 0.8 wanted; auc has no champion to compare with"},
		{"too weak", 0.7, 0, nil, training.Rejected, "gate failed: NOT MET: auc 0.7, at least 0.8 wanted; auc has no champion to compare with"},
		{"good enough for a person", 0.9, 0, manually, training.Pending, "gate passed: auc 0.9"},
		{"too weak for a person", 0.7, 0, manually, training.Rejected, "gate failed"},
		{"as good as the champion", 0.9, 0.91, nil, training.Approved, "champion has 0.91 and may be undercut by 0.01"},
		{"worse than the champion", 0.9, 0.92, nil, training.Rejected, "NOT MET: auc 0.9, champion has 0.92 and may be undercut by 0.01"},
		{"a champion without a report", 0.9, -1, nil, training.Approved, "auc has no champion to compare with"},
		{"no gate", 0.1, 0, func(s *spec.Spec) { s.Package.Gate = nil }, training.Approved, "gate passed: no conditions"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*spec.Spec) {}
			}
			w, arn := trained(t, tt.auc, change)
			if tt.champion != 0 {
				w.champion(tt.champion)
			}
			got := call(w, w.run.GatePackage, w.step(1))
			if got.Package != arn || got.Approval != tt.approval || !strings.HasPrefix(got.Reason, "gate ") || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got  %+v\nwant %s: %s", got, tt.approval, tt.reason)
			}
			if approval, text := w.approval(arn); approval != tt.approval || text != got.Reason {
				t.Errorf("the registry says %s: %s", approval, text)
			}
			if r := w.runOf(1); r.Package != arn || r.Approval != tt.approval || r.Reason != got.Reason {
				t.Errorf("run %+v", r)
			}
			if again := call(w, w.run.GatePackage, w.step(1)); again != got {
				t.Errorf("again: %+v", again)
			}
		})
	}
}

// What a person has said stands, whatever the gate says, and whenever he says it.
func TestAPersonWasFaster(t *testing.T) {
	for _, tt := range []struct {
		name   string
		auc    float64
		person string
	}{{"approved, too weak", 0.7, training.Approved}, {"rejected, good", 0.9, training.Rejected}, {"approved, good", 0.9, training.Approved}} {
		t.Run(tt.name, func(t *testing.T) {
			w, arn := trained(t, tt.auc)
			w.Do(func() { w.ok(w.sm.Registry.Approve(arn, tt.person, "I looked at it")) })
			got := call(w, w.run.GatePackage, w.step(1))
			if approval, text := w.approval(arn); got.Approval != tt.person || approval != tt.person || text != "I looked at it" {
				t.Errorf("got %+v; the registry says %s: %s", got, approval, text)
			}
			if decided := map[float64]string{0.7: training.Rejected, 0.9: training.Approved}[tt.auc]; (decided != tt.person) != strings.HasPrefix(got.Reason, "already "+tt.person) {
				t.Errorf("reason %s", got.Reason)
			}
		})
	}
	t.Run("between writing and reading back", func(t *testing.T) {
		w, arn := trained(t, 0.9)
		describes := 0
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if c.Operation == "DescribeModelPackage" {
				if describes++; describes == 2 {
					w.ok(w.sm.Registry.Approve(arn, training.Rejected, "no"))
				}
			}
			return wire.NoFault
		}
		if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.Internal) || !strings.Contains(err.Error(), "was set to Approved and reads Rejected") {
			t.Errorf("got %v", err)
		}
		if got := call(w, w.run.GatePackage, w.step(1)); got.Approval != training.Rejected { // the machine tries again
			t.Errorf("then %+v", got)
		}
	})
}

// A champion that is gone from the registry, or whose report is gone, keeps no later
// package out.
func TestAChampionThatIsGone(t *testing.T) {
	t.Run("deleted from the registry", func(t *testing.T) {
		w, arn := trained(t, 0.9)
		champion := w.champion(0.99)
		w.Do(func() {
			_, err := w.client.DeleteModelPackage(ctx, &sdk.DeleteModelPackageInput{ModelPackageName: &champion})
			w.ok(err)
		})
		if got := call(w, w.run.GatePackage, w.step(1)); got.Approval != training.Approved || got.Package != arn || !strings.Contains(got.Reason, "no champion") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("its report deleted", func(t *testing.T) {
		w, _ := trained(t, 0.9)
		w.champion(0.99)
		w.Do(func() { w.ok(w.s3.Delete("models", "champion.json")) })
		if got := call(w, w.run.GatePackage, w.step(1)); got.Approval != training.Approved {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("its report out of reach for the moment", func(t *testing.T) {
		w, _ := trained(t, 0.9)
		w.champion(0.99)
		reads := 0
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if c.Operation == "GetObject" {
				if reads++; reads == 2 {
					return wire.Unavailable
				}
			}
			return wire.NoFault
		}
		if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.Throttled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestGateRefuses(t *testing.T) {
	t.Run("no package", func(t *testing.T) {
		w := newWorld(t)
		w.script = func(pipelines.Run) pipelines.Outcome { return pipelines.Outcome{FailStep: "Register"} }
		w.arrive("a")
		w.launch(1)
		w.RunUntilIdle(24 * time.Hour)
		if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "registered no model package") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a package of another group", func(t *testing.T) {
		w, arn := trained(t, 0.9)
		s := churn()
		s.Package.Group = "other"
		last, _, err := w.table.Applied(ctx, "churn")
		w.ok(err)
		next := last
		next.Spec, next.Version, next.Rev = s, s.Version(), last.Rev+1
		w.Do(func() { w.ok(w.table.Apply(ctx, next, &last)) })
		if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "not of group other") {
			t.Errorf("got %v", err)
		}
		if approval, _ := w.approval(arn); approval != training.Pending {
			t.Errorf("it is %s now", approval)
		}
	})
	t.Run("a report that is no report", func(t *testing.T) {
		w := newWorld(t)
		w.script = func(pipelines.Run) pipelines.Outcome { return pipelines.Outcome{Report: []byte(`[1]`)} }
		w.arrive("a")
		w.launch(1)
		w.RunUntilIdle(24 * time.Hour)
		if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "s3://models/") {
			t.Errorf("got %v, which does not say whose report it is", err)
		}
	})
	t.Run("never launched", func(t *testing.T) {
		w := newWorld(t)
		if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.Internal) {
			t.Errorf("got %v", err)
		}
	})
}

// Reasons longer than the registry takes are cut between letters.
func TestLongReasons(t *testing.T) {
	w, arn := trained(t, 0.9, func(s *spec.Spec) {
		for i := range 40 {
			min := 0.5
			s.Package.Gate = append(s.Package.Gate, spec.Condition{Metric: strings.Repeat("é", 20+i%2), Min: &min})
		}
	})
	got := call(w, w.run.GatePackage, w.step(1))
	approval, text := w.approval(arn)
	if approval != training.Rejected || len(text) > 1024 || len(text) < 1000 || !utf8.ValidString(text) || !strings.HasSuffix(text, "...") || strings.ContainsRune(text, '\ufffd') {
		t.Errorf("%s, %d bytes, ending in %q", approval, len(text), text[len(text)-12:])
	}
	if len(got.Reason) <= 1024 || w.runOf(1).Reason != got.Reason {
		t.Error("the run does not keep the whole reason")
	}
}

// Whatever call dies, before or after its effect, the next try ends the same.
func TestGateCrashes(t *testing.T) {
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter, wire.LostAnswer} {
		for n := 0; ; n++ {
			w, arn := trained(t, 0.9)
			s, calls := w.step(1), 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			func() {
				defer func() { _ = recover() }()
				_, _ = try(w, w.run.GatePackage, s)
			}()
			w.srv.Fault = nil
			got := call(w, w.run.GatePackage, s)
			if diff := cmp.Diff(training.Gated{Package: arn, Approval: training.Approved, Reason: "gate passed: auc 0.9, at least 0.8 wanted; auc has no champion to compare with"}, got); diff != "" {
				t.Errorf("call %d, effect %v (-want +got):\n%s", n, effect, diff)
			}
			if calls <= n {
				break
			}
		}
	}
}

// The registry's event may be lost, so what the gate approved asks for its rollout
// itself. A rejected package, or one that waits for a person, asks for none.
func TestTheGateAsksForTheRollout(t *testing.T) {
	for _, tt := range []struct {
		name   string
		report float64
		change []func(*spec.Spec)
		want   int
	}{
		{"approved", 0.9, nil, 1},
		{"rejected", 0.1, nil, 0},
		{"waits for a person", 0.9, []func(*spec.Spec){manually}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, arn := trained(t, tt.report, tt.change...)
			call(w, w.run.GatePackage, w.step(1))
			if len(w.asked) != tt.want || tt.want > 0 && w.asked[0] != "churn 1 "+arn {
				t.Errorf("asked for %q", w.asked)
			}
		})
	}
}
