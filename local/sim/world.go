// Package sim is the world that local AWS lives in: one virtual clock, one
// queue of things to happen, one lock, and dice that roll the same for the same
// seed. Every service of local AWS schedules its future here and keeps no
// goroutine, ticker or lock of its own.
//
// The clock moves only when nothing is runnable: a two-hour rollout takes as
// long as its work takes. Serve ties it to the wall clock for a person to watch.
//
// It knows nothing of AWS. It is the only package under local/ that may read the
// wall clock or the operating system's randomness.
package sim

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// World holds the clock, the queue and the lock. Code that runs inside an event,
// inside Do or inside an API call holds the world already, and must not call Do,
// Step or any Run method.
type World struct {
	mu       sync.Mutex
	settled  *sync.Cond    // signalled when awaiting drops to zero
	changed  chan struct{} // tells Serve that the queue has a new head
	now      time.Time
	queue    queue
	seq      uint64
	busy     int // foreground events in the queue
	awaiting int // real waits under way, during which time stands still
	seed     uint64
	dice     map[string]*rand.Rand
	pace     *pace
}

// NewWorld returns a world whose clock shows start and whose dice follow seed.
func NewWorld(start time.Time, seed uint64) *World {
	w := &World{now: start.UTC(), seed: seed, dice: map[string]*rand.Rand{}, changed: make(chan struct{}, 1)}
	w.settled = sync.NewCond(&w.mu)
	return w
}

// Now is the virtual time, in UTC. The caller holds the world.
func (w *World) Now() time.Time { return w.now }

// Seed is the number that the world's dice follow.
func (w *World) Seed() uint64 { return w.seed }

// Rand is the stream of randomness of one thing, named by key. Each key has its
// own stream, so that what one thing draws never changes what another draws.
func (w *World) Rand(key string) *rand.Rand {
	r := w.dice[key]
	if r == nil {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s", w.seed, key))
		r = rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
		w.dice[key] = r
	}
	return r
}

// ID is a fresh identifier of n hexadecimal digits for a thing of this kind.
func (w *World) ID(kind string, n int) string {
	r := w.Rand("id/" + kind)
	b := make([]byte, 0, n/2+8)
	for len(b)*2 < n {
		b = binary.BigEndian.AppendUint64(b, r.Uint64())
	}
	return hex.EncodeToString(b)[:n]
}

// UUID is a fresh identifier in the form of a UUID for a thing of this kind.
func (w *World) UUID(kind string) string {
	x := w.ID(kind, 32)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// Timer is a thing that will happen, and can be called off.
type Timer struct {
	w          *World
	at         time.Time
	seq        uint64
	name       string
	fn         func()
	index      int // place in the queue; -1 once run or stopped
	background bool
}

// Stop calls the timer off. It reports whether that came in time. The caller
// holds the world. Stopping a nil timer does nothing.
func (t *Timer) Stop() bool {
	if t == nil || t.index < 0 {
		return false
	}
	heap.Remove(&t.w.queue, t.index)
	if !t.background {
		t.w.busy--
	}
	return true
}

// At is the virtual time at which the timer is due.
func (t *Timer) At() time.Time { return t.at }

// After runs fn once d has passed. Events due at the same time run in the order
// in which they were scheduled. The caller holds the world.
func (w *World) After(d time.Duration, name string, fn func()) *Timer {
	return w.schedule(d, name, fn, false)
}

// Background is After for housekeeping that would go on for ever, such as the
// evaluation of alarms: a world with nothing else to do counts as idle.
func (w *World) Background(d time.Duration, name string, fn func()) *Timer {
	return w.schedule(d, name, fn, true)
}

// UntilMinute is how long it takes until it is next so long after a whole minute: for
// what happens every minute. It is never 0. The caller holds the world.
func (w *World) UntilMinute(after time.Duration) time.Duration {
	next := w.now.Truncate(time.Minute).Add(after)
	if !next.After(w.now) {
		next = next.Add(time.Minute)
	}
	return next.Sub(w.now)
}

func (w *World) schedule(d time.Duration, name string, fn func(), background bool) *Timer {
	w.seq++
	t := &Timer{w: w, at: w.now.Add(max(d, 0)), seq: w.seq, name: name, fn: fn, background: background}
	heap.Push(&w.queue, t)
	if !background {
		w.busy++
	}
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return t
}

// Do runs fn while holding the world. It is how requests from outside enter.
func (w *World) Do(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pace.catchUp(w)
	fn()
}

// Await lets go of the world while fn blocks on something real, such as the
// process of a Lambda function, and takes it back after. Requests may come in
// meanwhile; the clock stands still. The caller holds the world.
func (w *World) Await(fn func()) {
	w.awaiting++
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.awaiting--
		if w.awaiting == 0 {
			w.settled.Broadcast()
		}
	}()
	fn()
}

