package shifting_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/hosting"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

func TestPrepareVariants(t *testing.T) {
	w := planned(t)
	if got := call(w, w.shift.PrepareVariants, w.step()); got != (shifting.Answer{Outcome: rollout.Moving, Reason: "asked for"}) {
		t.Errorf("got %+v", got)
	}
	// Again while the endpoint is on its way: nothing is asked twice.
	if got := call(w, w.shift.PrepareVariants, w.step()); got.Outcome != rollout.Moving || got.Reason == "asked for" {
		t.Errorf("again: %+v", got)
	}
	if a := w.await("weight"); a.Outcome != rollout.Reached {
		t.Fatalf("then %+v", a)
	}
	if got, want := w.endpoint(), "InService, config BOTH, AllTraffic 100 % on 2, churn-v2 0 % on 3"; got != want {
		t.Errorf("endpoint %s, want %s", got, want)
	}
	if got := call(w, w.shift.PrepareVariants, w.step()); got.Outcome != rollout.Reached {
		t.Errorf("when it is there: %+v", got)
	}
	want := []string{
		"effect: asked for config BOTH; before: InService, config churn-prod-1, AllTraffic 100 % on 2",
		"reading: reached: endpoint churn-prod has config BOTH and variant churn-v2 has 0 %; read: InService, config BOTH, AllTraffic 100 % on 2, churn-v2 0 % on 3",
	}
	if diff := cmp.Diff(want, w.told("effect", "reading")); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	r := w.record()
	w.Do(func() {
		m, err := w.client.DescribeModel(ctx, &sdk.DescribeModelInput{ModelName: &r.Candidate.Model})
		w.ok(err)
		if *m.PrimaryContainer.ModelPackageName != w.package2 || *m.ExecutionRoleArn != "arn:aws:iam::111122223333:role/models" {
			t.Errorf("model of %s as %s", *m.PrimaryContainer.ModelPackageName, *m.ExecutionRoleArn)
		}
		final, err := w.client.DescribeEndpointConfig(ctx, &sdk.DescribeEndpointConfigInput{EndpointConfigName: &r.Candidate.Config})
		w.ok(err)
		v := final.ProductionVariants
		if len(v) != 1 || *v[0].VariantName != id || v[0].InstanceType != "ml.m5.xlarge" || *v[0].InitialInstanceCount != 3 {
			t.Errorf("final config has %+v", v)
		}
	})
}

// told is history with the rollout's configs by their roles.
func (w *world) told(kinds ...string) []string {
	w.Helper()
	r := w.record()
	lines := w.history(kinds...)
	for i := range lines {
		lines[i] = strings.NewReplacer(r.BothConfig, "BOTH", r.Candidate.Config, "FINAL").Replace(lines[i])
	}
	return lines
}

// What the user chose for the endpoint stays: the new configs are copies of the old.
func TestConfigsAreCopies(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) { s.Endpoint.ExecutionRole = "arn:aws:iam::111122223333:role/mine" })
	v := variant("mine")
	v.VolumeSizeInGB, v.ContainerStartupHealthCheckTimeoutInSeconds = aws.Int32(64), aws.Int32(600)
	w.Do(func() {
		_, err := w.client.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{
			EndpointConfigName: aws.String("mine"), ProductionVariants: []types.ProductionVariant{v}, KmsKeyId: aws.String("key"),
			DataCaptureConfig: &types.DataCaptureConfig{EnableCapture: aws.Bool(true), InitialSamplingPercentage: aws.Int32(20), DestinationS3Uri: aws.String("s3://captured/"), CaptureOptions: []types.CaptureOption{{CaptureMode: types.CaptureModeInput}}},
		})
		w.ok(err)
		w.ok(w.sm.Hosting.ForeignUpdate("churn-prod", "mine"))
	})
	w.RunUntilIdle(time.Hour)
	w.lease()
	call(w, w.shift.PlanRollout, w.step())
	call(w, w.shift.PrepareVariants, w.step())
	r := w.record()
	w.Do(func() {
		for _, name := range []string{r.BothConfig, r.Candidate.Config} {
			c, err := w.client.DescribeEndpointConfig(ctx, &sdk.DescribeEndpointConfigInput{EndpointConfigName: &name})
			w.ok(err)
			if aws.ToString(c.KmsKeyId) != "key" || c.DataCaptureConfig == nil || *c.DataCaptureConfig.InitialSamplingPercentage != 20 {
				t.Errorf("config %s has key %v and capture %+v", name, aws.ToString(c.KmsKeyId), c.DataCaptureConfig)
			}
			for _, v := range c.ProductionVariants {
				if aws.ToInt32(v.VolumeSizeInGB) != 64 || aws.ToInt32(v.ContainerStartupHealthCheckTimeoutInSeconds) != 600 {
					t.Errorf("variant %s of %s: %+v", *v.VariantName, name, v)
				}
			}
		}
		m, err := w.client.DescribeModel(ctx, &sdk.DescribeModelInput{ModelName: &r.Candidate.Model})
		w.ok(err)
		if *m.ExecutionRoleArn != "arn:aws:iam::111122223333:role/mine" {
			t.Errorf("model runs as %s", *m.ExecutionRoleArn)
		}
	})
}

