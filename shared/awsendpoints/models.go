package awsendpoints

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/preflight"
)

// Model reads a SageMaker model. Errors: NotFound.
func (p *Endpoints) Model(ctx context.Context, name string) (preflight.Model, error) {
	out, err := p.client.DescribeModel(ctx, &sagemaker.DescribeModelInput{ModelName: &name})
	if err != nil {
		return preflight.Model{}, awsfault.Errorf(err, "reading model %s", name)
	}
	m := preflight.Model{Name: aws.ToString(out.ModelName)}
	containers := out.Containers
	if out.PrimaryContainer != nil {
		containers = []types.ContainerDefinition{*out.PrimaryContainer}
	}
	for i, k := range containers {
		if i == 0 {
			m.Package = aws.ToString(k.ModelPackageName)
		}
		c := preflight.Container{Image: aws.ToString(k.Image), Data: aws.ToString(k.ModelDataUrl), Environment: k.Environment, Models: k.Mode == types.ContainerModeMultiModel}
		if s := k.ModelDataSource; c.Data == "" && s != nil && s.S3DataSource != nil {
			c.Data = aws.ToString(s.S3DataSource.S3Uri)
		}
		m.Containers = append(m.Containers, c)
	}
	return m, nil
}
