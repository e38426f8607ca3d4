package states

import (
	"sluice/local/asl/exec"
)

// maxEventData is how much input and output an EventBridge event carries (AWS.md A.2).
const maxEventData = 248 * 1024

// statusChange is the detail of "Step Functions Execution Status Change". Absent
// members are null, as AWS sends them; dates are milliseconds since 1970.
type statusChange struct {
	ExecutionARN  string    `json:"executionArn"`
	MachineARN    string    `json:"stateMachineArn"`
	Name          string    `json:"name"`
	Status        string    `json:"status"`
	Start         int64     `json:"startDate"`
	Stop          *int64    `json:"stopDate"`
	Input         *string   `json:"input"`
	InputDetails  *included `json:"inputDetails"`
	Output        *string   `json:"output"`
	OutputDetails *included `json:"outputDetails"`
	Version       *string   `json:"stateMachineVersionArn"`
	Alias         *string   `json:"stateMachineAliasArn"`
	RedriveCount  int       `json:"redriveCount"`
	RedriveDate   *int64    `json:"redriveDate"`
	RedriveStatus string    `json:"redriveStatus"`
	RedriveReason *string   `json:"redriveStatusReason"`
	Error         *string   `json:"error"`
	Cause         *string   `json:"cause"`
}

// emit sends the event of the execution's present status.
func (s *Service) emit(e *execution) {
	if s.needs.Emit == nil {
		return
	}
	d := &statusChange{ExecutionARN: e.arn, MachineARN: e.machineARN, Name: e.name, Status: string(e.status()), Start: e.start.UnixMilli()}
	d.Input, d.InputDetails = carried(e.input)
	if e.run != nil {
		d.RedriveCount = e.run.Redrive
	}
	if !e.redriven.IsZero() {
		ms := e.redriven.UnixMilli()
		d.RedriveDate = &ms
	}
	status, reason := e.redrivable(s.w.Now())
	if status == "REDRIVABLE" {
		reason = "Execution is " + d.Status + " and is redrivable"
	}
	d.RedriveStatus, d.RedriveReason = status, &reason
	if !e.stop.IsZero() {
		ms := e.stop.UnixMilli()
		d.Stop = &ms
		if e.result.Status == exec.Succeeded {
			d.Output, d.OutputDetails = carried(e.result.Output)
		}
		if f := e.result.Failure; f != nil {
			d.Error, d.Cause = f.Error, f.Cause
		}
	}
	s.needs.Emit("aws.states", "Step Functions Execution Status Change", []string{e.arn}, d)
}

func carried(data string) (*string, *included) {
	if len(data) > maxEventData {
		return nil, &included{false}
	}
	return &data, &included{true}
}
