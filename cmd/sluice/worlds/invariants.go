package worlds

import (
	"fmt"
	"slices"
	"strings"

	"sluice/cmd/sluice/ui"
	"sluice/local/sagemaker/pipelines"
	"sluice/shared/fault"
	"sluice/shared/leasing"
)

// check is one invariant: a promise in a sentence, and a function that says what is
// wrong with a step, "" if nothing is. It is asked before the watch learns of the
// step.
type check[T any] struct {
	name, says string
	wrong      func(*watch, T) string
}

// verify asks checks about one step, and keeps the first that does not hold.
func verify[T any](w *watch, checks []check[T], step T) {
	for _, c := range checks {
		if w.broken != nil {
			return
		}
		if wrong := c.wrong(w, step); wrong != "" {
			w.broken = &Broken{Name: c.name, Says: c.says, Detail: wrong}
			w.tell(ui.Failed, c.name, "%s", wrong)
		}
	}
}

// ofInvocations are asked when a function has ended.
var ofInvocations = []check[end]{
	{"no-panic", "no function panics", noPanic},
	{"known-error", "every error of a function is of a kind that the state machines know", knownError},
}

func noPanic(_ *watch, e end) string {
	if e.Exits || len(e.Log) > 0 && strings.HasPrefix(e.Log[0], "panic:") {
		return fmt.Sprintf("%s: %s", e.function, strings.Join(e.Log, "\n"))
	}
	return ""
}

func knownError(_ *watch, e end) string {
	if e.Error == nil || slices.Contains(fault.Kinds(), fault.Kind(e.Error.Type)) {
		return ""
	}
	return fmt.Sprintf("%s ended with %s: %s", e.function, e.Error.Type, e.Error.Message)
}

// ofCalls are asked when a call of one of Sluice's functions was answered.
var ofCalls = []check[call]{
	{"permitted", "every call that Sluice makes, its role permits", permitted},
	{"answered", "Sluice makes no call that local AWS does not know", answered},
	{"one-writer", "an endpoint is changed only by the rollout that holds its lease, and two rollouts never take turns", oneWriter},
	{"never-up-again", "once a rollout must go back, it never asks for more requests to the candidate", neverUpAgain},
}

func permitted(w *watch, c call) string {
	if c.Refused == nil && (c.Err == nil || !strings.Contains(c.Err.Error(), "AccessDenied")) {
		return ""
	}
	return fmt.Sprintf("%s may not %s.%s: %v", w.callers[c.AccessKey], c.Service, c.Operation, c.Err)
}

func answered(w *watch, c call) string {
	if c.Err == nil || !strings.Contains(c.Err.Error(), "NotImplemented") {
		return ""
	}
	return fmt.Sprintf("%s of %s: %v", c.Operation, w.callers[c.AccessKey], c.Err)
}

// oneWriter looks at the owner of the lease only: one that has expired, and that
// nobody has taken, still keeps others out, since taking and using it are writes to
// the same item.
func oneWriter(w *watch, c call) string {
	if !c.changes() {
		return ""
	}
	name := leasing.ForEndpoint(c.EndpointName)
	switch l := w.leases[name]; {
	case c.by.Rollout == "":
		return fmt.Sprintf("%s changes endpoint %s outside of any rollout", c.by.function, c.EndpointName)
	case l.owner != c.by.Rollout:
		return fmt.Sprintf("%s changes endpoint %s, whose lease is held by %q", c.by.Rollout, c.EndpointName, l.owner)
	case w.writer != c.by.Rollout && w.rollout(c.by.Rollout).changed:
		return fmt.Sprintf("%s changes endpoint %s again, after %s has", c.by.Rollout, c.EndpointName, w.writer)
	case w.rollout(c.by.Rollout).final():
		return fmt.Sprintf("%s changes endpoint %s and is %s already", c.by.Rollout, c.EndpointName, w.rollout(c.by.Rollout).state)
	}
	return ""
}

func neverUpAgain(w *watch, c call) string {
	if !c.changes() || !w.rollout(c.by.Rollout).verdict {
		return ""
	}
	r := w.rollout(c.by.Rollout)
	if c.EndpointConfigName == r.candidate {
		return fmt.Sprintf("%s asks for config %s, which is the candidate's alone", c.by.Rollout, c.EndpointConfigName)
	}
	var mine, sum float64
	for _, d := range c.DesiredWeightsAndCapacities {
		if d.DesiredWeight == nil {
			continue // instances
		}
		sum += *d.DesiredWeight
		if d.VariantName == r.variant {
			mine = *d.DesiredWeight
		}
	}
	if now := w.share(r.variant); sum > 0 && mine/sum > now+1e-9 {
		return fmt.Sprintf("%s asks for %.0f %% to %s, which has %.0f %%", c.by.Rollout, 100*mine/sum, r.variant, 100*now)
	}
	return ""
}

// share is the share of requests that a variant truly gets, 0 to 1.
func (w *watch) share(variant string) float64 {
	e, err := w.p.aws().SageMaker.Hosting.Describe(endpoint)
	if err != nil {
		return 0
	}
	var mine, sum float64
	for _, v := range e.ProductionVariants {
		sum += v.CurrentWeight
		if v.VariantName == variant {
			mine = v.CurrentWeight
		}
	}
	if sum == 0 {
		return 0
	}
	return mine / sum
}

// step is an execution that enters a state.
type step struct{ execution, state string }

// ofSteps are asked when an execution enters a state.
var ofSteps = []check[step]{
	{"halt-holds", "a rollout that halts half way keeps the endpoint until a person frees it", haltHolds},
}

func haltHolds(w *watch, s step) string {
	if s.state == "Halted" && w.rollout(s.execution).changed && w.leases[leasing.ForEndpoint(endpoint)].owner == "" {
		return s.execution + " halts, and the endpoint is free"
	}
	return ""
}

// ofTrainings are asked when a pipeline execution begins.
var ofTrainings = []check[pipelines.Run]{
	{"one-training", "a model trains once at a time", oneTraining},
}

func oneTraining(w *watch, r pipelines.Run) string {
	for arn := range w.training {
		return fmt.Sprintf("execution %d begins while %s still runs", r.Ordinal, arn)
	}
	return ""
}
