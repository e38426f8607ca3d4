package cloudformation

// ApplicationSpec is an AWS::CodeDeploy::Application.
type ApplicationSpec struct {
	Meta
	ApplicationName string
	ComputePlatform string
	Tags            Ignored
}

// DeploymentGroupSpec is an AWS::CodeDeploy::DeploymentGroup.
type DeploymentGroupSpec struct {
	Meta
	ApplicationName      string `cfn:",required"`
	DeploymentGroupName  string
	DeploymentConfigName string
	ServiceRoleArn       string `cfn:",required"`
	DeploymentStyle      struct{ DeploymentType, DeploymentOption string }
	AlarmConfiguration   struct {
		Enabled                bool
		IgnorePollAlarmFailure bool
		Alarms                 []struct{ Name string }
	}
	AutoRollbackConfiguration struct {
		Enabled bool
		Events  []string
	}
	Tags Ignored
}

// UpdatePolicySpec is the UpdatePolicy of an alias: how a stack update moves it.
type UpdatePolicySpec struct {
	CodeDeployLambdaAliasUpdate struct {
		ApplicationName        string `cfn:",required"`
		DeploymentGroupName    string `cfn:",required"`
		BeforeAllowTrafficHook string // name or ARN of a function, or ""
		AfterAllowTrafficHook  string
	}
}
