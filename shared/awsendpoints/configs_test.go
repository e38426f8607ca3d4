package awsendpoints_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/shifting"
)

// chosen is a config in which its user has chosen everything that local SageMaker takes.
func chosen() *sdk.CreateEndpointConfigInput {
	return &sdk.CreateEndpointConfigInput{
		EndpointConfigName: aws.String("chosen"),
		ProductionVariants: []types.ProductionVariant{{
			VariantName: aws.String("AllTraffic"), ModelName: aws.String("churn-v1"), InstanceType: "ml.m5.xlarge", InitialInstanceCount: aws.Int32(4), InitialVariantWeight: aws.Float32(1),
			VolumeSizeInGB: aws.Int32(64), ModelDataDownloadTimeoutInSeconds: aws.Int32(600), ContainerStartupHealthCheckTimeoutInSeconds: aws.Int32(700),
			VariantInstanceProvisionTimeoutInSeconds: aws.Int32(800), RoutingConfig: &types.ProductionVariantRoutingConfig{RoutingStrategy: types.RoutingStrategyLeastOutstandingRequests},
			InferenceAmiVersion: types.ProductionVariantInferenceAmiVersionAl2Gpu2, EnableSSMAccess: aws.Bool(true),
		}},
		DataCaptureConfig: &types.DataCaptureConfig{EnableCapture: aws.Bool(true), InitialSamplingPercentage: aws.Int32(20), DestinationS3Uri: aws.String("s3://captures/churn"), KmsKeyId: aws.String("alias/captures"),
			CaptureOptions:           []types.CaptureOption{{CaptureMode: types.CaptureModeInput}, {CaptureMode: types.CaptureModeOutput}},
			CaptureContentTypeHeader: &types.CaptureContentTypeHeader{CsvContentTypes: []string{"text/csv"}, JsonContentTypes: []string{"application/json"}}},
		ExplainerConfig: &types.ExplainerConfig{ClarifyExplainerConfig: &types.ClarifyExplainerConfig{EnableExplanations: aws.String("`false`"),
			ShapConfig: &types.ClarifyShapConfig{ShapBaselineConfig: &types.ClarifyShapBaselineConfig{ShapBaseline: aws.String("1,2")}, NumberOfSamples: aws.Int32(9)}}},
		EnableNetworkIsolation: aws.Bool(true),
		ExecutionRoleArn:       aws.String(role),
		KmsKeyId:               aws.String("alias/volumes"),
		MetricsConfig:          &types.MetricsConfig{EnableEnhancedMetrics: aws.Bool(true), MetricPublishFrequencyInSeconds: 60},
		VpcConfig:              &types.VpcConfig{SecurityGroupIds: []string{"sg-1"}, Subnets: []string{"subnet-1", "subnet-2"}},
	}
}

// requests are the configs that a rollout makes of chosen.
func requests() []shifting.ConfigRequest {
	baseline := shifting.WeightedVariant{ConfigVariant: shifting.ConfigVariant{Name: "AllTraffic", Model: "churn-v1", Count: 4}, Weight: 100}
	candidate := shifting.WeightedVariant{ConfigVariant: shifting.ConfigVariant{Name: "new", Model: "churn-v1", Count: 1}, Weight: 0}
	alone, shadow := candidate, candidate
	alone.Weight, shadow.Weight = 100, 30
	return []shifting.ConfigRequest{
		{Name: "both", From: "chosen", Variants: []shifting.WeightedVariant{baseline, candidate}},
		{Name: "shadowed", From: "chosen", Variants: []shifting.WeightedVariant{baseline}, Shadow: &shadow},
		{Name: "final", From: "chosen", Variants: []shifting.WeightedVariant{alone}},
	}
}

