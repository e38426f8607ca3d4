package cloudformation

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// recorder is a provider that notes what it is asked to make.
type recorder struct {
	made   []string
	refuse string // logical id
}

func (r *recorder) note(m Meta, format string, args ...any) (Created, error) {
	if m.LogicalID == r.refuse {
		return Created{}, errors.New("LimitExceeded: no more")
	}
	r.made = append(r.made, m.LogicalID+": "+fmt.Sprintf(format, args...))
	return Created{}, nil
}

func (r *recorder) Function(s *FunctionSpec) (Created, error) {
	return r.note(s.Meta, "%s %s %v %d s", s.FunctionName, s.Code.LocalPath, s.Environment.Variables, s.Timeout)
}
func (r *recorder) FunctionVersion(s *VersionSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.FunctionName)
}
func (r *recorder) FunctionAlias(s *AliasSpec) (Created, error) {
	return r.note(s.Meta, "%s of %s %s", s.Name, s.FunctionName, s.FunctionVersion)
}
func (r *recorder) FunctionPermission(s *PermissionSpec) (Created, error) {
	return r.note(s.Meta, "%s for %s", s.FunctionName, s.SourceArn)
}
func (r *recorder) FunctionEvents(s *EventInvokeConfigSpec) (Created, error) {
	return r.note(s.Meta, "%s %s", s.FunctionName, s.DestinationConfig.OnFailure.Destination)
}
func (r *recorder) EventSourceMapping(s *MappingSpec) (Created, error) {
	return r.note(s.Meta, "%s to %s", s.EventSourceArn, s.FunctionName)
}
func (r *recorder) StateMachine(s *StateMachineSpec) (Created, error) {
	return r.note(s.Meta, "%s %s", s.StateMachineName, s.Text)
}
func (r *recorder) Role(s *RoleSpec) (Created, error) {
	return r.note(s.Meta, "%s %s %d inline", s.RoleName, s.ManagedPolicyArns, len(s.Policies))
}
func (r *recorder) Policy(s *PolicySpec) (Created, error) { return r.note(s.Meta, "%v", s.Roles) }
func (r *recorder) ManagedPolicy(s *ManagedPolicySpec) (Created, error) {
	return r.note(s.Meta, "%s", s.ManagedPolicyName)
}
func (r *recorder) Queue(s *QueueSpec) (Created, error) {
	_, err := r.note(s.Meta, "%s", s.QueueName)
	return Created{Ref: "http://local/" + s.QueueName}, err
}
func (r *recorder) QueuePolicy(s *QueuePolicySpec) (Created, error) {
	return r.note(s.Meta, "%v %s", s.Queues, s.PolicyDocument)
}
func (r *recorder) Topic(s *TopicSpec) (Created, error) { return r.note(s.Meta, "%s", s.TopicName) }
func (r *recorder) TopicPolicy(s *TopicPolicySpec) (Created, error) {
	return r.note(s.Meta, "%v", s.Topics)
}
func (r *recorder) Subscription(s *SubscriptionSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.TopicArn)
}
func (r *recorder) Rule(s *RuleSpec) (Created, error) {
	return r.note(s.Meta, "%s %s to %s", s.Name, s.EventPattern, s.Targets[0].Arn)
}
func (r *recorder) Schedule(s *ScheduleSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.ScheduleExpression)
}
func (r *recorder) Table(s *TableSpec) (Created, error) { return r.note(s.Meta, "%s", s.TableName) }
func (r *recorder) Bucket(s *BucketSpec) (Created, error) {
	return r.note(s.Meta, "%s eventbridge=%v", s.BucketName, s.EventBridge())
}
func (r *recorder) BucketPolicy(s *BucketPolicySpec) (Created, error) {
	return r.note(s.Meta, "%s", s.Bucket)
}
func (r *recorder) LogGroup(s *LogGroupSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.LogGroupName)
}
func (r *recorder) Parameter(s *ParameterSpec) (Created, error) {
	return r.note(s.Meta, "%s=%s", s.Name, s.Value)
}
func (r *recorder) ModelPackageGroup(s *ModelPackageGroupSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.ModelPackageGroupName)
}
func (r *recorder) Alarm(s *AlarmSpec) (Created, error) {
	return r.note(s.Meta, "%v %v", *s.Threshold, s.Dimensions)
}
func (r *recorder) CompositeAlarm(s *CompositeAlarmSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.AlarmRule)
}
func (r *recorder) EncryptionKey(s *EncryptionKeySpec) (Created, error) {
	return r.note(s.Meta, "key rotated=%v", s.EnableKeyRotation)
}
func (r *recorder) Project(s *ProjectSpec) (Created, error) {
	return r.note(s.Meta, "project %s of %s", s.Name, s.Source.Type)
}
func (r *recorder) Repository(s *RepositorySpec) (Created, error) {
	return r.note(s.Meta, "repository %s", s.RepositoryName)
}
func (r *recorder) Pipeline(s *PipelineSpec) (Created, error) {
	return r.note(s.Meta, "pipeline %s with %d stages", s.Name, len(s.Stages))
}
func (r *recorder) Dashboard(s *DashboardSpec) (Created, error) {
	return r.note(s.Meta, "%s", s.DashboardBody)
}
func (r *recorder) DeploymentApplication(s *ApplicationSpec) (Created, error) {
	return r.note(s.Meta, "%s %s", s.ApplicationName, s.ComputePlatform)
}
func (r *recorder) DeploymentGroup(s *DeploymentGroupSpec) (Created, error) {
	return r.note(s.Meta, "%s of %s: %s %v", s.DeploymentGroupName, s.ApplicationName, s.DeploymentConfigName, s.AlarmConfiguration.Alarms)
}

