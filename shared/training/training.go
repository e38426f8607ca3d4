package training

import (
	"context"
	"io"
	"time"

	"sluice/shared/demand"
	"sluice/shared/leasing"
	"sluice/shared/spec"
	"sluice/shared/waiting"
)

type table interface {
	// Spec is the model's spec in force. Errors: NotFound.
	Spec(ctx context.Context, model string) (spec.Spec, error)
	OpenGeneration(ctx context.Context, model string) (generation, attempt int, err error)
	// CloseGeneration makes the next generation the open one. It may be repeated.
	CloseGeneration(ctx context.Context, model string, generation int) error
	// Chunks lists the demand of a generation.
	Chunks(ctx context.Context, model string, generation int) ([]demand.Chunk, error)
	AddChunk(ctx context.Context, model string, generation int, c demand.Chunk) error
	// Run is the run of a generation. ok is false if there is none yet.
	Run(ctx context.Context, model string, generation int) (r Run, ok bool, err error)
	PutRun(ctx context.Context, r Run) error
	// Runs lists all runs of a model, newest first.
	Runs(ctx context.Context, model string) ([]Run, error)
}

type store interface {
	// Upload writes at key what content writes, of any length. If content fails,
	// nothing is written.
	Upload(ctx context.Context, key string, content func(io.Writer) error) error
	// Get opens what Upload wrote. Errors: NotFound.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// URI is the s3:// address of a key.
	URI(key string) string
	// Fetch reads a whole object by its s3:// address, of at most a few megabytes.
	Fetch(ctx context.Context, uri string) ([]byte, error)
}

// Execution is what SageMaker says of a pipeline execution now.
type Execution struct {
	Status  string // Executing, Stopping, Stopped, Failed, Succeeded
	Reason  string // why it failed, with the failing step
	Job     string // of the step that failed, as kind/name; "" if it has none
	Package string // ARN of the model package it registered; "" if none
}

type pipelines interface {
	// Start starts a pipeline execution. The same token gives the same execution.
	Start(ctx context.Context, s Start) (arn string, err error)
	Describe(ctx context.Context, arn string) (Execution, error)
	// Definition is a pipeline's definition, as JSON. Errors: NotFound.
	Definition(ctx context.Context, pipeline string) ([]byte, error)
}

// Start is a request for a pipeline execution.
type Start struct {
	Pipeline   string
	Token      string // 32..128 characters
	Name       string // shown in the console
	Parameters map[string]string
}

// Package is what the registry says of a model package.
type Package struct {
	ARN      string
	Group    string
	Version  int
	Status   string
	Approval string
	Text     string // approval description
	Report   string // s3:// URI of its evaluation report; "" if none
	// Others are the addresses of its other reports, by what they are about: the first
	// part of the gate's metrics that are in them.
	Others map[string]string
}

type registry interface {
	Package(ctx context.Context, arn string) (Package, error)
	// SetApproval sets approval, unless it is "", and its description.
	SetApproval(ctx context.Context, arn, approval, description string) error
	// Champion is the package that an endpoint serves now; "" if there is no
	// endpoint, or if its model names no package.
	Champion(ctx context.Context, endpoint string) (arn string, err error)
}

type rollouts interface {
	// Request asks for the rollout of a version of a model's package. Asking again
	// asks for the same one.
	Request(ctx context.Context, model, packageARN string, version int) (id string, err error)
}

type notices interface {
	// Publish sends a report to people.
	Publish(ctx context.Context, subject, text string) error
}

type logs interface {
	// Last reads the last lines of a job's log, oldest first; none if there is no log.
	Last(ctx context.Context, job string, lines int) ([]string, error)
}

// Training has the handlers. Each function sets the parts that its handlers use.
type Training struct {
	Table     table
	Store     store
	Pipelines pipelines
	Registry  registry
	Rollouts  rollouts
	Room      *waiting.Room
	Desk      *leasing.Desk
	Notices   notices
	Logs      logs
}

// Step is the input of every state of the training machine.
type Step struct {
	Model      string    `json:"model"`
	Generation int       `json:"generation"`
	Run        string    `json:"run"`   // name of the execution, and owner of its lease
	Token      string    `json:"token"` // of states that wait
	Now        time.Time `json:"now"`   // when the state was entered
}

// servedFor is how long a manifest counts as served: longer than any event can be
// late (EventBridge retries for a day, the queue keeps for 14).
const servedFor = 30 * 24 * time.Hour
