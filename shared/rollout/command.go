package rollout

import (
	"encoding/json"
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
	YieldNow Verb = "yield"  // a newer rollout waits for the endpoint
	Recall   Verb = "recall" // the registry has rejected the package: abort or undo, wherever the rollout stands by then
)

// Verbs lists the verbs that a person may use.
func Verbs() []Verb {
	return []Verb{PauseIt, Resume, Promote, Abort, Retry, Undo, Approve, Reject}
}

// Starts reports whether the verb, asked of a rollout that is over, starts another.
func (v Verb) Starts() bool { return v == Retry || v == Undo || v == Recall }

// Command is one request to a rollout, as the table keeps it. Whoever may write to
// the table may command, by hand too; By is what the writer says of itself.
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
	// Starts is the rollout that a retry, an undo or a recall of one that is over
	// starts. It is written down before that is started, so that a second try starts
	// the same one.
	Starts string `json:"starts,omitempty"`
}

// Unreadable is the verb of what stands where a command should, and is none.
const Unreadable Verb = "unreadable"

// Completed is the command with what a writer by hand may have left out. now is when
// it is read.
func (c Command) Completed(now time.Time) Command {
	if c.At.IsZero() {
		c.At = now
	}
	if c.By == "" {
		c.By = "somebody"
	}
	return c
}

