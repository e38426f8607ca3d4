package rollout

import (
	"fmt"
	"time"

	"sluice/shared/spec"
)

// Turn is where a rollout goes after a look, as far as its plan, its people and its
// windows have a say. The judge and the alarms are asked before.
type Turn string

// The turns.
const (
	Stay     Turn = "stay"     // keep baking, or waiting
	GoOn     Turn = "goOn"     // to the next step
	Finish   Turn = "finish"   // the last step is over: promote
	TurnBack Turn = "turnBack" // to the baseline
)

// longestPause is how long a rollout is paused by hand, or by a step without a
// limit, before it goes back.
const longestPause = 7 * 24 * time.Hour

// Decide says where the rollout goes at now, why, and how long what it waits for
// has lasted. baked is whether the judge holds the step's bake for over. It keeps
// in r since when a window alone has held it.
func (r *Record) Decide(now time.Time, baked bool) (t Turn, why string, waited time.Duration) {
	if by := r.Control.Abort; by != "" {
		return TurnBack, by, 0
	}
	t, why, since := r.wants(now, baked)
	if t == GoOn || t == Finish {
		if p := r.Control.Paused; p != nil {
			if d := now.Sub(p.At); d >= longestPause {
				return TurnBack, fmt.Sprintf("paused by %s for %s, the longest there is", p.By, spec.Duration(longestPause)), 0
			}
			return Stay, fmt.Sprintf("paused by %s; %s", p.By, why), now.Sub(p.At)
		}
	}
	if t != GoOn || !r.rises() || r.open(now) {
		r.Control.Frozen = time.Time{}
		if t == Stay && !since.IsZero() {
			waited = now.Sub(since)
		}
		return t, why, waited
	}
	if r.Control.Frozen.IsZero() {
		r.Control.Frozen = now
	}
	return Stay, r.frozenUntil(now) + "; " + why, now.Sub(r.Control.Frozen)
}

// wants is Decide before pauses and windows.
func (r *Record) wants(now time.Time, baked bool) (t Turn, why string, since time.Time) {
	next := GoOn
	if r.Last() {
		next = Finish
	}
	step := r.Now()
	switch {
	case r.Control.Full:
		return next, "promoted by hand", since
	case r.Step < 0:
		return GoOn, "the candidate is up", since
	case r.Control.Skip == r.Step+1:
		return next, "the step was ended by hand", since
	}
	reached := r.Steps[r.Step].ReachedAt
	switch step.Kind {
	case Ask:
		return r.gate(now, next)
	case Rest:
		end := reached.Add(step.Limit)
		switch {
		case step.Limit > 0 && !now.Before(end):
			return next, fmt.Sprintf("paused for %s", spec.Duration(step.Limit)), since
		case step.Limit == 0 && now.Sub(reached) >= longestPause:
			return TurnBack, fmt.Sprintf("nobody resumed within %s", spec.Duration(longestPause)), since
		case step.Limit > 0:
			return Stay, "paused until " + end.UTC().Format(time.DateTime), reached
		}
		return Stay, "paused until a person resumes", reached
	}
	if baked {
		return next, "no worse than tolerated", since
	}
	return Stay, "", since
}

// gate is what an approval comes to.
func (r *Record) gate(now time.Time, next Turn) (Turn, string, time.Time) {
	g := r.Control.Gate
	switch {
	case g == nil || g.Step != r.Step: // being asked for
		return Stay, "the approval is being asked for", time.Time{}
	case !g.Open() && g.Approved:
		return next, "approved by " + g.By, time.Time{}
	case now.Before(g.Expires):
		return Stay, fmt.Sprintf("waits for approval %s until %s", g.ID, g.Expires.UTC().Format(time.DateTime)), g.AskedAt
	case r.Now().OnTimeout == spec.TimeoutPromote:
		return next, fmt.Sprintf("nobody answered approval %s by %s, which means yes", g.ID, g.Expires.UTC().Format(time.DateTime)), time.Time{}
	}
	return TurnBack, fmt.Sprintf("nobody answered approval %s by %s", g.ID, g.Expires.UTC().Format(time.DateTime)), time.Time{}
}

// NextStep is the index of the step that comes next.
func (r *Record) NextStep() int {
	if r.Control.Full {
		return len(r.Plan.Steps) - 1
	}
	return r.Step + 1
}

// rises reports whether the next step gives the candidate more requests, or the
// first copies of them.
func (r *Record) rises() bool {
	next := r.Plan.Steps[r.NextStep()]
	return next.Weight > r.Weight() || next.Kind == Mirror
}

// open reports whether weights may rise.
func (r *Record) open(now time.Time) bool {
	return r.Undo || spec.Open(r.Rules.Windows, now)
}

// MayRise reports whether the next step may be asked for at now, for a window may
// have closed since it was decided.
func (r *Record) MayRise(now time.Time) bool {
	return r.Control.Paused == nil && (r.open(now) || !r.rises())
}

// MayBegin reports whether a waiting rollout may take its endpoint at now: with the
// windows closed, others may have it meanwhile.
func (r *Record) MayBegin(now time.Time) bool { return r.open(now) }

func (r *Record) frozenUntil(now time.Time) string {
	at, ok := spec.NextOpening(r.Rules.Windows, now)
	if !ok {
		return "frozen: no window ever opens"
	}
	return "frozen until a window opens at " + at.UTC().Format(time.DateTime)
}
