package demand

import (
	"slices"
	"time"
)

// Limits bound how often a model trains by itself. Zero values bound nothing.
type Limits struct {
	Cooldown  time.Duration // after the end of a run
	MaxPerDay int           // runs that begin within any 24 hours
	Strikes   int           // packages in a row that fail the gate; commits do not keep to it
}

// Past is one run that launched a pipeline.
type Past struct {
	BeganAt time.Time
	EndedAt time.Time // zero while it is in progress
	Gated   bool      // its package was held against the gate
	Failed  bool      // and did not meet it
}

const day = 24 * time.Hour

// Rest is how long a model must rest before its next run, and why; 0 and "" for not at
// all. past lists its runs, newest first. A person's wish knows no rest.
func (l Limits) Rest(chunks []Chunk, past []Past, now time.Time) (wait time.Duration, why string) {
	if Asked(chunks) {
		return 0, ""
	}
	began := 0
	for _, p := range past {
		end := p.EndedAt
		if end.IsZero() { // it ends now at the earliest
			end = now
		}
		if rest := end.Add(l.Cooldown).Sub(now); l.Cooldown > 0 && rest > wait {
			wait, why = rest, "cooldown"
		}
		if now.Sub(p.BeganAt) >= day {
			continue
		}
		began++
		if rest := p.BeganAt.Add(day).Sub(now); began == l.MaxPerDay && rest > wait {
			wait, why = rest, "maxPerDay"
		}
	}
	return wait, why
}

// Out reports whether the last packages of a model failed the gate so often in a row
// that it must not train by itself. A commit is no such thing: new training code is what
// may put it right, and each commit has one run to show it. past lists the runs, newest
// first; those that came to no package count neither way.
func (l Limits) Out(chunks []Chunk, past []Past) bool {
	if l.Strikes == 0 || Asked(chunks) || slices.ContainsFunc(chunks, func(c Chunk) bool { return c.Cause.Kind == Commit }) {
		return false
	}
	strikes := 0
	for _, p := range past {
		if !p.Gated {
			continue
		}
		if !p.Failed {
			break
		}
		strikes++
	}
	return strikes >= l.Strikes
}

// Asked reports whether a person asked for the run.
func Asked(chunks []Chunk) bool {
	for _, c := range chunks {
		if c.Cause.Kind == Manual {
			return true
		}
	}
	return false
}
