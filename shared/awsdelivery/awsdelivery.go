// Package awsdelivery reads and answers the approvals that pipelines of CodePipeline
// wait for. It fills the pipelines of delivering.
package awsdelivery

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"sluice/shared/awsfault"
	"sluice/shared/delivering"
)

// Pipelines is CodePipeline.
type Pipelines struct{ client *codepipeline.Client }

// Open returns CodePipeline.
func Open(cfg aws.Config) *Pipelines { return &Pipelines{client: codepipeline.NewFromConfig(cfg)} }

// Asked fills delivering's pipelines. A token is there only while the action waits.
func (p *Pipelines) Asked(ctx context.Context, a delivering.Action) (q delivering.Question, ok bool, err error) {
	out, err := p.client.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: &a.Pipeline})
	var gone *types.PipelineNotFoundException
	if errors.As(err, &gone) {
		return q, false, nil
	}
	if err != nil {
		return q, false, awsfault.Errorf(err, "reading the state of pipeline %s", a.Pipeline)
	}
	for _, stage := range out.StageStates {
		for _, action := range stage.ActionStates {
			x := action.LatestExecution
			if aws.ToString(stage.StageName) != a.Stage || aws.ToString(action.ActionName) != a.Name || x == nil || stage.LatestExecution == nil {
				continue
			}
			q = delivering.Question{Token: aws.ToString(x.Token), Execution: aws.ToString(stage.LatestExecution.PipelineExecutionId)}
			return q, q.Token != "" && x.Status == types.ActionExecutionStatusInProgress, nil
		}
	}
	return q, false, nil
}

// Answer fills delivering's pipelines.
func (p *Pipelines) Answer(ctx context.Context, a delivering.Action, q delivering.Question, approve bool, summary string) error {
	status := types.ApprovalStatusRejected
	if approve {
		status = types.ApprovalStatusApproved
	}
	_, err := p.client.PutApprovalResult(ctx, &codepipeline.PutApprovalResultInput{
		PipelineName: &a.Pipeline, StageName: &a.Stage, ActionName: &a.Name, Token: &q.Token,
		Result: &types.ApprovalResult{Status: status, Summary: &summary},
	})
	var done *types.ApprovalAlreadyCompletedException
	var other *types.InvalidApprovalTokenException
	if errors.As(err, &done) || errors.As(err, &other) {
		return nil
	}
	return awsfault.Errorf(err, "answering action %s of pipeline %s", a.Name, a.Pipeline)
}
