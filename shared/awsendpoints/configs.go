package awsendpoints

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
	"sluice/shared/shifting"
)

// Config reads an endpoint config. Errors: NotFound.
func (p *Endpoints) Config(ctx context.Context, name string) (shifting.EndpointConfig, error) {
	out, err := p.config(ctx, name)
	if err != nil {
		return shifting.EndpointConfig{}, err
	}
	return shifting.EndpointConfig{
		Name: name, Async: out.AsyncInferenceConfig != nil, Created: aws.ToTime(out.CreationTime),
		Variants: configVariants(out.ProductionVariants), Shadows: configVariants(out.ShadowProductionVariants),
		Captures: captures(out.DataCaptureConfig),
	}, nil
}

// captures is where a config captures requests. EnableCapture is true unless it is said
// otherwise. Source: AWS.md B.2.
func captures(c *types.DataCaptureConfig) string {
	if c == nil || c.EnableCapture != nil && !*c.EnableCapture {
		return ""
	}
	return aws.ToString(c.DestinationS3Uri)
}

func configVariants(all []types.ProductionVariant) []shifting.ConfigVariant {
	var out []shifting.ConfigVariant
	for _, v := range all {
		out = append(out, shifting.ConfigVariant{
			Name:         aws.ToString(v.VariantName),
			Model:        aws.ToString(v.ModelName),
			InstanceType: string(v.InstanceType),
			Count:        int(aws.ToInt32(v.InitialInstanceCount)),
			Serverless:   v.ServerlessConfig != nil,
			Pooled:       len(v.InstancePools) > 0,
		})
	}
	return out
}

func (p *Endpoints) config(ctx context.Context, name string) (*sagemaker.DescribeEndpointConfigOutput, error) {
	out, err := p.client.DescribeEndpointConfig(ctx, &sagemaker.DescribeEndpointConfigInput{EndpointConfigName: &name})
	return out, awsfault.Errorf(err, "reading endpoint config %s", name)
}

// EnsureModel makes a model of a package, or finds it made. It looks first: what
// SageMaker says of a name that is taken is not documented for models.
func (p *Endpoints) EnsureModel(ctx context.Context, name, packageARN, roleARN string) error {
	made, err := p.madeFrom(ctx, name, packageARN)
	if err != nil || made {
		return err
	}
	_, err = p.client.CreateModel(ctx, &sagemaker.CreateModelInput{
		ModelName:        &name,
		ExecutionRoleArn: &roleARN,
		PrimaryContainer: &types.ContainerDefinition{ModelPackageName: &packageARN},
		Tags:             ours,
	})
	if err == nil {
		return nil
	}
	failure := awsfault.Errorf(err, "creating model %s of %s", name, packageARN)
	// The answer to an earlier try may have been lost.
	if made, err := p.madeFrom(ctx, name, packageARN); err != nil || made {
		return err
	}
	return failure
}

// madeFrom reports whether the model is there. Errors: Conflict if it was made from
// something else.
func (p *Endpoints) madeFrom(ctx context.Context, name, packageARN string) (bool, error) {
	m, err := p.Model(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err == nil && m.Package != packageARN {
		err = fault.Conflict.Errorf("model %s exists and was made from %q, not from %s; delete it if nothing uses it", name, m.Package, packageARN)
	}
	return err == nil, err
}

// ours marks what Sluice has made.
var ours = []types.Tag{{Key: aws.String("sluice"), Value: aws.String("rollout")}}

// EnsureConfig makes a config, or finds it made. The new config is a copy of From,
// but for its variants: data capture, encryption and the settings of the variant
// stay as the user chose them.
func (p *Endpoints) EnsureConfig(ctx context.Context, r shifting.ConfigRequest) error {
	made, err := p.holds(ctx, r)
	if err != nil || made {
		return err
	}
	in, err := p.copyOf(ctx, r)
	if err != nil {
		return err
	}
	_, err = p.client.CreateEndpointConfig(ctx, in)
	if err == nil {
		return nil
	}
	failure := awsfault.Errorf(err, "creating endpoint config %s", r.Name)
	if made, err := p.holds(ctx, r); err != nil || made {
		return err
	}
	return failure
}

// copyOf is the request for a config like From.
func (p *Endpoints) copyOf(ctx context.Context, r shifting.ConfigRequest) (*sagemaker.CreateEndpointConfigInput, error) {
	in := &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &r.Name, Tags: ours}
	var like types.ProductionVariant
	if r.From != "" {
		from, err := p.config(ctx, r.From)
		if err != nil {
			return nil, err
		}
		if len(from.ProductionVariants) == 0 {
			return nil, fault.Invalid.Errorf("endpoint config %s has no variant to copy", r.From)
		}
		like = from.ProductionVariants[0]
		in.DataCaptureConfig, in.KmsKeyId, in.ExplainerConfig = from.DataCaptureConfig, from.KmsKeyId, from.ExplainerConfig
		in.VpcConfig, in.ExecutionRoleArn, in.EnableNetworkIsolation = from.VpcConfig, from.ExecutionRoleArn, from.EnableNetworkIsolation
		in.MetricsConfig = from.MetricsConfig
	}
	for _, v := range r.Variants {
		in.ProductionVariants = append(in.ProductionVariants, variant(like, v))
	}
	if r.Shadow != nil {
		// Its share of copies is its weight over the production variant's, 100.
		in.ShadowProductionVariants = []types.ProductionVariant{variant(like, *r.Shadow)}
	}
	return in, nil
}

// variant copies like, with what is its own.
func variant(like types.ProductionVariant, v shifting.WeightedVariant) types.ProductionVariant {
	like.VariantName, like.ModelName = aws.String(v.Name), aws.String(v.Model)
	like.InitialInstanceCount = aws.Int32(int32(v.Count))
	like.InitialVariantWeight = aws.Float32(float32(v.Weight))
	if v.InstanceType != "" {
		like.InstanceType = types.ProductionVariantInstanceType(v.InstanceType)
	}
	return like
}

// holds reports whether the config is there. Errors: Conflict if it has other
// variants.
func (p *Endpoints) holds(ctx context.Context, r shifting.ConfigRequest) (bool, error) {
	c, err := p.Config(ctx, r.Name)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same := slices.EqualFunc(c.Variants, r.Variants, func(a shifting.ConfigVariant, b shifting.WeightedVariant) bool {
		return a.Name == b.Name && a.Model == b.Model
	})
	if r.Shadow == nil {
		same = same && len(c.Shadows) == 0
	} else {
		same = same && len(c.Shadows) == 1 && c.Shadows[0].Name == r.Shadow.Name && c.Shadows[0].Model == r.Shadow.Model
	}
	if !same {
		return false, fault.Conflict.Errorf("endpoint config %s exists with other variants; delete it if nothing uses it", r.Name)
	}
	return true, nil
}
