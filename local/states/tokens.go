package states

import (
	"encoding/json"

	"sluice/local/asl/exec"
	"sluice/local/wire"
)

// token is a task token that was given out. It stays known when the task has ended,
// so that a late callback is told TaskTimedOut.
type token struct {
	pending *exec.Pending // nil once spent
	machine string        // its ARN, for the question to IAM
}

func (s *Service) register(p *exec.Pending, e *execution) {
	e.sweep()
	t := &token{p, e.machineARN}
	e.tokens = append(e.tokens, t)
	s.tokens[p.Token] = t
}

// sweep lets go of the tasks of tokens that are spent.
func (e *execution) sweep() {
	kept := e.tokens[:0]
	for _, t := range e.tokens {
		if t.pending.Open() && e.stop.IsZero() {
			kept = append(kept, t)
		} else {
			t.pending = nil
		}
	}
	e.tokens = kept
}

func (s *Service) pending(name string) (*exec.Pending, error) {
	t := s.tokens[name]
	if t == nil {
		return nil, wire.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")
	}
	if t.pending == nil || !t.pending.Open() {
		return nil, wire.Errorf("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
	}
	return t.pending, nil
}

// SendTaskSuccess completes the task that waits for this token. output is JSON.
// Errors: InvalidToken, InvalidOutput, TaskTimedOut for a task that has ended.
func (s *Service) SendTaskSuccess(taskToken, output string) error {
	p, err := s.pending(taskToken)
	if err != nil {
		return err
	}
	if len(output) > exec.MaxPayload {
		return wire.Errorf("InvalidOutput", "Invalid Output: 'the output is longer than %d bytes'", exec.MaxPayload)
	}
	if !json.Valid([]byte(output)) {
		return wire.Errorf("InvalidOutput", "Invalid Output: '%s'", output)
	}
	p.Succeed(output)
	return nil
}

// SendTaskFailure fails the task that waits for this token. Error and cause may be
// nil. Errors: InvalidToken, ValidationException, TaskTimedOut.
func (s *Service) SendTaskFailure(taskToken string, name, cause *string) error {
	p, err := s.pending(taskToken)
	if err != nil {
		return err
	}
	if name != nil && len(*name) > 256 || cause != nil && len(*cause) > 32768 {
		return wire.Errorf("ValidationException", "1 validation error detected: 'error' must not be longer than 256 characters, 'cause' not longer than 32768")
	}
	p.Fail(&exec.Failure{Error: name, Cause: cause})
	return nil
}

// SendTaskHeartbeat restarts the heartbeat clock of the task.
func (s *Service) SendTaskHeartbeat(taskToken string) error {
	p, err := s.pending(taskToken)
	if err == nil {
		p.Beat()
	}
	return err
}

type successInput struct {
	Token  string `json:"taskToken"`
	Output string `json:"output"`
}

type failureInput struct {
	Token string  `json:"taskToken"`
	Error *string `json:"error"`
	Cause *string `json:"cause"`
}

type heartbeatInput struct {
	Token string `json:"taskToken"`
}

// callback asks IAM about the machine that the token belongs to.
func (s *Service) callback(op, name string) []wire.Access {
	resource := "*"
	if t := s.tokens[name]; t != nil {
		resource = t.machine
	}
	return access(op, resource)
}

func (s *Service) wireTokens(svc *wire.Service) {
	wire.Handle(svc, "SendTaskSuccess",
		func(in *successInput) []wire.Access { return s.callback("SendTaskSuccess", in.Token) },
		func(_ *wire.Call, in *successInput) (*empty, error) {
			return &empty{}, s.SendTaskSuccess(in.Token, in.Output)
		})
	wire.Handle(svc, "SendTaskFailure",
		func(in *failureInput) []wire.Access { return s.callback("SendTaskFailure", in.Token) },
		func(_ *wire.Call, in *failureInput) (*empty, error) {
			return &empty{}, s.SendTaskFailure(in.Token, in.Error, in.Cause)
		})
	wire.Handle(svc, "SendTaskHeartbeat",
		func(in *heartbeatInput) []wire.Access { return s.callback("SendTaskHeartbeat", in.Token) },
		func(_ *wire.Call, in *heartbeatInput) (*empty, error) {
			return &empty{}, s.SendTaskHeartbeat(in.Token)
		})
}
