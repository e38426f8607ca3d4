package local_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scale "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/smithy-go"

	"sluice/local"
	"sluice/local/autoscaling"
	"sluice/local/faults"
	"sluice/local/lambda"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
)

// account is a whole account with the endpoint churn: 2 instances, which carry 1,000
// requests a minute each.
type account struct {
	*local.AWS
	t       *testing.T
	models  *sdk.Client
	scaling *scaling.Client
}

var ctx = context.Background()

func newAccount(t *testing.T, rpm float64) *account {
	t.Helper()
	a := &account{t: t, AWS: local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), local.InProcess)}
	t.Cleanup(a.Close)
	a.models, a.scaling = sdk.NewFromConfig(a.AdminConfig()), scaling.NewFromConfig(a.AdminConfig())
	a.do(func() error {
		_, err := a.SageMaker.Seed(sagemaker.Champion{Endpoint: "churn", Variant: "blue", Traffic: traffic.Traffic{RPM: rpm}, History: time.Hour, Behaviour: traffic.Behaviour{PerInstance: 1000}})
		return err
	})
	return a
}

func (a *account) do(fn func() error) {
	a.t.Helper()
	a.World.Do(func() {
		if err := fn(); err != nil {
			a.t.Fatal(err)
		}
	})
}

// refused wants fn to fail with an error of this code, and gives its message.
func (a *account) refused(code string, fn func() error) (message string) {
	a.t.Helper()
	a.World.Do(func() {
		var e smithy.APIError
		if err := fn(); !errors.As(err, &e) || e.ErrorCode() != code {
			a.t.Fatalf("got %v, want %s", err, code)
		}
		message = e.ErrorMessage()
	})
	return message
}

func (a *account) describe() (out *sdk.DescribeEndpointOutput) {
	a.t.Helper()
	a.do(func() (err error) {
		out, err = a.models.DescribeEndpoint(ctx, &sdk.DescribeEndpointInput{EndpointName: aws.String("churn")})
		return err
	})
	return out
}

// bad is the share of users' requests that were answered badly in the minutes from.
func (a *account) bad(from time.Time) float64 {
	requests, bad := 0, 0
	for _, c := range a.SageMaker.Hosting.Served("churn", from, a.World.Now()) {
		requests, bad = requests+c.Requests, bad+c.Bad()
	}
	return float64(bad) / float64(max(1, requests))
}

// config makes a configuration of blue with this instance type and count.
func (a *account) config(name, instanceType string, count int32) {
	a.t.Helper()
	a.do(func() error {
		_, err := a.models.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: []types.ProductionVariant{{
			VariantName: aws.String("blue"), ModelName: aws.String("churn-v1"), InitialInstanceCount: &count, InstanceType: types.ProductionVariantInstanceType(instanceType),
		}}})
		return err
	})
}

func (a *account) update(config string) error {
	_, err := a.models.UpdateEndpoint(ctx, &sdk.UpdateEndpointInput{EndpointName: aws.String("churn"), EndpointConfigName: &config})
	return err
}

// track keeps blue at 800 invocations for each of its 1 to 8 instances.
func (a *account) track() {
	a.t.Helper()
	a.do(func() error {
		return a.AutoScaling.Track("churn", "blue", autoscaling.Tracking{Least: 1, Most: 8, Invocations: 800, InCooldown: 5 * time.Minute, OutCooldown: 5 * time.Minute})
	})
}

