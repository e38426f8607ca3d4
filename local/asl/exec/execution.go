package exec

import (
	"time"

	"sluice/local/asl/parse"
)

// Status is how an execution stands.
type Status string

// The statuses, as AWS names them.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	FailedRun Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// MaxEvents is the longest history that AWS keeps; the last event must be that of
// the end (AWS.md D.1).
const MaxEvents = 25000

// Result is how an execution ended. Output is JSON, of a success.
type Result struct {
	Status  Status
	Output  string
	Failure *Failure
}

// Execution is one run of a machine.
type Execution struct {
	Info    Info
	Machine *parse.Machine
	Events  int64 // recorded so far
	Redrive int   // how often it was redriven

	host   Host
	done   func(Result)
	input  any
	root   *thread
	over   bool
	expiry func()
}

// Start begins a run of m, which must have passed parse.Load. The first state is
// entered in an event of its own. done is called once per start and per redrive.
// Errors: an input that is no JSON.
func Start(m *parse.Machine, info Info, host Host, done func(Result)) (*Execution, error) {
	in, err := Decode([]byte(info.Input))
	if err != nil {
		return nil, err
	}
	x := &Execution{Info: info, Machine: m, host: host, done: done, input: in}
	x.append(0, "ExecutionStarted", &Started{Input: &x.Info.Input, Details: Whole, RoleARN: info.RoleARN})
	x.root = x.spawn(nil, func(t *thread) {
		t.out, t.failure = t.walk(&m.Branch, m.StartAt, datum{in, info.Input})
	})
	x.begin()
	return x, nil
}

// begin sets the clock of the whole run and lets the root thread go.
func (x *Execution) begin() {
	if s := x.Machine.TimeoutSeconds; s > 0 {
		x.expiry = x.host.After(seconds(float64(s)), "timeout of "+x.Info.ARN, func() {
			x.end("ExecutionTimedOut", Result{Status: TimedOut})
		})
	}
	x.root.wake()
}

// Over reports whether the execution has ended.
func (x *Execution) Over() bool { return x.over }

// State is the name of the state that the execution is in, or was in at the end.
func (x *Execution) State() string {
	if x.root.state == nil {
		return ""
	}
	return x.root.state.Head().Name
}

// Abort ends the execution, as StopExecution does. It reports whether it was running.
func (x *Execution) Abort(f *Failure) bool {
	if x.over {
		return false
	}
	x.end("ExecutionAborted", Result{Status: Aborted, Failure: f})
	return true
}

// Drop stops everything without a trace. For worlds that are thrown away: parked
// coroutines are not collected as garbage.
func (x *Execution) Drop() {
	x.over = true
	if x.expiry != nil {
		x.expiry()
	}
	x.root.abandon()
}

// Resume redrives an execution that has ended unsuccessfully: it continues at the
// state where it ended, with the same input and fresh retry counters and timeouts.
// Branches and iterations that had finished keep their results.
func (x *Execution) Resume() {
	old := x.root
	x.over = false
	x.Redrive++
	id := x.append(0, "ExecutionRedriven", &Redriven{x.Redrive})
	x.root = x.spawn(nil, func(t *thread) {
		t.out, t.failure = t.rewalk(old, &x.Machine.Branch, x.Machine.StartAt, datum{x.input, x.Info.Input})
	})
	x.root.scope = old.scope
	x.root.prev = id
	x.begin()
}

// rewalk continues where old stood; start and in are for a thread that never began.
func (t *thread) rewalk(old *thread, b *parse.Branch, start string, in datum) (datum, *Failure) {
	if old == nil || old.state == nil {
		return t.walk(b, start, in)
	}
	t.resumed = old
	return t.walk(b, old.state.Head().Name, old.input)
}

// complete is called when the root thread has walked to its end.
func (x *Execution) complete() {
	t := x.root
	if t.failure != nil {
		x.finish(t.prev, "ExecutionFailed", &Failed{Error: t.failure.Error, Cause: t.failure.Cause}, Result{Status: FailedRun, Failure: t.failure})
		return
	}
	x.finish(t.prev, "ExecutionSucceeded", &Output{Output: &t.out.json, Details: Whole}, Result{Status: Succeeded, Output: t.out.json})
}

// end stops a running execution from outside. The event has no predecessor, as
// recorded from AWS for StopExecution.
func (x *Execution) end(event string, r Result) {
	detail := &Failed{}
	if r.Failure != nil {
		detail.Error, detail.Cause = r.Failure.Error, r.Failure.Cause
	}
	x.finish(0, event, detail, r)
}

func (x *Execution) finish(prev int64, event string, detail any, r Result) {
	if x.over {
		return
	}
	if x.expiry != nil {
		x.expiry()
	}
	x.append(prev, event, detail)
	x.over = true
	x.root.abandon()
	x.done(r)
}

// append records an event and returns its id.
func (x *Execution) append(prev int64, event string, detail any) int64 {
	x.Events++
	x.host.Record(Event{ID: x.Events, Previous: prev, Time: x.host.Now(), Type: event, Detail: detail})
	return x.Events
}

// record records the next event of t.
func (t *thread) record(event string, detail any) {
	t.prev = t.aside(t.prev, event, detail)
}

// aside records an event that does not become the predecessor of the next one.
func (t *thread) aside(prev int64, event string, detail any) int64 {
	x := t.x
	if t.over || x.over {
		panic(abandoned{})
	}
	if x.Events >= MaxEvents-1 {
		f := Fail(Runtime, "The execution reached the maximum number of history events (25000).")
		x.finish(t.prev, "ExecutionFailed", &Failed{Error: f.Error, Cause: f.Cause}, Result{Status: FailedRun, Failure: f})
		panic(abandoned{})
	}
	return x.append(prev, event, detail)
}

// seconds is a duration, held below what a time.Duration can carry.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, 9e9) * float64(time.Second))
}
