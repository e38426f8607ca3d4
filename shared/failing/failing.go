// Package failing tells people of what has failed on the way from commit to
// production: actions of CodePipeline, builds, deployments, state machines, and events
// that ended in a dead-letter queue. It has the handler of report-failure.
//
// Every cause is told once, and by one: what a training run, a rollout or the check of
// a pull request has told of its own end is not told again. Events of builds and
// machines may be lost, so alarms on the machines lead to the same reports.
package failing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sluice/shared/building"
	"sluice/shared/deploying"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/reporting"
	"sluice/shared/spec"
)

// Letter is a message in a dead-letter queue.
type Letter struct {
	ID    string
	From  string // the function or the rule that could not take it
	Error string
}

type builds interface {
	// Build reads a build by its id or ARN. Errors: NotFound.
	Build(ctx context.Context, id string) (building.Build, error)
	// Tail is the end of a build's log.
	Tail(ctx context.Context, b building.Build, lines int) ([]string, error)
}

type deployments interface {
	// Deployment reads a deployment. Errors: NotFound.
	Deployment(ctx context.Context, id string) (deploying.Deployment, error)
}

type machines interface {
	// Failures lists the latest executions of a machine that failed or timed out.
	Failures(ctx context.Context, machine string) ([]event.Execution, error)
}

type letters interface {
	// Peek reads some of a queue's messages and leaves them there.
	Peek(ctx context.Context, queue string) ([]Letter, error)
}

// Failing has the handler of report-failure.
type Failing struct {
	Builds      builds
	Deployments deployments
	Machines    machines
	Letters     letters
	Reports     *reporting.Desk
}

// Told says what became of an event.
type Told struct {
	Causes []string `json:"causes"`
}

// maxTail is how many lines of a log a report shows.
const maxTail = 20

// ReportFailure is the handler of report-failure.
func (f *Failing) ReportFailure(ctx context.Context, raw json.RawMessage) (Told, error) {
	told := Told{Causes: []string{}}
	e, err := event.Parse(raw)
	if err != nil {
		return told, err
	}
	var failures []reporting.Failure
	switch e.DetailType {
	case event.ActionStateType:
		failures, err = f.action(ctx, e)
	case event.BuildStateType:
		failures, err = f.build(ctx, e)
	case event.DeploymentStateType:
		failures, err = f.deployment(ctx, e)
	case event.MachineExecutionType:
		failures, err = execution(e)
	case event.AlarmStateType:
		failures, err = f.alarm(ctx, e)
	default:
		err = fault.Invalid.Errorf("event %s: a %q is no failure that is reported", e.ID, e.DetailType)
	}
	if err != nil {
		return told, err
	}
	for _, failure := range failures {
		if err := f.Reports.Report(ctx, failure, e.Time); err != nil {
			return told, err
		}
		told.Causes = append(told.Causes, failure.Cause)
	}
	edge.Note(ctx, "causes", told.Causes)
	return told, nil
}

// action tells of an action of a pipeline. One that builds has the log of its build.
func (f *Failing) action(ctx context.Context, e event.Envelope) ([]reporting.Failure, error) {
	d, err := event.DeliveryState(e)
	if err != nil || d.State != "FAILED" {
		return nil, err
	}
	r := reporting.Failure{
		Cause: reporting.OfPipeline(d.Pipeline, d.Execution), What: "pipeline " + d.Pipeline, Where: fmt.Sprintf("stage %s, action %s", d.Stage, d.Action),
		Why: strings.TrimLeft(d.Code+": "+cmp.Or(d.Summary, "the action gave no reason"), ": "), Do: "put it right and push again, or retry the stage in the console",
		Link: cmp.Or(d.URL, console(e, "codesuite/codepipeline/pipelines/"+d.Pipeline+"/executions/"+d.Execution+"/visualization")),
	}
	if d.Provider == "CodeBuild" && d.External != "" {
		b, err := f.Builds.Build(ctx, d.External)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			r.Where += ", phase " + b.Phase
			r.Why, r.Link = cmp.Or(b.Why, r.Why), cmp.Or(b.Link, r.Link)
			if r.Log, err = f.Builds.Tail(ctx, b, maxTail); err != nil {
				return nil, err
			}
		}
	}
	return []reporting.Failure{r}, nil
}

// build tells of a build, unless a pull request or a pipeline tells of it.
func (f *Failing) build(ctx context.Context, e event.Envelope) ([]reporting.Failure, error) {
	s, err := event.BuildState(e)
	if err != nil {
		return nil, err
	}
	b, err := f.Builds.Build(ctx, s.ARN)
	if err != nil || !b.Failed() || b.Order.Request != "" || strings.HasPrefix(b.Initiator, "codepipeline/") {
		return nil, err
	}
	r := reporting.Failure{Cause: "build/" + b.ID, What: "build " + b.ID, Where: fmt.Sprintf("project %s, phase %s", s.Project, b.Phase), Why: b.Why, Do: remedy(b), Link: b.Link}
	if b.Ordered {
		r.What = fmt.Sprintf("%s of %s at %s", kinds[b.Order.Do], b.Order.Repository, building.Short(b.Order.Commit))
	}
	r.Log, err = f.Builds.Tail(ctx, b, maxTail)
	return []reporting.Failure{r}, err
}

// kinds are builds by what they are for.
var kinds = map[spec.Do]string{spec.DoTest: "test", spec.DoBuild: "image build", spec.DoRollout: "image build"}

