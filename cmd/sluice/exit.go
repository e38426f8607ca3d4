package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/aws/smithy-go"

	"sluice/cmd/sluice/ui"
	"sluice/shared/fault"
)

// The exit codes:
//
//	0  done, or the answer is yes
//	1  the answer is no: a file has problems, there is no such rollout, a rollout would
//	   be refused, a command was, nothing was freed
//	2  the command was called wrongly
//	3  status --exit-status: the latest rollout halted
//	4  status --exit-status: the latest rollout was rolled back, or aborted
//	5  AWS refused, or could not be reached
//	6  the command is written, and the rollout has not answered yet
const (
	exitOK         = 0
	exitNo         = 1
	exitUsage      = 2
	exitHalted     = 3
	exitRolledBack = 4
	exitAWS        = 5
	exitUnanswered = 6
)

const exitHelp = `Exit codes:
  0    done, or the answer is yes
  1    the answer is no: problems, no such thing, a rollout or a command refused, nothing freed
  2    called wrongly
  3    status --exit-status: the latest rollout halted
  4    status --exit-status: the latest rollout was rolled back, or aborted
  5    AWS refused, or could not be reached
  6    the command is written, and the rollout has not answered yet
`

// answer ends the command with an exit code when all has been said.
type answer int

func (a answer) Error() string { return fmt.Sprintf("exit code %d", int(a)) }

// failure is what went wrong and what to do next.
type failure struct {
	code int
	text string
	fix  string
}

func (f *failure) Error() string { return f.text }

// no is a failure whose exit code says that the answer is no.
func no(fix, format string, args ...any) error {
	return &failure{code: exitNo, text: fmt.Sprintf(format, args...), fix: fix}
}

// end says how the command ended and returns its exit code.
func (c *call) end(err error) int {
	code := exitOK
	var a answer
	switch {
	case err == nil:
	case errors.As(err, &a):
		code = int(a)
	case errors.Is(err, context.Canceled):
		c.print.Note("interrupted")
		code = exitNo
	default:
		f := c.explain(err)
		c.print.Problem(ui.Problem{Text: f.text, Fix: f.fix})
		code = f.code
	}
	// A reader that has gone (a pipe into head) is no failure.
	if err := c.print.Close(); err != nil && code == exitOK {
		return exitNo
	}
	return code
}

// explain turns an error of the packages below into what a person can use.
func (c *call) explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var call *smithy.OperationError
	if !errors.As(err, &call) {
		switch fault.Of(err) {
		case fault.Invalid, fault.NotFound, fault.Conflict, fault.NotReady:
			return &failure{code: exitNo, text: err.Error()}
		}
		return &failure{code: exitNo, text: err.Error(), fix: "this should not happen: report it with the command that you gave"}
	}
	asked := call.Service() + " " + call.Operation()
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return c.unreachable(err, asked)
	}
	f = &failure{code: exitAWS, text: fmt.Sprintf("AWS answered %s to %s: %s", refusal.ErrorCode(), asked, refusal.ErrorMessage())}
	switch code := refusal.ErrorCode(); {
	case code == "ResourceNotFoundException" && call.Service() == tables:
		f.text = fmt.Sprintf("there is no table %s in %s", c.account.Table, c.account.place())
		f.fix = findTable
	case code == "AccessDeniedException" || code == "AccessDenied":
		f.text, f.fix = c.denied(call.Service(), asked), permissions[call.Service()]
		f.text += ": " + refusal.ErrorMessage()
	case code == "UnrecognizedClientException" || code == "InvalidSignatureException" || code == "ExpiredTokenException":
		f.text = fmt.Sprintf("AWS does not take these credentials: %s", refusal.ErrorMessage())
		f.fix = "log in again, or name another profile with --profile"
	}
	switch fault.Of(err) {
	case fault.Conflict:
		f.code, f.text, f.fix = exitNo, "somebody else changed the same thing at the same moment; nothing was changed", "look at it, and try again"
	case fault.Throttled:
		f.fix = "AWS asks for a pause: try again in a minute"
	}
	return f
}

const tables = "DynamoDB"

// permissions are what commands take, by service.
var permissions = map[string]string{
	tables:                     "reading takes dynamodb:GetItem and dynamodb:Query on the table; applying, commanding and unlocking also dynamodb:PutItem and dynamodb:DeleteItem",
	"SageMaker":                "sluice plan takes sagemaker:DescribeEndpoint, DescribeEndpointConfig, DescribeModel, DescribeModelPackage and ListModelPackages",
	"SQS":                      "sluice redrive takes sqs:GetQueueUrl, ReceiveMessage and DeleteMessage on the queue",
	"Lambda":                   "sluice redrive takes lambda:InvokeFunction on the alias live of the functions",
	"CloudWatch":               "sluice plan takes cloudwatch:DescribeAlarms on *, for composite alarms can be read with no other resource",
	"Application Auto Scaling": "sluice plan takes application-autoscaling:DescribeScalableTargets, DescribeScalingPolicies and DescribeScheduledActions",
}

// denied says what AWS denies.
func (c *call) denied(service, asked string) string {
	if service == tables {
		return fmt.Sprintf("AWS denies %s on table %s", asked, c.account.Table)
	}
	return "AWS denies " + asked
}

// unreachable is for a call that AWS did not answer.
func (c *call) unreachable(err error, asked string) *failure {
	var dial *net.OpError
	why := err.Error()
	if errors.As(err, &dial) {
		why = dial.Err.Error()
	}
	return &failure{code: exitAWS, text: fmt.Sprintf("%s got no answer from %s: %s", asked, c.account.place(), why), fix: "check the network, --region and --endpoint-url"}
}
