package parse

import (
	"errors"
	"fmt"
	"strings"
)

// Severity says whether a problem forbids the machine.
type Severity string

// An Error makes AWS refuse the definition. A Warning does not, but it is a
// mistake in almost every machine.
const (
	Error   Severity = "ERROR"
	Warning Severity = "WARNING"
)

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Code     string // such as SCHEMA_VALIDATION_FAILED or MISSING_TRANSITION_TARGET
	Severity Severity
	State    string // "" outside states
	Field    string // "" if no one field is to blame
	Pos      Pos
	Message  string
}

func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d: ", p.Pos.Line)
	if p.State != "" {
		fmt.Fprintf(&b, "state %q: ", p.State)
	}
	fmt.Fprintf(&b, "%s at %s", p.Message, p.Pos.Path)
	return b.String()
}

// Problems is an error that lists what is wrong.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// The codes of problems. The first four are those of AWS.
const (
	BadJSON       = "INVALID_JSON_DESCRIPTION"
	BadSchema     = "SCHEMA_VALIDATION_FAILED"
	BadTransition = "MISSING_TRANSITION_TARGET"
	DuplicateName = "DUPLICATE_STATE_NAME"
	NoTerminal    = "NO_TERMINAL_STATE"
	NoTimeout     = "TASK_WITHOUT_TIMEOUT"
	UnknownError  = "UNKNOWN_ERROR_NAME"
)

// Load parses a definition and refuses it on any problem that is an Error, those
// of Lint included. It is what CreateStateMachine does.
func Load(definition []byte) (*Machine, error) {
	m, err := Parse(definition)
	if err != nil {
		return nil, err
	}
	var bad Problems
	for _, p := range Lint(m) {
		if p.Severity == Error {
			bad = append(bad, p)
		}
	}
	if len(bad) > 0 {
		return nil, bad
	}
	return m, nil
}

// AsProblems returns what err lists, if it came from this package.
func AsProblems(err error) Problems {
	var ps Problems
	errors.As(err, &ps)
	return ps
}
