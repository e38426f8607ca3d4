package awsmetrics_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/alarm"
	"sluice/shared/capturing"
	"sluice/shared/fault"
)

func TestPublish(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		scores := []capturing.Score{{Feature: "age", Value: 2.5}, {Feature: "größe", Value: 3}, {Feature: " ", Value: 3}, {Value: 1.5}}
		for range 2 { // a crash may repeat it
			if err := w.adapter.Publish(ctx, "churn", start, scores); err != nil {
				t.Fatal(err)
			}
		}
	})
	w.RunFor(10 * time.Minute)
	got := map[string]float64{}
	w.Do(func() {
		out, err := w.client.ListMetrics(ctx, &sdk.ListMetricsInput{Namespace: aws.String("Sluice")})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Metrics {
			name := aws.ToString(m.MetricName)
			for _, d := range m.Dimensions {
				name += " " + aws.ToString(d.Name) + "=" + aws.ToString(d.Value)
			}
			stats, err := w.client.GetMetricStatistics(ctx, &sdk.GetMetricStatisticsInput{
				Namespace: m.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions, StartTime: aws.Time(start), EndTime: aws.Time(start.Add(time.Hour)),
				Period: aws.Int32(300), Statistics: []types.Statistic{types.StatisticMaximum},
			})
			if err != nil {
				t.Fatal(err)
			}
			got[name] = aws.ToFloat64(stats.Datapoints[0].Maximum)
		}
	})
	want := map[string]float64{"DriftScore Feature=age Model=churn": 2.5, "DriftScore Model=churn": 1.5} // other names are none that a dimension takes
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func ours() alarm.Alarm {
	return alarm.Alarm{
		Name: "sluice-drift-churn", Period: 5 * time.Minute, Periods: 1, ToAlarm: 1, Comparison: "GreaterThanThreshold", Threshold: aws.Float64(1), Missing: "ignore",
		Series: []alarm.Series{{Namespace: "Sluice", Metric: "DriftScore", Statistic: "Maximum", Dimensions: map[string]string{"Model": "churn"}}},
	}
}

// TestKeep: the alarm is made, left alone while it is as it should be, and put right.
func TestKeep(t *testing.T) {
	w := newWorld(t)
	var calls []string
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		calls = append(calls, c.Operation)
		return wire.NoFault
	}
	keep := func(want ...string) {
		t.Helper()
		calls = nil
		if err := w.adapter.Keep(ctx, ours(), "what it is for"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	}
	w.Do(func() {
		keep("DescribeAlarms", "PutMetricAlarm", "DescribeAlarms")
		keep("DescribeAlarms")
		if _, err := w.client.SetAlarmState(ctx, &sdk.SetAlarmStateInput{AlarmName: aws.String("sluice-drift-churn"), StateValue: types.StateValueAlarm, StateReason: aws.String("x")}); err != nil {
			t.Fatal(err)
		}
		keep("DescribeAlarms") // its state is its own
		other := five("sluice-drift-churn")
		w.putAlarm(t, other)
		keep("DescribeAlarms", "PutMetricAlarm", "DescribeAlarms")
		all, err := w.adapter.Definitions(ctx, []string{"sluice-drift-churn"})
		if err != nil || all[0].State != "ALARM" || all[0].Series[0].Metric != "DriftScore" {
			t.Errorf("it is %+v, %v", all, err)
		}
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if c.Operation == "PutMetricAlarm" {
				return wire.Throttle
			}
			return wire.NoFault
		}
		w.putAlarmFails(t)
	})
}

func (w *world) putAlarmFails(t *testing.T) {
	t.Helper()
	another := ours()
	another.Name = "sluice-drift-fraud"
	if err := w.adapter.Keep(ctx, another, "x"); !fault.Is(err, fault.Throttled) {
		t.Errorf("it cannot be written: %v", err)
	}
}
