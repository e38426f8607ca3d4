package autoscaling_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/local/wire"
)

var (
	doRegister       = (*sdk.Client).RegisterScalableTarget
	deregister       = (*sdk.Client).DeregisterScalableTarget
	describeTargets  = (*sdk.Client).DescribeScalableTargets
	putPolicy        = (*sdk.Client).PutScalingPolicy
	describePolicies = (*sdk.Client).DescribeScalingPolicies
	deletePolicy     = (*sdk.Client).DeleteScalingPolicy
	putAction        = (*sdk.Client).PutScheduledAction
	describeActions  = (*sdk.Client).DescribeScheduledActions
	deleteAction     = (*sdk.Client).DeleteScheduledAction
)

const (
	variantDimension = types.ScalableDimensionSageMakerVariantDesiredInstanceCount
	sageMaker        = types.ServiceNamespaceSagemaker
)

var (
	blue  = aws.String("endpoint/churn/variant/blue")
	other = aws.String("endpoint/churn/variant/other") // nobody's
)

var noDocument = cmpopts.IgnoreUnexported(types.ScalableTarget{}, types.SuspendedState{}, types.ScalingPolicy{}, types.TargetTrackingScalingPolicyConfiguration{},
	types.PredefinedMetricSpecification{}, types.CustomizedMetricSpecification{}, types.MetricDimension{}, types.StepScalingPolicyConfiguration{},
	types.StepAdjustment{}, types.ScheduledAction{}, types.ScalableTargetAction{})

func targets(s *stage, ids ...string) []types.ScalableTarget {
	s.t.Helper()
	return call(s, describeTargets, &sdk.DescribeScalableTargetsInput{ServiceNamespace: sageMaker, ResourceIds: ids}).ScalableTargets
}

func action(name string) *sdk.PutScheduledActionInput {
	return &sdk.PutScheduledActionInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue, ScheduledActionName: &name,
		Schedule: aws.String("cron(0 8 * * ? *)"), Timezone: aws.String("Europe/Berlin"), StartTime: aws.Time(start.Add(time.Hour)), EndTime: aws.Time(start.Add(48 * time.Hour)),
		ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: aws.Int32(3), MaxCapacity: aws.Int32(9)}}
}

// A second registration changes only what it names: that is how scaling is suspended
// without forgetting it.
func TestRegisterChangesWhatIsGiven(t *testing.T) {
	s := newStage(t)
	made := call(s, doRegister, register(1, 4))
	again := call(s, doRegister, &sdk.RegisterScalableTargetInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue,
		MaxCapacity: aws.Int32(6), SuspendedState: &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true)}})
	if *made.ScalableTargetARN != *again.ScalableTargetARN {
		t.Errorf("ARN %s became %s", *made.ScalableTargetARN, *again.ScalableTargetARN)
	}
	call(s, doRegister, &sdk.RegisterScalableTargetInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue,
		SuspendedState: &types.SuspendedState{DynamicScalingOutSuspended: aws.Bool(true)}})
	want := []types.ScalableTarget{{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue, MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(6),
		CreationTime: aws.Time(start), ScalableTargetARN: made.ScalableTargetARN,
		RoleARN:        aws.String("arn:aws:iam::111122223333:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"),
		SuspendedState: &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(true), DynamicScalingOutSuspended: aws.Bool(true), ScheduledScalingSuspended: aws.Bool(false)}}}
	if diff := cmp.Diff(want, targets(s), noDocument); diff != "" {
		t.Error(diff)
	}
}

