// Package local is AWS on a laptop, as far as template.yaml uses it: the services
// wired to each other in one world, the template deployed into them, and Sluice's
// own functions run either as the compiled binaries or in this process.
//
// It rehearses; it is no AWS. What is not implemented answers an error that names
// it. This package only wires: each service has its own below it, and functions.go
// is the one file under local/ that knows Sluice.
package local

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sluice/local/autoscaling"
	"sluice/local/cloudtrail"
	"sluice/local/cloudwatch"
	"sluice/local/codebuild"
	"sluice/local/codecommit"
	"sluice/local/codedeploy"
	"sluice/local/codepipeline"
	"sluice/local/dynamodb"
	"sluice/local/ecr"
	"sluice/local/events"
	"sluice/local/iam"
	"sluice/local/lambda"
	"sluice/local/lambda/stream"
	"sluice/local/logs"
	"sluice/local/s3"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/sqs"
	"sluice/local/states"
	"sluice/local/sts"
	"sluice/local/wire"
)

// AWS is one account in one region.
type AWS struct {
	World       *sim.World
	Server      *wire.Server
	IAM         *iam.Service
	Table       *dynamodb.Service
	S3          *s3.Service
	SQS         *sqs.Service
	SNS         *sns.Service
	Events      *events.Service
	Logs        *logs.Service
	CloudWatch  *cloudwatch.Service
	Lambda      *lambda.Service
	States      *states.Service
	SageMaker   *sagemaker.Service
	AutoScaling *autoscaling.Service
	CloudTrail  *cloudtrail.Service
	CodeCommit  *codecommit.Service
	CodeBuild   *codebuild.Service
	Pipelines   *codepipeline.Service
	CodeDeploy  *codedeploy.Service
	ECR         *ecr.Service

	// stacks are the names of those that were made.
	stacks   map[string]bool
	updating bool // a stack is being updated

	// Script decides what pipeline executions yield. It may be set at any time.
	Script func(pipelines.Run) pipelines.Outcome
	// Commands decides what the commands of builds come to. It may be set at any time.
	Commands func(codebuild.Run) codebuild.Outcome
}

