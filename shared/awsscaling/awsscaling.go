// Package awsscaling reads and writes the autoscaling of SageMaker variants. It fills
// shifting's scaling: what a rollout finds on one variant it keeps, and gives to
// another variant of the endpoint.
//
// Every call names a policy by its resource and its name, and its ARN holds both:
// all variants have theirs under the same names (API reference, PutScalingPolicy and
// ScalingPolicy). Not carried over: what calls a step scaling policy. That is an alarm
// of its owner's, which names the ARN of one policy; a copy has its own. UNVERIFIED:
// whether a scheduled action is taken whose times have passed; one that is there
// already is not put again.
package awsscaling

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"sluice/shared/awsfault"
	"sluice/shared/fault"
	"sluice/shared/rollout"
)

// Scaling is Application Auto Scaling, for the instances of SageMaker variants.
type Scaling struct {
	client *applicationautoscaling.Client
}

// Open returns Application Auto Scaling.
func Open(cfg aws.Config) *Scaling {
	return &Scaling{client: applicationautoscaling.NewFromConfig(cfg)}
}

// The one kind of target that rollouts touch. Source: AWS.md B.7.
const (
	namespace = types.ServiceNamespaceSagemaker
	dimension = types.ScalableDimensionSageMakerVariantDesiredInstanceCount
)

// target names a variant as a scalable target.
type target struct{ endpoint, variant string }

func (t target) id() *string { return aws.String("endpoint/" + t.endpoint + "/variant/" + t.variant) }

// state is the autoscaling of a target.
type state struct {
	min, max int
	settings settings
}

// Read is the autoscaling of a variant, with all its policies and scheduled actions;
// nil if it has none.
func (s *Scaling) Read(ctx context.Context, endpoint, variant string) (*rollout.Scaling, error) {
	is, err := s.read(ctx, target{endpoint, variant})
	if err != nil || is == nil {
		return nil, err
	}
	text, err := is.settings.text()
	return &rollout.Scaling{Min: is.min, Max: is.max, Settings: text}, err
}

// Ensure gives a variant this autoscaling, or finds that it has it. Metrics of the
// variant that it was read from become the variant's own. What else hangs on a copy
// goes: Sluice has put it there. On the variant that it was read from it stays:
// somebody has added it since. Errors: NotReady if what was written cannot be read
// back yet, Invalid if the settings are not this package's.
func (s *Scaling) Ensure(ctx context.Context, endpoint, variant string, scaling rollout.Scaling) error {
	t := target{endpoint, variant}
	found, err := read(scaling.Settings)
	if err != nil {
		return err
	}
	want := state{scaling.Min, scaling.Max, found.on(t)}
	copied := found.Variant != variant
	is, err := s.read(ctx, t)
	if err != nil {
		return err
	}
	if is == nil || !is.limits(want) {
		if err := s.register(ctx, t, want); err != nil {
			return err
		}
	}
	if is == nil {
		is = &state{}
	}
	if err := s.change(ctx, t, is.settings, want.settings, copied); err != nil {
		return err
	}
	if is, err = s.read(ctx, t); err != nil {
		return err
	}
	if is == nil || !is.limits(want) || !is.settings.hold(want.settings, copied) {
		return fault.NotReady.Errorf("variant %s of endpoint %s does not show the autoscaling that it was given; it may take a moment", variant, endpoint)
	}
	return nil
}

// Remove takes a variant's autoscaling away, with its policies and scheduled actions.
// That it has none is no error.
func (s *Scaling) Remove(ctx context.Context, endpoint, variant string) error {
	t := target{endpoint, variant}
	_, err := s.client.DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(),
	})
	return unlessGone(awsfault.Errorf(err, "removing the autoscaling of %s", *t.id()))
}

func unlessGone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// limits reports whether both have the same limits and suspensions.
func (is state) limits(want state) bool {
	return is.min == want.min && is.max == want.max && is.settings.Suspended == want.settings.Suspended
}

// read reads all of a target; nil if there is none.
func (s *Scaling) read(ctx context.Context, t target) (*state, error) {
	is, err := s.target(ctx, t)
	if err != nil || is == nil {
		return nil, err
	}
	if is.settings.Policies, err = s.policies(ctx, t); err != nil {
		return nil, err
	}
	is.settings.Actions, err = s.actions(ctx, t)
	return is, err
}

// target reads a target itself. A page may be empty and not the last.
func (s *Scaling) target(ctx context.Context, t target) (*state, error) {
	pages := applicationautoscaling.NewDescribeScalableTargetsPaginator(s.client, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceIds: []string{*t.id()},
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "reading the autoscaling of %s", *t.id())
		}
		for _, found := range out.ScalableTargets {
			return &state{
				min: int(aws.ToInt32(found.MinCapacity)), max: int(aws.ToInt32(found.MaxCapacity)),
				settings: settings{Variant: t.variant, Suspended: suspensionOf(found.SuspendedState)},
			}, nil
		}
	}
	return nil, nil
}

func (s *Scaling) policies(ctx context.Context, t target) ([]policy, error) {
	var all []policy
	pages := applicationautoscaling.NewDescribeScalingPoliciesPaginator(s.client, &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(),
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "reading the scaling policies of %s", *t.id())
		}
		for _, p := range out.ScalingPolicies {
			all = append(all, policy{
				Name: aws.ToString(p.PolicyName), Type: p.PolicyType,
				Tracking: p.TargetTrackingScalingPolicyConfiguration, Step: p.StepScalingPolicyConfiguration, Predictive: p.PredictiveScalingPolicyConfiguration,
			})
		}
	}
	slices.SortFunc(all, byName)
	return all, nil
}

func (s *Scaling) actions(ctx context.Context, t target) ([]action, error) {
	var all []action
	pages := applicationautoscaling.NewDescribeScheduledActionsPaginator(s.client, &applicationautoscaling.DescribeScheduledActionsInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(),
	})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "reading the scheduled actions of %s", *t.id())
		}
		for _, a := range out.ScheduledActions {
			all = append(all, action{
				Name: aws.ToString(a.ScheduledActionName), Schedule: a.Schedule, Timezone: a.Timezone,
				Start: a.StartTime, End: a.EndTime, Capacity: a.ScalableTargetAction,
			})
		}
	}
	slices.SortFunc(all, byName)
	return all, nil
}
