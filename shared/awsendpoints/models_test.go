package awsendpoints_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/fault"
	"sluice/shared/preflight"
	"sluice/shared/shifting"
)

func TestModel(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		for name, in := range map[string]*sdk.CreateModelInput{
			"image": {PrimaryContainer: &types.ContainerDefinition{Image: aws.String("xgboost:1.7"), ModelDataUrl: aws.String("s3://models/1"), Environment: map[string]string{"A": "1"}}},
			"serial": {Containers: []types.ContainerDefinition{{ModelPackageName: &w.champion}, {Image: aws.String("i"), ModelDataSource: &types.ModelDataSource{S3DataSource: &types.S3ModelDataSource{
				S3Uri: aws.String("s3://models/1/parts/"), S3DataType: types.S3ModelDataTypeS3Prefix, CompressionType: types.ModelCompressionTypeNone}}}}},
		} {
			in.ModelName, in.ExecutionRoleArn = aws.String(name), aws.String(role)
			_, err := w.client.CreateModel(ctx, in)
			w.ok(err)
		}
		for name, want := range map[string]preflight.Model{
			"churn-v1": {Name: "churn-v1", Package: w.champion, Containers: []preflight.Container{{}}},
			"image":    {Name: "image", Containers: []preflight.Container{{Image: "xgboost:1.7", Data: "s3://models/1", Environment: map[string]string{"A": "1"}}}},
			"serial":   {Name: "serial", Package: w.champion, Containers: []preflight.Container{{}, {Image: "i", Data: "s3://models/1/parts/"}}},
		} {
			got, err := w.adapter.Model(ctx, name)
			w.ok(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("model %s (-want +got):\n%s", name, diff)
			}
		}
		if _, err := w.adapter.Model(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no model: %v", err)
		}
	})
}

// A variant without instances of one type says which kind it is.
func TestServerlessConfig(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		_, err := w.client.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("less"), ProductionVariants: []types.ProductionVariant{{
			VariantName: aws.String("v"), ModelName: aws.String("churn-v1"), ServerlessConfig: &types.ProductionVariantServerlessConfig{MemorySizeInMB: aws.Int32(1024), MaxConcurrency: aws.Int32(5)},
		}}})
		w.ok(err)
		got, err := w.adapter.Config(ctx, "less")
		w.ok(err)
		if diff := cmp.Diff([]shifting.ConfigVariant{{Name: "v", Model: "churn-v1", Serverless: true}}, got.Variants); diff != "" {
			t.Errorf("variants (-want +got):\n%s", diff)
		}
	})
}