// Entry is the line of history that tells what became of an answered command.
func (c Command) Entry() (Entry, error) {
	word := "accepted"
	if !c.Accepted {
		word = "refused"
	}
	data, err := json.Marshal(c)
	if err != nil {
		return Entry{}, fmt.Errorf("writing a command: %w", err)
	}
	return Entry{
		Rollout: c.Rollout, At: c.HandledAt, Kind: "command", Key: c.ID,
		Text: fmt.Sprintf("%s by %s %s: %s", c.Verb, c.who(), word, c.Answer), Data: string(data),
	}, nil
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

// OpenGate is the approval that the rollout waits for; nil if it waits for none. One
// that was passed by, because its step was skipped, is waited for no more.
func (r Record) OpenGate() *Gate {
	if g := r.Control.Gate; g.Open() && g.Step == r.Step {
		return g
	}
	return nil
}

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
// Retry, undo and recall of a rollout that is over leave the record as it is: whoever
// accepts them starts the other rollout. So does a recall while promoting: it waits
// for the end.
func (r *Record) Obey(c Command) (answer string, accepted bool) {
	if r.State.Final() {
		return r.obeyOver(c)
	}
	if by := r.Control.Abort; by != "" {
		return r.no("is being taken back already: %s", by)
	}
	switch r.State {
	case Waiting:
		if c.Verb != Abort && c.Verb != Recall {
			return r.no("has not begun: it waits for its endpoint; only abort can be done")
		}
		r.Control.Abort = "aborted by " + c.who()
		return "does not begin", true
	case Promoting:
		if why := r.oneWay(); why != "" {
			return r.no("is being promoted: %s", why)
		}
		if c.Verb == Recall {
			return "is promoted first, then the former champion is rolled out", true
		}
		return r.no("is removing the baseline, and cannot turn round on the way: when it is promoted, undo brings the former champion back")
	case Returning:
		return r.no("is going back to the baseline already")
	case Standby:
		return r.obeyStandby(c)
	}
	return r.obeyOn(c)
}

// no is a refusal.
func (r *Record) no(format string, args ...any) (string, bool) {
	return fmt.Sprintf("rollout %s ", r.ID) + fmt.Sprintf(format, args...), false
}

// back is what a rollout does that is to leave no trace.
func (r *Record) back() string {
	if r.First {
		return "its endpoint is deleted again"
	}
	return "goes back to the baseline"
}

// obeyOn obeys while the candidate is brought up, or has requests.
func (r *Record) obeyOn(c Command) (string, bool) {
	switch c.Verb {
	case Abort, Recall:
		r.Control.Abort = "aborted by " + c.who()
		return r.back(), true
	case Undo:
		return r.no("is not promoted yet: abort takes it back")
	case Retry:
		return r.no("is under way: there is nothing to retry")
	case YieldNow:
		if !c.Replace {
			r.Control.Retire = "waiting rollout " + c.By
			return "makes room once it is over, without a standby", true
		}
		r.Control.Abort = "replaced by " + c.who()
		return r.back() + ", to make room", true
	case PauseIt:
		if p := r.Control.Paused; p != nil {
			return r.no("is paused already, since %s by %s", p.At.UTC().Format(time.DateTime), p.By)
		}
		r.Control.Paused = &Paused{By: c.By, At: c.At}
		return fmt.Sprintf("stays at %d %% until it is resumed; judge and alarms keep watching", r.Weight()), true
	case Resume:
		return r.resume()
	case Promote:
		return r.promote(c)
	case Approve, Reject:
		return r.obeyGate(c)
	}
	return r.no("does not know %q: the verbs are %v", c.Verb, Verbs())
}

// resume ends whatever waits for a person to say go on: a pause by hand, a pause of
// the plan, or both.
func (r *Record) resume() (string, bool) {
	rests := r.Now().Kind == Rest
	if r.Control.Paused == nil && !rests {
		return r.no("is not paused")
	}
	r.Control.Paused = nil
	if rests {
		r.Control.Skip = r.Step + 1
		return "the pause is over", true
	}
	return "goes on", true
}

// promote ends the step, or all of them.
func (r *Record) promote(c Command) (string, bool) {
	switch {
	case c.Full:
		r.Control.Full, r.Control.Paused = true, nil
		return "takes all requests, without further bakes; judge and alarms can still take it back", true
	case r.Step < 0:
		return r.no("has not reached its first step: promote --full skips them all")
	case r.OpenGate() != nil:
		return r.no("waits for the approval %s: sluice approve gives it, reject refuses it", r.Control.Gate.ID)
	}
	r.Control.Skip, r.Control.Paused = r.Step+1, nil
	return fmt.Sprintf("step %d of %d is over", r.Step+1, len(r.Plan.Steps)), true
}

// obeyGate obeys an answer to an approval.
func (r *Record) obeyGate(c Command) (string, bool) {
	g := r.OpenGate()
	switch {
	case g == nil:
		return r.no("waits for no approval now")
	case c.Gate != "" && c.Gate != g.ID:
		return r.no("waits for approval %s, not %s", g.ID, c.Gate)
	case !c.At.Before(g.Expires):
		return r.no("waits no longer: approval %s expired at %s", g.ID, g.Expires.UTC().Format(time.DateTime))
	}
	answered := *g
	answered.By, answered.Approved = c.who(), c.Verb == Approve
	r.Control.Gate = &answered
	if !answered.Approved {
		r.Control.Abort = "approval " + g.ID + " rejected by " + c.who()
		return r.back(), true
	}
	return "approved", true
}

// obeyStandby obeys while the former champion is kept warm.
func (r *Record) obeyStandby(c Command) (string, bool) {
	switch c.Verb {
	case Undo, Recall:
		r.Control.Abort = "undone by " + c.who()
		return fmt.Sprintf("%s gets all requests back", r.Baseline.Variant), true
	case Promote:
		r.Control.Retire = c.who()
		return "ends its standby", true
	case YieldNow:
		r.Control.Retire = "waiting rollout " + c.By
		return "ends its standby to make room", true
	}
	return r.no("is promoted, with %s kept warm: undo takes it back, promote ends the standby", r.Baseline.Variant)
}

// obeyOver obeys when the rollout has ended.
func (r *Record) obeyOver(c Command) (string, bool) {
	switch {
	case r.State == Halted && r.UnlockedAt.IsZero():
		return r.ended("look at its endpoint and bring it to where it should be, then sluice unlock %s", r.Model)
	case c.Verb == Retry && r.State == Promoted:
		return r.ended("it is in production, and there is nothing to retry")
	case c.Verb == Retry:
		return "is tried again", true
	case c.Verb != Undo && c.Verb != Recall:
		return r.ended("it takes no %s any more; retry and undo start another one", c.Verb)
	}
	switch r.State {
	case Halted:
		return r.ended("a person has brought its endpoint to where it is; retry rolls the package out again")
	case Refused, Superseded:
		return r.ended("it has changed nothing that could be undone")
	case RolledBack, Aborted:
		return r.ended("nothing of it is in production any more")
	}
	if why := r.oneWay(); why != "" {
		return r.ended("%s", why)
	}
	return "the former champion is rolled out", true
}

// oneWay says why no other rollout can lead back from this one; "" if one can.
func (r *Record) oneWay() string {
	switch {
	case r.First:
		return "it is the endpoint's first model, and there is none to go back to"
	case r.Baseline.Package == "":
		return "what served before was made from no model package; roll out a package of the registry instead"
	}
	return ""
}

// ended is a refusal because the rollout has ended.
func (r *Record) ended(format string, args ...any) (string, bool) {
	return r.no("ended as %s: "+format, append([]any{r.State}, args...)...)
}
