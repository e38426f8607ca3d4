// Package sagemaker is Amazon SageMaker on a laptop, as far as delivering models
// needs it: the registry of model packages, pipelines, and real-time endpoints with
// the requests they serve. It joins the packages that each keep one of these, and
// answers the two APIs, SageMaker and SageMaker Runtime, under one name.
//
// Truths that a rehearsal wants, such as a silent rollback, are told to Hosting;
// what pipelines yield is told by Outside.Script. No job, container or instance
// really runs, and nothing costs.
package sagemaker

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sagemaker/registry"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Outside is what SageMaker needs of the rest of local AWS. Emit is required; each
// of the others may be nil.
type Outside struct {
	// Emit sends one event to EventBridge. detail is marshalled as JSON.
	Emit func(source, detailType string, resources []string, detail any)
	// Record takes one minute of one metric: values, each seen as often as its count
	// says. The map and the slices must not be changed.
	Record func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64)
	// AlarmState is the state of a CloudWatch alarm, for deployment guardrails.
	AlarmState func(name string) string
	// Put writes an object to S3, for evaluation reports.
	Put func(bucket, key string, body []byte) error
	// Capture writes an object to S3 as a role, for data capture.
	Capture func(roleARN, bucket, key string, body []byte) error
	// Log writes a line to CloudWatch Logs, of a job that fails.
	Log func(group, stream, line string)
	// Script decides what a pipeline execution yields.
	Script func(pipelines.Run) pipelines.Outcome
	// Permit asks IAM about InvokeEndpoint, which is no RPC: wire.Server.Permit.
	Permit func(c *wire.Call, need ...wire.Access) error
	// Scaled and Deregister are Application Auto Scaling's: hosting.Outside says more.
	Scaled     func(endpoint string) (variants []string)
	Deregister func(c *wire.Call, endpoint string) error
}

// Service is SageMaker in one account and region.
type Service struct {
	Catalog   *catalog.Catalog
	Hosting   *hosting.Hosting
	Registry  *registry.Registry
	Pipelines *pipelines.Pipelines

	w *sim.World
}

// New returns SageMaker without anything in it.
func New(w *sim.World, out Outside) *Service {
	r := registry.New(w, out.Emit)
	c := catalog.New(w, out.Emit, r.Package)
	return &Service{
		Registry:  r,
		Catalog:   c,
		Pipelines: pipelines.New(w, r, pipelines.Outside{Emit: out.Emit, Script: out.Script, Put: out.Put, Log: out.Log}),
		Hosting: hosting.New(w, c, hosting.Outside{Emit: out.Emit, Record: out.Record, AlarmState: out.AlarmState, Capture: out.Capture, Permit: out.Permit,
			Scaled: out.Scaled, Deregister: out.Deregister}),
		w: w,
	}
}

// Wire is the service for a wire.Server. It answers sagemaker and sagemakerruntime,
// which share the signing name.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "sagemaker", Target: "SageMaker"}
	s.Registry.Register(svc)
	s.Pipelines.Register(svc)
	s.Catalog.Register(svc)
	s.Hosting.Register(svc)
	s.registerTags(svc)
	return svc
}

// tagged is a part of the service that keeps tags.
type tagged interface {
	Tags(arn string) ([]api.Tag, bool)
	SetTags(arn string, tags []api.Tag)
}
