// Package deploying looks at new versions of Sluice's own functions before CodeDeploy
// gives them events. It has the handler of check-deployment, the hook in front of each
// deployment's traffic.
//
// A version is asked to start, to wire its parts and to read a sample of what it will
// get. What it does with real events, the canary shows, and its alarm undoes. It knows
// nothing of models and rollouts.
package deploying

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
)

// Deployment is a CodeDeploy deployment of one function.
type Deployment struct {
	ID       string
	Status   string // as CodeDeploy says it: InProgress, Succeeded, Failed, Stopped, ...
	Function string // its name in the account; "" if CodeDeploy does not say
	From, To string // versions
	Code     string // of what ended it, such as ALARM_ACTIVE
	Why      string // what ended it, in CodeDeploy's words
}

// Over reports whether nobody waits for an answer about the deployment any more.
func (d Deployment) Over() bool {
	return d.Status == "Succeeded" || d.Status == "Failed" || d.Status == "Stopped"
}

// Reply is what an invocation of a version came to.
type Reply struct {
	Payload []byte
	Version string // that ran, as Lambda says
	Error   string // name and text of what the function failed with, "" if it did not
}

type deployments interface {
	// Deployment reads a deployment. Errors: NotFound.
	Deployment(ctx context.Context, id string) (Deployment, error)
	// Answer says whether the deployment may go on. Errors: Conflict if it was said
	// before, NotFound.
	Answer(ctx context.Context, h event.Hook, good bool) error
}

type functions interface {
	// Invoke runs a version and waits for what it answers.
	Invoke(ctx context.Context, function, version string, payload []byte) (Reply, error)
}

// Deploying has the handler of check-deployment.
type Deploying struct {
	Deployments deployments
	Functions   functions
}

// Checked says what was found, and said to CodeDeploy.
type Checked struct {
	Function string `json:"function"`
	Version  string `json:"version"`
	Good     bool   `json:"good"`
	Why      string `json:"why,omitempty"`
}

// CheckDeployment is the handler of check-deployment: it tries the new version, and says
// to CodeDeploy whether it may have events.
//
// It answers whatever happens to the trial: what could not be tried gets no events, and
// the version before keeps them all. It may be asked twice; the first answer counts. If
// it dies on the way, Lambda may ask it again, and after an hour without an answer
// CodeDeploy itself fails the deployment: none hangs. Errors: those of the answer.
func (c *Deploying) CheckDeployment(ctx context.Context, h event.Hook) (Checked, error) {
	if h.Deployment == "" || h.Execution == "" {
		return Checked{}, fault.Invalid.Errorf("DeploymentId and LifecycleEventHookExecutionId must both be there, and CodeDeploy sends both")
	}
	edge.Note(ctx, "deployment", h.Deployment)
	d, err := c.Deployments.Deployment(ctx, h.Deployment)
	switch {
	case fault.Is(err, fault.NotFound):
		return Checked{}, err // nobody waits for an answer
	case err == nil && d.Over():
		return Checked{Function: d.Function, Version: d.To, Why: "the deployment is over: " + d.Status}, nil
	case err == nil:
		err = c.try(ctx, d)
	}
	out := Checked{Function: d.Function, Version: d.To, Good: err == nil}
	if err != nil {
		out.Why = err.Error()
	}
	edge.Note(ctx, "function", out.Function)
	edge.Note(ctx, "version", out.Version)
	edge.Note(ctx, "good", out.Good)
	edge.Note(ctx, "why", out.Why)
	if err := c.Deployments.Answer(ctx, h, out.Good); err != nil && !fault.Is(err, fault.Conflict) {
		return out, err
	}
	return out, nil
}

// try has the new version answer a probe. Errors say what is wrong with it.
func (c *Deploying) try(ctx context.Context, d Deployment) error {
	if d.Function == "" || d.To == "" {
		return fault.Internal.Errorf("deployment %s does not say which version of which function it is about", d.ID)
	}
	name, err := folder(d.Function)
	if err != nil {
		return err
	}
	payload, err := Probe(name)
	if err != nil {
		return err
	}
	reply, err := c.Functions.Invoke(ctx, d.Function, d.To, payload)
	if err != nil {
		return err
	}
	var probed edge.Probed
	switch {
	case reply.Error != "":
		return fault.Invalid.Errorf("version %s of %s does not start, or cannot read what it will get: %s", d.To, d.Function, reply.Error)
	case json.Unmarshal(reply.Payload, &probed) != nil || probed.Function == "":
		return fault.Invalid.Errorf("version %s of %s answered a probe with %s", d.To, d.Function, short(reply.Payload))
	case probed.Function != name:
		return fault.Invalid.Errorf("version %s of %s runs the code of %s", d.To, d.Function, probed.Function)
	case reply.Version != d.To || probed.Version != "" && probed.Version != d.To:
		return fault.Internal.Errorf("version %s of %s was asked, and version %s answered", d.To, d.Function, strings.Trim(reply.Version+" "+probed.Version, " "))
	}
	return nil
}

// short is an answer that fits into a log line.
func short(b []byte) string { return fmt.Sprintf("%.200q", b) }
