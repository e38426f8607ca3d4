package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"sluice/cmd/sluice/ui"
)

// PushImage pushes an image to the scenario's ECR repository, as others do. The same
// content is the same image.
type PushImage struct {
	Tag     string `yaml:"tag"` // "" for none
	Content string `yaml:"content"`
}

// SendEvent sends an event to the default bus, as anybody may who may put events there.
type SendEvent struct {
	Source string `yaml:"source"`
	Type   string `yaml:"type"`
	Detail any    `yaml:"detail"`
}

func (p *Play) image(a PushImage) error {
	c := p.stage.Scenario.Code
	if c == nil || c.Images == "" {
		return fmt.Errorf("image: the scenario's code has no images")
	}
	p.tell(ui.Trigger, c.Images, "image %s is pushed under tag %q", a.Content, a.Tag)
	_, err := p.stage.AWS.ECR.Push(c.Images, a.Tag, a.Content, "")
	return err
}

// stop stops the executions of a pipeline, as somebody does in the console.
func (p *Play) stop(ctx context.Context, pipeline string) error {
	client := sagemaker.NewFromConfig(p.stage.AWS.AdminConfig())
	list, err := client.ListPipelineExecutions(ctx, &sagemaker.ListPipelineExecutionsInput{PipelineName: &pipeline})
	if err != nil {
		return err
	}
	for _, x := range list.PipelineExecutionSummaries {
		if x.PipelineExecutionStatus != types.PipelineExecutionStatusExecuting {
			continue
		}
		p.tell(ui.Fault, pipeline, "somebody stops execution %s", aws.ToString(x.PipelineExecutionDisplayName))
		if _, err := client.StopPipelineExecution(ctx, &sagemaker.StopPipelineExecutionInput{
			PipelineExecutionArn: x.PipelineExecutionArn, ClientRequestToken: aws.String(strings.Repeat("s", 32)),
		}); err != nil {
			return err
		}
	}
	return nil
}

// kill stops an execution of the training machine, as somebody does in the console.
func (p *Play) kill(ctx context.Context, name string) error {
	p.tell(ui.Fault, name, "somebody stops its state machine")
	arn := strings.Replace(p.stage.Output("TrainingMachine"), ":stateMachine:", ":execution:", 1) + ":" + name
	_, err := sfn.NewFromConfig(p.stage.AWS.AdminConfig()).StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &arn})
	return err
}

func (p *Play) send(ctx context.Context, a SendEvent) error {
	detail, err := json.Marshal(a.Detail)
	if err != nil {
		return err
	}
	p.tell(ui.Trigger, a.Source, "event %q is sent: %s", a.Type, detail)
	out, err := eventbridge.NewFromConfig(p.stage.AWS.AdminConfig()).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{
		{Source: &a.Source, DetailType: &a.Type, Detail: aws.String(string(detail))},
	}})
	if err == nil && out.FailedEntryCount > 0 {
		err = fmt.Errorf("the event was not taken: %s", aws.ToString(out.Entries[0].ErrorMessage))
	}
	return err
}
