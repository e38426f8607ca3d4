package awspipelines_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/shared/fault"
	"sluice/shared/preflight"
)

// register registers a package of group churn.
func (w *world) register(approval types.ModelApprovalStatus, containers ...types.ModelPackageContainerDefinition) (arn string) {
	w.Helper()
	in := &sdk.CreateModelPackageInput{ModelPackageGroupName: aws.String("churn"), ModelApprovalStatus: approval}
	if len(containers) > 0 {
		in.InferenceSpecification = &types.InferenceSpecification{
			Containers: containers, SupportedContentTypes: []string{"text/csv"}, SupportedResponseMIMETypes: []string{"text/csv"},
			SupportedRealtimeInferenceInstanceTypes: []types.ProductionVariantInstanceType{"ml.m5.large", "ml.g5.xlarge"},
		}
	}
	out, err := w.client.CreateModelPackage(ctx, in)
	w.ok(err)
	return *out.ModelPackageArn
}

func TestContents(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		arn := w.register("Approved",
			types.ModelPackageContainerDefinition{Image: aws.String("xgboost:1.7"), ImageDigest: aws.String("sha256:a"), ModelDataUrl: aws.String("s3://models/1"), Environment: map[string]string{"A": "1"}},
			types.ModelPackageContainerDefinition{Image: aws.String("bought:1"), ProductId: aws.String("p-1"), ModelDataSource: &types.ModelDataSource{S3DataSource: &types.S3ModelDataSource{
				S3Uri: aws.String("s3://models/1/parts/"), S3DataType: types.S3ModelDataTypeS3Prefix, CompressionType: types.ModelCompressionTypeNone}}},
		)
		got, err := w.registry.Contents(ctx, arn)
		w.ok(err)
		want := preflight.Package{
			ARN: arn, Group: "churn", Version: 1, Status: "Completed", Approval: "Approved", InstanceTypes: []string{"ml.m5.large", "ml.g5.xlarge"},
			Containers: []preflight.Container{
				{Image: "xgboost:1.7", Digest: "sha256:a", Data: "s3://models/1", Environment: map[string]string{"A": "1"}},
				{Image: "bought:1", Data: "s3://models/1/parts/", Product: "p-1"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("package (-want +got):\n%s", diff)
		}
		bare := w.register("Rejected")
		if got, err := w.registry.Contents(ctx, bare); err != nil || got.Approval != "Rejected" || got.Version != 2 || got.Containers != nil {
			t.Errorf("without containers: %+v, %v", got, err)
		}
		if _, err := w.registry.Contents(ctx, arn+"9"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no package: %v", err)
		}
	})
}

func TestNewest(t *testing.T) {
	w := newWorld(t)
	newest := func() string {
		w.Helper()
		arn, err := w.registry.Newest(ctx, "churn")
		w.ok(err)
		return arn
	}
	w.Do(func() {
		if got := newest(); got != "" {
			t.Errorf("of no packages: %q", got)
		}
	})
	var approved string
	for i := range 30 { // more than a page
		w.RunFor(1e9)
		w.Do(func() {
			if i == 3 {
				approved = w.register("Approved")
				return
			}
			w.register([]types.ModelApprovalStatus{"Rejected", "PendingManualApproval"}[i%2])
		})
	}
	w.Do(func() {
		if got := newest(); got != approved {
			t.Errorf("got %q, want %q", got, approved)
		}
	})
	w.RunFor(1e9)
	w.Do(func() {
		second := w.register("Approved")
		if got := newest(); got != second {
			t.Errorf("got %q, want %q", got, second)
		}
		if _, err := w.registry.Newest(ctx, "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no group: %v", err)
		}
	})
}
