package local

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"sluice/local/cloudformation"
	"sluice/local/dynamodb"
	"sluice/local/events"
	"sluice/local/s3"
	"sluice/local/sqs"
	"sluice/local/states"
	"sluice/local/wire"
)

// Deploy reads template.yaml in files and makes what it says. The caller holds the
// world.
func (a *AWS) Deploy(files fs.FS, stack string, parameters map[string]string) (*cloudformation.Stack, error) {
	return a.DeployTemplate(files, "template.yaml", stack, parameters)
}

// DeployTemplate makes what a template in files says. The caller holds the world.
func (a *AWS) DeployTemplate(files fs.FS, template, stack string, parameters map[string]string) (*cloudformation.Stack, error) {
	src, err := fs.ReadFile(files, template)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	t, err := cloudformation.Read(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", template, err)
	}
	a.stacks[stack] = true
	s, err := t.Deploy(cloudformation.Options{StackName: stack, Parameters: parameters, Files: files}, provider{a})
	if err != nil {
		return nil, fmt.Errorf("deploying %s: %w", template, err)
	}
	return s, nil
}

// provider makes the resources of a template in an account. Kinds of resources that
// the template does not use are refused by name.
type provider struct{ *AWS }

type created = cloudformation.Created

// no refuses a kind of resource.
func no(kind, id string) (created, error) {
	return created{}, fmt.Errorf("%s: local AWS makes no %s", id, kind)
}

func (p provider) StateMachine(m *cloudformation.StateMachineSpec) (created, error) {
	arn, err := p.States.CreateMachine(states.CreateMachineInput{Name: m.StateMachineName, Definition: string(m.Text), RoleARN: m.RoleArn, Type: m.StateMachineType})
	return created{Ref: arn}, err
}

func (p provider) Role(r *cloudformation.RoleSpec) (created, error) {
	role, err := p.IAM.CreateRole(r.RoleName, r.Path, r.AssumeRolePolicyDocument)
	if err != nil {
		return created{}, err
	}
	for _, arn := range r.ManagedPolicyArns {
		if err := p.IAM.AttachRolePolicy(r.RoleName, arn); err != nil {
			return created{}, err
		}
	}
	for _, inline := range r.Policies {
		if err := p.IAM.PutRolePolicy(r.RoleName, inline.PolicyName, inline.PolicyDocument); err != nil {
			return created{}, err
		}
	}
	return created{Ref: r.RoleName, Attributes: map[string]string{"Arn": role.ARN}}, nil
}

func (p provider) Policy(s *cloudformation.PolicySpec) (created, error) {
	for _, role := range s.Roles {
		if err := p.IAM.PutRolePolicy(role, s.PolicyName, s.PolicyDocument); err != nil {
			return created{}, err
		}
	}
	return created{}, nil
}

func (p provider) ManagedPolicy(s *cloudformation.ManagedPolicySpec) (created, error) {
	arn, err := p.IAM.CreatePolicy(s.ManagedPolicyName, s.PolicyDocument)
	if err != nil {
		return created{}, err
	}
	for _, role := range s.Roles {
		if err := p.IAM.AttachRolePolicy(role, arn); err != nil {
			return created{}, err
		}
	}
	return created{Ref: arn}, nil
}

func (p provider) Queue(q *cloudformation.QueueSpec) (created, error) {
	attributes := map[string]string{}
	for name, v := range map[string]*int{
		"DelaySeconds": q.DelaySeconds, "MaximumMessageSize": q.MaximumMessageSize, "MessageRetentionPeriod": q.MessageRetentionPeriod,
		"ReceiveMessageWaitTimeSeconds": q.ReceiveMessageWaitTimeSeconds, "VisibilityTimeout": q.VisibilityTimeout,
	} {
		if v != nil {
			attributes[name] = strconv.Itoa(*v)
		}
	}
	if q.FifoQueue {
		attributes["FifoQueue"] = "true"
	}
	if q.RedrivePolicy != nil {
		policy, err := json.Marshal(map[string]any{"deadLetterTargetArn": q.RedrivePolicy.DeadLetterTargetArn, "maxReceiveCount": q.RedrivePolicy.MaxReceiveCount})
		if err != nil {
			return created{}, err
		}
		attributes["RedrivePolicy"] = string(policy)
	}
	arn, err := p.SQS.CreateQueue(q.QueueName, attributes)
	return created{Ref: p.SQS.URL(q.QueueName), Attributes: map[string]string{"Arn": arn, "QueueName": q.QueueName}}, err
}

func (p provider) QueuePolicy(q *cloudformation.QueuePolicySpec) (created, error) {
	for _, url := range q.Queues {
		if err := p.SQS.SetAttributes(sqs.ARN(path.Base(url)), map[string]string{"Policy": string(q.PolicyDocument)}); err != nil {
			return created{}, err
		}
	}
	return created{}, nil
}

