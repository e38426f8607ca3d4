package pipelines

import (
	"cmp"
	"fmt"
	"time"

	"sluice/local/wire"
)

// The statuses of executions and steps. Source: AWS.md B.9.
const (
	executing = "Executing"
	stopping  = "Stopping"
	stopped   = "Stopped"
	failed    = "Failed"
	succeeded = "Succeeded"
	starting  = "Starting"
)

type value struct {
	Name  string `json:"Name"`
	Value string `json:"Value"`
}

type execution struct {
	pipeline          *pipeline
	def               *definition // as it was when the execution started
	arn, id           string
	display, desc     string
	status, reason    string
	started, modified time.Time
	ended             time.Time
	params            []value
	parallel          int
	run               Run
	outcome           Outcome
	steps             []*step // in the order in which they started
	retries           map[string]bool
}

type startIn struct {
	PipelineName                 string       `json:"PipelineName"`
	ClientRequestToken           string       `json:"ClientRequestToken"`
	PipelineExecutionDisplayName string       `json:"PipelineExecutionDisplayName"`
	PipelineExecutionDescription string       `json:"PipelineExecutionDescription"`
	PipelineParameters           []value      `json:"PipelineParameters"`
	ParallelismConfiguration     *parallelism `json:"ParallelismConfiguration"`
	SelectiveExecutionConfig     any          `json:"SelectiveExecutionConfig"`
	PipelineVersionID            *int64       `json:"PipelineVersionId"`
	MlflowExperimentName         string       `json:"MlflowExperimentName"`
}

type executionOut struct {
	PipelineExecutionARN string `json:"PipelineExecutionArn"`
}

type executionIn struct {
	PipelineExecutionARN     string       `json:"PipelineExecutionArn"`
	ClientRequestToken       string       `json:"ClientRequestToken"`
	ParallelismConfiguration *parallelism `json:"ParallelismConfiguration"`
	MaxResults               *int         `json:"MaxResults"`
	NextToken                string       `json:"NextToken"`
	SortOrder                string       `json:"SortOrder"`
}

func (p *Pipelines) registerExecutions(svc *wire.Service) {
	wire.Handle(svc, "StartPipelineExecution", func(in *startIn) []wire.Access {
		return one("StartPipelineExecution", pipelineARN(in.PipelineName))
	}, p.start)
	access := func(action string) func(*executionIn) []wire.Access {
		return func(in *executionIn) []wire.Access { return one(action, in.PipelineExecutionARN) }
	}
	wire.Handle(svc, "DescribePipelineExecution", access("DescribePipelineExecution"), p.describeExecution)
	wire.Handle(svc, "StopPipelineExecution", access("StopPipelineExecution"), p.stop)
	wire.Handle(svc, "RetryPipelineExecution", access("RetryPipelineExecution"), p.retry)
	wire.Handle(svc, "ListPipelineExecutionSteps", access("ListPipelineExecutionSteps"), p.listSteps)
	wire.Handle(svc, "ListPipelineParametersForExecution", access("ListPipelineParametersForExecution"), p.listParameters)
	wire.Handle(svc, "ListPipelineExecutions", func(in *listExecutionsIn) []wire.Access {
		return one("ListPipelineExecutions", pipelineARN(in.PipelineName))
	}, p.listExecutions)
}

// start is idempotent by token, for ever: how long AWS remembers one is not
// documented. Source: AWS.md B.9.
func (p *Pipelines) start(_ *wire.Call, in *startIn) (*executionOut, error) {
	x, err := p.find(in.PipelineName)
	if err != nil {
		return nil, err
	}
	if err := checkStart(in); err != nil {
		return nil, err
	}
	if e, ok := x.tokens[in.ClientRequestToken]; ok {
		return &executionOut{e.arn}, nil
	}
	params, err := x.def.bind(in.PipelineParameters)
	if err != nil {
		return nil, err
	}
	x.runs++
	id := p.w.ID("pipeline-execution", 12)
	e := &execution{pipeline: x, def: x.def, id: id, arn: x.arn + "/execution/" + id, desc: in.PipelineExecutionDescription, status: executing,
		display: cmp.Or(in.PipelineExecutionDisplayName, fmt.Sprintf("execution-%d", p.w.Now().UnixMilli())),
		started: p.w.Now(), modified: p.w.Now(), params: params, parallel: x.parallel, retries: map[string]bool{}}
	if in.ParallelismConfiguration != nil {
		e.parallel = in.ParallelismConfiguration.MaxParallelExecutionSteps
	}
	x.tokens[in.ClientRequestToken] = e
	x.lastRun = e.started
	p.executions.Put(e.arn, e)
	e.run = Run{Pipeline: x.name, Ordinal: x.runs, ExecutionARN: e.arn, Parameters: map[string]string{}}
	for _, v := range params {
		e.run.Parameters[v.Name] = v.Value
	}
	p.emitExecution(e, "")
	p.begin(e)
	return &executionOut{e.arn}, nil
}

// begin asks the script and lets the steps go, once the caller has its answer.
func (p *Pipelines) begin(e *execution) {
	e.run.Attempt++
	e.outcome = Outcome{}
	if p.out.Script != nil {
		e.outcome = p.out.Script(e.run)
	}
	p.w.After(time.Second, "sagemaker: execution "+e.id+" begins", func() { p.advance(e) })
}

func (p *Pipelines) findExecution(arn string) (*execution, error) {
	if e, ok := p.executions.Get(arn); ok {
		return e, nil
	}
	return nil, wire.Errorf("ResourceNotFound", "Pipeline execution '%s' does not exist.", arn)
}

// stop lets the running steps go down and ends as Stopped.
func (p *Pipelines) stop(_ *wire.Call, in *executionIn) (*executionOut, error) {
	e, err := p.findExecution(in.PipelineExecutionARN)
	if err != nil {
		return nil, err
	}
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	if e.status == stopping || e.status == stopped {
		return &executionOut{e.arn}, nil
	}
	if e.status != executing {
		return nil, wire.Errorf("ConflictException", "Pipeline execution '%s' is %s and cannot be stopped.", e.arn, e.status)
	}
	p.become(e, stopping, "")
	for _, s := range e.running() {
		s.timer.Stop()
		p.move(e, s, stopping, "")
		p.w.After(30*time.Second, "sagemaker: step "+s.def.Name+" stops", func() {
			p.move(e, s, stopped, "")
			p.advance(e)
		})
	}
	if len(e.running()) == 0 {
		p.w.After(time.Second, "sagemaker: execution "+e.id+" stops", func() { p.advance(e) })
	}
	return &executionOut{e.arn}, nil
}

// retry runs what did not succeed again.
func (p *Pipelines) retry(_ *wire.Call, in *executionIn) (*executionOut, error) {
	e, err := p.findExecution(in.PipelineExecutionARN)
	if err != nil {
		return nil, err
	}
	if err := checkToken(in.ClientRequestToken); err != nil {
		return nil, err
	}
	if e.retries[in.ClientRequestToken] {
		return &executionOut{e.arn}, nil
	}
	if e.status != failed && e.status != stopped {
		return nil, wire.Errorf("ConflictException", "Pipeline execution '%s' is %s and cannot be retried.", e.arn, e.status)
	}
	e.retries[in.ClientRequestToken] = true
	e.ended = time.Time{}
	if in.ParallelismConfiguration != nil {
		e.parallel = in.ParallelismConfiguration.MaxParallelExecutionSteps
	}
	p.become(e, executing, "")
	for _, s := range e.steps {
		if s.status != succeeded {
			s.again = true
		}
	}
	p.begin(e)
	return &executionOut{e.arn}, nil
}
