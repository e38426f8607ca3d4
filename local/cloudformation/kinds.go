package cloudformation

import (
	"cmp"
	"strings"

	"sluice/local/wire"
)

// kind is one resource type that exists locally.
type kind struct {
	// spec returns a new spec and its common part.
	spec func() (any, *Meta)
	// name returns where the physical name is, how long it may be and whether it must
	// be lower case; nil for what has no name of its own.
	name func(spec any) (at *string, most int, lower bool)
	make func(p Provider, spec any) (Created, error)
	// usual is Ref and attributes as AWS forms them.
	usual func(spec any) Created
}

// kinds are the types that compute, permit and carry events.
var kinds = map[string]kind{
	"AWS::Lambda::Function": of(Provider.Function, func(s *FunctionSpec) *Meta { return &s.Meta },
		named(64, func(s *FunctionSpec) *string { return &s.FunctionName }),
		func(s *FunctionSpec) Created {
			return created(s.FunctionName, "Arn", arn("lambda", "function:"+s.FunctionName))
		}),
	"AWS::Lambda::Version": of(Provider.FunctionVersion, func(s *VersionSpec) *Meta { return &s.Meta }, nil,
		func(s *VersionSpec) Created {
			a := functionARN(s.FunctionName) + ":1"
			return created(a, "Version", "1", "FunctionArn", a)
		}),
	"AWS::Lambda::Alias": of(Provider.FunctionAlias, func(s *AliasSpec) *Meta { return &s.Meta }, nil,
		func(s *AliasSpec) Created {
			a := functionARN(s.FunctionName) + ":" + s.Name
			return created(a, "AliasArn", a)
		}),
	"AWS::Lambda::Permission": of(Provider.FunctionPermission, func(s *PermissionSpec) *Meta { return &s.Meta },
		named(100, func(s *PermissionSpec) *string { return &s.StatementID }),
		func(s *PermissionSpec) Created { return created(s.StatementID, "Id", s.StatementID) }),
	"AWS::Lambda::EventInvokeConfig": of(Provider.FunctionEvents, func(s *EventInvokeConfigSpec) *Meta { return &s.Meta }, nil,
		func(s *EventInvokeConfigSpec) Created { return created(derived(s.LogicalID, 12)) }),
	"AWS::Lambda::EventSourceMapping": of(Provider.EventSourceMapping, func(s *MappingSpec) *Meta { return &s.Meta }, nil,
		func(s *MappingSpec) Created {
			id := strings.ToLower(derived(s.LogicalID, 32))
			return created(id, "Id", id, "EventSourceMappingArn", arn("lambda", "event-source-mapping:"+id))
		}),
	"AWS::StepFunctions::StateMachine": of(Provider.StateMachine, func(s *StateMachineSpec) *Meta { return &s.Meta },
		named(80, func(s *StateMachineSpec) *string { return &s.StateMachineName }),
		func(s *StateMachineSpec) Created {
			a := arn("states", "stateMachine:"+s.StateMachineName)
			return created(a, "Arn", a, "Name", s.StateMachineName)
		}),
	"AWS::IAM::Role": of(Provider.Role, func(s *RoleSpec) *Meta { return &s.Meta },
		named(64, func(s *RoleSpec) *string { return &s.RoleName }),
		func(s *RoleSpec) Created {
			return created(s.RoleName, "Arn", global("iam", "role"+cmp.Or(s.Path, "/")+s.RoleName), "RoleId", "AROA"+derived(s.RoleName, 17))
		}),
	"AWS::IAM::Policy": of(Provider.Policy, func(s *PolicySpec) *Meta { return &s.Meta }, nil,
		func(s *PolicySpec) Created { return created(s.PolicyName) }),
	"AWS::IAM::ManagedPolicy": of(Provider.ManagedPolicy, func(s *ManagedPolicySpec) *Meta { return &s.Meta },
		named(128, func(s *ManagedPolicySpec) *string { return &s.ManagedPolicyName }),
		func(s *ManagedPolicySpec) Created {
			a := global("iam", "policy"+cmp.Or(s.Path, "/")+s.ManagedPolicyName)
			return created(a, "PolicyArn", a)
		}),
	"AWS::SQS::Queue": of(Provider.Queue, func(s *QueueSpec) *Meta { return &s.Meta },
		named(80, func(s *QueueSpec) *string { return &s.QueueName }),
		func(s *QueueSpec) Created {
			url := "https://sqs." + wire.Region + ".amazonaws.com/" + wire.Account + "/" + s.QueueName
			return created(url, "Arn", arn("sqs", s.QueueName), "QueueName", s.QueueName, "QueueUrl", url)
		}),
	"AWS::SQS::QueuePolicy": of(Provider.QueuePolicy, func(s *QueuePolicySpec) *Meta { return &s.Meta }, nil,
		func(s *QueuePolicySpec) Created { return created(s.LogicalID, "Id", s.LogicalID) }),
	"AWS::SNS::Topic": of(Provider.Topic, func(s *TopicSpec) *Meta { return &s.Meta },
		named(256, func(s *TopicSpec) *string { return &s.TopicName }),
		func(s *TopicSpec) Created {
			a := arn("sns", s.TopicName)
			return created(a, "TopicArn", a, "TopicName", s.TopicName)
		}),
	"AWS::SNS::TopicPolicy": of(Provider.TopicPolicy, func(s *TopicPolicySpec) *Meta { return &s.Meta }, nil,
		func(s *TopicPolicySpec) Created { return created(s.LogicalID, "Id", s.LogicalID) }),
	"AWS::SNS::Subscription": of(Provider.Subscription, func(s *SubscriptionSpec) *Meta { return &s.Meta }, nil,
		func(s *SubscriptionSpec) Created {
			a := s.TopicArn + ":" + strings.ToLower(derived(s.LogicalID, 32))
			return created(a, "Arn", a)
		}),
	"AWS::Events::Rule": of(Provider.Rule, func(s *RuleSpec) *Meta { return &s.Meta },
		named(64, func(s *RuleSpec) *string { return &s.Name }),
		func(s *RuleSpec) Created {
			name := s.Name
			if bus := s.EventBusName; bus != "" && bus != "default" {
				name = bus[strings.LastIndex(bus, "/")+1:] + "/" + s.Name
			}
			return created(s.Name, "Arn", arn("events", "rule/"+name))
		}),
	"AWS::Scheduler::Schedule": of(Provider.Schedule, func(s *ScheduleSpec) *Meta { return &s.Meta },
		named(64, func(s *ScheduleSpec) *string { return &s.Name }),
		func(s *ScheduleSpec) Created {
			return created(s.Name, "Arn", arn("scheduler", "schedule/default/"+s.Name))
		}),
	"AWS::CodeDeploy::Application": of(Provider.DeploymentApplication, func(s *ApplicationSpec) *Meta { return &s.Meta },
		named(100, func(s *ApplicationSpec) *string { return &s.ApplicationName }),
		func(s *ApplicationSpec) Created { return created(s.ApplicationName) }),
	"AWS::CodeDeploy::DeploymentGroup": of(Provider.DeploymentGroup, func(s *DeploymentGroupSpec) *Meta { return &s.Meta },
		named(100, func(s *DeploymentGroupSpec) *string { return &s.DeploymentGroupName }),
		func(s *DeploymentGroupSpec) Created { return created(s.DeploymentGroupName) }),
}

