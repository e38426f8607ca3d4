// Package codepipeline is AWS CodePipeline on a laptop: pipelines whose executions go
// through their stages, run the actions of each, wait for people, and send events.
//
// Actions do their work through the services that they name, under the pipeline's
// role: sources and artifacts are real, and what builds and stacks come to is said by
// those. A stage holds one execution; others wait for it, and a newer one supersedes
// them if the pipeline is so. Not modelled: parallel executions, conditions, rollbacks,
// disabled transitions, variables of pipelines, triggers of its own, custom actions,
// and actions of other providers than those in providers. How long actions without
// work take, and the texts of failures, are assumed.
package codepipeline

import (
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Outside is what the service is wired to. Roles are ARNs.
type Outside struct {
	// Emit puts an event on the default bus.
	Emit func(source, detailType string, resources []string, detail any)
	// Permit asks whether a role may have this access; nil permits all.
	Permit func(role string, need wire.Access) error
	// Caller is the ARN behind an access key.
	Caller func(accessKey string) string
	// Source reads the head of a branch in CodeCommit, with its files.
	Source func(repository, branch string) (Revision, error)
	// Put and Get keep artifacts in S3.
	Put func(bucket, key string, body []byte) error
	Get func(bucket, key string) ([]byte, bool)
	// Build starts a build of CodeBuild, and calls done when it has ended.
	Build func(o BuildOrder, done func(BuildEnd)) (id string, err error)
	// Publish sends a message to an SNS topic.
	Publish func(topic, subject, body string) error
	// Deploy makes a stack of a template.
	Deploy func(c ChangeSet) error
}

// Revision is a commit with its files, by path.
type Revision struct {
	ID      string
	Message string
	Files   map[string][]byte
}

// Service is the pipelines of one account.
type Service struct {
	// OnStage is told of each change of a stage; it may be nil.
	OnStage func(pipeline, stage, state string)

	world     *sim.World
	outside   Outside
	pipelines map[string]*pipeline
	changes   map[string]ChangeSet // prepared, by stack and name
}

// New returns a service without pipelines.
func New(w *sim.World, outside Outside) *Service {
	return &Service{world: w, outside: outside, pipelines: map[string]*pipeline{}, changes: map[string]ChangeSet{}}
}

// pipeline is a pipeline with its executions, the oldest first.
type pipeline struct {
	Pipeline
	stages     []*stage
	executions []*execution
	created    time.Time
}

// ARN is the ARN of a pipeline, or of a stage or an action in it.
func ARN(parts ...string) string {
	return "arn:aws:codepipeline:" + wire.Region + ":" + wire.Account + ":" + strings.Join(parts, "/")
}

func (s *Service) pipeline(name string) (*pipeline, error) {
	if p := s.pipelines[name]; p != nil {
		return p, nil
	}
	return nil, wire.Errorf("PipelineNotFoundException", "Account '%s' does not have a pipeline with name '%s'", wire.Account, name)
}

func (p *pipeline) execution(id string) (*execution, error) {
	for _, e := range p.executions {
		if e.id == id {
			return e, nil
		}
	}
	return nil, wire.Errorf("PipelineExecutionNotFoundException", "Pipeline '%s' has no execution with id '%s'", p.Name, id)
}

func (p *pipeline) stage(name string) (*stage, error) {
	for _, st := range p.stages {
		if st.Name == name {
			return st, nil
		}
	}
	return nil, wire.Errorf("StageNotFoundException", "Pipeline '%s' has no stage with name '%s'", p.Name, name)
}
