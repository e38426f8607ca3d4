package alarm_test

import (
	"testing"
	"time"

	"sluice/shared/alarm"
)

func of[T any](v T) *T { return &v }

// metric is an alarm on one metric of variant AllTraffic of endpoint churn-prod.
func metric(namespace, statistic, name, comparison string, threshold float64) alarm.Alarm {
	return alarm.Alarm{
		Name: "a", State: "OK", Period: time.Minute, Periods: 5, ToAlarm: 3, Comparison: comparison, Threshold: of(threshold),
		Series: []alarm.Series{{Namespace: namespace, Metric: name, Statistic: statistic, Dimensions: map[string]string{"EndpointName": "churn-prod", "VariantName": "AllTraffic"}}},
	}
}

// query is an alarm on a Metrics Insights query.
func query(text, comparison string, threshold float64) alarm.Alarm {
	a := metric("", "", "", comparison, threshold)
	a.Series, a.Expression = nil, text
	return a
}

const (
	over    = "GreaterThanThreshold"
	atLeast = "GreaterThanOrEqualToThreshold"
	under   = "LessThanThreshold"
	atMost  = "LessThanOrEqualToThreshold"
	errors5 = "Invocation5XXErrors"
)

func TestChance(t *testing.T) {
	invocation := func(statistic, name, comparison string, threshold float64) alarm.Alarm {
		return metric("AWS/SageMaker", statistic, name, comparison, threshold)
	}
	machine := func(name, comparison string, threshold float64) alarm.Alarm {
		return metric("/aws/sagemaker/Endpoints", "Average", name, comparison, threshold)
	}
	band := invocation("Average", errors5, "GreaterThanUpperThreshold", 0)
	band.Threshold = nil
	math := invocation("Sum", errors5, over, 1)
	math.Expression = "100 * m1 / m2"
	tests := []struct {
		name string
		a    alarm.Alarm
		want alarm.Chance
	}{
		{"the SageMaker guide's example", invocation("Average", errors5, over, 1), alarm.Never},
		{"its notebook's", invocation("Average", errors5, atLeast, 1), alarm.Total},
		{"SAM's example", invocation("Sum", errors5, over, 0), alarm.Single},
		{"5 for 5 %", invocation("Average", "InvocationModelErrors", over, 5), alarm.Never},
		{"a share", invocation("Average", "Invocation4XXErrors", over, 0.05), alarm.Usual},
		{"any share", invocation("Average", errors5, over, 0), alarm.Usual},
		{"at least none", invocation("Average", errors5, atLeast, 0), alarm.Always},
		{"over less than none", invocation("Sum", errors5, over, -1), alarm.Always},
		{"under none", invocation("Average", errors5, under, 0), alarm.Never},
		{"under more than all", invocation("Average", errors5, under, 2), alarm.Always},
		{"at most none", invocation("Sum", errors5, atMost, 0), alarm.Usual},
		{"one at least", invocation("Sum", errors5, atLeast, 1), alarm.Single},
		{"two at least", invocation("Sum", errors5, atLeast, 2), alarm.Usual},
		{"the worst of them failed", invocation("Maximum", errors5, atLeast, 1), alarm.Single},
		{"worse than failed", invocation("Maximum", errors5, over, 1), alarm.Never},
		{"the best of them failed", invocation("Minimum", errors5, over, 0.5), alarm.Total},
		{"the best of them did not fail", invocation("Minimum", errors5, under, 1), alarm.Usual},
		{"p99 failed", invocation("p99", errors5, atLeast, 1), alarm.Usual},
		{"p99 more than failed", invocation("p99.9", errors5, over, 1), alarm.Never},
		{"a trimmed mean", invocation("tm90", errors5, over, 3), alarm.Never},
		{"a trimmed count", invocation("tc90", errors5, over, 3), alarm.Usual},
		{"latency", invocation("p90", "ModelLatency", over, 5), alarm.Usual},
		{"no latency", invocation("p90", "ModelLatency", under, 0), alarm.Never},
		{"memory over 100 %", machine("MemoryUtilization", over, 100), alarm.Never},
		{"memory over 90 %", machine("MemoryUtilization", over, 90), alarm.Usual},
		{"two processors", machine("CPUUtilization", over, 150), alarm.Usual},
		{"somebody else's metric", metric("Acme", "Average", "Errors", over, 5), alarm.Unknown},
		{"a band", band, alarm.Unknown},
		{"metric math", math, alarm.Unknown},
		{"no metric at all", alarm.Alarm{Name: "promql", State: "OK", Threshold: of(1.0)}, alarm.Unknown},
		{"a query over everything", query(`SELECT AVG(Invocation5XXErrors) FROM "AWS/SageMaker"`, over, 1), alarm.Never},
		{"a query that counts", query(`SELECT SUM(Invocation5XXErrors) FROM SCHEMA("AWS/SageMaker", EndpointName) GROUP BY EndpointName`, over, 0), alarm.Single},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.a.Chance(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTakesAndRings(t *testing.T) {
	a := metric("AWS/SageMaker", "Average", errors5, over, 0.1)
	if got := a.Takes(); got != 3*time.Minute {
		t.Errorf("takes %s", got)
	}
	if a.ToAlarm = 0; a.Takes() != 5*time.Minute {
		t.Errorf("without datapoints to alarm it takes %s", a.Takes())
	}
	for share, want := range map[float64]bool{0.1: false, 0.11: true, 1: true} {
		if got, ok := a.RingsAt(share); got != want || !ok {
			t.Errorf("at %v: %v, %v", share, got, ok)
		}
	}
	for name, a := range map[string]alarm.Alarm{
		"a sum":   metric("AWS/SageMaker", "Sum", errors5, over, 1),
		"latency": metric("AWS/SageMaker", "Average", "ModelLatency", over, 1),
		"a band":  metric("AWS/SageMaker", "Average", errors5, "GreaterThanUpperThreshold", 1),
	} {
		if _, ok := a.RingsAt(1); ok {
			t.Errorf("%s goes by shares", name)
		}
	}
}

func TestView(t *testing.T) {
	place := alarm.Place{Endpoint: "churn-prod", Config: "churn-prod-1", Baseline: "AllTraffic", Candidate: "churn-v2"}
	dims := func(pairs ...string) alarm.Alarm {
		a := metric("AWS/SageMaker", "Average", errors5, over, 0.1)
		a.Series[0].Dimensions = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			a.Series[0].Dimensions[pairs[i]] = pairs[i+1]
		}
		return a
	}
	from := func(rest string) alarm.Alarm {
		return query(`SELECT AVG(Invocation5XXErrors) FROM SCHEMA("AWS/SageMaker", EndpointName, VariantName)`+rest, over, 0.1)
	}
	both := dims("EndpointName", "churn-prod", "VariantName", "AllTraffic")
	both.Expression = "m1 / m2"
	both.Series = append(both.Series, dims("EndpointName", "churn-prod", "VariantName", "churn-v2").Series...)
	others := metric("AWS/ApplicationELB", "Sum", "HTTPCode_Target_5XX_Count", over, 1)
	tests := []struct {
		name string
		a    alarm.Alarm
		want alarm.View
		why  string
	}{
		{"the baseline's variant", dims("EndpointName", "churn-prod", "VariantName", "AllTraffic"), alarm.SeesBaseline, "it watches variant AllTraffic, which is the baseline"},
		{"the baseline's config", dims("EndpointName", "churn-prod", "VariantName", "AllTraffic", "EndpointConfigName", "churn-prod-1"), alarm.SeesBaseline, "it watches variant AllTraffic, which is the baseline"},
		{"an old config", dims("EndpointName", "churn-prod", "VariantName", "AllTraffic", "EndpointConfigName", "churn-prod-0"), alarm.SeesNothing, "it watches config churn-prod-0, which is not in force"},
		{"the candidate's variant", dims("EndpointName", "churn-prod", "VariantName", "churn-v2"), alarm.SeesCandidate, ""},
		{"an old variant", dims("EndpointName", "churn-prod", "VariantName", "churn-v0"), alarm.SeesNothing, "it watches variant churn-v0, which the endpoint does not have"},
		{"no variant", dims("EndpointName", "churn-prod"), alarm.SeesNothing, "SageMaker has no metric with these dimensions: every one has EndpointName and VariantName"},
		{"no endpoint", dims("VariantName", "AllTraffic"), alarm.SeesNothing, "SageMaker has no metric with these dimensions: every one has EndpointName and VariantName"},
		{"another endpoint", dims("EndpointName", "churn-test", "VariantName", "AllTraffic"), alarm.SeesNothing, "it watches endpoint churn-test"},
		{"a dimension too many", dims("EndpointName", "churn-prod", "VariantName", "AllTraffic", "Host", "h"), alarm.SeesNothing, "SageMaker has no metric with these dimensions: there are EndpointName, VariantName and EndpointConfigName"},
		{"an inference component", dims("InferenceComponentName", "c"), alarm.SeesNothing, "it watches inference component c, and this endpoint has variants"},
		{"somebody else's metric", others, alarm.SeesUnknown, "what HTTPCode_Target_5XX_Count of AWS/ApplicationELB measures is not known here"},
		{"metric math of both sides", both, alarm.SeesCandidate, ""},
		{"no metric", alarm.Alarm{Name: "promql", State: "OK"}, alarm.SeesUnknown, "it is made of no metric that is known here"},
		{"all variants together", from(` WHERE EndpointName = 'churn-prod'`), alarm.SeesAll, "it sees all variants of the endpoint together"},
		{"each variant for itself", from(` where EndpointName='churn-prod' group by VariantName`), alarm.SeesCandidate, ""},
		{"each variant of each endpoint", from(` GROUP BY EndpointName, "VariantName" ORDER BY MAX() DESC LIMIT 10`), alarm.SeesCandidate, ""},
		{"variants of all endpoints", from(` GROUP BY VariantName`), alarm.SeesAll, "it sees all endpoints together"},
		{"all endpoints", from(``), alarm.SeesAll, "it sees all endpoints together"},
		{"each endpoint", from(` GROUP BY EndpointName`), alarm.SeesAll, "it sees all variants of the endpoint together"},
		{"a query of another endpoint", from(` WHERE EndpointName = 'churn-test' GROUP BY VariantName`), alarm.SeesNothing, "it watches endpoint churn-test"},
		{"a query of the baseline", from(` WHERE EndpointName = 'churn-prod' AND VariantName = 'AllTraffic'`), alarm.SeesBaseline, "it watches variant AllTraffic, which is the baseline"},
		{"a query of a config", from(` WHERE EndpointConfigName = 'churn-prod-1'`), alarm.SeesBaseline, "it watches config churn-prod-1, which a rollout leaves"},
		{"a query that is not plain", from(` WHERE VariantName != 'AllTraffic'`), alarm.SeesUnknown, "it is made of no metric that is known here"},
		{"a query of another namespace", query(`SELECT MAX("Errors 5xx") FROM "Acme"`, over, 1), alarm.SeesUnknown, "what Errors 5xx of Acme measures is not known here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := tt.a.View(place); got != tt.want || why != tt.why {
				t.Errorf("got  %s, %s\nwant %s, %s", got, why, tt.want, tt.why)
			}
		})
	}
	// Without a baseline, and without a place at all, nothing is the baseline's.
	if got, _ := dims("EndpointName", "churn-prod", "VariantName", "AllTraffic").View(alarm.Place{Endpoint: "churn-prod", Candidate: "churn-v1"}); got != alarm.SeesNothing {
		t.Errorf("on a new endpoint: %s", got)
	}
}
