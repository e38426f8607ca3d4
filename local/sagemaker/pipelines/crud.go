package pipelines

import (
	"cmp"
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/wire"
)

type parallelism struct {
	MaxParallelExecutionSteps int `json:"MaxParallelExecutionSteps"`
}

type createIn struct {
	PipelineName                 string       `json:"PipelineName"`
	PipelineDisplayName          string       `json:"PipelineDisplayName"`
	PipelineDescription          string       `json:"PipelineDescription"`
	PipelineDefinition           string       `json:"PipelineDefinition"`
	PipelineDefinitionS3Location any          `json:"PipelineDefinitionS3Location"`
	ClientRequestToken           string       `json:"ClientRequestToken"`
	RoleARN                      string       `json:"RoleArn"`
	ParallelismConfiguration     *parallelism `json:"ParallelismConfiguration"`
	Tags                         []api.Tag    `json:"Tags"`
}

type arnOut struct {
	PipelineARN string `json:"PipelineArn"`
}

type nameIn struct {
	PipelineName      string `json:"PipelineName"`
	PipelineVersionID *int64 `json:"PipelineVersionId"`
}

type describeOut struct {
	PipelineName             string       `json:"PipelineName"`
	PipelineARN              string       `json:"PipelineArn"`
	PipelineDisplayName      string       `json:"PipelineDisplayName"`
	PipelineDescription      string       `json:"PipelineDescription,omitempty"`
	PipelineDefinition       string       `json:"PipelineDefinition"`
	PipelineStatus           string       `json:"PipelineStatus"`
	RoleARN                  string       `json:"RoleArn"`
	CreationTime             *wire.Time   `json:"CreationTime"`
	LastModifiedTime         *wire.Time   `json:"LastModifiedTime"`
	LastRunTime              *wire.Time   `json:"LastRunTime,omitempty"`
	ParallelismConfiguration *parallelism `json:"ParallelismConfiguration,omitempty"`
}

type listIn struct {
	PipelineNamePrefix string     `json:"PipelineNamePrefix"`
	CreatedAfter       *wire.Time `json:"CreatedAfter"`
	CreatedBefore      *wire.Time `json:"CreatedBefore"`
	SortBy             string     `json:"SortBy"`
	SortOrder          string     `json:"SortOrder"`
	MaxResults         *int       `json:"MaxResults"`
	NextToken          string     `json:"NextToken"`
}

type listOut struct {
	PipelineSummaries []summary `json:"PipelineSummaries"`
	NextToken         string    `json:"NextToken,omitempty"`
}

type summary struct {
	PipelineARN         string     `json:"PipelineArn"`
	PipelineName        string     `json:"PipelineName"`
	PipelineDisplayName string     `json:"PipelineDisplayName"`
	PipelineDescription string     `json:"PipelineDescription,omitempty"`
	RoleARN             string     `json:"RoleArn"`
	CreationTime        *wire.Time `json:"CreationTime"`
	LastModifiedTime    *wire.Time `json:"LastModifiedTime"`
	LastExecutionTime   *wire.Time `json:"LastExecutionTime,omitempty"`
}

func (p *Pipelines) registerPipelines(svc *wire.Service) {
	write := func(action string) func(*createIn) []wire.Access {
		return func(in *createIn) []wire.Access {
			need := one(action, pipelineARN(in.PipelineName))
			if in.RoleARN != "" {
				need = append(need, passRole(in.RoleARN))
			}
			return need
		}
	}
	wire.Handle(svc, "CreatePipeline", write("CreatePipeline"), p.create)
	wire.Handle(svc, "UpdatePipeline", write("UpdatePipeline"), p.update)
	wire.Handle(svc, "DescribePipeline", func(in *nameIn) []wire.Access { return one("DescribePipeline", pipelineARN(in.PipelineName)) }, p.describe)
	wire.Handle(svc, "DeletePipeline", func(in *nameIn) []wire.Access { return one("DeletePipeline", pipelineARN(in.PipelineName)) }, p.remove)
	wire.Handle(svc, "ListPipelines", func(*listIn) []wire.Access { return one("ListPipelines", "*") }, p.list)
}

func checkToken(token string) error {
	if token == "" {
		return api.Missing("clientRequestToken")
	}
	return api.CheckLength("clientRequestToken", token, 32, 128)
}

