package rollout

import (
	"time"

	"sluice/shared/spec"
)

// Source is the source of the events that tell of rollouts.
const Source = "sluice.rollout"

// Detail types of those events. Samples: events/sluice-rollout-*.json.
const (
	StartedEvent    = "Sluice Rollout Started"
	StepEvent       = "Sluice Rollout Step"
	HeldEvent       = "Sluice Rollout Held"
	AskedEvent      = "Sluice Rollout Approval Asked"
	PromotedEvent   = "Sluice Rollout Promoted"
	RolledBackEvent = "Sluice Rollout Rolled Back"
	HaltedEvent     = "Sluice Rollout Halted"
	RefusedEvent    = "Sluice Rollout Refused"
	EndedEvent      = "Sluice Rollout Ended" // promoted and without its baseline, or superseded
)

// Detail is the detail of an event that tells of a rollout.
type Detail struct {
	Rollout  string `json:"rollout"`
	Model    string `json:"model"`
	Endpoint string `json:"endpoint"`
	Package  string `json:"package"`
	State    State  `json:"state"`
	Reason   string `json:"reason"`
	Step     int    `json:"step"`   // from 1; 0 before the first
	Steps    int    `json:"steps"`  // of the plan
	Weight   int    `json:"weight"` // asked for last, whole percent
	// Baseline and Candidate are the variants.
	Baseline  string `json:"baseline"`
	Candidate string `json:"candidate"`
	// Served is what the candidate has answered up to the last look.
	Served Served `json:"served"`
	// Approval and Expires are of the approval that is asked for, and OnTimeout is what
	// becomes of the rollout if nobody answers.
	Approval  string       `json:"approval,omitempty"`
	Expires   time.Time    `json:"expires,omitzero"`
	OnTimeout spec.Timeout `json:"onTimeout,omitempty"`
}

// Detail is what an event tells of the rollout as it stands.
func (r Record) Detail(reason string) Detail {
	d := Detail{
		Rollout: r.ID, Model: r.Model, Endpoint: r.Endpoint, Package: r.Package, State: r.State, Reason: reason,
		Step: r.Step + 1, Steps: len(r.Plan.Steps), Weight: r.Weight(),
		Baseline: r.Baseline.Variant, Candidate: r.Candidate.Variant, Served: r.Served,
	}
	if g := r.OpenGate(); g != nil {
		d.Approval, d.Expires, d.OnTimeout = g.ID, g.Expires, r.Now().OnTimeout
	}
	return d
}

// EndEvent is the detail type that tells of the rollout's end.
func EndEvent(s State) string {
	switch s {
	case RolledBack, Aborted:
		return RolledBackEvent
	case Halted:
		return HaltedEvent
	case Refused:
		return RefusedEvent
	}
	return EndedEvent
}
