package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scalingapi "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	alarmapi "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/local/autoscaling"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/registry"
	"sluice/local/sagemaker/traffic"
)

// instances shows Application Auto Scaling the endpoints of a scene, which nothing
// scales.
type instances struct{ *scene }

func (i instances) Variant(endpoint, variant string) (autoscaling.Variant, bool) {
	e, err := i.sm.Hosting.Describe(endpoint)
	if err != nil {
		return autoscaling.Variant{}, false
	}
	for _, v := range e.ProductionVariants {
		if v.VariantName == variant {
			return autoscaling.Variant{InService: e.EndpointStatus == "InService", Instances: v.CurrentInstanceCount}, true
		}
	}
	return autoscaling.Variant{}, false
}

func (i instances) Resize(endpoint, variant string, count int) error {
	return i.sm.Hosting.Resize(endpoint, variant, count)
}

func (instances) Published(autoscaling.Metric, time.Time, time.Time) []autoscaling.Point { return nil }

// serving is two endpoints, on 4 and on 20 instances, each with a second version that
// is approved and a third one that is not yet, and alarms as people make them.
func (s *scene) serving() {
	for model, n := range map[string]int{"churn": 4, "fraud": 20} {
		_, err := s.sm.Seed(sagemaker.Champion{Endpoint: model + "-prod", Group: model, Image: "xgboost:1.7", ModelDataURL: "s3://models/" + model + "/1", Instances: n})
		s.must(err)
		s.register(model, "Approved", "xgboost:1.7", "s3://models/"+model+"/2")
		s.register(model, "PendingManualApproval", "xgboost:1.8", "s3://models/"+model+"/2")
	}
	errors := func(name, statistic string, periods int32, seconds int32, threshold float64) {
		s.alarm(alarmapi.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocation5XXErrors"), Statistic: alarmtypes.Statistic(statistic),
			Dimensions: dimensions("EndpointName", "churn-prod", "VariantName", "AllTraffic"),
			Period:     &seconds, EvaluationPeriods: &periods, Threshold: &threshold, ComparisonOperator: alarmtypes.ComparisonOperatorGreaterThanThreshold,
		})
	}
	errors("guide", "Average", 2, 600, 1)
	errors("sam", "Sum", 1, 60, 0)
	s.alarm(alarmapi.PutMetricAlarmInput{
		AlarmName: aws.String("edge"), Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HTTPCode_Target_5XX_Count"), Statistic: alarmtypes.StatisticSum,
		Dimensions: dimensions("LoadBalancer", "app/churn/1"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2),
		Threshold: aws.Float64(100), ComparisonOperator: alarmtypes.ComparisonOperatorGreaterThanThreshold,
	})
	client := alarmapi.NewFromConfig(s.cfg)
	_, err := client.PutCompositeAlarm(s.ctx, &alarmapi.PutCompositeAlarmInput{AlarmName: aws.String("both"), AlarmRule: aws.String("ALARM(guide) AND ALARM(sam)")})
	s.must(err)
	s.alarm(alarmapi.PutMetricAlarmInput{
		AlarmName: aws.String("ringing"), Namespace: aws.String("Acme"), MetricName: aws.String("Errors"), Statistic: alarmtypes.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: alarmtypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore"),
	})
	_, err = client.SetAlarmState(s.ctx, &alarmapi.SetAlarmStateInput{AlarmName: aws.String("ringing"), StateValue: "ALARM", StateReason: aws.String("7 errors a minute")})
	s.must(err)
}

// register registers the next version of a model.
func (s *scene) register(model, approval, image, data string) {
	_, err := s.sm.Registry.Add(registry.Definition{ModelPackageGroupName: model, ModelApprovalStatus: approval, InferenceSpecification: &registry.Inference{
		Containers: []registry.Container{{Image: image, ModelDataURL: data}}, SupportedContentTypes: []string{"text/csv"}, SupportedResponseMIMETypes: []string{"text/csv"},
	}}, traffic.Behaviour{})
	s.must(err)
}

func (s *scene) alarm(in alarmapi.PutMetricAlarmInput) {
	_, err := alarmapi.NewFromConfig(s.cfg).PutMetricAlarm(s.ctx, &in)
	s.must(err)
}

func dimensions(name, value string, more ...string) []alarmtypes.Dimension {
	all := []alarmtypes.Dimension{{Name: &name, Value: &value}}
	if len(more) > 0 {
		all = append(all, dimensions(more[0], more[1], more[2:]...)...)
	}
	return all
}

// scaled gives churn-prod an autoscaling that allows 5 instances.
func (s *scene) scaled() {
	_, err := scalingapi.NewFromConfig(s.cfg).RegisterScalableTarget(s.ctx, &scalingapi.RegisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceSagemaker, ScalableDimension: scalingtypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/churn-prod/variant/AllTraffic"), MinCapacity: aws.Int32(2), MaxCapacity: aws.Int32(5),
	})
	s.must(err)
}
