package autoscaling_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/smithy-go"

	"sluice/local/autoscaling"
	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

var ctx = context.Background()

// stage is the service with an SDK client before it, and behind it one endpoint, churn,
// with the variants blue and green.
type stage struct {
	t      *testing.T
	w      *sim.World
	svc    *autoscaling.Service
	client *sdk.Client
	needs  []wire.Access

	instances map[string]int
	busy      bool
	takes     time.Duration // a change
	undo      bool          // the next change, as SageMaker rolls it back
	changes   []int         // asked for
	rpm       func(time.Time) float64
	delay     time.Duration // of metrics
	asked     []autoscaling.Metric
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, w: sim.NewWorld(start, 1), instances: map[string]int{"blue": 2, "green": 2}, takes: 3 * time.Minute, delay: 90 * time.Second}
	s.svc = autoscaling.New(s.w, s)
	srv := wire.NewServer(s.w)
	srv.Allow = func(_ string, need wire.Access) error {
		s.needs = append(s.needs, need)
		return nil
	}
	srv.Register(s.svc.Wire())
	s.client = sdk.NewFromConfig(aws.Config{Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: &http.Client{Transport: srv},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
	return s
}

func (s *stage) Variant(endpoint, variant string) (autoscaling.Variant, bool) {
	n, ok := s.instances[variant]
	return autoscaling.Variant{InService: !s.busy, Instances: n}, ok && endpoint == "churn"
}

func (s *stage) Resize(_, variant string, n int) error {
	if s.busy {
		return errors.New("in progress")
	}
	s.changes = append(s.changes, n)
	s.busy = true
	s.w.After(s.takes, "resize", func() {
		if !s.undo {
			s.instances[variant] = n
		}
		s.busy, s.undo = false, false
	})
	return nil
}

// Published is rpm by the instances of the minute's variant, which a test keeps alone.
func (s *stage) Published(m autoscaling.Metric, from, to time.Time) []autoscaling.Point {
	s.asked = append(s.asked, m)
	var out []autoscaling.Point
	for at := from; at.Before(to) && !at.Add(time.Minute+s.delay).After(s.w.Now()); at = at.Add(time.Minute) {
		if at.Before(start) {
			continue
		}
		if n := s.rpm(at); n > 0 {
			out = append(out, autoscaling.Point{Minute: at, Value: n / float64(s.instances["blue"])})
		}
	}
	return out
}

func register(least, most int32, change ...func(*sdk.RegisterScalableTargetInput)) *sdk.RegisterScalableTargetInput {
	in := &sdk.RegisterScalableTargetInput{ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: types.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/churn/variant/blue"), MinCapacity: &least, MaxCapacity: &most}
	for _, c := range change {
		c(in)
	}
	return in
}

func green(in *sdk.RegisterScalableTargetInput) {
	in.ResourceId = aws.String("endpoint/churn/variant/green")
}

// track is a policy that keeps blue at 100 invocations for each instance.
func track(change ...func(*types.TargetTrackingScalingPolicyConfiguration)) *sdk.PutScalingPolicyInput {
	c := &types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(100),
		PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeSageMakerVariantInvocationsPerInstance}}
	for _, f := range change {
		f(c)
	}
	return &sdk.PutScalingPolicyInput{PolicyName: aws.String("invocations"), PolicyType: types.PolicyTypeTargetTrackingScaling,
		ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: types.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/churn/variant/blue"), TargetTrackingScalingPolicyConfiguration: c}
}

// step is a policy of another kind.
func step() *sdk.PutScalingPolicyInput {
	return &sdk.PutScalingPolicyInput{PolicyName: aws.String("steps"), PolicyType: types.PolicyTypeStepScaling,
		ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: types.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/churn/variant/blue"), StepScalingPolicyConfiguration: &types.StepScalingPolicyConfiguration{
			AdjustmentType: types.AdjustmentTypePercentChangeInCapacity, Cooldown: aws.Int32(60), MetricAggregationType: types.MetricAggregationTypeMaximum, MinAdjustmentMagnitude: aws.Int32(2),
			StepAdjustments: []types.StepAdjustment{
				{MetricIntervalLowerBound: aws.Float64(0), MetricIntervalUpperBound: aws.Float64(15.5), ScalingAdjustment: aws.Int32(10)},
				{MetricIntervalLowerBound: aws.Float64(15.5), ScalingAdjustment: aws.Int32(30)},
			}}}
}

// call runs one SDK call while holding the world and wants it to succeed.
func call[In, Out any](s *stage, op func(*sdk.Client, context.Context, In, ...func(*sdk.Options)) (Out, error), in In) Out {
	s.t.Helper()
	out, err := try(s, op, in)
	if err != nil {
		s.t.Fatalf("%T: %v", in, err)
	}
	return out
}

func try[In, Out any](s *stage, op func(*sdk.Client, context.Context, In, ...func(*sdk.Options)) (Out, error), in In) (out Out, err error) {
	s.w.Do(func() { out, err = op(s.client, ctx, in) })
	return out, err
}

// refusal is the code of an API error.
func refusal(t *testing.T, err error) string {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want an API error", err)
	}
	return e.ErrorCode()
}
