package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	maxMaxWait = Duration(14 * 24 * time.Hour)
	minQuiet   = Duration(time.Second)
	maxPrice   = 1000 // dollars an hour, of one instance
)

// check reports what is wrong with the meaning of a spec. It looks only at fields
// that are written and sound; defaults are sound by themselves.
func (r *report) check(s *Spec) {
	r.name("model", s.Model, maxModel, ", since names of executions are made of it")
	r.pipeline(&s.Pipeline)
	r.dataTriggers(s.Triggers.Data)
	r.driftTriggers(s.Triggers.Drift)
	r.schedules(s.Triggers.Schedule)
	r.promotions(s)
	r.limits(&s.Triggers)
	r.name("package.group", s.Package.Group, maxSageMakerName, "")
	r.gate(s.Package.Gate)
	r.name("endpoint.name", s.Endpoint.Name, maxEndpoint, ", since endpoint configs are named <endpoint>-<12 hex> in 63")
	r.instance("endpoint.instanceType", s.Endpoint.InstanceType)
	if r.usable("endpoint.instanceCount") && s.Endpoint.InstanceCount < 1 {
		r.add("endpoint.instanceCount", fmt.Sprintf("%d instances cannot serve", s.Endpoint.InstanceCount), "write 1 or more")
	}
	if role := s.Endpoint.ExecutionRole; r.usable("endpoint.executionRole") && (!roleARN.MatchString(role) || len(role) > maxRole) {
		r.add("endpoint.executionRole", quote(role)+" is not the ARN of a role", "write it like arn:aws:iam::111122223333:role/churn-endpoint")
	}
	r.price(s.Endpoint.Price)
	r.rollout(&s.Rollout)
	r.shadows(s)
	r.drift(s.Drift, s.Triggers.Data)
	r.code(s.Code)
}

func (r *report) price(price float64) {
	const field = "endpoint.price"
	switch {
	case !r.usable(field):
	case price <= 0:
		r.add(field, fmt.Sprintf("%v dollars an hour is no price", price), "write what one instance costs, or leave it out")
	case price > maxPrice:
		r.add(field, fmt.Sprintf("%v dollars an hour is more than any instance costs", price), fmt.Sprintf("write %d or less", maxPrice))
	}
}

func (r *report) pipeline(p *Pipeline) {
	r.name("pipeline.name", p.Name, maxPipelineName, "")
	for _, name := range slices.Sorted(maps.Keys(p.Parameters)) {
		text := p.Parameters[name]
		field := join("pipeline.parameters", name)
		switch {
		case !r.usable(field):
		case !parameterName.MatchString(name) || len(name) > maxParameterName:
			r.add(field, quote(name)+" is not a name that a pipeline parameter can have", "use letters, digits, hyphens and underscores")
		case len([]rune(text)) > maxParameter:
			r.add(field, "is too long", fmt.Sprintf("pipeline parameters have at most %d characters", maxParameter))
		default:
			r.placeholders(field, text)
		}
	}
}

func (r *report) dataTriggers(triggers []DataTrigger) {
	for i, t := range triggers {
		field := fmt.Sprintf("triggers.data[%d]", i)
		r.bucket(field+".bucket", t.Bucket)
		r.affix(field+".prefix", t.Prefix)
		r.affix(field+".suffix", t.Suffix)
		if len(t.Prefix)+len(t.Suffix) > maxKey {
			r.add(field, "prefix and suffix together are longer than any key", fmt.Sprintf("keys have at most %d bytes", maxKey))
		}
		r.waits(field, t)
		r.minima(field, t)
		r.overlap(i, triggers)
	}
}

// affix refuses patterns, which would match no object and say nothing.
func (r *report) affix(field, value string) {
	if r.usable(field) && strings.Contains(value, "*") {
		r.add(field, quote(value)+" holds a *, but is compared byte for byte", "leave the * out: every key with that prefix and suffix is meant")
	}
}

