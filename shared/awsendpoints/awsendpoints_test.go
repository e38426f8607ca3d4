package awsendpoints_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsendpoints"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

var ctx = context.Background()

// world has the endpoint churn, which serves one variant of config churn-v1.
type world struct {
	*sim.World
	*testing.T
	srv      *wire.Server
	sm       *sagemaker.Service
	client   *sdk.Client
	adapter  *awsendpoints.Endpoints
	champion string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7), T: t}
	w.sm = sagemaker.New(w.World, sagemaker.Outside{Emit: func(string, string, []string, any) {}})
	w.srv = wire.NewServer(w.World)
	w.srv.Register(w.sm.Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.client, w.adapter = sdk.NewFromConfig(cfg), awsendpoints.Open(cfg)
	w.Do(func() {
		var err error
		w.champion, err = w.sm.Seed(sagemaker.Champion{Endpoint: "churn"})
		w.ok(err)
	})
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// lose makes the answer to this operation get lost, once.
func (w *world) lose(operation string, effect wire.Effect) {
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		if c.Operation != operation {
			return wire.NoFault
		}
		w.srv.Fault = nil
		return effect
	}
}

const role = "arn:aws:iam::111122223333:role/m"

func both() shifting.ConfigRequest {
	side := func(name string, weight int) shifting.WeightedVariant {
		return shifting.WeightedVariant{ConfigVariant: shifting.ConfigVariant{Name: name, Model: "churn-v1", Count: 1}, Weight: weight}
	}
	return shifting.ConfigRequest{Name: "both", From: "churn-v1", Variants: []shifting.WeightedVariant{side("AllTraffic", 100), side("new", 0)}}
}

func TestDescribe(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		w.ok(w.adapter.EnsureConfig(ctx, both()))
		w.ok(w.adapter.Update(ctx, "churn", "both"))
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		want := rollout.Endpoint{Name: "churn", Status: "Updating", Config: "churn-v1", PendingConfig: "both", Modified: w.Now(),
			Variants: []rollout.Variant{{Name: "AllTraffic", Weight: 1, WantedWeight: 1, Count: 2, WantedCount: 2}}}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("while it is updated (-want +got):\n%s", diff)
		}
		for what, err := range map[string]error{"update": w.adapter.Update(ctx, "churn", "churn-v1"), "weights": w.adapter.SetWeights(ctx, "churn", map[string]int{"AllTraffic": 1})} {
			if !fault.Is(err, fault.NotReady) {
				t.Errorf("%s while it is busy: %v", what, err)
			}
		}
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() { // the config's weights, the live number of instances
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		if got := e.String(); got != "InService, config both, AllTraffic 100 % on 2, new 0 % on 1" || e.PendingConfig != "" {
			t.Errorf("endpoint %s, pending %q", got, e.PendingConfig)
		}
		w.ok(w.adapter.SetWeights(ctx, "churn", map[string]int{"new": 10, "AllTraffic": 90}))
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() {
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		if e.Share("new") != 10 || e.Share("AllTraffic") != 90 {
			t.Errorf("endpoint %s", e)
		}
		again := both()
		again.Name = "both-again"
		w.ok(w.adapter.EnsureConfig(ctx, again))
		w.ok(w.adapter.Update(ctx, "churn", "both-again"))
	})
	w.RunUntilIdle(time.Hour)
	w.Do(func() { // a config's weights replace the live ones
		e, err := w.adapter.Describe(ctx, "churn")
		w.ok(err)
		if got := e.String(); got != "InService, config both-again, AllTraffic 100 % on 2, new 0 % on 1" {
			t.Errorf("endpoint %s", got)
		}
		_, err = w.adapter.Describe(ctx, "nobody")
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("no endpoint: %v", err)
		}
		if err := w.adapter.SetWeights(ctx, "churn", map[string]int{"nobody": 1}); !fault.Is(err, fault.Invalid) {
			t.Errorf("no variant: %v", err)
		}
		if err := w.adapter.Update(ctx, "churn", "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no config: %v", err)
		}
	})
}

