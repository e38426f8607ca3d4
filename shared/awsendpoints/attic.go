package awsendpoints

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
)

// ConfigUsed is an endpoint that has the config, or is being updated to it; "" if
// there is none. Only endpoints that changed since the config was made can have it,
// so only those are read.
func (p *Endpoints) ConfigUsed(ctx context.Context, config string, since time.Time) (string, error) {
	pages := sagemaker.NewListEndpointsPaginator(p.client, &sagemaker.ListEndpointsInput{LastModifiedTimeAfter: aws.Time(since.Add(-time.Second))})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return "", awsfault.Errorf(err, "listing endpoints")
		}
		for _, summary := range out.Endpoints {
			e, err := p.Describe(ctx, aws.ToString(summary.EndpointName))
			if fault.Is(err, fault.NotFound) {
				continue // deleted since it was listed
			}
			if err != nil {
				return "", err
			}
			if e.Config == config || e.PendingConfig == config {
				return e.Name, nil
			}
		}
	}
	return "", nil
}

// ModelUsed is a config that names the model; "" if there is none. Only configs that
// are younger than the model can name it.
func (p *Endpoints) ModelUsed(ctx context.Context, model string) (string, error) {
	m, err := p.client.DescribeModel(ctx, &sagemaker.DescribeModelInput{ModelName: &model})
	if err != nil {
		return "", awsfault.Errorf(err, "reading model %s", model)
	}
	pages := sagemaker.NewListEndpointConfigsPaginator(p.client, &sagemaker.ListEndpointConfigsInput{CreationTimeAfter: aws.Time(aws.ToTime(m.CreationTime).Add(-time.Second))})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return "", awsfault.Errorf(err, "listing endpoint configs")
		}
		for _, summary := range out.EndpointConfigs {
			c, err := p.config(ctx, aws.ToString(summary.EndpointConfigName))
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return "", err
			}
			for _, v := range append(append([]types.ProductionVariant(nil), c.ProductionVariants...), c.ShadowProductionVariants...) {
				if aws.ToString(v.ModelName) == model {
					return aws.ToString(c.EndpointConfigName), nil
				}
			}
		}
	}
	return "", nil
}

// ConfigOurs reports whether a rollout made the config. Errors: NotFound.
func (p *Endpoints) ConfigOurs(ctx context.Context, config string) (bool, error) {
	c, err := p.config(ctx, config)
	if err != nil {
		return false, err
	}
	return p.tagged(ctx, aws.ToString(c.EndpointConfigArn))
}

// ModelOurs reports whether a rollout made the model. Errors: NotFound.
func (p *Endpoints) ModelOurs(ctx context.Context, model string) (bool, error) {
	m, err := p.client.DescribeModel(ctx, &sagemaker.DescribeModelInput{ModelName: &model})
	if err != nil {
		return false, awsfault.Errorf(err, "reading model %s", model)
	}
	return p.tagged(ctx, aws.ToString(m.ModelArn))
}

// tagged reports whether a rollout made the resource.
func (p *Endpoints) tagged(ctx context.Context, arn string) (bool, error) {
	pages := sagemaker.NewListTagsPaginator(p.client, &sagemaker.ListTagsInput{ResourceArn: &arn})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return false, awsfault.Errorf(err, "reading the tags of %s", arn)
		}
		for _, t := range out.Tags {
			if aws.ToString(t.Key) == *ours[0].Key && aws.ToString(t.Value) == *ours[0].Value {
				return true, nil
			}
		}
	}
	return false, nil
}

// DeleteConfig removes a config. That there is none is no error.
func (p *Endpoints) DeleteConfig(ctx context.Context, config string) error {
	_, err := p.client.DeleteEndpointConfig(ctx, &sagemaker.DeleteEndpointConfigInput{EndpointConfigName: &config})
	return unlessGone(awsfault.Errorf(err, "deleting endpoint config %s", config))
}

// DeleteModel removes a model. That there is none is no error.
func (p *Endpoints) DeleteModel(ctx context.Context, model string) error {
	_, err := p.client.DeleteModel(ctx, &sagemaker.DeleteModelInput{ModelName: &model})
	return unlessGone(awsfault.Errorf(err, "deleting model %s", model))
}

func unlessGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