// kindOf returns a resource type that exists locally.
func kindOf(name string) (kind, bool) {
	for _, all := range []map[string]kind{kinds, dataKinds, codeKinds} {
		if k, ok := all[name]; ok {
			return k, true
		}
	}
	return kind{}, false
}

// of ties a spec to its method of Provider.
func of[S any](provide func(Provider, *S) (Created, error), meta func(*S) *Meta, name func(any) (*string, int, bool), usual func(*S) Created) kind {
	return kind{
		spec:  func() (any, *Meta) { s := new(S); return s, meta(s) },
		name:  name,
		make:  func(p Provider, spec any) (Created, error) { return provide(p, spec.(*S)) },
		usual: func(spec any) Created { return usual(spec.(*S)) },
	}
}

func named[S any](most int, at func(*S) *string) func(any) (*string, int, bool) {
	return func(spec any) (*string, int, bool) { return at(spec.(*S)), most, false }
}

func created(ref string, attributes ...string) Created {
	c := Created{Ref: ref, Attributes: map[string]string{}}
	for i := 0; i+1 < len(attributes); i += 2 {
		c.Attributes[attributes[i]] = attributes[i+1]
	}
	return c
}

func arn(service, rest string) string {
	return "arn:aws:" + service + ":" + wire.Region + ":" + wire.Account + ":" + rest
}

func global(service, rest string) string {
	return "arn:aws:" + service + "::" + wire.Account + ":" + rest
}

// functionARN is the ARN of a function given by name or ARN.
func functionARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return arn("lambda", "function:"+name)
}
