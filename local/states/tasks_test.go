package states

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"sluice/local/wire"
)

const invokeF = `{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke','Parameters':{'FunctionName':'f','Payload.$':'$'},'OutputPath':'$.Payload','TimeoutSeconds':60,'End':true}`

func TestLambdaErrors(t *testing.T) {
	const plain = `{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:111122223333:function:f','TimeoutSeconds':60,'End':true}`
	answer := func(payload, functionError string, err error) func(string, []byte, func([]byte, string, error)) {
		return func(_ string, _ []byte, done func([]byte, string, error)) { done([]byte(payload), functionError, err) }
	}
	tests := []struct {
		name, state string
		invoke      func(string, []byte, func([]byte, string, error))
		permit      error
		want, cause string
	}{
		{"function error", invokeF, answer(`{"errorMessage":"m","errorType":"NotReady"}`, "Unhandled", nil), nil, "NotReady", `{"errorMessage":"m","errorType":"NotReady"}`},
		{"function error, plain", plain, answer(`{"errorMessage":"m","errorType":"NotReady"}`, "Handled", nil), nil, "NotReady", `{"errorMessage":"m","errorType":"NotReady"}`},
		{"function error without a type", invokeF, answer(`{"errorMessage":"m"}`, "Unhandled", nil), nil, "Lambda.Unknown", `{"errorMessage":"m"}`},
		{"throttled", invokeF, answer("", "", &wire.Error{Code: "TooManyRequestsException", Message: "Rate exceeded", Status: 429}), nil, "Lambda.TooManyRequestsException", "Rate exceeded (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException; Request ID: "},
		{"service exception", plain, answer("", "", &wire.Error{Code: "ServiceException", Message: "oops", Status: 500}), nil, "Lambda.ServiceException", "oops (Service: AWSLambda; Status Code: 500"},
		{"no such function", invokeF, answer("", "", &wire.Error{Code: "ResourceNotFoundException", Message: "Function not found", Status: 404}), nil, "Lambda.ResourceNotFoundException", "Function not found (Service"},
		{"broken connection", invokeF, answer("", "", errors.New("connection reset")), nil, "Lambda.SdkClientException", "connection reset"},
		{"denied", invokeF, nil, errors.New("User is not authorized to perform: lambda:InvokeFunction"), "Lambda.AWSLambdaException", "User is not authorized to perform: lambda:InvokeFunction (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t)
			f.create(one(tt.state))
			f.invoke = tt.invoke
			f.permit = func(r string, need wire.Access) error {
				if r != role || need.Action != "lambda:InvokeFunction" || need.Resource != "arn:aws:lambda:us-east-1:111122223333:function:f" {
					t.Errorf("asked for %s as %s", need, r)
				}
				return tt.permit
			}
			e := f.run(`{}`)
			if e.Failure == nil || e.Failure.Name() != tt.want || !strings.HasPrefix(*e.Failure.Cause, tt.cause) {
				t.Errorf("got %v, want %s: %s", e.Failure, tt.want, tt.cause)
			}
		})
	}
}

func TestLambdaOutput(t *testing.T) {
	f := setup(t)
	f.version = "7"
	f.create(one(strings.Replace(invokeF, `'OutputPath':'$.Payload'`, `'ResultSelector':{'v.$':'$.ExecutedVersion','s.$':'$.StatusCode','p.$':'$.Payload'}`, 1)))
	f.invoke = func(_ string, payload []byte, done func([]byte, string, error)) { done(payload, "", nil) }
	if e := f.run(`{'x':[1,'<']}`); e.Output != `{"p":{"x":[1,"<"]},"s":200,"v":"7"}` {
		t.Errorf("got %s %v", e.Output, e.Failure)
	}
}

