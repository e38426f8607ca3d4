package shifting_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/cloudwatch"
	"sluice/local/cloudwatch/metric"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsmetrics"
	"sluice/shared/judge"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

// replay answers with what a server answered, in the same order again and again, so
// that the server's own time is not measured.
type replay struct {
	server  http.RoundTripper // nil once everything is recorded
	answers []http.Response
	bodies  [][]byte
	next    int
}

func (r *replay) RoundTrip(q *http.Request) (*http.Response, error) {
	if r.server != nil {
		a, err := r.server.RoundTrip(q)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(a.Body)
		if err != nil {
			return nil, err
		}
		r.answers, r.bodies = append(r.answers, *a), append(r.bodies, body)
		a.Body = io.NopCloser(bytes.NewReader(body))
		return a, nil
	}
	a, body := r.answers[r.next], r.bodies[r.next]
	r.next = (r.next + 1) % len(r.answers)
	a.Request, a.Body = q, io.NopCloser(bytes.NewReader(body))
	return &a, nil
}

// BenchmarkLook is the longest look there is, at the end of a rollout of 14 days of an
// endpoint with requests in every minute: its metrics read and judged, as the function
// judge does it, without the time that CloudWatch takes.
func BenchmarkLook(b *testing.B) {
	const days, hour = 14, 60
	began := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w := sim.NewWorld(began.Add(days*24*time.Hour), 7)
	service, server := cloudwatch.New(w, nil, nil), wire.NewServer(w)
	service.Metrics.Publication = metric.Publication{}
	server.Register(service.Wire())
	w.Do(func() {
		for n := -hour; n < days*24*hour; n++ {
			for variant, requests := range map[string]float64{"old": 9000, "new": 1000} {
				at, dims := began.Add(time.Duration(n)*time.Minute), map[string]string{"EndpointName": "churn", "VariantName": variant}
				for name, of := range map[string]float64{"Invocations": requests, "Invocation5XXErrors": requests / 1000, "Invocation4XXErrors": 5, "InvocationModelErrors": requests/1000 + 5} {
					service.Record("AWS/SageMaker", name, dims, at, []float64{0, 1}, []float64{requests - of, of})
				}
				service.Record("AWS/SageMaker", "ModelLatency", dims, at, []float64{20_000 + float64(n%97)}, []float64{requests})
			}
		}
	})
	now, over := w.Now(), &replay{server: server}
	cloud := awsmetrics.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: over}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	s := churn()
	s.Rollout.Judge.Latency = &spec.Latency{Percentile: "p90", Tolerance: 0.1}
	plan := judge.Plan{{Weight: 10, Minutes: days * 24 * hour}}
	look := func() judge.Verdict {
		read, err := cloud.Read(ctx, shifting.MetricQuery{Endpoint: "churn", Variants: []string{"old", "new"}, From: began.Add(-hour * time.Minute), Until: now, Percentile: "p90"})
		if err != nil {
			b.Fatal(err)
		}
		series := judge.Collect(plan, began, now, []judge.Stay{{From: began}}, []judge.Observed{
			{Baseline: read["old"].Errors, Candidate: read["new"].Errors}, {Baseline: read["old"].Latency, Candidate: read["new"].Latency},
		})
		v, err := judge.Judge(shifting.JudgeConfig(s.Rollout.Judge), plan, series)
		if err != nil || len(series) < days*24*hour {
			b.Fatalf("%d minutes, %v", len(series), err)
		}
		return v
	}
	w.Do(func() { look() })
	over.server = nil
	for b.Loop() {
		look()
	}
	b.ReportMetric(float64(len(over.answers)), "calls/op")
}
