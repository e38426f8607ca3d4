package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sluice/cmd/sluice/ui"
	"sluice/local/sagemaker/registry"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
)

// moment is an action that waits for an execution to enter a state.
type moment struct {
	when When
	seen int
	do   func()
}

// entered tells the actions that wait for it that an execution enters a state.
func (p *Play) entered(execution, state string) {
	for _, m := range p.moments {
		if m.when.State != state || m.when.Rollout != "" && m.when.Rollout != execution {
			continue
		}
		if m.seen++; m.seen == max(m.when.Nth, 1) {
			m.do()
		}
	}
}

// command writes a command to the table, as anybody may who may write there.
func (p *Play) command(ctx context.Context, c Command) error {
	now := p.stage.AWS.World.Now()
	p.commands++
	by := c.By
	if by == "" {
		by = "ana"
	}
	p.tell(ui.Trigger, c.Rollout, "%s says: %s", by, strings.TrimSpace(c.Verb+map[bool]string{true: " --full"}[c.Full]))
	return p.stage.Table.AddCommand(ctx, rollout.Command{
		Rollout: c.Rollout, ID: fmt.Sprintf("%s-%d", now.UTC().Format("20060102T150405.000"), p.commands), Verb: rollout.Verb(c.Verb),
		Full: c.Full, Gate: c.Gate, By: by, Why: c.Why, At: now,
	})
}

// pack registers a model package by hand.
func (p *Play) pack(ctx context.Context, a Package) error {
	s, sp := p.stage.Scenario, p.stage.Scenario.sp
	p.packages++
	key := fmt.Sprintf("by-hand/%d/evaluation.json", p.packages)
	if err := p.stage.AWS.S3.Put(artifacts, key, a.Model.report()); err != nil {
		return err
	}
	container := registry.Container{Image: championImage, ModelDataURL: championData(s.sp.Package.Group)}
	if a.Image != "" {
		container.Image = a.Image
	}
	if a.Data != "" {
		container.ModelDataURL = a.Data
	}
	arn, err := p.stage.AWS.SageMaker.Registry.Add(registry.Definition{
		ModelPackageGroupName: sp.Package.Group, ModelApprovalStatus: a.Approval, ModelMetrics: quality(key),
		InferenceSpecification: &registry.Inference{Containers: []registry.Container{container}, SupportedContentTypes: []string{"text/csv"}, SupportedResponseMIMETypes: []string{"text/csv"}},
	}, a.Model.behaviour())
	if err == nil {
		p.tell(ui.Trigger, sp.Model, "%s is registered by hand as %s", arn[strings.LastIndex(arn, ":")+1:], a.Approval)
	}
	return err
}

// approve changes an approval in the registry.
func (p *Play) approve(a Approval) error {
	group := p.stage.Scenario.sp.Package.Group
	p.tell(ui.Trigger, group, "version %d is set to %s", a.Version, a.Approval)
	return p.stage.AWS.SageMaker.Registry.Approve(fmt.Sprintf("%s/%s/%d", packagePrefix, group, a.Version), a.Approval, "by hand")
}

// foreign is somebody else's change of the endpoint.
func (p *Play) foreign(ctx context.Context, a Foreign) error {
	name := p.stage.Scenario.sp.Endpoint.Name
	client := sagemaker.NewFromConfig(p.stage.AWS.AdminConfig())
	if len(a.Weights) > 0 {
		p.tell(ui.Fault, name, "somebody else sets the weights to %v", a.Weights)
		var all []types.DesiredWeightAndCapacity
		for _, v := range slices.Sorted(maps.Keys(a.Weights)) {
			all = append(all, types.DesiredWeightAndCapacity{VariantName: aws.String(v), DesiredWeight: aws.Float32(float32(a.Weights[v]))})
		}
		_, err := client.UpdateEndpointWeightsAndCapacities(ctx, &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: &name, DesiredWeightsAndCapacities: all})
		return err
	}
	p.tell(ui.Fault, name, "somebody else updates the endpoint to config %s", a.Config)
	from, err := client.DescribeEndpointConfig(ctx, &sagemaker.DescribeEndpointConfigInput{EndpointConfigName: aws.String(name + "-v1")})
	if err != nil {
		return err
	}
	if _, err := client.CreateEndpointConfig(ctx, &sagemaker.CreateEndpointConfigInput{EndpointConfigName: &a.Config, ProductionVariants: from.ProductionVariants, DataCaptureConfig: from.DataCaptureConfig}); err != nil {
		return err
	}
	_, err = client.UpdateEndpoint(ctx, &sagemaker.UpdateEndpointInput{EndpointName: &name, EndpointConfigName: &a.Config})
	return err
}

// unlock frees the endpoint of a halted rollout, as a person does who has looked.
func (p *Play) unlock(ctx context.Context, id string) error {
	r, ok, err := p.stage.Table.Rollout(ctx, id)
	if err != nil {
		return err
	}
	if !ok || r.State != rollout.Halted {
		return fmt.Errorf("rollout %s is not halted: it is %q", id, r.State)
	}
	p.tell(ui.Trigger, id, "a person has looked, and frees endpoint %s", r.Endpoint)
	if r.UnlockedAt = p.stage.AWS.World.Now().Truncate(time.Millisecond); err == nil {
		_, err = p.stage.Table.PutRollout(ctx, r)
	}
	if err != nil {
		return err
	}
	return p.stage.Table.FreeLease(ctx, leasing.ForEndpoint(r.Endpoint), id)
}

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
