package pipelines

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// decide evaluates a Condition step: all of its Conditions must hold.
func (e *execution) decide(s *step) error {
	all, ok := s.def.Arguments["Conditions"].([]any)
	if !ok {
		return fmt.Errorf("step %s has no Conditions", s.def.Name)
	}
	outcome := "True"
	for _, c := range all {
		holds, err := e.holds(c)
		if err != nil {
			return err
		}
		if !holds {
			outcome = "False"
		}
	}
	s.member, s.metadata = "Condition", map[string]any{"Outcome": outcome}
	return nil
}

func (e *execution) holds(c any) (bool, error) {
	m, ok := c.(map[string]any)
	if !ok {
		return false, fmt.Errorf("a condition must be an object")
	}
	kind, _ := m["Type"].(string)
	switch kind {
	case "Not":
		holds, err := e.holds(m["Expression"])
		return !holds, err
	case "Or":
		list, _ := m["Conditions"].([]any)
		for _, x := range list {
			if holds, err := e.holds(x); holds || err != nil {
				return holds, err
			}
		}
		return false, nil
	case "In":
		return e.in(m)
	}
	return e.compare(kind, m["LeftValue"], m["RightValue"])
}

func (e *execution) in(m map[string]any) (bool, error) {
	q, err := e.resolve(m["QueryValue"])
	if err != nil {
		return false, err
	}
	list, _ := m["Values"].([]any)
	for _, x := range list {
		v, err := e.resolve(x)
		if err != nil {
			return false, err
		}
		if text(v) == text(q) {
			return true, nil
		}
	}
	return false, nil
}

func (e *execution) compare(kind string, left, right any) (bool, error) {
	left, err := e.resolve(left)
	if err != nil {
		return false, err
	}
	right, err = e.resolve(right)
	if err != nil {
		return false, err
	}
	l, lerr := strconv.ParseFloat(text(left), 64)
	r, rerr := strconv.ParseFloat(text(right), 64)
	if kind == "Equals" && (lerr != nil || rerr != nil) {
		return text(left) == text(right), nil
	}
	if lerr != nil || rerr != nil {
		return false, fmt.Errorf("condition %s compares %q with %q, which are not both numbers", kind, text(left), text(right))
	}
	switch kind {
	case "Equals":
		return l == r, nil
	case "GreaterThan":
		return l > r, nil
	case "GreaterThanOrEqualTo":
		return l >= r, nil
	case "LessThan":
		return l < r, nil
	case "LessThanOrEqualTo":
		return l <= r, nil
	}
	return false, fmt.Errorf("local AWS does not know conditions of type %q", kind)
}

// jsonGet reads a number or text from the scripted evaluation report, whichever
// property file is named: a run has one report.
func (e *execution) jsonGet(g map[string]any) (any, error) {
	path, _ := g["Path"].(string)
	if e.outcome.Report == nil {
		return nil, fmt.Errorf("Std:JsonGet of %s: the run has no evaluation report", path)
	}
	var v any
	if err := json.Unmarshal(e.outcome.Report, &v); err != nil {
		return nil, fmt.Errorf("reading the evaluation report: %w", err)
	}
	if v = dig(v, strings.Split(strings.TrimPrefix(path, "$."), ".")...); v == nil {
		return nil, fmt.Errorf("the evaluation report has no %s", path)
	}
	return v, nil
}
