package awsscaling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/autoscaling"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsscaling"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

var ctx = context.Background()

// endpoint has the variants AllTraffic and new, on one instance each, and no metrics.
type endpoint struct{}

func (endpoint) Variant(_, variant string) (autoscaling.Variant, bool) {
	return autoscaling.Variant{InService: true, Instances: 1}, variant == "AllTraffic" || variant == "new"
}
func (endpoint) Resize(string, string, int) error { return nil }
func (endpoint) Published(autoscaling.Metric, time.Time, time.Time) []autoscaling.Point {
	return nil
}

type world struct {
	*testing.T
	srv     *wire.Server
	client  *sdk.Client
	adapter *awsscaling.Scaling
	writes  []string // operations that changed something
}

// within runs fn in a world with endpoint churn, none of whose variants is scaled.
func within(t *testing.T, fn func(*world)) {
	t.Helper()
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	srv := wire.NewServer(w)
	srv.Register(autoscaling.New(w, endpoint{}).Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	x := &world{T: t, srv: srv, client: sdk.NewFromConfig(cfg), adapter: awsscaling.Open(cfg)}
	srv.Observe = func(r wire.Record) {
		if !strings.HasPrefix(r.Operation, "Describe") {
			x.writes = append(x.writes, r.Operation)
		}
	}
	w.Do(func() { fn(x) })
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

const (
	namespace = types.ServiceNamespaceSagemaker
	dimension = types.ScalableDimensionSageMakerVariantDesiredInstanceCount
)

func id(variant string) *string { return aws.String("endpoint/churn/variant/" + variant) }

func (w *world) register(variant string) {
	w.Helper()
	_, err := w.client.RegisterScalableTarget(ctx, &sdk.RegisterScalableTargetInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id(variant), MinCapacity: aws.Int32(2), MaxCapacity: aws.Int32(8),
		SuspendedState: &types.SuspendedState{ScheduledScalingSuspended: aws.Bool(true)},
	})
	w.ok(err)
}

func (w *world) track(variant, name string, c types.TargetTrackingScalingPolicyConfiguration) {
	w.Helper()
	_, err := w.client.PutScalingPolicy(ctx, &sdk.PutScalingPolicyInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id(variant), PolicyName: &name,
		PolicyType: types.PolicyTypeTargetTrackingScaling, TargetTrackingScalingPolicyConfiguration: &c,
	})
	w.ok(err)
}

func invocations(target float64) types.TargetTrackingScalingPolicyConfiguration {
	return types.TargetTrackingScalingPolicyConfiguration{
		TargetValue: &target, ScaleInCooldown: aws.Int32(600), DisableScaleIn: aws.Bool(true),
		PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeSageMakerVariantInvocationsPerInstance},
	}
}

// cpu tracks a variant's own metric, beside what it must leave alone.
func cpu(of, variant string) types.TargetTrackingScalingPolicyConfiguration {
	return types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(60), CustomizedMetricSpecification: &types.CustomizedMetricSpecification{
		Namespace: aws.String("/aws/sagemaker/Endpoints"), MetricName: aws.String("CPUUtilization"), Statistic: types.MetricStatisticAverage,
		Dimensions: []types.MetricDimension{{Name: aws.String("EndpointName"), Value: &of}, {Name: aws.String("VariantName"), Value: &variant}},
	}}
}

// sums tracks an expression of the variant's metric and one of the whole endpoint.
func sums(variant string) types.TargetTrackingScalingPolicyConfiguration {
	stat := func(dims ...types.TargetTrackingMetricDimension) *types.TargetTrackingMetricStat {
		return &types.TargetTrackingMetricStat{Stat: aws.String("Sum"), Metric: &types.TargetTrackingMetric{Namespace: aws.String("Shop"), MetricName: aws.String("Work"), Dimensions: dims}}
	}
	return types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(5), CustomizedMetricSpecification: &types.CustomizedMetricSpecification{Metrics: []types.TargetTrackingMetricDataQuery{
		{Id: aws.String("a"), MetricStat: stat(types.TargetTrackingMetricDimension{Name: aws.String("VariantName"), Value: &variant}), ReturnData: aws.Bool(false)},
		{Id: aws.String("b"), MetricStat: stat(), ReturnData: aws.Bool(false)},
		{Id: aws.String("c"), Expression: aws.String("a/b")},
	}}}
}

