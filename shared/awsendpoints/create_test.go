package awsendpoints_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

// first is a config of no other one, as the first rollout of an endpoint makes it.
func first(name string) shifting.ConfigRequest {
	v := shifting.ConfigVariant{Name: "new", Model: "churn-v1", InstanceType: "ml.c5.large", Count: 3}
	return shifting.ConfigRequest{Name: name, Variants: []shifting.WeightedVariant{{ConfigVariant: v, Weight: 100}}}
}

func TestCreateAndDelete(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		w.ok(w.adapter.EnsureConfig(ctx, first("first")))
		if err := w.adapter.Create(ctx, "young", "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("with no config: %v", err)
		}
		w.ok(w.adapter.Create(ctx, "young", "first"))
		if err := w.adapter.Create(ctx, "young", "first"); !fault.Is(err, fault.Conflict) {
			t.Errorf("again: %v", err)
		}
		if e, err := w.adapter.Describe(ctx, "young"); err != nil || e.Status != "Creating" || e.Config != "first" {
			t.Errorf("at once: %+v, %v", e, err)
		}
		if err := w.adapter.Delete(ctx, "young"); !fault.Is(err, fault.NotReady) {
			t.Errorf("deleted while it is busy: %v", err)
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		e, err := w.adapter.Describe(ctx, "young")
		w.ok(err)
		if got := e.String(); got != "InService, config first, new 100 % on 3" {
			t.Errorf("endpoint %s", got)
		}
		w.ok(w.adapter.Delete(ctx, "young"))
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		if _, err := w.adapter.Describe(ctx, "young"); !fault.Is(err, fault.NotFound) {
			t.Errorf("after it was deleted: %v", err)
		}
		if err := w.adapter.Delete(ctx, "young"); !fault.Is(err, fault.NotFound) {
			t.Errorf("deleted again: %v", err)
		}
	})
}

func TestCreateAfterALostAnswer(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		w.lose("CreateEndpoint", wire.LostAnswer)
		if err := w.adapter.Create(ctx, "young", "churn-v1"); !fault.Is(err, fault.Internal) {
			t.Errorf("a lost answer: %v", err)
		}
		if err := w.adapter.Create(ctx, "young", "churn-v1"); !fault.Is(err, fault.Conflict) {
			t.Errorf("the next try: %v", err)
		}
	})
}

func TestSetCount(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		w.ok(w.adapter.EnsureConfig(ctx, both()))
		w.ok(w.adapter.Update(ctx, "churn", "both"))
		if err := w.adapter.SetCount(ctx, "churn", "AllTraffic", 3); !fault.Is(err, fault.NotReady) {
			t.Errorf("while it is busy: %v", err)
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		w.ok(w.adapter.SetWeights(ctx, "churn", map[string]int{"AllTraffic": 75, "new": 25}))
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		w.ok(w.adapter.SetCount(ctx, "churn", "new", 4))
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		want := []rollout.Variant{{Name: "AllTraffic", Weight: 75, WantedWeight: 75, Count: 2, WantedCount: 2}, {Name: "new", Weight: 25, WantedWeight: 25, Count: 1, WantedCount: 4}}
		if diff := cmp.Diff(want, e.Variants); diff != "" {
			t.Errorf("asked for (-want +got):\n%s", diff)
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		if got := e.String(); got != "InService, config both, AllTraffic 75 % on 2, new 25 % on 4" {
			t.Errorf("endpoint %s", got)
		}
		for variant, endpoint := range map[string]string{"nobody": "churn", "new": "nobody"} {
			if err := w.adapter.SetCount(ctx, endpoint, variant, 1); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
				t.Errorf("variant %s of %s: %v", variant, endpoint, err)
			}
		}
	})
}

// A shadow gets copies of the requests, and its instances from the config.
func TestShadows(t *testing.T) {
	w := newWorld(t)
	r := first("shadowed")
	r.From = "churn-v1"
	r.Variants[0].ConfigVariant = shifting.ConfigVariant{Name: "AllTraffic", Model: "churn-v1", Count: 2}
	r.Shadow = &shifting.WeightedVariant{ConfigVariant: shifting.ConfigVariant{Name: "new", Model: "churn-v1", Count: 1}, Weight: 40}
	w.Do(func() {
		w.ok(w.adapter.EnsureConfig(ctx, r))
		w.ok(w.adapter.EnsureConfig(ctx, r))
		c, err := w.adapter.Config(ctx, "shadowed")
		w.ok(err)
		want := shifting.EndpointConfig{
			Name: "shadowed", Created: w.Now(),
			Variants: []shifting.ConfigVariant{{Name: "AllTraffic", Model: "churn-v1", InstanceType: "ml.m5.large", Count: 2}},
			Shadows:  []shifting.ConfigVariant{{Name: "new", Model: "churn-v1", InstanceType: "ml.m5.large", Count: 1}},
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("config (-want +got):\n%s", diff)
		}
		for what, change := range map[string]func(*shifting.ConfigRequest){
			"no shadow": func(r *shifting.ConfigRequest) { r.Shadow = nil },
			"another name": func(r *shifting.ConfigRequest) {
				r.Shadow = &shifting.WeightedVariant{ConfigVariant: shifting.ConfigVariant{Name: "x", Model: "churn-v1"}}
			},
			"another model": func(r *shifting.ConfigRequest) {
				r.Shadow = &shifting.WeightedVariant{ConfigVariant: shifting.ConfigVariant{Name: "new", Model: "x"}}
			},
			"a shadow where": func(r *shifting.ConfigRequest) { r.Name = "churn-v1" },
		} {
			other := r
			change(&other)
			if err := w.adapter.EnsureConfig(ctx, other); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", what, err)
			}
		}
		w.ok(w.adapter.Update(ctx, "churn", "shadowed"))
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		want := []rollout.Variant{{Name: "new", Weight: 40, WantedWeight: 40, Count: 1, WantedCount: 1}}
		if diff := cmp.Diff(want, e.Shadows); diff != "" {
			t.Errorf("shadows (-want +got):\n%s", diff)
		}
		if len(e.Variants) != 1 || e.Variants[0].Weight != 100 {
			t.Errorf("variants %+v", e.Variants)
		}
	})
}

// Local SageMaker makes no asynchronous endpoints: its answer is given here.
func TestConfigOfAnAsyncEndpoint(t *testing.T) {
	w := newWorld(t)
	svc := &wire.Service{Prefix: "sagemaker", Target: "SageMaker"}
	wire.Handle(svc, "DescribeEndpointConfig", nil, func(*wire.Call, *struct{}) (*map[string]any, error) {
		return &map[string]any{
			"EndpointConfigName": "slow", "CreationTime": wire.At(w.Now()),
			"AsyncInferenceConfig": map[string]any{"OutputConfig": map[string]any{"S3OutputPath": "s3://out/"}},
		}, nil
	})
	w.srv.Register(svc)
	w.Do(func() {
		c, err := w.adapter.Config(ctx, "slow")
		if diff := cmp.Diff(shifting.EndpointConfig{Name: "slow", Async: true, Created: w.Now()}, c); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
