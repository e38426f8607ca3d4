package sluice_test

import (
	"cmp"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	cf "sluice/local/cloudformation"

	"sluice/local/cloudwatch/metricmath"
)

// checker is the function that tries new versions of all others.
const checker = "CheckDeploymentFunction"

// live is the ARN of a function's alias, by which everything invokes it.
func live(t *testing.T, f cf.FunctionSpec) string { return arn(t, f.Meta) + ":live" }

// hooks are the functions that CodeDeploy invokes.
func hooks(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, a := range resources[cf.AliasSpec](t) {
		if p := a.UpdatePolicy; p != nil {
			all = append(all, p.CodeDeployLambdaAliasUpdate.BeforeAllowTrafficHook)
		}
	}
	return all
}

// What is invoked by another name than its alias gets new code at once, and without
// being watched.
func TestEverythingInvokesAliases(t *testing.T) {
	invoked := map[string]string{} // by ARN, who does
	for _, r := range resources[cf.RuleSpec](t) {
		for _, target := range r.Targets {
			invoked[target.Arn] = r.LogicalID
		}
	}
	for _, s := range resources[cf.ScheduleSpec](t) {
		invoked[s.Target.Arn] = s.LogicalID
	}
	for _, m := range resources[cf.MappingSpec](t) {
		invoked[m.FunctionName] = m.LogicalID
	}
	for _, m := range resources[cf.StateMachineSpec](t) {
		for _, value := range m.DefinitionSubstitutions {
			invoked[value] = m.LogicalID
		}
	}
	aliases := map[string]bool{}
	for _, a := range resources[cf.AliasSpec](t) {
		aliases[a.FunctionName+":"+a.Name] = true
	}
	for _, f := range resources[cf.FunctionSpec](t) {
		if !aliases[f.FunctionName+":live"] {
			t.Errorf("template.yaml: %s has no alias live", f.LogicalID)
		}
		for _, target := range keys(invoked) {
			if (target == f.FunctionName || strings.HasPrefix(target, arn(t, f.Meta))) && target != live(t, f) {
				t.Errorf("template.yaml: %s invokes %s as %s, and not by its alias %s", invoked[target], f.LogicalID, target, live(t, f))
			}
		}
	}
}

// Each function is checked before it gets events, and its own alarm takes them away.
func TestFunctionsAreDeployedInSteps(t *testing.T) {
	groups := map[string]cf.DeploymentGroupSpec{}
	for _, g := range resources[cf.DeploymentGroupSpec](t) {
		groups[g.LogicalID] = g
	}
	policies := map[string]*cf.UpdatePolicySpec{} // by name of the function
	for _, a := range resources[cf.AliasSpec](t) {
		policies[a.FunctionName] = a.UpdatePolicy
	}
	alarms := map[string]cf.AlarmSpec{}
	for _, a := range resources[cf.AlarmSpec](t) {
		alarms[a.AlarmName] = a
	}
	for _, f := range resources[cf.FunctionSpec](t) {
		g, policy := groups[f.LogicalID+"DeploymentGroup"], policies[f.FunctionName]
		if f.LogicalID == checker {
			if policy != nil {
				t.Errorf("template.yaml: %s would wait for its own answer", checker)
			}
			continue
		}
		if policy == nil || !strings.HasPrefix(policy.CodeDeployLambdaAliasUpdate.BeforeAllowTrafficHook, "CodeDeployHook_") {
			t.Errorf("template.yaml: nobody tries new versions of %s before they get events", f.LogicalID)
		}
		if got := len(g.AlarmConfiguration.Alarms); got != 1 || !g.AlarmConfiguration.Enabled || g.AlarmConfiguration.IgnorePollAlarmFailure {
			t.Errorf("template.yaml: the deployment of %s watches %d alarms; it must watch one", f.LogicalID, got)
			continue
		}
		if !strings.HasPrefix(g.DeploymentConfigName, "CodeDeployDefault.LambdaLinear") || !g.AutoRollbackConfiguration.Enabled || !slices.Contains(g.AutoRollbackConfiguration.Events, "DEPLOYMENT_STOP_ON_ALARM") {
			t.Errorf("template.yaml: the deployment of %s shifts by %s and goes back after %s", f.LogicalID, g.DeploymentConfigName, g.AutoRollbackConfiguration.Events)
		}
		versionAlarm(t, f, alarms[g.AlarmConfiguration.Alarms[0].Name])
	}
}

