package cloudformation

// FunctionSpec is an AWS::Lambda::Function.
type FunctionSpec struct {
	Meta
	FunctionName      string
	Code              CodeSpec `cfn:",required"`
	Role              string   `cfn:",required"` // ARN
	Handler           string
	Runtime           string
	Architectures     []string
	Timeout           int // seconds
	MemorySize        int // MB
	Environment       EnvironmentSpec
	DeadLetterConfig  *TargetSpec
	TracingConfig     TracingSpec
	LoggingConfig     LoggingSpec
	ReservedExecs     *int    `cfn:"ReservedConcurrentExecutions"`
	EphemeralStorage  Ignored // memory and disk are the laptop's
	PackageType       string
	Description, Tags Ignored
}

// CodeSpec is where a function's code is: a local folder, as CodeUri gives it, or an
// object in S3.
type CodeSpec struct {
	LocalPath string
	S3Bucket  string
	S3Key     string
}

// EnvironmentSpec holds a function's variables.
type EnvironmentSpec struct{ Variables map[string]string }

// TargetSpec is a dead-letter target of a function.
type TargetSpec struct {
	TargetArn string `cfn:",required"`
}

// TracingSpec is a function's tracing mode.
type TracingSpec struct{ Mode string }

// LoggingSpec is where and how a function logs.
type LoggingSpec struct {
	LogGroup            string
	LogFormat           string
	ApplicationLogLevel Ignored
	SystemLogLevel      Ignored
}

// VersionSpec is an AWS::Lambda::Version.
type VersionSpec struct {
	Meta
	FunctionName            string `cfn:",required"`
	Description, CodeSha256 Ignored
}

// AliasSpec is an AWS::Lambda::Alias.
type AliasSpec struct {
	Meta
	Name            string `cfn:",required"`
	FunctionName    string `cfn:",required"`
	FunctionVersion string `cfn:",required"`
	Description     Ignored
	UpdatePolicy    *UpdatePolicySpec `cfn:"-"`
}

// PermissionSpec is an AWS::Lambda::Permission. StatementID is derived.
type PermissionSpec struct {
	Meta
	StatementID   string `cfn:"-"`
	FunctionName  string `cfn:",required"` // name or ARN, with alias or without
	Action        string `cfn:",required"`
	Principal     string `cfn:",required"`
	SourceArn     string
	SourceAccount string
}

// EventInvokeConfigSpec is an AWS::Lambda::EventInvokeConfig.
type EventInvokeConfigSpec struct {
	Meta
	FunctionName             string `cfn:",required"`
	Qualifier                string `cfn:",required"`
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds int
	DestinationConfig        struct{ OnSuccess, OnFailure DestinationSpec }
}

// DestinationSpec is a destination of asynchronous invocations, or of records of a
// stream that were given up.
type DestinationSpec struct{ Destination string }

// MappingSpec is an AWS::Lambda::EventSourceMapping. ScalingConfig is for queues, and
// all from StartingPosition on is for streams.
type MappingSpec struct {
	Meta
	FunctionName                   string `cfn:",required"`
	EventSourceArn                 string `cfn:",required"`
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	FunctionResponseTypes          []string
	ScalingConfig                  struct{ MaximumConcurrency int }
	Enabled                        *bool
	StartingPosition               string
	FilterCriteria                 struct{ Filters []FilterSpec }
	MaximumRetryAttempts           *int // -1, as none, is without end
	MaximumRecordAgeInSeconds      *int // as that
	BisectBatchOnFunctionError     bool
	ParallelizationFactor          int
	DestinationConfig              struct{ OnFailure DestinationSpec }
	Tags                           Ignored
}

// FilterSpec is one filter of a mapping, whose text is an event pattern.
type FilterSpec struct {
	Pattern string `cfn:",required"`
}

// StateMachineSpec is an AWS::StepFunctions::StateMachine. Text is the definition
// with its substitutions made.
type StateMachineSpec struct {
	Meta
	Text                    []byte `cfn:"-"`
	StateMachineName        string
	StateMachineType        string
	RoleArn                 string `cfn:",required"`
	DefinitionUri           string // a file beside the template; ours, made from SAM's
	Definition              Document
	DefinitionString        string
	DefinitionSubstitutions map[string]string
	LoggingConfiguration    LoggingConfigurationSpec
	TracingConfiguration    struct{ Enabled bool }
	Tags                    Ignored
}

// LoggingConfigurationSpec is where and how much a state machine logs.
type LoggingConfigurationSpec struct {
	Level                string
	IncludeExecutionData bool
	Destinations         []struct {
		CloudWatchLogsLogGroup struct{ LogGroupArn string }
	}
}

// RoleSpec is an AWS::IAM::Role.
type RoleSpec struct {
	Meta
	RoleName                 string
	Path                     string
	AssumeRolePolicyDocument Document `cfn:",required"`
	ManagedPolicyArns        []string
	Policies                 []InlinePolicySpec
	MaxSessionDuration       int
	Description, Tags        Ignored
}

// InlinePolicySpec is a policy inside a role.
type InlinePolicySpec struct {
	PolicyName     string   `cfn:",required"`
	PolicyDocument Document `cfn:",required"`
}

// PolicySpec is an AWS::IAM::Policy: an inline policy of one or several roles.
type PolicySpec struct {
	Meta
	PolicyName     string   `cfn:",required"`
	PolicyDocument Document `cfn:",required"`
	Roles          []string
}

// ManagedPolicySpec is an AWS::IAM::ManagedPolicy.
type ManagedPolicySpec struct {
	Meta
	ManagedPolicyName string
	PolicyDocument    Document `cfn:",required"`
	Roles             []string
	Path              string
	Description       Ignored
}
