package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/cloudwatch"
	"sluice/local/cloudwatch/metric"
	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)

// stage is a world with CloudWatch in it, and what CloudWatch told the outside.
type stage struct {
	t      *testing.T
	world  *sim.World
	cw     *cloudwatch.Service
	client *sdk.Client
	events []event
	acts   []action
}

type event struct {
	at        time.Time
	resources []string
	detail    any
}

type action struct {
	arn     string
	message []byte
}

// newStage publishes data a fixed minute after it was recorded, unless a test
// turns the knobs.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, world: sim.NewWorld(start, 1)}
	s.cw = cloudwatch.New(s.world, func(source, detailType string, resources []string, detail any) {
		if source != "aws.cloudwatch" || detailType != "CloudWatch Alarm State Change" {
			t.Errorf("emitted %s / %s", source, detailType)
		}
		s.events = append(s.events, event{s.world.Now(), resources, detail})
	}, func(arn string, message []byte) { s.acts = append(s.acts, action{arn, message}) })
	s.cw.Metrics.Publication = metric.Publication{Delay: time.Minute}
	srv := wire.NewServer(s.world)
	srv.Register(s.cw.Wire())
	s.client = sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return s
}

// do makes one call as a holder of the world and fails the test if it fails.
func do[In, Out any](s *stage, call func(context.Context, *In, ...func(*sdk.Options)) (*Out, error), in *In) *Out {
	s.t.Helper()
	out, err := try(s, call, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func try[In, Out any](s *stage, call func(context.Context, *In, ...func(*sdk.Options)) (*Out, error), in *In) (out *Out, err error) {
	s.world.Do(func() { out, err = call(context.Background(), in) })
	return out, err
}

// code is the AWS error code of err, "" if it has none.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

var endpoint = map[string]string{"EndpointName": "churn", "VariantName": "AllTraffic"}

func endpointDims() []types.Dimension {
	return []types.Dimension{{Name: aws.String("EndpointName"), Value: aws.String("churn")}, {Name: aws.String("VariantName"), Value: aws.String("AllTraffic")}}
}

// requests records, for minute n after start, requests of which bad failed.
func (s *stage) requests(n, requests, bad int) {
	at := start.Add(time.Duration(n) * time.Minute)
	s.world.Do(func() {
		s.cw.Record("AWS/SageMaker", "Invocations", endpoint, at, []float64{1}, []float64{float64(requests)})
		s.cw.Record("AWS/SageMaker", "Invocation5XXErrors", endpoint, at, []float64{0, 1}, []float64{float64(requests - bad), float64(bad)})
	})
}

func query(id, name, stat string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: aws.String(id), MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String(name), Dimensions: endpointDims()},
		Period: aws.Int32(60), Stat: aws.String(stat),
	}}
}

func window(minutes int, queries ...types.MetricDataQuery) *sdk.GetMetricDataInput {
	return &sdk.GetMetricDataInput{StartTime: aws.Time(start), EndTime: aws.Time(start.Add(time.Duration(minutes) * time.Minute)), MetricDataQueries: queries}
}

// shown is a result in one line: id, status, and minute=value in order.
func shown(out *sdk.GetMetricDataOutput) []string {
	var lines []string
	for _, r := range out.MetricDataResults {
		line := fmt.Sprintf("%s %s", aws.ToString(r.Id), r.StatusCode)
		for i, t := range r.Timestamps {
			line += fmt.Sprintf(" %g=%g", t.Sub(start).Minutes(), r.Values[i])
		}
		lines = append(lines, line)
	}
	return lines
}

