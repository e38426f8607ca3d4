// Package awsimages reads images in ECR, and registers model packages with them. It
// fills the images and the registry of building.
package awsimages

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"

	registry "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/building"
	"sluice/shared/fault"
)

// Images is ECR.
type Images struct {
	client *ecr.Client
	region string
}

// Open returns ECR.
func Open(cfg aws.Config) *Images { return &Images{client: ecr.NewFromConfig(cfg), region: cfg.Region} }

// Tagged fills building's images.
func (i *Images) Tagged(ctx context.Context, repository, tag string) (building.Image, bool, error) {
	d, ok, err := i.describe(ctx, repository, types.ImageIdentifier{ImageTag: &tag})
	if err != nil || !ok {
		return building.Image{}, false, err
	}
	img := building.Image{Digest: aws.ToString(d.ImageDigest), Findings: map[string]int{}}
	img.URI = fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s@%s", aws.ToString(d.RegistryId), i.region, repository, img.Digest)
	if d.ImageScanStatus != nil {
		img.Scan, img.Why = string(d.ImageScanStatus.Status), aws.ToString(d.ImageScanStatus.Description)
	}
	if d.ImageScanFindingsSummary != nil {
		for level, n := range d.ImageScanFindingsSummary.FindingSeverityCounts {
			img.Findings[level] = int(n)
		}
	}
	return img, true, nil
}

// Tags fills building's images.
func (i *Images) Tags(ctx context.Context, repository, digest string) ([]string, error) {
	d, _, err := i.describe(ctx, repository, types.ImageIdentifier{ImageDigest: &digest})
	return d.ImageTags, err
}

func (i *Images) describe(ctx context.Context, repository string, id types.ImageIdentifier) (types.ImageDetail, bool, error) {
	out, err := i.client.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: &repository, ImageIds: []types.ImageIdentifier{id}})
	var gone *types.ImageNotFoundException
	if errors.As(err, &gone) {
		return types.ImageDetail{}, false, nil
	}
	if err != nil {
		return types.ImageDetail{}, false, awsfault.Errorf(err, "reading an image of %s", repository)
	}
	if len(out.ImageDetails) == 0 {
		return types.ImageDetail{}, false, nil
	}
	return out.ImageDetails[0], true, nil
}

// Registry registers packages in the SageMaker model registry.
type Registry struct{ client *sagemaker.Client }

// OpenRegistry returns the model registry.
func OpenRegistry(cfg aws.Config) *Registry {
	return &Registry{client: sagemaker.NewFromConfig(cfg)}
}

// WithImage fills building's registry: weights, metrics and everything else are the
// champion's, the image of its first container is another.
func (r *Registry) WithImage(ctx context.Context, champion, image, approval, text, token string) (string, int, error) {
	was, err := r.client.DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: &champion})
	if err != nil {
		return "", 0, awsfault.Errorf(err, "reading model package %s", champion)
	}
	if was.InferenceSpecification == nil || len(was.InferenceSpecification.Containers) == 0 {
		return "", 0, fault.Invalid.Errorf("model package %s names no container whose image could change", champion)
	}
	with := *was.InferenceSpecification
	with.Containers = append([]registry.ModelPackageContainerDefinition(nil), with.Containers...)
	with.Containers[0].Image, with.Containers[0].ImageDigest = &image, nil
	out, err := r.client.CreateModelPackage(ctx, &sagemaker.CreateModelPackageInput{
		ModelPackageGroupName: was.ModelPackageGroupName, ModelPackageDescription: &text, ClientToken: &token,
		InferenceSpecification: &with, ModelMetrics: was.ModelMetrics, DriftCheckBaselines: was.DriftCheckBaselines,
		ModelApprovalStatus: registry.ModelApprovalStatus(approval), CustomerMetadataProperties: was.CustomerMetadataProperties,
	})
	if err != nil {
		return "", 0, awsfault.Errorf(err, "registering %s with image %s", champion, image)
	}
	arn := aws.ToString(out.ModelPackageArn)
	made, err := r.client.DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: &arn})
	if err != nil {
		return "", 0, awsfault.Errorf(err, "reading model package %s", arn)
	}
	return arn, int(aws.ToInt32(made.ModelPackageVersion)), nil
}
