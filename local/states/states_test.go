package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"sluice/local/sim"
	"sluice/local/wire"
)

var (
	epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ctx   = context.Background()
)

const role = "arn:aws:iam::111122223333:role/machine"

// fixture is a service with an SDK client before it.
type fixture struct {
	*sim.World
	t       *testing.T
	svc     *Service
	srv     *wire.Server
	client  *sfn.Client
	invoke  func(arn string, payload []byte, done func([]byte, string, error))
	version string // of functions
	permit  func(role string, need wire.Access) error
	integ   func(role, service, action string, in json.RawMessage) (json.RawMessage, error)
	emitted []string
	details []any
}

func setup(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{World: sim.NewWorld(epoch, 7), t: t, version: "$LATEST"}
	f.svc = New(f.World, Needs{
		Invoke: func(arn string, payload []byte, done func(Answer)) {
			f.invoke(arn, payload, func(answer []byte, functionError string, err error) {
				done(Answer{answer, f.version, functionError, err})
			})
		},
		Permit: func(role string, need wire.Access) error {
			if f.permit == nil {
				return nil
			}
			return f.permit(role, need)
		},
		Integration: func(role, service, action string, in json.RawMessage) (json.RawMessage, error) {
			return f.integ(role, service, action, in)
		},
		Emit: func(source, detailType string, resources []string, detail any) {
			d := detail.(*statusChange)
			f.emitted = append(f.emitted, fmt.Sprintf("%s %s %s %s", source, detailType, strings.Join(resources, ","), d.Status))
			f.details = append(f.details, detail)
		},
	})
	f.srv = wire.NewServer(f.World)
	f.srv.Register(f.svc.Wire())
	f.client = sfn.NewFromConfig(aws.Config{Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: &http.Client{Transport: f.srv},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }})
	t.Cleanup(func() { f.Do(f.svc.Close) })
	return f
}

func quotes(s string) string { return strings.ReplaceAll(s, "'", `"`) }

// create makes the machine "m" and returns its ARN.
func (f *fixture) create(definition string) string {
	f.t.Helper()
	var arn string
	f.Do(func() {
		var err error
		if arn, err = f.svc.CreateMachine(CreateMachineInput{Name: "m", Definition: quotes(definition), RoleARN: role}); err != nil {
			f.t.Fatal(err)
		}
	})
	return arn
}

// start starts an execution of "m".
func (f *fixture) start(name, input string) string {
	f.t.Helper()
	var arn string
	f.Do(func() {
		var err error
		if arn, err = f.svc.StartExecution(MachineARN("m"), name, quotes(input)); err != nil {
			f.t.Fatal(err)
		}
	})
	return arn
}

// run starts an execution and runs it to its end.
func (f *fixture) run(input string) Execution {
	f.t.Helper()
	arn := f.start("", input)
	f.RunUntilIdle(400 * 24 * time.Hour)
	e, _ := f.svc.Execution(arn)
	return e
}

func (f *fixture) do(fn func() error) error {
	var err error
	f.Do(func() { err = fn() })
	return err
}

// code is the AWS code of an error.
func code(err error) string {
	var e smithy.APIError
	var w *wire.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.ErrorCode()
	case errors.As(err, &w):
		return w.Code
	}
	return err.Error()
}

func one(state string) string { return `{'StartAt':'S','States':{'S':` + state + `}}` }

const waiting = `{'StartAt':'S','States':{'S':{'Type':'Wait','Seconds':3600,'End':true}}}`

