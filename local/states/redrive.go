package states

import (
	"time"

	"sluice/local/asl/exec"
	"sluice/local/wire"
)

const (
	redrivePeriod = 14 * 24 * time.Hour // after the end (AWS.md D.4)
	redriveEvents = exec.MaxEvents - 1  // and only with fewer events than this
	redriveToken  = 15 * time.Minute    // how long a clientToken is remembered
)

// redrivable says whether AWS would redrive the execution now, and why not.
func (e *execution) redrivable(now time.Time) (status, reason string) {
	switch st := e.status(); {
	case st == exec.Running || st == exec.Succeeded:
		return "NOT_REDRIVABLE", "Execution is " + string(st) + " and cannot be redriven"
	case now.Sub(e.stop) > redrivePeriod:
		return "NOT_REDRIVABLE", "Execution has exceeded the redrivable period of 14 days"
	case e.run.Events >= redriveEvents:
		return "NOT_REDRIVABLE", "Execution history event limit exceeded"
	}
	return "REDRIVABLE", ""
}

type redriveInput struct {
	ARN   string `json:"executionArn"`
	Token string `json:"clientToken"`
}

type redriveOutput struct {
	Date *wire.Time `json:"redriveDate"`
}

func (s *Service) redrive(in *redriveInput) (*redriveOutput, error) {
	e, err := s.execution(in.ARN)
	if err != nil {
		return nil, err
	}
	if len(in.Token) > 64 {
		return nil, wire.Errorf("ValidationException", "1 validation error detected: Value at 'clientToken' failed to satisfy constraint: Member must have length less than or equal to 64")
	}
	if in.Token != "" && in.Token == e.clientToken && s.w.Now().Sub(e.redriven) < redriveToken {
		return &redriveOutput{wire.At(e.redriven)}, nil
	}
	if status, reason := e.redrivable(s.w.Now()); status != "REDRIVABLE" {
		return nil, wire.Errorf("ExecutionNotRedrivable", "%s", reason)
	}
	e.redriven, e.clientToken, e.stop, e.result = s.w.Now(), in.Token, time.Time{}, exec.Result{}
	e.run.Resume()
	s.emit(e)
	return &redriveOutput{wire.At(e.redriven)}, nil
}
