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
	e.Variants, e.Shadows = variants(out.ProductionVariants), variants(out.ShadowProductionVariants)
	return e, nil
}

func variants(summaries []types.ProductionVariantSummary) []rollout.Variant {
	var all []rollout.Variant
	for _, v := range summaries {
		all = append(all, rollout.Variant{
			Name:         aws.ToString(v.VariantName),
			Weight:       float64(aws.ToFloat32(v.CurrentWeight)),
			WantedWeight: float64(aws.ToFloat32(v.DesiredWeight)),
			Count:        int(aws.ToInt32(v.CurrentInstanceCount)),
			WantedCount:  int(aws.ToInt32(v.DesiredInstanceCount)),
		})
	}
	return all
}

// Create makes an endpoint with a config. The config may have been made a moment
// ago, and not be seen yet: that is NotFound, and worth another try. Errors:
// Conflict if there is an endpoint of this name.
func (p *Endpoints) Create(ctx context.Context, endpoint, config string) error {
	_, err := p.client.CreateEndpoint(ctx, &sagemaker.CreateEndpointInput{EndpointName: &endpoint, EndpointConfigName: &config, Tags: ours})
	return awsfault.Errorf(err, "creating endpoint %s with config %s", endpoint, config)
}

// Delete removes an endpoint. Errors: NotReady while it is busy.
func (p *Endpoints) Delete(ctx context.Context, endpoint string) error {
	_, err := p.client.DeleteEndpoint(ctx, &sagemaker.DeleteEndpointInput{EndpointName: &endpoint})
	return awsfault.Errorf(err, "deleting endpoint %s", endpoint)
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

// SetCount sets the instances of one variant; weights stay. SageMaker takes the
// capacity of one variant a call (AWS.md B.5). Errors: NotReady while the endpoint
// is busy.
func (p *Endpoints) SetCount(ctx context.Context, endpoint, variant string, count int) error {
	_, err := p.client.UpdateEndpointWeightsAndCapacities(ctx, &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{
		EndpointName:                &endpoint,
		DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{VariantName: &variant, DesiredInstanceCount: aws.Int32(int32(count))}},
	})
	return awsfault.Errorf(err, "giving variant %s of endpoint %s %d instances", variant, endpoint, count)
}
