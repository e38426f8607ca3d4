// Package pipelines is SageMaker Pipelines: definitions, and executions whose steps
// run in the order of their dependencies and take virtual time. No job really runs.
// What an execution yields (how long, what fails, the evaluation report, how good
// the model is) is said by a script. A RegisterModel step writes the report and
// registers a model package.
//
// Not modelled: step caching, retry policies, selective execution, versions of
// pipelines. Package sagemaker wires it.
package pipelines

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/registry"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Run is one attempt at one execution, as its script sees it.
type Run struct {
	Pipeline     string
	Ordinal      int // of the execution among all of this pipeline, from 1
	Attempt      int // from 1; more after RetryPipelineExecution
	ExecutionARN string
	Parameters   map[string]string // given and default values
}

// Outcome is what a run yields. The zero value succeeds with a model of the default
// behaviour and no report.
type Outcome struct {
	Durations  map[string]time.Duration // by step name; others take StepMin to StepMax
	FailStep   string                   // the name of the step that fails, if one does
	FailReason string
	FailLog    []string // lines that the job of the failing step logs
	Report     []byte   // evaluation report, JSON; written to the S3Uri of the model quality statistics
	Behaviour  traffic.Behaviour
}

// Outside is what pipelines need of the rest of local AWS. Emit is required.
type Outside struct {
	Emit func(source, detailType string, resources []string, detail any)
	// Script decides what a run yields; nil is the zero Outcome.
	Script func(Run) Outcome
	// Put writes an object to S3; nil writes nothing.
	Put func(bucket, key string, body []byte) error
	// Log writes a line to CloudWatch Logs; nil writes nothing.
	Log func(group, stream, line string)
}

// Pipelines holds pipelines and executions.
type Pipelines struct {
	StepMin, StepMax time.Duration // of a job step without a scripted duration

	w          *sim.World
	out        Outside
	registry   *registry.Registry
	pipelines  api.Shelf[*pipeline]
	executions api.Shelf[*execution] // by ARN
	tags       map[string][]api.Tag
}

type pipeline struct {
	name, arn         string
	display, desc     string
	role, text        string
	def               *definition
	parallel          int
	created, modified time.Time
	lastRun           time.Time
	runs              int
	tokens            map[string]*execution // of StartPipelineExecution
	token             string                // of CreatePipeline
}

// New returns no pipelines.
func New(w *sim.World, r *registry.Registry, out Outside) *Pipelines {
	return &Pipelines{StepMin: 3 * time.Minute, StepMax: 10 * time.Minute, w: w, out: out, registry: r, tags: map[string][]api.Tag{}}
}

// Register adds the operations to svc.
func (p *Pipelines) Register(svc *wire.Service) {
	p.registerPipelines(svc)
	p.registerExecutions(svc)
}

// Tags are the tags of a pipeline, and whether it exists.
func (p *Pipelines) Tags(arn string) ([]api.Tag, bool) {
	t, ok := p.tags[arn]
	return t, ok
}

// SetTags replaces the tags of a pipeline.
func (p *Pipelines) SetTags(arn string, tags []api.Tag) { p.tags[arn] = tags }

func (p *Pipelines) find(nameOrARN string) (*pipeline, error) {
	key := api.Key("pipeline", nameOrARN)
	if x, ok := p.pipelines.Get(key); ok {
		return x, nil
	}
	return nil, wire.Errorf("ResourceNotFound", "Pipeline '%s' does not exist.", api.ARN("pipeline", key))
}

func one(action, arn string) []wire.Access {
	return []wire.Access{{Action: "sagemaker:" + action, Resource: arn}}
}

func pipelineARN(nameOrARN string) string {
	return api.ARN("pipeline", api.Key("pipeline", nameOrARN))
}

func passRole(role string) wire.Access {
	return wire.Access{Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {"sagemaker.amazonaws.com"}}}
}
