package sluice_test

import (
	"cmp"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
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
		if !strings.HasPrefix(g.DeploymentConfigName, "CodeDeployDefault.LambdaCanary") || !g.AutoRollbackConfiguration.Enabled || !slices.Contains(g.AutoRollbackConfiguration.Events, "DEPLOYMENT_STOP_ON_ALARM") {
			t.Errorf("template.yaml: the deployment of %s shifts by %s and goes back after %s", f.LogicalID, g.DeploymentConfigName, g.AutoRollbackConfiguration.Events)
		}
		versionAlarm(t, f, alarms[g.AlarmConfiguration.Alarms[0].Name])
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
const rule = "IF(fails >= 2 AND fails * (allCalls - calls) > 9 * (allFails - fails) * calls, 1, 0)"

// bad applies the rule to what new version and all versions did in five minutes.
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
		{"it always fails", 10, 10, 10, 100, true},
		{"two of its first three fail", 2, 3, 2, 25, true},
		{"it fails for one event in five", 4, 20, 4, 200, true},
		{"AWS throttled one call", 1, 10, 1, 100, false},
		{"AWS throttles every second call", 5, 10, 50, 100, false},
		{"AWS is down", 10, 10, 100, 100, false},
		{"a rollout waits: NotReady, again and again", 2, 3, 21, 30, false},
		{"there is no version before", 10, 10, 10, 10, false},
		{"only it was called", 3, 3, 3, 3, false},
	}
	for _, tt := range tests {
		if got := bad(t, tt.fails, tt.calls, tt.allFails, tt.allCalls); got != tt.want {
			t.Errorf("%s: bad is %v", tt.name, got)
		}
	}
}

// A good version is taken back by chance in fewer than three of a hundred deployments in
// which anything fails at all: whichever calls fail, a tenth of them meet it.
func TestGoodVersionsAreRarelyTakenBack(t *testing.T) {
	const calls, share = 1000, 0.1
	for failures := range 60 {
		chance := 0.0
		for hit := range failures + 1 {
			if bad(t, hit, calls*share, failures, calls) {
				chance += binomial(failures, hit, share)
			}
		}
		if chance > 0.03 {
			t.Errorf("%d failures in %d calls take a good version back in %.1f %% of cases", failures, calls, 100*chance)
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

// canaries are the ways of shifting that the template lets people choose from.
var canaries = regexp.MustCompile(`Canary10Percent(\d+)Minutes`)

// A batch that a bad version fails comes back often enough to meet the version before:
// even if it met the bad one every time, the canary ends first.
func TestTheDataQueueOutlivesCanaries(t *testing.T) {
	text, err := os.ReadFile("template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for _, m := range canaries.FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		longest = max(longest, n)
	}
	tried := map[string]int{} // seconds, by ARN of the queue
	for _, q := range resources[cf.QueueSpec](t) {
		if q.RedrivePolicy != nil && q.VisibilityTimeout != nil {
			tried[arn(t, q.Meta)] = *q.VisibilityTimeout * q.RedrivePolicy.MaxReceiveCount
		}
	}
	for _, m := range resources[cf.MappingSpec](t) {
		if m.StartingPosition == "" && tried[m.EventSourceArn] <= 60*longest {
			t.Errorf("template.yaml: the queue of %s gives a message up after %d s, and a canary may take %d minutes", m.LogicalID, tried[m.EventSourceArn], longest)
		}
	}
	if longest == 0 {
		t.Error("template.yaml lets nobody choose a canary")
	}
}
