package stage

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"sluice"
	"sluice/cmd/sluice/ui"
)

// Review answers an approval of the model's pipeline, as a person does.
type Review struct {
	Stage  string `yaml:"stage"`
	Action string `yaml:"action"`
	Result string `yaml:"result"` // Approved or Rejected
	Why    string `yaml:"why"`
}

// deliveries deploys pipeline.yaml. The pipeline of Sluice itself is there, too, and its
// repository is not: it never starts.
func (st *Stage) deliveries() error {
	_, err := st.AWS.DeployTemplate(sluice.Deployed, "pipeline.yaml", st.Scenario.Code.Pipeline, map[string]string{
		"Model": st.Scenario.sp.Model, "ModelRepository": st.Scenario.Code.Repository, "StagingTable": "sluice-staging-table",
	})
	return err
}

// pipelineName is the model's pipeline, as pipeline.yaml calls it.
func (st *Stage) pipelineName() string {
	return st.Scenario.Code.Pipeline + "-" + st.Scenario.sp.Model
}

// scanGate is the project that looks at the image's findings.
func (st *Stage) scanGate() string { return st.pipelineName() + "-scan" }

// delivery tells how far an execution of the model's pipeline has come.
func (p *Play) delivery(pipeline, stage, state string) {
	if p.stage.Scenario.Code == nil || pipeline != p.stage.pipelineName() {
		return
	}
	mark := map[string]ui.Mark{"STARTED": ui.Info, "RESUMED": ui.Info, "SUCCEEDED": ui.Done, "FAILED": ui.Failed}[state]
	if mark == (ui.Mark{}) {
		mark = ui.Info
	}
	p.tell(mark, pipeline, "stage %s: %s", stage, state)
}

// review answers an approval that waits.
func (p *Play) review(ctx context.Context, a Review) error {
	client, name := codepipeline.NewFromConfig(p.stage.AWS.AdminConfig()), p.stage.pipelineName()
	state, err := client.GetPipelineState(ctx, &codepipeline.GetPipelineStateInput{Name: &name})
	if err != nil {
		return err
	}
	for _, stage := range state.StageStates {
		for _, action := range stage.ActionStates {
			if *stage.StageName != a.Stage || *action.ActionName != a.Action || action.LatestExecution == nil || action.LatestExecution.Token == nil {
				continue
			}
			p.tell(ui.Trigger, name, "a person answers %s: %s", a.Action, a.Result)
			_, err := client.PutApprovalResult(ctx, &codepipeline.PutApprovalResultInput{
				PipelineName: &name, StageName: &a.Stage, ActionName: &a.Action, Token: action.LatestExecution.Token,
				Result: &types.ApprovalResult{Status: types.ApprovalStatus(a.Result), Summary: &a.Why},
			})
			return err
		}
	}
	return fmt.Errorf("review: stage %s of pipeline %s has no action %s that asks", a.Stage, name, a.Action)
}

// retry runs the failed actions of a stage again.
func (p *Play) retry(ctx context.Context, stage string) error {
	client, name := codepipeline.NewFromConfig(p.stage.AWS.AdminConfig()), p.stage.pipelineName()
	executions, err := client.ListPipelineExecutions(ctx, &codepipeline.ListPipelineExecutionsInput{PipelineName: &name})
	if err != nil {
		return err
	}
	if len(executions.PipelineExecutionSummaries) == 0 {
		return fmt.Errorf("retry: pipeline %s has not run yet", name)
	}
	p.tell(ui.Trigger, name, "a person lets stage %s try again", stage)
	_, err = client.RetryStageExecution(ctx, &codepipeline.RetryStageExecutionInput{
		PipelineName: &name, StageName: &stage, PipelineExecutionId: executions.PipelineExecutionSummaries[0].PipelineExecutionId, RetryMode: types.StageRetryModeFailedActions,
	})
	return err
}

// checkPipeline holds the pipeline's executions against what was expected.
func (st *Stage) checkPipeline(ctx context.Context, x Expect, misses []string) ([]string, error) {
	if x.Delivered == nil {
		return misses, nil
	}
	name := st.pipelineName()
	out, err := codepipeline.NewFromConfig(st.AWS.AdminConfig()).ListPipelineExecutions(ctx, &codepipeline.ListPipelineExecutionsInput{PipelineName: aws.String(name)})
	if err != nil {
		return misses, err
	}
	got := []string{}
	for _, e := range slices.Backward(out.PipelineExecutionSummaries) {
		got = append(got, string(e.Status))
	}
	if !slices.Equal(got, x.Delivered) {
		misses = append(misses, fmt.Sprintf("executions of pipeline %s came to %q, %q expected", name, got, x.Delivered))
	}
	return misses, nil
}
