package pattern

import (
	"encoding/json"
)

// anythingBut is {"anything-but": ...}: a value that none of the tests means.
// It takes a string or number, a list of either, or prefix, suffix,
// equals-ignore-case or wildcard with a string or a list of strings. A field
// must be there; of an array one element that differs is enough.
type anythingBut []test

func (a anythingBut) match(v value) bool {
	for _, t := range a {
		if t.match(v) {
			return false
		}
	}
	return true
}

func parseAnythingBut(r *reader) (test, error) {
	if err := r.next(); err != nil {
		return nil, err
	}
	one, nested := r.butValue, false
	if r.is('{') {
		if err := r.next(); err != nil {
			return nil, err
		}
		name, ok := r.token.(string)
		if !ok {
			return nil, r.fail("Anything-But expression name not found")
		}
		if one = r.butOperator(name); one == nil {
			return nil, r.fail("Unsupported anything-but pattern: " + name)
		}
		nested = true
		if err := r.next(); err != nil {
			return nil, err
		}
	}
	a, err := r.butList(one, nested)
	if err != nil {
		return nil, err
	}
	if err := r.closeNumeric(); err != nil || !nested {
		return a, err
	}
	return a, r.closeNumeric()
}

// butList reads one value or an array of them.
func (r *reader) butList(one func() (test, error), nested bool) (anythingBut, error) {
	if !r.is('[') {
		switch r.token.(type) {
		case string, json.Number:
		default:
			return nil, r.fail("Value of anything-but must be an array or single string/number value.")
		}
		t, err := one()
		return anythingBut{t}, err
	}
	var a anythingBut
	strs, nums := 0, 0
	for {
		if err := r.next(); err != nil {
			return nil, err
		}
		if r.is(']') {
			break
		}
		switch r.token.(type) {
		case string:
			strs++
		case json.Number:
			nums++
		}
		t, err := one()
		if err != nil {
			return nil, err
		}
		a = append(a, t)
	}
	if !nested && (strs > 0) == (nums > 0) {
		return nil, r.fail("Inside anything but list, either all values are number or string, mixed type is not supported")
	}
	return a, nil
}

// butValue is a plain value of anything-but.
func (r *reader) butValue() (test, error) {
	switch v := r.token.(type) {
	case string:
		return exactText(v), nil
	case json.Number:
		n := numberValue(v.String())
		if !n.ranged {
			return nil, r.fail(outOfRange)
		}
		return number{n}, nil
	}
	return nil, r.fail("Inside anything but list, start|null|boolean is not supported.")
}

// exactText is a string by its characters alone.
type exactText string

func (s exactText) match(v value) bool { return v.kind == stringKind && string(s) == v.text }

// butOperator is what makes the tests of an operator inside anything-but, or nil.
func (r *reader) butOperator(name string) func() (test, error) {
	text := func(otherwise string, from func(string) (test, error)) func() (test, error) {
		return func() (test, error) {
			s, ok := r.token.(string)
			if !ok {
				return nil, r.fail(otherwise)
			}
			return from(s)
		}
	}
	switch name {
	case "prefix", "suffix":
		return text("prefix/suffix match pattern must be a string", func(s string) (test, error) {
			if s == "" {
				r.read = true
				return nil, r.fail("Null prefix/suffix not allowed")
			}
			if name == "prefix" {
				return prefix{text: s}, nil
			}
			return suffix{text: s}, nil
		})
	case "equals-ignore-case":
		return text("Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
			func(s string) (test, error) { return ignoreCase(s), nil })
	case "wildcard":
		return text("wildcard match pattern must be a string", func(s string) (test, error) {
			w, err := r.wildcard(s)
			if err != nil {
				return nil, err
			}
			return w, nil
		})
	}
	return nil
}