const small = `
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
Globals:
  Function: {Handler: bootstrap, Runtime: provided.al2023, Timeout: 20}
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/work
      AutoPublishAlias: live
      Environment: {Variables: {QUEUE: !Ref Queue, PAGES: !If [Prod, !Ref Pages, none]}}
      Policies: [SQSPollerPolicy: {QueueName: !GetAtt Queue.QueueName}]
      Events:
        Data: {Type: EventBridgeRule, Properties: {Pattern: {source: [aws.s3]}}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: ./machine.asl.json
      DefinitionSubstitutions: {Work: !Ref Work.Alias}
      Role: !GetAtt WorkRole.Arn
  Late:
    Type: AWS::CloudWatch::Alarm
    DependsOn: Pages
    Properties: {EvaluationPeriods: 1, ComparisonOperator: GreaterThanThreshold, Threshold: 0.5, Metrics: [{Id: e, Expression: m/2}], Dimensions: [{Name: F, Value: !Ref Work}], Tags: [{Key: a, Value: b}]}
  Pages: {Type: AWS::SNS::Topic, Condition: Prod}
  Queue: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
  Data: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}}}
Outputs:
  Url: {Value: !Ref Queue}
  Pages: {Condition: Prod, Value: !Ref Pages}
  Who: {Value: !Sub "${Work.Arn} in ${AWS::Region}, ${!Kept}, ${Own}"}
`

func files() fstest.MapFS {
	return fstest.MapFS{"machine.asl.json": {Data: []byte(`{"Resource":"${Work}"}`)}}
}