func TestMachinesThroughTheSDK(t *testing.T) {
	f := setup(t)
	f.Do(func() {
		in := &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(quotes(waiting)), RoleArn: aws.String(role),
			Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}
		made, err := f.client.CreateStateMachine(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := f.client.CreateStateMachine(ctx, in); err != nil || *again.StateMachineArn != *made.StateMachineArn {
			t.Errorf("creating again: %v", err)
		}
		in.Definition = aws.String(quotes(one(`{'Type':'Succeed'}`)))
		if _, err := f.client.CreateStateMachine(ctx, in); code(err) != "StateMachineAlreadyExists" {
			t.Errorf("creating another under the name: %v", err)
		}
		got, err := f.client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: made.StateMachineArn})
		if err != nil || *got.Definition != quotes(waiting) || got.Status != types.StateMachineStatusActive || got.Type != types.StateMachineTypeStandard || !got.CreationDate.Equal(epoch) {
			t.Errorf("described as %+v, %v", got, err)
		}
		up, err := f.client.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: made.StateMachineArn, Definition: in.Definition})
		if err != nil || *up.RevisionId == "" {
			t.Errorf("updating: %+v, %v", up, err)
		}
		if _, err := f.client.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: made.StateMachineArn}); code(err) != "MissingRequiredParameter" {
			t.Errorf("updating nothing: %v", err)
		}
		if _, err := f.client.TagResource(ctx, &sfn.TagResourceInput{ResourceArn: made.StateMachineArn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}); err != nil {
			t.Error(err)
		}
		tags, err := f.client.ListTagsForResource(ctx, &sfn.ListTagsForResourceInput{ResourceArn: made.StateMachineArn})
		if err != nil || len(tags.Tags) != 2 || *tags.Tags[1].Key != "b" {
			t.Errorf("tags: %+v, %v", tags, err)
		}
		list, err := f.client.ListStateMachines(ctx, &sfn.ListStateMachinesInput{})
		if err != nil || len(list.StateMachines) != 1 {
			t.Errorf("list: %+v, %v", list, err)
		}
		for range 2 { // deleting twice succeeds
			if _, err := f.client.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: made.StateMachineArn}); err != nil {
				t.Error(err)
			}
		}
		if _, err := f.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: made.StateMachineArn}); code(err) != "StateMachineDoesNotExist" {
			t.Errorf("starting a deleted machine: %v", err)
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	tests := []struct {
		name string
		in   CreateMachineInput
		want string
	}{
		{"name", CreateMachineInput{Name: "a b", RoleARN: role, Definition: waiting}, "InvalidName: Invalid Name: 'a b'"},
		{"role", CreateMachineInput{Name: "m", RoleARN: "x", Definition: waiting}, "InvalidArn: Invalid Arn: 'x'"},
		{"express", CreateMachineInput{Name: "m", RoleARN: role, Type: "EXPRESS", Definition: waiting}, "NotImplemented: local AWS does not implement state machines of type EXPRESS: use STANDARD"},
		{"schema", CreateMachineInput{Name: "m", RoleARN: role, Definition: `{'StartAt':'S'}`},
			"InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"},
		{"target", CreateMachineInput{Name: "m", RoleARN: role, Definition: one(`{'Type':'Wait','Seconds':1,'Next':'X'}`)},
			"InvalidDefinition: Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Next'"},
		{"resource", CreateMachineInput{Name: "m", RoleARN: role, Definition: one(`{'Type':'Task','Resource':'arn:aws:states:::sqs:sendMessage','End':true}`)},
			"InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::sqs:sendMessage is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := setup(t)
			tt.in.Definition = quotes(tt.in.Definition)
			err := f.do(func() error { _, err := f.svc.CreateMachine(tt.in); return err })
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	f := setup(t)
	f.Do(func() {
		task := quotes(one(`{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke','End':true}`))
		got, err := f.client.ValidateStateMachineDefinition(ctx, &sfn.ValidateStateMachineDefinitionInput{Definition: &task})
		if err != nil || got.Result != types.ValidateStateMachineDefinitionResultCodeOk || len(got.Diagnostics) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
		got, err = f.client.ValidateStateMachineDefinition(ctx, &sfn.ValidateStateMachineDefinitionInput{Definition: &task, Severity: types.ValidateStateMachineDefinitionSeverityWarning})
		if err != nil || len(got.Diagnostics) != 1 || *got.Diagnostics[0].Code != "TASK_WITHOUT_TIMEOUT" || *got.Diagnostics[0].Location != "/States/S" {
			t.Errorf("got %+v, %v", got, err)
		}
		got, err = f.client.ValidateStateMachineDefinition(ctx, &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String("{}")})
		if err != nil || got.Result != types.ValidateStateMachineDefinitionResultCodeFail || *got.Diagnostics[0].Location != "/" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestAccess(t *testing.T) {
	f := setup(t)
	arn := f.create(one(`{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke.waitForTaskToken','Parameters':{'FunctionName':'f','Payload.$':'$$.Task.Token'},'End':true}`))
	var token string
	f.invoke = func(_ string, payload []byte, done func([]byte, string, error)) {
		token = strings.Trim(string(payload), `"`)
		done(nil, "", nil)
	}
	exec := f.start("e", `{}`)
	f.RunFor(time.Second)
	var asked []string
	f.srv.Allow = func(_ string, need wire.Access) error {
		asked = append(asked, need.Action+" "+need.Resource)
		return errors.New("no")
	}
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"create", func() error {
			_, err := f.client.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("n"), Definition: aws.String("{}"), RoleArn: aws.String(role)})
			return err
		}, "states:CreateStateMachine arn:aws:states:us-east-1:111122223333:stateMachine:n"},
		{"start", func() error {
			_, err := f.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &arn})
			return err
		}, "states:StartExecution " + arn},
		{"describe", func() error {
			_, err := f.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &exec})
			return err
		}, "states:DescribeExecution " + exec},
		{"token", func() error {
			_, err := f.client.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("{}")})
			return err
		}, "states:SendTaskSuccess " + arn},
		{"unknown token", func() error {
			_, err := f.client.SendTaskHeartbeat(ctx, &sfn.SendTaskHeartbeatInput{TaskToken: aws.String("x")})
			return err
		}, "states:SendTaskHeartbeat *"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked = nil
			if err := f.do(tt.call); code(err) != "AccessDeniedException" || len(asked) != 1 || asked[0] != tt.want {
				t.Errorf("asked %v, want %s; %v", asked, tt.want, err)
			}
		})
	}
}
