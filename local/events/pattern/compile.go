package pattern

import (
	"encoding/json"
	"fmt"
	"maps"
)

// combination is one way through all $or: what each path must be.
type combination map[string][]test

func (r *reader) compile() ([]combination, error) {
	if err := r.next(); err != nil {
		return nil, err
	}
	if !r.is('{') {
		return nil, r.fail("Filter is not an object")
	}
	rules, err := r.object([]combination{{}}, false)
	if err != nil {
		return nil, err
	}
	if r.dec.More() {
		return nil, r.fail("invalid JSON: text after the pattern")
	}
	return rules, nil
}

// object reads the members of an object into each of rules. Of a field that is
// named twice the last one counts.
func (r *reader) object(rules []combination, inOr bool) ([]combination, error) {
	for empty := true; ; empty = false {
		if err := r.next(); err != nil {
			return nil, err
		}
		if r.is('}') {
			if empty {
				return nil, r.fail("Empty objects are not allowed")
			}
			return rules, nil
		}
		name := r.token.(string)
		var err error
		if name == "$or" {
			if rules, err = r.or(rules); err != nil {
				return nil, err
			}
			continue
		}
		if inOr && reservedInOr[name] {
			return nil, r.fail(name + " is Ruler reserved fieldName which cannot be used inside $or.")
		}
		r.path = append(r.path, name)
		if err := r.next(); err != nil {
			return nil, err
		}
		switch {
		case r.is('{'):
			rules, err = r.object(rules, inOr)
		case r.is('['):
			err = r.alternatives(rules)
		default:
			err = r.fail(fmt.Sprintf("%q must be an object or an array", name))
		}
		if err != nil {
			return nil, err
		}
		r.path = r.path[:len(r.path)-1]
	}
}

// alternatives reads the array of one field.
func (r *reader) alternatives(rules []combination) error {
	var tests []test
	for {
		if err := r.next(); err != nil {
			return err
		}
		if r.is(']') {
			break
		}
		t, err := r.alternative()
		if err != nil {
			return err
		}
		tests = append(tests, t)
	}
	if len(tests) == 0 {
		return r.fail("Empty arrays are not allowed")
	}
	path := joined(r.path)
	for _, m := range rules {
		m[path] = tests
	}
	return nil
}

func (r *reader) alternative() (test, error) {
	switch v := r.token.(type) {
	case json.Delim:
		if v != '{' {
			return nil, r.fail("Match value must be String, number, true, false, or null")
		}
	case string:
		return exactString(v), nil
	case json.Number:
		return exactNumber(v.String()), nil
	default:
		return exactLiteral(fmt.Sprint(literal(v))), nil
	}
	if err := r.next(); err != nil {
		return nil, err
	}
	name, ok := r.token.(string)
	if !ok {
		return nil, r.fail("Match expression name not found")
	}
	parse := operator(name)
	if parse == nil {
		return nil, r.fail("Unrecognized match type " + name)
	}
	r.operator = name
	t, err := parse(r)
	r.operator = ""
	return t, err
}

// operator is what reads an operator's operand and the brace after it, or nil.
func operator(name string) func(*reader) (test, error) {
	switch name {
	case "exactly":
		return parseExactly
	case "prefix":
		return parsePrefix
	case "suffix":
		return parseSuffix
	case "equals-ignore-case":
		return parseIgnoreCase
	case "wildcard":
		return parseWildcard
	case "anything-but":
		return parseAnythingBut
	case "numeric":
		return parseNumeric
	case "exists":
		return parseExists
	case "cidr":
		return parseCIDR
	}
	return nil
}

func clone(rules []combination) []combination {
	out := make([]combination, len(rules))
	for i, m := range rules {
		out[i] = maps.Clone(m)
	}
	return out
}
