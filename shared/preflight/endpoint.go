package preflight

import (
	"regexp"
	"slices"
	"strings"

	"sluice/shared/rollout"
)

// endpoint finds what keeps the endpoint as it is from being rolled out to.
func (c *check) endpoint() {
	c.variantName()
	e := c.Endpoint
	switch {
	case e.Status == "":
		c.add(Note, "endpoint.first", c.place(), "", "endpoint %s does not exist: the rollout creates it with the model on %d instances, and there is nothing to compare it with", c.Spec.Endpoint.Name, c.record.Candidate.Count)
		return
	case e.Status == "InService":
		c.config()
		return
	case c.busy():
		what := ""
		if e.PendingConfig != "" {
			what = ", to config " + e.PendingConfig
		}
		c.add(Wait, "endpoint.busy", c.place(), "", "endpoint %s is %s%s: a rollout begins when it is InService", e.Name, e.Status, what)
		return
	}
	text := "endpoint " + e.Name + " is " + e.Status
	if e.FailureReason != "" {
		text += ": " + e.FailureReason
	}
	c.add(Refuse, "endpoint.status", c.place(), remedies[e.Status], "%s", text)
}

// remedies are ways out of the states that no rollout can begin in. Source: AWS.md
// B.3, B.6.
var remedies = map[string]string{
	"Failed":               "SageMaker lets a failed endpoint only be deleted: delete it, and the rollout makes it anew",
	"UpdateRollbackFailed": "instances of two configs serve: update it to one config first",
	"OutOfService":         "bring it into service first",
	"Deleting":             "once it is gone, the rollout makes it anew",
}

var variantName = regexp.MustCompile(`^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$`)

// variantName finds a candidate's name that SageMaker or the endpoint does not take.
// Source: AWS.md B.1.
func (c *check) variantName() {
	name := c.record.Candidate.Variant
	switch {
	case len(name) > 63:
		c.add(Refuse, "variant.name", c.place(), "give the model a shorter name", "the candidate's variant would be called %s, which has %d characters; SageMaker takes 63", name, len(name))
	case !variantName.MatchString(name):
		c.add(Refuse, "variant.name", c.place(), "give the model a name of letters, digits and single hyphens", "the candidate's variant would be called %q, which SageMaker does not take", name)
	case c.Endpoint.Has(name):
		c.add(Refuse, "variant.name", c.place(), "retry it under another attempt", "endpoint %s has a variant %s already, which would be the candidate's name", c.Endpoint.Name, name)
	}
}

// config finds what is in the way in the config in force.
func (c *check) config() {
	name, conf := c.Endpoint.Name, c.Config
	if len(conf.Variants) == 0 { // could not be read, and that was said
		return
	}
	v := conf.Variants[0]
	switch {
	case conf.Async:
		c.add(Refuse, "endpoint.async", c.place(), "", "endpoint %s is asynchronous; its answers cannot be compared request for request", name)
	case len(conf.Variants) != 1 || len(c.Endpoint.Variants) != 1:
		c.add(Refuse, "endpoint.variants", c.place(), "", "endpoint %s has %d production variants; a rollout needs exactly one to start from", name, max(len(conf.Variants), len(c.Endpoint.Variants)))
	case len(conf.Shadows) > 0:
		c.add(Refuse, "endpoint.shadow", c.place(), "", "endpoint %s has a shadow variant; SageMaker allows no second production variant beside one", name)
	case v.Model == "":
		c.add(Refuse, "endpoint.components", c.place(), "", "variant %s of endpoint %s hosts inference components, which have no weights", v.Name, name)
	case v.Serverless || v.Pooled || v.InstanceType == "":
		c.add(Refuse, "endpoint.instances", c.place(), "", "variant %s of endpoint %s is serverless or has an instance pool; weights need instances of one type", v.Name, name)
	}
	if want := c.Spec.Endpoint.InstanceType; v.InstanceType != "" && v.InstanceType != want {
		c.add(Note, "endpoint.type", c.place(), "", "the candidate runs on %s, the baseline on %s", want, v.InstanceType)
	}
}

// strategy finds steps that SageMaker will refuse, and those that it does not promise.
func (c *check) strategy() {
	if !slices.ContainsFunc(c.record.Plan.Steps, func(s rollout.Step) bool { return s.Kind == rollout.Mirror }) {
		return
	}
	for _, why := range c.shadowless() {
		c.add(Refuse, "shadow.excluded", c.place(), "take the shadow out of the rollout's steps", "%s; SageMaker gives it no shadow variant", why)
	}
	c.add(Note, "shadow.share", c.place(), "", "a shadow gets copies of its weight over the production variant's weight, as SageMaker's console has it; its API reference does not say so")
}

// shadowless says which things exclude a shadow. Source: AWS.md B.8.
func (c *check) shadowless() []string {
	var why []string
	for _, t := range c.types() {
		if inferentia1(t) {
			why = append(why, "instances of "+t+" are Inf1")
		}
	}
	for _, side := range c.sides() {
		switch {
		case len(side.containers) > 1:
			why = append(why, side.name+" has several containers")
		case slices.ContainsFunc(side.containers, func(k Container) bool { return k.Models }):
			why = append(why, side.name+" is a multi-model container")
		}
		if marketplace(side.containers) {
			why = append(why, side.name+" is of AWS Marketplace")
		}
	}
	return why
}

func inferentia1(instanceType string) bool { return strings.HasPrefix(instanceType, "ml.inf1.") }

func marketplace(all []Container) bool {
	return slices.ContainsFunc(all, func(k Container) bool { return k.Product != "" })
}
