package expr

import (
	"maps"
	"slices"
	"strings"
)

// Placeholders are ExpressionAttributeNames and ExpressionAttributeValues of one
// request. They remember which were used, because DynamoDB refuses the rest.
type Placeholders struct {
	names      map[string]string
	values     Item
	usedNames  map[string]bool
	usedValues map[string]bool
}

// NewPlaceholders takes the two maps; nil is a parameter that was not given. Errors:
// ValidationException.
func NewPlaceholders(names map[string]string, values Item) (*Placeholders, error) {
	if names != nil && len(names) == 0 {
		return nil, invalid("ExpressionAttributeNames must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		if !isPlaceholder(key, '#') {
			return nil, invalid("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		}
	}
	if values != nil && len(values) == 0 {
		return nil, invalid("ExpressionAttributeValues must not be empty")
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !isPlaceholder(key, ':') {
			return nil, invalid("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", key)
		}
		if msg := values[key].problem; msg != "" {
			return nil, invalid("ExpressionAttributeValues contains invalid value: %s for key %s", msg, key)
		}
	}
	return &Placeholders{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}, nil
}

func isPlaceholder(key string, first byte) bool {
	return len(key) > 1 && key[0] == first && run(key, 1, isPart) == len(key)
}

// Unused refuses names and values that no expression of the request used. Errors:
// ValidationException.
func (g *Placeholders) Unused() error {
	if rest := unused(g.names, g.usedNames); rest != "" {
		return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", rest)
	}
	if rest := unused(g.values, g.usedValues); rest != "" {
		return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", rest)
	}
	return nil
}

func unused[V any](given map[string]V, used map[string]bool) string {
	if len(used) == len(given) {
		return ""
	}
	var rest []string
	for key := range given {
		if !used[key] {
			rest = append(rest, key)
		}
	}
	slices.Sort(rest)
	return strings.Join(rest, ", ")
}

// name resolves #name; an unknown one is refused at this rank.
func (p *parser) name(key string, rank int) string {
	name, ok := p.given.names[key]
	if !ok {
		p.refuse(rank, "An expression attribute name used in the document path is not defined; attribute name: %s", key)
		return key
	}
	p.given.usedNames[key] = true
	return name
}

// value resolves :value; an unknown one is refused at this rank.
func (p *parser) value(key string, rank int) Value {
	v, ok := p.given.values[key]
	if !ok {
		p.refuse(rank, "An expression attribute value used in expression is not defined; attribute value: %s", key)
		return Value{}
	}
	p.given.usedValues[key] = true
	return v
}
