// Package preflight says, before anything is changed, what a rollout will do and what
// is in its way: the steps with their earliest times, what they cost, what SageMaker
// will refuse, and which alarms will not do what their owners think.
//
// It is pure: shifting reads the facts, for the state machine and for `sluice plan`
// alike, and this package judges them. It changes nothing, and what cannot be read
// beforehand, such as instance quotas, it calls unread and does not guess.
package preflight

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/shared/alarm"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Facts are everything that is read before a change.
type Facts struct {
	Now  time.Time
	Spec spec.Spec
	ID   string // of the rollout, and the name of the candidate's variant
	Undo bool   // back to a former champion
	// Undoes is the version that an undo takes back; 0 for whatever is there.
	Undoes int
	// Elsewhere is the lease that the rollout holds, if it is on another endpoint than
	// the spec's.
	Elsewhere string
	Package   Package // to be rolled out
	// Champion is the package in production; nil if there is none in the registry.
	Champion *Package
	Endpoint rollout.Endpoint
	Config   Config           // in force
	Model    Model            // of the config's only variant
	Scaling  *rollout.Scaling // of the same; nil if it has none
	Alarms   []alarm.Alarm    // of the spec, in its order
	// Missing says, in words, what was to be read and does not exist.
	Missing []string
}

// Package is a model package of the registry.
type Package struct {
	ARN           string
	Group         string
	Version       int
	Status        string // Completed, Failed, ...
	Approval      string
	Containers    []Container
	InstanceTypes []string // for which it is meant; none for any
}

// Container is one container of a package or of a model.
type Container struct {
	Image       string
	Digest      string // of the image; "" if it is not known
	Data        string // where the model's data are
	Environment map[string]string
	Product     string // of AWS Marketplace; "" for none
	Models      bool   // loads many models (mode MultiModel)
}

// Model is the SageMaker model that serves now.
type Model struct {
	Name       string
	Package    string      // ARN of the package that it was made of; "" for none
	Containers []Container // without what only the package tells
}

// Config is an endpoint config.
type Config struct {
	Async    bool // answers go to S3
	Variants []Variant
	Shadows  []Variant
	Captures string // where requests are captured, s3://; "" for nowhere
}

// Variant is one variant of a config.
type Variant struct {
	Name         string
	Model        string // "" for a host of inference components
	InstanceType string
	Serverless   bool
	Pooled       bool // instances of several types
}

// Level is how serious a finding is.
type Level string

// The levels.
const (
	Refuse Level = "refuse" // the rollout cannot be
	Wait   Level = "wait"   // it can be later, without anybody's doing
	Warn   Level = "warn"   // it can be, and will not do what is meant
	Note   Level = "note"   // worth knowing
)

// Finding is one thing that was found.
type Finding struct {
	Level   Level  `json:"level"`
	Code    string `json:"code"`          // for programs: endpoint.status, alarm.never, ...
	Subject string `json:"subject"`       // whom it is about: "endpoint churn-prod"
	Text    string `json:"text"`          // what is so
	Fix     string `json:"fix,omitempty"` // what to do; "" for nothing
}

// String is the finding in one sentence.
func (f Finding) String() string {
	if f.Fix == "" {
		return f.Text
	}
	return f.Text + "; " + f.Fix
}

// Report is what a rollout would be.
type Report struct {
	Plan rollout.Plan `json:"plan"`
	// Steps are the plan's steps and the standby in time, with instances and cost.
	Steps    []Step    `json:"steps"`
	Ends     time.Time `json:"ends,omitzero"` // at the earliest; zero if it cannot be told
	Findings []Finding `json:"findings"`      // the most serious first
	Cost     Cost      `json:"cost"`
}

// Of are the findings of one level.
func (r Report) Of(l Level) []Finding {
	var some []Finding
	for _, f := range r.Findings {
		if f.Level == l {
			some = append(some, f)
		}
	}
	return some
}

// Says is all findings of one level in a sentence; "" if there are none.
func (r Report) Says(l Level) string {
	var said []string
	for _, f := range r.Of(l) {
		said = append(said, f.String())
	}
	return strings.Join(said, "; ")
}

// Check judges the facts.
func Check(f Facts) Report {
	r, err := Draft(f)
	c := &check{Facts: f, record: r}
	if err != nil {
		c.add(Refuse, "plan", "rollout", "", "%v", err)
	}
	report := Report{Plan: r.Plan}
	if err == nil {
		report.Steps, report.Ends = c.steps()
		report.Cost = c.cost(report.Steps)
	}
	c.lease()
	c.pkg()
	c.endpoint()
	c.strategy()
	c.captures()
	c.alarms(report.Steps)
	c.windows()
	c.capacity(report.Cost, report.Steps)
	c.price(report.Cost)
	order := []Level{Refuse, Wait, Warn, Note}
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		return slices.Index(order, a.Level) - slices.Index(order, b.Level)
	})
	report.Findings = c.found
	return report
}

// check is one judgement under way.
type check struct {
	Facts
	record rollout.Record // as it is drafted
	found  []Finding
}

func (c *check) add(l Level, code, subject, fix, format string, args ...any) {
	c.found = append(c.found, Finding{Level: l, Code: code, Subject: subject, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// lease refuses a rollout that holds another endpoint than its spec names by now.
func (c *check) lease() {
	for _, m := range c.Missing {
		c.add(Refuse, "missing", "rollout", "", "%s", m)
	}
	if c.Elsewhere != "" {
		c.add(Refuse, "lease", c.place(), "approve the package again",
			"the spec names endpoint %s now, and the lease is on %s", c.Spec.Endpoint.Name, c.Elsewhere)
	}
}

// place is the endpoint as a finding's subject.
func (c *check) place() string { return "endpoint " + c.Spec.Endpoint.Name }

// known reports whether the facts tell what the rollout would begin with.
func (c *check) known() bool { return c.record.First || c.record.Baseline.Variant != "" }

// busy reports whether the endpoint is being changed, so that what it is now says
// little of what it will be.
func (c *check) busy() bool {
	switch c.Endpoint.Status {
	case "Creating", "Updating", "SystemUpdating", "RollingBack":
		return true
	}
	return false
}
