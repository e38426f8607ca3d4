// Package awsmachines starts executions of Step Functions state machines and
// completes their tasks. It fills the machines of intake, requesting and waiting.
package awsmachines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"sluice/shared/awsfault"
)

// Machines is Step Functions, and one state machine to start.
type Machines struct {
	client  *sfn.Client
	machine string // ARN; "" for completing tasks only
}

// Open returns the machine of this ARN; "" for completing tasks only.
func Open(cfg aws.Config, machine string) *Machines {
	return &Machines{client: sfn.NewFromConfig(cfg), machine: machine}
}

// Start starts an execution of this name. One of this name and input that runs is
// as good. running is false if there was one of this name and it has ended.
func (m *Machines) Start(ctx context.Context, name string, input any) (running bool, err error) {
	in, err := json.Marshal(input)
	if err != nil {
		return false, fmt.Errorf("writing the input of execution %s: %w", name, err)
	}
	_, err = m.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &m.machine, Name: &name, Input: aws.String(string(in))})
	var exists *types.ExecutionAlreadyExists
	if !errors.As(err, &exists) {
		return err == nil, awsfault.Errorf(err, "starting execution %s", name)
	}
	// It has ended, or it runs with another input.
	arn := strings.Replace(m.machine, ":stateMachine:", ":execution:", 1) + ":" + name
	out, err := m.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return false, awsfault.Errorf(err, "looking at execution %s", name)
	}
	return out.Status == types.ExecutionStatusRunning || out.Status == types.ExecutionStatusPendingRedrive, nil
}

// Complete ends the task of a token. A task that is over already is no error: its
// machine has moved on. Nor is a token that Step Functions does not know: no later
// try could use it, and it must not stand in the way of other waiters.
func (m *Machines) Complete(ctx context.Context, token string, output json.RawMessage) error {
	_, err := m.client.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String(string(output))})
	var over *types.TaskTimedOut
	var gone *types.TaskDoesNotExist
	var unknown *types.InvalidToken
	if errors.As(err, &over) || errors.As(err, &gone) || errors.As(err, &unknown) {
		return nil
	}
	return awsfault.Errorf(err, "completing a task")
}
