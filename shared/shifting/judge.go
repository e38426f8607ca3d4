package shifting

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sluice/shared/edge"
	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Decision is what the rollout machine does after a look.
type Decision string

// The decisions. Only the first stays in the bake.
const (
	KeepBaking Decision = "continue"
	NextStep   Decision = "advance"
	PromoteIt  Decision = "promote"
	RetireIt   Decision = "retire" // the standby is over
	GoBack     Decision = "rollBack"
	HaltHere   Decision = "halt"
)

// Judged is the answer of judge.
type Judged struct {
	Decision Decision `json:"decision"`
	Reason   string   `json:"reason"`
	Seconds  int      `json:"seconds"` // to the next look
}

const (
	// history is how much of the baseline's past the judge is shown.
	history = 24 * time.Hour
	// longestDoubt is how long a rollout is held without a conclusion.
	longestDoubt = 24 * time.Hour
	// longestLook is the time between two looks while no conclusion is to be had.
	longestLook = 30 * time.Minute
)

// Judge is the handler of judge: one look. What can be seen on the endpoint and on
// the alarms comes first, then what people have asked for, then the candidate is
// compared with the baseline over all minutes of the rollout, so that late and
// revised data heal themselves.
func (s *Shifting) Judge(ctx context.Context, in Step) (Judged, error) {
	r, err := s.planned(ctx, in)
	if err != nil {
		return Judged{}, err
	}
	// The lease lives from look to look.
	if err := s.Desk.Hold(ctx, leased(r), in.Rollout, in.Now); err != nil {
		return Judged{}, err
	}
	if r.State != rollout.Standby && r.Step >= 0 {
		r.Steps[r.Step].EndedAt = time.Time{} // an earlier try of this look may have ended the step
	}
	r.Reason = ""
	if err := s.obey(ctx, in, &r); err != nil {
		return Judged{}, err
	}
	j, err := s.look(ctx, in, &r)
	if err != nil {
		return Judged{}, err
	}
	if j.Seconds == 0 {
		j.Seconds = int(r.Plan.Look / time.Second)
	}
	edge.Note(ctx, "decision", j.Decision)
	if r.State != rollout.Standby && r.Step >= 0 && (j.Decision == NextStep || j.Decision == PromoteIt) {
		r.Steps[r.Step].EndedAt = in.Now
	}
	if j.Decision != KeepBaking && j.Decision != NextStep {
		r.Reason = j.Reason
	}
	_, err = s.Table.PutRollout(ctx, r)
	return j, err
}

// look decides, and counts into r what the candidate has served.
func (s *Shifting) look(ctx context.Context, in Step, r *rollout.Record) (Judged, error) {
	e, err := s.describe(ctx, r.Endpoint)
	if err != nil {
		return Judged{}, err
	}
	want := r.TargetOf()
	want.Needs = nil // autoscaling, or a person, may change instances now
	switch truth := rollout.Classify(want, r.Configs(), e); truth.Outcome {
	case rollout.Reached, rollout.Moving, rollout.Maintained:
	case rollout.Foreign, rollout.Broken:
		return Judged{Decision: HaltHere, Reason: truth.Reason}, s.note(ctx, in, "verdict", "", "halt: %s; read: %s", truth.Reason, e)
	default:
		return Judged{Decision: GoBack, Reason: truth.Reason}, s.note(ctx, in, "verdict", "", "roll back: %s; read: %s", truth.Reason, e)
	}
	alarm, err := s.ringing(ctx, r.Rules.Alarms)
	if err != nil {
		return Judged{}, err
	}
	reason := r.Control.Abort
	if alarm.Name != "" {
		reason = wentOff(alarm.Name, alarm.Reason)
	}
	if reason != "" {
		return Judged{Decision: GoBack, Reason: reason}, s.note(ctx, in, "verdict", "", "roll back: %s", reason)
	}
	l, err := s.compare(ctx, in.Now, r)
	if err != nil {
		return Judged{}, err
	}
	pace := l.decide(in.Now, r)
	data, err := json.Marshal(l)
	if err != nil {
		return Judged{}, fmt.Errorf("writing a verdict: %w", err)
	}
	return Judged{Decision: l.Decision, Reason: l.Reason, Seconds: int(pace / time.Second)}, s.seen(ctx, in, r, l, string(data))
}

