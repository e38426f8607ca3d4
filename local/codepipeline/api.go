package codepipeline

import (
	"slices"

	"sluice/local/wire"
)

// nameIn names a pipeline, an execution of it or a stage, as operations do.
type nameIn struct {
	Name         string `json:"name"`
	PipelineName string `json:"pipelineName"`
	Execution    string `json:"pipelineExecutionId"`
	Stage        string `json:"stageName"`
	RetryMode    string `json:"retryMode"`
	Abandon      bool   `json:"abandon"`
	Reason       string `json:"reason"`
	Token        string `json:"clientRequestToken"`
	Revisions    []any  `json:"sourceRevisions"`
	Variables    []any  `json:"variables"`
	Filter       any    `json:"filter"`
}

type executionIDOut struct {
	ID string `json:"pipelineExecutionId"`
}

// Wire is the service with its operations.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "codepipeline", Target: "CodePipeline_20150709"}
	need := func(action string) func(*nameIn) []wire.Access {
		return func(in *nameIn) []wire.Access {
			parts := []string{in.Name + in.PipelineName} // either is empty
			if in.Stage != "" {
				parts = append(parts, in.Stage)
			}
			return []wire.Access{{Action: "codepipeline:" + action, Resource: ARN(parts...)}}
		}
	}
	wire.Handle(svc, "StartPipelineExecution", need("StartPipelineExecution"), s.startExecution)
	wire.Handle(svc, "StopPipelineExecution", need("StopPipelineExecution"), s.stopExecution)
	wire.Handle(svc, "RetryStageExecution", need("RetryStageExecution"), s.retryStage)
	wire.Handle(svc, "GetPipelineState", need("GetPipelineState"), s.getState)
	wire.Handle(svc, "GetPipelineExecution", need("GetPipelineExecution"), s.getExecution)
	wire.Handle(svc, "ListPipelineExecutions", need("ListPipelineExecutions"), s.listExecutions)
	wire.Handle(svc, "PutApprovalResult", func(in *approvalIn) []wire.Access {
		return []wire.Access{{Action: "codepipeline:PutApprovalResult", Resource: ARN(in.PipelineName, in.StageName, in.ActionName)}}
	}, s.putApproval)
	return svc
}

func (s *Service) startExecution(c *wire.Call, in *nameIn) (*executionIDOut, error) {
	if len(in.Revisions)+len(in.Variables) > 0 {
		return nil, &wire.Error{Code: "NotImplemented", Message: "local AWS starts pipelines without sourceRevisions and variables", Status: 501}
	}
	id, err := s.Start(in.Name, "StartPipelineExecution", s.outside.Caller(c.AccessKey))
	return &executionIDOut{id}, err
}

// find finds the execution that an operation names.
func (s *Service) find(in *nameIn) (*pipeline, *execution, error) {
	p, err := s.pipeline(in.PipelineName)
	if err != nil {
		return nil, nil, err
	}
	e, err := p.execution(in.Execution)
	return p, e, err
}

func (s *Service) stopExecution(_ *wire.Call, in *nameIn) (*executionIDOut, error) {
	_, e, err := s.find(in)
	switch {
	case err != nil:
		return nil, err
	case e.status == stopping && !in.Abandon:
		return nil, wire.Errorf("DuplicatedStopRequestException", "The pipeline execution is already in a Stopping state")
	case e.status != inProgress && e.status != stopping:
		return nil, wire.Errorf("PipelineExecutionNotStoppableException", "The pipeline execution is in state %s", e.status)
	}
	s.stop(e, in.Abandon, in.Reason)
	return &executionIDOut{e.id}, nil
}

func (s *Service) retryStage(_ *wire.Call, in *nameIn) (*executionIDOut, error) {
	p, e, err := s.find(in)
	if err != nil {
		return nil, err
	}
	st, err := p.stage(in.Stage)
	switch {
	case err != nil:
		return nil, err
	case in.RetryMode != "FAILED_ACTIONS" && in.RetryMode != "ALL_ACTIONS":
		return nil, wire.Errorf("ValidationException", "retryMode must be FAILED_ACTIONS or ALL_ACTIONS")
	case st.latest != e:
		return nil, wire.Errorf("NotLatestPipelineExecutionException", "Execution %s is not the latest in stage %s", e.id, st.Name)
	case st.status != failed || e.status != failed:
		return nil, wire.Errorf("StageNotRetryableException", "Stage %s has not failed: it is %s", st.Name, st.status)
	}
	s.retry(e, st, in.RetryMode == "ALL_ACTIONS")
	return &executionIDOut{e.id}, nil
}

type executionOut struct {
	Execution executionShape `json:"pipelineExecution"`
}

