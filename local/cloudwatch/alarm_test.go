package cloudwatch_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

const topic = "arn:aws:sns:us-east-1:111122223333:alarms"

func errorAlarm(name string) *sdk.PutMetricAlarmInput {
	return &sdk.PutMetricAlarmInput{
		AlarmName: &name, AlarmDescription: aws.String("5xx rate"), Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocation5XXErrors"),
		Dimensions: endpointDims(), Statistic: types.StatisticAverage, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), DatapointsToAlarm: aws.Int32(1),
		Threshold: aws.Float64(0.01), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, AlarmActions: []string{topic},
	}
}

// story is the alarm's state changes: when, and to what.
func (s *stage) story() []string {
	var out []string
	for _, e := range s.events {
		d := decode(s.t, e.detail)
		out = append(out, fmt.Sprintf("%s %s %s", e.at.Format("15:04:05"), d["alarmName"], d["state"].(map[string]any)["value"]))
	}
	return out
}

func decode(t *testing.T, v any) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAlarmStory(t *testing.T) {
	s := newStage(t)
	do(s, s.client.PutMetricAlarm, errorAlarm("errors"))
	for n := range 12 {
		bad := 0
		if n >= 4 && n < 6 {
			bad = 25
		}
		s.requests(n, 100, bad)
	}
	s.world.RunFor(14 * time.Minute)
	want := []string{ // a minute is published a minute after its end, and looked at 20 s later
		"11:02:20 errors OK", "11:06:20 errors ALARM", "11:08:20 errors OK",
	}
	if diff := cmp.Diff(want, s.story()); diff != "" {
		t.Errorf("state changes (-want +got):\n%s", diff)
	}
	detail := decode(t, s.events[1].detail)
	metrics := detail["configuration"].(map[string]any)["metrics"].([]any)[0].(map[string]any)
	if id := metrics["id"].(string); len(id) != 36 {
		t.Errorf("the metric's id is %q, not a UUID", id)
	}
	delete(metrics, "id")
	wantDetail := map[string]any{
		"alarmName": "errors",
		"configuration": map[string]any{"description": "5xx rate", "metrics": []any{map[string]any{
			"metricStat": map[string]any{"metric": map[string]any{
				"namespace": "AWS/SageMaker", "name": "Invocation5XXErrors", "dimensions": map[string]any{"EndpointName": "churn", "VariantName": "AllTraffic"},
			}, "period": 60.0, "stat": "Average"}, "returnData": true}}},
		"previousState": map[string]any{
			"value": "OK", "timestamp": "2026-03-02T11:02:20.000+0000",
			"reason":     "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (02/03/26 11:00:00)] was not greater than the threshold (0.01) (minimum 1 datapoint for ALARM -> OK transition).",
			"reasonData": `{"version":"1.0","queryDate":"2026-03-02T11:02:20.000+0000","startDate":"2026-03-02T11:00:00.000+0000","statistic":"Average","period":60,"recentDatapoints":[0.0],"threshold":0.01}`,
		},
		"state": map[string]any{
			"value": "ALARM", "timestamp": "2026-03-02T11:06:20.000+0000",
			"reason":     "Threshold Crossed: 1 out of the last 1 datapoints [0.25 (02/03/26 11:04:00)] was greater than the threshold (0.01) (minimum 1 datapoint for OK -> ALARM transition).",
			"reasonData": `{"version":"1.0","queryDate":"2026-03-02T11:06:20.000+0000","startDate":"2026-03-02T11:04:00.000+0000","statistic":"Average","period":60,"recentDatapoints":[0.25],"threshold":0.01}`,
		},
	}
	if diff := cmp.Diff(wantDetail, detail); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if want := []string{"arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors"}; !slices.Equal(want, s.events[1].resources) {
		t.Errorf("resources %v", s.events[1].resources)
	}
	s.checkNotification()
}

// checkNotification holds the one message to the topic against the type that
// Lambda functions read it with.
func (s *stage) checkNotification() {
	s.t.Helper()
	if len(s.acts) != 1 || s.acts[0].arn != topic {
		s.t.Fatalf("actions %v", s.acts)
	}
	var m events.CloudWatchAlarmSNSPayload
	if err := json.Unmarshal(s.acts[0].message, &m); err != nil {
		s.t.Fatal(err)
	}
	if m.AlarmName != "errors" || m.NewStateValue != "ALARM" || m.OldStateValue != "OK" || m.Trigger.Statistic != "AVERAGE" || m.Trigger.Threshold != 0.01 || len(m.Trigger.Dimensions) != 2 {
		s.t.Errorf("message %s", s.acts[0].message)
	}
}

