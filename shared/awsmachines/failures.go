package awsmachines

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"sluice/shared/awsfault"
	"sluice/shared/event"
)

// maxFailures is how many executions of each status Failures looks at: an alarm tells
// of the latest.
const maxFailures = 10

// Failures fills failing's machines.
func (m *Machines) Failures(ctx context.Context, machine string) ([]event.Execution, error) {
	var all []event.Execution
	for _, status := range []types.ExecutionStatus{types.ExecutionStatusFailed, types.ExecutionStatusTimedOut} {
		list, err := m.client.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: status, MaxResults: maxFailures})
		if err != nil {
			return nil, awsfault.Errorf(err, "listing executions of %s", machine)
		}
		for _, x := range list.Executions {
			out, err := m.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: x.ExecutionArn})
			if err != nil {
				return nil, awsfault.Errorf(err, "looking at execution %s", aws.ToString(x.Name))
			}
			all = append(all, event.Execution{
				ARN: aws.ToString(x.ExecutionArn), Machine: machine, Name: aws.ToString(x.Name), Status: string(out.Status),
				Error: aws.ToString(out.Error), Cause: aws.ToString(out.Cause), Ended: when(out.StopDate),
			})
		}
	}
	return all, nil
}

func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
