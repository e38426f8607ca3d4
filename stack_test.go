package sluice_test

import (
	"io/fs"
	"sync"
	"testing"

	"sluice"
	cf "sluice/local/cloudformation"
)

// deployed is template.yaml as it would be deployed, with what SAM makes of it and all
// references resolved. Nothing is created.
var deployed = sync.OnceValues(func() (*cf.Stack, error) {
	text, err := fs.ReadFile(sluice.Deployed, "template.yaml")
	if err != nil {
		return nil, err
	}
	t, err := cf.Read(text)
	if err != nil {
		return nil, err
	}
	return t.Deploy(cf.Options{Files: sluice.Deployed}, paper{})
})

// resources are the deployed resources of one type.
func resources[Spec any](t *testing.T) []Spec {
	t.Helper()
	stack, err := deployed()
	if err != nil {
		t.Fatalf("template.yaml cannot be deployed:\n%v", err)
	}
	var all []Spec
	for _, r := range stack.Resources {
		if s, ok := r.Spec.(*Spec); ok {
			all = append(all, *s)
		}
	}
	return all
}

// arn is the ARN of a deployed resource.
func arn(t *testing.T, m cf.Meta) string {
	t.Helper()
	stack, err := deployed()
	if err != nil {
		t.Fatal(err)
	}
	r, _ := stack.Resource(m.LogicalID)
	if r.Attributes["Arn"] == "" {
		t.Fatalf("%s has no ARN", m.LogicalID)
	}
	return r.Attributes["Arn"]
}

// paper is a provider that creates nothing.
type paper struct{}

func (paper) Function(*cf.FunctionSpec) (cf.Created, error)                { return cf.Created{}, nil }
func (paper) FunctionVersion(*cf.VersionSpec) (cf.Created, error)          { return cf.Created{}, nil }
func (paper) FunctionAlias(*cf.AliasSpec) (cf.Created, error)              { return cf.Created{}, nil }
func (paper) FunctionPermission(*cf.PermissionSpec) (cf.Created, error)    { return cf.Created{}, nil }
func (paper) FunctionEvents(*cf.EventInvokeConfigSpec) (cf.Created, error) { return cf.Created{}, nil }
func (paper) EventSourceMapping(*cf.MappingSpec) (cf.Created, error)       { return cf.Created{}, nil }
func (paper) StateMachine(*cf.StateMachineSpec) (cf.Created, error)        { return cf.Created{}, nil }
func (paper) Role(*cf.RoleSpec) (cf.Created, error)                        { return cf.Created{}, nil }
func (paper) Policy(*cf.PolicySpec) (cf.Created, error)                    { return cf.Created{}, nil }
func (paper) ManagedPolicy(*cf.ManagedPolicySpec) (cf.Created, error)      { return cf.Created{}, nil }
func (paper) Queue(*cf.QueueSpec) (cf.Created, error)                      { return cf.Created{}, nil }
func (paper) QueuePolicy(*cf.QueuePolicySpec) (cf.Created, error)          { return cf.Created{}, nil }
func (paper) Topic(*cf.TopicSpec) (cf.Created, error)                      { return cf.Created{}, nil }
func (paper) TopicPolicy(*cf.TopicPolicySpec) (cf.Created, error)          { return cf.Created{}, nil }
func (paper) Subscription(*cf.SubscriptionSpec) (cf.Created, error)        { return cf.Created{}, nil }
func (paper) Rule(*cf.RuleSpec) (cf.Created, error)                        { return cf.Created{}, nil }
func (paper) Schedule(*cf.ScheduleSpec) (cf.Created, error)                { return cf.Created{}, nil }
func (paper) Table(*cf.TableSpec) (cf.Created, error)                      { return cf.Created{}, nil }
func (paper) Bucket(*cf.BucketSpec) (cf.Created, error)                    { return cf.Created{}, nil }
func (paper) BucketPolicy(*cf.BucketPolicySpec) (cf.Created, error)        { return cf.Created{}, nil }
func (paper) LogGroup(*cf.LogGroupSpec) (cf.Created, error)                { return cf.Created{}, nil }
func (paper) Parameter(*cf.ParameterSpec) (cf.Created, error)              { return cf.Created{}, nil }
func (paper) ModelPackageGroup(*cf.ModelPackageGroupSpec) (cf.Created, error) {
	return cf.Created{}, nil
}
func (paper) Alarm(*cf.AlarmSpec) (cf.Created, error)                   { return cf.Created{}, nil }
func (paper) CompositeAlarm(*cf.CompositeAlarmSpec) (cf.Created, error) { return cf.Created{}, nil }
func (paper) Dashboard(*cf.DashboardSpec) (cf.Created, error)           { return cf.Created{}, nil }