// Making is finding when it has been made, also by a call whose answer was lost.
func TestEnsure(t *testing.T) {
	makes := map[string]func(*world) error{
		"CreateModel":          func(w *world) error { return w.adapter.EnsureModel(ctx, "m", w.champion, role) },
		"CreateEndpointConfig": func(w *world) error { return w.adapter.EnsureConfig(ctx, both()) },
	}
	for operation, ensure := range makes {
		t.Run(operation, func(t *testing.T) {
			w := newWorld(t)
			w.Do(func() {
				w.lose(operation, wire.LostAnswer)
				w.ok(ensure(w))
				made := 0
				w.srv.Observe = func(r wire.Record) {
					if r.Operation == operation {
						made++
					}
				}
				if w.ok(ensure(w)); made > 0 {
					t.Error("made again")
				}
			})
			w = newWorld(t)
			w.Do(func() {
				w.lose(operation, wire.LostRequest)
				if err := ensure(w); !fault.Is(err, fault.Internal) {
					t.Errorf("a lost request: %v", err)
				}
				w.lose(operation, wire.Throttle)
				if err := ensure(w); !fault.Is(err, fault.Throttled) {
					t.Errorf("throttled: %v", err)
				}
				w.ok(ensure(w))
			})
		})
	}
	w := newWorld(t)
	w.Do(func() {
		if err := w.adapter.EnsureModel(ctx, "churn-v1", w.champion+"0", role); !fault.Is(err, fault.Conflict) {
			t.Errorf("a model of another package: %v", err)
		}
		if err := w.adapter.EnsureModel(ctx, "m", w.champion+"0", role); !fault.Is(err, fault.NotFound) {
			t.Errorf("a package that is not there: %v", err)
		}
		r := both()
		r.From = "nobody"
		if err := w.adapter.EnsureConfig(ctx, r); !fault.Is(err, fault.NotFound) {
			t.Errorf("a config of no config: %v", err)
		}
		r = both()
		r.Name = "churn-v1"
		if err := w.adapter.EnsureConfig(ctx, r); !fault.Is(err, fault.Conflict) {
			t.Errorf("a config with other variants: %v", err)
		}
		c, err := w.adapter.Config(ctx, "churn-v1")
		w.ok(err)
		want := shifting.EndpointConfig{Name: "churn-v1", Created: w.Now(), Variants: []shifting.ConfigVariant{{Name: "AllTraffic", Model: "churn-v1", InstanceType: "ml.m5.large", Count: 2}}}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("config (-want +got):\n%s", diff)
		}
	})
}

// A config says where it captures requests, unless it does not.
func TestConfigSaysWhereItCaptures(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		for name, tt := range map[string]struct {
			enabled *bool
			want    string
		}{"says-nothing": {nil, "s3://captures/churn"}, "captures": {aws.Bool(true), "s3://captures/churn"}, "switched-off": {aws.Bool(false), ""}} {
			_, err := w.client.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{
				EndpointConfigName: &name,
				ProductionVariants: []types.ProductionVariant{{VariantName: aws.String("AllTraffic"), ModelName: aws.String("churn-v1"), InstanceType: "ml.m5.large", InitialInstanceCount: aws.Int32(1)}},
				DataCaptureConfig: &types.DataCaptureConfig{
					EnableCapture: tt.enabled, InitialSamplingPercentage: aws.Int32(20), DestinationS3Uri: aws.String("s3://captures/churn"),
					CaptureOptions: []types.CaptureOption{{CaptureMode: types.CaptureModeInput}},
				},
			})
			w.ok(err)
			c, err := w.adapter.Config(ctx, name)
			w.ok(err)
			if c.Captures != tt.want {
				t.Errorf("config %s captures into %q, want %q", name, c.Captures, tt.want)
			}
		}
	})
}
