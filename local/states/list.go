package states

import (
	"encoding/base64"
	"slices"
	"strconv"

	"sluice/local/wire"
)

type listExecutionsInput struct {
	Machine string `json:"stateMachineArn"`
	Status  string `json:"statusFilter"`
	Redrive string `json:"redriveFilter"`
	MapRun  string `json:"mapRunArn"`
	listInput
}

type executionItem struct {
	ARN      string     `json:"executionArn"`
	Machine  string     `json:"stateMachineArn"`
	Name     string     `json:"name"`
	Status   string     `json:"status"`
	Start    *wire.Time `json:"startDate"`
	Stop     *wire.Time `json:"stopDate,omitempty"`
	Redrives int        `json:"redriveCount"`
	Redriven *wire.Time `json:"redriveDate,omitempty"`
}

type listExecutionsOutput struct {
	Executions []executionItem `json:"executions"`
	Next       string          `json:"nextToken,omitempty"`
}

var statuses = []string{"SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"}

// listExecutions lists the newest first. The token carries the serial number of the
// last one given, so that executions that start meanwhile do not shift the pages.
func (s *Service) listExecutions(in *listExecutionsInput) (*listExecutionsOutput, error) {
	if in.MapRun != "" {
		return nil, wire.Errorf("NotImplemented", "local AWS does not implement mapRunArn: there are no distributed maps")
	}
	m, err := s.machine(in.Machine)
	if err != nil {
		return nil, err
	}
	n, err := limit(in.Max)
	if err != nil {
		return nil, err
	}
	if in.Status != "" && !slices.Contains(statuses, in.Status) {
		return nil, wire.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]", in.Status)
	}
	before, err := openPage(in.Next, s.serial+1)
	if err != nil {
		return nil, err
	}
	out := &listExecutionsOutput{Executions: []executionItem{}}
	last := int64(0)
	for _, e := range slices.Backward(m.runs) {
		if e.serial >= before || e.expired(s.w.Now()) || in.Status != "" && string(e.status()) != in.Status ||
			in.Redrive == "REDRIVEN" && e.run.Redrive == 0 || in.Redrive == "NOT_REDRIVEN" && e.run.Redrive > 0 {
			continue
		}
		if len(out.Executions) == n {
			out.Next = page(last)
			break
		}
		last = e.serial
		out.Executions = append(out.Executions, executionItem{e.arn, e.machineARN, e.name, string(e.status()), wire.At(e.start), wire.At(e.stop), e.run.Redrive, wire.At(e.redriven)})
	}
	return out, nil
}

// page and openPage make and read the tokens of pages.
func page(n int64) string { return base64.StdEncoding.EncodeToString(strconv.AppendInt(nil, n, 10)) }

func openPage(token string, absent int64) (int64, error) {
	if token == "" {
		return absent, nil
	}
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return 0, errBadPage
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return 0, errBadPage
	}
	return n, nil
}