func TestNewAlarmIsUnchecked(t *testing.T) {
	s := newStage(t)
	do(s, s.client.PutMetricAlarm, errorAlarm("errors"))
	a := do(s, s.client.DescribeAlarms, &sdk.DescribeAlarmsInput{}).MetricAlarms[0]
	if a.StateValue != types.StateValueInsufficientData || *a.StateReason != "Unchecked: Initial alarm creation" || !*a.ActionsEnabled || *a.Threshold != 0.01 {
		t.Errorf("a new alarm is %+v", a)
	}
	s.world.RunFor(time.Hour)
	if len(s.events) != 0 {
		t.Errorf("without data it changed: %v", s.story())
	}
}

func TestMetricMathAlarm(t *testing.T) {
	s := newStage(t)
	in := &sdk.PutMetricAlarmInput{
		AlarmName: aws.String("rate"), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"), Metrics: []types.MetricDataQuery{
			{Id: aws.String("e1"), Expression: aws.String("100*m1/m2"), Label: aws.String("error rate")},
			query("m1", "Invocation5XXErrors", "Sum"), query("m2", "Invocations", "Sum"),
		},
	}
	if _, err := try(s, s.client.PutMetricAlarm, in); code(err) != "ValidationError" {
		t.Fatalf("three queries that return data: %v", err)
	}
	in.Metrics[1].ReturnData, in.Metrics[2].ReturnData = aws.Bool(false), aws.Bool(false)
	do(s, s.client.PutMetricAlarm, in)
	for n, bad := range []int{0, 0, 5, 0, 5, 0, 0, 0} {
		s.requests(n, 100, bad)
	}
	s.world.RunFor(20 * time.Minute)
	want := []string{"11:00:20 rate OK", "11:06:20 rate ALARM", "11:07:20 rate OK"}
	if diff := cmp.Diff(want, s.story()); diff != "" {
		t.Errorf("state changes (-want +got):\n%s", diff)
	}
	d := decode(t, s.events[1].detail)
	reason := d["state"].(map[string]any)["reasonData"].(string)
	if want := `{"version":"1.0","queryDate":"2026-03-02T11:06:20.000+0000","startDate":"2026-03-02T11:02:00.000+0000","period":60,"recentDatapoints":[5.0,0.0,5.0],"threshold":1.0}`; reason != want {
		t.Errorf("reason data %s", reason)
	}
	first := d["configuration"].(map[string]any)["metrics"].([]any)[0]
	if diff := cmp.Diff(map[string]any{"expression": "100*m1/m2", "id": "e1", "label": "error rate", "returnData": true}, first); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestFiveMinutesSlide(t *testing.T) {
	s := newStage(t)
	in := errorAlarm("sum")
	in.Statistic, in.Period, in.Threshold, in.TreatMissingData = types.StatisticSum, aws.Int32(300), aws.Float64(9), aws.String("notBreaching")
	do(s, s.client.PutMetricAlarm, in)
	for n := range 12 { // ten failures from 11:03 to 11:07, not within any five minutes of the clock face
		s.requests(n, 100, map[int]int{3: 4, 6: 6}[n])
	}
	s.world.RunFor(12 * time.Minute)
	if got := s.story(); len(got) < 2 || !strings.HasSuffix(got[1], "ALARM") {
		t.Errorf("state changes %v", got)
	}
}

// An alarm whose metric is silent is not computed, and misses nothing by that: it hears
// of data after silence, and what somebody set does not stay.
func TestSilenceIsHeard(t *testing.T) {
	s := newStage(t)
	in := errorAlarm("errors")
	in.TreatMissingData = aws.String("notBreaching")
	do(s, s.client.PutMetricAlarm, in)
	s.world.RunFor(10 * time.Minute)
	do(s, s.client.SetAlarmState, &sdk.SetAlarmStateInput{AlarmName: aws.String("errors"), StateValue: types.StateValueAlarm, StateReason: aws.String("drill")})
	s.world.RunFor(10 * time.Minute)
	s.requests(20, 100, 25)
	s.world.RunFor(10 * time.Minute)
	in.Threshold = aws.Float64(-1) // what is there is too much, and what is not there is well
	do(s, s.client.PutMetricAlarm, in)
	s.world.RunFor(10 * time.Minute)
	s.requests(40, 100, 0)
	s.world.RunFor(10 * time.Minute)
	want := []string{
		"11:00:20 errors OK", "11:10:00 errors ALARM", "11:10:20 errors OK",
		"11:22:20 errors ALARM", "11:24:20 errors OK", "11:42:20 errors ALARM", "11:44:20 errors OK",
	}
	if diff := cmp.Diff(want, s.story()); diff != "" {
		t.Errorf("state changes (-want +got):\n%s", diff)
	}
}

