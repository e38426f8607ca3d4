package event

import (
	"encoding/json"
	"time"

	"sluice/shared/fault"
)

// Detail types of the events about builds, images, deployments and executions.
const (
	BuildStateType       = "CodeBuild Build State Change"
	ImageActionType      = "ECR Image Action"
	ImageScanType        = "ECR Image Scan"
	PipelineStateType    = "CodePipeline Pipeline Execution State Change"
	StageStateType       = "CodePipeline Stage Execution State Change"
	ActionStateType      = "CodePipeline Action Execution State Change"
	DeploymentStateType  = "CodeDeploy Deployment State-change Notification"
	MachineExecutionType = "Step Functions Execution Status Change"
)

// Build is a CodeBuild build whose state has changed.
type Build struct {
	ARN     string
	Project string
	Status  string // IN_PROGRESS, SUCCEEDED, FAILED, FAULT, STOPPED, TIMED_OUT
}

// BuildState reads CodeBuild's event. Errors: Invalid without id, project or status.
func BuildState(e Envelope) (Build, error) {
	d, err := detail[struct {
		Status  string `json:"build-status"`
		Project string `json:"project-name"`
		ID      string `json:"build-id"`
	}](e, BuildStateType)
	if err != nil {
		return Build{}, err
	}
	b := Build{ARN: d.ID, Project: d.Project, Status: d.Status}
	if b.ARN == "" || b.Project == "" || b.Status == "" {
		return Build{}, fault.Invalid.Errorf("event %s (%s): build-id, project-name and build-status must all be there", e.ID, e.DetailType)
	}
	return b, nil
}

// Image is an image in ECR that was pushed, or scanned.
type Image struct {
	Repository string
	Digest     string
	Tag        string         // of a push; "" for none
	Status     string         // of a scan: COMPLETE or FAILED; of a push: SUCCESS or FAILURE
	Findings   map[string]int // of a scan, by severity
}

// ImagePush reads ECR's event of a push. Errors: Invalid without repository or digest,
// and for anything that is no push.
func ImagePush(e Envelope) (Image, error) {
	d, err := detail[struct {
		Result     string `json:"result"`
		Repository string `json:"repository-name"`
		Digest     string `json:"image-digest"`
		Action     string `json:"action-type"`
		Tag        string `json:"image-tag"`
	}](e, ImageActionType)
	if err != nil {
		return Image{}, err
	}
	if d.Repository == "" || d.Digest == "" || d.Action != "PUSH" {
		return Image{}, fault.Invalid.Errorf("event %s (%s): repository-name, image-digest and the action-type PUSH must all be there", e.ID, e.DetailType)
	}
	return Image{Repository: d.Repository, Digest: d.Digest, Tag: d.Tag, Status: d.Result}, nil
}

// ImageScan reads ECR's event of a basic scan. Errors: Invalid without repository,
// digest or status.
func ImageScan(e Envelope) (Image, error) {
	d, err := detail[struct {
		Status     string                 `json:"scan-status"`
		Repository string                 `json:"repository-name"`
		Digest     string                 `json:"image-digest"`
		Counts     map[string]json.Number `json:"finding-severity-counts"`
	}](e, ImageScanType)
	if err != nil {
		return Image{}, err
	}
	if d.Repository == "" || d.Digest == "" || d.Status == "" {
		return Image{}, fault.Invalid.Errorf("event %s (%s): repository-name, image-digest and scan-status must all be there", e.ID, e.DetailType)
	}
	i := Image{Repository: d.Repository, Digest: d.Digest, Status: d.Status, Findings: map[string]int{}}
	for level, n := range d.Counts {
		i.Findings[level] = int(whole(n))
	}
	return i, nil
}

// Delivery is a CodePipeline pipeline, one stage of it or one action whose state has
// changed.
type Delivery struct {
	Pipeline  string
	Execution string
	Stage     string // "" for the pipeline itself
	Action    string // "" for a stage
	Provider  string // of an action: CodeBuild, CodeDeploy, ...
	State     string
	Code      string // of an error
	Summary   string
	URL       string
	External  string // what the provider calls its execution
}