// Every member of CreateEndpointConfig and of its variants is the user's choice, kept, or
// is named here with the reason why it is not. A member that AWS adds belongs to neither,
// and fails.
func TestEnsureConfigKeepsEveryMember(t *testing.T) {
	ours := map[string]string{
		"EndpointConfigName": "its name", "ProductionVariants": "compared by themselves", "ShadowProductionVariants": "as the rollout says",
		"AsyncInferenceConfig": "an asynchronous endpoint is refused", "Tags": "says who made it",
	}
	variants := map[string]string{
		"VariantName": "its name", "ModelName": "its model", "InitialInstanceCount": "as the plan says", "InitialVariantWeight": "as the plan says",
		"ServerlessConfig": "a serverless endpoint is refused", "InstancePools": "pools of instances are refused",
		"ManagedInstanceScaling": "of inference components", "CapacityReservationConfig": "copied, and not in local SageMaker",
		"AcceleratorType": "AWS takes no new ones", "CoreDumpConfig": "copied, and not in local SageMaker", "AcceleratorPartitionLayouts": "of inference components",
	}
	in := chosen()
	whole(t, *in, ours)
	whole(t, in.ProductionVariants[0], variants)
	w := newWorld(t)
	w.Do(func() {
		_, err := w.client.CreateEndpointConfig(ctx, in)
		w.ok(err)
		for _, r := range requests() {
			w.ok(w.adapter.EnsureConfig(ctx, r))
			got, err := w.client.DescribeEndpointConfig(ctx, &sdk.DescribeEndpointConfigInput{EndpointConfigName: &r.Name})
			w.ok(err)
			for name, want := range members(*in, ours) {
				if diff := cmp.Diff(want, reflect.ValueOf(*got).FieldByName(name).Interface(), unexported); diff != "" {
					t.Errorf("%s of %s (-want +got):\n%s", name, r.Name, diff)
				}
			}
			for _, v := range slices.Concat(got.ProductionVariants, got.ShadowProductionVariants) {
				if diff := cmp.Diff(members(in.ProductionVariants[0], variants), members(v, variants), unexported); diff != "" {
					t.Errorf("variant %s of %s (-want +got):\n%s", *v.VariantName, r.Name, diff)
				}
			}
		}
	})
}

// unexported members are the SDK's own.
var unexported = cmp.FilterPath(func(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && f.Name() == "noSmithyDocumentSerde"
}, cmp.Ignore())

// members are the exported members of a struct but those that are left out.
func members(of any, but map[string]string) map[string]any {
	v, all := reflect.ValueOf(of), map[string]any{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && but[f.Name] == "" {
			all[f.Name] = v.Field(i).Interface()
		}
	}
	return all
}

// whole wants every member set but those that are left out, and those to be members.
func whole(t *testing.T, of any, but map[string]string) {
	t.Helper()
	for name, m := range members(of, but) {
		if reflect.ValueOf(m).IsZero() {
			t.Errorf("%T: %s is not chosen: choose it, or say why it need not be kept", of, name)
		}
	}
	for name := range but {
		if _, ok := reflect.TypeOf(of).FieldByName(name); !ok {
			t.Errorf("%T has no member %s", of, name)
		}
	}
}

// On its way through a rollout, and back, an endpoint captures as it did, although its
// updates retain properties of variants (AWS.md B.3).
func TestUpdateKeepsCapture(t *testing.T) {
	w := newWorld(t)
	captures := func(when string) {
		t.Helper()
		w.RunUntilIdle(time.Hour)
		w.Do(func() {
			e, err := w.client.DescribeEndpoint(ctx, &sdk.DescribeEndpointInput{EndpointName: aws.String("churn")})
			w.ok(err)
			want := &types.DataCaptureConfigSummary{EnableCapture: aws.Bool(true), CaptureStatus: types.CaptureStatusStarted, CurrentSamplingPercentage: aws.Int32(20),
				DestinationS3Uri: aws.String("s3://captures/churn"), KmsKeyId: aws.String("alias/captures")}
			if diff := cmp.Diff(want, e.DataCaptureConfig, unexported); diff != "" {
				t.Errorf("%s, config %s (-want +got):\n%s", when, *e.EndpointConfigName, diff)
			}
		})
	}
	w.Do(func() {
		_, err := w.client.CreateEndpointConfig(ctx, chosen())
		w.ok(err)
		for _, r := range requests() {
			w.ok(w.adapter.EnsureConfig(ctx, r))
		}
		w.ok(w.sm.Hosting.ForeignUpdate("churn", "chosen"))
	})
	captures("at first")
	for _, config := range []string{"both", "final", "both", "chosen", "shadowed", "chosen"} {
		w.Do(func() { w.ok(w.adapter.Update(ctx, "churn", config)) })
		captures("updated")
	}
}
