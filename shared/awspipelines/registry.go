package awspipelines

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
	"sluice/shared/preflight"
	"sluice/shared/training"
)

// Registry is the SageMaker model registry. It fills the registries of training and
// shifting.
type Registry struct{ client *sagemaker.Client }

// OpenRegistry returns the model registry.
func OpenRegistry(cfg aws.Config) *Registry {
	return &Registry{client: sagemaker.NewFromConfig(cfg)}
}

// Package reads a model package. Errors: NotFound.
func (r *Registry) Package(ctx context.Context, arn string) (training.Package, error) {
	out, err := r.client.DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: &arn})
	if err != nil {
		return training.Package{}, awsfault.Errorf(err, "reading model package %s", arn)
	}
	p := training.Package{
		ARN:      aws.ToString(out.ModelPackageArn),
		Group:    aws.ToString(out.ModelPackageGroupName),
		Version:  int(aws.ToInt32(out.ModelPackageVersion)),
		Status:   string(out.ModelPackageStatus),
		Approval: string(out.ModelApprovalStatus),
		Text:     aws.ToString(out.ApprovalDescription),
	}
	if m := out.ModelMetrics; m != nil {
		p.Report, p.Others = reports(m)
	}
	return p, nil
}

// Contents reads a model package with what it is made of. Errors: NotFound.
func (r *Registry) Contents(ctx context.Context, arn string) (preflight.Package, error) {
	out, err := r.client.DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: &arn})
	if err != nil {
		return preflight.Package{}, awsfault.Errorf(err, "reading model package %s", arn)
	}
	p := preflight.Package{
		ARN:      aws.ToString(out.ModelPackageArn),
		Group:    aws.ToString(out.ModelPackageGroupName),
		Version:  int(aws.ToInt32(out.ModelPackageVersion)),
		Status:   string(out.ModelPackageStatus),
		Approval: string(out.ModelApprovalStatus),
	}
	if out.InferenceSpecification == nil {
		return p, nil
	}
	for _, t := range out.InferenceSpecification.SupportedRealtimeInferenceInstanceTypes {
		p.InstanceTypes = append(p.InstanceTypes, string(t))
	}
	for _, k := range out.InferenceSpecification.Containers {
		p.Containers = append(p.Containers, preflight.Container{
			Image:       aws.ToString(k.Image),
			Digest:      aws.ToString(k.ImageDigest),
			Data:        dataOf(k.ModelDataUrl, k.ModelDataSource),
			Environment: k.Environment,
			Product:     aws.ToString(k.ProductId),
		})
	}
	return p, nil
}

// dataOf is where a container's model data are: one archive, or objects under a
// prefix.
func dataOf(url *string, source *types.ModelDataSource) string {
	if url == nil && source != nil && source.S3DataSource != nil {
		return aws.ToString(source.S3DataSource.S3Uri)
	}
	return aws.ToString(url)
}

// Newest is the package of a group that was approved and registered last; "" if none
// is approved. Errors: NotFound if there is no such group.
func (r *Registry) Newest(ctx context.Context, group string) (arn string, err error) {
	return r.first(ctx, group, types.ModelApprovalStatusApproved)
}

// Latest fills delivering's registry.
func (r *Registry) Latest(ctx context.Context, group string) (arn string, err error) {
	return r.first(ctx, group, "")
}

// first is the package of a group that was registered last, of an approval or of any.
func (r *Registry) first(ctx context.Context, group string, approval types.ModelApprovalStatus) (arn string, err error) {
	pages := sagemaker.NewListModelPackagesPaginator(r.client, &sagemaker.ListModelPackagesInput{
		ModelPackageGroupName: &group, ModelApprovalStatus: approval,
		SortBy: types.ModelPackageSortByCreationTime, SortOrder: types.SortOrderDescending,
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return "", awsfault.Errorf(err, "listing the packages of group %s", group)
		}
		for _, p := range out.ModelPackageSummaryList {
			return aws.ToString(p.ModelPackageArn), nil
		}
	}
	return "", nil
}

// reports are the addresses of a package's reports: of its quality, and the others.
// Source: AWS.md B.9.
func reports(m *types.ModelMetrics) (quality string, others map[string]string) {
	others = map[string]string{}
	add := func(about string, s *types.MetricsSource) {
		if s != nil {
			others[about] = aws.ToString(s.S3Uri)
		}
	}
	if q := m.ModelQuality; q != nil {
		if q.Statistics != nil {
			quality = aws.ToString(q.Statistics.S3Uri)
		}
		add("modelQualityConstraints", q.Constraints)
	}
	if d := m.ModelDataQuality; d != nil {
		add("dataQuality", d.Statistics)
		add("dataQualityConstraints", d.Constraints)
	}
	if b := m.Bias; b != nil {
		add("bias", b.Report)
		add("preTrainingBias", b.PreTrainingReport)
		add("postTrainingBias", b.PostTrainingReport)
	}
	if e := m.Explainability; e != nil {
		add("explainability", e.Report)
	}
	return quality, others
}

// SetApproval sets the approval of a package, unless it is "", and its description.
func (r *Registry) SetApproval(ctx context.Context, arn, approval, description string) error {
	_, err := r.client.UpdateModelPackage(ctx, &sagemaker.UpdateModelPackageInput{
		ModelPackageArn:     &arn,
		ModelApprovalStatus: types.ModelApprovalStatus(approval),
		ApprovalDescription: &description,
	})
	return awsfault.Errorf(err, "setting the approval of model package %s", arn)
}

// Champion is the package that an endpoint's first variant serves; "" if there is
// no endpoint, or if its model names no package.
func (r *Registry) Champion(ctx context.Context, endpoint string) (string, error) {
	e, err := r.client.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &endpoint})
	if awsfault.Kind(err) == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return "", awsfault.Errorf(err, "reading endpoint %s", endpoint)
	}
	c, err := r.client.DescribeEndpointConfig(ctx, &sagemaker.DescribeEndpointConfigInput{EndpointConfigName: e.EndpointConfigName})
	if err != nil {
		return "", awsfault.Errorf(err, "reading endpoint config %s", aws.ToString(e.EndpointConfigName))
	}
	if len(c.ProductionVariants) == 0 || c.ProductionVariants[0].ModelName == nil {
		return "", nil
	}
	m, err := r.client.DescribeModel(ctx, &sagemaker.DescribeModelInput{ModelName: c.ProductionVariants[0].ModelName})
	if err != nil {
		return "", awsfault.Errorf(err, "reading model %s", *c.ProductionVariants[0].ModelName)
	}
	if m.PrimaryContainer != nil {
		return aws.ToString(m.PrimaryContainer.ModelPackageName), nil
	}
	if len(m.Containers) > 0 {
		return aws.ToString(m.Containers[0].ModelPackageName), nil
	}
	return "", nil
}
