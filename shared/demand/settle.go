package demand

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Patience is how long one data trigger waits for a burst to end.
type Patience struct {
	Quiet   time.Duration // no event for so long means the burst is over
	MaxWait time.Duration // from the first event on, however busy; 0 for no bound
	// What must have come before quiet counts; the zero values for nothing.
	MinObjects int
	MinBytes   int64
	Marker     bool // one event of the trigger's marker, after the first object
}

// Settle says whether the demand made of chunks may be served at now, and if not,
// how long to wait before asking again. patience is by data trigger; a chunk of a
// trigger that the spec no longer has waits for nothing.
//
// Demand has settled when each trigger that took part is quiet and complete or has
// waited long enough. Causes without objects wait for nothing themselves, but do not
// cut a burst in two; they do not wait for a trigger to become complete. An alarm
// counts once it has stayed on for its hold. A person does not wait.
func Settle(patience []Patience, chunks []Chunk, now time.Time) (settled bool, wait time.Duration) {
	if Asked(chunks) {
		return true, 0
	}
	asked, hold := reasons(chunks, now)
	for i, p := range patience {
		if b := gather(i, chunks); !b.first.IsZero() {
			wait = max(wait, b.wait(p, asked, hold, now))
		}
	}
	if total, _ := Total(chunks); total == 0 && !asked {
		wait = max(wait, hold) // nothing else to serve until then
	}
	return wait <= 0, wait
}

// reasons reports whether a cause other than data asks for training, and if only
// alarms might that have not yet stayed on for their hold, how long the next one lacks.
func reasons(chunks []Chunk, now time.Time) (asked bool, hold time.Duration) {
	calm := map[string]time.Time{}
	for _, c := range chunks {
		if c.Cause.Kind == Calm && c.LastAt.After(calm[c.Alarm]) {
			calm[c.Alarm] = c.LastAt
		}
	}
	for _, c := range chunks {
		switch c.Cause.Kind {
		case Schedule, Commit, Promotion:
			asked = true
		case Drift:
			lacks := c.LastAt.Add(c.Hold).Sub(now)
			switch {
			case c.Hold > 0 && calm[c.Alarm].After(c.LastAt): // it came and went
			case lacks <= 0:
				asked = true
			case hold == 0 || lacks < hold:
				hold = lacks
			}
		}
	}
	return asked, hold
}

// burst is what one data trigger brought.
type burst struct {
	first, last, mark time.Time
	objects           int
	bytes             int64
}

func gather(trigger int, chunks []Chunk) (b burst) {
	for _, c := range chunks {
		if c.Trigger != trigger {
			continue
		}
		if !c.FirstAt.IsZero() && (b.first.IsZero() || c.FirstAt.Before(b.first)) {
			b.first = c.FirstAt
		}
		if c.LastAt.After(b.last) {
			b.last = c.LastAt
		}
		if c.MarkAt.After(b.mark) {
			b.mark = c.MarkAt
		}
		b.objects += c.Objects
		b.bytes += c.Bytes
	}
	return b
}

// patienceShare is which part of the time that a burst has lasted may pass before an
// incomplete one is looked at again: few looks, and none of them late.
const patienceShare = 8

// wait is for how long the burst must not be served. asked says that a cause does not
// wait for it to be complete, hold in how long one will not; 0 for never.
func (b burst) wait(p Patience, asked bool, hold time.Duration, now time.Time) time.Duration {
	complete := b.objects >= p.MinObjects && b.bytes >= p.MinBytes && (!p.Marker || !b.mark.Before(b.first))
	due := b.last.Add(p.Quiet)
	if !complete && !asked {
		look := max(p.Quiet, now.Sub(b.first)/patienceShare, time.Second)
		if hold > 0 {
			look = min(look, hold)
		}
		due = now.Add(look)
	}
	if bound := b.first.Add(p.MaxWait); p.MaxWait > 0 && bound.Before(due) {
		due = bound
	}
	return due.Sub(now)
}

// Total adds up what chunks bring, counting an object as often as chunks list it.
func Total(chunks []Chunk) (objects int, bytes int64) {
	for _, c := range chunks {
		objects += c.Objects
		bytes += c.Bytes
	}
	return objects, bytes
}

// maxCauses bounds the text of causes, in bytes: the value of a pipeline parameter
// may have 1,024 characters.
const maxCauses = 1000

// maxWhy bounds how many causes history keeps of one run.
const maxWhy = 50

// Why lists what asked for a run: each cause once, in a stable order.
func Why(chunks []Chunk) []Cause {
	var why []Cause
	for _, c := range chunks {
		if c.Cause.Kind != Calm {
			why = append(why, c.Cause)
		}
	}
	slices.SortFunc(why, func(a, b Cause) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Text, b.Text))
	})
	why = slices.Compact(why)
	return why[:min(len(why), maxWhy)]
}

// Causes says in one line what asked for a run: each cause once, in a stable order.
func Causes(chunks []Chunk) string {
	var texts []string
	for _, c := range chunks {
		if c.Cause.Kind != Calm {
			texts = append(texts, c.Cause.Kind+": "+c.Cause.Text)
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	line := strings.ToValidUTF8(strings.Join(texts, "; "), "?")
	if len(line) <= maxCauses {
		return line
	}
	tail := fmt.Sprintf(" ... (%d causes)", len(texts))
	return strings.ToValidUTF8(line[:maxCauses-len(tail)], "") + tail
}
