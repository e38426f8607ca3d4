package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sluice/shared/spec"
)

// change is a field of a spec that is not what it was. Was and Is are JSON; absent
// if the field was not, or is not, set.
type change struct {
	Field string          `json:"field"`
	Was   json.RawMessage `json:"was,omitempty"`
	Is    json.RawMessage `json:"is,omitempty"`
}

// String is the change in words.
func (c change) String() string {
	switch {
	case c.Was == nil:
		return "is " + plain(c.Is) + ", was not set"
	case c.Is == nil:
		return "is not set, was " + plain(c.Was)
	}
	return "is " + plain(c.Is) + ", was " + plain(c.Was)
}

// plain is a JSON value without the quotes of a text.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && text != "" {
		return text
	}
	return string(value)
}

// difference lists the fields in which two specs differ, by name.
func difference(was, is spec.Spec) ([]change, error) {
	before, err := fields(was)
	if err != nil {
		return nil, err
	}
	after, err := fields(is)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if string(before[name]) != string(after[name]) {
			changes = append(changes, change{Field: name, Was: before[name], Is: after[name]})
		}
	}
	return changes, nil
}

// fields is every value of a spec by its name, defaults included.
func fields(s spec.Spec) (map[string]json.RawMessage, error) {
	doc, err := json.Marshal(s.Normalised())
	if err != nil {
		return nil, fmt.Errorf("writing the spec of model %s: %w", s.Model, err)
	}
	all := map[string]json.RawMessage{}
	return all, flatten("", doc, all)
}

// flatten puts the values below a JSON value into all, named like
// triggers.data[0].bucket. A block that holds none, such as a pause without an end,
// is a value itself.
func flatten(name string, value json.RawMessage, all map[string]json.RawMessage) error {
	switch value[0] {
	case '{':
		var object map[string]json.RawMessage
		if err := json.Unmarshal(value, &object); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if len(object) == 0 {
			all[name] = value
		}
		for key, member := range object {
			below := key
			if name != "" {
				below = name + "." + key
			}
			if err := flatten(below, member, all); err != nil {
				return err
			}
		}
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		for i, member := range list {
			if err := flatten(fmt.Sprintf("%s[%d]", name, i), member, all); err != nil {
				return err
			}
		}
	default:
		all[name] = value
	}
	return nil
}