func TestIntegrations(t *testing.T) {
	tests := []struct{ name, resource, params, answer, sent, want string }{
		{"sns", "sns:publish", `{'TopicArn':'t','Message':{'a':1}}`, `{"MessageId":"i"}`, `{"Message":"{\"a\":1}","TopicArn":"t"}`, `{"MessageId":"i"}`},
		{"events", "events:putEvents", `{'Entries':[{'Detail':{'a':1},'Source':'s'}]}`, `{"FailedEntryCount":0,"Entries":[{"EventId":"i"}]}`, `{"Entries":[{"Detail":"{\"a\":1}","Source":"s"}]}`, `{"Entries":[{"EventId":"i"}],"FailedEntryCount":0}`},
		{"events that fail", "events:putEvents", `{'Entries':[{'Detail':'no'}]}`, `{"FailedEntryCount":1}`, `{"Entries":[{"Detail":"no"}]}`, `! EventBridge.FailedEntry: {"FailedEntryCount":1}`},
		{"execution", "states:startExecution", `{'StateMachineArn':'m','Input':{'a':1}}`, `{"executionArn":"e","startDate":1.5}`, `{"input":"{\"a\":1}","stateMachineArn":"m"}`, `{"ExecutionArn":"e","StartDate":1.5}`},
		{"item", "dynamodb:getItem", `{'TableName':'t','Key':{'pk':{'S':'x'}}}`, `{"Item":{}}`, `{"Key":{"pk":{"S":"x"}},"TableName":"t"}`, `{"Item":{}}`},
		{"modelled error", "dynamodb:putItem", `{'TableName':'t'}`, `!ResourceNotFoundException`, `{"TableName":"t"}`, `! DynamoDB.ResourceNotFoundException: m (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: `},
		{"unmodelled error", "dynamodb:putItem", `{'TableName':'t'}`, `!ValidationException`, `{"TableName":"t"}`, `! DynamoDB.AmazonDynamoDBException: m (Service`},
		{"error without suffix", "states:startExecution", `{'StateMachineArn':'m'}`, `!StateMachineDoesNotExist`, `{"stateMachineArn":"m"}`, `! StepFunctions.StateMachineDoesNotExistException: m (Service: AWSStepFunctions`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t)
			f.create(one(`{'Type':'Task','Resource':'arn:aws:states:::` + tt.resource + `','Parameters':` + tt.params + `,'TimeoutSeconds':9,'End':true}`))
			f.integ = func(r, service, action string, in json.RawMessage) (json.RawMessage, error) {
				if r != role || service+":"+action != tt.resource || string(in) != tt.sent {
					t.Errorf("got %s:%s %s as %s, want %s", service, action, in, r, tt.sent)
				}
				if c, bad := strings.CutPrefix(tt.answer, "!"); bad {
					return nil, wire.Errorf(c, "m")
				}
				return json.RawMessage(tt.answer), nil
			}
			e := f.run(`{}`)
			got := e.Output
			if e.Failure != nil {
				got = "! " + e.Failure.String()
			}
			if got != tt.want && !(strings.HasPrefix(tt.want, "!") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A function completes its own token, through the SDK, while it runs; another
// machine's waits for a later callback. A late and a repeated one are TaskTimedOut.
func TestTokensThroughTheSDK(t *testing.T) {
	f := setup(t)
	f.create(one(`{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke.waitForTaskToken','Parameters':{'FunctionName':'f','Payload':{'token.$':'$$.Task.Token','now.$':'$.now'}},
		'TimeoutSeconds':60,'HeartbeatSeconds':20,'End':true}`))
	var token string
	success := func() error {
		_, err := f.client.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String(`"done"`)})
		return err
	}
	f.invoke = func(_ string, payload []byte, done func([]byte, string, error)) {
		var in struct {
			Token string
			Now   bool
		}
		if err := json.Unmarshal(payload, &in); err != nil {
			t.Error(err)
		}
		token = in.Token
		if in.Now {
			if err := success(); err != nil {
				t.Error(err)
			}
		}
		done([]byte(`null`), "", nil)
	}
	if e := f.run(`{'now':true}`); e.Output != `"done"` || e.Stop != epoch {
		t.Errorf("completed while it ran: %+v", e)
	}
	if err := f.do(success); code(err) != "TaskTimedOut" {
		t.Errorf("a second callback: %v", err)
	}

	arn := f.start("later", `{'now':false}`)
	f.RunFor(15 * time.Second)
	if err := f.do(func() error {
		_, err := f.client.SendTaskHeartbeat(ctx, &sfn.SendTaskHeartbeatInput{TaskToken: &token})
		return err
	}); err != nil {
		t.Errorf("heartbeat: %v", err)
	}
	f.RunFor(15 * time.Second)
	if err := f.do(success); err != nil {
		t.Errorf("a later callback: %v", err)
	}
	f.RunUntilIdle(time.Hour)
	if e, _ := f.svc.Execution(arn); e.Output != `"done"` {
		t.Errorf("completed later: %+v", e)
	}

	arn = f.start("silent", `{'now':false}`)
	f.RunUntilIdle(time.Hour)
	if e, _ := f.svc.Execution(arn); e.Failure.Name() != "States.Timeout" || e.Stop.Sub(e.Start) != 20*time.Second {
		t.Errorf("never completed: %+v", e)
	}
	if err := f.do(func() error {
		_, err := f.client.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token})
		return err
	}); code(err) != "TaskTimedOut" {
		t.Errorf("a late callback: %v", err)
	}
	token = "nobody's"
	if err := f.do(success); code(err) != "InvalidToken" {
		t.Errorf("an unknown token: %v", err)
	}

	arn = f.start("bad", `{'now':false}`)
	f.RunFor(time.Second)
	if err := f.do(func() error { return f.svc.SendTaskSuccess(token, "no json") }); code(err) != "InvalidOutput" {
		t.Errorf("output that is no JSON: %v", err)
	}
	if err := f.do(func() error {
		_, err := f.client.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token, Error: aws.String("E"), Cause: aws.String("c")})
		return err
	}); err != nil {
		t.Errorf("failing: %v", err)
	}
	f.RunUntilIdle(time.Hour)
	if e, _ := f.svc.Execution(arn); e.Failure.String() != "E: c" {
		t.Errorf("failed by its token: %+v", e)
	}
}
