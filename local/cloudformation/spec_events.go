package cloudformation

// QueueSpec is an AWS::SQS::Queue.
type QueueSpec struct {
	Meta
	QueueName                     string
	FifoQueue                     bool
	ContentBasedDeduplication     bool
	DelaySeconds                  *int
	MaximumMessageSize            *int
	MessageRetentionPeriod        *int
	ReceiveMessageWaitTimeSeconds *int
	VisibilityTimeout             *int
	RedrivePolicy                 *RedriveSpec
	RedriveAllowPolicy            Document
	// encryption changes nothing locally but is kept for whoever checks it
	SqsManagedSseEnabled *bool
	KmsMasterKeyId       string
	Tags                 Ignored
}

// RedriveSpec sends messages that are received too often elsewhere.
type RedriveSpec struct {
	DeadLetterTargetArn string `cfn:"deadLetterTargetArn,required"`
	MaxReceiveCount     int    `cfn:"maxReceiveCount,required"`
}

// QueuePolicySpec is an AWS::SQS::QueuePolicy. Queues are URLs.
type QueuePolicySpec struct {
	Meta
	Queues         []string `cfn:",required"`
	PolicyDocument Document `cfn:",required"`
}

// TopicSpec is an AWS::SNS::Topic.
type TopicSpec struct {
	Meta
	TopicName      string
	DisplayName    string
	KmsMasterKeyId string
	Subscription   []struct {
		Protocol string `cfn:",required"`
		Endpoint string `cfn:",required"`
	}
	Tags Ignored
}

// TopicPolicySpec is an AWS::SNS::TopicPolicy. Topics are ARNs.
type TopicPolicySpec struct {
	Meta
	Topics         []string `cfn:",required"`
	PolicyDocument Document `cfn:",required"`
}

// SubscriptionSpec is an AWS::SNS::Subscription.
type SubscriptionSpec struct {
	Meta
	TopicArn           string `cfn:",required"`
	Protocol           string `cfn:",required"`
	Endpoint           string
	RawMessageDelivery bool
	FilterPolicy       Document
	FilterPolicyScope  string
	RedrivePolicy      *struct {
		DeadLetterTargetArn string `cfn:"deadLetterTargetArn,required"`
	}
}

// RuleSpec is an AWS::Events::Rule.
type RuleSpec struct {
	Meta
	Name               string
	EventBusName       string
	EventPattern       Document
	ScheduleExpression string
	State              string // ENABLED or DISABLED
	RoleArn            string
	Targets            []RuleTargetSpec
	Description, Tags  Ignored
}

// RuleTargetSpec is a target of a rule.
type RuleTargetSpec struct {
	Id               string `cfn:",required"`
	Arn              string `cfn:",required"`
	RoleArn          string
	Input            string
	InputPath        string
	InputTransformer *InputTransformerSpec
	RetryPolicy      *RetryPolicySpec
	DeadLetterConfig *struct {
		Arn string `cfn:",required"`
	}
	SqsParameters               *struct{ MessageGroupId string }
	SageMakerPipelineParameters *struct {
		PipelineParameterList []struct {
			Name  string `cfn:",required"`
			Value string `cfn:",required"`
		}
	}
}

// InputTransformerSpec makes a target's input of parts of the event.
type InputTransformerSpec struct {
	InputPathsMap map[string]string
	InputTemplate string `cfn:",required"`
}

// RetryPolicySpec bounds the retries of a delivery.
type RetryPolicySpec struct {
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
}

// ScheduleSpec is an AWS::Scheduler::Schedule, as SAM's ScheduleV2 makes it.
type ScheduleSpec struct {
	Meta
	Name                       string
	ScheduleExpression         string `cfn:",required"`
	ScheduleExpressionTimezone string
	State                      string
	StartDate, EndDate         string
	FlexibleTimeWindow         struct {
		Mode                   string
		MaximumWindowInMinutes int
	}
	Target struct {
		Arn              string `cfn:",required"`
		RoleArn          string `cfn:",required"`
		Input            string
		RetryPolicy      *RetryPolicySpec
		DeadLetterConfig *struct{ Arn string }
	} `cfn:",required"`
	Description Ignored
}