// seen writes a look down, and tells others, once, when the rollout is held.
func (s *Shifting) seen(ctx context.Context, in Step, r *rollout.Record, l Look, data string) error {
	text := fmt.Sprintf("%s at %d %%: %s", l.Decision, l.Weight, l.Reason)
	if !l.Verdict.Paused || r.Control.Held {
		return s.note(ctx, in, "look", data, "%s", text)
	}
	r.Control.Held = true
	return s.announce(ctx, in, *r, "look", data, rollout.HeldEvent, text)
}

// Look is one look with the numbers behind it, as history keeps it.
type Look struct {
	Decision Decision      `json:"decision"`
	Reason   string        `json:"reason"`
	Step     int           `json:"step"`  // from 0
	Steps    int           `json:"steps"` // of the plan
	Weight   int           `json:"weight"`
	Bake     int           `json:"bake"` // minutes that the step bakes
	Verdict  judge.Verdict `json:"verdict"`
	Query    MetricQuery   `json:"query"` // what was asked of CloudWatch
	// Baseline and Candidate are what both have served since the rollout's first
	// weight, in the minutes that were judged.
	Baseline  rollout.Served `json:"baseline"`
	Candidate rollout.Served `json:"candidate"`
}

// decide turns a verdict, the plan and people's wishes into what the machine does,
// says why, and when to look again.
func (l *Look) decide(now time.Time, r *rollout.Record) (pace time.Duration) {
	doubts := strings.Join(l.Verdict.Reasons, "; ")
	if l.Verdict.Action == judge.RollBack {
		l.Decision, l.Reason = GoBack, doubts
		return 0
	}
	if r.State == rollout.Standby {
		return l.standBy(now, r, doubts)
	}
	// The latest minute that can be judged may be from before this step: what it
	// says of the step's end is old.
	current := r.First || r.Now().Bakes() && l.Verdict.Step == r.Plan.Judged(r.Step)
	turn, why, waited := r.Decide(now, r.First || current && l.Verdict.Action == judge.Advance)
	switch turn {
	case rollout.TurnBack:
		l.Decision, l.Reason = GoBack, why
	case rollout.Finish:
		l.Decision, l.Reason = PromoteIt, why+" in any step: "+l.served()
		if r.Control.Full || r.Control.Skip > 0 {
			l.Reason = why + ": " + l.served()
		}
		if r.First {
			l.Reason = "the endpoint's first model serves"
		}
	case rollout.GoOn:
		l.Decision, l.Reason = NextStep, why+": "+l.served()
	default:
		l.Decision, l.Reason = KeepBaking, strings.Trim(strings.Join([]string{why, doubts}, "; "), "; ")
		if !current && r.Now().Bakes() {
			l.Reason = "no minute of this step can be judged yet"
			return r.Plan.Look
		}
		return l.doubt(now, r, waited)
	}
	return 0
}

// doubt ends a rollout about which nothing can be concluded for too long, and says
// when to look again otherwise.
func (l *Look) doubt(now time.Time, r *rollout.Record, waited time.Duration) time.Duration {
	if waited > 0 || !r.Now().Bakes() {
		return r.Plan.Pace(waited)
	}
	if !l.Verdict.Paused {
		return r.Plan.Look
	}
	held := now.Sub(r.Steps[r.Step].ReachedAt)
	if held > longestDoubt {
		l.Decision, l.Reason = GoBack, fmt.Sprintf("held for %s without a conclusion: %s", spec.Duration(longestDoubt), l.Reason)
	}
	return max(r.Plan.Look, min(held/8, longestLook).Truncate(time.Minute))
}

// standBy decides while the former champion is kept warm.
func (l *Look) standBy(now time.Time, r *rollout.Record, doubts string) time.Duration {
	end := r.PromotedAt.Add(r.Plan.Standby)
	switch {
	case r.Control.Retire != "":
		l.Decision, l.Reason = RetireIt, "standby ended by "+r.Control.Retire
	case !now.Before(end):
		l.Decision, l.Reason = RetireIt, "standby is over: "+l.served()
	default:
		l.Decision, l.Reason = KeepBaking, strings.TrimSuffix(fmt.Sprintf("%s is kept warm until %s; %s", r.Baseline.Variant, end.UTC().Format(time.DateTime), doubts), "; ")
		return min(r.Plan.Watch(), end.Sub(now))
	}
	return 0
}

// served says what both sides have served.
func (l Look) served() string {
	return fmt.Sprintf("candidate %d of %d failed, baseline %d of %d", l.Candidate.Bad, l.Candidate.Requests, l.Baseline.Bad, l.Baseline.Requests)
}
