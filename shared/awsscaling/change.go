package awsscaling

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"sluice/shared/awsfault"
)

// register makes a target, or gives one other limits and suspensions. Its role is
// AWS's own, which exists since the first variant was registered.
func (s *Scaling) register(ctx context.Context, t target, want state) error {
	_, err := s.client.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(),
		MinCapacity: aws.Int32(int32(want.min)), MaxCapacity: aws.Int32(int32(want.max)),
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended: &want.settings.Suspended.In, DynamicScalingOutSuspended: &want.settings.Suspended.Out,
			ScheduledScalingSuspended: &want.settings.Suspended.Scheduled,
		},
	})
	return awsfault.Errorf(err, "registering %s for autoscaling", *t.id())
}

// change brings policies and scheduled actions from is to want. It only writes what
// differs. What goes goes first: two policies may not track the same metric.
func (s *Scaling) change(ctx context.Context, t target, is, want settings, copied bool) error {
	if copied {
		if err := s.drop(ctx, t, is, want); err != nil {
			return err
		}
	}
	for _, p := range want.Policies {
		if has(is.Policies, p) {
			continue
		}
		_, err := s.client.PutScalingPolicy(ctx, &applicationautoscaling.PutScalingPolicyInput{
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(), PolicyName: &p.Name, PolicyType: p.Type,
			TargetTrackingScalingPolicyConfiguration: p.Tracking, StepScalingPolicyConfiguration: p.Step, PredictiveScalingPolicyConfiguration: p.Predictive,
		})
		if err != nil {
			return awsfault.Errorf(err, "giving %s the scaling policy %s", *t.id(), p.Name)
		}
	}
	for _, a := range want.Actions {
		if has(is.Actions, a) {
			continue
		}
		_, err := s.client.PutScheduledAction(ctx, &applicationautoscaling.PutScheduledActionInput{
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(), ScheduledActionName: &a.Name,
			Schedule: a.Schedule, Timezone: a.Timezone, StartTime: a.Start, EndTime: a.End, ScalableTargetAction: a.Capacity,
		})
		if err != nil {
			return awsfault.Errorf(err, "giving %s the scheduled action %s", *t.id(), a.Name)
		}
	}
	return nil
}

// drop deletes what want does not have.
func (s *Scaling) drop(ctx context.Context, t target, is, want settings) error {
	for _, p := range is.Policies {
		if called(want.Policies, p.Name) {
			continue
		}
		_, err := s.client.DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(), PolicyName: &p.Name,
		})
		if err := unlessGone(awsfault.Errorf(err, "deleting the scaling policy %s of %s", p.Name, *t.id())); err != nil {
			return err
		}
	}
	for _, a := range is.Actions {
		if called(want.Actions, a.Name) {
			continue
		}
		_, err := s.client.DeleteScheduledAction(ctx, &applicationautoscaling.DeleteScheduledActionInput{
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: t.id(), ScheduledActionName: &a.Name,
		})
		if err := unlessGone(awsfault.Errorf(err, "deleting the scheduled action %s of %s", a.Name, *t.id())); err != nil {
			return err
		}
	}
	return nil
}