// Whatever changes of a function reaches it as a new version, its timeout alone, too.
// SAM does not let Globals say so for all.
func TestEveryPropertyMakesAVersion(t *testing.T) {
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range strings.Split(string(text), "      DeploymentPreference: {Alarms: [!Ref ")[1:] {
		alarm, rest, _ := strings.Cut(after, "]}\n")
		if !strings.HasPrefix(rest, "      AutoPublishAliasAllProperties: true\n") {
			t.Errorf("template.yaml: the function of %s lacks AutoPublishAliasAllProperties: true", alarm)
		}
	}
}

// measure is one metric of an alarm.
type measure struct{ Name, Stat, Dimensions string }

// versionAlarm holds the alarm of one function's new version to the form that all have.
func versionAlarm(t *testing.T, f cf.FunctionSpec, a cf.AlarmSpec) {
	t.Helper()
	if want := strings.TrimSuffix(f.LogicalID, "Function") + "VersionAlarm"; a.LogicalID != want {
		t.Errorf("template.yaml: the deployment of %s watches %s; it must watch %s", f.LogicalID, a.LogicalID, want)
		return
	}
	if folder := path.Base(f.Code.LocalPath); !strings.Contains(a.AlarmDescription, " "+folder+" ") {
		t.Errorf("template.yaml: the description of %s does not name %s", a.LogicalID, folder)
	}
	all := "FunctionName=" + f.FunctionName + " Resource=" + f.FunctionName + ":live"
	want := map[string]measure{
		"fails": {"Errors", "Sum", all + " ExecutedVersion=1"}, "calls": {"Invocations", "Sum", all + " ExecutedVersion=1"},
		"allFails": {"Errors", "Sum", all}, "allCalls": {"Invocations", "Sum", all},
	}
	got := map[string]measure{}
	expression := ""
	for _, q := range a.Metrics {
		if q.MetricStat == nil {
			expression = cmp.Or(q.Expression, expression)
			continue
		}
		var dims []string
		for _, d := range q.MetricStat.Metric.Dimensions {
			dims = append(dims, d.Name+"="+d.Value)
		}
		got[q.Id] = measure{q.MetricStat.Metric.MetricName, q.MetricStat.Stat, strings.Join(dims, " ")}
		if q.ReturnData == nil || *q.ReturnData || q.MetricStat.Period != 300 || q.MetricStat.Metric.Namespace != "AWS/Lambda" {
			t.Errorf("template.yaml: %s: %s must be of AWS/Lambda, over 300 s, and not be what the alarm looks at", a.LogicalID, q.Id)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("template.yaml: what %s measures (-want +got):\n%s", a.LogicalID, diff)
	}
	if expression != rule || a.EvaluationPeriods != 1 || a.Threshold == nil || *a.Threshold != 0 || a.ComparisonOperator != "GreaterThanThreshold" || a.TreatMissingData != "notBreaching" {
		t.Errorf("template.yaml: %s decides otherwise than all others: it must be on when %s is above 0, and off without data", a.LogicalID, rule)
	}
}

// rule is when a new version is bad.
const rule = "IF((fails >= 2 AND fails * (allCalls - calls) > 6 * calls * (1 + allFails - fails)) " +
	"OR (fails >= 3 AND fails >= 0.8 * calls AND allCalls - calls >= 2 AND allFails - fails <= 0.2 * (allCalls - calls)), 1, 0)"

// bad applies the rule to what the new version and all versions did in five minutes.
func bad(t *testing.T, fails, calls, allFails, allCalls int) bool {
	t.Helper()
	e, err := metricmath.Parse(rule)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	series := func(n int) metricmath.Value {
		return metricmath.Of(metricmath.Series{{At: at, Value: float64(n)}})
	}
	known := map[string]metricmath.Value{"fails": series(fails), "calls": series(calls), "allFails": series(allFails), "allCalls": series(allCalls)}
	v, err := e.Eval(&metricmath.Env{Times: []time.Time{at}, Lookup: func(id string) (metricmath.Value, error) { return known[id], nil }})
	if err != nil || len(v.Series) != 1 || len(v.Series[0]) != 1 {
		t.Fatalf("%s is %v: %v", rule, v, err)
	}
	return v.Series[0][0].Value > 0
}

func TestWhichVersionsAreBad(t *testing.T) {
	tests := []struct {
		name                             string
		fails, calls, allFails, allCalls int
		want                             bool
	}{
		{"nothing fails", 0, 10, 0, 100, false},
		{"it always fails, with a tenth of the calls", 2, 2, 2, 20, true},
		{"it always fails, with half of the calls", 3, 3, 3, 6, true},
		{"it always fails, with most of the calls", 9, 9, 9, 11, true},
		{"it fails for one event in five", 4, 20, 4, 200, true},
		{"it fails for one event in five, with half of the calls", 20, 100, 20, 200, true},
		{"AWS throttled one call", 1, 10, 1, 100, false},
		{"AWS throttled the only call that it got", 1, 1, 1, 10, false},
		{"AWS throttles every second call", 5, 10, 50, 100, false},
		{"AWS is down", 10, 10, 100, 100, false},
		{"a rollout waits: NotReady, again and again", 2, 3, 21, 30, false},
		{"a rollout waits, and most calls are the new version's", 18, 20, 20, 23, false},
		{"there is no version before", 10, 10, 10, 10, false},
		{"only it was called", 3, 3, 3, 3, false},
	}
	for _, tt := range tests {
		if got := bad(t, tt.fails, tt.calls, tt.allFails, tt.allCalls); got != tt.want {
			t.Errorf("%s: bad is %v", tt.name, got)
		}
	}
}

// A good version is taken back by chance in at most about one of twenty deployments in
// which anything fails: whichever calls fail, and whatever share of them it gets.
func TestGoodVersionsAreRarelyTakenBack(t *testing.T) {
	for _, calls := range []int{2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 24} {
		for failures := 1; failures <= calls; failures++ {
			var chance [10]float64 // by tenths of the calls that it gets
			for hit := range failures + 1 {
				for more := range calls - failures + 1 {
					if !bad(t, hit, hit+more, failures, calls) {
						continue
					}
					for tenths := 1; tenths < 10; tenths++ {
						share := float64(tenths) / 10
						chance[tenths] += binomial(failures, hit, share) * binomial(calls-failures, more, share)
					}
				}
			}
			for tenths, c := range chance {
				if c > 0.055 {
					t.Errorf("with %d %% of events a good version is taken back in %.1f %% of the cases in which %d of %d calls fail", 10*tenths, 100*c, failures, calls)
				}
			}
		}
	}
}

// binomial is the chance that k of n things happen, each of which happens with chance p.
func binomial(n, k int, p float64) float64 {
	ways, _ := math.Lgamma(float64(n + 1))
	a, _ := math.Lgamma(float64(k + 1))
	b, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(ways - a - b + float64(k)*math.Log(p) + float64(n-k)*math.Log(1-p))
}

// A batch that a bad version fails comes back often enough to meet the version before:
// even if it met the bad one every time, the deployment ends first.
func TestTheDataQueueOutlivesDeployments(t *testing.T) {
	const longest = 20 * time.Minute    // Linear10PercentEvery2Minutes, the default
	tried := map[string]time.Duration{} // by ARN of the queue
	for _, q := range resources[cf.QueueSpec](t) {
		if q.RedrivePolicy != nil && q.VisibilityTimeout != nil {
			tried[arn(t, q.Meta)] = time.Duration(*q.VisibilityTimeout*q.RedrivePolicy.MaxReceiveCount) * time.Second
		}
	}
	for _, g := range resources[cf.DeploymentGroupSpec](t) {
		if g.DeploymentConfigName != "CodeDeployDefault.LambdaLinear10PercentEvery2Minutes" {
			t.Errorf("template.yaml: %s shifts by %s; say here how long that takes", g.LogicalID, g.DeploymentConfigName)
		}
	}
	for _, m := range resources[cf.MappingSpec](t) {
		if m.StartingPosition == "" && tried[m.EventSourceArn] < 2*longest {
			t.Errorf("template.yaml: the queue of %s gives a message up after %s, and a deployment may take %s", m.LogicalID, tried[m.EventSourceArn], longest)
		}
	}
}
