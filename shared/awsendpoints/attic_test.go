package awsendpoints_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/local/sagemaker"
	"sluice/local/wire"
	"sluice/shared/fault"
)

// byHand makes a config of one variant, or of one and a shadow, as a person would.
func (w *world) byHand(name, model, shadow string) {
	w.Helper()
	side := func(variant, model string) []types.ProductionVariant {
		return []types.ProductionVariant{{VariantName: &variant, ModelName: &model, InstanceType: types.ProductionVariantInstanceTypeMlM5Large, InitialInstanceCount: aws.Int32(1), InitialVariantWeight: aws.Float32(1)}}
	}
	in := &sdk.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: side("A", model)}
	if shadow != "" {
		in.ShadowProductionVariants = side("S", shadow)
	}
	_, err := w.client.CreateEndpointConfig(ctx, in)
	w.ok(err)
}

// used asks which endpoint has a config.
func (w *world) used(config string) string {
	w.Helper()
	c, err := w.adapter.Config(ctx, config)
	w.ok(err)
	user, err := w.adapter.ConfigUsed(ctx, config, c.Created)
	w.ok(err)
	return user
}

func TestConfigUsed(t *testing.T) {
	w := newWorld(t)
	w.RunFor(time.Minute)
	w.Do(func() {
		w.ok(w.adapter.EnsureConfig(ctx, both()))
		if got := w.used("both"); got != "" {
			t.Errorf("before anybody has it: %s", got)
		}
		if got := w.used("churn-v1"); got != "churn" {
			t.Errorf("the one in force: %q", got)
		}
		w.ok(w.adapter.Update(ctx, "churn", "both"))
		if got := w.used("both"); got != "churn" {
			t.Errorf("while it is pending: %q", got)
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		if got := w.used("both"); got != "churn" {
			t.Errorf("in force: %q", got)
		}
		if got := w.used("churn-v1"); got != "" {
			t.Errorf("replaced: %q", got)
		}
		w.ok(w.adapter.Create(ctx, "other", "churn-v1")) // somebody else takes it up
		if got := w.used("churn-v1"); got != "other" {
			t.Errorf("of another endpoint: %q", got)
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		w.ok(w.adapter.Delete(ctx, "other"))
		if got := w.used("churn-v1"); got != "other" {
			t.Errorf("while its endpoint is deleted: %q", got)
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		if got := w.used("churn-v1"); got != "" {
			t.Errorf("after that: %q", got)
		}
	})
}

// All pages of endpoints are read, and none that has not changed since.
func TestConfigUsedReadsWhatItMust(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		for i := range 25 {
			_, err := w.sm.Seed(sagemaker.Champion{Endpoint: fmt.Sprintf("old-%02d", i)})
			w.ok(err)
		}
	})
	w.RunFor(time.Hour)
	w.Do(func() {
		w.ok(w.adapter.EnsureConfig(ctx, both()))
		w.ok(w.adapter.Create(ctx, "a-user", "both"))
		idle := both()
		idle.Name = "idle"
		w.ok(w.adapter.EnsureConfig(ctx, idle))
	})
	w.RunFor(time.Minute)
	w.Do(func() {
		for i := range 25 { // the lists are newest first: the user is on the last page
			w.ok(w.adapter.Create(ctx, fmt.Sprintf("young-%02d", i), "churn-v1"))
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		described := map[string]int{}
		w.srv.Observe = func(r wire.Record) { described[r.Operation]++ }
		if got := w.used("both"); got != "a-user" {
			t.Errorf("got %q", got)
		}
		clear(described)
		if got := w.used("idle"); got != "" {
			t.Errorf("the idle one: %q", got)
		}
		if n := described["DescribeEndpoint"]; n != 26 {
			t.Errorf("%d endpoints were read; 26 have changed since", n)
		}
		if described["ListEndpoints"] < 2 {
			t.Errorf("%d pages", described["ListEndpoints"])
		}
	})
}

func TestModelUsed(t *testing.T) {
	w := newWorld(t)
	w.RunFor(time.Minute)
	used := func(model string) string {
		t.Helper()
		config, err := w.adapter.ModelUsed(ctx, model)
		w.ok(err)
		return config
	}
	w.Do(func() {
		w.ok(w.adapter.EnsureModel(ctx, "m", w.champion, role))
		w.ok(w.adapter.EnsureModel(ctx, "s", w.champion, role))
		if got := used("m"); got != "" {
			t.Errorf("before any config: %s", got)
		}
		if got := used("churn-v1"); got != "churn-v1" {
			t.Errorf("the champion: %q", got)
		}
	})
	w.RunFor(time.Minute)
	w.Do(func() { // by hand, of our models
		w.byHand("theirs", "m", "s")
		for i := range 15 {
			w.byHand(fmt.Sprintf("more-%02d", i), "churn-v1", "")
		}
		for _, model := range []string{"m", "s"} {
			if got := used(model); got != "theirs" {
				t.Errorf("model %s of a config made by hand: %q", model, got)
			}
		}
		w.ok(w.adapter.DeleteConfig(ctx, "theirs"))
		if got := used("m"); got != "" {
			t.Errorf("after its config went: %q", got)
		}
		if _, err := w.adapter.ModelUsed(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no model: %v", err)
		}
	})
}

func TestOurs(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		w.ok(w.adapter.EnsureModel(ctx, "m", w.champion, role))
		w.ok(w.adapter.EnsureConfig(ctx, both()))
		w.byHand("theirs", "m", "")
		_, err := w.client.CreateModel(ctx, &sdk.CreateModelInput{
			ModelName: aws.String("tagged"), ExecutionRoleArn: aws.String(role), PrimaryContainer: &types.ContainerDefinition{ModelPackageName: &w.champion},
			Tags: []types.Tag{{Key: aws.String("sluice"), Value: aws.String("no")}, {Key: aws.String("team"), Value: aws.String("rollout")}},
		})
		w.ok(err)
		for config, want := range map[string]bool{"both": true, "theirs": false, "churn-v1": false} {
			if got, err := w.adapter.ConfigOurs(ctx, config); got != want || err != nil {
				t.Errorf("config %s: %v, %v", config, got, err)
			}
		}
		for model, want := range map[string]bool{"m": true, "tagged": false, "churn-v1": false} {
			if got, err := w.adapter.ModelOurs(ctx, model); got != want || err != nil {
				t.Errorf("model %s: %v, %v", model, got, err)
			}
		}
		if _, err := w.adapter.ConfigOurs(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no config: %v", err)
		}
		if _, err := w.adapter.ModelOurs(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no model: %v", err)
		}
	})
}

