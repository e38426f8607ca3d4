package pipelines

import (
	"strings"
)

// executionDetail is the detail of "SageMaker Model Building Pipeline Execution
// Status Change". It names neither the reason of a failure nor the parameters.
// Source: AWS.md A.2.
type executionDetail struct {
	DisplayName  string `json:"pipelineExecutionDisplayName"`
	Current      string `json:"currentPipelineExecutionStatus"`
	Previous     string `json:"previousPipelineExecutionStatus,omitempty"`
	Start        string `json:"executionStartTime"`
	End          string `json:"executionEndTime,omitempty"`
	Description  string `json:"pipelineExecutionDescription,omitempty"`
	PipelineARN  string `json:"pipelineArn"`
	ExecutionARN string `json:"pipelineExecutionArn"`
}

// stepDetail is the detail of "SageMaker Model Building Pipeline Execution Step
// Status Change".
type stepDetail struct {
	Metadata     map[string]any `json:"metadata"`
	Start        string         `json:"stepStartTime"`
	End          string         `json:"stepEndTime,omitempty"`
	Name         string         `json:"stepName"`
	Type         string         `json:"stepType"`
	Previous     string         `json:"previousStepStatus"`
	Current      string         `json:"currentStepStatus"`
	PipelineARN  string         `json:"pipelineArn"`
	ExecutionARN string         `json:"pipelineExecutionArn"`
	Reason       string         `json:"failureReason,omitempty"`
}

func (p *Pipelines) emitExecution(e *execution, previous string) {
	p.out.Emit("aws.sagemaker", "SageMaker Model Building Pipeline Execution Status Change", []string{e.pipeline.arn, e.arn}, executionDetail{
		e.display, e.status, previous, stamp(e.started), stamp(e.ended), e.desc, e.pipeline.arn, e.arn})
}

func (p *Pipelines) emitStep(e *execution, s *step, previous string) {
	metadata := map[string]any{}
	if s.metadata != nil {
		inner := map[string]any{}
		for k, v := range s.metadata {
			inner[lowerFirst(k)] = v
		}
		metadata[lowerFirst(s.member)] = inner
	}
	p.out.Emit("aws.sagemaker", "SageMaker Model Building Pipeline Execution Step Status Change", []string{e.pipeline.arn, e.arn}, stepDetail{
		metadata, stamp(s.started), stamp(s.ended), s.def.Name, s.def.Type, previous, s.status, e.pipeline.arn, e.arn, s.reason})
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
