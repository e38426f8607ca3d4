package pipelines

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/local/sagemaker/api"
)

// definition is a SageMaker pipeline definition, Version 2020-12-01.
type definition struct {
	Version    string      `json:"Version"`
	Parameters []parameter `json:"Parameters"`
	Steps      []*stepDef  `json:"Steps"`

	flat []*stepDef // all steps, those in branches too, in order
}

type parameter struct {
	Name         string `json:"Name"`
	Type         string `json:"Type"`
	DefaultValue any    `json:"DefaultValue"`
	EnumValues   []any  `json:"EnumValues"`
}

type stepDef struct {
	Name          string         `json:"Name"`
	Type          string         `json:"Type"`
	DisplayName   string         `json:"DisplayName"`
	Description   string         `json:"Description"`
	DependsOn     []string       `json:"DependsOn"`
	Arguments     map[string]any `json:"Arguments"`
	PropertyFiles []any          `json:"PropertyFiles"`

	parent *stepDef // the Condition step whose branch this is in
	inElse bool
}

// jobs are the step types that run a job, with the member of the step's metadata
// that names it and the kind of its ARN. Simulated are these and RegisterModel,
// Condition and Fail.
var jobs = map[string]struct{ member, kind string }{
	"Processing": {"ProcessingJob", "processing-job"},
	"Training":   {"TrainingJob", "training-job"},
	"Transform":  {"TransformJob", "transform-job"},
	"Tuning":     {"TuningJob", "hyper-parameter-tuning-job"},
	"AutoML":     {"AutoMLJob", "automl-job"},
}

// elsewhere are step types that SageMaker has and local AWS does not simulate.
var elsewhere = []string{"Model", "Lambda", "Callback", "EMR", "EMRServerless", "QualityCheck", "ClarifyCheck", "NotebookJob", "Lineage", "Endpoint", "EndpointConfig", "InferenceComponent"}

func unparsable(format string, args ...any) error {
	return api.Invalid("Unable to parse pipeline definition. %s", fmt.Sprintf(format, args...))
}

// parse reads a definition and refuses what SageMaker, or local AWS, cannot run.
func parse(text string) (*definition, error) {
	if err := api.CheckLength("pipelineDefinition", text, 1, 1<<20); err != nil {
		return nil, err
	}
	d := &definition{}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		return nil, unparsable("%v", err)
	}
	if d.Version != "2020-12-01" {
		return nil, unparsable("Version %q is not 2020-12-01.", d.Version)
	}
	seen := map[string]bool{}
	for _, p := range d.Parameters {
		if p.Name == "" || seen[p.Name] {
			return nil, unparsable("Parameter name %q is empty or not unique.", p.Name)
		}
		seen[p.Name] = true
		if !slices.Contains([]string{"String", "Integer", "Float", "Boolean"}, p.Type) {
			return nil, unparsable("Parameter %q has unknown type %q.", p.Name, p.Type)
		}
	}
	if len(d.Steps) == 0 {
		return nil, unparsable("Pipeline has no steps.")
	}
	if err := d.flatten(d.Steps, nil, false); err != nil {
		return nil, err
	}
	return d, d.checkOrder()
}

func (d *definition) flatten(steps []*stepDef, parent *stepDef, inElse bool) error {
	for _, s := range steps {
		if s == nil || s.Name == "" || d.step(s.Name) != nil {
			return unparsable("A step has no name, or a name that is not unique.")
		}
		s.parent, s.inElse = parent, inElse
		d.flat = append(d.flat, s)
		_, job := jobs[s.Type]
		switch {
		case job || s.Type == "RegisterModel" || s.Type == "Fail":
		case s.Type == "Condition":
			for i, branch := range []string{"IfSteps", "ElseSteps"} {
				b, err := json.Marshal(s.Arguments[branch])
				if err != nil {
					return err
				}
				var nested []*stepDef
				if err := json.Unmarshal(b, &nested); err != nil {
					return unparsable("%s of step %q: %v", branch, s.Name, err)
				}
				if err := d.flatten(nested, s, i == 1); err != nil {
					return err
				}
			}
		case slices.Contains(elsewhere, s.Type):
			return api.NotImplemented("pipeline steps of type %s (step %q)", s.Type, s.Name)
		default:
			return unparsable("Step %q has unknown type %q.", s.Name, s.Type)
		}
	}
	return nil
}

func (d *definition) step(name string) *stepDef {
	for _, s := range d.flat {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// checkOrder refuses dependencies on steps that are not there, and circles.
func (d *definition) checkOrder() error {
	done := map[*stepDef]bool{}
	for range d.flat {
		for _, s := range d.flat {
			ready := true
			for _, n := range s.needs() {
				on := d.step(n)
				if on == nil {
					return unparsable("Step %q depends on step %q, which does not exist.", s.Name, n)
				}
				ready = ready && done[on]
			}
			done[s] = done[s] || ready
		}
	}
	for _, s := range d.flat {
		if !done[s] {
			return unparsable("Step %q is part of a circular dependency.", s.Name)
		}
	}
	return nil
}

// needs are the names of the steps that must have succeeded before: those of
// DependsOn, those whose properties the arguments use, and the condition around.
func (s *stepDef) needs() []string {
	names := slices.Clone(s.DependsOn)
	args := s.Arguments
	if s.Type == "Condition" {
		args = map[string]any{"Conditions": s.Arguments["Conditions"]}
	}
	names = references(args, names)
	if s.parent != nil {
		names = append(names, s.parent.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// references collects the names of steps in {"Get": "Steps.NAME...."}.
func references(v any, names []string) []string {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			names = references(x, names)
		}
	case map[string]any:
		if get, ok := v["Get"].(string); ok {
			if rest, ok := strings.CutPrefix(get, "Steps."); ok {
				name, _, _ := strings.Cut(rest, ".")
				names = append(names, name)
			}
		}
		for _, x := range v { // sorted by the caller
			names = references(x, names)
		}
	}
	return names
}

// text is a parameter's value as SageMaker passes it on.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}