// New returns an empty account in this world. hosts says how functions run.
func New(w *sim.World, hosts func(*AWS, lambda.Function) (lambda.Host, error)) *AWS {
	a := &AWS{World: w, Server: wire.NewServer(w), IAM: iam.New(w), Table: dynamodb.New(w), Logs: logs.New(w), stacks: map[string]bool{}}
	a.Script = func(pipelines.Run) pipelines.Outcome { return pipelines.Outcome{} }
	a.Server.Allow = a.IAM.Allow
	a.Events = events.New(w, a.deliver, a.deadLetter)
	emit := func(source, detailType string, resources []string, detail any) {
		a.Events.Emit(source, detailType, resources, detail)
	}
	a.CloudWatch = cloudwatch.New(w, emit, a.act)
	a.SQS = sqs.New(w, a.CloudWatch.Record)
	a.S3 = s3.New(w, emit, a.Server.Permit)
	a.S3.Fault = func(c *wire.Call, in any) wire.Effect {
		if a.Server.Fault == nil {
			return wire.NoFault
		}
		return a.Server.Fault(c, in)
	}
	observe := func(r wire.Record) {
		if a.Server.Observe != nil {
			a.Server.Observe(r)
		}
	}
	a.S3.Observe = observe
	a.Lambda = lambda.New(w, func(f lambda.Function) (lambda.Host, error) { return hosts(a, f) })
	a.Lambda.Roles, a.Lambda.Queues, a.Lambda.Streams = a.IAM, queues{a.SQS}, streams{a.Table}
	a.Lambda.Permit, a.Lambda.Send, a.Lambda.Log = a.Server.Permit, a.send, a.log
	a.Lambda.Record, a.Lambda.Observe = a.CloudWatch.Record, observe
	a.SNS = sns.New(w, sns.Hooks{
		Queue: func(queueARN, body string, _ map[string]sns.Attribute) error {
			return a.SQS.Send(queueARN, body, nil, sqs.Principal{Service: "sns.amazonaws.com"})
		},
		Function: func(functionARN string, event []byte) error {
			_, err := a.Lambda.InvokeAsync(functionARN, event)
			return err
		},
	})
	a.States = states.New(w, states.Needs{
		Invoke: func(arn string, payload []byte, done func(states.Answer)) {
			a.Lambda.Invoke(arn, payload, func(r lambda.Result) {
				done(states.Answer{Payload: r.Payload, Version: r.Version, FunctionError: r.FunctionError, Err: r.Err})
			})
		},
		Permit:      a.IAM.AllowRole,
		Integration: a.integrate,
		Emit: func(source, detailType string, resources []string, detail any) {
			a.countExecutions(resources, detail)
			emit(source, detailType, resources, detail)
		},
	})
	a.AutoScaling = autoscaling.New(w, scaling{a})
	a.SageMaker = sagemaker.New(w, sagemaker.Outside{
		Emit: emit, Record: a.CloudWatch.Record, AlarmState: a.CloudWatch.State, Put: a.S3.Put, Permit: a.Server.Permit,
		Log:     func(group, stream, line string) { a.Logs.Append(group, stream, a.World.Now(), line) },
		Script:  func(r pipelines.Run) pipelines.Outcome { return a.Script(r) },
		Capture: a.capture,
		Scaled:  a.AutoScaling.Scaled, Deregister: scaling{a}.deregister,
	})
	a.CloudTrail = cloudtrail.New(w, a.IAM.Caller)
	a.Server.Audit = a.CloudTrail.Observe
	a.code(emit)
	for _, s := range []*wire.Service{a.IAM.Wire(), a.Table.Wire(), a.S3.Wire(), a.SQS.Wire(), a.SNS.Wire(), a.Events.Wire(), a.Logs.Wire(),
		a.CloudWatch.Wire(), a.Lambda.Wire(), a.States.Wire(), a.SageMaker.Wire(), a.AutoScaling.Wire(), a.CloudTrail.Wire(),
		a.CodeCommit.Wire(), a.CodeBuild.Wire(), a.Pipelines.Wire(), a.CodeDeploy.Wire(), a.ECR.Wire(), sts.New(w, identities{a.IAM}).Wire()} {
		a.Server.Register(s)
	}
	return a
}

// capture writes a capture of an endpoint's requests, as the role of its model.
func (a *AWS) capture(roleARN, bucket, key string, body []byte) error {
	if err := a.IAM.AllowRole(roleARN, wire.Access{Action: "s3:PutObject", Resource: s3.ObjectARN(bucket, key)}); err != nil {
		return err
	}
	return a.S3.Put(bucket, key, body)
}

// code makes the services that code goes through.
func (a *AWS) code(emit func(source, detailType string, resources []string, detail any)) {
	a.Commands = func(codebuild.Run) codebuild.Outcome { return codebuild.Outcome{} }
	a.CodeCommit, a.ECR = codecommit.New(a.World, emit, a.IAM.Caller), ecr.New(a.World, emit)
	a.CodeBuild = codebuild.New(a.World, codebuild.Outside{
		Emit: emit, Source: a.CodeCommit.Files, Permit: a.IAM.AllowRole, Caller: a.IAM.Caller,
		Log:    func(group, stream, line string) { a.Logs.Append(group, stream, a.World.Now(), line) },
		Script: func(r codebuild.Run) codebuild.Outcome { return a.Commands(r) },
	})
	a.Pipelines = codepipeline.New(a.World, delivery{a}.outside(emit))
	a.CodeDeploy = codedeploy.New(a.World, codedeploy.Outside{Emit: emit, Functions: a.Lambda, Roles: a.IAM, AlarmState: a.CloudWatch.State})
}

// Close ends what runs: processes of functions, and executions that wait. The
// caller does not hold the world.
func (a *AWS) Close() {
	a.World.Do(func() {
		a.Lambda.Close()
		a.States.Close()
	})
}

