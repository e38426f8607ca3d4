// Package awsendpoints reads and changes SageMaker endpoints. It fills shifting's
// endpoints, and is the only place where whole percents meet SageMaker's relative
// weights.
//
// It decides nothing: what an endpoint's answer means is rollout's to say.
package awsendpoints

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/rollout"
)

// Endpoints is SageMaker's endpoints.
type Endpoints struct{ client *sagemaker.Client }

// Open returns SageMaker's endpoints.
func Open(cfg aws.Config) *Endpoints { return &Endpoints{client: sagemaker.NewFromConfig(cfg)} }

// Describe reads an endpoint. Errors: NotFound.
func (p *Endpoints) Describe(ctx context.Context, name string) (rollout.Endpoint, error) {
	out, err := p.client.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &name})
	if err != nil {
		return rollout.Endpoint{}, awsfault.Errorf(err, "reading endpoint %s", name)
	}
	e := rollout.Endpoint{
		Name:          aws.ToString(out.EndpointName),
		Status:        string(out.EndpointStatus),
		Config:        aws.ToString(out.EndpointConfigName),
		FailureReason: aws.ToString(out.FailureReason),
		Modified:      aws.ToTime(out.LastModifiedTime),
	}
	if out.PendingDeploymentSummary != nil {
		e.PendingConfig = aws.ToString(out.PendingDeploymentSummary.EndpointConfigName)
	}
	for _, v := range out.ProductionVariants {
		e.Variants = append(e.Variants, rollout.Variant{
			Name:         aws.ToString(v.VariantName),
			Weight:       float64(aws.ToFloat32(v.CurrentWeight)),
			WantedWeight: float64(aws.ToFloat32(v.DesiredWeight)),
			Count:        int(aws.ToInt32(v.CurrentInstanceCount)),
			WantedCount:  int(aws.ToInt32(v.DesiredInstanceCount)),
		})
	}
	return e, nil
}

// Update moves an endpoint to a config. Variants of the same name keep their live
// instance counts, which autoscaling may have changed, and take the config's
// weights. Errors: NotReady while the endpoint is busy.
// Source: AWS.md B.3.
func (p *Endpoints) Update(ctx context.Context, endpoint, config string) error {
	_, err := p.client.UpdateEndpoint(ctx, &sagemaker.UpdateEndpointInput{
		EndpointName:                     &endpoint,
		EndpointConfigName:               &config,
		RetainAllVariantProperties:       aws.Bool(true),
		ExcludeRetainedVariantProperties: []types.VariantProperty{{VariantPropertyType: types.VariantPropertyTypeDesiredWeight}},
	})
	return awsfault.Errorf(err, "updating endpoint %s to config %s", endpoint, config)
}

// SetWeights sets variants' shares in whole percent; instance counts stay. Errors:
// NotReady while the endpoint is busy.
func (p *Endpoints) SetWeights(ctx context.Context, endpoint string, weights map[string]int) error {
	var desired []types.DesiredWeightAndCapacity
	for name, w := range weights {
		desired = append(desired, types.DesiredWeightAndCapacity{VariantName: aws.String(name), DesiredWeight: aws.Float32(float32(w))})
	}
	slices.SortFunc(desired, func(a, b types.DesiredWeightAndCapacity) int {
		return strings.Compare(*a.VariantName, *b.VariantName)
	})
	_, err := p.client.UpdateEndpointWeightsAndCapacities(ctx, &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: &endpoint, DesiredWeightsAndCapacities: desired})
	return awsfault.Errorf(err, "setting the weights of endpoint %s", endpoint)
}