func (p provider) Topic(t *cloudformation.TopicSpec) (created, error) {
	arn, err := p.SNS.CreateTopic(t.TopicName, map[string]string{"DisplayName": t.DisplayName}, nil)
	if err != nil {
		return created{}, err
	}
	for _, s := range t.Subscription {
		if _, err := p.SNS.Subscribe(arn, s.Protocol, s.Endpoint, nil); err != nil {
			return created{}, err
		}
	}
	return created{Ref: arn}, nil
}

func (p provider) Subscription(s *cloudformation.SubscriptionSpec) (created, error) {
	attributes := map[string]string{}
	if s.RawMessageDelivery {
		attributes["RawMessageDelivery"] = "true"
	}
	arn, err := p.SNS.Subscribe(s.TopicArn, s.Protocol, s.Endpoint, attributes)
	return created{Ref: arn}, err
}

func (p provider) Rule(r *cloudformation.RuleSpec) (created, error) {
	arn, err := p.Events.PutRule(events.Rule{
		Name: r.Name, EventBusName: r.EventBusName, EventPattern: string(r.EventPattern), ScheduleExpression: r.ScheduleExpression, State: r.State, RoleArn: r.RoleArn,
	})
	if err != nil {
		return created{}, err
	}
	raw, err := json.Marshal(r.Targets)
	if err != nil {
		return created{}, err
	}
	var targets []events.Target // of the same members
	if err := json.Unmarshal(raw, &targets); err != nil {
		return created{}, err
	}
	return created{Attributes: map[string]string{"Arn": arn}}, p.Events.PutTargets(r.EventBusName, r.Name, targets...)
}

func (p provider) Table(t *cloudformation.TableSpec) (created, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return created{}, err
	}
	var in dynamodb.CreateTableInput // of the same members
	if err := json.Unmarshal(raw, &in); err != nil {
		return created{}, err
	}
	in.Tags, in.SSESpecification, in.LocalSecondaryIndexes = nil, nil, nil
	if len(t.LocalSecondaryIndexes) > 0 {
		return no("table with a local index", t.LogicalID)
	}
	if in.StreamSpecification != nil {
		in.StreamSpecification.StreamEnabled = true // as CloudFormation has it, without saying so
	}
	if err := p.AWS.Table.Create(&in); err != nil {
		return created{}, err
	}
	made := created{Attributes: map[string]string{}}
	if arn := p.AWS.Table.Stream(t.TableName); arn != "" {
		made.Attributes["StreamArn"] = arn
	}
	return made, nil
}

func (p provider) Bucket(b *cloudformation.BucketSpec) (created, error) {
	return created{}, p.S3.CreateBucket(b.BucketName, s3.Options{EventBridge: b.EventBridge(), Versioned: b.VersioningConfiguration.Status == "Enabled"})
}

func (p provider) LogGroup(g *cloudformation.LogGroupSpec) (created, error) {
	p.Logs.CreateGroup(g.LogGroupName, g.RetentionInDays)
	return created{}, nil
}

func (p provider) ModelPackageGroup(g *cloudformation.ModelPackageGroupSpec) (created, error) {
	return no("model package group", g.LogicalID)
}

func (p provider) Alarm(al *cloudformation.AlarmSpec) (created, error) {
	raw, err := json.Marshal(al)
	if err != nil {
		return created{}, err
	}
	return created{Attributes: map[string]string{"Arn": "arn:aws:cloudwatch:" + wire.Region + ":" + wire.Account + ":alarm:" + al.AlarmName}}, p.CloudWatch.Define(raw)
}

func (p provider) CompositeAlarm(al *cloudformation.CompositeAlarmSpec) (created, error) {
	raw, err := json.Marshal(al)
	if err != nil {
		return created{}, err
	}
	return created{}, p.CloudWatch.Define(raw)
}

func (p provider) Schedule(s *cloudformation.ScheduleSpec) (created, error) {
	return no("schedule", s.LogicalID)
}

func (p provider) TopicPolicy(s *cloudformation.TopicPolicySpec) (created, error) {
	return no("topic policy", s.LogicalID)
}

func (p provider) Parameter(s *cloudformation.ParameterSpec) (created, error) {
	return no("SSM parameter", s.LogicalID)
}

func (p provider) Dashboard(s *cloudformation.DashboardSpec) (created, error) {
	if !json.Valid([]byte(s.DashboardBody)) { // nobody looks at it here
		return created{}, fmt.Errorf("%s: its body is no JSON", s.LogicalID)
	}
	return created{}, nil
}