// What is read back can be put again: nothing of a policy or an action is lost.
func TestPoliciesAndActionsAreKeptWhole(t *testing.T) {
	s := newStage(t)
	call(s, doRegister, register(1, 4))
	custom := track(func(c *types.TargetTrackingScalingPolicyConfiguration) {
		c.PredefinedMetricSpecification, c.DisableScaleIn, c.ScaleOutCooldown = nil, aws.Bool(true), aws.Int32(0)
		c.CustomizedMetricSpecification = &types.CustomizedMetricSpecification{MetricName: aws.String("CPUUtilization"), Namespace: aws.String("/aws/sagemaker/Endpoints"),
			Statistic: types.MetricStatisticAverage, Unit: aws.String("Percent"), Dimensions: []types.MetricDimension{{Name: aws.String("EndpointName"), Value: aws.String("churn")}}}
	})
	custom.PolicyName = aws.String("cpu")
	put := []*sdk.PutScalingPolicyInput{track(), step(), custom}
	for _, in := range put {
		call(s, putPolicy, in)
	}
	got := call(s, describePolicies, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker, ResourceId: blue}).ScalingPolicies
	if len(got) != len(put) {
		t.Fatalf("%d policies", len(got))
	}
	for i, p := range got {
		back := &sdk.PutScalingPolicyInput{PolicyName: p.PolicyName, PolicyType: p.PolicyType, ServiceNamespace: p.ServiceNamespace, ScalableDimension: p.ScalableDimension,
			ResourceId: p.ResourceId, StepScalingPolicyConfiguration: p.StepScalingPolicyConfiguration, TargetTrackingScalingPolicyConfiguration: p.TargetTrackingScalingPolicyConfiguration}
		if diff := cmp.Diff(put[i], back, noDocument, cmpopts.IgnoreUnexported(sdk.PutScalingPolicyInput{})); diff != "" {
			t.Error(diff)
		}
		call(s, putPolicy, back)
	}
	call(s, putAction, action("mornings"))
	a := call(s, describeActions, &sdk.DescribeScheduledActionsInput{ServiceNamespace: sageMaker}).ScheduledActions
	want := action("mornings")
	if diff := cmp.Diff([]types.ScheduledAction{{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue, ScheduledActionName: want.ScheduledActionName,
		CreationTime: aws.Time(start), Schedule: want.Schedule, Timezone: want.Timezone, StartTime: want.StartTime, EndTime: want.EndTime, ScalableTargetAction: want.ScalableTargetAction}},
		a, noDocument, cmpopts.IgnoreFields(types.ScheduledAction{}, "ScheduledActionARN")); diff != "" {
		t.Error(diff)
	}
	update := action("mornings")
	update.Schedule, update.Timezone, update.ScalableTargetAction, update.StartTime, update.EndTime = aws.String("rate(1 day)"), nil, nil, nil, nil
	call(s, putAction, update)
	got2 := call(s, describeActions, &sdk.DescribeScheduledActionsInput{ServiceNamespace: sageMaker}).ScheduledActions[0]
	if *got2.Schedule != "rate(1 day)" || *got2.Timezone != "Europe/Berlin" || *got2.ScalableTargetAction.MaxCapacity != 9 || got2.StartTime != nil || *got2.ScheduledActionARN != *a[0].ScheduledActionARN {
		t.Errorf("after an update: %+v", got2)
	}
}

func TestDeregisterTakesAllWithIt(t *testing.T) {
	s := newStage(t)
	call(s, doRegister, register(1, 4))
	call(s, doRegister, register(1, 4, green))
	call(s, putPolicy, track())
	call(s, putAction, action("mornings"))
	call(s, deregister, &sdk.DeregisterScalableTargetInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue})
	if got := s.svc.Scaled("churn"); !cmp.Equal(got, []string{"green"}) {
		t.Errorf("still scaled: %v", got)
	}
	call(s, doRegister, register(1, 4))
	if p := call(s, describePolicies, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker}).ScalingPolicies; len(p) > 0 {
		t.Errorf("%d policies are left", len(p))
	}
	if a := call(s, describeActions, &sdk.DescribeScheduledActionsInput{ServiceNamespace: sageMaker}).ScheduledActions; len(a) > 0 {
		t.Errorf("%d scheduled actions are left", len(a))
	}
}

// A new target may stay unseen for a while: whoever registered it must come back.
func TestLag(t *testing.T) {
	s := newStage(t)
	s.svc.Lag = 10 * time.Second
	call(s, doRegister, register(1, 4))
	if got := targets(s); len(got) > 0 {
		t.Errorf("seen at once: %+v", got)
	}
	if _, err := try(s, putPolicy, track()); refusal(t, err) != "ObjectNotFoundException" {
		t.Errorf("a policy of it: %v", err)
	}
	call(s, doRegister, &sdk.RegisterScalableTargetInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue, MaxCapacity: aws.Int32(6)})
	s.w.RunFor(10 * time.Second)
	call(s, putPolicy, track())
	if got := targets(s); len(got) != 1 || *got[0].MaxCapacity != 6 {
		t.Errorf("later: %+v", got)
	}
}

