package rollout

import (
	"fmt"
	"time"
)

// Verb is what a person, or another part of Sluice, may ask of a rollout.
type Verb string

// The verbs. Retry and Undo of a rollout that is over start another one.
const (
	PauseIt  Verb = "pause"
	Resume   Verb = "resume"
	Promote  Verb = "promote" // ends the step, or the standby, now
	Abort    Verb = "abort"
	Retry    Verb = "retry"
	Undo     Verb = "undo"
	Approve  Verb = "approve"
	Reject   Verb = "reject"
	YieldNow Verb = "yield" // a newer rollout waits for the endpoint
)

// Verbs lists the verbs that a person may use.
func Verbs() []Verb {
	return []Verb{PauseIt, Resume, Promote, Abort, Retry, Undo, Approve, Reject}
}

// Command is one request to a rollout, as the table keeps it. Whoever may write to
// the table may command; By is what the writer says of itself.
type Command struct {
	Rollout string    `json:"rollout"`
	ID      string    `json:"id"` // unique within the rollout
	Verb    Verb      `json:"verb"`
	Full    bool      `json:"full,omitempty"`    // of promote: all steps, to the end
	Replace bool      `json:"replace,omitempty"` // of yield: go back and make room, wherever you are
	Gate    string    `json:"gate,omitempty"`    // of approve and reject: the approval's id; "" for the one that is open
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
	At      time.Time `json:"at"`
	// HandledAt, Accepted and Answer say what became of it.
	HandledAt time.Time `json:"handledAt,omitzero"`
	Accepted  bool      `json:"accepted,omitempty"`
	Answer    string    `json:"answer,omitempty"`
}

// Control is what commands, approvals and the judge's doubts have made of a
// rollout.
type Control struct {
	Paused *Paused `json:"paused,omitempty"`
	Gate   *Gate   `json:"gate,omitempty"`
	// Skip is one more than the index of a step that a person ended early; 0 for
	// none.
	Skip int `json:"skip,omitempty"`
	// Full skips everything up to the end.
	Full bool `json:"full,omitempty"`
	// Abort is who wants the rollout undone, with the reason; "" for nobody.
	Abort string `json:"abort,omitempty"`
	// Retire is who ended the standby early; "" for nobody.
	Retire string `json:"retire,omitempty"`
	// Obeyed are answers to commands that may not have been written down yet.
	Obeyed map[string]Obeyed `json:"obeyed,omitempty"`
	// Held is whether others were told that the rollout is held.
	Held bool `json:"held,omitempty"`
	// Frozen is since when only a closed window has kept the weight from rising.
	Frozen time.Time `json:"frozen,omitzero"`
}

// Obeyed is the answer to a command.
type Obeyed struct {
	Accepted bool   `json:"accepted"`
	Answer   string `json:"answer"`
}

// Paused is a rollout whose weight does not rise until a person resumes it.
type Paused struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Gate is an approval that was asked for.
type Gate struct {
	ID       string    `json:"id"`
	Step     int       `json:"step"`
	AskedAt  time.Time `json:"askedAt"`
	Expires  time.Time `json:"expires"`
	Approved bool      `json:"approved,omitempty"`
	By       string    `json:"by,omitempty"` // who answered; "" while it is open
}

// Open reports whether the gate waits for an answer.
func (g *Gate) Open() bool { return g != nil && g.By == "" }

// GateID names the approval of a step.
func GateID(rollout string, step int) string { return fmt.Sprintf("%s-s%d", rollout, step+1) }

// who is the command's writer with its reason.
func (c Command) who() string {
	if c.Why != "" {
		return c.By + ": " + c.Why
	}
	return c.By
}

// Obey does what a command asks of the record, or says why it cannot be done now.
// Retry and Undo of a rollout that is over leave the record as it is: whoever
// accepts them starts the other rollout.
func (r *Record) Obey(c Command) (answer string, accepted bool) {
	no := func(format string, args ...any) (string, bool) {
		return fmt.Sprintf("rollout %s ", r.ID) + fmt.Sprintf(format, args...), false
	}
	if r.State.Final() {
		return r.obeyOver(c)
	}
	switch r.State {
	case Waiting:
		if c.Verb != Abort {
			return no("has not begun: it waits for its endpoint; only abort can be done")
		}
	case Promoting:
		return no("is removing the baseline, and cannot turn round on the way: when it is promoted, undo brings the former champion back")
	case Returning:
		return no("is going back to the baseline already")
	case Standby:
		return r.obeyStandby(c)
	}
	switch c.Verb {
	case Abort:
		r.Control.Abort = "aborted by " + c.who()
		return "goes back to the baseline", true
	case Undo:
		return no("is not promoted yet: abort takes it back")
	case Retry:
		return no("is under way: there is nothing to retry")
	case YieldNow:
		if !c.Replace {
			r.Control.Retire = "waiting rollout " + c.By
			return "makes room once it is over, without a standby", true
		}
		r.Control.Abort = "replaced by " + c.who()
		return "goes back to make room", true
	case PauseIt:
		if r.Control.Paused != nil {
			return no("is paused already, since %s by %s", r.Control.Paused.At.Format(time.DateTime), r.Control.Paused.By)
		}
		r.Control.Paused = &Paused{By: c.By, At: c.At}
		return fmt.Sprintf("stays at %d %% until it is resumed; judge and alarms keep watching", r.Weight()), true
	}
	return r.obeyOn(c)
}