// Scaling follows the requests, by published metrics, in the way that anybody changes
// an endpoint; users see what it is too late for.
func TestScalingFollowsRequests(t *testing.T) {
	a := newAccount(t, 3000)
	began := a.World.Now()
	a.track()
	a.World.RunFor(4 * time.Minute)
	if share := a.bad(began); share < 0.25 || share > 0.4 {
		t.Errorf("%.2f of the answers were bad with 2 instances, want a third", share)
	}
	if !a.World.RunUntil(func() bool { e, _ := a.SageMaker.Hosting.Describe("churn"); return e.EndpointStatus == "Updating" }, 10*time.Minute) {
		t.Fatal("it never scaled")
	}
	if v := a.describe().ProductionVariants[0]; *v.CurrentInstanceCount != 2 || *v.DesiredInstanceCount != 4 {
		t.Errorf("under way: %d, wanted %d", *v.CurrentInstanceCount, *v.DesiredInstanceCount)
	}
	a.World.RunFor(10 * time.Minute)
	settled := a.World.Now()
	a.World.RunFor(30 * time.Minute)
	if v := a.describe().ProductionVariants[0]; *v.CurrentInstanceCount != 4 || a.bad(settled) > 0 {
		t.Errorf("%d instances, %.2f of the answers are bad", *v.CurrentInstanceCount, a.bad(settled))
	}
	a.do(func() error { return a.SageMaker.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 400}) })
	a.World.RunFor(time.Hour)
	if v := a.describe().ProductionVariants[0]; *v.CurrentInstanceCount != 1 {
		t.Errorf("%d instances for 400 requests a minute", *v.CurrentInstanceCount)
	}
}

// An update forgets what scaling did, and keeps it from doing more until it is over.
func TestScalingIsBlockedByAnUpdate(t *testing.T) {
	a := newAccount(t, 3000)
	a.track()
	a.World.RunFor(30 * time.Minute)
	a.config("churn-v2", "ml.m5.large", 2)
	a.SageMaker.Hosting.NextUpdate("churn", hosting.Fate{Takes: time.Hour})
	a.do(func() error { return a.update("churn-v2") })
	a.do(func() error { return a.SageMaker.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 6000}) })
	a.World.RunFor(59 * time.Minute)
	if d := a.describe(); d.EndpointStatus != types.EndpointStatusUpdating || *d.ProductionVariants[0].CurrentInstanceCount != 4 {
		t.Errorf("%s with %d instances", d.EndpointStatus, *d.ProductionVariants[0].CurrentInstanceCount)
	}
	if !a.World.RunUntil(func() bool { e, _ := a.SageMaker.Hosting.Describe("churn"); return e.EndpointStatus == "InService" }, time.Hour) {
		t.Fatal("the update never ended")
	}
	if v := a.describe().ProductionVariants[0]; *v.CurrentInstanceCount != 2 {
		t.Errorf("after the update it has %d instances, want those of its configuration", *v.CurrentInstanceCount)
	}
	a.World.RunFor(time.Hour)
	if v := a.describe().ProductionVariants[0]; *v.CurrentInstanceCount != 8 {
		t.Errorf("after the update it scaled to %d", *v.CurrentInstanceCount)
	}
}

