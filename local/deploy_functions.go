package local

import (
	"slices"
	"time"

	"sluice/local/cloudformation"
	"sluice/local/codedeploy"
	"sluice/local/lambda"
	"sluice/local/lambda/stream"
)

func (p provider) Function(f *cloudformation.FunctionSpec) (created, error) {
	return created{}, p.Lambda.Create(function(f))
}

// function is a function as the template has it.
func function(f *cloudformation.FunctionSpec) lambda.Function {
	fn := lambda.Function{
		Name: f.FunctionName, RoleARN: f.Role, Handler: f.Handler, Runtime: f.Runtime, CodePath: f.Code.LocalPath, Architectures: f.Architectures,
		Environment: f.Environment.Variables, Timeout: time.Duration(f.Timeout) * time.Second, MemoryMB: f.MemorySize,
		Reserved: f.ReservedExecs, Tracing: f.TracingConfig.Mode, LogGroup: f.LoggingConfig.LogGroup,
	}
	if f.DeadLetterConfig != nil {
		fn.DeadLetterARN = f.DeadLetterConfig.TargetArn
	}
	return fn
}

func (p provider) FunctionVersion(v *cloudformation.VersionSpec) (created, error) {
	n, err := p.Lambda.Publish(v.FunctionName)
	if err != nil {
		return created{}, err
	}
	f, err := p.Lambda.Function(v.FunctionName)
	return created{Ref: f.ARN() + ":" + n, Attributes: map[string]string{"Version": n}}, err
}

func (p provider) FunctionAlias(al *cloudformation.AliasSpec) (created, error) {
	arn, err := p.Lambda.CreateAlias(al.FunctionName, lambda.Alias{Name: al.Name, Version: al.FunctionVersion})
	return created{Ref: arn}, err
}

func (p provider) FunctionPermission(s *cloudformation.PermissionSpec) (created, error) {
	return created{}, p.Lambda.AddPermission(s.FunctionName, lambda.Permission{
		StatementID: s.StatementID, Action: s.Action, Principal: s.Principal, SourceARN: s.SourceArn, SourceAccount: s.SourceAccount,
	})
}

func (p provider) FunctionEvents(e *cloudformation.EventInvokeConfigSpec) (created, error) {
	return created{}, p.Lambda.SetAsync(e.FunctionName+":"+e.Qualifier, lambda.Async{
		MaxRetries: e.MaximumRetryAttempts, MaxAge: time.Duration(e.MaximumEventAgeInSeconds) * time.Second,
		OnSuccessARN: e.DestinationConfig.OnSuccess.Destination, OnFailureARN: e.DestinationConfig.OnFailure.Destination,
	})
}

func (p provider) EventSourceMapping(m *cloudformation.MappingSpec) (created, error) {
	if service(m.EventSourceArn) == "dynamodb" {
		return p.streamMapping(m)
	}
	if m.StartingPosition != "" || m.FilterCriteria.Filters != nil || m.DestinationConfig.OnFailure.Destination != "" {
		return no("mapping of a queue with StartingPosition, FilterCriteria or DestinationConfig", m.LogicalID)
	}
	c := lambda.MappingConfig{
		FunctionARN: m.FunctionName, QueueARN: m.EventSourceArn, BatchSize: m.BatchSize,
		Window: time.Duration(m.MaximumBatchingWindowInSeconds) * time.Second, MaxConcurrency: m.ScalingConfig.MaximumConcurrency,
		Disabled: m.Enabled != nil && !*m.Enabled,
	}
	c.ReportItemFailures = slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures")
	made, err := p.Lambda.CreateMapping(c)
	if err != nil {
		return created{}, err
	}
	return created{Ref: made.ID}, nil
}

// streamMapping maps a table's stream to a function.
func (p provider) streamMapping(m *cloudformation.MappingSpec) (created, error) {
	c := stream.Config{
		StreamARN: m.EventSourceArn, From: m.StartingPosition, BatchSize: m.BatchSize,
		Window:     time.Duration(m.MaximumBatchingWindowInSeconds) * time.Second,
		MaxRetries: m.MaximumRetryAttempts, Bisect: m.BisectBatchOnFunctionError, Parallelization: m.ParallelizationFactor,
		ReportItemFailures: slices.Contains(m.FunctionResponseTypes, "ReportBatchItemFailures"),
		OnFailureARN:       m.DestinationConfig.OnFailure.Destination, Disabled: m.Enabled != nil && !*m.Enabled,
	}
	if age := m.MaximumRecordAgeInSeconds; age != nil && *age != -1 {
		c.MaxAge = max(time.Duration(*age)*time.Second, 1) // 0 seconds is an age, and refused
	}
	for _, f := range m.FilterCriteria.Filters {
		c.Filters = append(c.Filters, f.Pattern)
	}
	made, err := p.Lambda.CreateStreamMapping(m.FunctionName, c)
	if err != nil {
		return created{}, err
	}
	return created{Ref: made.ID}, nil
}

func (p provider) DeploymentApplication(s *cloudformation.ApplicationSpec) (created, error) {
	return created{}, p.CodeDeploy.CreateApplication(s.ApplicationName, s.ComputePlatform)
}

func (p provider) DeploymentGroup(s *cloudformation.DeploymentGroupSpec) (created, error) {
	if style := s.DeploymentStyle; style.DeploymentType != "BLUE_GREEN" || style.DeploymentOption != "WITH_TRAFFIC_CONTROL" {
		return no("deployment group but of style BLUE_GREEN with WITH_TRAFFIC_CONTROL", s.LogicalID)
	}
	g := codedeploy.Group{
		Application: s.ApplicationName, Name: s.DeploymentGroupName, Config: s.DeploymentConfigName, RoleARN: s.ServiceRoleArn,
		AlarmsOn: s.AlarmConfiguration.Enabled, IgnorePolls: s.AlarmConfiguration.IgnorePollAlarmFailure,
		RollbackOn: s.AutoRollbackConfiguration.Enabled, RollbackWhen: s.AutoRollbackConfiguration.Events,
	}
	for _, a := range s.AlarmConfiguration.Alarms {
		g.Alarms = append(g.Alarms, a.Name)
	}
	return created{}, p.CodeDeploy.CreateGroup(g)
}
