package rollout

import (
	"fmt"
	"time"

	"sluice/shared/spec"
)

// State is where a rollout stands.
type State string

// The states. Those from Promoted on are final.
const (
	Waiting    State = "waiting" // for the endpoint, or for a window
	Preparing  State = "preparing"
	Running    State = "running"
	Standby    State = "standby"   // promoted, with the baseline still warm
	Promoting  State = "promoting" // removing the baseline
	Returning  State = "returning" // rolling back
	Promoted   State = "promoted"
	RolledBack State = "rolledBack"
	Halted     State = "halted"     // neither side is safe; a person must look
	Refused    State = "refused"    // nothing was changed
	Aborted    State = "aborted"    // by request, and back on the baseline
	Superseded State = "superseded" // a newer one came while this one waited
)

// Final reports whether the rollout is over.
func (s State) Final() bool {
	switch s {
	case Promoted, RolledBack, Halted, Refused, Aborted, Superseded:
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
	Count   int    `json:"count"`   // instances that carry all of the traffic
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
	Baseline   Side         `json:"baseline"` // zero where the endpoint is new
	Candidate  Side         `json:"candidate"`
	BothConfig string       `json:"bothConfig"`
	// ShadowConfig has the candidate as the baseline's shadow; "" if no step needs it.
	ShadowConfig string `json:"shadowConfig,omitempty"`
	// Scaling is the autoscaling of the baseline's variant, as it was found.
	Scaling *Scaling `json:"scaling,omitempty"`
	// First is a rollout that creates its endpoint.
	First bool `json:"first,omitempty"`
	// Undo is a rollout to a former champion: older is meant, and no window holds it.
	// Undoes is the version that it takes back.
	Undo   bool `json:"undo,omitempty"`
	Undoes int  `json:"undoes,omitempty"`
	Step   int  `json:"step"` // index of the step asked for last; -1 before the first
	// Weights are all shares that the rollout has asked for, for telling its doing
	// from anybody else's.
	Weights   []int      `json:"weights,omitempty"`
	Steps     []Progress `json:"steps"`
	Control   Control    `json:"control,omitzero"`
	StartedAt time.Time  `json:"startedAt"`
	// PromotedAt is when the candidate became the champion, before its standby, and
	// PromotedFor why.
	PromotedAt  time.Time `json:"promotedAt,omitzero"`
	PromotedFor string    `json:"promotedFor,omitempty"`
	EndedAt     time.Time `json:"endedAt,omitzero"`
	Reason      string    `json:"reason"` // why it ended, or what it waits for
	// UnlockedAt is when a person freed the endpoint of a halted rollout.
	UnlockedAt time.Time `json:"unlockedAt,omitzero"`
	// Served counts what the candidate answered while it had users.
	Served Served `json:"served"`
	// Asked is the change asked for last, for telling whether it came true.
	Asked Move `json:"asked,omitzero"`
	// Tries counts the changes asked for while promoting, or while going back.
	Tries   int       `json:"tries"`
	TriedAt time.Time `json:"triedAt,omitzero"`
	// Rev grows by one with each write: who writes must have read the latest.
	Rev int `json:"rev"`
}

// Scaling is the autoscaling of one variant.
type Scaling struct {
	Min int `json:"min"`
	Max int `json:"max"`
	// Settings are its policies, scheduled actions and suspensions, kept whole in
	// the adapter's own form.
	Settings string `json:"settings,omitempty"`
}

// Served is requests and how many of them were bad.
type Served struct {
	Requests int64 `json:"requests"`
	Bad      int64 `json:"bad"`
}

// Configs are the endpoint configs that belong to the rollout, the baseline's own
// included.
func (r Record) Configs() []string {
	var all []string
	for _, c := range []string{r.Baseline.Config, r.BothConfig, r.Candidate.Config, r.ShadowConfig} {
		if c != "" {
			all = append(all, c)
		}
	}
	return all
}

// Now is the step asked for last; the zero Step before the first.
func (r Record) Now() Step {
	if r.Step < 0 || r.Step >= len(r.Plan.Steps) {
		return Step{}
	}
	return r.Plan.Steps[r.Step]
}

// Weight is the candidate's share that was asked for last, in whole percent.
func (r Record) Weight() int { return r.Now().Weight }

// Last reports whether the step asked for last is the plan's last.
func (r Record) Last() bool { return r.Step == len(r.Plan.Steps)-1 }

// Began is when the candidate first got requests or copies of them; zero before.
func (r Record) Began() time.Time {
	for i, s := range r.Plan.Steps {
		if s.Bakes() {
			return r.Steps[i].AskedAt
		}
	}
	return time.Time{}
}

// Recent is how many of a model's latest rollouts are asked what is in production:
// many of them may have been refused, or gone back.
const Recent = 50

// Champion is the side that is in production as a model's rollouts tell it, newest
// first, and the rollout that brought it there, nil if none of them did. ok is false
// if they do not know: there was none yet, or the last one that could know halted.
func Champion(newestFirst []Record) (champion Side, from *Record, ok bool) {
	for i := range newestFirst {
		r := &newestFirst[i]
		switch {
		case r.State == Halted && (r.First || r.Baseline.Variant != ""):
			return Side{}, nil, false
		case r.leads():
			return r.Candidate, r, true
		case r.Baseline.Variant == "":
			continue // it came to nothing, or made the endpoint and took it away again
		}
		champion = r.Baseline
		for j := range newestFirst[i:] {
			if o := &newestFirst[i+j]; o.State == Promoted && o.Candidate.Variant == champion.Variant {
				return champion, o, true
			}
		}
		return champion, nil, true
	}
	return Side{}, nil, false
}

// InTheWay says why another of the model's rollouts, newest first, stands in the way
// of the one that v would start of r, which is over; "" if none does.
func (r Record) InTheWay(v Verb, newestFirst []Record) string {
	target := r.Package
	if v != Retry {
		target = r.Baseline.Package
	}
	for _, o := range newestFirst {
		switch {
		case o.State.Final():
		case o.Package == target:
			return fmt.Sprintf("rollout %s is under way with the same package already", o.ID)
		case v == Undo: // it would find another champion than the one that is meant
			return fmt.Sprintf("rollout %s is under way: abort it, or wait for its end, and undo then", o.ID)
		}
	}
	if v == Retry {
		return ""
	}
	switch champion, from, ok := Champion(newestFirst); {
	case !ok:
		return fmt.Sprintf("rollout %s was promoted, but what is in production now is not known: another one has halted since", r.ID)
	case from == nil || from.ID != r.ID:
		return fmt.Sprintf("rollout %s is not in production any more: variant %s is", r.ID, champion.Variant)
	}
	return ""
}

// leads reports whether the candidate is the champion and stays so.
func (r Record) leads() bool {
	return r.State == Promoted || r.State == Standby || r.State == Promoting
}

// Entry is one line of a rollout's history, which is only ever added to.
type Entry struct {
	Rollout string    `json:"rollout"`
	At      time.Time `json:"at"`
	// Key tells lines of one time and kind apart; "" for the only one.
	Key  string `json:"key,omitempty"`
	Kind string `json:"kind"` // plan, effect, reading, look, verdict, command, ask, promotion, end, who, clean, unlock
	Text string `json:"text"`
	// Event is the detail type of the event that tells others of it, and Detail its
	// detail as JSON; "" for none.
	Event  string `json:"event,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Data is the numbers behind the text, by kind, as JSON.
	Data string `json:"data,omitempty"`
}
