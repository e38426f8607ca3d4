package exec

import (
	"fmt"
	"slices"
)

// The error names of the language that this package raises. A path that selects
// nothing is States.Runtime, as recorded from AWS in Parameters, InputPath and the
// other path fields; States.ParameterPathFailure, which the specification has for
// Parameters, was never seen there, so it is not raised. Runtime cannot be caught,
// so a machine that passes here does not rest on catching it.
const (
	Runtime           = "States.Runtime"
	Timeout           = "States.Timeout"
	HeartbeatTimeout  = "States.HeartbeatTimeout"
	TaskFailed        = "States.TaskFailed"
	All               = "States.ALL"
	DataLimitExceeded = "States.DataLimitExceeded"
	IntrinsicFailure  = "States.IntrinsicFailure"
	ResultPathFailure = "States.ResultPathMatchFailure"
	NoChoiceMatched   = "States.NoChoiceMatched"
)

// Failure is an error as the language has it. Error and Cause may be absent.
type Failure struct {
	Error *string
	Cause *string
	// heartbeat marks a States.Timeout that a missing heartbeat brought about.
	heartbeat bool
}

// Fail is the failure of this name and cause.
func Fail(name, cause string) *Failure { return &Failure{Error: &name, Cause: &cause} }

// Name is the error name, or "".
func (f *Failure) Name() string {
	if f.Error == nil {
		return ""
	}
	return *f.Error
}

// String is for people.
func (f *Failure) String() string {
	if f.Cause == nil {
		return f.Name()
	}
	return f.Name() + ": " + *f.Cause
}

// output is what a Catcher hands on. A timeout has an empty cause there, although
// its event has none; a failure that was sent without error or cause has null.
// Both are recorded from AWS.
func (f *Failure) output() map[string]any {
	out := map[string]any{"Error": nil, "Cause": nil}
	if f.Error != nil {
		out["Error"] = *f.Error
	}
	switch {
	case f.Cause != nil:
		out["Cause"] = *f.Cause
	case f.Name() == Timeout:
		out["Cause"] = ""
	}
	return out
}

// matches applies the rules of AWS.md D.4: the two wildcards pass over the errors
// that end an execution, States.TaskFailed passes over timeouts too, and a
// States.Runtime is not even caught by its own name (recorded). For
// States.DataLimitExceeded under States.ALL the documentation says no and a
// recording says yes; the documentation is followed, as the stricter of the two.
func (f *Failure) matches(names []string) bool {
	name := f.Name()
	if name == Runtime {
		return false
	}
	if name != "" && slices.Contains(names, name) || f.heartbeat && slices.Contains(names, HeartbeatTimeout) {
		return true
	}
	if name == DataLimitExceeded {
		return false
	}
	return slices.Contains(names, All) || name != Timeout && slices.Contains(names, TaskFailed)
}

// dataError is a failure inside the processing of data, before it knows its state.
type dataError struct {
	name    string
	message string
}

func (e *dataError) Error() string { return e.message }

func runtimeError(format string, args ...any) error {
	return &dataError{Runtime, fmt.Sprintf(format, args...)}
}