func TestDeploy(t *testing.T) {
	tpl, err := Read([]byte(strings.Replace(small, `, ${Own}"`, `"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		stage string
		want  []string
	}{
		{"dev", []string{
			"Queue: s-Queue-FALLCHANGES", "WorkRole: s-WorkRole-X [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole] 1 inline",
			"Work: s-Work-X functions/work map[PAGES:none QUEUE:http://local/s-Queue-X] 20 s", "WorkVersion0: s-Work-X",
			"WorkAliaslive: live of s-Work-X 1", `WorkData: s-WorkData-X {"source":["aws.s3"]} to arn:aws:lambda:us-east-1:111122223333:function:s-Work-X:live`,
			"WorkDataPermission: arn:aws:lambda:us-east-1:111122223333:function:s-Work-X:live for arn:aws:events:us-east-1:111122223333:rule/s-WorkData-X",
			`Machine: s-Machine-X {"Resource":"arn:aws:lambda:us-east-1:111122223333:function:s-Work-X:live"}`,
			"Late: 0.5 [{F s-Work-X}]", "Data: s-data-x eventbridge=true",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.stage, func(t *testing.T) {
			p := &recorder{}
			stack, err := tpl.Deploy(Options{StackName: "s", Parameters: map[string]string{"Stage": tt.stage}, Files: files()}, p)
			if err != nil {
				t.Fatal(err)
			}
			tt.want[0] = "Queue: s-Queue-X"
			if diff := cmp.Diff(tt.want, plain(p.made)); diff != "" {
				t.Errorf("made (-want +got):\n%s", diff)
			}
			want := map[string]string{"Url": "http://local/s-Queue-X", "Who": "arn:aws:lambda:us-east-1:111122223333:function:s-Work-X in us-east-1, ${Kept}"}
			for k, v := range stack.Outputs {
				stack.Outputs[k] = plain([]string{v})[0]
			}
			if diff := cmp.Diff(want, stack.Outputs); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}

// An alias is made after what its updates go through, and knows it.
func TestAliasesKnowHowTheyAreUpdated(t *testing.T) {
	src, err := os.ReadFile("testdata/sam/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := Read(src)
	if err != nil {
		t.Fatal(err)
	}
	p := &recorder{}
	stack, err := tpl.Deploy(Options{StackName: "s"}, p)
	if err != nil {
		t.Fatal(err)
	}
	alias, ok := stack.Resource("WorkAliaslive")
	if !ok {
		t.Fatal("there is no alias")
	}
	policy := alias.Spec.(*AliasSpec).UpdatePolicy.CodeDeployLambdaAliasUpdate
	app, _ := stack.Resource("ServerlessDeploymentApplication")
	group, _ := stack.Resource("WorkDeploymentGroup")
	if policy.ApplicationName != app.Ref || policy.DeploymentGroupName != group.Ref || policy.BeforeAllowTrafficHook != "CodeDeployHook_check" || policy.AfterAllowTrafficHook != "" {
		t.Errorf("the alias is updated through %+v", policy)
	}
	check, _ := stack.Resource("CheckAliaslive")
	if check.Spec.(*AliasSpec).UpdatePolicy != nil {
		t.Error("the alias of the hook is updated through CodeDeploy, although that is not enabled")
	}
	want := []string{"WorkDeploymentGroup: s-WorkDeploymentGroup-X of s-ServerlessDeploymentApplication-X: CodeDeployDefault.LambdaCanary10Percent5Minutes [{s-Failing-X} {s-Slow-X}]"}
	for _, line := range plain(p.made) {
		if strings.HasPrefix(line, "WorkAliaslive:") {
			break
		}
		if line == want[0] {
			want = nil
			break
		}
	}
	if want != nil {
		t.Errorf("before the alias there is no %q among %q", want, plain(p.made))
	}
}

// plain replaces the suffixes of derived names and ids.
func plain(lines []string) []string {
	var out []string
	for _, l := range lines {
		l = suffix.ReplaceAllStringFunc(l, func(s string) string {
			if s == strings.ToLower(s) {
				return "-x"
			}
			return "-X"
		})
		out = append(out, versionID.ReplaceAllString(l, "Version0"))
	}
	return out
}

func TestDeployStopsWhereTheProviderRefuses(t *testing.T) {
	tpl, err := Read([]byte("Resources:\n  A: {Type: AWS::SQS::Queue}\n  B: {Type: AWS::SNS::Topic}\n  C: {Type: AWS::SQS::Queue}"))
	if err != nil {
		t.Fatal(err)
	}
	p := &recorder{refuse: "B"}
	stack, err := tpl.Deploy(Options{StackName: "s"}, p)
	if err == nil || err.Error() != "line 3: B: LimitExceeded: no more" {
		t.Errorf("got %v, want the provider's refusal with its line", err)
	}
	if len(stack.Resources) != 1 || len(p.made) != 1 {
		t.Errorf("%d resources are in the stack and %d were made, want 1", len(stack.Resources), len(p.made))
	}
}

func TestSameStackSameNames(t *testing.T) {
	a, b := physicalName("s", "Queue", 80, false), physicalName("s", "Queue", 80, false)
	if a != b || a == physicalName("s", "Queue2", 80, false) || !strings.HasPrefix(a, "s-Queue-") {
		t.Errorf("names %s and %s", a, b)
	}
	if long := physicalName(strings.Repeat("s", 60), "Function", 64, true); len(long) != 64 || long != strings.ToLower(long) {
		t.Errorf("%s has %d characters", long, len(long))
	}
}
