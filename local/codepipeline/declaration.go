package codepipeline

import (
	"cmp"
	"fmt"
	"slices"

	"sluice/local/wire"
)

// Pipeline is a pipeline as it is declared, with CloudFormation's names.
type Pipeline struct {
	Name          string
	PipelineType  string // V1 or V2
	ExecutionMode string // SUPERSEDED, the default, or QUEUED
	RoleArn       string
	ArtifactStore ArtifactStore
	Stages        []Stage
}

// ArtifactStore is where artifacts are kept.
type ArtifactStore struct {
	Type          string // S3
	Location      string // a bucket
	EncryptionKey struct {
		Type string // KMS
		Id   string // its ARN
	}
}

// Stage is a stage with its actions.
type Stage struct {
	Name    string
	Actions []Action
}

// Action is an action of a stage. Those of the same RunOrder, by default 1, run beside
// each other.
type Action struct {
	Name             string
	RunOrder         int
	ActionTypeId     ActionType
	Configuration    map[string]string
	InputArtifacts   []Artifact
	OutputArtifacts  []Artifact
	Namespace        string // of the variables that the action gives to later ones
	RoleArn          string // default: the pipeline's
	TimeoutInMinutes int    // of a manual approval
}

// ActionType says what an action does.
type ActionType struct{ Category, Owner, Provider, Version string }

// Artifact names what actions hand on.
type Artifact struct{ Name string }

// provider is whose actions exist here, with their settings.
type provider struct {
	category string
	settings []string // that its actions may have
	needs    []string // that they must have
}

var providers = map[string]provider{
	"CodeCommit": {"Source", []string{"RepositoryName", "BranchName", "PollForSourceChanges", "OutputArtifactFormat"}, []string{"RepositoryName", "BranchName"}},
	"CodeBuild":  {"Build", []string{"ProjectName", "EnvironmentVariables"}, []string{"ProjectName"}},
	"Manual":     {"Approval", []string{"CustomData", "NotificationArn", "ExternalEntityLink"}, nil},
	"CloudFormation": {"Deploy", []string{"ActionMode", "StackName", "ChangeSetName", "TemplatePath", "Capabilities", "RoleArn", "ParameterOverrides"},
		[]string{"ActionMode", "StackName"}},
}

// Create makes a pipeline. Errors: InvalidStructureException and the like; what would
// have to be ignored is refused by name.
func (s *Service) Create(d Pipeline) error {
	if s.pipelines[d.Name] != nil {
		return wire.Errorf("PipelineNameInUseException", "A pipeline with the name '%s' already exists in account '%s'", d.Name, wire.Account)
	}
	d.ExecutionMode = cmp.Or(d.ExecutionMode, "SUPERSEDED")
	p := &pipeline{Pipeline: d, created: s.world.Now()}
	for i, st := range d.Stages {
		for j := range st.Actions {
			if err := check(&st.Actions[j], i); err != nil {
				return wire.Errorf("InvalidActionDeclarationException", "stage %s, action %s: %v", st.Name, st.Actions[j].Name, err)
			}
		}
		p.stages = append(p.stages, &stage{Stage: st, index: i, runs: map[string]*run{}})
	}
	switch {
	case d.Name == "" || len(d.Stages) < 2 || d.RoleArn == "":
		return wire.Errorf("InvalidStructureException", "pipeline %q: name, role and two stages must be there", d.Name)
	case d.ArtifactStore.Type != "S3" || d.ArtifactStore.Location == "":
		return wire.Errorf("InvalidStructureException", "pipeline %s: the artifact store must be a bucket of type S3", d.Name)
	case d.ExecutionMode != "SUPERSEDED" && d.ExecutionMode != "QUEUED":
		return &wire.Error{Code: "NotImplemented", Message: fmt.Sprintf("local AWS runs no pipeline in mode %s; SUPERSEDED and QUEUED it does", d.ExecutionMode), Status: 501}
	}
	if err := handedOn(d); err != nil {
		return wire.Errorf("InvalidStructureException", "pipeline %s: %v", d.Name, err)
	}
	s.pipelines[d.Name] = p
	return nil
}

// check holds an action of stage i against its provider, and sets what is not said.
func check(a *Action, i int) error {
	a.RunOrder = max(a.RunOrder, 1)
	kind := a.ActionTypeId
	p, ok := providers[kind.Provider]
	if !ok || kind.Owner != "AWS" || kind.Category != p.category || kind.Version != "1" {
		return fmt.Errorf("local AWS has no actions of type %s %s %s %s", kind.Category, kind.Owner, kind.Provider, kind.Version)
	}
	if (kind.Category == "Source") != (i == 0) {
		return fmt.Errorf("the first stage has sources, and no other stage has")
	}
	for name := range a.Configuration {
		if !slices.Contains(p.settings, name) {
			return fmt.Errorf("local AWS knows no setting %s of %s", name, kind.Provider)
		}
	}
	for _, name := range p.needs {
		if a.Configuration[name] == "" {
			return fmt.Errorf("%s must be set", name)
		}
	}
	if a.TimeoutInMinutes != 0 && kind.Category != "Approval" {
		return fmt.Errorf("only an approval has a timeout")
	}
	return nil
}

// handedOn checks that what actions take has been made before.
func handedOn(d Pipeline) error {
	made := map[string]bool{}
	for _, st := range d.Stages {
		for _, a := range slices.SortedStableFunc(slices.Values(st.Actions), func(a, b Action) int { return cmp.Compare(a.RunOrder, b.RunOrder) }) {
			for _, in := range a.InputArtifacts {
				if !made[in.Name] {
					return fmt.Errorf("stage %s, action %s: no action before it makes artifact %s", st.Name, a.Name, in.Name)
				}
			}
			for _, out := range a.OutputArtifacts {
				if made[out.Name] {
					return fmt.Errorf("stage %s, action %s: artifact %s is made twice", st.Name, a.Name, out.Name)
				}
				made[out.Name] = true
			}
		}
	}
	return nil
}