// DeliveryState reads the events of CodePipeline, all three. Their numbers and texts
// are mixed up (AWS.md A.2); none is read that is not needed. Errors: Invalid without
// pipeline, execution or state.
func DeliveryState(e Envelope) (Delivery, error) {
	of := e.DetailType
	if of != PipelineStateType && of != StageStateType {
		of = ActionStateType
	}
	d, err := detail[struct {
		Pipeline  string `json:"pipeline"`
		Execution string `json:"execution-id"`
		Stage     string `json:"stage"`
		Action    string `json:"action"`
		State     string `json:"state"`
		Result    struct {
			URL     string `json:"external-execution-url"`
			Summary string `json:"external-execution-summary"`
			ID      string `json:"external-execution-id"`
			Code    string `json:"error-code"`
		} `json:"execution-result"`
		Type struct{ Provider string }
	}](e, of)
	if err != nil {
		return Delivery{}, err
	}
	if d.Pipeline == "" || d.Execution == "" || d.State == "" {
		return Delivery{}, fault.Invalid.Errorf("event %s (%s): pipeline, execution-id and state must all be there", e.ID, e.DetailType)
	}
	return Delivery{d.Pipeline, d.Execution, d.Stage, d.Action, d.Type.Provider, d.State, d.Result.Code, d.Result.Summary, d.Result.URL, d.Result.ID}, nil
}

// Deployment is a CodeDeploy deployment whose state has changed.
type Deployment struct {
	ID          string
	Application string
	Group       string
	State       string // START, SUCCESS, FAILURE, STOP, ...
}

// DeploymentState reads CodeDeploy's event. Errors: Invalid without id or state.
func DeploymentState(e Envelope) (Deployment, error) {
	d, err := detail[struct{ DeploymentID, Application, DeploymentGroup, State string }](e, DeploymentStateType)
	if err != nil {
		return Deployment{}, err
	}
	if d.DeploymentID == "" || d.State == "" {
		return Deployment{}, fault.Invalid.Errorf("event %s (%s): deploymentId and state must both be there", e.ID, e.DetailType)
	}
	return Deployment{d.DeploymentID, d.Application, d.DeploymentGroup, d.State}, nil
}

// Hook is CodeDeploy's question whether a deployment may go on. It does not say which
// version it is about. Source: AWS.md E.
type Hook struct {
	Deployment string `json:"DeploymentId"`
	Execution  string `json:"LifecycleEventHookExecutionId"`
}

// Execution is an execution of a Step Functions state machine whose status has changed.
type Execution struct {
	ARN     string
	Machine string // ARN
	Name    string
	Status  string // RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED
	Error   string
	Cause   string
	Ended   time.Time // zero while it runs
}

// MachineExecution reads Step Functions' event. Errors: Invalid without ARN or status.
func MachineExecution(e Envelope) (Execution, error) {
	d, err := detail[struct {
		ExecutionArn, StateMachineArn, Name, Status string
		Error, Cause                                *string
		StopDate                                    json.Number
	}](e, MachineExecutionType)
	if err != nil {
		return Execution{}, err
	}
	if d.ExecutionArn == "" || d.Status == "" {
		return Execution{}, fault.Invalid.Errorf("event %s (%s): executionArn and status must both be there", e.ID, e.DetailType)
	}
	x := Execution{ARN: d.ExecutionArn, Machine: d.StateMachineArn, Name: d.Name, Status: d.Status}
	if ms := whole(d.StopDate); ms > 0 {
		x.Ended = time.UnixMilli(ms).UTC()
	}
	if d.Error != nil {
		x.Error = *d.Error
	}
	if d.Cause != nil {
		x.Cause = *d.Cause
	}
	return x, nil
}
