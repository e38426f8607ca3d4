package cloudformation

// Provider makes the resources of a template, in the order of their dependencies. A
// method returns what Ref and Fn::GetAtt of its resource are; what it leaves out gets
// its usual value, so that most return Created{}. The names in the specs are physical
// names, chosen already where the template names none.
type Provider interface {
	Function(*FunctionSpec) (Created, error)
	FunctionVersion(*VersionSpec) (Created, error)
	FunctionAlias(*AliasSpec) (Created, error)
	FunctionPermission(*PermissionSpec) (Created, error)
	FunctionEvents(*EventInvokeConfigSpec) (Created, error)
	EventSourceMapping(*MappingSpec) (Created, error)
	StateMachine(*StateMachineSpec) (Created, error)
	Role(*RoleSpec) (Created, error)
	Policy(*PolicySpec) (Created, error)
	ManagedPolicy(*ManagedPolicySpec) (Created, error)
	Queue(*QueueSpec) (Created, error)
	QueuePolicy(*QueuePolicySpec) (Created, error)
	Topic(*TopicSpec) (Created, error)
	TopicPolicy(*TopicPolicySpec) (Created, error)
	Subscription(*SubscriptionSpec) (Created, error)
	Rule(*RuleSpec) (Created, error)
	Schedule(*ScheduleSpec) (Created, error)
	Table(*TableSpec) (Created, error)
	Bucket(*BucketSpec) (Created, error)
	BucketPolicy(*BucketPolicySpec) (Created, error)
	LogGroup(*LogGroupSpec) (Created, error)
	Parameter(*ParameterSpec) (Created, error)
	ModelPackageGroup(*ModelPackageGroupSpec) (Created, error)
	Alarm(*AlarmSpec) (Created, error)
	CompositeAlarm(*CompositeAlarmSpec) (Created, error)
	Dashboard(*DashboardSpec) (Created, error)
	EncryptionKey(*EncryptionKeySpec) (Created, error)
	Project(*ProjectSpec) (Created, error)
	Repository(*RepositorySpec) (Created, error)
	Pipeline(*PipelineSpec) (Created, error)
	DeploymentApplication(*ApplicationSpec) (Created, error)
	DeploymentGroup(*DeploymentGroupSpec) (Created, error)
}

// Created is what a template can know of a resource.
type Created struct {
	Ref        string
	Attributes map[string]string
}
