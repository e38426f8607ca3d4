package pipelines

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sluice/local/sagemaker/registry"
)

// resolve replaces the pipeline variables in v: Get and Std:Join.
func (e *execution) resolve(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = e.resolve(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if get, ok := v["Get"].(string); ok && len(v) == 1 {
			return e.get(get)
		}
		if join, ok := v["Std:Join"].(map[string]any); ok {
			return e.join(join)
		}
		if get, ok := v["Std:JsonGet"].(map[string]any); ok {
			return e.jsonGet(get)
		}
		out := make(map[string]any, len(v))
		for k, x := range v {
			var err error
			if out[k], err = e.resolve(x); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func (e *execution) join(j map[string]any) (any, error) {
	on, _ := j["On"].(string)
	list, ok := j["Values"].([]any)
	if !ok {
		return nil, fmt.Errorf("Std:Join has no Values")
	}
	var parts []string
	for _, x := range list {
		r, err := e.resolve(x)
		if err != nil {
			return nil, err
		}
		parts = append(parts, text(r))
	}
	return strings.Join(parts, on), nil
}

// get is the value of Parameters.X, Execution.X or Steps.NAME.PROPERTY.
func (e *execution) get(path string) (any, error) {
	kind, rest, _ := strings.Cut(path, ".")
	switch kind {
	case "Parameters":
		if v, ok := e.run.Parameters[rest]; ok {
			return v, nil
		}
	case "Execution":
		switch rest {
		case "StartDateTime", "CurrentDateTime":
			return e.started.UTC().Format(time.RFC3339), nil
		case "PipelineName":
			return e.pipeline.name, nil
		case "PipelineArn":
			return e.pipeline.arn, nil
		case "PipelineExecutionId":
			return e.id, nil
		case "PipelineExecutionArn":
			return e.arn, nil
		}
	case "Steps":
		name, property, _ := strings.Cut(rest, ".")
		if d := e.def.step(name); d != nil {
			return e.property(d, property)
		}
	}
	return nil, fmt.Errorf("local AWS does not know the pipeline variable %s", path)
}

var outputURI = regexp.MustCompile(`^ProcessingOutputConfig\.Outputs\[['"](.+)['"]\]\.S3Output\.S3Uri$`)

// property is the part of a step's result that other steps commonly use.
func (e *execution) property(d *stepDef, property string) (any, error) {
	if property == "ModelArtifacts.S3ModelArtifacts" {
		out, err := e.resolve(dig(d.Arguments, "OutputDataConfig", "S3OutputPath"))
		if err != nil {
			return nil, err
		}
		return fmt.Sprintf("%s/pipelines-%s-%s/output/model.tar.gz", strings.TrimSuffix(text(out), "/"), e.id, d.Name), nil
	}
	if m := outputURI.FindStringSubmatch(property); m != nil {
		outputs, _ := dig(d.Arguments, "ProcessingOutputConfig", "Outputs").([]any)
		for _, o := range outputs {
			if o, ok := o.(map[string]any); ok && o["OutputName"] == m[1] {
				return e.resolve(dig(o, "S3Output", "S3Uri"))
			}
		}
	}
	return nil, fmt.Errorf("local AWS does not know the property %s of step %s", property, d.Name)
}

// dig walks down maps; nil if something is missing.
func dig(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// registerModel writes the evaluation report where the model quality statistics
// say, then registers the package: who sees the package can read its report.
func (p *Pipelines) registerModel(e *execution, s *step) error {
	args, err := e.resolve(s.def.Arguments)
	if err != nil {
		return err
	}
	b, err := json.Marshal(args)
	if err != nil {
		return err
	}
	var d registry.Definition
	if err := json.Unmarshal(b, &d); err != nil {
		return fmt.Errorf("reading the arguments of step %s: %w", s.def.Name, err)
	}
	if d.MetadataProperties == nil {
		d.MetadataProperties = map[string]any{"GeneratedBy": e.arn}
	}
	uri, _ := dig(args, "ModelMetrics", "ModelQuality", "Statistics", "S3Uri").(string)
	if uri != "" && e.outcome.Report != nil && p.out.Put != nil {
		bucket, key, ok := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
		if !ok || !strings.HasPrefix(uri, "s3://") {
			return fmt.Errorf("the model quality statistics of step %s are at %q: want s3://bucket/key", s.def.Name, uri)
		}
		if err := p.out.Put(bucket, key, e.outcome.Report); err != nil {
			return fmt.Errorf("writing the evaluation report: %w", err)
		}
	}
	arn, err := p.registry.Add(d, e.outcome.Behaviour)
	if err != nil {
		return err
	}
	s.member, s.metadata = "RegisterModel", map[string]any{"Arn": arn}
	return nil
}

func (p *Pipelines) jobARN(e *execution, d *stepDef, kind string) string {
	return "arn:aws:sagemaker:" + strings.Join(strings.Split(e.arn, ":")[3:5], ":") + ":" + kind + "/" +
		strings.ToLower(fmt.Sprintf("pipelines-%s-%s-%s", e.id, d.Name, p.w.ID("job", 10)))
}
