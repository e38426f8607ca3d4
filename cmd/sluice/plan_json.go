package main

import (
	"math"
	"time"

	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// jsonPlan is a preflight as --json prints it. Instance-time is in seconds: two
// instances for a minute are 120.
type jsonPlan struct {
	Rollout   string              `json:"rollout"`
	Model     string              `json:"model"`
	Endpoint  string              `json:"endpoint"`
	Package   string              `json:"package"` // ARN of the candidate's
	Baseline  jsonSide            `json:"baseline"`
	Verdict   string              `json:"verdict"` // ready, waits or refused
	Spec      string              `json:"spec"`    // version
	Steps     []jsonPlanStep      `json:"steps"`
	LookEvery int64               `json:"lookSeconds"`
	Ends      time.Time           `json:"ends,omitzero"` // at the earliest
	Cost      *jsonCost           `json:"cost"`          // null where there is no baseline to compare with
	Findings  []preflight.Finding `json:"findings"`
}

type jsonPlanStep struct {
	Kind      rollout.Kind `json:"kind"`
	Weight    int          `json:"weight"`
	Sampling  int          `json:"sampling,omitempty"`
	Earliest  time.Time    `json:"earliest,omitzero"`
	Lasts     int64        `json:"lastsSeconds"`
	Most      int64        `json:"atMostSeconds,omitempty"`
	Looks     int          `json:"looks"`
	Candidate int          `json:"candidate"` // instances
	Baseline  int          `json:"baseline"`  // instances
	Extra     int64        `json:"extraInstanceSeconds"`
	SageMaker int64        `json:"sageMakerInstanceSeconds"`
	Sum       string       `json:"sum,omitempty"`
}

type jsonCost struct {
	Extra     int64    `json:"extraInstanceSeconds"`
	Standby   int64    `json:"standbyInstanceSeconds"`
	SageMaker int64    `json:"sageMakerInstanceSeconds"`
	Sum       string   `json:"sum"`
	Unlike    []string `json:"sageMakerCannot,omitempty"`
	// Updates are instances above the baseline's own while each change of config
	// lasts, which is in none of the sums.
	Updates         []preflight.Update `json:"updates"`
	SageMakerUpdate int                `json:"sageMakerUpdate"`
	Price           float64            `json:"price,omitempty"` // of an instance-hour, in dollars
	Dollars         float64            `json:"dollars,omitempty"`
}

func inSeconds(d spec.Duration) int64 { return int64(d.Std() / time.Second) }

func (p planned) json() jsonPlan {
	_, word, _ := p.verdict()
	j := jsonPlan{
		Rollout: p.record.ID, Model: p.spec.Model, Endpoint: p.spec.Endpoint.Name, Package: p.record.Package,
		Baseline: jsonSide{p.record.Baseline.Variant, p.record.Baseline.Package}, Verdict: word, Spec: p.record.Spec,
		Steps: []jsonPlanStep{}, LookEvery: int64(p.Plan.Look / time.Second), Ends: p.Ends.UTC(), Findings: p.Findings,
	}
	for _, s := range p.Report.Steps {
		j.Steps = append(j.Steps, jsonPlanStep{
			Kind: s.Kind, Weight: s.Weight, Sampling: s.Sampling, Earliest: s.Earliest.UTC(), Lasts: inSeconds(s.Lasts), Most: inSeconds(s.Most), Looks: s.Looks,
			Candidate: s.Candidate, Baseline: s.Baseline, Extra: inSeconds(s.Cost.Extra), SageMaker: inSeconds(s.Cost.Native), Sum: s.Cost.Sum,
		})
	}
	if c := p.Cost; c.Sum != "" {
		dollars, _ := c.Dollars(c.Steps)
		j.Cost = &jsonCost{
			Extra: inSeconds(c.Steps), Standby: inSeconds(c.Standby), SageMaker: inSeconds(c.Native), Sum: c.Sum, Unlike: c.Unlike,
			Updates: c.Updates, SageMakerUpdate: c.NativeUpdate, Price: c.Price, Dollars: math.Round(dollars*1e4) / 1e4,
		}
	}
	if j.Findings == nil {
		j.Findings = []preflight.Finding{}
	}
	return j
}
