package codedeploy

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
)

// The statuses of a deployment that occur here.
const (
	created    = "Created"
	inProgress = "InProgress"
	succeeded  = "Succeeded"
	failed     = "Failed"
	stopped    = "Stopped"
)

// The lifecycle events of a deployment to Lambda, in order.
const (
	before = "BeforeAllowTraffic"
	allow  = "AllowTraffic"
	after  = "AfterAllowTraffic"
)

// Times. The hook's is documented; that of the start and of polls is assumed.
const (
	startDelay = 2 * time.Second
	pollEvery  = 10 * time.Second
	hookLimit  = time.Hour
)

// deployment is one deployment. It keeps its group as it was when it was created.
type deployment struct {
	s           *Service
	id          string
	group       Group
	config      string
	routing     routing
	revision    Revision
	creator     string // user, CloudFormation or codeDeployRollback
	description string

	status                       string
	created, started, completed  time.Time
	fault                        *faultShape
	undoes, undoneBy, undoneText string // of rollbacks
	events                       []*event
	hook                         string   // id of the execution that is awaited
	hooks                        []string // ids of all executions
	percent                      int      // of traffic at the target version
	next, poll                   *sim.Timer
	ended                        []func()
}

// event is a lifecycle event.
type event struct {
	name       string
	status     string
	start, end time.Time
}

// faultShape is why a deployment ended that did not succeed.
type faultShape struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (f faultShape) Error() string { return f.Message }

// Start makes a deployment of the group, and returns its id; ended, if it is not nil,
// is called when it has come to its end. creator is user or CloudFormation. config is
// "" for the group's. Errors: ApplicationDoesNotExistException,
// DeploymentGroupDoesNotExistException, DeploymentLimitExceededException.
func (s *Service) Start(application, group, config, creator, description string, r Revision, ended func(Deployment)) (string, error) {
	if !slices.Contains(s.applications, application) {
		return "", noApplication(application)
	}
	g := s.group(application, group)
	if g == nil {
		return "", wire.Errorf("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: %s", group)
	}
	if config == "" {
		config = g.Config
	}
	how, ok := configs[config]
	if !ok {
		return "", noConfig(config)
	}
	for _, d := range s.deployments {
		if d.group.ID == g.ID && d.completed.IsZero() {
			return "", wire.Errorf("DeploymentLimitExceededException", "The Deployment Group '%s' already has an active Deployment '%s'", group, d.id)
		}
	}
	d := s.create(*g, config, how, r)
	d.creator, d.description = creator, description
	if ended != nil {
		d.ended = append(d.ended, func() { ended(d.read()) })
	}
	return d.id, nil
}

func (s *Service) create(g Group, config string, how routing, r Revision) *deployment {
	d := &deployment{
		s: s, id: "d-" + strings.ToUpper(s.world.ID("codedeploy/deployment", 9)), group: g, config: config, routing: how, revision: r,
		status: created, created: s.world.Now(),
		events: []*event{{name: before, status: "Pending"}, {name: allow, status: "Pending"}, {name: after, status: "Pending"}},
	}
	s.deployments = append(s.deployments, d)
	d.next = s.world.After(startDelay, "start deployment "+d.id, d.begin)
	return d
}

func (d *deployment) begin() {
	d.status, d.started = inProgress, d.s.world.Now()
	d.tell("START")
	if d.undoes != "" {
		d.event(allow).begin(d.s.world.Now())
		d.finishRollback()
		return
	}
	if !d.watch() || !d.check() {
		return
	}
	d.runHook(before, d.revision.BeforeAllowTraffic)
}

// watch looks at the alarms, now and again. It reports false if that ended the
// deployment.
func (d *deployment) watch() bool {
	if !d.group.AlarmsOn || len(d.group.Alarms) == 0 {
		return true
	}
	if err := d.may("cloudwatch:DescribeAlarms", "*"); err != nil {
		if !d.group.IgnorePolls {
			d.end(failed, "IAM_ROLE_PERMISSIONS", "The alarms of the deployment group could not be read: "+err.Error())
			return false
		}
	} else if ringing := d.ringing(); len(ringing) > 0 {
		d.end(stopped, "ALARM_ACTIVE", "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: "+strings.Join(ringing, ", "))
		return false
	}
	d.poll = d.s.world.After(pollEvery, "poll alarms of deployment "+d.id, func() { d.watch() })
	return true
}

func (d *deployment) ringing() []string {
	var names []string
	for _, name := range d.group.Alarms {
		if d.s.outside.AlarmState != nil && d.s.outside.AlarmState(name) == "ALARM" {
			names = append(names, name)
		}
	}
	return names
}

// may asks for a permission of the group's role.
func (d *deployment) may(action, resource string) error {
	if d.s.outside.Roles == nil {
		return nil
	}
	return d.s.outside.Roles.AllowRole(d.group.RoleARN, wire.Access{Action: action, Resource: resource})
}

func functionARN(nameOrARN string) string {
	if strings.HasPrefix(nameOrARN, "arn:") {
		return nameOrARN
	}
	return lambda.Function{Name: nameOrARN}.ARN()
}

