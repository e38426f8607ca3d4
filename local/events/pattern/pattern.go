// Package pattern is the event-pattern language of Amazon EventBridge: it
// compiles a pattern strictly, and decides whether an event matches it.
//
// A pattern names fields by nesting objects; each field holds an array of
// alternatives. An alternative is a value (string, number, true, false, null) or
// one operator: prefix, suffix, equals-ignore-case, wildcard, anything-but,
// numeric, exists, cidr; "exactly" is an exact string. "$or" beside fields lists
// alternatives of whole objects. Each operator is one file.
//
// It knows neither rules nor targets: local/events calls it, and so may anything
// that filters events. Not modelled: the limit on how complex wildcards may be.
package pattern

import (
	"fmt"
	"slices"
	"strings"
)

// maxRules is how many combinations the $or of a pattern may come to.
const maxRules = 1000

// Pattern is a compiled event pattern, ready for any number of events.
type Pattern struct {
	rules []rule
	text  string
}

// rule is one combination of the alternatives of $or: all its fields must match.
// Fields are sorted by path.
type rule []field

// field is what one leaf of the event must be: any of tests.
type field struct {
	path  string
	tests []test
}

// test is one alternative of a field.
type test interface {
	// match reports whether one value of the event is meant. A field that the
	// event lacks is never asked about; see absent.
	match(v value) bool
}

// Compile reads a pattern. Errors are *Error.
func Compile(text string) (*Pattern, error) {
	r := newReader(text)
	rules, err := r.compile()
	if err != nil {
		return nil, err
	}
	p := &Pattern{text: text}
	for _, m := range rules {
		one := make(rule, 0, len(m))
		for path, tests := range m {
			one = append(one, field{path, tests})
		}
		slices.SortFunc(one, func(a, b field) int { return strings.Compare(a.path, b.path) })
		p.rules = append(p.rules, one)
	}
	return p, nil
}

// String is the pattern's text, as it was compiled.
func (p *Pattern) String() string { return p.text }

// Error says why a text is no pattern, and where.
type Error struct {
	Path     string // of the field, its names joined by dots; "" at the top
	Operator string // such as "numeric"; "" where none is concerned
	Reason   string
	Line     int // from 1; 0 where AWS tells no place
	Column   int // from 1, in bytes

	source string
}

// Error is the message of AWS's InvalidEventPatternException.
func (e *Error) Error() string {
	if e.Line == 0 {
		return "Event pattern is not valid. Reason: " + e.Reason
	}
	source := e.source
	if len(source) > 500 {
		source = source[:500]
	}
	return fmt.Sprintf("Event pattern is not valid. Reason: %s\n at [Source: (String)\"%s\"; line: %d, column: %d]", e.Reason, source, e.Line, e.Column)
}
