package codedeploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/lambda"
)

func TestTrafficMovesAsConfigured(t *testing.T) {
	for _, tt := range []struct {
		group string
		want  []string // the alias, whenever it changes
	}{
		{"canary", []string{"+0s 1", "+10s 1 and 2 at 0.1", "+5m10s 2"}},
		{"once", []string{"+0s 1", "+10s 2"}},
		{"linear", []string{"+0s 1", "+10s 1 and 2 at 0.1", "+1m10s 1 and 2 at 0.2", "+2m10s 1 and 2 at 0.3", "+3m10s 1 and 2 at 0.4", "+4m10s 1 and 2 at 0.5",
			"+5m10s 1 and 2 at 0.6", "+6m10s 1 and 2 at 0.7", "+7m10s 1 and 2 at 0.8", "+8m10s 1 and 2 at 0.9", "+9m10s 2"}},
	} {
		t.Run(tt.group, func(t *testing.T) {
			w := newWorld(t)
			id := w.deploy(tt.group, hook)
			var got []string
			for at := time.Duration(0); at < 20*time.Minute; at += 10 * time.Second {
				if now := w.alias(); len(got) == 0 || !strings.HasSuffix(got[len(got)-1], "s "+now) {
					got = append(got, fmt.Sprintf("+%s %s", at, now))
				}
				w.sim.RunFor(10 * time.Second)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("alias (-want +got):\n%s", diff)
			}
			if got := w.outcome(id); got != "Succeeded" || len(w.hooks) != 2 {
				t.Errorf("the deployment is %s, after %d hooks", got, len(w.hooks))
			}
			if got := w.lifecycle(id); got != "BeforeAllowTraffic Succeeded, AllowTraffic Succeeded, AfterAllowTraffic Succeeded" {
				t.Errorf("events are %s", got)
			}
			if len(w.events) != 2 || !strings.HasPrefix(w.events[0], "+2s START") || !strings.Contains(w.events[1], "SUCCESS") {
				t.Errorf("told %q", w.events)
			}
		})
	}
}

func TestDeploymentsGoBack(t *testing.T) {
	fails := func(w *world) {
		w.answer = func(in map[string]string) error { return w.report(in, types.LifecycleEventStatusFailed) }
	}
	for _, tt := range []struct {
		name, group, hook string
		before            func(*world) // the deployment
		during            func(*world) // three minutes into it
		outcome, alias    string       // five minutes into it
		events            []string     // states
	}{
		{"hook reports failure", "canary", hook, fails, nil, "Failed HOOK_EXECUTION_FAILURE", "1", []string{"START", "FAILURE"}},
		{"hook fails after traffic", "once", hook, func(w *world) {
			w.answer = func(in map[string]string) error {
				if len(w.hooks) > 1 {
					return w.report(in, types.LifecycleEventStatusFailed)
				}
				return w.report(in, types.LifecycleEventStatusSucceeded)
			}
		}, nil, "Failed HOOK_EXECUTION_FAILURE, rolled back", "1", []string{"START", "FAILURE", "START", "SUCCESS"}},
		{"alarm rings already", "canary", "", func(w *world) { w.alarms["slow"] = "ALARM" }, nil, "Stopped ALARM_ACTIVE", "1", []string{"START", "STOP"}},
		{"alarm rings", "canary", "", nil, func(w *world) { w.alarms["errors"] = "ALARM" }, "Stopped ALARM_ACTIVE, rolled back", "1", []string{"START", "STOP", "START", "SUCCESS"}},
		{"alarm has no data", "canary", "", nil, func(w *world) { w.alarms["errors"] = "INSUFFICIENT_DATA" }, "InProgress", "1 and 2 at 0.1", []string{"START"}},
		{"stopped", "linear", "", nil, func(w *world) { w.stop(nil) }, "Stopped MANUAL_STOP, rolled back", "1", []string{"START", "STOP", "START", "SUCCESS"}},
		{"stopped and left", "linear", "", nil, func(w *world) { w.stop(aws.Bool(false)) }, "Stopped MANUAL_STOP", "1 and 2 at 0.3", []string{"START", "STOP"}},
		{"hook that the role may not call", "canary", "check", nil, nil, "Failed IAM_ROLE_PERMISSIONS", "1", []string{"START", "FAILURE"}},
		{"hook that is not there", "canary", "CodeDeployHook_none", nil, nil, "Failed INVALID_LAMBDA_FUNCTION", "1", []string{"START", "FAILURE"}},
		{"alias leads elsewhere", "canary", "", func(w *world) {
			w.ok(w.lambda.UpdateAlias("work", lambda.Alias{Name: "live", Version: "3"}))
		}, nil, "Failed INVALID_LAMBDA_CONFIGURATION", "3", []string{"START", "FAILURE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				w.sim.Do(func() { tt.before(w) })
			}
			id := w.deploy(tt.group, tt.hook)
			w.sim.RunFor(130 * time.Second)
			if tt.during != nil {
				tt.during(w)
			}
			w.sim.RunFor(2 * time.Minute)
			if got := w.outcome(id); got != tt.outcome {
				t.Errorf("the deployment is %s, want %s", got, tt.outcome)
			}
			if got := w.alias(); got != tt.alias {
				t.Errorf("the alias leads to %s, want %s", got, tt.alias)
			}
			var states []string
			for _, e := range w.events {
				states = append(states, strings.Fields(e)[1])
			}
			if diff := cmp.Diff(tt.events, states); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// stop stops the only deployment over the wire.
func (w *world) stop(rollBack *bool) {
	w.sim.Do(func() {
		_, err := w.client.StopDeployment(w.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &w.deployments[0].id, AutoRollbackEnabled: rollBack})
		w.ok(err)
	})
}

func TestRollbackIsADeployment(t *testing.T) {
	w := newWorld(t)
	id := w.deploy("canary", "")
	w.sim.RunFor(time.Minute)
	w.alarms["errors"] = "ALARM" // and goes on ringing, which does not hinder the rollback
	w.sim.RunFor(time.Minute)
	first := w.get(id)
	back := aws.ToString(first.RollbackInfo.RollbackDeploymentId)
	second := w.get(back)
	if second.Status != types.DeploymentStatusSucceeded || second.Creator != "codeDeployRollback" || first.Creator != types.DeploymentCreatorUser ||
		aws.ToString(second.RollbackInfo.RollbackTriggeringDeploymentId) != id {
		t.Errorf("the rollback is %+v", second)
	}
	if m := aws.ToString(first.ErrorInformation.Message); !strings.HasSuffix(m, "Activated alarms: errors") {
		t.Errorf("the reason is %q", m)
	}
	w.sim.Do(func() {
		list, err := w.client.ListDeployments(w.Context(), &codedeploy.ListDeploymentsInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("canary")})
		w.ok(err)
		if diff := cmp.Diff([]string{back, id}, list.Deployments); diff != "" {
			t.Errorf("deployments (-want +got):\n%s", diff)
		}
		g, err := w.client.GetDeploymentGroup(w.Context(), &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("canary")})
		w.ok(err)
		i := g.DeploymentGroupInfo
		if aws.ToString(i.LastSuccessfulDeployment.DeploymentId) != back || len(i.AlarmConfiguration.Alarms) != 2 || !i.AutoRollbackConfiguration.Enabled {
			t.Errorf("the group is %+v", i)
		}
	})
}

