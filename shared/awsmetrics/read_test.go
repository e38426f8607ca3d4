package awsmetrics_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/cloudwatch"
	"sluice/local/cloudwatch/metric"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsmetrics"
	"sluice/shared/fault"
	"sluice/shared/judge"
	"sluice/shared/shifting"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// world is a CloudWatch that publishes at once.
type world struct {
	*sim.World
	service *cloudwatch.Service
	srv     *wire.Server
	client  *sdk.Client
	adapter *awsmetrics.CloudWatch
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(start, 7)}
	w.service = cloudwatch.New(w.World, nil, nil)
	w.service.Metrics.Publication = metric.Publication{}
	w.srv = wire.NewServer(w.World)
	w.srv.Register(w.service.Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.client, w.adapter = sdk.NewFromConfig(cfg), awsmetrics.Open(cfg)
	return w
}

// serve records one minute of a variant's requests, each of which took ms.
func (w *world) serve(variant string, n int, requests, bad, callers float64, ms float64) {
	at, dims := start.Add(time.Duration(n)*time.Minute), map[string]string{"EndpointName": "churn", "VariantName": variant}
	record := func(name string, of float64) {
		w.service.Record("AWS/SageMaker", name, dims, at, []float64{0, 1}, []float64{requests - of, of})
	}
	record("Invocations", requests)
	record("Invocation5XXErrors", bad)
	record("Invocation4XXErrors", callers)
	record("InvocationModelErrors", bad+callers)
	w.service.Record("AWS/SageMaker", "ModelLatency", dims, at, []float64{1000 * ms}, []float64{requests})
}

func TestRead(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		for n := range 4 {
			w.serve("old", n, 90, 1, 5, 20)
			w.serve("new", n, 10, float64(n), 0, 30)
		}
	})
	w.RunFor(10 * time.Minute)
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	q := shifting.MetricQuery{Endpoint: "churn", Variants: []string{"old", "new", "gone"}, From: at(1), Until: at(3), Percentile: "p90"}
	want := map[string]shifting.VariantMetrics{
		"old":  {Errors: judge.Points{at(1): {N: 90, Bad: 1}, at(2): {N: 90, Bad: 1}}, Latency: judge.Points{at(1): {N: 90, Value: 20}, at(2): {N: 90, Value: 20}}},
		"new":  {Errors: judge.Points{at(1): {N: 10, Bad: 1}, at(2): {N: 10, Bad: 2}}, Latency: judge.Points{at(1): {N: 10, Value: 30}, at(2): {N: 10, Value: 30}}},
		"gone": {Errors: judge.Points{}, Latency: judge.Points{}},
	}
	var got map[string]shifting.VariantMetrics
	var err error
	w.Do(func() { got, err = w.adapter.Read(ctx, q) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("minutes (-want +got):\n%s", diff)
	}
	q.Percentile = ""
	w.Do(func() { got, err = w.adapter.Read(ctx, q) })
	if err != nil || len(got["old"].Latency) > 0 || len(got["old"].Errors) != 2 {
		t.Errorf("without latency: %v, %v", got, err)
	}
	w.srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	w.Do(func() { _, err = w.adapter.Read(ctx, q) })
	if !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}

// Two weeks of two variants are more than one answer holds.
func TestReadThroughPages(t *testing.T) {
	const days = 8
	w := newWorld(t)
	w.Do(func() {
		for n := -days * 24 * 60; n < 0; n++ {
			w.serve("old", n, 2, 0, 0, 20)
			w.serve("new", n, 1, 0, 0, 20)
		}
	})
	w.RunFor(10 * time.Minute)
	calls := 0
	w.srv.Observe = func(wire.Record) { calls++ }
	var got map[string]shifting.VariantMetrics
	var err error
	q := shifting.MetricQuery{Endpoint: "churn", Variants: []string{"old", "new"}, From: start.Add(-days * 24 * time.Hour), Until: start, Percentile: "p90"}
	w.Do(func() { got, err = w.adapter.Read(ctx, q) })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range q.Variants {
		if e, l := len(got[v].Errors), len(got[v].Latency); e != days*24*60 || l != e {
			t.Errorf("%d and %d minutes of %s in %d calls", e, l, v, calls)
		}
	}
	if calls < 2 {
		t.Errorf("%d call: nothing was paged", calls)
	}
}

func TestStates(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		for _, name := range []string{"five", "slow"} {
			if _, err := w.client.PutMetricAlarm(ctx, &sdk.PutMetricAlarmInput{
				AlarmName: aws.String(name), Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocation5XXErrors"), Statistic: types.StatisticSum,
				Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.client.SetAlarmState(ctx, &sdk.SetAlarmStateInput{AlarmName: aws.String("slow"), StateValue: types.StateValueAlarm, StateReason: aws.String("too slow")}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.client.PutCompositeAlarm(ctx, &sdk.PutCompositeAlarmInput{AlarmName: aws.String("any"), AlarmRule: aws.String(`ALARM("five") OR ALARM("slow")`)}); err != nil {
			t.Fatal(err)
		}
	})
	w.RunFor(time.Second)
	var got []shifting.Alarm
	var err error
	w.Do(func() { got, err = w.adapter.States(ctx, []string{"slow", "nobody", "any", "five", "slow"}) })
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, a := range got {
		states = append(states, a.Name+" "+a.State)
	}
	if diff := cmp.Diff([]string{"slow ALARM", "nobody ", "any ALARM", "five INSUFFICIENT_DATA", "slow ALARM"}, states); diff != "" {
		t.Errorf("in the order of the question (-want +got):\n%s", diff)
	}
	if got[0].Reason != "too slow" {
		t.Errorf("reason %q", got[0].Reason)
	}
	// More than one call can name.
	many := []string{"five"}
	for i := range 150 {
		many = append(many, fmt.Sprint("none", i))
	}
	w.Do(func() { got, err = w.adapter.States(ctx, append(many, "slow")) })
	if err != nil || len(got) != 152 || got[0].State != "INSUFFICIENT_DATA" || got[1].State != "" || got[151].State != "ALARM" {
		t.Errorf("%d alarms, %v", len(got), err)
	}
	calls := 0
	w.srv.Observe = func(wire.Record) { calls++ }
	w.Do(func() { got, err = w.adapter.States(ctx, nil) })
	if err != nil || len(got) > 0 || calls > 0 {
		t.Errorf("no alarms: %v, %v in %d calls; without names CloudWatch would list all", got, err, calls)
	}
}
