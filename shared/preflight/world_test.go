package preflight_test

import (
	"strings"
	"time"

	"sluice/shared/alarm"
	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday

func minutes(n int) spec.Duration { return spec.Duration(time.Duration(n) * time.Minute) }

const (
	arn1 = "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/1"
	arn2 = "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2"
)

// facts are of a healthy endpoint with some instances, a package that may be rolled
// out, and a spec with these rules.
func facts(instances int, rules spec.Rollout) preflight.Facts {
	sp := spec.Spec{
		Model: "churn", Package: spec.Package{Group: "churn"}, Rollout: rules,
		Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.large", InstanceCount: instances, Price: 0.115},
	}
	pkg := func(arn string, version int, data string) preflight.Package {
		return preflight.Package{
			ARN: arn, Group: "churn", Version: version, Status: "Completed", Approval: "Approved",
			Containers: []preflight.Container{{Image: "xgboost:1.7", Data: data}},
		}
	}
	champion := pkg(arn1, 1, "s3://models/1")
	f := preflight.Facts{
		Now: noon, Spec: sp.Normalised(), ID: "churn-v2", Package: pkg(arn2, 2, "s3://models/2"), Champion: &champion,
		Endpoint: rollout.Endpoint{
			Name: "churn-prod", Status: "InService", Config: "churn-prod-1",
			Variants: []rollout.Variant{{Name: "AllTraffic", Weight: 1, WantedWeight: 1, Count: instances, WantedCount: instances}},
		},
		Config: preflight.Config{Variants: []preflight.Variant{{Name: "AllTraffic", Model: "churn-v1", InstanceType: "ml.m5.large"}}},
		Model:  preflight.Model{Name: "churn-v1", Package: arn1, Containers: []preflight.Container{{}}},
	}
	for _, name := range rules.Alarms {
		f.Alarms = append(f.Alarms, quiet(name))
	}
	return f
}

func canary(weight, bake int) spec.Rollout {
	return spec.Rollout{Strategy: spec.StrategyCanary, Canary: spec.Canary{Weight: weight, Bake: minutes(bake)}}
}

func linear(step, bake int) spec.Rollout {
	return spec.Rollout{Strategy: spec.StrategyLinear, Linear: spec.Linear{Step: step, Bake: minutes(bake)}}
}

func of[T any](v T) *T { return &v }

// quiet is an alarm as it should be: on the share of failures of each variant.
func quiet(name string) alarm.Alarm {
	return alarm.Alarm{
		Name: name, State: "OK", Period: time.Minute, Periods: 3, ToAlarm: 2, Comparison: "GreaterThanThreshold", Threshold: of(0.05),
		Expression: `SELECT AVG(Invocation5XXErrors) FROM SCHEMA("AWS/SageMaker", EndpointName, VariantName) WHERE EndpointName = 'churn-prod' GROUP BY VariantName`,
	}
}

// on is quiet for one metric of a variant.
func on(name, statistic, metric, variant string) alarm.Alarm {
	a := quiet(name)
	a.Expression = ""
	a.Series = []alarm.Series{{Namespace: "AWS/SageMaker", Metric: metric, Statistic: statistic, Dimensions: map[string]string{"EndpointName": "churn-prod", "VariantName": variant}}}
	return a
}

// lines are findings as "level code: sentence".
func lines(found []preflight.Finding, levels ...preflight.Level) []string {
	var all []string
	for _, f := range found {
		for _, l := range levels {
			if f.Level == l {
				all = append(all, string(f.Level)+" "+f.Code+": "+f.String())
			}
		}
	}
	return all
}

func text(found []preflight.Finding, levels ...preflight.Level) string {
	return strings.Join(lines(found, levels...), "\n")
}