// remedy is what to do about a build.
func remedy(b building.Build) string {
	switch {
	case b.Status == "TIMED_OUT":
		return "make it faster, or raise the project's timeout"
	case b.Status == "FAULT":
		return "CodeBuild itself failed: start the build again"
	case b.Phase == "DOWNLOAD_SOURCE":
		return "check that the commit has a buildspec.yml, and that the project's role may read the repository"
	}
	return "put it right and push again"
}

// deployment tells of a deployment of one of Sluice's functions, and what ended it.
func (f *Failing) deployment(ctx context.Context, e event.Envelope) ([]reporting.Failure, error) {
	s, err := event.DeploymentState(e)
	if err != nil || s.State != "FAILURE" && s.State != "STOP" {
		return nil, err
	}
	r := reporting.Failure{
		Cause: "deployment/" + s.ID, What: "deployment " + s.ID, Where: fmt.Sprintf("application %s, group %s", s.Application, s.Group),
		Why: "it ended as " + s.State + ": its check or one of its alarms stopped it, or a person did", Do: "traffic is back on the version before; look at the alarms and at the log of check-deployment",
		Link: console(e, "codesuite/codedeploy/deployments/"+s.ID),
	}
	d, err := f.Deployments.Deployment(ctx, s.ID)
	if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
		return nil, err
	}
	if err != nil { // the event says what there is to say
		edge.Note(ctx, "deployment", err.Error())
		return []reporting.Failure{r}, nil
	}
	if d.Function != "" {
		r.What = fmt.Sprintf("deployment of version %s of %s", d.To, d.Function)
		r.Do = fmt.Sprintf("all events go to version %s again; ", d.From) + ending(d.Code)
	}
	if d.Code != "" {
		r.Why = d.Code + ": " + cmp.Or(d.Why, "CodeDeploy gave no reason")
	}
	return []reporting.Failure{r}, nil
}

// ending is what to do about a deployment that ended with this code of CodeDeploy's.
func ending(code string) string {
	switch code {
	case "ALARM_ACTIVE":
		return "its log says what the version did with them; put it right and deploy again. Events that it failed come back by themselves, or lie in the dead letters, which have an alarm"
	case "HOOK_EXECUTION_FAILURE":
		return "the log of check-deployment says what is wrong with the version; no event went to it"
	}
	return "look at the deployment, and at the log of check-deployment"
}

// reported are the errors of machines that have told of their end themselves.
var reported = map[string]bool{"Halted": true, "TrainingFailed": true}

// execution tells of an execution of one of Sluice's machines.
func execution(e event.Envelope) ([]reporting.Failure, error) {
	x, err := event.MachineExecution(e)
	if err != nil {
		return nil, err
	}
	return ended(e, x), nil
}

func ended(e event.Envelope, x event.Execution) []reporting.Failure {
	if x.Status != "FAILED" && x.Status != "TIMED_OUT" || reported[x.Error] {
		return nil
	}
	machine := x.Machine[strings.LastIndex(x.Machine, ":")+1:]
	return []reporting.Failure{{
		Cause: "execution/" + x.ARN, What: fmt.Sprintf("execution %s of %s", x.Name, machine), Where: "state machine " + machine,
		Why: strings.TrimLeft(x.Error+": "+cmp.Or(x.Cause, x.Status), ": "),
		Do:  "its lease expires by itself; look at the execution, and at sluice status before starting another", Link: console(e, "states/home?region="+e.Region+"#/v2/executions/details/"+x.ARN),
	}}
}

// alarm tells of what an alarm of Sluice's own watches: the executions of a machine, or
// the messages of a dead-letter queue.
func (f *Failing) alarm(ctx context.Context, e event.Envelope) ([]reporting.Failure, error) {
	a, err := event.AlarmState(e)
	if err != nil || a.State != "ALARM" {
		return nil, err
	}
	w, err := event.AlarmWatched(e)
	if err != nil {
		return nil, err
	}
	if machine := w.Dimensions["StateMachineArn"]; machine != "" {
		executions, err := f.Machines.Failures(ctx, machine)
		if err != nil {
			return nil, err
		}
		var all []reporting.Failure
		for _, x := range executions {
			all = append(all, ended(e, x)...)
		}
		return all, nil
	}
	r := reporting.Failure{
		Cause: fmt.Sprintf("alarm/%s/%d", a.Name, a.At.UnixMilli()), What: "delivery of events", Where: "alarm " + a.Name, Why: a.Reason, Do: w.Description,
		Link: console(e, "cloudwatch/home?region="+e.Region+"#alarmsV2:alarm/"+a.Name),
	}
	if queue := w.Dimensions["QueueName"]; queue != "" {
		r.Where = "dead-letter queue " + queue
		letters, err := f.Letters.Peek(ctx, queue)
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
			return nil, err
		}
		if err != nil { // somebody's queue: the alarm says what there is to say
			edge.Note(ctx, "queue", err.Error())
		}
		for _, l := range letters {
			r.Log = append(r.Log, fmt.Sprintf("%s: %s: %s", l.ID, l.From, l.Error))
			r.Why = fmt.Sprintf("%s could not take an event: %s", l.From, l.Error)
		}
	}
	return []reporting.Failure{r}, nil
}

// console is an address in the AWS console.
func console(e event.Envelope, path string) string {
	return "https://" + e.Region + ".console.aws.amazon.com/" + path
}