// What a rollout has to do around an update that changes a scaled variant: keep its
// target, deregister, update, and register what was kept.
func TestUpdateAroundScaling(t *testing.T) {
	a := newAccount(t, 1500)
	a.track()
	a.config("churn-v2", "ml.m5.xlarge", 2)
	if got := a.refused("ValidationException", func() error { return a.update("churn-v2") }); !strings.Contains(got, "blue") {
		t.Errorf("the refusal names no variant: %s", got)
	}
	var kept scale.ScalableTarget
	var policies []scale.ScalingPolicy
	a.do(func() error {
		targets, err := a.scaling.DescribeScalableTargets(ctx, &scaling.DescribeScalableTargetsInput{ServiceNamespace: scale.ServiceNamespaceSagemaker, ResourceIds: []string{"endpoint/churn/variant/blue"}})
		if err != nil {
			return err
		}
		kept = targets.ScalableTargets[0]
		found, err := a.scaling.DescribeScalingPolicies(ctx, &scaling.DescribeScalingPoliciesInput{ServiceNamespace: kept.ServiceNamespace, ResourceId: kept.ResourceId})
		if err != nil {
			return err
		}
		policies = found.ScalingPolicies
		if _, err := a.scaling.DeregisterScalableTarget(ctx, &scaling.DeregisterScalableTargetInput{ServiceNamespace: kept.ServiceNamespace, ResourceId: kept.ResourceId, ScalableDimension: kept.ScalableDimension}); err != nil {
			return err
		}
		return a.update("churn-v2")
	})
	a.World.RunFor(30 * time.Minute)
	a.do(func() error {
		_, err := a.scaling.RegisterScalableTarget(ctx, &scaling.RegisterScalableTargetInput{ServiceNamespace: kept.ServiceNamespace, ResourceId: kept.ResourceId,
			ScalableDimension: kept.ScalableDimension, MinCapacity: kept.MinCapacity, MaxCapacity: kept.MaxCapacity, SuspendedState: kept.SuspendedState})
		if err != nil {
			return err
		}
		for _, p := range policies {
			if _, err = a.scaling.PutScalingPolicy(ctx, &scaling.PutScalingPolicyInput{PolicyName: p.PolicyName, PolicyType: p.PolicyType, ServiceNamespace: p.ServiceNamespace, ResourceId: p.ResourceId,
				ScalableDimension: p.ScalableDimension, TargetTrackingScalingPolicyConfiguration: p.TargetTrackingScalingPolicyConfiguration}); err != nil {
				return err
			}
		}
		return a.SageMaker.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 3000})
	})
	a.World.RunFor(30 * time.Minute)
	if d := a.describe(); *d.EndpointConfigName != "churn-v2" || *d.ProductionVariants[0].CurrentInstanceCount != 4 {
		t.Errorf("%s with %d instances", *d.EndpointConfigName, *d.ProductionVariants[0].CurrentInstanceCount)
	}
}