func TestHooksAreAwaited(t *testing.T) {
	w := newWorld(t)
	w.answer = func(map[string]string) error { return nil }
	id := w.deploy("once", hook)
	w.sim.RunFor(59 * time.Minute)
	if got := w.outcome(id); got != "InProgress" || w.alias() != "1" {
		t.Errorf("without the hook's word the deployment is %s, the alias at %s", got, w.alias())
	}
	w.sim.Do(func() {
		in := maps.Clone(w.hooks[0])
		w.refused(w.report(in, "Odd"), "InvalidLifecycleEventHookExecutionStatusException")
		w.ok(w.report(in, types.LifecycleEventStatusSucceeded))
		in["LifecycleEventHookExecutionId"] = "other"
		w.refused(w.report(in, types.LifecycleEventStatusSucceeded), "InvalidLifecycleEventHookExecutionIdException")
		in["DeploymentId"] = "d-NONE"
		w.refused(w.report(in, types.LifecycleEventStatusSucceeded), "DeploymentDoesNotExistException")
	})
	w.sim.RunFor(2 * time.Hour)
	if got := w.outcome(id); got != "Failed HOOK_EXECUTION_FAILURE, rolled back" || w.alias() != "1" {
		t.Errorf("a hook that says nothing for an hour leaves the deployment %s, the alias at %s", got, w.alias())
	}
	w.sim.Do(func() {
		w.refused(w.report(w.hooks[0], types.LifecycleEventStatusSucceeded), "LifecycleEventAlreadyCompletedException")
	})
}

// A hook that fails is called again by Lambda, as any event.
func TestHooksAreEvents(t *testing.T) {
	w := newWorld(t)
	w.answer = func(in map[string]string) error {
		if len(w.hooks) == 1 {
			return errors.New("not now")
		}
		return w.report(in, types.LifecycleEventStatusSucceeded)
	}
	id := w.deploy("once", hook)
	w.sim.RunFor(10 * time.Minute)
	if got := w.outcome(id); got != "Succeeded" || len(w.hooks) != 3 {
		t.Errorf("the deployment is %s after %d calls of the hook", got, len(w.hooks))
	}
}

