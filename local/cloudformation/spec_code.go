package cloudformation

// EncryptionKeySpec is an AWS::KMS::Key.
type EncryptionKeySpec struct {
	Meta
	KeyPolicy           Document `cfn:",required"`
	EnableKeyRotation   bool
	Description         Ignored
	PendingWindowInDays Ignored
	Tags                Ignored
}

// ProjectSpec is an AWS::CodeBuild::Project.
type ProjectSpec struct {
	Meta
	Name             string
	ServiceRole      string `cfn:",required"`
	TimeoutInMinutes int
	EncryptionKey    string
	Artifacts        struct {
		Type string `cfn:",required"` // CODEPIPELINE or NO_ARTIFACTS
	} `cfn:",required"`
	Environment struct {
		Type                 string `cfn:",required"`
		ComputeType          string `cfn:",required"`
		Image                string `cfn:",required"`
		PrivilegedMode       bool
		EnvironmentVariables []struct {
			Name  string `cfn:",required"`
			Value string `cfn:",required"`
			Type  string
		}
	} `cfn:",required"`
	Source struct {
		Type      string `cfn:",required"` // CODEPIPELINE or CODECOMMIT
		Location  string
		BuildSpec string
	} `cfn:",required"`
	Description, Tags Ignored
}

// RepositorySpec is an AWS::ECR::Repository.
type RepositorySpec struct {
	Meta
	RepositoryName             string
	ImageTagMutability         string
	ImageScanningConfiguration struct{ ScanOnPush bool }
	EncryptionConfiguration    Ignored
	LifecyclePolicy            Ignored
	RepositoryPolicyText       Document
	Tags                       Ignored
}

// PipelineSpec is an AWS::CodePipeline::Pipeline.
type PipelineSpec struct {
	Meta
	Name          string
	PipelineType  string
	ExecutionMode string
	RoleArn       string `cfn:",required"`
	ArtifactStore struct {
		Type          string `cfn:",required"`
		Location      string `cfn:",required"`
		EncryptionKey struct{ Type, Id string }
	} `cfn:",required"`
	Stages                   []PipelineStageSpec `cfn:",required"`
	RestartExecutionOnUpdate Ignored
	Tags                     Ignored
}

// PipelineStageSpec is a stage of a pipeline.
type PipelineStageSpec struct {
	Name    string               `cfn:",required"`
	Actions []PipelineActionSpec `cfn:",required"`
}

// PipelineActionSpec is an action of a stage.
type PipelineActionSpec struct {
	Name             string                                              `cfn:",required"`
	ActionTypeId     struct{ Category, Owner, Provider, Version string } `cfn:",required"`
	RunOrder         int
	Configuration    map[string]string
	InputArtifacts   []ArtifactSpec
	OutputArtifacts  []ArtifactSpec
	Namespace        string
	RoleArn          string
	TimeoutInMinutes int
}

// ArtifactSpec names what actions hand on.
type ArtifactSpec struct {
	Name string `cfn:",required"`
}
