// Package catalog is what is declared before anything serves: models, endpoint
// configurations, and the rules of deployment policies. Models and configurations
// never change; SageMaker deletes them even while an endpoint uses them.
//
// It serves nothing and knows no endpoint; package hosting does, and asks here.
package catalog

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Catalog holds models and endpoint configurations.
type Catalog struct {
	// ConfigLag is how long a new endpoint configuration stays invisible to
	// CreateEndpoint and UpdateEndpoint; DescribeEndpointConfig sees it at once.
	ConfigLag time.Duration

	w       *sim.World
	emit    func(source, detailType string, resources []string, detail any)
	lookup  func(nameOrARN string) (arn, status string, behaviour traffic.Behaviour, ok bool)
	models  api.Shelf[*Model]
	configs api.Shelf[*Config]
	tags    map[string][]api.Tag
}

// New returns an empty catalog. emit sends events to EventBridge; lookup finds a
// model package by ARN or name: its ARN, its status, and how its model behaves.
func New(w *sim.World, emit func(source, detailType string, resources []string, detail any),
	lookup func(nameOrARN string) (arn, status string, behaviour traffic.Behaviour, ok bool)) *Catalog {
	return &Catalog{w: w, emit: emit, lookup: lookup, tags: map[string][]api.Tag{}}
}

// Register adds the operations to svc.
func (c *Catalog) Register(svc *wire.Service) {
	c.registerModels(svc)
	c.registerConfigs(svc)
}

// Tags are the tags of a model or configuration, and whether it exists.
func (c *Catalog) Tags(arn string) ([]api.Tag, bool) {
	t, ok := c.tags[arn]
	return t, ok
}

// SetTags replaces the tags of a model or configuration.
func (c *Catalog) SetTags(arn string, tags []api.Tag) { c.tags[arn] = tags }

type empty struct{}

// tagged is the access to a single resource whose tags policies may ask about. An
// assumption: that they may, for deletions, is from the service authorization
// reference, not from a run.
func (c *Catalog) tagged(action, arn string) []wire.Access {
	need := one(action, arn)
	for _, t := range c.tags[arn] {
		if need[0].Conditions == nil {
			need[0].Conditions = map[string][]string{}
		}
		need[0].Conditions["aws:ResourceTag/"+t.Key] = []string{t.Value}
	}
	return need
}

// one is the access to a single resource.
func one(action, arn string) []wire.Access {
	return []wire.Access{{Action: "sagemaker:" + action, Resource: arn}}
}
