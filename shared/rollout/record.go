package rollout

import (
	"time"

	"sluice/shared/spec"
)

// State is where a rollout stands.
type State string

// The states. The last five are final.
const (
	Waiting    State = "waiting" // for the endpoint's lease
	Preparing  State = "preparing"
	Running    State = "running"
	Promoting  State = "promoting"
	Returning  State = "returning" // rolling back
	Promoted   State = "promoted"
	RolledBack State = "rolledBack"
	Halted     State = "halted"  // neither side is safe; a person must look
	Refused    State = "refused" // nothing was changed
	Aborted    State = "aborted" // by request, and back on the baseline
)

// Final reports whether the rollout is over.
func (s State) Final() bool {
	switch s {
	case Promoted, RolledBack, Halted, Refused, Aborted:
		return true
	}
	return false
}

// Side is one of the two that share an endpoint's traffic.
type Side struct {
	Variant string `json:"variant"`
	Config  string `json:"config"`  // endpoint config of this side alone
	Model   string `json:"model"`   // SageMaker model
	Package string `json:"package"` // ARN of the model package; "" if the model names none
	Count   int    `json:"count"`   // instances
}

// Progress is how one step went.
type Progress struct {
	AskedAt   time.Time `json:"askedAt,omitzero"`   // weight asked for
	ReachedAt time.Time `json:"reachedAt,omitzero"` // weight verified on the endpoint
	EndedAt   time.Time `json:"endedAt,omitzero"`   // advanced, or left for another reason
}

// Record is one rollout, as the table keeps it.
type Record struct {
	ID         string       `json:"id"`
	Model      string       `json:"model"`
	Package    string       `json:"package"` // ARN of the candidate's model package
	Endpoint   string       `json:"endpoint"`
	Spec       string       `json:"spec"`  // version of the spec
	Rules      spec.Rollout `json:"rules"` // of the spec, frozen by the plan
	State      State        `json:"state"`
	Plan       Plan         `json:"plan"`
	Baseline   Side         `json:"baseline"`
	Candidate  Side         `json:"candidate"`
	BothConfig string       `json:"bothConfig"`
	Step       int          `json:"step"` // index of the step asked for last; -1 before the first
	Steps      []Progress   `json:"steps"`
	StartedAt  time.Time    `json:"startedAt"`
	EndedAt    time.Time    `json:"endedAt,omitzero"`
	Reason     string       `json:"reason"` // why it ended, or what it waits for
	// Served counts what the candidate answered while it had users.
	Served Served `json:"served"`
	// Tries counts the changes asked for while promoting, or while going back.
	Tries   int       `json:"tries"`
	TriedAt time.Time `json:"triedAt,omitzero"`
	// Rev grows by one with each write: who writes must have read the latest.
	Rev int `json:"rev"`
}

// Served is requests and how many of them were bad.
type Served struct {
	Requests int64 `json:"requests"`
	Bad      int64 `json:"bad"`
}

// Configs are the endpoint configs that belong to the rollout, the baseline's own
// included.
func (r Record) Configs() []string {
	return []string{r.Baseline.Config, r.BothConfig, r.Candidate.Config}
}

// Weight is the candidate's share that was asked for last, in whole percent.
func (r Record) Weight() int {
	if r.Step < 0 || r.Step >= len(r.Plan.Steps) {
		return 0
	}
	return r.Plan.Steps[r.Step].Weight
}

// TargetOf is the endpoint as the step asked for last wants it.
func (r Record) TargetOf() Target {
	return Target{Config: r.BothConfig, Variant: r.Candidate.Variant, Weight: r.Weight()}
}

// TargetPromoted is the endpoint after a promotion.
func (r Record) TargetPromoted() Target {
	return Target{Config: r.Candidate.Config, Variant: r.Candidate.Variant, Weight: 100}
}

// TargetBaseline is the endpoint as it was before the rollout.
func (r Record) TargetBaseline() Target {
	return Target{Config: r.Baseline.Config, Variant: r.Baseline.Variant, Weight: 100}
}

// Entry is one line of a rollout's history, which is only ever added to.
type Entry struct {
	Rollout string    `json:"rollout"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // plan, effect, reading, look, verdict, end, unlock
	Text    string    `json:"text"`
	// Data is the numbers behind the text, by kind, as JSON.
	Data string `json:"data,omitempty"`
}
