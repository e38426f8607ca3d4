package stream

import (
	"bytes"

	"sluice/local/events/pattern"
	"sluice/local/sim"
)

// Reader reads one stream for one function.
type Reader struct {
	Config
	w       *sim.World
	needs   Needs
	filters []*pattern.Pattern
	result  string // of the last thing that was tried

	at      string   // the last record that was read, by its sequence number
	gather  []Record // for the next batch, in order
	size    int      // of the gathered records, in bytes
	polling *sim.Timer
	window  *sim.Timer
	overdue bool    // the window is over
	work    []*part // the batch at the function, and what was split off it, in order
}

// LastResult says, in Lambda's words, how the last batch went.
func (r *Reader) LastResult() string { return r.result }

// wake polls soon, unless the function has a batch: then the end of that will.
func (r *Reader) wake() {
	if r.polling != nil || r.Disabled || len(r.work) > 0 {
		return
	}
	r.polling = r.w.After(pollEvery, "poll "+r.StreamARN, func() {
		r.polling = nil
		r.poll()
	})
}

// poll reads on, and sends the batch if it is time.
func (r *Reader) poll() {
	if len(r.work) > 0 {
		return // the window was over first
	}
	if err := r.needs.MayRead(); err != nil {
		r.locked(err)
		return
	}
	full := r.read()
	switch {
	case len(r.gather) == 0:
	case full || r.Window == 0 || r.overdue:
		r.send()
	case r.window == nil:
		r.window = r.w.After(r.Window, "batch window "+r.StreamARN, func() {
			r.window, r.overdue = nil, true
			r.poll()
		})
	}
}

// locked says, once, that the role may no longer read the stream, and tries again
// later. Nothing is delivered meanwhile.
func (r *Reader) locked(err error) {
	if problem := "PROBLEM: " + r.cannotRead().Error(); r.result != problem {
		r.result = problem
		r.needs.Log(problem + " (" + err.Error() + ")")
	}
	r.polling.Stop()
	r.polling = r.w.Background(retryMost, "poll "+r.StreamARN, func() {
		r.polling = nil
		r.poll()
	})
}

// read gathers what the filters let through, and reports whether the batch is full.
func (r *Reader) read() bool {
	for len(r.gather) < r.BatchSize {
		got := r.needs.Read(r.StreamARN, r.at, r.BatchSize-len(r.gather))
		if len(got) == 0 {
			return false
		}
		for _, rec := range got {
			if r.wants(rec) {
				n := len(rec.Text) + 1
				if len(r.gather) > 0 && len(head)+r.size+n+len(tail) > mostBytes {
					return true
				}
				r.gather, r.size = append(r.gather, rec), r.size+n
			}
			r.at = rec.Sequence
		}
	}
	return true
}

// send makes a batch of what is gathered.
func (r *Reader) send() {
	r.window.Stop()
	r.work = []*part{{records: r.gather}}
	r.gather, r.size, r.window, r.overdue = nil, 0, nil, false
	r.attempt()
}

// attempt gives the first part of the batch to the function, or goes on to the next
// batch if there is none.
func (r *Reader) attempt() {
	for len(r.work) > 0 {
		p := r.work[0]
		if n := r.tooOld(p.records); n > 0 {
			r.giveUp(p, n, "RecordAgeExceeded")
			continue
		}
		r.needs.Behind(r.w.Now().Sub(p.records[len(p.records)-1].Made))
		r.needs.Invoke(envelope(p.records), func(a Answer) { r.settle(p, a) })
		return
	}
	r.wake()
}

// tooOld is how many records at the beginning are.
func (r *Reader) tooOld(records []Record) int {
	limit := retention
	if r.MaxAge > 0 {
		limit = min(limit, r.MaxAge)
	}
	n := 0
	for n < len(records) && r.w.Now().Sub(records[n].Made) > limit {
		n++
	}
	return n
}

// again tries a part later.
func (r *Reader) again(p *part) {
	wait := min(max(2*p.waited, retryFirst), retryMost)
	p.waited = wait
	r.w.After(wait, "retry "+r.StreamARN, r.attempt)
}

// The event that a function gets is its records between these.
const head, tail = `{"Records":[`, `]}`

func envelope(records []Record) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	for i, rec := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(rec.Text)
	}
	b.WriteString(tail)
	return b.Bytes()
}
