// Package fault is the closed list of the ways in which work can fail, and their
// names on the wire.
//
// Step Functions chooses its next state by the name of an error, and the Lambda
// runtime names an error by the Go type of its outermost layer: one fmt.Errorf
// with %w, and no ErrorEquals matches any more. So code wraps freely, and the
// edge of each function calls Wire, which finds the kind inside.
//
// Every kind is caught or retried in statemachines/; a test holds that.
package fault

import (
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda/messages"
)

// Kind is a way to fail. Its text is the error name that state machines match.
type Kind string

// The kinds. The list is append-only: running executions hold these names.
const (
	Invalid   Kind = "Invalid"   // input or spec is wrong; the same call will fail again
	NotFound  Kind = "NotFound"  // a named thing does not exist
	Conflict  Kind = "Conflict"  // somebody else holds or has changed the thing
	Throttled Kind = "Throttled" // AWS asks to come back later
	NotReady  Kind = "NotReady"  // the thing is busy and will be free later
	Denied    Kind = "Denied"    // a permission is missing
	Internal  Kind = "Internal"  // everything else, broken connections included
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Invalid, NotFound, Conflict, Throttled, NotReady, Denied, Internal}
}

// Error is a failure of a kind.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of this kind; %w works as in fmt.Errorf.
func (k Kind) Errorf(format string, args ...any) error {
	return &Error{Kind: k, Err: fmt.Errorf(format, args...)}
}

// Of is the kind of err: the outermost one in its chain, Internal if it has none.
func Of(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Wire is err as the runtime must send it, so that its kind arrives as the error's
// name. A nil error stays nil.
func Wire(err error) error {
	if err == nil {
		return nil
	}
	return messages.InvokeResponse_Error{Type: string(Of(err)), Message: err.Error()}
}

// Is reports whether err is an error of this kind. A nil error is of none.
func Is(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}
