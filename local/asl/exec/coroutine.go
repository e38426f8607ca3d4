package exec

import (
	"iter"
	"time"

	"sluice/local/asl/parse"
)

// thread is one coroutine: an execution, a branch or an iteration. Exactly one
// thread runs at any time; all others are parked, waiting to be resumed.
type thread struct {
	x        *Execution
	parent   *thread
	index    int // among the children of parent
	children []*thread
	finished []*thread // children that ended and that this thread has not looked at

	next    func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	running bool
	waking  bool
	over    bool   // finished or abandoned
	release func() // calls off what the thread waits for

	// Where the walk stands. A redrive starts from what is here at the end.
	branch  *parse.Branch
	state   parse.State
	input   datum
	entered int64 // event id
	open    bool  // entered and not exited
	since   time.Time
	retries int
	token   string
	item    *item

	prev    int64 // id of this thread's last event
	scope   *scope
	resumed *thread // what a redrive continues; nil once used
	out     datum
	failure *Failure
	done    bool // ended by itself
	aborted bool // the history says so
}

// item is $$.Map.Item.
type item struct {
	index int
	value any
}

// datum is a value with its JSON, which histories and limits need.
type datum struct {
	value any
	json  string
}

func dataOf(v any) datum { return datum{v, Encode(v)} }

// abandoned is what a thread panics with when it is stopped, to unwind.
type abandoned struct{}

// spawn makes a thread that will run body; begin or resume starts it.
func (x *Execution) spawn(parent *thread, body func(*thread)) *thread {
	t := &thread{x: x, parent: parent}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(abandoned); !ok {
					panic(p)
				}
			}
		}()
		t.yield = yield
		body(t)
		t.done = true
	})
	if parent != nil {
		t.scope = &scope{outer: parent.scope}
		t.item = parent.item
	} else {
		t.scope = &scope{}
	}
	return t
}

// resume runs t until it parks or ends. Nothing else of the execution is running.
func (t *thread) resume() {
	if t.over || t.running {
		return
	}
	t.running = true
	_, more := t.next()
	t.running = false
	switch {
	case more && t.over: // abandoned by something it called
		t.stop()
	case more, t.over:
	default:
		t.over = true
		if t.parent != nil {
			t.parent.finished = append(t.parent.finished, t)
			t.parent.resume()
		} else if t.done {
			t.x.complete()
		}
	}
}

// wake resumes t in an event of its own, so that whoever completes a task gets its
// answer before the machine goes on.
func (t *thread) wake() {
	if t.over || t.waking || t.running { // a running thread looks before it parks
		return
	}
	t.waking = true
	t.x.host.After(0, "resume "+t.x.Info.ARN, func() {
		t.waking = false
		t.resume()
	})
}

// park hands over until somebody resumes t.
func (t *thread) park() {
	if t.over || !t.yield(struct{}{}) || t.over {
		panic(abandoned{})
	}
}

// sleep parks for d.
func (t *thread) sleep(d time.Duration, what string) {
	fired := false
	stop := t.x.host.After(d, what, func() {
		fired = true
		t.resume()
	})
	t.release = stop
	for !fired {
		t.park()
	}
	t.release = nil
}

// abandon stops t and its children for good. A running thread unwinds when it next
// parks or records.
func (t *thread) abandon() {
	for _, c := range t.children {
		c.abandon()
	}
	if t.over {
		return
	}
	t.over = true
	if t.release != nil {
		t.release()
	}
	if !t.running {
		t.stop()
	}
}
