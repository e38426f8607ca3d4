package preflight

import (
	"time"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// Standby is the kind of the last of a report's steps, where there is one: the time
// after promotion for which the baseline is kept warm.
const Standby rollout.Kind = "standby"

// Step is one step of the plan in time. The time that it takes to bring instances up
// and to change weights comes on top, and is not counted: AWS does not say how long
// either takes.
type Step struct {
	Kind     rollout.Kind  `json:"kind"`
	Text     string        `json:"text"` // in words
	Weight   int           `json:"weight"`
	Sampling int           `json:"sampling,omitempty"`
	Earliest time.Time     `json:"earliest,omitzero"` // when it can begin; zero if no window ever opens
	Lasts    spec.Duration `json:"lasts"`             // at the least
	Most     spec.Duration `json:"most,omitzero"`     // for an approval: at the most
	Looks    int           `json:"looks"`             // of the judge, if nothing holds the step
	// Candidate and Baseline are instances; 0 where the baseline is not known.
	Candidate int  `json:"candidate"`
	Baseline  int  `json:"baseline"`
	Cost      Line `json:"cost"`
	bakes     bool
}

// steps puts the drafted plan in time, and says when it ends at the earliest; zero if
// that cannot be told.
func (c *check) steps() (all []Step, ends time.Time) {
	r := c.record
	at, weight := c.Now, 0
	candidate, baseline := 0, r.Baseline.Count
	never := false
	for i, s := range r.Plan.Steps {
		if rises := s.Weight > weight || s.Kind == rollout.Mirror; rises && !c.Undo {
			opens, ok := spec.NextOpening(c.Spec.Rollout.Windows, at)
			if at = opens; !ok {
				never = true
			}
		}
		weight = s.Weight
		candidate = c.up(i, candidate)
		if s.Baseline > 0 {
			baseline = min(baseline, s.Baseline)
		}
		step := Step{
			Kind: s.Kind, Text: s.String(), Weight: s.Weight, Sampling: s.Sampling, Earliest: at, Lasts: spec.Duration(s.Bake),
			Looks: looks(s.Bake, r.Plan.Look), Candidate: candidate, Baseline: baseline, bakes: s.Bakes(),
		}
		switch {
		case r.First:
			step.Text, step.Candidate = "the first model", r.Candidate.Count
		case s.Kind == rollout.Rest:
			step.Lasts = spec.Duration(s.Limit)
		case s.Kind == rollout.Ask:
			step.Most = spec.Duration(s.Limit)
		}
		if !c.known() {
			step.Candidate, step.Baseline = 0, 0
		}
		if never {
			step.Earliest = time.Time{}
		}
		at = at.Add(step.Lasts.Std())
		all = append(all, step)
	}
	if standby := r.Plan.Standby; standby > 0 && !r.First && c.known() {
		least := 1
		if c.Scaling != nil {
			least = max(1, c.Scaling.Min)
		}
		all = append(all, Step{
			Kind: Standby, Text: "a standby of " + spec.Duration(standby).String(), Weight: 100, Earliest: at, Lasts: spec.Duration(standby),
			Looks: looks(standby, r.Plan.Watch()), Candidate: candidate, Baseline: min(baseline, least),
		})
		at = at.Add(standby)
	}
	if never {
		return all, time.Time{}
	}
	return all, at
}

// up is how many instances the candidate has in step i, if it had before in the step
// before. An approval or a pause leaves the endpoint as it is; one that comes first has
// what the first bake needs, and the first weight after a shadow is another variant's.
func (c *check) up(i, before int) int {
	steps := c.record.Plan.Steps
	mirrored := func(judged int) bool { return judged >= 0 && steps[judged].Kind == rollout.Mirror }
	switch judged := c.record.Plan.Judged(i); {
	case judged < 0:
		for i++; !steps[i].Bakes(); i++ {
		}
		return steps[i].Candidate
	case judged < i && mirrored(judged):
		return before
	case judged == i && mirrored(c.record.Plan.Judged(i-1)):
		return steps[i].Candidate
	}
	return max(before, steps[i].Candidate)
}

// looks is how many looks fit into a wait.
func looks(wait, every time.Duration) int {
	if every <= 0 {
		return 0
	}
	return int((wait + every - 1) / every)
}

// windows says when closed windows let the first weight rise.
func (c *check) windows() {
	w := c.Spec.Rollout.Windows
	if c.Undo || spec.Open(w, c.Now) {
		return
	}
	at, ok := spec.NextOpening(w, c.Now)
	if !ok {
		c.add(Refuse, "window.never", "rollout", "look at rollout.windows", "no window ever opens, so no weight may ever rise")
		return
	}
	c.add(Note, "window.closed", "rollout", "", "no window is open now: the rollout begins at %s UTC at the earliest", at.UTC().Format(time.DateTime))
}
