package awsmetrics

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/shared/alarm"
	"sluice/shared/awsfault"
	"sluice/shared/shifting"
)

// maxAlarms is how many alarms one call may name. Source: AWS.md C.2.
const maxAlarms = 100

// States fills shifting's alarms.
func (c *CloudWatch) States(ctx context.Context, names []string) ([]shifting.Alarm, error) {
	found := map[string]alarm.Alarm{}
	if err := c.describe(ctx, names, found); err != nil {
		return nil, err
	}
	states := make([]shifting.Alarm, len(names))
	for i, name := range names {
		a := found[name]
		states[i] = shifting.Alarm{Name: name, State: a.State, Reason: a.Reason}
	}
	return states, nil
}

// Definitions fills shifting's alarms. It reads the alarms that composite ones name,
// level by level; a child that cannot be found is in its parent without a state.
func (c *CloudWatch) Definitions(ctx context.Context, names []string) ([]alarm.Alarm, error) {
	found := map[string]alarm.Alarm{}
	asked := map[string]bool{}
	for next := names; len(next) > 0; {
		if err := c.describe(ctx, next, found); err != nil {
			return nil, err
		}
		var children []string
		for _, name := range next {
			asked[name] = true
			children = append(children, named(found[name])...)
		}
		slices.Sort(children)
		next = slices.DeleteFunc(slices.Compact(children), func(name string) bool { return asked[name] })
	}
	all := make([]alarm.Alarm, len(names))
	for i, name := range names {
		all[i] = whole(name, found, nil)
	}
	return all, nil
}

// named are the alarms that a composite alarm names; none where its rule cannot be
// read.
func named(a alarm.Alarm) []string {
	if !a.Composite() {
		return nil
	}
	r, err := alarm.ParseRule(a.Rule)
	if err != nil {
		return nil
	}
	return r.Names()
}

// whole is an alarm with its children. above are the alarms that it is a child of:
// composite alarms may name each other in a circle, where CloudWatch evaluates none of
// them (PutCompositeAlarm), and that is cut.
func whole(name string, found map[string]alarm.Alarm, above []string) alarm.Alarm {
	a := found[name]
	a.Name = name
	above = append(slices.Clone(above), name)
	for _, child := range named(a) {
		if !slices.Contains(above, child) {
			a.Children = append(a.Children, whole(child, found, above))
		}
	}
	return a
}

// describe reads alarms into found; those that there are.
func (c *CloudWatch) describe(ctx context.Context, names []string, found map[string]alarm.Alarm) error {
	for some := range slices.Chunk(names, maxAlarms) {
		out, err := c.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: some,
			AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
			MaxRecords: aws.Int32(maxAlarms),
		})
		if err != nil {
			return awsfault.Errorf(err, "reading alarms")
		}
		for _, a := range out.MetricAlarms {
			found[aws.ToString(a.AlarmName)] = metricAlarm(a)
		}
		for _, a := range out.CompositeAlarms {
			found[aws.ToString(a.AlarmName)] = alarm.Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Reason: aws.ToString(a.StateReason), Rule: aws.ToString(a.AlarmRule)}
		}
	}
	return nil
}

// metricAlarm is a metric alarm in the domain's words. One on a PromQL query has no
// series.
func metricAlarm(in types.MetricAlarm) alarm.Alarm {
	a := alarm.Alarm{
		Name: aws.ToString(in.AlarmName), State: string(in.StateValue), Reason: aws.ToString(in.StateReason),
		Period: seconds(in.Period), Periods: int(aws.ToInt32(in.EvaluationPeriods)), ToAlarm: int(aws.ToInt32(in.DatapointsToAlarm)),
		Comparison: string(in.ComparisonOperator), Threshold: in.Threshold, Missing: aws.ToString(in.TreatMissingData),
	}
	if a.ToAlarm == 0 {
		a.ToAlarm = a.Periods
	}
	if in.MetricName != nil {
		stat := string(in.Statistic)
		if stat == "" {
			stat = aws.ToString(in.ExtendedStatistic)
		}
		a.Series = []alarm.Series{series(aws.ToString(in.Namespace), aws.ToString(in.MetricName), in.Dimensions, stat)}
		return a
	}
	for _, q := range in.Metrics {
		watched := (q.ReturnData == nil || *q.ReturnData) && aws.ToString(q.Id) != aws.ToString(in.ThresholdMetricId)
		switch m := q.MetricStat; {
		case m != nil && watched: // it compares this one metric, whatever its band is made of
			a.Series = []alarm.Series{series(aws.ToString(m.Metric.Namespace), aws.ToString(m.Metric.MetricName), m.Metric.Dimensions, aws.ToString(m.Stat))}
			a.Period = seconds(m.Period)
			return a
		case m != nil:
			a.Series = append(a.Series, series(aws.ToString(m.Metric.Namespace), aws.ToString(m.Metric.MetricName), m.Metric.Dimensions, aws.ToString(m.Stat)))
			a.Period = max(a.Period, seconds(m.Period))
		case watched:
			a.Expression = aws.ToString(q.Expression)
			a.Period = max(a.Period, seconds(q.Period))
		}
	}
	return a
}

func series(namespace, metric string, dimensions []types.Dimension, statistic string) alarm.Series {
	s := alarm.Series{Namespace: namespace, Metric: metric, Statistic: statistic, Dimensions: map[string]string{}}
	for _, d := range dimensions {
		s.Dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return s
}

func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }
