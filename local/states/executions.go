package states

import (
	"encoding/json"

	"sluice/local/asl/exec"
	"sluice/local/wire"
)

type startInput struct {
	Machine string  `json:"stateMachineArn"`
	Name    string  `json:"name"`
	Input   *string `json:"input"`
	Trace   string  `json:"traceHeader"`
}

type startOutput struct {
	ARN   string     `json:"executionArn"`
	Start *wire.Time `json:"startDate"`
}

// StartExecution starts an execution; an empty name is made up. It returns the ARN.
// Starting the same name with the same input while it runs returns the same ARN.
// Errors: as StartExecution; ExecutionAlreadyExists for another input, or once the
// execution has ended.
func (s *Service) StartExecution(machineARN, name, input string) (string, error) {
	e, err := s.start(&startInput{Machine: machineARN, Name: name, Input: &input})
	if err != nil {
		return "", err
	}
	return e.arn, nil
}

func (s *Service) start(in *startInput) (*execution, error) {
	m, err := s.machine(in.Machine)
	if err != nil {
		return nil, err
	}
	name := in.Name
	if name == "" {
		name = s.w.UUID("states execution")
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	input := "{}"
	if in.Input != nil {
		input = *in.Input
	}
	if len(input) > exec.MaxPayload {
		return nil, wire.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: 'the input is longer than %d bytes'", exec.MaxPayload)
	}
	arn := ExecutionARN(m.name, name)
	if before := s.executions[arn]; before != nil && !before.expired(s.w.Now()) {
		if before.stop.IsZero() && before.input == input {
			return before, nil
		}
		return nil, wire.Errorf("ExecutionAlreadyExists", "Execution Already Exists: '%s'", arn)
	}
	e := &execution{arn: arn, name: name, input: input, machine: m, machineARN: m.arn, trace: in.Trace, start: s.w.Now()}
	info := exec.Info{ARN: arn, Name: name, RoleARN: m.role, MachineARN: m.arn, MachineName: m.name, Input: input, Start: e.start}
	run, err := exec.Start(m.parsed, info, &host{s, e}, func(r exec.Result) { s.ended(e, r) })
	if err != nil {
		return nil, wire.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: '%v'", err)
	}
	s.forget(m)
	s.serial++
	e.serial, e.run = s.serial, run
	m.runs = append(m.runs, e)
	s.executions[arn] = e
	s.emit(e)
	return e, nil
}

// forget drops the executions of m that AWS would have forgotten, oldest first.
func (s *Service) forget(m *machine) {
	for len(m.runs) > 0 && m.runs[0].expired(s.w.Now()) {
		if s.executions[m.runs[0].arn] == m.runs[0] {
			delete(s.executions, m.runs[0].arn)
		}
		m.runs = m.runs[1:]
	}
}

// ended is called when an execution has come to its end.
func (s *Service) ended(e *execution, r exec.Result) {
	e.stop, e.result = s.w.Now(), r
	e.sweep()
	s.emit(e)
}

func (s *Service) execution(arn string) (*execution, error) {
	if err := checkARN(arn, "execution"); err != nil {
		return nil, err
	}
	e := s.executions[arn]
	if e == nil || e.expired(s.w.Now()) {
		return nil, wire.Errorf("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn)
	}
	return e, nil
}

type executionRef struct {
	ARN      string `json:"executionArn"`
	Included string `json:"includedData"`
}

type included struct {
	Included bool `json:"included"`
}

type executionOutput struct {
	ARN           string     `json:"executionArn"`
	Machine       string     `json:"stateMachineArn"`
	Name          string     `json:"name"`
	Status        string     `json:"status"`
	Start         *wire.Time `json:"startDate"`
	Stop          *wire.Time `json:"stopDate,omitempty"`
	Input         *string    `json:"input,omitempty"`
	InputDetails  *included  `json:"inputDetails,omitempty"`
	Output        *string    `json:"output,omitempty"`
	OutputDetails *included  `json:"outputDetails,omitempty"`
	Trace         string     `json:"traceHeader,omitempty"`
	Error         *string    `json:"error,omitempty"`
	Cause         *string    `json:"cause,omitempty"`
	RedriveCount  int        `json:"redriveCount"`
	Redriven      *wire.Time `json:"redriveDate,omitempty"`
	RedriveStatus string     `json:"redriveStatus"`
	RedriveReason string     `json:"redriveStatusReason,omitempty"`
}

func (s *Service) describe(in *executionRef) (*executionOutput, error) {
	e, err := s.execution(in.ARN)
	if err != nil {
		return nil, err
	}
	out := &executionOutput{ARN: e.arn, Machine: e.machineARN, Name: e.name, Status: string(e.status()), Start: wire.At(e.start), Stop: wire.At(e.stop),
		Trace: e.trace, RedriveCount: e.run.Redrive, Redriven: wire.At(e.redriven)}
	out.RedriveStatus, out.RedriveReason = e.redrivable(s.w.Now())
	if in.Included != "METADATA_ONLY" {
		out.Input, out.InputDetails = &e.input, &included{true}
	}
	if e.status() == exec.Succeeded && in.Included != "METADATA_ONLY" {
		out.Output, out.OutputDetails = &e.result.Output, &included{true}
	}
	if f := e.result.Failure; f != nil && !e.stop.IsZero() {
		out.Error, out.Cause = f.Error, f.Cause
	}
	return out, nil
}

type stopInput struct {
	ARN   string  `json:"executionArn"`
	Error *string `json:"error"`
	Cause *string `json:"cause"`
}

type stopOutput struct {
	Stop *wire.Time `json:"stopDate"`
}

// stopExecution aborts an execution. One that has ended stays as it is.
func (s *Service) stopExecution(in *stopInput) (*stopOutput, error) {
	e, err := s.execution(in.ARN)
	if err != nil {
		return nil, err
	}
	var f *exec.Failure
	if in.Error != nil || in.Cause != nil {
		f = &exec.Failure{Error: in.Error, Cause: in.Cause}
	}
	e.run.Abort(f)
	return &stopOutput{wire.At(e.stop)}, nil
}

func (s *Service) wireExecutions(svc *wire.Service) {
	wire.Handle(svc, "StartExecution",
		func(in *startInput) []wire.Access { return access("StartExecution", in.Machine) },
		func(_ *wire.Call, in *startInput) (*startOutput, error) {
			e, err := s.start(in)
			if err != nil {
				return nil, err
			}
			return &startOutput{e.arn, wire.At(e.start)}, nil
		})
	wire.Handle(svc, "DescribeExecution",
		func(in *executionRef) []wire.Access { return access("DescribeExecution", in.ARN) },
		func(_ *wire.Call, in *executionRef) (*executionOutput, error) { return s.describe(in) })
	wire.Handle(svc, "DescribeStateMachineForExecution",
		func(in *executionRef) []wire.Access { return access("DescribeStateMachineForExecution", in.ARN) },
		func(_ *wire.Call, in *executionRef) (*machineOutput, error) {
			e, err := s.execution(in.ARN)
			if err != nil {
				return nil, err
			}
			out := e.machine.settings()
			out.Updated = wire.At(e.machine.updated)
			return out, nil
		})
	wire.Handle(svc, "ListExecutions",
		func(in *listExecutionsInput) []wire.Access { return access("ListExecutions", in.Machine) },
		func(_ *wire.Call, in *listExecutionsInput) (*listExecutionsOutput, error) {
			return s.listExecutions(in)
		})
	wire.Handle(svc, "StopExecution",
		func(in *stopInput) []wire.Access { return access("StopExecution", in.ARN) },
		func(_ *wire.Call, in *stopInput) (*stopOutput, error) { return s.stopExecution(in) })
	wire.Handle(svc, "RedriveExecution",
		func(in *redriveInput) []wire.Access { return access("RedriveExecution", in.ARN) },
		func(_ *wire.Call, in *redriveInput) (*redriveOutput, error) { return s.redrive(in) })
	wire.Handle(svc, "GetExecutionHistory",
		func(in *historyInput) []wire.Access { return access("GetExecutionHistory", in.ARN) },
		func(_ *wire.Call, in *historyInput) (*historyOutput, error) { return s.historyPage(in) })
}

// raw is JSON text as a message.
func raw(text *string) json.RawMessage {
	if text == nil {
		return nil
	}
	return json.RawMessage(*text)
}
