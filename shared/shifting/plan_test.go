package shifting_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

func TestPlan(t *testing.T) {
	w := newWorld(t)
	w.lease()
	got := call(w, w.shift.PlanRollout, w.step())
	if diff := cmp.Diff(shifting.Planned{Go: true, Seconds: 60}, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	rules, s := churn().Rollout, churn()
	want := rollout.Record{
		ID: id, Model: "churn", Package: w.package2, Endpoint: "churn-prod", Spec: s.Version(), Rules: rules, State: rollout.Preparing,
		Plan:      rollout.Plan{Steps: []rollout.Step{{Kind: rollout.Weigh, Weight: 10, Bake: 10 * time.Minute, Candidate: 3}, {Kind: rollout.Weigh, Weight: 100, Bake: 5 * time.Minute, Candidate: 3}}, Look: time.Minute},
		Baseline:  rollout.Side{Variant: "AllTraffic", Config: "churn-prod-1", Model: "churn-v1", Package: w.champion, Count: 2},
		Candidate: rollout.Side{Variant: id, Config: rollout.ConfigName("churn-prod", id, rollout.FinalConfig), Model: "sluice-" + id, Package: w.package2, Count: 3},
		Step:      -1, Steps: make([]rollout.Progress, 2), StartedAt: noon, Rev: 2,
		BothConfig: rollout.ConfigName("churn-prod", id, rollout.BothConfig),
	}
	if diff := cmp.Diff(want, w.record()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	line := []string{"plan: churn-v2 on endpoint churn-prod: 10 % for 10m, then 100 % for 5m, looking every 1m; baseline AllTraffic"}
	if diff := cmp.Diff(line, w.history()); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	// Another try finds the plan, whatever the spec says by now, and changes nothing.
	w.apply(func(s *spec.Spec) { s.Rollout.Canary.Weight = 50 })
	if again := call(w, w.shift.PlanRollout, shifting.Step{Rollout: id, Model: "churn", Package: w.package2, Lease: "endpoint/churn-prod", Now: noon}); again != got {
		t.Errorf("again: %+v", again)
	}
	if diff := cmp.Diff(want, w.record()); diff != "" || len(w.history()) != 1 {
		t.Errorf("record after another try, %v (-want +got):\n%s", w.history(), diff)
	}
}

// An undo takes back what it was asked for, or nothing: it may have had to wait while
// another one was promoted.
func TestPlanOfAnUndo(t *testing.T) {
	for version, want := range map[int]string{1: "", 3: "version 1 of churn is in production by now: there is nothing left to undo of version 3"} {
		w := newWorld(t)
		call(w, w.shift.AwaitTurn, shifting.Turn{Step: w.step(), Rank: rollout.Rank(version, 999), Undo: true})
		got := call(w, w.shift.PlanRollout, w.step())
		if got.Go != (want == "") || got.Reason != want {
			t.Errorf("an undo of version %d: %+v", version, got)
		}
	}
}

// apply puts a changed spec in force.
func (w *world) apply(change func(*spec.Spec)) {
	w.Helper()
	s := churn()
	change(&s)
	w.Do(func() {
		_, err := applying.Apply(ctx, w.table, s.Normalised(), "test", w.Now())
		w.ok(err)
	})
}

// serve makes the endpoint serve a config of these variants.
func (w *world) serve(shadow bool, variants ...types.ProductionVariant) {
	w.Helper()
	w.Do(func() {
		in := &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("other"), ProductionVariants: variants}
		if shadow {
			in.ProductionVariants, in.ShadowProductionVariants = variants[:1], variants[1:]
		}
		_, err := w.client.CreateEndpointConfig(ctx, in)
		w.ok(err)
		w.ok(w.sm.Hosting.ForeignUpdate("churn-prod", "other"))
	})
	w.RunUntilIdle(time.Hour)
}

func variant(name string) types.ProductionVariant {
	return types.ProductionVariant{VariantName: &name, ModelName: aws.String("churn-v1"), InstanceType: "ml.m5.large", InitialInstanceCount: aws.Int32(1), InitialVariantWeight: aws.Float32(1)}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		spec func(*spec.Spec)
		make func(*world) // what is wrong
		want string
	}{
		{"no spec", nil, func(w *world) { w.step0 = func(s *shifting.Step) { s.Model = "nobody" } }, "model nobody has no spec"},
		{"a strategy without steps", func(s *spec.Spec) { s.Rollout.Strategy, s.Rollout.Linear.Step = spec.StrategyLinear, -1 }, nil, "rollout.linear.step is -1"},
		{"no such package", nil, func(w *world) { w.package2 += "99" }, "does not exist"},
		{"a package of another group", func(s *spec.Spec) { s.Package.Group = "fraud" }, nil, "is not of package group fraud"},
		{"rejected meanwhile", nil, func(w *world) { w.Do(func() { w.ok(w.sm.Registry.Approve(w.package2, "Rejected", "")) }) }, "is Rejected now, not Approved"},
		{"never approved", nil, func(w *world) {
			w.Do(func() { w.package2 = w.register("PendingManualApproval", traffic.Behaviour{}) })
		}, "is PendingManualApproval now"},
		{"an endpoint that failed", func(s *spec.Spec) { s.Endpoint.Name = "broken" }, func(w *world) {
			w.Do(func() {
				w.sm.Hosting.NextCreate("broken", hosting.Fate{Ending: hosting.RollsBack, Reason: "ping"})
				_, err := w.client.CreateEndpoint(ctx, &sdk.CreateEndpointInput{EndpointName: aws.String("broken"), EndpointConfigName: aws.String("churn-prod-1")})
				w.ok(err)
			})
			w.RunUntilIdle(time.Hour)
		}, "endpoint broken is Failed"},
		{"two variants", nil, func(w *world) { w.serve(false, variant("a"), variant("b")) }, "has 2 production variants; a rollout needs exactly one"},
		{"a shadow variant", nil, func(w *world) { w.serve(true, variant("a"), variant("b")) }, "has a shadow variant"},
		{"a serverless variant", nil, func(w *world) {
			v := variant("a")
			v.InstanceType, v.InitialInstanceCount = "", nil
			v.ServerlessConfig = &types.ProductionVariantServerlessConfig{MemorySizeInMB: aws.Int32(1024), MaxConcurrency: aws.Int32(5)}
			w.serve(false, v)
		}, "is serverless"},
		{"in production already", nil, func(w *world) { w.package2 = w.champion }, "is in production already"},
		{"older than what is in production", nil, func(w *world) {
			w.Do(func() {
				newer := w.register("Approved", traffic.Behaviour{})
				_, err := w.client.CreateModel(ctx, &sdk.CreateModelInput{ModelName: aws.String("m3"), ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/m"), PrimaryContainer: &types.ContainerDefinition{ModelPackageName: &newer}})
				w.ok(err)
			})
			v := variant("a")
			v.ModelName = aws.String("m3")
			w.serve(false, v)
		}, "version 3 of churn is in production, which is newer than version 2"},
		{"an alarm that is missing", func(s *spec.Spec) { s.Rollout.Alarms = []string{"five", "typo"} }, nil, "alarm typo does not exist"},
		{"a lease on another endpoint", nil, func(w *world) {
			w.step0 = func(s *shifting.Step) { s.Lease = "endpoint/churn-old" }
		}, "the spec names endpoint churn-prod now, and the lease is on endpoint/churn-old"},
		{"an alarm that rings", nil, func(w *world) { w.ring("slow", "ALARM") }, "alarm slow is in ALARM already: because"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			change := tt.spec
			if change == nil {
				change = func(*spec.Spec) {}
			}
			w := newWorld(t, change)
			if tt.make != nil {
				tt.make(w)
			}
			s := w.step()
			var changed spec.Spec
			if change(&changed); changed.Endpoint.Name != "" {
				s.Lease = "endpoint/" + changed.Endpoint.Name
			}
			if w.step0 != nil {
				w.step0(&s)
			}
			var changes []string
			w.srv.Observe = func(r wire.Record) {
				if strings.HasPrefix(r.Operation, "Create") || strings.HasPrefix(r.Operation, "Update") {
					changes = append(changes, r.Operation)
				}
			}
			call(w, w.shift.AwaitTurn, shifting.Turn{Step: s, Rank: 1})
			got := call(w, w.shift.PlanRollout, s)
			if got.Go || !strings.Contains(got.Reason, tt.want) {
				t.Errorf("got  %+v\nwant %q", got, tt.want)
			}
			if again := call(w, w.shift.PlanRollout, s); again != got {
				t.Errorf("again: %+v", again)
			}
			if r := w.record(); r.State != rollout.Refused || r.Reason != got.Reason {
				t.Errorf("record is %s: %s", r.State, r.Reason)
			}
			if h := w.history(); len(h) != 1 || h[0] != "plan: refused: "+got.Reason {
				t.Errorf("history %v", h)
			}
			if len(changes) > 0 {
				t.Errorf("a refused rollout has made %v", changes)
			}
		})
	}
}

// What is no reason to refuse.
func TestAllTheSame(t *testing.T) {
	t.Run("an alarm without data", func(t *testing.T) {
		w := newWorld(t)
		w.lease()
		w.ring("slow", "OK")
		if got := call(w, w.shift.PlanRollout, w.step()); !got.Go {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a champion that is no longer in the registry", func(t *testing.T) {
		w := newWorld(t)
		w.lease()
		w.Do(func() {
			_, err := w.client.DeleteModelPackage(ctx, &sdk.DeleteModelPackageInput{ModelPackageName: &w.champion})
			w.ok(err)
		})
		if got := call(w, w.shift.PlanRollout, w.step()); !got.Go {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a champion that names no package", func(t *testing.T) {
		w := newWorld(t)
		w.lease()
		w.Do(func() {
			_, err := w.client.CreateModel(ctx, &sdk.CreateModelInput{ModelName: aws.String("byhand"), ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/m"), PrimaryContainer: &types.ContainerDefinition{Image: aws.String("i")}})
			w.ok(err)
		})
		v := variant("a")
		v.ModelName = aws.String("byhand")
		w.serve(false, v)
		if got := call(w, w.shift.PlanRollout, w.step()); !got.Go || w.record().Baseline.Package != "" || w.record().Baseline.Count != 1 {
			t.Errorf("got %+v, baseline %+v", got, w.record().Baseline)
		}
	})
}

// A busy endpoint is waited for: nobody of ours is changing it, since we have the lease.
func TestABusyEndpoint(t *testing.T) {
	w := newWorld(t)
	w.lease()
	w.Do(func() { w.sm.Hosting.Maintain("churn-prod", w.Now(), time.Hour) })
	w.RunFor(time.Minute)
	if _, err := try(w, w.shift.PlanRollout, w.step()); !fault.Is(err, fault.NotReady) || !strings.Contains(err.Error(), "SystemUpdating") {
		t.Errorf("got %v", err)
	}
	w.RunFor(2 * time.Hour)
	if got := call(w, w.shift.PlanRollout, w.step()); !got.Go {
		t.Errorf("then %+v", got)
	}
}

// An execution of an old name, months later, does not carry out the old plan.
func TestAnOldName(t *testing.T) {
	for _, state := range []rollout.State{rollout.Promoted, rollout.RolledBack, rollout.Halted, rollout.Refused} {
		w := planned(t)
		call(w, w.shift.ReportRollout, shifting.End{Return: shifting.Return{Step: w.step()}, State: state})
		before := w.record()
		later := w.step()
		later.Now = noon.AddDate(0, 0, 100)
		if got := call(w, w.shift.PlanRollout, later); got.Go || !strings.Contains(got.Reason, "ended as "+string(state)+" on 2026-03-02") {
			t.Errorf("after %s: %+v", state, got)
		}
		if diff := cmp.Diff(before, w.record()); diff != "" {
			t.Errorf("after %s the record has changed:\n%s", state, diff)
		}
	}
}

// crashes runs a handler while its process dies at each call, each time in a new
// world, and then once more undisturbed. Dying before a call is dying after the one
// before it, but for the first.
func crashes(t *testing.T, setup func() *world, handle func(*world), check func(*world, int, wire.Effect)) {
	t.Helper()
	dies := func(at int, effect wire.Effect) (died bool) {
		w := setup()
		calls := 0
		w.srv.Fault = func(*wire.Call, any) wire.Effect {
			if calls++; calls-1 == at {
				return effect
			}
			return wire.NoFault
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					if _, died = p.(wire.Crash); !died {
						panic(p)
					}
				}
			}()
			handle(w)
		}()
		w.srv.Fault = nil
		if died {
			handle(w)
			check(w, at, effect)
		}
		return died
	}
	dies(0, wire.CrashBefore)
	for n := 0; dies(n, wire.CrashAfter); n++ {
	}
}

func TestPlanCrashes(t *testing.T) {
	var want rollout.Record
	w := newWorld(t)
	w.lease()
	call(w, w.shift.PlanRollout, w.step())
	want = w.record()
	crashes(t, func() *world { w := newWorld(t); w.lease(); return w }, func(w *world) { call(w, w.shift.PlanRollout, w.step()) }, func(w *world, n int, effect wire.Effect) {
		if diff := cmp.Diff(want, w.record()); diff != "" || len(w.history("plan")) != 1 {
			t.Errorf("call %d, effect %v: history %v (-want +got):\n%s", n, effect, w.history(), diff)
		}
	})
}