func TestGetMetricDataOverCBOR(t *testing.T) {
	s := newStage(t)
	for n := range 4 {
		s.requests(n, 100, n)
	}
	s.world.RunFor(10 * time.Minute)
	rate := types.MetricDataQuery{Id: aws.String("e1"), Expression: aws.String("100 * bad / all"), Label: aws.String("error rate")}
	hidden := query("bad", "Invocation5XXErrors", "Sum")
	hidden.ReturnData = aws.Bool(false)
	five := query("five", "Invocations", "Sum")
	five.MetricStat.Period = aws.Int32(120)
	unit := query("wrong", "Invocations", "Sum")
	unit.MetricStat.Unit = types.StandardUnitCount
	in := window(3, query("all", "Invocations", "Sum"), hidden, rate, five, unit)
	out := do(s, s.client.GetMetricData, in)
	want := []string{ // newest first; minute 3 is excluded; the unit is not the recorded one
		"all Complete 2=100 1=100 0=100",
		"e1 Complete 2=2 1=1 0=0",
		"five Complete 2=200 0=200",
		"wrong Complete",
	}
	if diff := cmp.Diff(want, shown(out)); diff != "" {
		t.Errorf("GetMetricData (-want +got):\n%s", diff)
	}
	if got := aws.ToString(out.MetricDataResults[1].Label); got != "error rate" {
		t.Errorf("label %q", got)
	}
	in.ScanBy = types.ScanByTimestampAscending
	if got := shown(do(s, s.client.GetMetricData, in))[0]; got != "all Complete 0=100 1=100 2=100" {
		t.Errorf("ascending: %s", got)
	}
}

func TestGetMetricDataPages(t *testing.T) {
	s := newStage(t)
	for n := range 5 {
		s.requests(n, 10+n, 0)
	}
	s.world.RunFor(10 * time.Minute)
	in := window(10, query("a", "Invocations", "Sum"), query("none", "Nothing", "Sum"), query("b", "Invocations", "Sum"))
	in.MaxDatapoints = aws.Int32(3)
	var pages [][]string
	for {
		out := do(s, s.client.GetMetricData, in)
		pages = append(pages, shown(out))
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
		s.requests(5+len(pages), 99, 0) // what is published between pages must not shift them
		s.world.RunFor(10 * time.Minute)
	}
	want := [][]string{
		{"a PartialData 4=14 3=13 2=12"},
		{"a Complete 1=11 0=10", "none Complete", "b PartialData 4=14"},
		{"b PartialData 3=13 2=12 1=11"},
		{"b Complete 0=10"},
	}
	if diff := cmp.Diff(want, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	in.MetricDataQueries = in.MetricDataQueries[:1]
	in.NextToken = aws.String("eyJzIjoxfQ")
	if _, err := try(s, s.client.GetMetricData, in); code(err) != "InvalidNextToken" {
		t.Errorf("a token of another request: %v", err)
	}
}

func TestPublishedLateAndRevised(t *testing.T) {
	s := newStage(t)
	s.cw.Metrics.Publication = metric.Publication{Delay: time.Minute, ReviseShare: 1, RevisePart: 0.25, ReviseAfter: 2 * time.Minute}
	s.requests(0, 100, 0)
	var got []string
	for range 5 {
		s.world.RunFor(time.Minute)
		got = append(got, shown(do(s, s.client.GetMetricData, window(1, query("m", "Invocations", "Sum"))))...)
	}
	want := []string{"m Complete", "m Complete 0=75", "m Complete 0=75", "m Complete 0=100", "m Complete 0=100"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("minute by minute (-want +got):\n%s", diff)
	}
}

func TestPutMetricDataAndStatistics(t *testing.T) {
	s := newStage(t)
	put := &sdk.PutMetricDataInput{Namespace: aws.String("Sluice"), MetricData: []types.MetricDatum{
		{MetricName: aws.String("Latency"), Timestamp: aws.Time(start), Values: []float64{10, 20, 30}, Counts: []float64{50, 49, 1}, Unit: types.StandardUnitMilliseconds},
		{MetricName: aws.String("Set"), Timestamp: aws.Time(start), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(4), Sum: aws.Float64(10), Minimum: aws.Float64(-1), Maximum: aws.Float64(9)}},
	}}
	do(s, s.client.PutMetricData, put)
	s.world.RunFor(5 * time.Minute)
	in := &sdk.GetMetricStatisticsInput{
		Namespace: aws.String("Sluice"), MetricName: aws.String("Latency"), StartTime: aws.Time(start), EndTime: aws.Time(start.Add(time.Hour)),
		Period: aws.Int32(300), ExtendedStatistics: []string{"p50", "p99", "p100", "tm50"},
	}
	out := do(s, s.client.GetMetricStatistics, in)
	if len(out.Datapoints) != 1 || out.Datapoints[0].Unit != types.StandardUnitMilliseconds {
		t.Fatalf("datapoints %+v", out.Datapoints)
	}
	if diff := cmp.Diff(map[string]float64{"p50": 10, "p99": 20, "p100": 30, "tm50": 10}, out.Datapoints[0].ExtendedStatistics); diff != "" {
		t.Errorf("percentiles (-want +got):\n%s", diff)
	}
	in.MetricName, in.ExtendedStatistics, in.Statistics = aws.String("Set"), nil, []types.Statistic{"Average", "Minimum", "SampleCount"}
	p := do(s, s.client.GetMetricStatistics, in).Datapoints[0]
	if *p.Average != 2.5 || *p.Minimum != -1 || *p.SampleCount != 4 || p.Maximum != nil {
		t.Errorf("set %+v", p)
	}
	in.Statistics, in.ExtendedStatistics = nil, []string{"p50"}
	if p := do(s, s.client.GetMetricStatistics, in).Datapoints; len(p) != 1 || p[0].ExtendedStatistics != nil {
		t.Errorf("a statistic set has percentiles: %+v", p)
	}
	if got := do(s, s.client.ListMetrics, &sdk.ListMetricsInput{Namespace: aws.String("Sluice")}).Metrics; len(got) != 2 {
		t.Errorf("ListMetrics has %d metrics", len(got))
	}
}