// furnish gives AllTraffic limits, a policy of every kind and a scheduled action.
func (w *world) furnish() {
	w.Helper()
	w.register("AllTraffic")
	w.track("AllTraffic", "invocations", invocations(70))
	w.track("AllTraffic", "cpu", cpu("churn", "AllTraffic"))
	w.track("AllTraffic", "other", cpu("fraud", "AllTraffic"))
	w.track("AllTraffic", "sums", sums("AllTraffic"))
	_, err := w.client.PutScalingPolicy(ctx, &sdk.PutScalingPolicyInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id("AllTraffic"), PolicyName: aws.String("steps"), PolicyType: types.PolicyTypeStepScaling,
		StepScalingPolicyConfiguration: &types.StepScalingPolicyConfiguration{
			AdjustmentType:  types.AdjustmentTypeChangeInCapacity,
			StepAdjustments: []types.StepAdjustment{{MetricIntervalLowerBound: aws.Float64(0), ScalingAdjustment: aws.Int32(1)}},
		},
	})
	w.ok(err)
	_, err = w.client.PutScheduledAction(ctx, &sdk.PutScheduledActionInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id("AllTraffic"), ScheduledActionName: aws.String("mornings"),
		Schedule: aws.String("cron(0 7 * * ? *)"), Timezone: aws.String("Europe/Vienna"), EndTime: aws.Time(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)),
		ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: aws.Int32(4)},
	})
	w.ok(err)
}

// tracked are the target tracking configurations of a variant's policies by name.
func (w *world) tracked(variant string) map[string]string {
	w.Helper()
	out, err := w.client.DescribeScalingPolicies(ctx, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id(variant)})
	w.ok(err)
	all := map[string]string{}
	for _, p := range out.ScalingPolicies {
		raw, err := json.Marshal(p.TargetTrackingScalingPolicyConfiguration)
		w.ok(err)
		all[*p.PolicyName] = string(raw)
	}
	return all
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestACopyTracksItsOwnMetrics(t *testing.T) {
	within(t, func(w *world) {
		w.furnish()
		s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
		w.ok(err)
		if s == nil || s.Min != 2 || s.Max != 8 {
			t.Fatalf("read %+v", s)
		}
		w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		want := map[string]string{
			"invocations": text(t, invocations(70)), "cpu": text(t, cpu("churn", "new")), "other": text(t, cpu("fraud", "AllTraffic")),
			"sums": text(t, sums("new")), "steps": "null",
		}
		if diff := cmp.Diff(want, w.tracked("new")); diff != "" {
			t.Errorf("policies of the copy (-want +got):\n%s", diff)
		}
		copied, err := w.adapter.Read(ctx, "churn", "new")
		w.ok(err)
		// All else is the same, and what was read says from where.
		got := strings.NewReplacer(`"new"`, `"AllTraffic"`).Replace(copied.Settings)
		if copied.Min != 2 || copied.Max != 8 || got != s.Settings {
			t.Errorf("the copy has %d to %d,\n%s; want\n%s", copied.Min, copied.Max, got, s.Settings)
		}
		for _, part := range []string{`"scheduled":true`, `"mornings"`, `"Europe/Vienna"`, `"2027-01-01T00:00:00Z"`, `"MinCapacity":4`, `"ScalingAdjustment":1`, `"ScaleInCooldown":600`} {
			if !strings.Contains(copied.Settings, part) {
				t.Errorf("the copy lacks %s: %s", part, copied.Settings)
			}
		}
	})
}

