package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"sluice/local"
	"sluice/local/cloudformation"
	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/sqs"
	"sluice/local/wire"
)

// deploying has two functions behind aliases, of which each is watched by an alarm on
// its new version, and one that is tried first: intake, which reads a queue.
const deploying = `
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Handler: bootstrap, Runtime: provided.al2023, AutoPublishAlias: live, DeploymentPreference: {Type: Canary10Percent5Minutes}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: input, VisibilityTimeout: 30, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 8}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Intake:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: intake
      CodeUri: functions/intake
      DeploymentPreference: {Alarms: [!Ref IntakeAlarm], Hooks: {PreTraffic: !Ref Check}}
      Events: {Input: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 1}}}
  Other:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: other, CodeUri: functions/other}
  Plain:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: plain, CodeUri: functions/plain, DeploymentPreference: {Enabled: false}}
  Check:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: CodeDeployHook_check
      CodeUri: functions/check
      DeploymentPreference: {Enabled: false}
      Environment: {Variables: {VERSION: !Ref Intake.Version}}
      Policies:
        - Statement:
            - {Effect: Allow, Action: "codedeploy:PutLifecycleEventHookExecutionStatus", Resource: !Sub "arn:aws:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${ServerlessDeploymentApplication}/*"}
            - {Effect: Allow, Action: "lambda:InvokeFunction", Resource: !Sub "${Intake.Arn}:*"}
  IntakeAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions: [{Name: FunctionName, Value: !Ref Intake}, {Name: Resource, Value: !Sub "${Intake}:live"}, {Name: ExecutedVersion, Value: !GetAtt Intake.Version.Version}]
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
Outputs:
  Version: {Value: !GetAtt Intake.Version.Version}
`

// site is an account with that template.
type site struct {
	*local.AWS
	t     *testing.T
	stack *cloudformation.Stack
	taken map[string]string // messages to the versions that took them
	tried []string          // versions that the hook tried
	ends  []local.Updated
}

func openSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, taken: map[string]string{}}
	s.AWS = local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), func(_ *local.AWS, f lambda.Function) (lambda.Host, error) {
		return lambda.InProcess(func(ctx context.Context, payload []byte) ([]byte, error) {
			switch f.Name {
			case "intake":
				return s.intake(f, payload)
			case "CodeDeployHook_check":
				return nil, s.check(ctx, f, payload)
			}
			return nil, nil
		}), nil
	})
	t.Cleanup(s.Close)
	var err error
	s.World.Do(func() {
		s.stack, err = s.Deploy(fstest.MapFS{"template.yaml": {Data: []byte(deploying)}}, "test", nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) intake(f lambda.Function, payload []byte) ([]byte, error) {
	var event events.SQSEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	for _, r := range event.Records {
		s.taken[r.Body] = f.Version
	}
	return nil, nil
}

// check calls the new version and tells CodeDeploy how that went.
func (s *site) check(ctx context.Context, f lambda.Function, payload []byte) error {
	var in struct{ DeploymentID, LifecycleEventHookExecutionID string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return err
	}
	arn, cfg := f.Environment["VERSION"], s.Config(f)
	s.tried = append(s.tried, arn[strings.LastIndex(arn, ":")+1:])
	out, err := sdk.NewFromConfig(cfg).Invoke(ctx, &sdk.InvokeInput{FunctionName: &arn, Payload: []byte(`{"Records":[]}`)})
	if err != nil {
		return err
	}
	status := types.LifecycleEventStatusSucceeded
	if out.FunctionError != nil {
		status = types.LifecycleEventStatusFailed
	}
	_, err = codedeploy.NewFromConfig(cfg).PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &in.DeploymentID, LifecycleEventHookExecutionId: &in.LifecycleEventHookExecutionID, Status: status,
	})
	return err
}

// send puts n messages into the queue, one every two seconds.
func (s *site) send(n int) {
	for i := range n {
		s.World.After(time.Duration(i)*2*time.Second, "send", func() {
			if err := s.SQS.Send(sqs.ARN("input"), fmt.Sprint(i), nil, sqs.Principal{}); err != nil {
				s.t.Error(err)
			}
		})
	}
}

// update updates the stack after a minute, and runs until nothing is left to do.
func (s *site) update(code ...local.NewCode) {
	s.World.Do(func() {
		s.World.After(time.Minute, "update", func() {
			if err := s.Update(s.stack, code, func(u local.Updated) { s.ends, s.stack = append(s.ends, u), u.Stack }); err != nil {
				s.t.Error(err)
			}
		})
	})
	if !s.World.RunUntilIdle(2 * time.Hour) {
		s.t.Error("the world did not come to rest")
	}
}

// state says where things stand: the versions of aliases, and the alarm's.
func (s *site) state() string {
	var parts []string
	s.World.Do(func() {
		for _, name := range []string{"intake", "other", "plain"} {
			a, err := s.Lambda.Alias(name, "live")
			if err != nil {
				s.t.Fatal(err)
			}
			parts = append(parts, name+" "+a.Version+strings.Repeat("+", len(a.Weights)))
		}
	})
	alarm, _ := s.stack.Resource("IntakeAlarm")
	return strings.Join(append(parts, "alarm "+alarm.Spec.(*cloudformation.AlarmSpec).Dimensions[2].Value, "output "+s.stack.Outputs["Version"]), ", ")
}

func (s *site) statuses(i int) string {
	var all []string
	for _, d := range s.ends[i].Deployments {
		all = append(all, d.Revision.Function+" "+d.Status+" "+d.Code)
	}
	slices.Sort(all)
	return strings.TrimSpace(strings.Join(all, ", "))
}