type executionShape struct {
	Pipeline  string     `json:"pipelineName"`
	Version   int        `json:"pipelineVersion"`
	ID        string     `json:"pipelineExecutionId"`
	Status    string     `json:"status"`
	Summary   string     `json:"statusSummary,omitempty"`
	Revisions []revision `json:"artifactRevisions"`
	Trigger   trigger    `json:"trigger"`
	Mode      string     `json:"executionMode"`
	Type      string     `json:"executionType"`
}

func (s *Service) getExecution(_ *wire.Call, in *nameIn) (*executionOut, error) {
	p, e, err := s.find(in)
	if err != nil {
		return nil, err
	}
	return &executionOut{executionShape{p.Name, 1, e.id, e.status, e.why, append([]revision{}, e.revisions...), e.trigger, p.ExecutionMode, "STANDARD"}}, nil
}

type listOut struct {
	Executions []summaryShape `json:"pipelineExecutionSummaries"`
}

type summaryShape struct {
	ID      string     `json:"pipelineExecutionId"`
	Status  string     `json:"status"`
	Start   *wire.Time `json:"startTime"`
	Updated *wire.Time `json:"lastUpdateTime"`
	Trigger trigger    `json:"trigger"`
	Mode    string     `json:"executionMode"`
	Type    string     `json:"executionType"`
}

// mostListed is how many executions one page holds.
const mostListed = 100

// listExecutions lists executions, the newest first.
func (s *Service) listExecutions(_ *wire.Call, in *nameIn) (*listOut, error) {
	p, err := s.pipeline(in.PipelineName)
	if err != nil {
		return nil, err
	}
	if in.Filter != nil || len(p.executions) > mostListed {
		return nil, &wire.Error{Code: "NotImplemented", Message: "local AWS lists no executions with a filter, and no more than 100", Status: 501}
	}
	out := &listOut{Executions: []summaryShape{}}
	for _, e := range slices.Backward(p.executions) {
		out.Executions = append(out.Executions, summaryShape{e.id, e.status, wire.At(e.began), wire.At(e.updated), e.trigger, p.ExecutionMode, "STANDARD"})
	}
	return out, nil
}

type stateOut struct {
	Name    string       `json:"pipelineName"`
	Version int          `json:"pipelineVersion"`
	Stages  []stageShape `json:"stageStates"`
	Created *wire.Time   `json:"created"`
	Updated *wire.Time   `json:"updated"`
}

type stageShape struct {
	Name    string          `json:"stageName"`
	Inbound []stageAt       `json:"inboundExecutions,omitempty"`
	First   *stageAt        `json:"inboundExecution,omitempty"`
	Open    map[string]bool `json:"inboundTransitionState"`
	Actions []actionShape   `json:"actionStates"`
	Latest  *stageAt        `json:"latestExecution,omitempty"`
}

// stageAt is an execution in a stage, or on its way there.
type stageAt struct {
	ID     string `json:"pipelineExecutionId"`
	Status string `json:"status"`
	Type   string `json:"type"`
}

type actionShape struct {
	Name   string    `json:"actionName"`
	Latest *runShape `json:"latestExecution,omitempty"`
}

type runShape struct {
	ID       string     `json:"actionExecutionId"`
	Status   string     `json:"status"`
	Summary  string     `json:"summary,omitempty"`
	Changed  *wire.Time `json:"lastStatusChange"`
	Token    string     `json:"token,omitempty"`
	By       string     `json:"lastUpdatedBy,omitempty"`
	External string     `json:"externalExecutionId,omitempty"`
	URL      string     `json:"externalExecutionUrl,omitempty"`
	Error    *problem   `json:"errorDetails,omitempty"`
}

type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// getState shows what each stage holds, and how its actions stand.
func (s *Service) getState(_ *wire.Call, in *nameIn) (*stateOut, error) {
	p, err := s.pipeline(in.Name)
	if err != nil {
		return nil, err
	}
	out := &stateOut{Name: p.Name, Version: 1, Stages: []stageShape{}, Created: wire.At(p.created), Updated: wire.At(p.created)}
	for _, st := range p.stages {
		x := stageShape{Name: st.Name, Open: map[string]bool{"enabled": true}, Actions: []actionShape{}}
		for _, e := range st.inbound {
			x.Inbound = append(x.Inbound, stageAt{e.id, inProgress, "STANDARD"})
		}
		if len(x.Inbound) > 0 {
			x.First = &x.Inbound[0]
		}
		if st.latest != nil {
			x.Latest = &stageAt{st.latest.id, st.status, "STANDARD"}
		}
		for _, a := range st.Actions {
			x.Actions = append(x.Actions, actionShape{a.Name, st.runs[a.Name].shape()})
		}
		out.Stages = append(out.Stages, x)
	}
	return out, nil
}

func (r *run) shape() *runShape {
	if r == nil {
		return nil
	}
	out := &runShape{ID: r.id, Status: r.status, Summary: r.summary, Changed: wire.At(r.changed), Token: r.token, By: r.by, External: r.external, URL: r.url}
	if r.code != "" {
		out.Error = &problem{r.code, r.summary}
	}
	return out
}