// deliver brings an event to a rule's target.
func (a *AWS) deliver(targetARN, roleARN, ruleARN string, payload []byte, done func(error)) {
	switch service(targetARN) {
	case "sqs":
		done(a.SQS.Send(targetARN, string(payload), nil, sqs.Principal{Service: "events.amazonaws.com", SourceARN: ruleARN}))
	case "lambda":
		if err := a.Lambda.Permits(targetARN, "events.amazonaws.com", ruleARN); err != nil {
			done(err)
			return
		}
		_, err := a.Lambda.InvokeAsync(targetARN, payload)
		done(err)
	case "sns":
		_, err := a.SNS.Publish(targetARN, "", string(payload), nil)
		done(err)
	case "states":
		if err := a.IAM.AllowRole(roleARN, wire.Access{Action: "states:StartExecution", Resource: targetARN}); err != nil {
			done(wire.Errorf("AccessDeniedException", "%v", err))
			return
		}
		_, err := a.States.StartExecution(targetARN, a.World.UUID("execution"), string(payload))
		done(err)
	case "codepipeline":
		done(delivery{a}.start(targetARN, roleARN, ruleARN))
	default:
		done(wire.Errorf("NotImplemented", "local AWS delivers no events to %s", targetARN))
	}
}

// service is the service of an ARN.
func service(arn string) string {
	parts := strings.SplitN(arn, ":", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[2]
}

// deadLetter puts an event that no retry brought to its target into a queue.
func (a *AWS) deadLetter(queueARN, ruleARN string, body []byte, attributes map[string]string) error {
	typed := map[string]sqs.MessageAttribute{}
	for k, v := range attributes {
		typed[k] = sqs.Text(v)
	}
	return a.SQS.Send(queueARN, string(body), typed, sqs.Principal{Service: "events.amazonaws.com", SourceARN: ruleARN})
}

// send brings a message of Lambda's to a dead-letter queue or destination, which
// the function's role may do: lambda asks IAM.
func (a *AWS) send(targetARN string, body []byte) error {
	if service(targetARN) == "sns" {
		_, err := a.SNS.Publish(targetARN, "", string(body), nil)
		return err
	}
	return a.SQS.Send(targetARN, string(body), nil, sqs.Principal{})
}

// act performs an alarm's action.
func (a *AWS) act(actionARN string, message []byte) {
	var m struct{ AlarmName, NewStateValue string }
	_ = json.Unmarshal(message, &m) // a message without a name still goes out
	if service(actionARN) == "sns" {
		_, _ = a.SNS.Publish(actionARN, fmt.Sprintf("%s: %q in US East (N. Virginia)", m.NewStateValue, m.AlarmName), string(message), nil)
	}
}

// countExecutions keeps the metrics that Step Functions publishes of executions.
func (a *AWS) countExecutions(_ []string, detail any) {
	raw, err := json.Marshal(detail)
	if err != nil {
		return
	}
	var d struct {
		StateMachineArn string `json:"stateMachineArn"`
		Status          string `json:"status"`
	}
	names := map[string]string{"RUNNING": "ExecutionsStarted", "SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}
	if json.Unmarshal(raw, &d) == nil && names[d.Status] != "" {
		a.CloudWatch.Record("AWS/States", names[d.Status], map[string]string{"StateMachineArn": d.StateMachineArn}, a.World.Now(), []float64{1}, []float64{1})
	}
}

// log keeps a line that a function wrote. A line in the embedded metric format is a
// metric, too.
func (a *AWS) log(function, line string) {
	group := "/aws/lambda/" + function
	if f, err := a.Lambda.Function(function); err == nil && f.LogGroup != "" {
		group = f.LogGroup
	}
	a.Logs.Append(group, function, a.World.Now(), line)
	if strings.HasPrefix(line, `{`) && strings.Contains(line, `"_aws"`) {
		a.embedded(line)
	}
}

// embedded records the metrics of a line in CloudWatch's embedded metric format.
func (a *AWS) embedded(line string) {
	var meta struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	var members map[string]any
	if json.Unmarshal([]byte(line), &meta) != nil || json.Unmarshal([]byte(line), &members) != nil {
		return
	}
	for _, set := range meta.AWS.CloudWatchMetrics {
		for _, names := range set.Dimensions {
			dims := map[string]string{}
			for _, n := range names {
				dims[n] = fmt.Sprint(members[n])
			}
			for _, m := range set.Metrics {
				if v, ok := members[m.Name].(float64); ok {
					a.CloudWatch.Record(set.Namespace, m.Name, dims, a.World.Now(), []float64{v}, []float64{1})
				}
			}
		}
	}
}

// queues lets Lambda poll SQS.
type queues struct{ sqs *sqs.Service }

func (q queues) Receive(arn string, most int) []lambda.Message {
	var all []lambda.Message
	for _, m := range q.sqs.Receive(arn, most) {
		all = append(all, lambda.Message{
			ID: m.ID, ReceiptHandle: m.ReceiptHandle, Body: m.Body, MD5: m.MD5, Attributes: m.Attributes,
			UserMetadata: userMetadata(m.MessageAttributes),
		})
	}
	return all
}

// userMetadata is the sender's attributes in the form that functions get.
func userMetadata(attributes map[string]sqs.MessageAttribute) map[string]lambda.Attribute {
	all := map[string]lambda.Attribute{}
	for name, a := range attributes {
		out := lambda.Attribute{BinaryValue: a.BinaryValue, DataType: a.DataType, StringList: []string{}, BinaryList: [][]byte{}}
		if a.StringValue != nil {
			out.StringValue = *a.StringValue
		}
		all[name] = out
	}
	return all
}

// A receipt that has become void needs no deletion and no release.
func (q queues) Delete(arn, receipt string)      { _ = q.sqs.Delete(arn, receipt) }
func (q queues) Release(arn, receipt string)     { _ = q.sqs.Release(arn, receipt, 0) }
func (q queues) OnArrival(arn string, fn func()) { _ = q.sqs.OnArrival(arn, fn) }
func (q queues) VisibilityTimeout(arn string) (time.Duration, bool) {
	for _, name := range q.sqs.Queues() {
		if sqs.ARN(name) == arn || name == arn {
			return q.sqs.Visibility(arn), true
		}
	}
	return 0, false
}

// streams lets Lambda read DynamoDB streams.
type streams struct{ table *dynamodb.Service }

func (s streams) Read(arn, after string, most int) []stream.Record {
	var all []stream.Record
	for _, r := range s.table.StreamRecords(arn, after, most) {
		text, err := json.Marshal(r)
		if err != nil {
			panic(err) // it is made of texts and numbers
		}
		all = append(all, stream.Record{Sequence: r.Change.SequenceNumber, Made: r.Made(), Text: text})
	}
	return all
}

func (s streams) Last(arn string) (string, bool) { return s.table.LastSequence(arn) }
func (s streams) OnRecord(arn string, fn func()) { s.table.OnRecord(arn, fn) }

// identities lets STS ask IAM who calls.
type identities struct{ iam *iam.Service }

func (i identities) Caller(accessKey string) (sts.Identity, error) {
	arn := i.iam.Caller(accessKey)
	return sts.Identity{ARN: arn, ID: "AIDALOCAL"}, nil
}

func (i identities) Assume(_, roleARN, name, _ string, _ time.Time) (sts.Session, error) {
	key, secret, token := i.iam.Session(roleARN, name)
	if key == "" {
		return sts.Session{}, wire.Errorf("AccessDenied", "role %s cannot be assumed", roleARN)
	}
	return sts.Session{AccessKey: key, SecretKey: secret, SessionToken: token, Identity: sts.Identity{ARN: i.iam.Caller(key), ID: "AROALOCAL:" + name}}, nil
}