func TestListsPage(t *testing.T) {
	s := newStage(t)
	s.instances = map[string]int{}
	for i := range 23 {
		name := fmt.Sprintf("v%02d", i)
		s.instances[name] = 1
		call(s, doRegister, register(1, 4, func(in *sdk.RegisterScalableTargetInput) {
			in.ResourceId = aws.String("endpoint/churn/variant/" + name)
		}))
		p := step()
		p.ResourceId = aws.String("endpoint/churn/variant/v00")
		p.PolicyName = &name
		call(s, putPolicy, p)
	}
	var pages []int
	pager := sdk.NewDescribeScalableTargetsPaginator(s.client, &sdk.DescribeScalableTargetsInput{ServiceNamespace: sageMaker, MaxResults: aws.Int32(9)})
	s.w.Do(func() {
		for pager.HasMorePages() {
			out, err := pager.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(out.ScalableTargets))
		}
		policies := sdk.NewDescribeScalingPoliciesPaginator(s.client, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker})
		for policies.HasMorePages() {
			out, err := policies.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(out.ScalingPolicies))
		}
	})
	if diff := cmp.Diff([]int{9, 9, 5, 10, 10, 3}, pages); diff != "" {
		t.Error(diff)
	}
	if got := targets(s, "endpoint/churn/variant/v03", "endpoint/churn/variant/v20", "endpoint/churn/variant/none"); len(got) != 2 {
		t.Errorf("%d targets of three ids, one of which nobody has", len(got))
	}
}

// refused are calls that must be refused, and change nothing: by name, what is done
// and the code of the refusal.
type refused map[string]struct {
	do   func(*stage) error
	want string
}

func (r refused) check(t *testing.T) {
	t.Helper()
	for name, c := range r {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			call(s, doRegister, register(1, 4))
			if got := refusal(t, c.do(s)); got != c.want {
				t.Errorf("refused with %s, want %s", got, c.want)
			}
			if got := targets(s); len(got) != 1 || *got[0].MinCapacity != 1 || *got[0].MaxCapacity != 4 {
				t.Errorf("what was refused has changed something: %+v", got)
			}
		})
	}
}

// bad makes a case of one call: of an input that is right but for change.
func bad[In, Out any](op func(*sdk.Client, context.Context, *In, ...func(*sdk.Options)) (Out, error), in *In, change func(*In)) func(*stage) error {
	return func(s *stage) error {
		change(in)
		_, err := try(s, op, in)
		return err
	}
}

