// Package awsmetrics reads a rollout's metrics and alarms from CloudWatch, and writes
// those of drift. It fills shifting's metrics and alarms, intake's alarms and
// capturing's metrics, and judges nothing.
package awsmetrics

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/shared/awsfault"
	"sluice/shared/judge"
	"sluice/shared/shifting"
)

// CloudWatch reads metrics and alarms.
type CloudWatch struct{ client *cloudwatch.Client }

// Open returns CloudWatch.
func Open(cfg aws.Config) *CloudWatch { return &CloudWatch{client: cloudwatch.NewFromConfig(cfg)} }

// The metrics of namespace AWS/SageMaker that a variant is judged by. The error
// metrics are 0 or 1 a request, so that their sum counts requests and a minute with
// requests always has them. Source: AWS.md C.1.
const (
	invocations = "Invocations"
	errors5xx   = "Invocation5XXErrors"
	errors4xx   = "Invocation4XXErrors"
	modelErrors = "InvocationModelErrors"
	latency     = "ModelLatency" // microseconds
)

var counts = []string{invocations, errors5xx, errors4xx, modelErrors}

// minutes is one metric's values by minute.
type minutes map[time.Time]float64

// Read fills shifting's metrics. Requests and errors are read in one call over one
// window; a minute that lacks one of them is left out.
func (c *CloudWatch) Read(ctx context.Context, q shifting.MetricQuery) (map[string]shifting.VariantMetrics, error) {
	in := &cloudwatch.GetMetricDataInput{StartTime: &q.From, EndTime: &q.Until, ScanBy: types.ScanByTimestampAscending}
	read := map[string]minutes{}
	for i, variant := range q.Variants {
		for j, name := range counts {
			in.MetricDataQueries = append(in.MetricDataQueries, query(id(i, j), q.Endpoint, variant, name, "Sum"))
		}
		if q.Percentile != "" {
			in.MetricDataQueries = append(in.MetricDataQueries, query(id(i, len(counts)), q.Endpoint, variant, latency, q.Percentile))
		}
	}
	pages := cloudwatch.NewGetMetricDataPaginator(c.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awsfault.Errorf(err, "reading metrics of endpoint %s", q.Endpoint)
		}
		for _, r := range page.MetricDataResults {
			m := read[aws.ToString(r.Id)]
			if m == nil {
				m = minutes{}
				read[aws.ToString(r.Id)] = m
			}
			for n, at := range r.Timestamps {
				m[at.UTC()] = r.Values[n]
			}
		}
	}
	all := map[string]shifting.VariantMetrics{}
	for i, variant := range q.Variants {
		all[variant] = assemble(func(j int) minutes { return read[id(i, j)] })
	}
	return all, nil
}

// id is the query id of metric j of variant i.
func id(i, j int) string { return fmt.Sprintf("v%dm%d", i, j) }

func query(id, endpoint, variant, name, stat string) types.MetricDataQuery {
	return types.MetricDataQuery{
		Id: &id,
		MetricStat: &types.MetricStat{
			Metric: &types.Metric{
				Namespace:  aws.String("AWS/SageMaker"),
				MetricName: &name,
				Dimensions: []types.Dimension{{Name: aws.String("EndpointName"), Value: &endpoint}, {Name: aws.String("VariantName"), Value: &variant}},
			},
			Period: aws.Int32(60),
			Stat:   &stat,
		},
	}
}

// assemble puts a variant's metrics together, minute by minute.
func assemble(metric func(j int) minutes) shifting.VariantMetrics {
	v := shifting.VariantMetrics{Errors: judge.Points{}, Latency: judge.Points{}}
	n, e5, e4, model, slow := metric(0), metric(1), metric(2), metric(3), metric(4)
	for at, requests := range n {
		bad5, ok5 := e5[at]
		bad4, ok4 := e4[at] // without it, answers of class 4XX would count as the model's errors
		badModel, okModel := model[at]
		if !ok5 || !ok4 || !okModel || requests < 0 {
			continue
		}
		total := int64(math.Round(requests))
		v.Errors[at] = judge.Counts{N: total, Bad: min(total, bad(bad5, bad4, badModel))}
		if microseconds, ok := slow[at]; ok {
			v.Latency[at] = judge.Counts{N: total, Value: microseconds / 1000}
		}
	}
	return v
}

// bad counts the requests that the endpoint or the model failed. Model errors
// include answers of class 4XX, which are mostly the caller's fault, and overlap
// with 5XX, so the two are not added up.
func bad(errors5xx, errors4xx, modelErrors float64) int64 {
	return int64(math.Round(max(errors5xx, modelErrors-errors4xx, 0)))
}
