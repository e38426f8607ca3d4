// Package registry is SageMaker's model registry: model package groups and their
// versioned packages, with approval. Every change of a package is an event. Beside
// what AWS knows, a package remembers how its model behaves in service.
//
// It runs no validation jobs: a package is Completed when it is created. Unversioned
// packages are refused. Package sagemaker wires it; pipelines register into it.
package registry

import (
	"time"

	"sluice/local/sagemaker/api"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Registry holds groups and packages.
type Registry struct {
	w        *sim.World
	emit     func(source, detailType string, resources []string, detail any)
	groups   api.Shelf[*group]
	packages api.Shelf[*pkg] // by ARN
	tokens   map[string]string
	tags     map[string][]api.Tag
}

type group struct {
	name, arn, description string
	created                time.Time
	last                   int // the newest version there ever was
}

// New returns an empty registry. emit sends events to EventBridge.
func New(w *sim.World, emit func(source, detailType string, resources []string, detail any)) *Registry {
	return &Registry{w: w, emit: emit, tokens: map[string]string{}, tags: map[string][]api.Tag{}}
}

// Register adds the operations to svc.
func (r *Registry) Register(svc *wire.Service) {
	r.registerGroups(svc)
	r.registerPackages(svc)
}

// Tags are the tags of a group, and whether the registry has it. Versions have none.
func (r *Registry) Tags(arn string) ([]api.Tag, bool) {
	t, ok := r.tags[arn]
	return t, ok
}

// SetTags replaces the tags of a group.
func (r *Registry) SetTags(arn string, tags []api.Tag) { r.tags[arn] = tags }

// Package finds a model package by ARN or by "group/version".
func (r *Registry) Package(nameOrARN string) (arn, status string, behaviour traffic.Behaviour, ok bool) {
	p, ok := r.find(nameOrARN)
	if !ok {
		return "", "", traffic.Behaviour{}, false
	}
	return p.ModelPackageARN, p.ModelPackageStatus, p.behaviour, true
}

// SetBehaviour says how the model of a package answers. Models made of the package
// from now on take it over.
func (r *Registry) SetBehaviour(nameOrARN string, b traffic.Behaviour) error {
	p, ok := r.find(nameOrARN)
	if !ok {
		return missing(nameOrARN)
	}
	p.behaviour = b
	return nil
}

// SetStatus forces a package's status, such as "Failed". No event is sent.
func (r *Registry) SetStatus(nameOrARN, status string) error {
	p, ok := r.find(nameOrARN)
	if !ok {
		return missing(nameOrARN)
	}
	p.ModelPackageStatus = status
	return nil
}

func (r *Registry) find(nameOrARN string) (*pkg, bool) {
	return r.packages.Get(api.ARN("model-package", api.Key("model-package", nameOrARN)))
}

func missing(nameOrARN string) error {
	return api.Invalid("ModelPackage %s does not exist.", api.ARN("model-package", api.Key("model-package", nameOrARN)))
}

func one(action, arn string) []wire.Access {
	return []wire.Access{{Action: "sagemaker:" + action, Resource: arn}}
}
