package states

import (
	"maps"
	"slices"
	"time"

	"sluice/local/asl/exec"
	"sluice/local/asl/parse"
)

// Execution is what people who watch see of an execution.
type Execution struct {
	ARN     string
	Machine string // its ARN
	Name    string
	Status  exec.Status
	Start   time.Time
	Stop    time.Time // zero while it runs
	State   string    // the state it is in, or was in at the end
	Input   string    // JSON
	Output  string    // JSON, once it has succeeded
	Failure *exec.Failure
	Events  int
}

// Machines lists the ARNs of the state machines.
func (s *Service) Machines() []string { return slices.Sorted(maps.Keys(s.machines)) }

// Machine returns the parsed definition of a machine, for drawing it.
func (s *Service) Machine(arn string) (*parse.Machine, bool) {
	m := s.machines[arn]
	if m == nil {
		return nil, false
	}
	return m.parsed, true
}

// Executions lists the executions of a machine, the oldest first; with an empty ARN
// those of all machines.
func (s *Service) Executions(machineARN string) []Execution {
	var list []*execution
	for _, e := range s.executions {
		if machineARN == "" || e.machineARN == machineARN {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *execution) int { return int(a.serial - b.serial) })
	out := make([]Execution, len(list))
	for i, e := range list {
		out[i] = e.view()
	}
	return out
}

// Execution finds one execution.
func (s *Service) Execution(arn string) (Execution, bool) {
	e := s.executions[arn]
	if e == nil {
		return Execution{}, false
	}
	return e.view(), true
}

func (e *execution) view() Execution {
	return Execution{ARN: e.arn, Machine: e.machineARN, Name: e.name, Status: e.status(), Start: e.start, Stop: e.stop, State: e.run.State(),
		Input: e.input, Output: e.result.Output, Failure: e.result.Failure, Events: len(e.history)}
}

// Path lists the names of the states that an execution entered, those of branches
// and iterations included, in order.
func (s *Service) Path(executionARN string) []string {
	if e := s.executions[executionARN]; e != nil {
		return pathOf(e.history)
	}
	return nil
}

// History is the history of an execution so far. It must not be changed.
func (s *Service) History(executionARN string) []exec.Event {
	if e := s.executions[executionARN]; e != nil {
		return e.history
	}
	return nil
}

// StopExecution aborts an execution and reports whether it was running.
func (s *Service) StopExecution(arn string, f *exec.Failure) bool {
	e := s.executions[arn]
	return e != nil && e.run.Abort(f)
}