// A second call writes nothing; one with other limits writes only them.
func TestEnsureWritesWhatDiffers(t *testing.T) {
	within(t, func(w *world) {
		w.furnish()
		s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
		w.ok(err)
		w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		w.writes = nil
		w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		w.ok(w.adapter.Ensure(ctx, "churn", "AllTraffic", *s))
		if len(w.writes) > 0 {
			t.Errorf("again: %v", w.writes)
		}
		s.Min = 3
		w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		if diff := cmp.Diff([]string{"RegisterScalableTarget"}, w.writes); diff != "" {
			t.Errorf("other limits (-want +got):\n%s", diff)
		}
		if is, err := w.adapter.Read(ctx, "churn", "new"); err != nil || is.Min != 3 || is.Max != 8 {
			t.Errorf("%+v, %v", is, err)
		}
	})
}

// What hangs on a copy is as on the variant that it was read from; what somebody has
// added to that one stays.
func TestEnsureDeletesFromCopiesOnly(t *testing.T) {
	within(t, func(w *world) {
		w.register("AllTraffic")
		w.track("AllTraffic", "invocations", invocations(70))
		s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
		w.ok(err)
		for _, variant := range []string{"AllTraffic", "new"} {
			w.register(variant)
			w.track(variant, "cpu", cpu("churn", variant))
			_, err := w.client.PutScheduledAction(ctx, &sdk.PutScheduledActionInput{
				ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id(variant), ScheduledActionName: aws.String("nights"),
				Schedule: aws.String("cron(0 22 * * ? *)"), ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: aws.Int32(1)},
			})
			w.ok(err)
		}
		w.track("AllTraffic", "invocations", invocations(900))
		w.track("new", "old", invocations(900)) // only one may track this metric
		w.writes = nil
		w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		if diff := cmp.Diff([]string{"DeleteScalingPolicy", "DeleteScalingPolicy", "DeleteScheduledAction", "PutScalingPolicy"}, w.writes); diff != "" {
			t.Errorf("on a copy (-want +got):\n%s", diff)
		}
		w.ok(w.adapter.Ensure(ctx, "churn", "AllTraffic", *s))
		want := map[string]string{"invocations": text(t, invocations(70)), "cpu": text(t, cpu("churn", "AllTraffic"))}
		if diff := cmp.Diff(want, w.tracked("AllTraffic")); diff != "" {
			t.Errorf("on its own (-want +got):\n%s", diff)
		}
		delete(want, "cpu")
		if diff := cmp.Diff(want, w.tracked("new")); diff != "" {
			t.Errorf("the copy (-want +got):\n%s", diff)
		}
	})
}

func TestRemove(t *testing.T) {
	within(t, func(w *world) {
		w.furnish()
		s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
		w.ok(err)
		w.ok(w.adapter.Remove(ctx, "churn", "AllTraffic"))
		w.ok(w.adapter.Remove(ctx, "churn", "AllTraffic"))
		if is, err := w.adapter.Read(ctx, "churn", "AllTraffic"); is != nil || err != nil {
			t.Errorf("removed, and there is %+v, %v", is, err)
		}
		w.ok(w.adapter.Ensure(ctx, "churn", "AllTraffic", *s)) // as it was found
		is, err := w.adapter.Read(ctx, "churn", "AllTraffic")
		w.ok(err)
		if diff := cmp.Diff(s, is); diff != "" {
			t.Errorf("put back (-want +got):\n%s", diff)
		}
	})
}

// A policy page has ten, and more than one page is read.
func TestAllPagesAreRead(t *testing.T) {
	within(t, func(w *world) {
		w.register("AllTraffic")
		for i := range 23 {
			c := cpu("churn", "AllTraffic")
			c.TargetValue = aws.Float64(float64(10 + i))
			w.track("AllTraffic", fmt.Sprintf("cpu-%d", i), c)
		}
		s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
		w.ok(err)
		w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		if is, err := w.adapter.Read(ctx, "churn", "new"); err != nil || strings.Count(is.Settings, "CPUUtilization") != 23 {
			t.Errorf("%+v, %v", is, err)
		}
	})
}