// Deleting is repeatable, also after an answer was lost.
func TestDeletions(t *testing.T) {
	for operation, remove := range map[string]func(*world) error{
		"DeleteEndpointConfig": func(w *world) error { return w.adapter.DeleteConfig(ctx, "both") },
		"DeleteModel":          func(w *world) error { return w.adapter.DeleteModel(ctx, "m") },
	} {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.Do(func() {
				w.ok(w.adapter.EnsureModel(ctx, "m", w.champion, role))
				w.ok(w.adapter.EnsureConfig(ctx, both()))
				w.lose(operation, wire.LostRequest)
				if err := remove(w); !fault.Is(err, fault.Internal) {
					t.Errorf("a lost request: %v", err)
				}
				w.lose(operation, wire.Throttle)
				if err := remove(w); !fault.Is(err, fault.Throttled) {
					t.Errorf("throttled: %v", err)
				}
				w.lose(operation, wire.LostAnswer)
				if err := remove(w); !fault.Is(err, fault.Internal) {
					t.Errorf("a lost answer: %v", err)
				}
				w.ok(remove(w))
				_, errC := w.adapter.Config(ctx, "both")
				_, errM := w.adapter.Model(ctx, "m")
				if gone := map[string]error{"DeleteEndpointConfig": errC, "DeleteModel": errM}[operation]; !fault.Is(gone, fault.NotFound) {
					t.Errorf("it is there: %v", gone)
				}
			})
		})
	}
}
