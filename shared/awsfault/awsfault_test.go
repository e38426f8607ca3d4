package awsfault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	autoscaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	cloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	s3 "github.com/aws/aws-sdk-go-v2/service/s3/types"
	sagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	sfn "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	sns "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
)

// coded is an error that the SDK has no type for.
func coded(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

func TestKind(t *testing.T) {
	const arn = `"arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn"`
	tests := []struct {
		name string
		err  error
		want fault.Kind
	}{
		// SageMaker says most things in the message of one code: AWS.md B.1.
		{"no endpoint", coded("ValidationException", "Could not find endpoint "+arn+"."), fault.NotFound},
		{"no endpoint config", coded("ValidationException", "Could not find endpoint configuration "+arn+"."), fault.NotFound},
		{"no model", coded("ValidationException", "Could not find model "+arn+"."), fault.NotFound},
		{"no job", coded("ValidationException", "Requested resource not found."), fault.NotFound},
		{"no package", coded("ValidationException", "ModelPackage arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/3 does not exist."), fault.NotFound},
		{"a package that is not allowed", coded("ValidationException", "ModelPackage is not of a kind that can be deployed"), fault.Invalid},
		{"endpoint is busy", coded("ValidationException", "Cannot update in-progress endpoint "+arn+"."), fault.NotReady},
		{"config exists", coded("ValidationException", "Cannot create already existing endpoint configuration "+arn+"."), fault.Conflict},
		{"no such variant", coded("ValidationException", `The variant name(s) "x" is/are not present within endpoint configuration "y".`), fault.Invalid},
		{"a validation error with the words elsewhere", coded("ValidationException", "1 validation error: Could not find endpoint"), fault.Invalid},
		{"the words with another code", coded("InternalFailure", "Could not find endpoint"), fault.Internal},
		{"quota", &sagemaker.ResourceLimitExceeded{}, fault.Invalid},
		{"no pipeline", &sagemaker.ResourceNotFound{}, fault.NotFound},
		{"package changed meanwhile", &sagemaker.ConflictException{}, fault.Conflict},

		{"an event that is no JSON object", coded("MalformedDetail", "Detail is malformed."), fault.Invalid},
		{"an event without a source", coded("InvalidArgument", "Parameter Source is not valid."), fault.Invalid},
		{"an event of AWS's source", coded("NotAuthorizedForSourceException", "Not authorized for the source."), fault.Denied},
		{"a throttled event", coded("ThrottlingException", ""), fault.Throttled},
		{"EventBridge is down", coded("InternalFailure", ""), fault.Internal},

		{"condition", &dynamodb.ConditionalCheckFailedException{}, fault.Conflict},
		{"a transaction in the way", &dynamodb.TransactionConflictException{}, fault.Conflict},
		{"the same transaction under way", &dynamodb.TransactionInProgressException{}, fault.Throttled},
		{"table throughput", &dynamodb.ProvisionedThroughputExceededException{}, fault.Throttled},
		{"account throughput", &dynamodb.RequestLimitExceeded{}, fault.Throttled},
		{"throttled table", &dynamodb.ThrottlingException{}, fault.Throttled},
		{"no table", &dynamodb.ResourceNotFoundException{}, fault.NotFound},
		{"DynamoDB is down", &dynamodb.InternalServerError{}, fault.Internal},
		{"an expression of ours is wrong", coded("ValidationException", "Invalid ConditionExpression"), fault.Invalid},

		{"no object", &s3.NoSuchKey{}, fault.NotFound},
		{"no bucket", &s3.NoSuchBucket{}, fault.NotFound},
		{"no object, asked by HEAD", &s3.NotFound{}, fault.NotFound},
		{"S3 is busy", coded("SlowDown", "Please reduce your request rate."), fault.Throttled},
		{"S3 is down", coded("InternalError", ""), fault.Internal},
		{"S3 denies", coded("AccessDenied", "Access Denied"), fault.Denied},

		{"no state machine", &sfn.StateMachineDoesNotExist{}, fault.NotFound},
		{"no execution", &sfn.ExecutionDoesNotExist{}, fault.NotFound},
		{"too many executions", &sfn.ExecutionLimitExceeded{}, fault.Throttled},
		{"execution name", &sfn.InvalidName{}, fault.Invalid},
		{"execution input", &sfn.InvalidExecutionInput{}, fault.Invalid},
		{"task output", &sfn.InvalidOutput{}, fault.Invalid},

		{"no topic", &sns.NotFoundException{}, fault.NotFound},
		{"topic denies", &sns.AuthorizationErrorException{}, fault.Denied},
		{"subject", &sns.InvalidParameterException{}, fault.Invalid},
		{"topic is busy", &sns.ThrottledException{}, fault.Throttled},

		{"no scalable target", &autoscaling.ObjectNotFoundException{}, fault.NotFound},
		{"another change of the target", &autoscaling.ConcurrentUpdateException{}, fault.Throttled},
		{"alarms of a policy that may not be read", &autoscaling.FailedResourceAccessException{}, fault.Denied},
		{"Application Auto Scaling is down", &autoscaling.InternalServiceException{}, fault.Internal},
		{"an old page", &autoscaling.InvalidNextTokenException{}, fault.Invalid},

		{"what cannot be looked up", &cloudtrail.InvalidLookupAttributesException{}, fault.Invalid},
		{"times the wrong way round", &cloudtrail.InvalidTimeRangeException{}, fault.Invalid},
		{"too large a page", &cloudtrail.InvalidMaxResultsException{}, fault.Invalid},
		{"no trail for this caller", &cloudtrail.OperationNotPermittedException{}, fault.Denied},

		{"alarms", &cloudwatch.ResourceNotFound{}, fault.NotFound},
		{"rate", coded("Throttling", "Rate exceeded"), fault.Throttled},
		{"denied", coded("AccessDeniedException", ""), fault.Denied},
		{"credentials", coded("UnrecognizedClientException", ""), fault.Denied},
		{"old credentials", coded("ExpiredTokenException", ""), fault.Denied},
		{"down", coded("ServiceUnavailable", ""), fault.Throttled},
		{"not done here", coded("NotImplemented", ""), fault.Internal},

		{"a broken connection", io.ErrUnexpectedEOF, fault.Internal},
		{"out of time", context.DeadlineExceeded, fault.Internal},
		{"one of ours", fault.NotReady.Errorf("later"), fault.NotReady},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// As the SDK hands it out, and wrapped once more.
			for _, err := range []error{tt.err, fmt.Errorf("x: %w", &smithy.OperationError{ServiceID: "S", OperationName: "O", Err: tt.err})} {
				if got := awsfault.Kind(err); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			}
		})
	}
}

// One code is a rate in one service and a quota in another.
func TestKindOfALimit(t *testing.T) {
	for service, want := range map[string]fault.Kind{"Application Auto Scaling": fault.Invalid, "DynamoDB": fault.Throttled} {
		err := &smithy.OperationError{ServiceID: service, OperationName: "O", Err: &autoscaling.LimitExceededException{}}
		if got := awsfault.Kind(fmt.Errorf("x: %w", err)); got != want {
			t.Errorf("%s: got %s, want %s", service, got, want)
		}
	}
}

func TestErrorf(t *testing.T) {
	if err := awsfault.Errorf(nil, "reading %s", "x"); err != nil {
		t.Errorf("nothing failed, and yet: %v", err)
	}
	cause := &dynamodb.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
	err := awsfault.Errorf(cause, "writing item %s", "a b")
	if want := "writing item a b: ConditionalCheckFailedException: The conditional request failed"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	var inside *dynamodb.ConditionalCheckFailedException
	if !fault.Is(err, fault.Conflict) || !errors.As(err, &inside) {
		t.Errorf("kind %s, cause %v", fault.Of(err), inside)
	}
}
