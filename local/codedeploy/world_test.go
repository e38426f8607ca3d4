package codedeploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"

	"sluice/local/iam"
	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const hook = "CodeDeployHook_check"

// world has the function work, whose alias live leads to version 1 and is to be moved
// to version 2 by the group canary, or linear, of the application app.
type world struct {
	*testing.T
	*Service
	sim    *sim.World
	lambda *lambda.Service
	iam    *iam.Service
	client *codedeploy.Client
	alarms map[string]string
	events []string            // "+5m2s START d-…" without the id
	hooks  []map[string]string // payloads that the hook got
	// answer is what the hook does with its payload; nil is to report Succeeded.
	answer func(map[string]string) error
	denied bool // the caller may do nothing
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, sim: sim.NewWorld(start, 1), alarms: map[string]string{}}
	w.iam = iam.New(w.sim)
	w.lambda = lambda.New(w.sim, func(f lambda.Function) (lambda.Host, error) {
		return lambda.InProcess(func(_ context.Context, payload []byte) ([]byte, error) {
			if f.Name != "work" {
				return []byte("null"), w.hook(payload)
			}
			return payload, nil
		}), nil
	})
	w.Service = New(w.sim, Outside{
		Functions: w.lambda, Roles: w.iam, AlarmState: func(name string) string { return w.alarms[name] },
		Emit: func(source, detailType string, resources []string, detail any) {
			w.emitted(source, detailType, resources, detail)
		},
	})
	srv := wire.NewServer(w.sim)
	srv.Register(w.Wire())
	srv.Allow = func(_ string, need wire.Access) error {
		if w.denied {
			return fmt.Errorf("no %s on %s", need.Action, need.Resource)
		}
		return nil
	}
	w.client = codedeploy.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	w.sim.Do(w.furnish)
	return w
}

func (w *world) furnish() {
	role, err := w.iam.CreateRole("deploys", "", []byte(`{"Statement":[{"Effect":"Allow","Principal":{"Service":"codedeploy.amazonaws.com"},"Action":"sts:AssumeRole"}]}`))
	w.ok(err)
	w.ok(w.iam.AttachRolePolicy("deploys", "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"))
	for _, name := range []string{"work", hook, "check"} {
		w.ok(w.lambda.Create(lambda.Function{Name: name}))
	}
	for _, code := range []string{"one", "two", "three"} {
		w.ok(w.lambda.UpdateCode("work", code, lambda.Defect{}))
		_, err = w.lambda.Publish("work")
		w.ok(err)
	}
	_, err = w.lambda.CreateAlias("work", lambda.Alias{Name: "live", Version: "1"})
	w.ok(err)
	w.ok(w.CreateApplication("app", "Lambda"))
	for name, config := range map[string]string{"canary": "Canary10Percent5Minutes", "linear": "Linear10PercentEvery1Minute", "once": "AllAtOnce"} {
		w.ok(w.CreateGroup(Group{
			Application: "app", Name: name, Config: prefix + config, RoleARN: role.ARN, AlarmsOn: true, Alarms: []string{"errors", "slow"},
			RollbackOn: true, RollbackWhen: []string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"},
		}))
	}
}

// hook is the code of the hook function.
func (w *world) hook(payload []byte) error {
	var in map[string]string
	w.ok(json.Unmarshal(payload, &in))
	w.hooks = append(w.hooks, in)
	if w.answer != nil {
		return w.answer(in)
	}
	return w.report(in, types.LifecycleEventStatusSucceeded)
}

// report is what a hook says, over the wire.
func (w *world) report(in map[string]string, status types.LifecycleEventStatus) error {
	_, err := w.client.PutLifecycleEventHookExecutionStatus(w.Context(), &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: aws.String(in["DeploymentId"]), LifecycleEventHookExecutionId: aws.String(in["LifecycleEventHookExecutionId"]), Status: status,
	})
	return err
}

func (w *world) emitted(source, detailType string, resources []string, detail any) {
	raw, err := json.Marshal(detail)
	w.ok(err)
	var d map[string]string
	w.ok(json.Unmarshal(raw, &d))
	if source != "aws.codedeploy" || detailType != "CodeDeploy Deployment State-change Notification" || len(resources) != 2 {
		w.Errorf("%s sent %s about %v", source, detailType, resources)
	}
	w.events = append(w.events, fmt.Sprintf("+%s %s %s", w.sim.Now().Sub(start), d["state"], d["deploymentGroup"]))
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		w.Errorf("got %v, want %s", err, code)
	}
}

// deploy starts a deployment of version 2 over the wire, with this hook before and
// after, and returns its id.
func (w *world) deploy(group, hook string) string {
	w.Helper()
	spec := `{"version": 0.0, "Resources": [{"work": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "work", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}]`
	if hook != "" {
		spec += fmt.Sprintf(`, "Hooks": [{"BeforeAllowTraffic": %q}, {"AfterAllowTraffic": %q}]`, hook, hook)
	}
	var out *codedeploy.CreateDeploymentOutput
	var err error
	w.sim.Do(func() {
		out, err = w.client.CreateDeployment(w.Context(), w.input(group, spec+"}"))
	})
	w.ok(err)
	return aws.ToString(out.DeploymentId)
}

func (w *world) input(group, spec string) *codedeploy.CreateDeploymentInput {
	return &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("app"), DeploymentGroupName: &group,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec}},
	}
}

// get reads a deployment over the wire.
func (w *world) get(id string) (d *types.DeploymentInfo) {
	w.Helper()
	w.sim.Do(func() {
		out, err := w.client.GetDeployment(w.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		w.ok(err)
		d = out.DeploymentInfo
	})
	return d
}

// alias is the alias in short: the version, and the other's weight.
func (w *world) alias() (text string) {
	w.sim.Do(func() {
		a, err := w.lambda.Alias("work", "live")
		w.ok(err)
		text = a.Version
		for v, weight := range a.Weights {
			text += fmt.Sprintf(" and %s at %g", v, weight)
		}
	})
	return text
}

// outcome is how a deployment ended, in short.
func (w *world) outcome(id string) string {
	d := w.get(id)
	text := string(d.Status)
	if d.ErrorInformation != nil {
		text += " " + string(d.ErrorInformation.Code)
	}
	if r := d.RollbackInfo; r != nil && r.RollbackDeploymentId != nil {
		text += ", rolled back"
	}
	return text
}

func (w *world) lifecycle(id string) string {
	var parts []string
	w.sim.Do(func() {
		targets, err := w.client.ListDeploymentTargets(w.Context(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
		w.ok(err)
		out, err := w.client.GetDeploymentTarget(w.Context(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: &targets.TargetIds[0]})
		w.ok(err)
		for _, e := range out.DeploymentTarget.LambdaTarget.LifecycleEvents {
			parts = append(parts, aws.ToString(e.LifecycleEventName)+" "+string(e.Status))
		}
	})
	return strings.Join(parts, ", ")
}