// obeyOn obeys the verbs that let a rollout go on.
func (r *Record) obeyOn(c Command) (string, bool) {
	no := func(format string, args ...any) (string, bool) {
		return fmt.Sprintf("rollout %s ", r.ID) + fmt.Sprintf(format, args...), false
	}
	switch step := r.Now(); c.Verb {
	case Resume:
		if r.Control.Paused != nil {
			r.Control.Paused = nil
			return "goes on", true
		}
		if step.Kind == Rest {
			r.Control.Skip = r.Step + 1
			return "the pause is over", true
		}
		return no("is not paused")
	case Promote:
		if c.Full {
			r.Control.Full, r.Control.Paused = true, nil
			return "takes all requests, without further bakes; judge and alarms can still take it back", true
		}
		if r.Step < 0 {
			return no("has not reached its first step: promote --full skips them all")
		}
		if step.Kind == Ask && r.Control.Gate.Open() {
			return no("waits for the approval %s: sluice approve gives it, reject refuses it", r.Control.Gate.ID)
		}
		r.Control.Skip, r.Control.Paused = r.Step+1, nil
		return fmt.Sprintf("step %d of %d is over", r.Step+1, len(r.Plan.Steps)), true
	case Approve, Reject:
		return r.obeyGate(c)
	}
	return no("does not know %q: the verbs are %v", c.Verb, Verbs())
}

// obeyGate obeys an answer to an approval.
func (r *Record) obeyGate(c Command) (string, bool) {
	no := func(format string, args ...any) (string, bool) {
		return fmt.Sprintf("rollout %s ", r.ID) + fmt.Sprintf(format, args...), false
	}
	g := r.Control.Gate
	switch {
	case !g.Open():
		return no("waits for no approval now")
	case c.Gate != "" && c.Gate != g.ID:
		return no("waits for approval %s, not %s", g.ID, c.Gate)
	case !c.At.Before(g.Expires):
		return no("approval %s expired at %s", g.ID, g.Expires.Format(time.DateTime))
	}
	answered := *g
	answered.By, answered.Approved = c.who(), c.Verb == Approve
	r.Control.Gate = &answered
	if !answered.Approved {
		r.Control.Abort = "approval " + g.ID + " rejected by " + c.who()
		return "goes back to the baseline", true
	}
	return "approved", true
}

// obeyStandby obeys while the former champion is kept warm.
func (r *Record) obeyStandby(c Command) (string, bool) {
	switch c.Verb {
	case Undo:
		r.Control.Abort = "undone by " + c.who()
		return fmt.Sprintf("%s gets all requests back", r.Baseline.Variant), true
	case Promote:
		r.Control.Retire = c.who()
		return "ends its standby", true
	case YieldNow:
		r.Control.Retire = "waiting rollout " + c.who()
		return "ends its standby to make room", true
	case Abort:
		return fmt.Sprintf("rollout %s is promoted, with %s kept warm: undo takes it back", r.ID, r.Baseline.Variant), false
	}
	return fmt.Sprintf("rollout %s is promoted, with %s kept warm: undo takes it back, promote ends the standby", r.ID, r.Baseline.Variant), false
}

// obeyOver obeys when the rollout has ended.
func (r *Record) obeyOver(c Command) (string, bool) {
	ended := fmt.Sprintf("rollout %s ended as %s", r.ID, r.State)
	switch {
	case r.State == Halted && r.UnlockedAt.IsZero():
		return ended + ": look at its endpoint and bring it to where it should be, then sluice unlock " + r.Model, false
	case c.Verb == Retry && r.State == Promoted:
		return ended + ": it is in production, and there is nothing to retry", false
	case c.Verb == Retry:
		return "is tried again", true
	case c.Verb == Undo && r.State == Promoted && r.Baseline.Package == "":
		return ended + ", and what served before was made from no model package: roll out a package of the registry instead", false
	case c.Verb == Undo && r.State == Promoted:
		return "the former champion is rolled out", true
	case c.Verb == Undo:
		return ended + ": the baseline is in production already", false
	}
	return ended + ": it takes no " + string(c.Verb) + " any more; retry and undo start another one", false
}