func TestRefusedTargets(t *testing.T) {
	reg := func(change func(*sdk.RegisterScalableTargetInput)) func(*stage) error {
		return bad(doRegister, register(1, 4), change)
	}
	refused{
		"a variant that does not exist": {reg(func(in *sdk.RegisterScalableTargetInput) { in.ResourceId = other }), "ValidationException"},
		"an endpoint of another case":   {reg(func(in *sdk.RegisterScalableTargetInput) { in.ResourceId = aws.String("endpoint/Churn/variant/blue") }), "ValidationException"},
		"a resource of another form":    {reg(func(in *sdk.RegisterScalableTargetInput) { in.ResourceId = aws.String("churn/blue") }), "ValidationException"},
		"limits the wrong way round":    {reg(func(in *sdk.RegisterScalableTargetInput) { in.MinCapacity = aws.Int32(5) }), "ValidationException"},
		"a negative limit":              {reg(func(in *sdk.RegisterScalableTargetInput) { in.MinCapacity = aws.Int32(-1) }), "ValidationException"},
		"no maximum of a new target":    {reg(func(in *sdk.RegisterScalableTargetInput) { green(in); in.MaxCapacity = nil }), "ValidationException"},
		"scaling to nothing":            {reg(func(in *sdk.RegisterScalableTargetInput) { in.MinCapacity, in.MaxCapacity = aws.Int32(0), aws.Int32(0) }), "NotImplemented"},
		"another service":               {reg(func(in *sdk.RegisterScalableTargetInput) { in.ServiceNamespace = types.ServiceNamespaceEcs }), "NotImplemented"},
		"another dimension": {reg(func(in *sdk.RegisterScalableTargetInput) {
			in.ScalableDimension = types.ScalableDimensionSageMakerInferenceComponentDesiredCopyCount
		}), "NotImplemented"},
		"another service's dimension": {reg(func(in *sdk.RegisterScalableTargetInput) {
			in.ScalableDimension = types.ScalableDimensionECSServiceDesiredCount
		}), "ValidationException"},
		"tags": {reg(func(in *sdk.RegisterScalableTargetInput) { in.Tags = map[string]string{"a": "b"} }), "NotImplemented"},
		"an unknown target": {bad(deregister, &sdk.DeregisterScalableTargetInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension},
			func(in *sdk.DeregisterScalableTargetInput) { in.ResourceId = other }), "ObjectNotFoundException"},
		"a token that is none": {bad(describeTargets, &sdk.DescribeScalableTargetsInput{ServiceNamespace: sageMaker},
			func(in *sdk.DescribeScalableTargetsInput) { in.NextToken = aws.String("x") }), "InvalidNextTokenException"},
		"too long a page": {bad(describePolicies, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker},
			func(in *sdk.DescribeScalingPoliciesInput) { in.MaxResults = aws.Int32(11) }), "ValidationException"},
		"a dimension without a resource": {bad(describePolicies, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker},
			func(in *sdk.DescribeScalingPoliciesInput) { in.ScalableDimension = variantDimension }), "ValidationException"},
		"activities": {bad((*sdk.Client).DescribeScalingActivities, &sdk.DescribeScalingActivitiesInput{},
			func(in *sdk.DescribeScalingActivitiesInput) { in.ServiceNamespace = sageMaker }), "NotImplemented"},
	}.check(t)
}

func TestRefusedPolicies(t *testing.T) {
	put := func(change func(*types.TargetTrackingScalingPolicyConfiguration)) func(*stage) error {
		return bad(putPolicy, track(change), func(*sdk.PutScalingPolicyInput) {})
	}
	refused{
		"of an unknown target": {bad(putPolicy, step(), func(in *sdk.PutScalingPolicyInput) { in.ResourceId = other }), "ObjectNotFoundException"},
		"without a name":       {bad(putPolicy, step(), func(in *sdk.PutScalingPolicyInput) { in.PolicyName = aws.String("") }), "ValidationException"},
		"to delete, unknown": {bad(deletePolicy, &sdk.DeleteScalingPolicyInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue},
			func(in *sdk.DeleteScalingPolicyInput) { in.PolicyName = aws.String("x") }), "ObjectNotFoundException"},
		"without a target value": {put(func(c *types.TargetTrackingScalingPolicyConfiguration) { c.TargetValue = aws.Float64(0) }), "ValidationException"},
		"without a metric":       {put(func(c *types.TargetTrackingScalingPolicyConfiguration) { c.PredefinedMetricSpecification = nil }), "ValidationException"},
		"a negative cooldown":    {put(func(c *types.TargetTrackingScalingPolicyConfiguration) { c.ScaleInCooldown = aws.Int32(-1) }), "ValidationException"},
		"a label": {put(func(c *types.TargetTrackingScalingPolicyConfiguration) {
			c.PredefinedMetricSpecification.ResourceLabel = aws.String("x")
		}), "ValidationException"},
		"half a metric": {put(func(c *types.TargetTrackingScalingPolicyConfiguration) {
			c.PredefinedMetricSpecification, c.CustomizedMetricSpecification = nil, &types.CustomizedMetricSpecification{MetricName: aws.String("x")}
		}), "ValidationException"},
		"a metric of another service": {put(func(c *types.TargetTrackingScalingPolicyConfiguration) {
			c.PredefinedMetricSpecification.PredefinedMetricType = types.MetricTypeECSServiceAverageCPUUtilization
		}), "ValidationException"},
		"the same metric twice": {func(s *stage) error {
			call(s, putPolicy, track())
			return bad(putPolicy, track(), func(in *sdk.PutScalingPolicyInput) { in.PolicyName = aws.String("again") })(s)
		}, "ValidationException"},
		"another kind than its configuration": {bad(putPolicy, track(), func(in *sdk.PutScalingPolicyInput) { in.PolicyType = types.PolicyTypeStepScaling }), "ValidationException"},
		"a step without bounds": {bad(putPolicy, step(), func(in *sdk.PutScalingPolicyInput) {
			in.StepScalingPolicyConfiguration.StepAdjustments = []types.StepAdjustment{{ScalingAdjustment: aws.Int32(1)}}
		}), "ValidationException"},
		"a step upside down": {bad(putPolicy, step(), func(in *sdk.PutScalingPolicyInput) {
			in.StepScalingPolicyConfiguration.StepAdjustments[0].MetricIntervalUpperBound = aws.Float64(-1)
		}), "ValidationException"},
		"no steps":                     {bad(putPolicy, step(), func(in *sdk.PutScalingPolicyInput) { in.StepScalingPolicyConfiguration.StepAdjustments = nil }), "ValidationException"},
		"no adjustment type":           {bad(putPolicy, step(), func(in *sdk.PutScalingPolicyInput) { in.StepScalingPolicyConfiguration.AdjustmentType = "" }), "ValidationException"},
		"predictive":                   {bad(putPolicy, track(), func(in *sdk.PutScalingPolicyInput) { in.PolicyType = types.PolicyTypePredictiveScaling }), "NotImplemented"},
		"an action without a schedule": {bad(putAction, action("x"), func(in *sdk.PutScheduledActionInput) { in.Schedule = nil }), "ValidationException"},
		"an action to delete, unknown": {bad(deleteAction, &sdk.DeleteScheduledActionInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue},
			func(in *sdk.DeleteScheduledActionInput) { in.ScheduledActionName = aws.String("x") }), "ObjectNotFoundException"},
	}.check(t)
}

