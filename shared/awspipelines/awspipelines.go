// Package awspipelines runs SageMaker pipelines. It fills training's pipelines.
package awspipelines

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/shared/awsfault"
	"sluice/shared/training"
)

// Pipelines is SageMaker Pipelines.
type Pipelines struct{ client *sagemaker.Client }

// Open returns SageMaker Pipelines.
func Open(cfg aws.Config) *Pipelines { return &Pipelines{client: sagemaker.NewFromConfig(cfg)} }

// Start fills training's pipelines.
func (p *Pipelines) Start(ctx context.Context, s training.Start) (arn string, err error) {
	var parameters []types.Parameter
	for name, value := range s.Parameters {
		parameters = append(parameters, types.Parameter{Name: aws.String(name), Value: aws.String(value)})
	}
	slices.SortFunc(parameters, func(a, b types.Parameter) int { return strings.Compare(*a.Name, *b.Name) })
	out, err := p.client.StartPipelineExecution(ctx, &sagemaker.StartPipelineExecutionInput{
		PipelineName:                 &s.Pipeline,
		ClientRequestToken:           &s.Token,
		PipelineExecutionDisplayName: &s.Name,
		PipelineParameters:           parameters,
	})
	if err != nil {
		return "", awsfault.Errorf(err, "starting pipeline %s", s.Pipeline)
	}
	return aws.ToString(out.PipelineExecutionArn), nil
}

// Describe fills training's pipelines. A failed execution's reason names the step
// that failed.
func (p *Pipelines) Describe(ctx context.Context, arn string) (training.Execution, error) {
	out, err := p.client.DescribePipelineExecution(ctx, &sagemaker.DescribePipelineExecutionInput{PipelineExecutionArn: &arn})
	if err != nil {
		return training.Execution{}, awsfault.Errorf(err, "looking at pipeline execution %s", arn)
	}
	x := training.Execution{Status: string(out.PipelineExecutionStatus), Reason: aws.ToString(out.FailureReason)}
	if x.Status != "Succeeded" && x.Status != "Failed" {
		return x, nil
	}
	pages := sagemaker.NewListPipelineExecutionStepsPaginator(p.client, &sagemaker.ListPipelineExecutionStepsInput{PipelineExecutionArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return x, awsfault.Errorf(err, "listing the steps of pipeline execution %s", arn)
		}
		for _, st := range page.PipelineExecutionSteps {
			if st.StepStatus == types.StepStatusFailed {
				x.Reason = fmt.Sprintf("step %s failed: %s", aws.ToString(st.StepName), aws.ToString(st.FailureReason))
				x.Job = job(st.Metadata)
			}
			if m := st.Metadata; m != nil && m.RegisterModel != nil {
				x.Package = aws.ToString(m.RegisterModel.Arn)
			}
		}
	}
	return x, nil
}

// job is the job that a step ran, as kind/name, the end of its ARN; "" if it ran none.
func job(m *types.PipelineExecutionStepMetadata) string {
	if m == nil {
		return ""
	}
	var arn *string
	switch {
	case m.TrainingJob != nil:
		arn = m.TrainingJob.Arn
	case m.ProcessingJob != nil:
		arn = m.ProcessingJob.Arn
	case m.TransformJob != nil:
		arn = m.TransformJob.Arn
	}
	return aws.ToString(arn)[strings.LastIndexByte(aws.ToString(arn), ':')+1:]
}

// Stop asks for an execution to be stopped. Asking again asks for the same.
func (p *Pipelines) Stop(ctx context.Context, arn string) error {
	sum := sha256.Sum256([]byte("stop " + arn))
	_, err := p.client.StopPipelineExecution(ctx, &sagemaker.StopPipelineExecutionInput{PipelineExecutionArn: &arn, ClientRequestToken: aws.String(hex.EncodeToString(sum[:]))})
	return awsfault.Errorf(err, "stopping pipeline execution %s", arn)
}

// Definition fills training's pipelines.
func (p *Pipelines) Definition(ctx context.Context, pipeline string) ([]byte, error) {
	out, err := p.client.DescribePipeline(ctx, &sagemaker.DescribePipelineInput{PipelineName: &pipeline})
	if err != nil {
		return nil, awsfault.Errorf(err, "reading pipeline %s", pipeline)
	}
	return []byte(aws.ToString(out.PipelineDefinition)), nil
}