// as is a client of each service with a role's credentials.
func (a *account) as(role string, statements string) (*sdk.Client, *scaling.Client) {
	a.t.Helper()
	var cfg aws.Config
	a.do(func() error {
		r, err := a.IAM.CreateRole(role, "", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`))
		if err != nil {
			return err
		}
		cfg = a.Config(lambda.Function{RoleARN: r.ARN, Name: role})
		return a.IAM.PutRolePolicy(role, "may", []byte(`{"Version":"2012-10-17","Statement":[`+statements+`]}`))
	})
	return sdk.NewFromConfig(cfg), scaling.NewFromConfig(cfg)
}

const onTargets = `"arn:aws:application-autoscaling:us-east-1:111122223333:scalable-target/*"`

// Scaling asks IAM as every service does, and SageMaker asks it before it deletes what
// is scaled.
func TestScalingAndIAM(t *testing.T) {
	a := newAccount(t, 0)
	a.track()
	_, reader := a.as("reader", `{"Effect":"Allow","Action":"application-autoscaling:Describe*","Resource":"*"}`)
	models, _ := a.as("cleaner", `{"Effect":"Allow","Action":"sagemaker:*","Resource":"*"}`)
	owner, scaler := a.as("owner", `{"Effect":"Allow","Action":"sagemaker:DeleteEndpoint","Resource":"*"},{"Effect":"Allow","Action":"application-autoscaling:*","Resource":`+onTargets+`,
		"Condition":{"StringEquals":{"application-autoscaling:service-namespace":"sagemaker"}}}`)
	less := &scaling.RegisterScalableTargetInput{ServiceNamespace: scale.ServiceNamespaceSagemaker, ScalableDimension: scale.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/churn/variant/blue"), MaxCapacity: aws.Int32(2)}
	a.do(func() error {
		_, err := reader.DescribeScalableTargets(ctx, &scaling.DescribeScalableTargetsInput{ServiceNamespace: scale.ServiceNamespaceSagemaker})
		return err
	})
	a.refused("AccessDeniedException", func() error { _, err := reader.RegisterScalableTarget(ctx, less); return err })
	a.refused("AccessDeniedException", func() error {
		_, err := scaler.DescribeScalableTargets(ctx, &scaling.DescribeScalableTargetsInput{ServiceNamespace: scale.ServiceNamespaceSagemaker})
		return err
	})
	a.do(func() error { _, err := scaler.RegisterScalableTarget(ctx, less); return err })
	gone := &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")}
	if got := a.refused("ValidationException", func() error { _, err := models.DeleteEndpoint(ctx, gone); return err }); !strings.Contains(got, "application-autoscaling:DeregisterScalableTarget") || len(a.AutoScaling.Scaled("churn")) != 1 {
		t.Errorf("refused with %s; scaled are %v", got, a.AutoScaling.Scaled("churn"))
	}
	a.do(func() error { _, err := owner.DeleteEndpoint(ctx, gone); return err })
	if left := a.AutoScaling.Scaled("churn"); len(left) > 0 {
		t.Errorf("still scaled: %v", left)
	}
}

// Somebody else with a role of their own needs no hook of the stage: their calls keep
// others out, and are refused, like anybody's.
func TestSomebodyElse(t *testing.T) {
	a := newAccount(t, 0)
	a.config("churn-v2", "ml.m5.large", 3)
	theirs, _ := a.as("somebody", `{"Effect":"Allow","Action":"sagemaker:UpdateEndpoint*","Resource":"*"}`)
	stranger, _ := a.as("stranger", `{"Effect":"Allow","Action":"sagemaker:Describe*","Resource":"*"}`)
	in := &sdk.UpdateEndpointInput{EndpointName: aws.String("churn"), EndpointConfigName: aws.String("churn-v2")}
	a.refused("AccessDeniedException", func() error { _, err := stranger.UpdateEndpoint(ctx, in); return err })
	a.do(func() error { _, err := theirs.UpdateEndpoint(ctx, in); return err })
	if got := a.refused("ValidationException", func() error { return a.update("churn-v1") }); !strings.HasPrefix(got, "Cannot update in-progress endpoint") {
		t.Error(got)
	}
	a.World.RunUntilIdle(time.Hour)
	a.do(func() error {
		_, err := theirs.UpdateEndpointWeightsAndCapacities(ctx, &sdk.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: aws.String("churn"),
			DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{VariantName: aws.String("blue"), DesiredInstanceCount: aws.Int32(5)}}})
		return err
	})
	a.World.RunUntilIdle(time.Hour)
	if d := a.describe(); *d.EndpointConfigName != "churn-v2" || *d.ProductionVariants[0].CurrentInstanceCount != 5 {
		t.Errorf("%s with %d instances", *d.EndpointConfigName, *d.ProductionVariants[0].CurrentInstanceCount)
	}
}

// The service is behind the one port, for clients of their own processes, and fails on
// demand like the others.
func TestScalingBehindThePort(t *testing.T) {
	a := newAccount(t, 0)
	list, err := faults.Parse(`application-autoscaling.RegisterScalableTarget "endpoint/churn/*" #1 throttle`)
	if err != nil {
		t.Fatal(err)
	}
	a.Server.Fault = faults.New(a.World, list).Call
	port := httptest.NewServer(a.Server)
	t.Cleanup(port.Close)
	cfg := a.AdminConfig()
	cfg.HTTPClient, cfg.BaseEndpoint = port.Client(), &port.URL
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	client := scaling.NewFromConfig(cfg)
	in := &scaling.RegisterScalableTargetInput{ServiceNamespace: scale.ServiceNamespaceSagemaker, ScalableDimension: scale.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/churn/variant/blue"), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(2)}
	var throttled smithy.APIError
	if _, err := client.RegisterScalableTarget(ctx, in); !errors.As(err, &throttled) || throttled.ErrorCode() != "ThrottlingException" {
		t.Errorf("the first call ended with %v", err)
	}
	if _, err := client.RegisterScalableTarget(ctx, in); err != nil {
		t.Fatal(err)
	}
	if got := a.AutoScaling.Scaled("churn"); len(got) != 1 || got[0] != "blue" {
		t.Errorf("scaled are %v", got)
	}
}