func TestPrepareRefuses(t *testing.T) {
	t.Run("a model of this name that is not ours", func(t *testing.T) {
		w := planned(t)
		w.Do(func() {
			_, err := w.client.CreateModel(ctx, &sdk.CreateModelInput{ModelName: aws.String("sluice-" + id), ExecutionRoleArn: aws.String("arn:aws:iam::111122223333:role/m"), PrimaryContainer: &types.ContainerDefinition{Image: aws.String("i")}})
			w.ok(err)
		})
		if _, err := try(w, w.shift.PrepareVariants, w.step()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "exists and was made from") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a config of this name that is not ours", func(t *testing.T) {
		w := planned(t)
		r := w.record()
		w.Do(func() {
			_, err := w.client.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{EndpointConfigName: &r.BothConfig, ProductionVariants: []types.ProductionVariant{variant("x")}})
			w.ok(err)
		})
		if _, err := try(w, w.shift.PrepareVariants, w.step()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "exists with other variants") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("never planned", func(t *testing.T) {
		w := newWorld(t)
		if _, err := try(w, w.shift.PrepareVariants, w.step()); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// Whoever has lost the lease changes nothing.
func TestALostLease(t *testing.T) {
	handlers := map[string]func(*world) error{
		"prepare": func(w *world) error { _, err := try(w, w.shift.PrepareVariants, w.step()); return err },
		"shift":   func(w *world) error { _, err := try(w, w.shift.ShiftWeight, w.step()); return err },
		"promote": func(w *world) error { _, err := try(w, w.shift.Promote, w.step()); return err },
		"back":    func(w *world) error { _, err := try(w, w.shift.RollBack, shifting.Return{Step: w.step()}); return err },
		"judge":   func(w *world) error { _, err := try(w, w.shift.Judge, w.step()); return err },
	}
	for name, handle := range handlers {
		t.Run(name, func(t *testing.T) {
			w := prepared(t)
			if name == "judge" {
				w = shifted(t, 0)
			} else if name == "prepare" {
				w = planned(t)
			}
			before := w.endpoint()
			w.Do(func() { // three hours of silence, and somebody else's turn
				later := w.Now().Add(3 * time.Hour)
				w.ok(w.table.TakeLease(ctx, leasing.Lease{Name: "endpoint/churn-prod", Owner: "other", Since: later, Expires: later.Add(time.Hour)}, later))
			})
			if err := handle(w); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "no longer has the lease") {
				t.Errorf("got %v", err)
			}
			w.RunUntilIdle(time.Hour)
			if got := w.endpoint(); got != before {
				t.Errorf("endpoint %s, before %s", got, before)
			}
		})
	}
}

func TestShiftWeight(t *testing.T) {
	w := prepared(t)
	var asked time.Time
	for i, want := range []struct {
		weight   int
		endpoint string
	}{{10, "AllTraffic 90 % on 2, churn-v2 10 % on 3"}, {100, "AllTraffic 0 % on 2, churn-v2 100 % on 3"}} {
		asked = w.Now()
		if got := call(w, w.shift.ShiftWeight, w.step()); got.Outcome != rollout.Moving {
			t.Errorf("step %d: %+v", i, got)
		}
		w.RunFor(time.Second) // another try, while it is on its way, asks for no other weight
		if got := call(w, w.shift.ShiftWeight, w.step()); got.Outcome != rollout.Moving || w.record().Step != i {
			t.Errorf("step %d again: %+v, step %d", i, got, w.record().Step)
		}
		if a := w.await("weight"); a.Outcome != rollout.Reached {
			t.Fatalf("step %d: %+v", i, a)
		}
		if got := w.endpoint(); got != "InService, config BOTH, "+want.endpoint {
			t.Errorf("step %d: endpoint %s", i, got)
		}
		reached := w.Now()
		w.RunFor(time.Second)
		w.await("weight") // reading again does not move the beginning of the bake
		p := w.record().Steps[i]
		if !p.AskedAt.Equal(asked) || !p.ReachedAt.Equal(reached) || !p.EndedAt.IsZero() {
			t.Errorf("step %d: %+v, asked at %s, reached at %s", i, p, asked, reached)
		}
		w.endStep()
	}
	if _, err := try(w, w.shift.ShiftWeight, w.step()); !fault.Is(err, fault.Internal) {
		t.Errorf("beyond the last step: %v", err)
	}
	if h := w.told("effect"); len(h) != 3 || h[1] != "effect: asked for 10 % to churn-v2 and 90 % to AllTraffic; before: InService, config BOTH, AllTraffic 100 % on 2, churn-v2 0 % on 3" {
		t.Errorf("history %s", strings.Join(h, "\n"))
	}
}

// AWS is busy between our look and our call: the machine tries again.
func TestBusyAtTheLastMoment(t *testing.T) {
	w := prepared(t)
	hook := func(c *wire.Call, _ any) wire.Effect {
		if c.Operation == "UpdateEndpointWeightsAndCapacities" {
			w.srv.Fault = nil
			w.ok(w.sm.Hosting.ForeignWeights("churn-prod", "AllTraffic", 100.0))
		}
		return wire.NoFault
	}
	w.srv.Fault = hook
	if _, err := try(w, w.shift.ShiftWeight, w.step()); !fault.Is(err, fault.NotReady) {
		t.Errorf("got %v", err)
	}
	w.RunUntilIdle(time.Hour)
	if got := call(w, w.shift.ShiftWeight, w.step()); got.Outcome != rollout.Moving || w.record().Step != 0 {
		t.Errorf("then %+v at step %d", got, w.record().Step)
	}
}

func TestAwaitEndpoint(t *testing.T) {
	tests := []struct {
		name   string
		happen func(*world)
		want   rollout.Outcome
	}{
		{"reached", func(*world) {}, rollout.Reached},
		{"undone in silence", func(w *world) { w.sm.Hosting.NextWeights("churn-prod", hosting.Fate{Ending: hosting.RollsBack}) }, rollout.RolledBackByAWS},
		{"somebody else's config", func(w *world) { w.foreign() }, rollout.Foreign},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := prepared(t)
			w.Do(func() { tt.happen(w) })
			w.RunUntilIdle(time.Hour)
			call(w, w.shift.ShiftWeight, w.step())
			s := w.step()
			got := call(w, w.shift.AwaitEndpoint, shifting.Await{Step: s, Target: "weight"})
			if got.Outcome == rollout.Moving {
				if w.machines[s.Token] != "" {
					t.Errorf("completed with %s while it moves", w.machines[s.Token])
				}
				if l := w.holder(); !l.Expires.Equal(w.Now().Add(leasing.Term)) {
					t.Errorf("the lease ends at %s", l.Expires)
				}
				w.RunUntilIdle(time.Hour)
				s = w.step()
				got = call(w, w.shift.AwaitEndpoint, shifting.Await{Step: s, Target: "weight"})
			}
			if got.Outcome != tt.want || !strings.HasPrefix(w.machines[s.Token], fmt.Sprintf(`{"outcome":%q`, tt.want)) {
				t.Errorf("got %+v, completed with %s", got, w.machines[s.Token])
			}
		})
	}
	w := planned(t)
	if _, err := try(w, w.shift.AwaitEndpoint, shifting.Await{Step: w.step(), Target: "moon"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown target: %v", err)
	}
}

// foreign is somebody else's change of the endpoint, for who holds the world.
func (w *world) foreign() {
	w.Helper()
	_, err := w.client.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("theirs"), ProductionVariants: []types.ProductionVariant{variant("x")}})
	w.ok(err)
	w.ok(w.sm.Hosting.ForeignUpdate("churn-prod", "theirs"))
}