func TestLateDataReachesTheAlarmLate(t *testing.T) {
	s := newStage(t)
	s.cw.Metrics.Publication.Delay = 4 * time.Minute
	do(s, s.client.PutMetricAlarm, errorAlarm("errors"))
	s.requests(0, 100, 50)
	s.world.RunFor(5 * time.Minute)
	if len(s.events) != 0 {
		t.Errorf("before it was published: %v", s.story())
	}
	points, err := s.cw.Truth("AWS/SageMaker", "Invocation5XXErrors", endpoint, "Sum", time.Minute, start, start.Add(time.Minute))
	if err != nil || len(points) != 1 || points[0].Value != 50 {
		t.Errorf("Truth is %v, %v", points, err)
	}
}

func TestLowSamplePercentile(t *testing.T) {
	for _, tt := range []struct {
		low  string
		want int
	}{{"evaluate", 1}, {"ignore", 0}} {
		s := newStage(t)
		in := errorAlarm("p99")
		in.MetricName, in.Statistic, in.ExtendedStatistic = aws.String("ModelLatency"), "", aws.String("p99")
		in.EvaluateLowSampleCountPercentile = &tt.low
		do(s, s.client.PutMetricAlarm, in)
		s.world.Do(func() {
			s.cw.Record("AWS/SageMaker", "ModelLatency", endpoint, start, []float64{5000}, []float64{999})
		})
		s.world.RunFor(3 * time.Minute)
		if len(s.events) != tt.want {
			t.Errorf("%s: %v", tt.low, s.story())
		}
	}
}

func TestSetAlarmStateAndComposite(t *testing.T) {
	s := newStage(t)
	do(s, s.client.PutMetricAlarm, errorAlarm("errors"))
	latency := errorAlarm("latency")
	latency.MetricName = aws.String("Invocations")
	latency.Threshold = aws.Float64(1000)
	do(s, s.client.PutMetricAlarm, latency)
	do(s, s.client.PutCompositeAlarm, &sdk.PutCompositeAlarmInput{
		AlarmName: aws.String("rollback"), AlarmRule: aws.String("ALARM(errors) OR ALARM(latency)"), AlarmActions: []string{topic},
	})
	for n := range 20 {
		s.requests(n, 100, 0)
	}
	s.world.RunFor(150 * time.Second)
	set := func(name string, to types.StateValue) {
		do(s, s.client.SetAlarmState, &sdk.SetAlarmStateInput{AlarmName: &name, StateValue: to, StateReason: aws.String("drill")})
	}
	set("errors", types.StateValueAlarm)
	s.world.RunFor(2 * time.Minute)
	set("rollback", types.StateValueAlarm)
	s.world.RunFor(4 * time.Minute)
	want := []string{
		"11:00:00 rollback OK", "11:02:20 errors OK", "11:02:20 latency OK",
		"11:02:30 errors ALARM", "11:02:30 rollback ALARM",
		"11:03:20 errors OK", "11:03:20 rollback OK", // the real state, at the next evaluation
		"11:04:30 rollback ALARM", // no child changes, so it stays
	}
	if diff := cmp.Diff(want, s.story()); diff != "" {
		t.Errorf("state changes (-want +got):\n%s", diff)
	}
	d := decode(t, s.events[4].detail)
	wantState := map[string]any{
		"value": "ALARM", "timestamp": "2026-03-02T11:02:30.000+0000",
		"reason":     "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors transitioned to ALARM at Monday 02 March, 2026 11:02:30 UTC",
		"reasonData": `{"triggeringAlarms":[{"arn":"arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors","state":{"value":"ALARM","timestamp":"2026-03-02T11:02:30.000+0000"}}]}`,
	}
	if diff := cmp.Diff(wantState, d["state"]); diff != "" {
		t.Errorf("composite event (-want +got):\n%s", diff)
	}
	if got := d["previousState"].(map[string]any)["reason"]; got != "arn:aws:cloudwatch:us-east-1:111122223333:alarm:rollback was created and its alarm rule evaluates to OK" {
		t.Errorf("first reason %v", got)
	}
	if got := len(do(s, s.client.DescribeAlarms, &sdk.DescribeAlarmsInput{}).CompositeAlarms); got != 0 {
		t.Errorf("DescribeAlarms answers %d composite alarms unasked", got)
	}
	both := do(s, s.client.DescribeAlarms, &sdk.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"MetricAlarm", "CompositeAlarm"}})
	if len(both.CompositeAlarms) != 1 || len(both.MetricAlarms) != 2 {
		t.Errorf("DescribeAlarms of both types: %d, %d", len(both.CompositeAlarms), len(both.MetricAlarms))
	}
	_, err := try(s, s.client.PutCompositeAlarm, &sdk.PutCompositeAlarmInput{AlarmName: aws.String("rollback"), AlarmRule: aws.String("ALARM(rollback)")})
	if code(err) != "ValidationError" {
		t.Errorf("a rule about itself: %v", err)
	}
}

