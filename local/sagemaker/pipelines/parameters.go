package pipelines

import (
	"strconv"
	"strings"

	"sluice/local/sagemaker/api"
)

func checkStart(in *startIn) error {
	switch {
	case in.SelectiveExecutionConfig != nil:
		return api.NotImplemented("StartPipelineExecution SelectiveExecutionConfig")
	case in.PipelineVersionID != nil:
		return api.NotImplemented("StartPipelineExecution PipelineVersionId")
	case in.MlflowExperimentName != "":
		return api.NotImplemented("StartPipelineExecution MlflowExperimentName")
	case len(in.PipelineParameters) > 200:
		return api.Constraint(len(in.PipelineParameters), "pipelineParameters", "Member must have length less than or equal to 200")
	case in.ParallelismConfiguration != nil && in.ParallelismConfiguration.MaxParallelExecutionSteps < 1:
		return api.Constraint(in.ParallelismConfiguration.MaxParallelExecutionSteps, "parallelismConfiguration.maxParallelExecutionSteps", "Member must have value greater than or equal to 1")
	}
	if err := checkToken(in.ClientRequestToken); err != nil {
		return err
	}
	if in.PipelineExecutionDisplayName != "" {
		if err := api.CheckName("pipelineExecutionDisplayName", in.PipelineExecutionDisplayName, 82); err != nil {
			return err
		}
	}
	for _, v := range in.PipelineParameters {
		const at = "pipelineParameters.member."
		if err := api.First(api.CheckLength(at+"name", v.Name, 1, 256), api.CheckLength(at+"value", v.Value, 0, 1024)); err != nil {
			return err
		}
		if strings.Trim(v.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return api.Constraint(v.Name, at+"name", `Member must satisfy regular expression pattern: [A-Za-z0-9\-_]*`)
		}
	}
	return api.CheckLength("pipelineExecutionDescription", in.PipelineExecutionDescription, 0, 3072)
}

// bind joins the given values with the defaults, in the order of the definition.
func (d *definition) bind(given []value) ([]value, error) {
	byName := map[string]string{}
	for _, v := range given {
		if _, twice := byName[v.Name]; twice {
			return nil, api.Invalid("Parameter [%s] is given more than once.", v.Name)
		}
		byName[v.Name] = v.Value
	}
	var out []value
	for _, p := range d.Parameters {
		v, ok := byName[p.Name]
		delete(byName, p.Name)
		if !ok {
			if p.DefaultValue == nil {
				return nil, api.Invalid("Parameter [%s] has no default value and must be given.", p.Name)
			}
			v = text(p.DefaultValue)
		}
		if err := p.check(v); err != nil {
			return nil, err
		}
		out = append(out, value{p.Name, v})
	}
	for _, v := range given {
		if _, unknown := byName[v.Name]; unknown {
			return nil, api.Invalid("Parameter [%s] is not defined in the pipeline definition.", v.Name)
		}
	}
	return out, nil
}

func (p parameter) check(v string) error {
	var err error
	switch p.Type {
	case "String":
		if v == "" {
			return api.Invalid(`[string "" is too short (length: 0, required minimum: 1)]`)
		}
	case "Integer":
		_, err = strconv.ParseInt(v, 10, 64)
	case "Float":
		_, err = strconv.ParseFloat(v, 64)
	case "Boolean":
		_, err = strconv.ParseBool(v)
	}
	if err != nil {
		return api.Invalid("Value [%s] of parameter [%s] is not of type %s.", v, p.Name, p.Type)
	}
	if len(p.EnumValues) == 0 {
		return nil
	}
	for _, e := range p.EnumValues {
		if text(e) == v {
			return nil
		}
	}
	return api.Invalid("Value [%s] of parameter [%s] is not one of its EnumValues.", v, p.Name)
}
