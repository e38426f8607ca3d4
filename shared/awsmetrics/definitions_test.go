package awsmetrics_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/alarm"
	"sluice/shared/fault"
)

func dimensions(pairs ...string) []types.Dimension {
	var all []types.Dimension
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, types.Dimension{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return all
}

func (w *world) putAlarm(t *testing.T, in sdk.PutMetricAlarmInput) {
	t.Helper()
	if _, err := w.client.PutMetricAlarm(ctx, &in); err != nil {
		t.Fatal(err)
	}
}

func (w *world) putComposite(t *testing.T, name, rule string) {
	t.Helper()
	if _, err := w.client.PutCompositeAlarm(ctx, &sdk.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule}); err != nil {
		t.Fatal(err)
	}
}

// five is an alarm on the errors of one variant.
func five(name string) sdk.PutMetricAlarmInput {
	return sdk.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocation5XXErrors"), Statistic: types.StatisticAverage,
		Dimensions: dimensions("EndpointName", "churn", "VariantName", "old"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), DatapointsToAlarm: aws.Int32(3),
		Threshold: aws.Float64(0.05), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
	}
}

func stat(id, metric, statistic string, returned bool) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, ReturnData: &returned, MetricStat: &types.MetricStat{
		Period: aws.Int32(300), Stat: &statistic,
		Metric: &types.Metric{Namespace: aws.String("AWS/SageMaker"), MetricName: &metric, Dimensions: dimensions("EndpointName", "churn", "VariantName", "old")},
	}}
}

func TestDefinitions(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		w.putAlarm(t, five("five"))
		slow := five("slow")
		slow.MetricName, slow.Statistic, slow.ExtendedStatistic, slow.DatapointsToAlarm = aws.String("ModelLatency"), "", aws.String("p90"), nil
		w.putAlarm(t, slow)
		math := sdk.PutMetricAlarmInput{
			AlarmName: aws.String("ratio"), EvaluationPeriods: aws.Int32(2), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
			Metrics: []types.MetricDataQuery{
				stat("bad", "Invocation5XXErrors", "Sum", false), stat("all", "Invocations", "Sum", false),
				{Id: aws.String("share"), Expression: aws.String("100 * bad / all"), ReturnData: aws.Bool(true)},
			},
		}
		w.putAlarm(t, math)
		math.AlarmName, math.Metrics = aws.String("plain"), []types.MetricDataQuery{stat("bad", "Invocation5XXErrors", "Sum", true)}
		w.putAlarm(t, math)
		w.putAlarm(t, five("gone"))
		w.putComposite(t, "inner", `ALARM("slow") OR ALARM("gone")`)
		w.putComposite(t, "outer", `ALARM("five") OR (ALARM("inner") AND NOT OK("slow"))`)
		if _, err := w.client.DeleteAlarms(ctx, &sdk.DeleteAlarmsInput{AlarmNames: []string{"gone"}}); err != nil {
			t.Fatal(err)
		}
	})
	w.RunFor(time.Second)
	var got []alarm.Alarm
	var err error
	w.Do(func() { got, err = w.adapter.Definitions(ctx, []string{"outer", "ratio", "nobody", "plain"}) })
	if err != nil {
		t.Fatal(err)
	}
	const initial = "Unchecked: Initial alarm creation"
	old := map[string]string{"EndpointName": "churn", "VariantName": "old"}
	series := func(metric, statistic string) alarm.Series {
		return alarm.Series{Namespace: "AWS/SageMaker", Metric: metric, Statistic: statistic, Dimensions: old}
	}
	fiveIs := alarm.Alarm{
		Name: "five", State: "INSUFFICIENT_DATA", Reason: initial, Series: []alarm.Series{series("Invocation5XXErrors", "Average")},
		Period: time.Minute, Periods: 5, ToAlarm: 3, Comparison: "GreaterThanThreshold", Threshold: aws.Float64(0.05), Missing: "notBreaching",
	}
	slowIs := fiveIs
	slowIs.Name, slowIs.Series, slowIs.ToAlarm = "slow", []alarm.Series{series("ModelLatency", "p90")}, 5
	want := []alarm.Alarm{
		{
			Name: "outer", State: "OK", Rule: `ALARM("five") OR (ALARM("inner") AND NOT OK("slow"))`,
			Children: []alarm.Alarm{fiveIs, {Name: "inner", State: "OK", Rule: `ALARM("slow") OR ALARM("gone")`, Children: []alarm.Alarm{slowIs, {Name: "gone"}}}, slowIs},
		},
		{
			Name: "ratio", State: "INSUFFICIENT_DATA", Reason: initial, Expression: "100 * bad / all", Series: []alarm.Series{series("Invocation5XXErrors", "Sum"), series("Invocations", "Sum")},
			Period: 5 * time.Minute, Periods: 2, ToAlarm: 2, Comparison: "GreaterThanOrEqualToThreshold", Threshold: aws.Float64(1),
		},
		{Name: "nobody"},
		{
			Name: "plain", State: "INSUFFICIENT_DATA", Reason: initial, Series: []alarm.Series{series("Invocation5XXErrors", "Sum")},
			Period: 5 * time.Minute, Periods: 2, ToAlarm: 2, Comparison: "GreaterThanOrEqualToThreshold", Threshold: aws.Float64(1),
		},
	}
	if !strings.Contains(got[0].Reason, "alarm:inner transitioned to OK") {
		t.Errorf("the composite alarm's reason is %q", got[0].Reason)
	}
	got[0].Reason, got[0].Children[1].Reason = "", ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("definitions (-want +got):\n%s", diff)
	}
}

// A composite alarm may name more alarms than one call can.
func TestDefinitionsInMoreThanOneCall(t *testing.T) {
	w := newWorld(t)
	var rules [2][]string
	w.Do(func() {
		for i := range 140 {
			name := fmt.Sprint("five", i)
			w.putAlarm(t, five(name))
			rules[i%2] = append(rules[i%2], fmt.Sprintf("ALARM(%q)", name))
		}
		w.putComposite(t, "even", strings.Join(rules[0], " OR "))
		w.putComposite(t, "odd", strings.Join(rules[1], " OR "))
	})
	var got []alarm.Alarm
	var err error
	w.Do(func() { got, err = w.adapter.Definitions(ctx, []string{"even", "odd"}) })
	if err != nil || len(got) != 2 || len(got[0].Children) != 70 || len(got[1].Children) != 70 {
		t.Fatalf("%d alarms, %v", len(got), err)
	}
	for i, c := range append(got[0].Children, got[1].Children...) {
		if c.State == "" || len(c.Series) != 1 {
			t.Errorf("child %d is %+v", i, c)
		}
	}
	w.srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	w.Do(func() { _, err = w.adapter.Definitions(ctx, []string{"even"}) })
	if !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
	calls := 0
	w.srv.Fault, w.srv.Observe = nil, func(wire.Record) { calls++ }
	w.Do(func() { got, err = w.adapter.Definitions(ctx, nil) })
	if err != nil || len(got) > 0 || calls > 0 {
		t.Errorf("no alarms: %v, %v in %d calls; without names CloudWatch would list all", got, err, calls)
	}
}