// waits checks quiet and maxWait, alone and against each other.
func (r *report) waits(field string, t DataTrigger) {
	for _, wait := range []struct {
		name  string
		value Duration
	}{{"quiet", t.Quiet}, {"maxWait", t.MaxWait}} {
		path := join(field, wait.name)
		if r.usable(path) && wait.value < minQuiet {
			r.add(path, wait.value.String()+" is no time at all", "write "+minQuiet.String()+" or more")
		} else if r.usable(path) && wait.value > maxMaxWait {
			r.add(path, wait.value.String()+" is too long", "write "+maxMaxWait.String()+" or less")
		}
	}
	if r.usable(field+".quiet", field+".maxWait") && t.Quiet > t.MaxWait {
		r.add(field+".quiet", fmt.Sprintf("%s is longer than maxWait (%s)", t.Quiet, t.MaxWait), "training would never wait for quiet: make quiet shorter or maxWait longer")
	}
}

// overlap reports a trigger some of whose objects belong to an earlier one too.
func (r *report) overlap(i int, triggers []DataTrigger) {
	field, t := fmt.Sprintf("triggers.data[%d]", i), triggers[i]
	if !r.usable(field+".bucket") || r.bad[field+".prefix"] || r.bad[field+".suffix"] {
		return
	}
	for j, other := range triggers[:i] {
		earlier := fmt.Sprintf("triggers.data[%d]", j)
		if !r.usable(earlier+".bucket") || r.bad[earlier+".prefix"] || r.bad[earlier+".suffix"] || other.Bucket != t.Bucket {
			continue
		}
		line := r.place(earlier).line
		switch {
		case other.Prefix == t.Prefix && other.Suffix == t.Suffix:
			r.add(field, fmt.Sprintf("is the same as data[%d] on line %d", j, line), "keep one")
		case nested(other.Prefix, t.Prefix, strings.HasPrefix) && nested(other.Suffix, t.Suffix, strings.HasSuffix):
			at := field + ".prefix"
			if t.Prefix == "" {
				at = field
			}
			r.add(at, fmt.Sprintf("overlaps data[%d] on line %d: an object like %s belongs to both", j, line, quote(common(other, t))), "make prefix or suffix tell them apart")
		default:
			continue
		}
		return
	}
}

func nested(a, b string, within func(whole, part string) bool) bool {
	return within(a, b) || within(b, a)
}

// common is a key that both of two overlapping triggers match.
func common(a, b DataTrigger) string {
	prefix, suffix := a.Prefix, a.Suffix
	if len(b.Prefix) > len(prefix) {
		prefix = b.Prefix
	}
	if len(b.Suffix) > len(suffix) {
		suffix = b.Suffix
	}
	return prefix + "x" + suffix
}

func (r *report) gate(gate []Condition) {
	seen := map[string]int{}
	for i, c := range gate {
		field := fmt.Sprintf("package.gate[%d]", i)
		metric := field + ".metric"
		if r.usable(metric) && (!metricPath.MatchString(c.Metric) || len(c.Metric) > maxMetric) {
			r.add(metric, quote(c.Metric)+" is not a path into the evaluation report", "write "+example(metric))
		}
		if r.usable(metric) {
			if j, twice := seen[c.Metric]; twice {
				r.add(metric, fmt.Sprintf("is the metric of gate[%d] on line %d too", j, r.place(fmt.Sprintf("package.gate[%d]", j)).line), "write all its conditions there")
			} else {
				seen[c.Metric] = i
			}
		}
		r.bounds(field, c)
	}
}

func (r *report) bounds(field string, c Condition) {
	if r.bad[field] {
		return
	}
	names := []string{"min", "max", "maxDrop", "maxRise"}
	if !slices.ContainsFunc(names, func(name string) bool { return r.written(join(field, name)) }) {
		r.add(field, "has no condition", "write one of "+list(names))
	}
	if r.usable(field+".min", field+".max") && *c.Min > *c.Max {
		r.add(field+".min", fmt.Sprintf("%v is above max (%v): no package could pass", *c.Min, *c.Max), "make min the smaller one")
	}
	r.distance(field+".maxDrop", c.MaxDrop)
	r.distance(field+".maxRise", c.MaxRise)
}

func (r *report) distance(field string, bound *float64) {
	if r.usable(field) && *bound < 0 {
		r.add(field, fmt.Sprintf("%v is negative", *bound), fmt.Sprintf("it is a distance from the champion: write %v", -*bound))
	}
}