func TestNewVersionsGoLive(t *testing.T) {
	s := openSite(t)
	if got := s.state(); got != "intake 1, other 1, plain 1, alarm 1, output 1" {
		t.Fatalf("at first: %s", got)
	}
	s.World.Do(func() { s.send(300) })
	s.update(local.NewCode{Function: "intake"}, local.NewCode{Function: "plain"})
	if got := s.state(); got != "intake 2, other 1, plain 2, alarm 2, output 2" {
		t.Errorf("in the end: %s", got)
	}
	if s.ends[0].Failed != "" || s.statuses(0) != "intake Succeeded" {
		t.Errorf("the update ended as %q with %s", s.ends[0].Failed, s.statuses(0))
	}
	by := map[string]int{}
	for _, v := range s.taken {
		by[v]++
	}
	if len(s.taken) != 300 || by["1"] < 100 || by["2"] < 100 {
		t.Errorf("of 300 messages the versions took %v", by)
	}
	if diff := cmp.Diff([]string{"2"}, s.tried); diff != "" {
		t.Errorf("versions tried before (-want +got):\n%s", diff)
	}
	s.update(local.NewCode{Function: "intake"})
	if got := s.state(); got != "intake 3, other 1, plain 2, alarm 3, output 3" {
		t.Errorf("after another update: %s", got)
	}
}

// A bad version fails only what it is given, and every message is taken in the end.
func TestBadVersionsGoBack(t *testing.T) {
	records := `"messageId"` // so that the hook, which sends none, finds nothing
	for _, tt := range []struct {
		name   string
		defect lambda.Defect
		want   string
	}{
		{"seen by the hook", lambda.Defect{Kind: lambda.Error}, "intake Failed HOOK_EXECUTION_FAILURE"},
		{"panics", lambda.Defect{Kind: lambda.Panic, On: records}, "intake Stopped ALARM_ACTIVE"},
		{"returns errors", lambda.Defect{Kind: lambda.Error, On: records}, "intake Stopped ALARM_ACTIVE"},
		{"does not start", lambda.Defect{Kind: lambda.Init, On: records}, "intake Stopped ALARM_ACTIVE"},
		{"answers too late", lambda.Defect{Kind: lambda.Slow, On: records}, "intake Stopped ALARM_ACTIVE"},
		{"fails at times", lambda.Defect{Kind: lambda.Panic, On: records, Share: 0.5}, "intake Stopped ALARM_ACTIVE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openSite(t)
			s.World.Do(func() { s.send(300) })
			s.update(local.NewCode{Function: "intake", Defect: tt.defect})
			if got := s.state(); got != "intake 1, other 1, plain 1, alarm 1, output 1" {
				t.Errorf("in the end: %s", got)
			}
			if s.statuses(0) != tt.want || !strings.Contains(s.ends[0].Failed, "of intake: ") {
				t.Errorf("the update ended as %q with %s, want %s", s.ends[0].Failed, s.statuses(0), tt.want)
			}
			dead := 0
			s.World.Do(func() { n := s.SQS.Len(sqs.ARN("dead")); dead = n.Visible + n.InFlight })
			if len(s.taken) != 300 || dead > 0 {
				t.Errorf("%d of 300 messages were taken, %d are dead letters", len(s.taken), dead)
			}
			s.update(local.NewCode{Function: "intake"})
			if got := s.state(); got != "intake 3, other 1, plain 1, alarm 3, output 3" {
				t.Errorf("after the repair: %s", got)
			}
		})
	}
}

// What is deployed together succeeds or returns together.
func TestUpdatesAreOfOnePiece(t *testing.T) {
	s := openSite(t)
	s.update(local.NewCode{Function: "intake", Defect: lambda.Defect{Kind: lambda.Error}}, local.NewCode{Function: "other"}, local.NewCode{Function: "plain"})
	if got := s.state(); got != "intake 1, other 1, plain 1, alarm 1, output 1" {
		t.Errorf("in the end: %s", got)
	}
	if got := s.statuses(0); got != "intake Failed HOOK_EXECUTION_FAILURE, other Stopped MANUAL_STOP" {
		t.Errorf("deployments: %s", got)
	}
	s.World.Do(func() {
		if err := s.Update(s.stack, []local.NewCode{{Function: "none"}}, nil); err == nil || !strings.Contains(err.Error(), "no function none") {
			t.Errorf("new code for no function: %v", err)
		}
		if err := s.Update(s.stack, []local.NewCode{{Function: "other"}}, nil); err != nil {
			t.Error(err)
		}
		if err := s.Update(s.stack, []local.NewCode{{Function: "other"}}, nil); err == nil || !strings.Contains(err.Error(), "UPDATE_IN_PROGRESS") {
			t.Errorf("two updates at once: %v", err)
		}
	})
}

// The hook may be called because its name begins as CodeDeploy's policy says, and what
// it does needs the permissions of its own role.
func TestHooksNeedPermission(t *testing.T) {
	s := openSite(t)
	var refused []string
	s.Server.Audit = func(r wire.Record) {
		if r.Refused != nil {
			refused = append(refused, r.Refused.Action)
		}
	}
	role, _ := s.stack.Resource("CheckRole")
	s.World.Do(func() {
		if err := s.IAM.PutRolePolicy(aws.ToString(&role.Ref), "deny", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"codedeploy:PutLifecycleEventHookExecutionStatus","Resource":"*"}]}`)); err != nil {
			t.Fatal(err)
		}
	})
	s.update(local.NewCode{Function: "intake"})
	if got := s.statuses(0); got != "intake Failed HOOK_EXECUTION_FAILURE" || len(refused) != 3 {
		t.Errorf("the deployment ended as %s after the refusals %q", got, refused)
	}
}