func TestRefusals(t *testing.T) {
	s := newStage(t)
	bad := func(change func(*sdk.GetMetricDataInput)) error {
		in := window(1, query("m", "Invocations", "Sum"))
		change(in)
		_, err := try(s, s.client.GetMetricData, in)
		return err
	}
	put := func(namespace string, d types.MetricDatum) error {
		_, err := try(s, s.client.PutMetricData, &sdk.PutMetricDataInput{Namespace: &namespace, MetricData: []types.MetricDatum{d}})
		return err
	}
	name := aws.String("m")
	tests := []struct {
		what string
		err  error
		code string
	}{
		{"duplicate id", bad(func(in *sdk.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, query("m", "x", "Sum"))
		}), "ValidationError"},
		{"capital id", bad(func(in *sdk.GetMetricDataInput) { in.MetricDataQueries[0].Id = aws.String("M") }), "ValidationError"},
		{"odd period", bad(func(in *sdk.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Period = aws.Int32(90) }), "InvalidParameterValue"},
		{"no such statistic", bad(func(in *sdk.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Stat = aws.String("Median") }), "InvalidParameterValue"},
		{"statistic missing here", bad(func(in *sdk.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Stat = aws.String("PR(:300)") }), "NotImplemented"},
		{"end before start", bad(func(in *sdk.GetMetricDataInput) { in.EndTime = in.StartTime }), "ValidationError"},
		{"unknown id in math", bad(func(in *sdk.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: aws.String("e"), Expression: aws.String("m / nobody")})
		}), "ValidationError"},
		{"anomaly detection", bad(func(in *sdk.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: aws.String("e"), Expression: aws.String("ANOMALY_DETECTION_BAND(m)")})
		}), "ValidationError"},
		{"AWS namespace", put("AWS/SageMaker", types.MetricDatum{MetricName: name, Value: aws.Float64(1)}), "InvalidParameterValue"},
		{"no value", put("Sluice", types.MetricDatum{MetricName: name}), "MissingParameter"},
		{"two kinds of value", put("Sluice", types.MetricDatum{MetricName: name, Value: aws.Float64(1), Values: []float64{2}}), "InvalidParameterCombination"},
		{"too old", put("Sluice", types.MetricDatum{MetricName: name, Value: aws.Float64(1), Timestamp: aws.Time(start.AddDate(0, 0, -15))}), "InvalidParameterValue"},
		{"151 values", put("Sluice", types.MetricDatum{MetricName: name, Values: make([]float64, 151)}), "InvalidParameterValue"},
	}
	for _, tt := range tests {
		if got := code(tt.err); got != tt.code {
			t.Errorf("%s: got code %q (%v), want %s", tt.what, got, tt.err, tt.code)
		}
	}
	var typed *types.InvalidParameterCombinationException
	if !errors.As(tests[10].err, &typed) {
		t.Errorf("%v is not of its type", tests[10].err)
	}
}