func TestAlarmsOverTheWire(t *testing.T) {
	s := newStage(t)
	for n := range 120 {
		do(s, s.client.PutMetricAlarm, errorAlarm(fmt.Sprintf("a%03d", n)))
	}
	var names []string
	in := &sdk.DescribeAlarmsInput{AlarmNamePrefix: aws.String("a"), MaxRecords: aws.Int32(100)}
	for {
		out := do(s, s.client.DescribeAlarms, in)
		for _, a := range out.MetricAlarms {
			names = append(names, *a.AlarmName)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(names) != 120 || !slices.IsSorted(names) {
		t.Errorf("%d names, sorted %v", len(names), slices.IsSorted(names))
	}
	do(s, s.client.DisableAlarmActions, &sdk.DisableAlarmActionsInput{AlarmNames: []string{"a000"}})
	set := &sdk.SetAlarmStateInput{AlarmName: aws.String("a000"), StateValue: "ALARM", StateReason: aws.String("drill")}
	do(s, s.client.SetAlarmState, set)
	if len(s.acts) != 0 || len(s.events) != 1 {
		t.Errorf("disabled: %d actions, %d events", len(s.acts), len(s.events))
	}
	history := do(s, s.client.DescribeAlarmHistory, &sdk.DescribeAlarmHistoryInput{AlarmName: aws.String("a000")}).AlarmHistoryItems
	if len(history) != 2 || *history[0].HistorySummary != "Alarm updated from INSUFFICIENT_DATA to ALARM" {
		t.Errorf("history %+v", history)
	}
	arn := aws.String("arn:aws:cloudwatch:us-east-1:111122223333:alarm:a000")
	do(s, s.client.TagResource, &sdk.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if tags := do(s, s.client.ListTagsForResource, &sdk.ListTagsForResourceInput{ResourceARN: arn}).Tags; len(tags) != 1 || *tags[0].Value != "v" {
		t.Errorf("tags %v", tags)
	}
	forMetric := &sdk.DescribeAlarmsForMetricInput{Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocation5XXErrors"), Dimensions: endpointDims()}
	if got := len(do(s, s.client.DescribeAlarmsForMetric, forMetric).MetricAlarms); got != 120 {
		t.Errorf("DescribeAlarmsForMetric: %d", got)
	}
	if _, err := try(s, s.client.DeleteAlarms, &sdk.DeleteAlarmsInput{AlarmNames: []string{"a001", "nobody"}}); code(err) != "ResourceNotFound" || s.cw.State("a001") == "" {
		t.Errorf("deleting an unknown alarm: %v", err)
	}
	do(s, s.client.DeleteAlarms, &sdk.DeleteAlarmsInput{AlarmNames: []string{"a001"}})
	if s.cw.State("a001") != "" {
		t.Error("a001 is still there")
	}
}

func TestAlarmRefusals(t *testing.T) {
	s := newStage(t)
	for what, change := range map[string]func(*sdk.PutMetricAlarmInput){
		"eight days": func(in *sdk.PutMetricAlarmInput) {
			in.Period, in.EvaluationPeriods = aws.Int32(86400), aws.Int32(8)
		},
		"M over N":         func(in *sdk.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) },
		"no threshold":     func(in *sdk.PutMetricAlarmInput) { in.Threshold = nil },
		"odd operator":     func(in *sdk.PutMetricAlarmInput) { in.ComparisonOperator = "Above" },
		"odd treatment":    func(in *sdk.PutMetricAlarmInput) { in.TreatMissingData = aws.String("panic") },
		"two statistics":   func(in *sdk.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p99") },
		"no statistic":     func(in *sdk.PutMetricAlarmInput) { in.Statistic = "" },
		"six actions":      func(in *sdk.PutMetricAlarmInput) { in.AlarmActions = make([]string, 6) },
		"metrics and name": func(in *sdk.PutMetricAlarmInput) { in.Metrics = []types.MetricDataQuery{query("m", "x", "Sum")} },
	} {
		in := errorAlarm("bad")
		change(in)
		if _, err := try(s, s.client.PutMetricAlarm, in); code(err) != "ValidationError" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := s.cw.Alarms(); len(got) != 0 {
		t.Errorf("refused alarms are stored: %v", got)
	}
}
