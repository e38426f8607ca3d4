package pipelines

import (
	"slices"

	"sluice/local/sagemaker/api"
	"sluice/local/wire"
)

type describeExecutionOut struct {
	PipelineARN                  string       `json:"PipelineArn"`
	PipelineExecutionARN         string       `json:"PipelineExecutionArn"`
	PipelineExecutionDisplayName string       `json:"PipelineExecutionDisplayName"`
	PipelineExecutionDescription string       `json:"PipelineExecutionDescription,omitempty"`
	PipelineExecutionStatus      string       `json:"PipelineExecutionStatus"`
	FailureReason                string       `json:"FailureReason,omitempty"`
	CreationTime                 *wire.Time   `json:"CreationTime"`
	LastModifiedTime             *wire.Time   `json:"LastModifiedTime"`
	ParallelismConfiguration     *parallelism `json:"ParallelismConfiguration,omitempty"`
}

type listExecutionsIn struct {
	PipelineName  string     `json:"PipelineName"`
	CreatedAfter  *wire.Time `json:"CreatedAfter"`
	CreatedBefore *wire.Time `json:"CreatedBefore"`
	SortBy        string     `json:"SortBy"`
	SortOrder     string     `json:"SortOrder"`
	MaxResults    *int       `json:"MaxResults"`
	NextToken     string     `json:"NextToken"`
}

type listExecutionsOut struct {
	PipelineExecutionSummaries []executionSummary `json:"PipelineExecutionSummaries"`
	NextToken                  string             `json:"NextToken,omitempty"`
}

type executionSummary struct {
	PipelineExecutionARN           string     `json:"PipelineExecutionArn"`
	PipelineExecutionDisplayName   string     `json:"PipelineExecutionDisplayName"`
	PipelineExecutionDescription   string     `json:"PipelineExecutionDescription,omitempty"`
	PipelineExecutionStatus        string     `json:"PipelineExecutionStatus"`
	PipelineExecutionFailureReason string     `json:"PipelineExecutionFailureReason,omitempty"`
	StartTime                      *wire.Time `json:"StartTime"`
}

type listStepsOut struct {
	PipelineExecutionSteps []stepOut `json:"PipelineExecutionSteps"`
	NextToken              string    `json:"NextToken,omitempty"`
}

type stepOut struct {
	StepName        string         `json:"StepName"`
	StepDisplayName string         `json:"StepDisplayName,omitempty"`
	StepDescription string         `json:"StepDescription,omitempty"`
	StepStatus      string         `json:"StepStatus"`
	FailureReason   string         `json:"FailureReason,omitempty"`
	StartTime       *wire.Time     `json:"StartTime"`
	EndTime         *wire.Time     `json:"EndTime,omitempty"`
	AttemptCount    int            `json:"AttemptCount"`
	Metadata        map[string]any `json:"Metadata,omitempty"`
}

type listParametersOut struct {
	PipelineParameters []value `json:"PipelineParameters"`
	NextToken          string  `json:"NextToken,omitempty"`
}

func (p *Pipelines) describeExecution(_ *wire.Call, in *executionIn) (*describeExecutionOut, error) {
	e, err := p.findExecution(in.PipelineExecutionARN)
	if err != nil {
		return nil, err
	}
	out := &describeExecutionOut{PipelineARN: e.pipeline.arn, PipelineExecutionARN: e.arn, PipelineExecutionDisplayName: e.display,
		PipelineExecutionDescription: e.desc, PipelineExecutionStatus: e.status, FailureReason: e.reason,
		CreationTime: wire.At(e.started), LastModifiedTime: wire.At(e.modified)}
	if e.parallel > 0 {
		out.ParallelismConfiguration = &parallelism{e.parallel}
	}
	return out, nil
}

func (p *Pipelines) listExecutions(_ *wire.Call, in *listExecutionsIn) (*listExecutionsOut, error) {
	x, err := p.find(in.PipelineName)
	if err != nil {
		return nil, err
	}
	var kept []*execution
	for _, e := range p.executions.All() {
		if e.pipeline == x {
			kept = append(kept, e)
		}
	}
	page, next, err := api.List(api.Query{CreationTimeAfter: in.CreatedAfter, CreationTimeBefore: in.CreatedBefore, SortBy: in.SortBy, SortOrder: in.SortOrder,
		MaxResults: in.MaxResults, NextToken: in.NextToken}, kept, "Descending", func(e *execution) api.Row {
		return api.Row{Name: e.arn, Created: e.started, Modified: e.modified}
	})
	if err != nil {
		return nil, err
	}
	out := &listExecutionsOut{PipelineExecutionSummaries: []executionSummary{}, NextToken: next}
	for _, e := range page {
		out.PipelineExecutionSummaries = append(out.PipelineExecutionSummaries, executionSummary{e.arn, e.display, e.desc, e.status, e.reason, wire.At(e.started)})
	}
	return out, nil
}

// listSteps lists the steps that have started, newest first unless asked otherwise.
func (p *Pipelines) listSteps(_ *wire.Call, in *executionIn) (*listStepsOut, error) {
	e, err := p.findExecution(in.PipelineExecutionARN)
	if err != nil {
		return nil, err
	}
	if err := api.First(api.CheckRange("maxResults", in.MaxResults, 1, 100), api.CheckOneOf("sortOrder", in.SortOrder, "Ascending", "Descending")); err != nil {
		return nil, err
	}
	all := slices.Clone(e.steps)
	if in.SortOrder != "Ascending" {
		slices.Reverse(all)
	}
	page, next, err := api.Page(all, in.NextToken, in.MaxResults, 10)
	if err != nil {
		return nil, err
	}
	out := &listStepsOut{PipelineExecutionSteps: []stepOut{}, NextToken: next}
	for _, s := range page {
		o := stepOut{StepName: s.def.Name, StepDisplayName: s.def.DisplayName, StepDescription: s.def.Description, StepStatus: s.status,
			FailureReason: s.reason, StartTime: wire.At(s.started), EndTime: wire.At(s.ended), AttemptCount: s.attempts}
		if s.metadata != nil {
			o.Metadata = map[string]any{s.member: s.metadata}
		}
		out.PipelineExecutionSteps = append(out.PipelineExecutionSteps, o)
	}
	return out, nil
}

func (p *Pipelines) listParameters(_ *wire.Call, in *executionIn) (*listParametersOut, error) {
	e, err := p.findExecution(in.PipelineExecutionARN)
	if err != nil {
		return nil, err
	}
	if err := api.CheckRange("maxResults", in.MaxResults, 1, 100); err != nil {
		return nil, err
	}
	page, next, err := api.Page(e.params, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	return &listParametersOut{append([]value{}, page...), next}, nil
}
