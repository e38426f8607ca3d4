// Package definition reads what Sluice must know of a SageMaker pipeline's definition
// before it starts one: its parameters, and where it writes.
//
// It is pure. Training holds a launch against it, and so does sluice validate. It does
// not check the definition itself, which SageMaker does, and passes over what it does
// not know. So it cannot see a place whose bucket only an execution knows (an output of
// another step), or that a container writes to by itself. A pipeline that feeds its own
// trigger in such a way is stopped by the gate, after as many models as the spec's
// strikes that are no better for it; if they pass, only cooldown and maxPerDay bound it.
package definition

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Definition is a pipeline's definition.
type Definition struct {
	Parameters []Parameter
	steps      []step
}

// Parameter is one parameter of a pipeline.
type Parameter struct {
	Name         string
	Type         string // String, Integer, Float, Boolean
	DefaultValue any    // nil for none
	EnumValues   []any
}

type step struct {
	Name      string
	Type      string
	Arguments any
}

// Parse reads a definition's JSON.
func Parse(text []byte) (Definition, error) {
	var d struct {
		Parameters []Parameter
		Steps      []step
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return Definition{}, fmt.Errorf("reading the pipeline definition: %w", err)
	}
	return Definition{d.Parameters, d.Steps}, nil
}

// Check reports everything that is wrong with starting the pipeline with these
// parameters; nil for nothing.
func (d Definition) Check(given map[string]string) error {
	var wrong []error
	known := map[string]bool{}
	for _, p := range d.Parameters {
		known[p.Name] = true
		value, ok := given[p.Name]
		switch {
		case !ok && p.DefaultValue == nil:
			wrong = append(wrong, fmt.Errorf("parameter %s has no default and is not given", p.Name))
		case ok:
			if err := p.check(value); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known[name] {
			wrong = append(wrong, fmt.Errorf("there is no parameter %s", name))
		}
	}
	return errors.Join(wrong...)
}

func (p Parameter) check(value string) (err error) {
	switch p.Type {
	case "Integer":
		_, err = strconv.ParseInt(value, 10, 64)
	case "Float":
		_, err = strconv.ParseFloat(value, 64)
	case "Boolean":
		if value != "true" && value != "false" {
			err = errors.New("neither true nor false")
		}
	}
	if err != nil {
		return fmt.Errorf("parameter %s is %q, which is no %s", p.Name, value, p.Type)
	}
	if len(p.EnumValues) > 0 && !slices.ContainsFunc(p.EnumValues, func(v any) bool { return fmt.Sprint(v) == value }) {
		return fmt.Errorf("parameter %s is %q, which is not one of %v", p.Name, value, p.EnumValues)
	}
	return nil
}

// Output is where a step writes.
type Output struct {
	Step   string
	Bucket string
	Prefix string // what the keys begin with, as far as is known before the start
	Only   string // what the keys end with; "" if anything
}

// Outputs lists where the pipeline writes, with its parameters filled in. What only an
// execution can tell ends a prefix.
func (d Definition) Outputs(given map[string]string) []Output {
	values := map[string]string{}
	for _, p := range d.Parameters {
		if p.DefaultValue != nil {
			values[p.Name] = fmt.Sprint(p.DefaultValue)
		}
	}
	maps.Copy(values, given)
	var all []Output
	for _, s := range d.steps {
		all = append(all, outputs(s, values)...)
	}
	return all
}

// outputs finds the places in a step's arguments, and in the steps of its branches.
func outputs(s step, values map[string]string) (all []Output) {
	var visit func(v any, inside string)
	visit = func(v any, inside string) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				visit(item, inside)
			}
		case map[string]any:
			if inside == "IfSteps" || inside == "ElseSteps" {
				nested := step{Arguments: v["Arguments"]}
				nested.Name, _ = v["Name"].(string)
				nested.Type, _ = v["Type"].(string)
				all = append(all, outputs(nested, values)...)
				return
			}
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if name == "S3OutputPath" || name == "S3Uri" && inside == "S3Output" {
					if o, ok := place(v[name], values); ok {
						o.Step = s.Name
						if s.Type == "Training" && inside == "OutputDataConfig" {
							o.Only = ".tar.gz" // model.tar.gz and output.tar.gz
						}
						all = append(all, o)
					}
					continue
				}
				visit(v[name], name)
			}
		}
	}
	visit(s.Arguments, "")
	return all
}

// place reads an s3:// address.
func place(v any, values map[string]string) (Output, bool) {
	text, _ := resolve(v, values)
	rest, ok := strings.CutPrefix(text, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	return Output{Bucket: bucket, Prefix: prefix}, ok && bucket != ""
}

// resolve is a value as text, up to what only an execution knows; whole reports that
// nothing is missing.
func resolve(v any, values map[string]string) (text string, whole bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case map[string]any:
		if get, ok := v["Get"].(string); ok {
			value, known := values[strings.TrimPrefix(get, "Parameters.")]
			return value, known && strings.HasPrefix(get, "Parameters.")
		}
		join, ok := v["Std:Join"].(map[string]any)
		if !ok {
			return "", false
		}
		on, _ := join["On"].(string)
		parts, _ := join["Values"].([]any)
		for i, part := range parts {
			if i > 0 {
				text += on
			}
			piece, known := resolve(part, values)
			text += piece
			if !known {
				return text, false
			}
		}
		return text, true
	}
	return "", false
}

// Feeds reports whether what the output may write could match a bucket, prefix and
// suffix.
func (o Output) Feeds(bucket, prefix, suffix string) bool {
	if o.Bucket != bucket || !strings.HasPrefix(o.Prefix, prefix) && !strings.HasPrefix(prefix, o.Prefix) {
		return false
	}
	return o.Only == "" || strings.HasSuffix(o.Only, suffix) || strings.HasSuffix(suffix, o.Only)
}