// Each handler that changes the endpoint may die at any call: done again, it ends the
// same, has asked once, and history tells of it.
func TestChangesCrash(t *testing.T) {
	t.Run("prepare", func(t *testing.T) {
		s := map[*world]shifting.Step{}
		crashes(t, func() *world { w := planned(t); s[w] = w.step(); return w }, func(w *world) { call(w, w.shift.PrepareVariants, s[w]) }, func(w *world, n int, effect wire.Effect) {
			w.RunUntilIdle(time.Hour)
			if got := w.endpoint(); got != "InService, config BOTH, AllTraffic 100 % on 2, churn-v2 0 % on 3" || len(w.told("effect")) != 1 {
				t.Errorf("call %d, effect %v: %s\n%v", n, effect, got, w.told())
			}
		})
	})
	t.Run("shift", func(t *testing.T) {
		s := map[*world]shifting.Step{}
		crashes(t, func() *world { w := prepared(t); s[w] = w.step(); return w }, func(w *world) { call(w, w.shift.ShiftWeight, s[w]) }, func(w *world, n int, effect wire.Effect) {
			w.RunUntilIdle(time.Hour)
			if got := w.endpoint(); got != "InService, config BOTH, AllTraffic 90 % on 2, churn-v2 10 % on 3" || len(w.told("effect")) != 2 || w.record().Step != 0 {
				t.Errorf("call %d, effect %v: %s at step %d\n%v", n, effect, got, w.record().Step, w.told())
			}
		})
	})
	t.Run("await", func(t *testing.T) {
		s := map[*world]shifting.Step{}
		crashes(t, func() *world {
			w := prepared(t)
			call(w, w.shift.ShiftWeight, w.step())
			w.RunUntilIdle(time.Hour)
			s[w] = w.step()
			return w
		}, func(w *world) { call(w, w.shift.AwaitEndpoint, shifting.Await{Step: s[w], Target: "weight"}) }, func(w *world, n int, effect wire.Effect) {
			if !strings.HasPrefix(w.machines[s[w].Token], `{"outcome":"reached"`) || !w.record().Steps[0].ReachedAt.Equal(s[w].Now) || len(w.told("reading")) != 2 {
				t.Errorf("call %d, effect %v: completed with %s\n%v", n, effect, w.machines[s[w].Token], w.told())
			}
		})
	})
}