// Any call may fail, before its effect or after it; the next try ends the same.
func TestEnsureAfterAnyFailure(t *testing.T) {
	operations := []string{"DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions", "RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction", "DeleteScalingPolicy", "DeleteScheduledAction"}
	for _, operation := range operations {
		for effect, kind := range map[wire.Effect]fault.Kind{wire.Throttle: fault.Throttled, wire.LostRequest: fault.Internal, wire.LostAnswer: fault.Internal} {
			within(t, func(w *world) {
				w.furnish()
				s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
				w.ok(err)
				if strings.HasPrefix(operation, "Delete") {
					w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
					s = &rollout.Scaling{Min: 2, Max: 8}
				}
				w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
					if c.Operation != operation {
						return wire.NoFault
					}
					w.srv.Fault = nil
					return effect
				}
				if err := w.adapter.Ensure(ctx, "churn", "new", *s); !fault.Is(err, kind) {
					t.Errorf("%s, effect %d: %v", operation, effect, err)
				}
				w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
				is, err := w.adapter.Read(ctx, "churn", "new")
				w.ok(err)
				if got := strings.Count(is.Settings, "CPUUtilization"); got != strings.Count(s.Settings, "CPUUtilization") || is.Min != 2 {
					t.Errorf("%s, effect %d: ends with %+v", operation, effect, is)
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	within(t, func(w *world) {
		for what, err := range map[string]error{
			"no variant":           w.adapter.Ensure(ctx, "churn", "nobody", rollout.Scaling{Min: 1, Max: 2}),
			"limits":               w.adapter.Ensure(ctx, "churn", "new", rollout.Scaling{Min: 3, Max: 2}),
			"settings that are no": w.adapter.Ensure(ctx, "churn", "new", rollout.Scaling{Min: 1, Max: 2, Settings: "x"}),
		} {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if slices.Contains(w.writes, "PutScalingPolicy") {
			t.Error(w.writes)
		}
	})
}

// What has been written and is not read back is not done: somebody else is at it.
func TestEnsureReadsBack(t *testing.T) {
	for what, meddle := range map[string]func(*world){
		"taken away": func(w *world) { w.ok(w.adapter.Remove(ctx, "churn", "new")) },
		"other limits": func(w *world) {
			_, err := w.client.RegisterScalableTarget(ctx, &sdk.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id("new"), MaxCapacity: aws.Int32(9)})
			w.ok(err)
		},
		"another target value": func(w *world) { w.track("new", "invocations", invocations(71)) },
		"one policy too many":  func(w *world) { w.track("new", "cpu", cpu("churn", "new")) },
		"another action": func(w *world) {
			_, err := w.client.PutScheduledAction(ctx, &sdk.PutScheduledActionInput{
				ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: id("new"), ScheduledActionName: aws.String("nights"),
				Schedule: aws.String("cron(0 22 * * ? *)"), ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: aws.Int32(1)},
			})
			w.ok(err)
		},
	} {
		within(t, func(w *world) {
			w.register("AllTraffic")
			w.track("AllTraffic", "invocations", invocations(70))
			s, err := w.adapter.Read(ctx, "churn", "AllTraffic")
			w.ok(err)
			w.srv.Observe = func(r wire.Record) {
				if r.Operation == "PutScalingPolicy" {
					w.srv.Observe = nil
					meddle(w)
				}
			}
			if err := w.adapter.Ensure(ctx, "churn", "new", *s); !fault.Is(err, fault.NotReady) {
				t.Errorf("%s meanwhile: %v", what, err)
			}
			w.ok(w.adapter.Ensure(ctx, "churn", "new", *s))
		})
	}
}