func TestPoliciesAndActionsAreDeletedOneByOne(t *testing.T) {
	s := newStage(t)
	call(s, doRegister, register(1, 4))
	call(s, putPolicy, track())
	call(s, putPolicy, step())
	call(s, putAction, action("mornings"))
	call(s, putAction, action("evenings"))
	call(s, deletePolicy, &sdk.DeleteScalingPolicyInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue, PolicyName: aws.String("invocations")})
	call(s, deleteAction, &sdk.DeleteScheduledActionInput{ServiceNamespace: sageMaker, ScalableDimension: variantDimension, ResourceId: blue, ScheduledActionName: aws.String("mornings")})
	p := call(s, describePolicies, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker, PolicyNames: []string{"invocations", "steps"}}).ScalingPolicies
	a := call(s, describeActions, &sdk.DescribeScheduledActionsInput{ServiceNamespace: sageMaker, ScheduledActionNames: []string{"mornings", "evenings"}}).ScheduledActions
	if len(p) != 1 || *p[0].PolicyName != "steps" || len(a) != 1 || *a[0].ScheduledActionName != "evenings" {
		t.Errorf("left are %+v and %+v", p, a)
	}
}

func TestAccess(t *testing.T) {
	s := newStage(t)
	made := call(s, doRegister, register(1, 4, func(in *sdk.RegisterScalableTargetInput) {
		in.RoleARN = aws.String("arn:aws:iam::111122223333:role/scaler")
	}))
	call(s, putPolicy, track())
	call(s, describePolicies, &sdk.DescribeScalingPoliciesInput{ServiceNamespace: sageMaker})
	with := map[string][]string{"application-autoscaling:service-namespace": {"sagemaker"}, "application-autoscaling:scalable-dimension": {"sagemaker:variant:DesiredInstanceCount"}}
	want := []wire.Access{
		{Action: "application-autoscaling:RegisterScalableTarget", Resource: *made.ScalableTargetARN, Conditions: with},
		{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/scaler", Conditions: map[string][]string{"iam:PassedToService": {"application-autoscaling.amazonaws.com"}}},
		{Action: "application-autoscaling:PutScalingPolicy", Resource: *made.ScalableTargetARN, Conditions: with},
		{Action: "application-autoscaling:DescribeScalingPolicies", Resource: "*"},
	}
	if diff := cmp.Diff(want, s.needs); diff != "" {
		t.Error(diff)
	}
}