// Step runs the next event, moving the clock to it. It reports whether there was
// one due no later than limit; a zero limit is none.
func (w *World) Step(limit time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.awaiting > 0 {
		w.settled.Wait()
	}
	if len(w.queue) == 0 || !limit.IsZero() && w.queue[0].at.After(limit) {
		return false
	}
	w.runNext()
	return true
}

func (w *World) runNext() {
	t := heap.Pop(&w.queue).(*Timer)
	if !t.background {
		w.busy--
	}
	if t.at.After(w.now) {
		w.now = t.at
	}
	t.fn()
}

// RunFor runs everything due within d and leaves the clock d later.
func (w *World) RunFor(d time.Duration) {
	var end time.Time
	w.Do(func() { end = w.now.Add(d) })
	for w.Step(end) {
	}
	w.Do(func() {
		if w.now.Before(end) {
			w.now = end
		}
	})
}

// RunUntil runs until done reports true, asked while holding the world before
// each event, or until limit of virtual time has passed. It reports whether done
// came true.
func (w *World) RunUntil(done func() bool, limit time.Duration) bool {
	var end time.Time
	w.Do(func() { end = w.now.Add(limit) })
	for {
		var ok bool
		w.Do(func() { ok = done() })
		if ok {
			return true
		}
		if !w.Step(end) {
			return false
		}
	}
}

// RunUntilIdle runs until only background events are left, or until limit of
// virtual time has passed. It reports whether the world came to rest.
func (w *World) RunUntilIdle(limit time.Duration) bool {
	return w.RunUntil(func() bool { return w.busy == 0 && w.awaiting == 0 }, limit)
}

// Serve runs the world at speed times real time until ctx is done.
func (w *World) Serve(ctx context.Context, speed float64) {
	w.mu.Lock()
	w.pace = &pace{real: time.Now(), virtual: w.now, speed: speed}
	w.mu.Unlock()
	for ctx.Err() == nil {
		wait := time.Hour
		w.mu.Lock()
		w.pace.catchUp(w)
		if len(w.queue) > 0 && w.awaiting == 0 {
			wait = w.pace.until(w.queue[0].at)
			if wait <= 0 {
				w.runNext()
			}
		} else if w.awaiting > 0 {
			wait = 5 * time.Millisecond
		}
		w.mu.Unlock()
		if wait <= 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-w.changed:
		case <-time.After(wait):
		}
	}
	w.mu.Lock()
	w.pace = nil
	w.mu.Unlock()
}

// pace ties virtual time to the wall clock.
type pace struct {
	real    time.Time
	virtual time.Time
	speed   float64
}

// catchUp moves the clock to where the wall clock says it should be, never past
// the next event and never while something real is awaited.
func (p *pace) catchUp(w *World) {
	if p == nil {
		return
	}
	if w.awaiting > 0 {
		p.real, p.virtual = time.Now(), w.now
		return
	}
	at := p.virtual.Add(time.Duration(float64(time.Since(p.real)) * p.speed))
	if len(w.queue) > 0 && at.After(w.queue[0].at) {
		at = w.queue[0].at
		p.real, p.virtual = time.Now(), at
	}
	if at.After(w.now) {
		w.now = at
	}
}

func (p *pace) until(at time.Time) time.Duration {
	target := time.Duration(float64(at.Sub(p.virtual)) / p.speed)
	return target - time.Since(p.real)
}

// queue is a heap of timers, by time and then by order of scheduling.
type queue []*Timer

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	t := x.(*Timer)
	t.index = len(*q)
	*q = append(*q, t)
}

func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.index = -1
	return t
}