func (p *Pipelines) create(_ *wire.Call, in *createIn) (*arnOut, error) {
	if in.PipelineDefinitionS3Location != nil {
		return nil, api.NotImplemented("CreatePipeline PipelineDefinitionS3Location")
	}
	if in.RoleARN == "" {
		return nil, api.Missing("roleArn")
	}
	if err := api.First(api.CheckName("pipelineName", in.PipelineName, 256), checkToken(in.ClientRequestToken), api.CheckTags(in.Tags)); err != nil {
		return nil, err
	}
	key := api.Key("pipeline", in.PipelineName)
	if old, ok := p.pipelines.Get(key); ok {
		if old.token == in.ClientRequestToken {
			return &arnOut{old.arn}, nil
		}
		return nil, api.Invalid("Pipeline names must be unique within an AWS account and region. Pipeline with name (%s) already exists.", in.PipelineName)
	}
	x := &pipeline{name: in.PipelineName, arn: api.ARN("pipeline", in.PipelineName), created: p.w.Now(), tokens: map[string]*execution{}, token: in.ClientRequestToken}
	if err := p.set(x, in); err != nil {
		return nil, err
	}
	x.display = cmp.Or(x.display, x.name)
	p.pipelines.Put(key, x)
	p.tags[x.arn] = in.Tags
	return &arnOut{x.arn}, nil
}

// set applies the members that are there.
func (p *Pipelines) set(x *pipeline, in *createIn) error {
	if in.PipelineDefinition != "" || x.def == nil {
		def, err := parse(in.PipelineDefinition)
		if err != nil {
			return err
		}
		x.def, x.text = def, in.PipelineDefinition
	}
	if c := in.ParallelismConfiguration; c != nil {
		if c.MaxParallelExecutionSteps < 1 {
			return api.Constraint(c.MaxParallelExecutionSteps, "parallelismConfiguration.maxParallelExecutionSteps", "Member must have value greater than or equal to 1")
		}
		x.parallel = c.MaxParallelExecutionSteps
	}
	x.display = cmp.Or(in.PipelineDisplayName, x.display)
	x.desc = cmp.Or(in.PipelineDescription, x.desc)
	x.role = cmp.Or(in.RoleARN, x.role)
	x.modified = p.w.Now()
	return nil
}

func (p *Pipelines) update(_ *wire.Call, in *createIn) (*arnOut, error) {
	if in.PipelineDefinitionS3Location != nil {
		return nil, api.NotImplemented("UpdatePipeline PipelineDefinitionS3Location")
	}
	x, err := p.find(in.PipelineName)
	if err != nil {
		return nil, err
	}
	if err := p.set(x, in); err != nil {
		return nil, err
	}
	return &arnOut{x.arn}, nil
}

func (p *Pipelines) describe(_ *wire.Call, in *nameIn) (*describeOut, error) {
	if in.PipelineVersionID != nil {
		return nil, api.NotImplemented("versions of pipelines")
	}
	x, err := p.find(in.PipelineName)
	if err != nil {
		return nil, err
	}
	out := &describeOut{x.name, x.arn, x.display, x.desc, x.text, "Active", x.role, wire.At(x.created), wire.At(x.modified), wire.At(x.lastRun), nil}
	if x.parallel > 0 {
		out.ParallelismConfiguration = &parallelism{x.parallel}
	}
	return out, nil
}

func (p *Pipelines) remove(_ *wire.Call, in *nameIn) (*arnOut, error) {
	x, err := p.find(in.PipelineName)
	if err != nil {
		return nil, err
	}
	for _, e := range p.executions.All() {
		if e.pipeline == x && (e.status == executing || e.status == stopping) {
			return nil, wire.Errorf("ConflictException", "Pipeline '%s' has executions that are not finished.", x.arn)
		}
	}
	p.pipelines.Drop(api.Key("pipeline", x.name))
	delete(p.tags, x.arn)
	return &arnOut{x.arn}, nil
}

func (p *Pipelines) list(_ *wire.Call, in *listIn) (*listOut, error) {
	var kept []*pipeline
	for _, x := range p.pipelines.All() {
		if len(x.name) >= len(in.PipelineNamePrefix) && x.name[:len(in.PipelineNamePrefix)] == in.PipelineNamePrefix {
			kept = append(kept, x)
		}
	}
	page, next, err := api.List(api.Query{CreationTimeAfter: in.CreatedAfter, CreationTimeBefore: in.CreatedBefore, SortBy: in.SortBy, SortOrder: in.SortOrder,
		MaxResults: in.MaxResults, NextToken: in.NextToken}, kept, "Descending", func(x *pipeline) api.Row {
		return api.Row{Name: x.name, Created: x.created, Modified: x.modified}
	})
	if err != nil {
		return nil, err
	}
	out := &listOut{PipelineSummaries: []summary{}, NextToken: next}
	for _, x := range page {
		out.PipelineSummaries = append(out.PipelineSummaries, summary{x.arn, x.name, x.display, x.desc, x.role, wire.At(x.created), wire.At(x.modified), wire.At(x.lastRun)})
	}
	return out, nil
}

// stamp is a time as pipeline events write it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