// check finds out whether the alias can be moved. It reports false if that ended the
// deployment.
func (d *deployment) check() bool {
	r := d.revision
	a, err := d.alias()
	if err == nil && a.Version != r.CurrentVersion {
		err = faultShape{"INVALID_LAMBDA_CONFIGURATION", fmt.Sprintf("The alias %s of %s leads to version %s, and not to the current version %s of the AppSpec file", r.Alias, r.Function, a.Version, r.CurrentVersion)}
	}
	if err == nil {
		_, err = d.s.outside.Functions.Function(r.Function + ":" + r.TargetVersion)
	}
	return err == nil || d.refused(err)
}

// alias reads the alias with the role's permissions.
func (d *deployment) alias() (lambda.Alias, error) {
	if err := d.may("lambda:GetAlias", functionARN(d.revision.Function)); err != nil {
		return lambda.Alias{}, faultShape{"IAM_ROLE_PERMISSIONS", err.Error()}
	}
	return d.s.outside.Functions.Alias(d.revision.Function, d.revision.Alias)
}

// refused ends the deployment by what Lambda or IAM said. It reports false.
func (d *deployment) refused(err error) bool {
	code := "INVALID_LAMBDA_CONFIGURATION"
	var ours faultShape
	var theirs *wire.Error
	switch {
	case errors.As(err, &ours):
		code = ours.Code
	case errors.As(err, &theirs) && theirs.Code == "ResourceNotFoundException":
		code = "INVALID_LAMBDA_FUNCTION"
	}
	d.end(failed, code, err.Error())
	return false
}

// runHook calls a hook and waits for its word, or goes on where there is none.
func (d *deployment) runHook(name, function string) {
	e := d.event(name)
	if function == "" {
		e.status = "Skipped"
		d.goOn(name)
		return
	}
	e.begin(d.s.world.Now())
	arn := functionARN(function)
	if err := d.may("lambda:InvokeFunction", arn); err != nil {
		d.refused(faultShape{"IAM_ROLE_PERMISSIONS", fmt.Sprintf("The %s hook cannot be called: %v", name, err)})
		return
	}
	id, err := json.Marshal(map[string]string{"deployment": d.id, "event": name, "run": d.s.world.ID("codedeploy/hook", 16)})
	if err != nil {
		panic(err) // texts
	}
	d.hook = base64.StdEncoding.EncodeToString(id)
	d.hooks = append(d.hooks, d.hook)
	payload, err := json.Marshal(map[string]string{"DeploymentId": d.id, "LifecycleEventHookExecutionId": d.hook})
	if err != nil {
		panic(err) // texts
	}
	if _, err := d.s.outside.Functions.InvokeAsync(arn, payload); err != nil {
		d.refused(err)
		return
	}
	d.next = d.s.world.After(hookLimit, "time out hook of deployment "+d.id, func() { d.hooked("Failed", "it has not reported within an hour") })
}

// hooked takes the word of the hook that is awaited.
func (d *deployment) hooked(status, why string) {
	d.next.Stop()
	d.hook = ""
	e := d.running()
	e.finish(status, d.s.world.Now())
	if status == succeeded {
		d.goOn(e.name)
		return
	}
	d.end(failed, "HOOK_EXECUTION_FAILURE", fmt.Sprintf("The deployment failed because the validation by the %s hook failed: %s", e.name, why))
}

// goOn does what follows a lifecycle event.
func (d *deployment) goOn(from string) {
	switch from {
	case before:
		d.event(allow).begin(d.s.world.Now())
		d.shift()
	case allow:
		d.runHook(after, d.revision.AfterAllowTraffic)
	case after:
		d.end(succeeded, "", "")
	}
}

// shift moves the next part of traffic, and goes on when all has moved.
func (d *deployment) shift() {
	to := d.routing.next(d.percent)
	if err := d.route(to); err != nil {
		d.refused(err)
		return
	}
	d.percent = to
	if to < 100 {
		d.next = d.s.world.After(d.routing.interval, "shift traffic of deployment "+d.id, d.shift)
		return
	}
	d.event(allow).finish(succeeded, d.s.world.Now())
	d.goOn(allow)
}

// route gives the target version this percentage of the alias's invocations.
func (d *deployment) route(percent int) error {
	a, err := d.alias()
	if err != nil {
		return err
	}
	if err := d.may("lambda:UpdateAlias", functionARN(d.revision.Function)); err != nil {
		return faultShape{"IAM_ROLE_PERMISSIONS", err.Error()}
	}
	a.Version, a.Weights = d.revision.CurrentVersion, map[string]float64{d.revision.TargetVersion: float64(percent) / 100}
	if percent == 100 {
		a.Version, a.Weights = d.revision.TargetVersion, nil
	}
	return d.s.outside.Functions.UpdateAlias(d.revision.Function, a)
}

func (d *deployment) event(name string) *event {
	return d.events[slices.IndexFunc(d.events, func(e *event) bool { return e.name == name })]
}

// running is the lifecycle event under way, or nil.
func (d *deployment) running() *event {
	i := slices.IndexFunc(d.events, func(e *event) bool { return e.status == inProgress })
	if i < 0 {
		return nil
	}
	return d.events[i]
}

func (e *event) begin(now time.Time)                 { e.status, e.start = inProgress, now }
func (e *event) finish(status string, now time.Time) { e.status, e.end = status, now }
