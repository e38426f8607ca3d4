// Package awsfault gives errors of AWS clients their kind. Adapters call it on
// every error that leaves them; nothing else knows AWS's error codes.
package awsfault

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"sluice/shared/fault"
)

// codes are the AWS error codes whose kind does not depend on the message.
var codes = map[string]fault.Kind{
	"ThrottlingException":                     fault.Throttled,
	"Throttling":                              fault.Throttled,
	"TooManyRequestsException":                fault.Throttled,
	"RequestLimitExceeded":                    fault.Throttled,
	"ProvisionedThroughputExceededException":  fault.Throttled,
	"LimitExceededException":                  fault.Throttled,
	"SlowDown":                                fault.Throttled,
	"ServiceUnavailable":                      fault.Throttled,
	"TransactionInProgressException":          fault.Throttled,
	"ExecutionLimitExceeded":                  fault.Throttled,
	"Throttled":                               fault.Throttled, // SNS
	"ConcurrentUpdateException":               fault.Throttled, // Application Auto Scaling: another change of the target is under way
	"ResourceLimitExceeded":                   fault.Invalid,   // a quota: waiting does not help
	"ResourceNotFound":                        fault.NotFound,
	"ResourceNotFoundException":               fault.NotFound,
	"ObjectNotFoundException":                 fault.NotFound, // Application Auto Scaling
	"NotFound":                                fault.NotFound,
	"NoSuchKey":                               fault.NotFound,
	"NoSuchBucket":                            fault.NotFound,
	"StateMachineDoesNotExist":                fault.NotFound,
	"ExecutionDoesNotExist":                   fault.NotFound,
	"InvalidName":                             fault.Invalid, // Step Functions
	"InvalidExecutionInput":                   fault.Invalid,
	"InvalidOutput":                           fault.Invalid,
	"InvalidParameter":                        fault.Invalid, // SNS
	"InvalidArgument":                         fault.Invalid, // EventBridge, as the next four
	"MalformedDetail":                         fault.Invalid,
	"InvalidAccountIdException":               fault.Invalid,
	"NotAuthorizedForSourceException":         fault.Denied,
	"NotAuthorizedForDetailTypeException":     fault.Denied,
	"InvalidNextTokenException":               fault.Invalid, // Application Auto Scaling, CloudTrail
	"InvalidLookupAttributesException":        fault.Invalid, // CloudTrail
	"InvalidTimeRangeException":               fault.Invalid,
	"InvalidMaxResultsException":              fault.Invalid,
	"ConditionalCheckFailedException":         fault.Conflict,
	"TransactionConflictException":            fault.Conflict,
	"ConflictException":                       fault.Conflict,
	"AccessDeniedException":                   fault.Denied,
	"AccessDenied":                            fault.Denied,
	"AuthorizationError":                      fault.Denied, // SNS
	"FailedResourceAccessException":           fault.Denied, // Application Auto Scaling: its role may not read the policy's alarms
	"OperationNotPermittedException":          fault.Denied, // CloudTrail
	"UnrecognizedClientException":             fault.Denied,
	"ExpiredTokenException":                   fault.Denied,
	"RepositoryDoesNotExistException":         fault.NotFound, // CodeCommit
	"CommitDoesNotExistException":             fault.NotFound,
	"PullRequestDoesNotExistException":        fault.NotFound,
	"CommentDoesNotExistException":            fault.NotFound,
	"RepositoryNotFoundException":             fault.NotFound, // ECR
	"AWS.SimpleQueueService.NonExistentQueue": fault.NotFound, // SQS
	"QueueDoesNotExist":                       fault.NotFound,
	"InvalidInputException":                   fault.Invalid, // CodeBuild
	"AccountLimitExceededException":           fault.Throttled,
	"DeploymentDoesNotExistException":         fault.NotFound, // CodeDeploy
	"RevisionDoesNotExistException":           fault.NotFound,
	"ApplicationDoesNotExistException":        fault.NotFound,
	"InvalidDeploymentIdException":            fault.NotFound,
	"LifecycleEventAlreadyCompletedException": fault.Conflict,
}

// quotas are the services whose LimitExceededException is a quota, and no rate: waiting
// does not help. Source: the errors of each service's API reference.
var quotas = map[string]bool{"Application Auto Scaling": true}

// messages give SageMaker's ValidationException its kind: the code alone says
// nothing. Source: AWS.md B.1; the registry's is not documented.
var messages = []struct {
	prefix, rest string // how the message begins, and what follows somewhere
	kind         fault.Kind
}{
	{"Could not find", "", fault.NotFound},
	{"Requested resource not found", "", fault.NotFound},
	{"ModelPackage", " does not exist", fault.NotFound},
	{"Cannot update in-progress", "", fault.NotReady},
	{"Cannot create already existing", "", fault.Conflict},
}

// Errorf wraps err with what was being done, and gives it its
// kind. A nil error stays nil.
func Errorf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	doing := fmt.Sprintf(format, args...)
	return Kind(err).Errorf("%s: %w", doing, err)
}

// Kind is the kind of an error of an AWS client. An answer that never came is
// Internal: whether the call had its effect is unknown.
func Kind(err error) fault.Kind {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fault.Of(err)
	}
	var call *smithy.OperationError
	if api.ErrorCode() == "LimitExceededException" && errors.As(err, &call) && quotas[call.Service()] {
		return fault.Invalid
	}
	if k, ok := codes[api.ErrorCode()]; ok {
		return k
	}
	if api.ErrorCode() == "ValidationException" {
		for _, m := range messages {
			if rest, ok := strings.CutPrefix(api.ErrorMessage(), m.prefix); ok && strings.Contains(rest, m.rest) {
				return m.kind
			}
		}
		return fault.Invalid
	}
	return fault.Internal
}