func TestGroupsDeployInParallel(t *testing.T) {
	w := newWorld(t)
	w.deploy("canary", "")
	var err error
	w.sim.Do(func() {
		_, err = w.client.CreateDeployment(w.Context(), w.input("canary", Revision{"work", "live", "1", "2", "", ""}.text()))
	})
	w.refused(err, "DeploymentLimitExceededException")
	w.sim.Do(func() {
		w.ok(w.lambda.Create(lambda.Function{Name: "other"}))
		for _, code := range []string{"one", "two"} {
			w.ok(w.lambda.UpdateCode("other", code, lambda.Defect{}))
			_, err = w.lambda.Publish("other")
			w.ok(err)
		}
		_, err = w.lambda.CreateAlias("other", lambda.Alias{Name: "live", Version: "1"})
		w.ok(err)
		_, err = w.client.CreateDeployment(w.Context(), w.input("linear", Revision{"other", "live", "1", "2", "", ""}.text()))
		w.ok(err)
	})
	w.sim.RunFor(20 * time.Minute)
	if diff := cmp.Diff([]string{"+2s START canary", "+2s START linear", "+5m2s SUCCESS canary", "+9m2s SUCCESS linear"}, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestCallsAreRefused(t *testing.T) {
	w := newWorld(t)
	good := Revision{"work", "live", "1", "2", "", ""}.text()
	for _, tt := range []struct{ name, app, group, spec, want string }{
		{"application", "none", "canary", good, "ApplicationDoesNotExistException"},
		{"group", "app", "none", good, "DeploymentGroupDoesNotExistException"},
		{"no yaml", "app", "canary", "{", "InvalidRevisionException"},
		{"no function", "app", "canary", "version: 0.0\nResources: []", "InvalidRevisionException"},
		{"no version", "app", "canary", "version: 0.0\nResources:\n- work: {Type: AWS::Lambda::Function, Properties: {Name: work, Alias: live, CurrentVersion: 1}}", "InvalidRevisionException"},
		{"unknown hook", "app", "canary", "version: 0.0\nResources:\n- work: {Type: AWS::Lambda::Function, Properties: {Name: work, Alias: live, CurrentVersion: 1, TargetVersion: 2}}\nHooks:\n- BeforeInstall: x", "InvalidRevisionException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := w.input(tt.group, tt.spec)
			in.ApplicationName = &tt.app
			var err error
			w.sim.Do(func() { _, err = w.client.CreateDeployment(t.Context(), in) })
			w.refused(err, tt.want)
		})
	}
	w.sim.Do(func() {
		w.denied = true
		_, err := w.client.CreateDeployment(t.Context(), w.input("canary", good))
		w.refused(err, "AccessDeniedException")
		if err == nil || !strings.Contains(err.Error(), "codedeploy:CreateDeployment on arn:aws:codedeploy:us-east-1:111122223333:deploymentgroup:app/canary") {
			t.Errorf("the refusal is %v", err)
		}
		w.denied = false
		for _, g := range []Group{{Application: "none"}, {Application: "app", Name: "canary"}, {Application: "app", Name: "x", Config: "Mine"}, {Application: "app", Name: "x", RoleARN: "arn:aws:iam::111122223333:role/none"}} {
			if err := w.CreateGroup(g); err == nil {
				t.Errorf("group %+v is made", g)
			}
		}
		if w.CreateApplication("app", "Lambda") == nil || w.CreateApplication("servers", "Server") == nil {
			t.Error("an application is made twice, or for servers")
		}
	})
}

func TestConfigurations(t *testing.T) {
	w := newWorld(t)
	var got []string
	w.sim.Do(func() {
		for _, name := range slices.Sorted(maps.Keys(configs)) {
			out, err := w.client.GetDeploymentConfig(t.Context(), &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &name})
			w.ok(err)
			line, r := strings.TrimPrefix(name, prefix), out.DeploymentConfigInfo.TrafficRoutingConfig
			switch r.Type {
			case types.TrafficRoutingTypeTimeBasedCanary:
				line += fmt.Sprintf(" %d%% for %d min", r.TimeBasedCanary.CanaryPercentage, r.TimeBasedCanary.CanaryInterval)
			case types.TrafficRoutingTypeTimeBasedLinear:
				line += fmt.Sprintf(" %d%% each %d min", r.TimeBasedLinear.LinearPercentage, r.TimeBasedLinear.LinearInterval)
			}
			got = append(got, line)
		}
		_, err := w.client.GetDeploymentConfig(t.Context(), &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: aws.String("Mine")})
		w.refused(err, "DeploymentConfigDoesNotExistException")
	})
	want := []string{
		"AllAtOnce", "Canary10Percent10Minutes 10% for 10 min", "Canary10Percent15Minutes 10% for 15 min", "Canary10Percent30Minutes 10% for 30 min",
		"Canary10Percent5Minutes 10% for 5 min", "Linear10PercentEvery10Minutes 10% each 10 min", "Linear10PercentEvery1Minute 10% each 1 min",
		"Linear10PercentEvery2Minutes 10% each 2 min", "Linear10PercentEvery3Minutes 10% each 3 min",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
}

// The event has the members of the documented one.
func TestEventsAreAsDocumented(t *testing.T) {
	raw, err := os.ReadFile("testdata/codedeploy-deployment-state-change.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample struct{ Detail map[string]any }
	if err := json.Unmarshal(raw, &sample); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	var detail any
	w.outside.Emit = func(_, _ string, _ []string, d any) { detail = d }
	w.deploy("once", "")
	w.sim.RunFor(time.Minute)
	got, ok := detail.(map[string]string)
	if !ok {
		t.Fatalf("the detail is %T", detail)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(sample.Detail)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("members (-documented +got):\n%s", diff)
	}
}
