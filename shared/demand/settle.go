package demand

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Patience is how long one data trigger waits for a burst to end.
type Patience struct {
	Quiet   time.Duration // no event for so long means the burst is over
	MaxWait time.Duration // from the first event on, however busy; 0 for no bound
}

// Settle says whether the demand made of chunks may be served at now, and if not,
// how long to wait before asking again. patience is by data trigger; a chunk of a
// trigger that the spec no longer has waits for nothing.
//
// Demand has settled when each trigger that took part is quiet or has waited long
// enough. Causes without objects wait for nothing themselves, but do not cut a
// burst in two.
func Settle(patience []Patience, chunks []Chunk, now time.Time) (settled bool, wait time.Duration) {
	for i, p := range patience {
		var first, last time.Time
		for _, c := range chunks {
			if c.Trigger != i {
				continue
			}
			if first.IsZero() || c.FirstAt.Before(first) {
				first = c.FirstAt
			}
			if c.LastAt.After(last) {
				last = c.LastAt
			}
		}
		if first.IsZero() {
			continue
		}
		due := last.Add(p.Quiet)
		if bound := first.Add(p.MaxWait); p.MaxWait > 0 && bound.Before(due) {
			due = bound
		}
		wait = max(wait, due.Sub(now))
	}
	return wait <= 0, wait
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

// Causes says in one line what asked for a run: each cause once, in a stable order.
func Causes(chunks []Chunk) string {
	var texts []string
	for _, c := range chunks {
		texts = append(texts, c.Cause.Kind+": "+c.Cause.Text)
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
