package cloudformation

// TableSpec is an AWS::DynamoDB::Table.
type TableSpec struct {
	Meta
	TableName               string
	AttributeDefinitions    []AttributeSpec `cfn:",required"`
	KeySchema               []KeySpec       `cfn:",required"`
	BillingMode             string
	ProvisionedThroughput   *ThroughputSpec
	GlobalSecondaryIndexes  []IndexSpec
	LocalSecondaryIndexes   []IndexSpec
	TimeToLiveSpecification *struct {
		AttributeName string
		Enabled       bool `cfn:",required"`
	}
	StreamSpecification *struct {
		StreamViewType string `cfn:",required"`
	}
	// what follows changes no behaviour that local AWS has
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
	SSESpecification                 struct {
		SSEEnabled bool
		SSEType    string
	}
	DeletionProtectionEnabled bool
	TableClass                string
	Tags                      Ignored
}

// AttributeSpec is a key attribute and its type, S, N or B.
type AttributeSpec struct{ AttributeName, AttributeType string }

// KeySpec is a part of a key, HASH or RANGE.
type KeySpec struct{ AttributeName, KeyType string }

// ThroughputSpec is provisioned capacity.
type ThroughputSpec struct{ ReadCapacityUnits, WriteCapacityUnits int }

// IndexSpec is a secondary index.
type IndexSpec struct {
	IndexName  string    `cfn:",required"`
	KeySchema  []KeySpec `cfn:",required"`
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string
	} `cfn:",required"`
	ProvisionedThroughput *ThroughputSpec
}

// BucketSpec is an AWS::S3::Bucket.
type BucketSpec struct {
	Meta
	BucketName                string
	NotificationConfiguration struct {
		EventBridgeConfiguration *struct{ EventBridgeEnabled *bool }
	}
	VersioningConfiguration struct{ Status string }
	LifecycleConfiguration  struct{ Rules []LifecycleRuleSpec }
	// encryption and access blocks are kept for whoever checks them
	BucketEncryption struct {
		ServerSideEncryptionConfiguration []struct {
			BucketKeyEnabled              bool
			ServerSideEncryptionByDefault struct{ SSEAlgorithm, KMSMasterKeyID string }
		}
	}
	PublicAccessBlockConfiguration struct {
		BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets bool
	}
	OwnershipControls struct {
		Rules []struct{ ObjectOwnership string }
	}
	Tags Ignored
}

// EventBridge reports whether the bucket sends its events to EventBridge.
func (b BucketSpec) EventBridge() bool {
	c := b.NotificationConfiguration.EventBridgeConfiguration
	return c != nil && (c.EventBridgeEnabled == nil || *c.EventBridgeEnabled)
}

// LifecycleRuleSpec is a rule that ends objects.
type LifecycleRuleSpec struct {
	Id                             string
	Status                         string `cfn:",required"`
	Prefix                         string
	ExpirationInDays               int
	NoncurrentVersionExpiration    *struct{ NoncurrentDays, NewerNoncurrentVersions int }
	AbortIncompleteMultipartUpload *struct{ DaysAfterInitiation int }
	ExpiredObjectDeleteMarker      bool
}

// BucketPolicySpec is an AWS::S3::BucketPolicy.
type BucketPolicySpec struct {
	Meta
	Bucket         string   `cfn:",required"`
	PolicyDocument Document `cfn:",required"`
}

// LogGroupSpec is an AWS::Logs::LogGroup.
type LogGroupSpec struct {
	Meta
	LogGroupName    string
	RetentionInDays int
	LogGroupClass   string
	KmsKeyId        string
	Tags            Ignored
}

// ParameterSpec is an AWS::SSM::Parameter.
type ParameterSpec struct {
	Meta
	Name              string
	Type              string `cfn:",required"`
	Value             string `cfn:",required"`
	AllowedPattern    string
	Tier, Description Ignored
	Tags              Ignored
}

// ModelPackageGroupSpec is an AWS::SageMaker::ModelPackageGroup.
type ModelPackageGroupSpec struct {
	Meta
	ModelPackageGroupName        string `cfn:",required"`
	ModelPackageGroupDescription string
	ModelPackageGroupPolicy      Document
	Tags                         Ignored
}
