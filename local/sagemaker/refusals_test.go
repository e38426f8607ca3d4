package sagemaker_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
)

const arn = "arn:aws:sagemaker:us-east-1:111122223333:"

// want makes a table entry of a call that must be refused.
func want[In, Out any](op func(*sdk.Client, In) (Out, error), in In) func(*stage) error {
	return func(s *stage) error { _, err := try(s, op, in); return err }
}

func TestRefusals(t *testing.T) {
	long := "a234567890123456789012345678901234567890123456789012345678901234"
	guard := func(p types.BlueGreenUpdatePolicy, alarms ...types.Alarm) *sdk.UpdateEndpointInput {
		in := update("churn-v3")
		in.DeploymentConfig = &types.DeploymentConfig{BlueGreenUpdatePolicy: &p}
		if len(alarms) > 0 {
			in.DeploymentConfig.AutoRollbackConfiguration = &types.AutoRollbackConfig{Alarms: alarms}
		}
		return in
	}
	route := func(kind types.TrafficRoutingConfigType, size int32) *types.TrafficRoutingConfig {
		c := &types.TrafficRoutingConfig{Type: kind, WaitIntervalInSeconds: aws.Int32(300)}
		percent := &types.CapacitySize{Type: types.CapacitySizeTypeCapacityPercent, Value: &size}
		if kind == types.TrafficRoutingConfigTypeCanary {
			c.CanarySize = percent
		} else {
			c.LinearStepSize = percent
		}
		return c
	}
	config := func(name string, vs ...types.ProductionVariant) func(*stage) error {
		return want(createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: &name, ProductionVariants: vs})
	}
	other := guard(types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: &types.TrafficRoutingConfig{Type: types.TrafficRoutingConfigTypeAllAtOnce, WaitIntervalInSeconds: aws.Int32(0)}})
	other.EndpointConfigName = aws.String("churn-v2")
	for name, c := range map[string]struct {
		do   func(*stage) error
		want string
	}{
		"describe an unknown endpoint":     {want(describeEndpoint, &sdk.DescribeEndpointInput{EndpointName: aws.String("Nope")}), `ValidationException: Could not find endpoint "` + arn + `endpoint/nope".`},
		"update an unknown endpoint":       {want(updateEndpoint, &sdk.UpdateEndpointInput{EndpointName: aws.String("nope"), EndpointConfigName: aws.String("churn-v2")}), `ValidationException: Could not find endpoint "` + arn + `endpoint/nope".`},
		"update to an unknown config":      {want(updateEndpoint, update("nope")), `ValidationException: Could not find endpoint configuration "` + arn + `endpoint-config/nope".`},
		"describe an unknown config":       {want(describeConfig, &sdk.DescribeEndpointConfigInput{EndpointConfigName: aws.String("nope")}), `ValidationException: Could not find endpoint configuration "` + arn + `endpoint-config/nope".`},
		"describe an unknown model":        {want(describeModel, &sdk.DescribeModelInput{ModelName: aws.String("nope")}), `ValidationException: Could not find model "` + arn + `model/nope".`},
		"config of an unknown model":       {config("x", variant("A", "nope", 1, 1)), `ValidationException: Could not find model "` + arn + `model/nope".`},
		"config that exists":               {config("churn-v1", variant("A", "churn-v1", 1, 1)), `ValidationException: Cannot create already existing endpoint configuration "` + arn + `endpoint-config/churn-v1".`},
		"model that exists":                {want(createModel, &sdk.CreateModelInput{ModelName: aws.String("churn-v1"), PrimaryContainer: &types.ContainerDefinition{Image: aws.String("i")}}), `ValidationException: Cannot create already existing model "` + arn + `model/churn-v1".`},
		"model of an unknown package":      {want(createModel, &sdk.CreateModelInput{ModelName: aws.String("m"), PrimaryContainer: &types.ContainerDefinition{ModelPackageName: aws.String(arn + "model-package/churn/9")}}), `ValidationException: ModelPackage ` + arn + `model-package/churn/9 does not exist.`},
		"the same variant twice":           {config("x", variant("A", "churn-v1", 1, 1), variant("A", "churn-v1", 1, 1)), `ValidationException: The variant name "A" was non-unique within the request.`},
		"a name with a dot":                {config("a.b", variant("A", "churn-v1", 1, 1)), `ValidationException: 1 validation error detected: Value 'a.b' at 'endpointConfigName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`},
		"a long name":                      {config(long, variant("A", "churn-v1", 1, 1)), `ValidationException: 1 validation error detected: Value '` + long + `' at 'endpointConfigName' failed to satisfy constraint: Member must have length less than or equal to 63`},
		"no instances":                     {config("x", variant("A", "churn-v1", 1, 0)), `ValidationException: 1 validation error detected: Value '0' at 'productionVariants.member.initialInstanceCount' failed to satisfy constraint: Member must have value greater than or equal to 1`},
		"a negative weight":                {config("x", variant("A", "churn-v1", -1, 1)), `ValidationException: 1 validation error detected: Value '-1' at 'productionVariants.member.initialVariantWeight' failed to satisfy constraint: Member must have value greater than or equal to 0`},
		"weights of an unknown variant":    {want(changeWeights, weights("Nope", 1.0)), `ValidationException: The variant name(s) "Nope" is/are not present within endpoint configuration "churn-v1".`},
		"weights of a variant twice":       {want(changeWeights, weights("AllTraffic", 1.0, "AllTraffic", 2.0)), `ValidationException: The variant name "AllTraffic" was non-unique within the request.`},
		"weights that are all zero":        {want(changeWeights, weights("AllTraffic", 0.0)), `NotImplemented: local AWS does not implement weights that are all 0: SageMaker's answer is not known`},
		"a canary over half":               {want(updateEndpoint, guard(types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: route("CANARY", 60)})), `ValidationException: 1 validation error detected: Value '60' at 'deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.canarySize.value' failed to satisfy constraint: Member must be between 1 and 50 percent of the variant's capacity`},
		"a linear step under a tenth":      {want(updateEndpoint, guard(types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: route("LINEAR", 5)})), `ValidationException: 1 validation error detected: Value '5' at 'deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.linearStepSize.value' failed to satisfy constraint: Member must be between 10 and 50 percent of the variant's capacity`},
		"a timeout shorter than the waits": {want(updateEndpoint, guard(types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: route("LINEAR", 10), MaximumExecutionTimeoutInSeconds: aws.Int32(2700)})), `ValidationException: MaximumExecutionTimeoutInSeconds 2700 must be greater than the total of the wait intervals, 2700 seconds.`},
		"a long termination wait":          {want(updateEndpoint, guard(types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: route("CANARY", 50), TerminationWaitInSeconds: aws.Int32(3601)})), `ValidationException: 1 validation error detected: Value '3601' at 'deploymentConfig.blueGreenUpdatePolicy.terminationWaitInSeconds' failed to satisfy constraint: Member must have value less than or equal to 3600`},
		"guardrails for other variants":    {want(updateEndpoint, other), `ValidationException: DeploymentConfig requires the same variant names in the current endpoint configuration (AllTraffic) and the new one (AllTraffic, Candidate).`},
		"an unknown operation":             {want(op((*sdk.Client).DescribeTrainingJob), &sdk.DescribeTrainingJobInput{TrainingJobName: aws.String("x")}), `NotImplemented: local AWS does not implement sagemaker DescribeTrainingJob`},
	} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			s.config("churn-v3", variant("AllTraffic", "churn-m2", 1, 4))
			if diff := cmp.Diff(c.want, refusal(t, c.do(s))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigLag(t *testing.T) {
	s := staged(t)
	s.svc.Catalog.ConfigLag = 5 * time.Second
	s.config("late", variant("AllTraffic", "churn-m2", 1, 1))
	call(s, describeConfig, &sdk.DescribeEndpointConfigInput{EndpointConfigName: aws.String("late")})
	in := &sdk.CreateEndpointInput{EndpointName: aws.String("other"), EndpointConfigName: aws.String("late")}
	if _, err := try(s, createEndpoint, in); err == nil {
		t.Error("the configuration was seen at once")
	}
	s.w.RunFor(5 * time.Second)
	call(s, createEndpoint, in)
}

func TestAccess(t *testing.T) {
	s := staged(t)
	s.needs = nil
	s.model("m9", noBehaviour)
	call(s, createEndpoint, &sdk.CreateEndpointInput{EndpointName: aws.String("Other"), EndpointConfigName: aws.String("churn-v1")})
	call(s, changeWeights, weights("AllTraffic", 2.0))
	call(s, addTags, &sdk.AddTagsInput{ResourceArn: aws.String(arn + "endpoint/churn"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("ml")}}})
	wanted := []wire.Access{
		{Action: "sagemaker:CreateModelPackage", Resource: arn + "model-package/churn/3"},
		{Action: "sagemaker:CreateModel", Resource: arn + "model/m9"},
		{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/models", Conditions: map[string][]string{"iam:PassedToService": {"sagemaker.amazonaws.com"}}},
		{Action: "sagemaker:CreateEndpoint", Resource: arn + "endpoint/other"},
		{Action: "sagemaker:CreateEndpoint", Resource: arn + "endpoint-config/churn-v1"},
		{Action: "sagemaker:UpdateEndpointWeightsAndCapacities", Resource: arn + "endpoint/churn"},
		{Action: "sagemaker:AddTags", Resource: arn + "endpoint/churn"},
	}
	if diff := cmp.Diff(wanted, s.needs); diff != "" {
		t.Error(diff)
	}
	if tags := call(s, listTags, &sdk.ListTagsInput{ResourceArn: aws.String(arn + "endpoint/churn")}).Tags; len(tags) != 1 || *tags[0].Value != "ml" {
		t.Errorf("tags %v", tags)
	}
}
