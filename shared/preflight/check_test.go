package preflight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

const (
	refuse = preflight.Refuse
	wait   = preflight.Wait
	warn   = preflight.Warn
	note   = preflight.Note
)

// What refuses a rollout, makes it wait or warns, of facts that are well but for one.
func TestCheck(t *testing.T) {
	shadow := spec.Rollout{Strategy: spec.StrategyShadow}
	tests := []struct {
		name  string
		rules spec.Rollout
		make  func(*preflight.Facts)
		want  []string
	}{
		{"nothing", canary(10, 15), func(*preflight.Facts) {}, nil},
		{"a shadow", shadow, func(*preflight.Facts) {}, nil},

		{"another group", canary(10, 15), func(f *preflight.Facts) { f.Package.Group = "fraud" }, []string{"refuse package.group: " + arn2 + " is not of package group churn"}},
		{"never approved", canary(10, 15), func(f *preflight.Facts) { f.Package.Approval = "PendingManualApproval" }, []string{"refuse package.approval: " + arn2 + " is PendingManualApproval now, not Approved"}},
		{"a package that failed", canary(10, 15), func(f *preflight.Facts) { f.Package.Status = "Failed" }, []string{"refuse package.status: " + arn2 + " is Failed: SageMaker makes no model of it"}},
		{"a package under way", canary(10, 15), func(f *preflight.Facts) { f.Package.Status = "InProgress" }, []string{"wait package.status: " + arn2 + " is InProgress still: SageMaker makes a model of it when it is Completed"}},
		{"in production", canary(10, 15), func(f *preflight.Facts) { f.Model.Package = arn2 }, []string{"refuse package.serving: " + arn2 + " is in production already"}},
		{"older", canary(10, 15), func(f *preflight.Facts) { f.Champion.Version = 3 }, []string{"refuse package.older: version 3 of churn is in production, which is newer than version 2"}},
		{"older, and meant", canary(10, 15), func(f *preflight.Facts) { f.Champion.Version, f.Undo = 3, true }, nil},
		{"an undo of what is there", canary(10, 15), func(f *preflight.Facts) { f.Champion.Version, f.Undo, f.Undoes = 3, true, 3 }, nil},
		{"an undo that comes too late", canary(10, 15), func(f *preflight.Facts) { f.Champion.Version, f.Undo, f.Undoes = 4, true, 3 },
			[]string{"refuse package.undone: version 4 of churn is in production by now: there is nothing left to undo of version 3"}},
		{"an undo in place of another group's", canary(10, 15), func(f *preflight.Facts) { f.Champion.Version, f.Champion.Group, f.Undo, f.Undoes = 4, "old", true, 3 }, nil},
		{"older, of another group", canary(10, 15), func(f *preflight.Facts) { f.Champion.Version, f.Champion.Group = 3, "old" }, nil},
		{"a champion that is gone", canary(10, 15), func(f *preflight.Facts) { f.Champion = nil }, nil},
		{"for other instances", canary(10, 15), func(f *preflight.Facts) { f.Package.InstanceTypes = []string{"ml.g5.xlarge", "ml.g6.xlarge"} },
			[]string{"warn package.type: " + arn2 + " is registered for ml.g5.xlarge, ml.g6.xlarge, not for ml.m5.large; register it for ml.m5.large, or change endpoint.instanceType"}},
		{"not there", canary(10, 15), func(f *preflight.Facts) {
			f.Package, f.Missing = preflight.Package{ARN: arn2}, []string{"reading model package " + arn2 + ": it does not exist"}
		}, []string{"refuse missing: reading model package " + arn2 + ": it does not exist"}},
		{"a lease on another endpoint", canary(10, 15), func(f *preflight.Facts) { f.Elsewhere = "endpoint/old" },
			[]string{"refuse lease: the spec names endpoint churn-prod now, and the lease is on endpoint/old; approve the package again"}},

		{"a strategy without steps", canary(10, 15), func(f *preflight.Facts) { f.Spec.Rollout.Strategy = "yolo" },
			[]string{`refuse plan: rollout.strategy is "yolo": it must be canary, linear, blueGreen, shadow or steps`}},
		{"a strategy without steps, and an alarm", spec.Rollout{Strategy: spec.StrategyCanary, Alarms: []string{"five"}}, func(f *preflight.Facts) { f.Spec.Rollout.Canary.Weight = 100 },
			[]string{"refuse plan: rollout.canary.weight is 100: it must be 1 to 99"}},
		{"a shadow after a weight", spec.Rollout{Strategy: spec.StrategySteps, Steps: []spec.Step{{Weight: 10}, {Shadow: &spec.Mirror{}}}}, func(*preflight.Facts) {},
			[]string{"refuse plan: rollout.steps[1] is a shadow after a weight: SageMaker allows no shadow beside two production variants"}},

		{"being updated", canary(10, 15), func(f *preflight.Facts) { f.Endpoint.Status, f.Endpoint.PendingConfig = "Updating", "other" },
			[]string{"wait endpoint.busy: endpoint churn-prod is Updating, to config other: a rollout begins when it is InService"}},
		{"being maintained", canary(10, 15), func(f *preflight.Facts) { f.Endpoint.Status = "SystemUpdating" },
			[]string{"wait endpoint.busy: endpoint churn-prod is SystemUpdating: a rollout begins when it is InService"}},
		{"failed", canary(10, 15), func(f *preflight.Facts) { f.Endpoint.Status, f.Endpoint.FailureReason = "Failed", "ping" },
			[]string{"refuse endpoint.status: endpoint churn-prod is Failed: ping; SageMaker lets a failed endpoint only be deleted: delete it, and the rollout makes it anew"}},
		{"mixed", canary(10, 15), func(f *preflight.Facts) { f.Endpoint.Status = "UpdateRollbackFailed" },
			[]string{"refuse endpoint.status: endpoint churn-prod is UpdateRollbackFailed; instances of two configs serve: update it to one config first"}},
		{"asynchronous", canary(10, 15), func(f *preflight.Facts) { f.Config.Async = true },
			[]string{"refuse endpoint.async: endpoint churn-prod is asynchronous; its answers cannot be compared request for request"}},
		{"two variants", canary(10, 15), func(f *preflight.Facts) { f.Config.Variants = append(f.Config.Variants, f.Config.Variants[0]) },
			[]string{"refuse endpoint.variants: endpoint churn-prod has 2 production variants; a rollout needs exactly one to start from"}},
		{"a shadow variant", canary(10, 15), func(f *preflight.Facts) { f.Config.Shadows = f.Config.Variants },
			[]string{"refuse endpoint.shadow: endpoint churn-prod has a shadow variant; SageMaker allows no second production variant beside one"}},
		{"serverless", canary(10, 15), func(f *preflight.Facts) {
			f.Config.Variants[0].Serverless, f.Config.Variants[0].InstanceType = true, ""
		}, []string{"refuse endpoint.instances: variant AllTraffic of endpoint churn-prod is serverless or has an instance pool; weights need instances of one type"}},
		{"a pool", canary(10, 15), func(f *preflight.Facts) {
			f.Config.Variants[0].Pooled, f.Config.Variants[0].InstanceType = true, ""
		}, []string{"refuse endpoint.instances: variant AllTraffic of endpoint churn-prod is serverless or has an instance pool; weights need instances of one type"}},
		{"inference components", canary(10, 15), func(f *preflight.Facts) { f.Config.Variants[0].Model = "" },
			[]string{"refuse endpoint.components: variant AllTraffic of endpoint churn-prod hosts inference components, which have no weights"}},

		{"a long name", canary(10, 15), func(f *preflight.Facts) { f.ID = strings.Repeat("x", 64) },
			[]string{"refuse variant.name: the candidate's variant would be called " + strings.Repeat("x", 64) + ", which has 64 characters; SageMaker takes 63; give the model a shorter name"}},
		{"a strange name", canary(10, 15), func(f *preflight.Facts) { f.ID = "churn_v2" },
			[]string{`refuse variant.name: the candidate's variant would be called "churn_v2", which SageMaker does not take; give the model a name of letters, digits and single hyphens`}},
		{"the baseline's name", canary(10, 15), func(f *preflight.Facts) { f.ID = "AllTraffic" },
			[]string{"refuse variant.name: endpoint churn-prod has a variant AllTraffic already, which would be the candidate's name; retry it under another attempt"}},

		{"a shadow of Inf1", shadow, func(f *preflight.Facts) { f.Config.Variants[0].InstanceType = "ml.inf1.xlarge" },
			[]string{"refuse shadow.excluded: instances of ml.inf1.xlarge are Inf1; SageMaker gives it no shadow variant; take the shadow out of the rollout's steps"}},
		{"Inf1 without a shadow", canary(10, 15), func(f *preflight.Facts) { f.Config.Variants[0].InstanceType = "ml.inf1.xlarge" }, nil},
		{"a shadow of several containers", shadow, func(f *preflight.Facts) { f.Package.Containers = make([]preflight.Container, 2) },
			[]string{"refuse shadow.excluded: the package has several containers; SageMaker gives it no shadow variant; take the shadow out of the rollout's steps"}},
		{"a shadow of many models", shadow, func(f *preflight.Facts) { f.Model.Containers[0].Models = true },
			[]string{"refuse shadow.excluded: what serves now is a multi-model container; SageMaker gives it no shadow variant; take the shadow out of the rollout's steps"}},
		{"a shadow of the Marketplace", shadow, func(f *preflight.Facts) { f.Package.Containers[0].Product = "p-1" },
			[]string{"refuse shadow.excluded: the package is of AWS Marketplace; SageMaker gives it no shadow variant; take the shadow out of the rollout's steps"}},

		{"a low maximum", canary(10, 15), func(f *preflight.Facts) { f.Scaling = &rollout.Scaling{Min: 1, Max: 3} },
			[]string{"warn scaling.max: autoscaling allows 3 instances, and the candidate takes all of the traffic on 4: when it is promoted, it is scaled in to 3; raise the maximum, or lower endpoint.instanceCount"}},
		{"a high minimum", canary(10, 15), func(f *preflight.Facts) {
			f.Scaling, f.Spec.Endpoint.InstanceCount = &rollout.Scaling{Min: 4, Max: 8}, 2
		}, []string{"warn scaling.min: autoscaling keeps 4 instances at the least: endpoint.instanceCount 2 has no effect; raise endpoint.instanceCount, or lower the minimum"}},
		{"no headroom", canary(10, 15), func(f *preflight.Facts) { f.Spec.Rollout.Headroom = 0 },
			[]string{"warn capacity.headroom: without headroom each side has exactly the instances that its share needs on average; set rollout.headroom, such as 25%"}},
		{"two things at once", canary(10, 15), func(f *preflight.Facts) { f.Package.Approval, f.Config.Async = "Rejected", true }, []string{
			"refuse package.approval: " + arn2 + " is Rejected now, not Approved",
			"refuse endpoint.async: endpoint churn-prod is asynchronous; its answers cannot be compared request for request",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts(4, tt.rules)
			tt.make(&f)
			r := preflight.Check(f)
			if diff := cmp.Diff(tt.want, lines(r.Findings, refuse, wait, warn)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if got := r.Says(refuse); (got != "") != strings.HasPrefix(strings.Join(tt.want, ""), "refuse") {
				t.Errorf("refused for %q", got)
			}
		})
	}
}

// A busy endpoint is not judged by what it is now, and an alarm may be quiet by then.
func TestBusy(t *testing.T) {
	rules := canary(10, 15)
	rules.Alarms = []string{"five"}
	f := facts(4, rules)
	f.Endpoint.Status, f.Config.Async, f.Model.Package = "Updating", true, arn2
	f.Alarms[0] = on("five", "Average", "Invocation5XXErrors", "AllTraffic")
	f.Alarms[0].State, f.Alarms[0].Reason = "ALARM", "because"
	f.Config.Variants = nil
	want := []string{
		"wait endpoint.busy: endpoint churn-prod is Updating: a rollout begins when it is InService",
		"warn alarm.rings: alarm five is in ALARM; the rollout is refused if it still is when the endpoint is free: because",
	}
	if diff := cmp.Diff(want, lines(preflight.Check(f).Findings, refuse, wait, warn)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// What is worth knowing of a healthy rollout, with everything that there is to say.
func TestNotes(t *testing.T) {
	rules := linear(25, 10)
	rules.Standby, rules.Alarms = spec.Duration(2*time.Hour), nil
	f := facts(4, rules)
	f.Spec.Endpoint.InstanceCount, f.Spec.Endpoint.Price = 6, 0
	want := []string{
		"note package.change: only the model data change; model data s3://models/2 in place of s3://models/1",
		"note alarm.none: no alarm watches the rollout: only the judge can roll it back",
		"note capacity.count: the candidate takes all of the traffic on 6 instances, the baseline on 4",
		"note capacity.return: from 75 % on the baseline has 3 of its 4 instances: a rollback gives it 75 % of the requests at once, and the rest when it has grown; capacity: full keeps the baseline whole",
		"note capacity.share: weights are shares of the requests: 25 %, 75 % of 6 instances would be no whole number of them, which is all that SageMaker's own guardrails shift",
		`note quota.unread: instance quotas cannot be read here: up to 14 instances run at once while an update brings a new fleet up beside the old one; compare with Service Quotas: "ml.m5.large for endpoint usage"`,
		"note standby: after promotion AllTraffic stays on 1 instance for 2h, which is 6 instance-hours; sluice promote ends it early",
		"note cost.price: dollars are not shown: set endpoint.price to what one ml.m5.large costs you an hour; prices differ by region and contract, and `aws pricing get-products --service-code AmazonSageMaker` lists them",
	}
	if diff := cmp.Diff(want, lines(preflight.Check(f).Findings, note, warn, wait, refuse)); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	f = facts(4, linear(25, 10))
	f.Scaling = &rollout.Scaling{Min: 2, Max: 8}
	got := text(preflight.Check(f).Findings, note)
	for _, want := range []string{
		"scaling.copied: variant AllTraffic is autoscaled from 2 to 8 instances: the candidate gets the same policies",
		"scaling.baseline: the baseline shrinks as its autoscaling says, not by the plan: the cost counts it as it is now, on 4 instances",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("notes:\n%s\nwant %s", got, want)
		}
	}
	f = facts(4, spec.Rollout{Strategy: spec.StrategyShadow})
	f.Config.Variants[0].InstanceType = "ml.c7g.large"
	got = text(preflight.Check(f).Findings, note)
	for _, want := range []string{"shadow.share: a shadow gets copies of its weight over", "endpoint.type: the candidate runs on ml.m5.large, the baseline on ml.c7g.large"} {
		if !strings.Contains(got, want) {
			t.Errorf("notes:\n%s\nwant %s", got, want)
		}
	}
}

// The first model of an endpoint has nothing in its way, and nothing to compare with.
func TestFirst(t *testing.T) {
	rules := linear(25, 10)
	rules.Alarms = []string{"five"}
	f := facts(4, rules)
	f.Endpoint, f.Config, f.Model, f.Champion = rollout.Endpoint{Name: "churn-prod"}, preflight.Config{}, preflight.Model{}, nil
	f.Alarms[0] = on("five", "Average", "Invocation5XXErrors", "AllTraffic")
	r := preflight.Check(f)
	want := []string{"note endpoint.first: endpoint churn-prod does not exist: the rollout creates it with the model on 4 instances, and there is nothing to compare it with"}
	if diff := cmp.Diff(want, lines(r.Findings, refuse, wait, warn, note)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rollout.FirstPlan(), r.Plan); diff != "" || r.Cost.Steps != 0 || r.Cost.Native != 0 {
		t.Errorf("cost %+v, plan (-want +got):\n%s", r.Cost, diff)
	}
	if len(r.Steps) != 1 || r.Steps[0].Text != "the first model" || r.Steps[0].Candidate != 4 {
		t.Errorf("steps %+v", r.Steps)
	}
	f.Alarms[0].State = "ALARM"
	if r := preflight.Check(f); r.Says(refuse) == "" {
		t.Error("an alarm that rings refuses a first model, too")
	}
}

func TestChange(t *testing.T) {
	was := preflight.Container{Image: "xgboost:1.7", Data: "s3://models/1", Environment: map[string]string{"A": "1", "TOKEN": "x"}}
	tests := []struct {
		name string
		make func(*preflight.Container)
		want string
	}{
		{"image", func(c *preflight.Container) { c.Image = "xgboost:1.8" }, "only the image changes; image xgboost:1.8 in place of xgboost:1.7"},
		{"data", func(c *preflight.Container) { c.Data = "s3://models/2" }, "only the model data change; model data s3://models/2 in place of s3://models/1"},
		{"both", func(c *preflight.Container) { c.Image, c.Data = "xgboost:1.8", "" }, "both image and model data change; image xgboost:1.8 in place of xgboost:1.7; model data none in place of s3://models/1"},
		{"neither", func(*preflight.Container) {}, "neither image nor model data change"},
		{"variables", func(c *preflight.Container) { c.Environment = map[string]string{"A": "1", "B": "2", "TOKEN": "y"} }, "neither image nor model data change; environment variables that differ: B, TOKEN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts(4, canary(10, 15))
			is := was
			tt.make(&is)
			f.Champion.Containers, f.Package.Containers = []preflight.Container{was}, []preflight.Container{is}
			if got := text(preflight.Check(f).Findings, note); !strings.Contains(got, "package.change: "+tt.want+"\n") {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
	t.Run("the tag moved", func(t *testing.T) {
		f := facts(4, canary(10, 15))
		f.Champion.Containers[0].Digest, f.Package.Containers[0].Digest = "sha256:aaaaaaaaaaaaaaaaaaaa", "sha256:bbbbbbbbbbbbbbbbbbbb"
		if got := text(preflight.Check(f).Findings, note); !strings.Contains(got, "image xgboost:1.7 (sha256:bbbbbbbbbbbb) in place of xgboost:1.7 (sha256:aaaaaaaaaaaa)") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a model without a package", func(t *testing.T) {
		f := facts(4, canary(10, 15))
		f.Champion, f.Model = nil, preflight.Model{Name: "byhand", Containers: []preflight.Container{{Image: "xgboost:1.6", Data: "s3://models/2"}}}
		if got := text(preflight.Check(f).Findings, note); !strings.Contains(got, "only the image changes; image xgboost:1.7 in place of xgboost:1.6") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("not known", func(t *testing.T) {
		f := facts(4, canary(10, 15))
		f.Champion = nil
		if got := text(preflight.Check(f).Findings, note); !strings.Contains(got, "what changes is not known") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("more containers", func(t *testing.T) {
		f := facts(4, canary(10, 15))
		f.Package.Containers = make([]preflight.Container, 3)
		if got := text(preflight.Check(f).Findings, note); !strings.Contains(got, "the number of containers changes from 1 to 3") {
			t.Errorf("got %s", got)
		}
	})
}
