package stream

import (
	"encoding/json"
	"maps"
	"slices"

	"sluice/local/events/pattern"
)

// Bounds of FilterCriteria: filters of one mapping, and bytes of one pattern.
const (
	mostFilters = 5
	mostPattern = 4096
)

// filterable are the members of a record that a filter may be about. The page on
// filters allows dynamodb only; the pages on time to live and on the CDK filter by the
// other two. More is promised nowhere, so it is refused here rather than believed.
var filterable = []string{"dynamodb", "eventName", "userIdentity"}

// compile reads a filter: an event pattern over the record that the function would
// get. Numbers in it match nothing: images hold them as texts. Errors:
// InvalidParameterValueException.
func compile(text string) (*pattern.Pattern, error) {
	if len(text) > mostPattern {
		return nil, invalid("Invalid filter pattern definition. It has %d characters; it may have %d", len(text), mostPattern)
	}
	p, err := pattern.Compile(text)
	if err != nil {
		return nil, invalid("Invalid filter pattern definition. %v", err)
	}
	return p, about([]byte(text))
}

// about refuses a pattern about what cannot be filtered by. It has been compiled.
func about(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return invalid("Invalid filter pattern definition. %v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch {
		case name == "$or":
			var alternatives []json.RawMessage
			if err := json.Unmarshal(members[name], &alternatives); err != nil {
				return invalid("Invalid filter pattern definition. %v", err)
			}
			for _, a := range alternatives {
				if err := about(a); err != nil {
					return err
				}
			}
		case !slices.Contains(filterable, name):
			return invalid("Invalid filter pattern definition. AWS documents filters of DynamoDB records by dynamodb, eventName and userIdentity only, not by %s", name)
		}
	}
	return nil
}

// wants reports whether the function gets a record.
func (r *Reader) wants(rec Record) bool {
	if len(r.filters) == 0 {
		return true
	}
	taken, err := pattern.Take(rec.Text)
	return err == nil && slices.ContainsFunc(r.filters, func(p *pattern.Pattern) bool { return p.Match(taken) })
}
