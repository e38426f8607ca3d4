package awsmetrics

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/shared/alarm"
	"sluice/shared/awsfault"
	"sluice/shared/capturing"
	"sluice/shared/fault"
)

// Publish fills capturing's metrics. A feature whose name cannot be a dimension's value
// has no metric of its own. Source: Dimension, ASCII only.
func (c *CloudWatch) Publish(ctx context.Context, model string, now time.Time, scores []capturing.Score) error {
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String(capturing.Namespace)}
	for _, s := range scores {
		dimensions := []types.Dimension{{Name: aws.String("Model"), Value: &model}}
		if s.Feature != "" {
			if strings.ContainsFunc(s.Feature, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(s.Feature) == "" {
				continue
			}
			dimensions = append(dimensions, types.Dimension{Name: aws.String("Feature"), Value: &s.Feature})
		}
		in.MetricData = append(in.MetricData, types.MetricDatum{
			MetricName: aws.String(capturing.Metric), Dimensions: dimensions, Timestamp: &now, Value: &s.Value, Unit: types.StandardUnitNone,
		})
	}
	_, err := c.client.PutMetricData(ctx, in)
	return awsfault.Errorf(err, "publishing the drift scores of model %s", model)
}

// Keep fills capturing's metrics. What others add to the alarm, such as actions, is
// lost when its definition must be put right, and only then.
func (c *CloudWatch) Keep(ctx context.Context, want alarm.Alarm, about string) error {
	is, err := c.defined(ctx, want)
	if err != nil || is {
		return err
	}
	s := want.Series[0]
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &want.Name, AlarmDescription: &about, Namespace: &s.Namespace, MetricName: &s.Metric, Statistic: types.Statistic(s.Statistic),
		Period: aws.Int32(int32(want.Period / time.Second)), EvaluationPeriods: aws.Int32(int32(want.Periods)), DatapointsToAlarm: aws.Int32(int32(want.ToAlarm)),
		Threshold: want.Threshold, ComparisonOperator: types.ComparisonOperator(want.Comparison), TreatMissingData: &want.Missing,
	}
	for name, value := range s.Dimensions {
		in.Dimensions = append(in.Dimensions, types.Dimension{Name: &name, Value: &value})
	}
	if _, err := c.client.PutMetricAlarm(ctx, in); err != nil {
		return awsfault.Errorf(err, "writing alarm %s", want.Name)
	}
	if is, err = c.defined(ctx, want); err == nil && !is {
		err = fault.NotReady.Errorf("alarm %s was written, and reads back as another one", want.Name)
	}
	return err
}

// defined reports whether there is an alarm that is defined so. It asks for metric
// alarms only: who asks for composite ones, too, must be permitted to read "*".
func (c *CloudWatch) defined(ctx context.Context, want alarm.Alarm) (bool, error) {
	out, err := c.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{want.Name}, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}})
	if err != nil {
		return false, awsfault.Errorf(err, "reading alarm %s", want.Name)
	}
	for _, a := range out.MetricAlarms {
		is := metricAlarm(a)
		is.State, is.Reason = want.State, want.Reason
		if reflect.DeepEqual(is, want) {
			return true, nil
		}
	}
	return false, nil
}
