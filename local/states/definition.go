package states

import (
	"fmt"
	"strings"

	"sluice/local/asl/parse"
	"sluice/local/wire"
)

// maxDefinition bounds a definition, in bytes (AWS.md D.1).
const maxDefinition = 1 << 20

// load parses a definition as CreateStateMachine does.
func load(definition string) (*parse.Machine, error) {
	if len(definition) > maxDefinition {
		return nil, wire.Errorf("InvalidDefinition", "Invalid State Machine Definition: 'the definition is larger than %d bytes'", maxDefinition)
	}
	m, err := parse.Load([]byte(definition))
	problems := parse.AsProblems(err)
	if err == nil {
		problems = resources(&m.Branch)
	}
	if len(problems) == 0 {
		return m, nil
	}
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = fmt.Sprintf("%s: %s at %s", p.Code, p.Message, p.Pos.Path)
	}
	return nil, wire.Errorf("InvalidDefinition", "Invalid State Machine Definition: '%s'", strings.Join(texts, ", "))
}

// resources finds the tasks whose resource local AWS cannot start.
func resources(b *parse.Branch) []parse.Problem {
	var bad []parse.Problem
	for _, st := range b.States {
		switch st := st.(type) {
		case *parse.Task:
			if !startable(st.Resource) {
				at := parse.Pos{Line: st.Pos.Line, Path: st.Pos.Path + "/Resource"}
				bad = append(bad, parse.Problem{Code: parse.BadSchema, Severity: parse.Error, State: st.Name, Field: "Resource", Pos: at,
					Message: fmt.Sprintf("The resource provided %s is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.", st.Resource)})
			}
		case *parse.Parallel:
			for _, b := range st.Branches {
				bad = append(bad, resources(b)...)
			}
		case *parse.Map:
			bad = append(bad, resources(st.Processor)...)
		}
	}
	return bad
}

type validateInput struct {
	Definition string `json:"definition"`
	Type       string `json:"type"`
	Severity   string `json:"severity"`
	Max        int    `json:"maxResults"`
}

type diagnostic struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
}

type validateOutput struct {
	Result      string       `json:"result"`
	Diagnostics []diagnostic `json:"diagnostics"`
	Truncated   bool         `json:"truncated"`
}

func (s *Service) validate(in *validateInput) (*validateOutput, error) {
	if err := supported(in.Type, false, false); err != nil {
		return nil, err
	}
	m, err := parse.Parse([]byte(in.Definition))
	problems := parse.AsProblems(err)
	if err == nil {
		problems = append(parse.Lint(m), resources(&m.Branch)...)
	}
	n, err := limit(in.Max)
	if err != nil {
		return nil, err
	}
	out := &validateOutput{Result: "OK", Diagnostics: []diagnostic{}}
	for _, p := range problems {
		if p.Severity == parse.Error {
			out.Result = "FAIL"
		} else if in.Severity != string(parse.Warning) {
			continue
		}
		if len(out.Diagnostics) == n {
			out.Truncated = true
			break
		}
		out.Diagnostics = append(out.Diagnostics, diagnostic{string(p.Severity), p.Code, p.Message, p.Pos.Path})
	}
	return out, nil
}
