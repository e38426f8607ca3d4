package exec

import (
	"strings"
	"time"
)

// Pending is a task that was started and has not ended. The host answers through
// its methods, during Host.Start or at any time after. What comes after the end is
// ignored: the methods report whether they came in time.
type Pending struct {
	State      string
	Resource   string
	Parameters string // JSON
	Token      string // "" unless Resource ends in .waitForTaskToken
	Info       Info

	t         *thread
	beat      time.Time
	submitted *string
	output    *string
	failure   *Failure
	closed    bool
}

// Open reports whether the task can still be answered.
func (p *Pending) Open() bool { return !p.closed && p.output == nil && p.failure == nil }

// Return is the answer of the resource: it ends an ordinary task with this output,
// which is JSON. A task that waits for its token goes on waiting.
func (p *Pending) Return(output string) bool {
	if !p.Open() {
		return false
	}
	if p.Token != "" {
		p.submitted = &output
	} else {
		p.output = &output
	}
	p.t.wake()
	return true
}

// Succeed ends a task by its token. output is JSON.
func (p *Pending) Succeed(output string) bool {
	if !p.Open() {
		return false
	}
	p.output = &output
	p.t.wake()
	return true
}

// Fail ends the task with an error, of the resource or by its token.
func (p *Pending) Fail(f *Failure) bool {
	if !p.Open() {
		return false
	}
	p.failure = f
	p.t.wake()
	return true
}

// Beat is a heartbeat by the task's token.
func (p *Pending) Beat() bool {
	if !p.Open() {
		return false
	}
	p.beat = p.t.x.host.Now()
	return true
}

// WaitsForToken reports whether a resource is called with a task token.
func WaitsForToken(resource string) bool { return strings.HasSuffix(resource, ".waitForTaskToken") }

// Integration splits "arn:aws:states:::lambda:invoke.waitForTaskToken" into
// "lambda" and "invoke.waitForTaskToken". ok is false for any other ARN, such as
// that of a function.
func Integration(resource string) (service, action string, ok bool) {
	rest, ok := strings.CutPrefix(resource, "arn:aws:states:::")
	if !ok {
		return "", "", false
	}
	i := strings.LastIndexByte(rest, ':')
	if i < 0 {
		return "", "", false
	}
	return rest[:i], rest[i+1:], true
}

// watch ends the task when it has run for timeout seconds, or has had no heartbeat
// for heartbeat seconds; 0 is no limit. stop calls it off.
func (p *Pending) watch(timeout, heartbeat int64) (stop func()) {
	h := p.t.x.host
	expire := func(f *Failure) {
		if p.Open() {
			p.failure = f
			p.t.resume()
		}
	}
	var overall, beats func()
	if timeout > 0 {
		overall = h.After(seconds(float64(timeout)), "timeout of "+p.State, func() { expire(timedOut(false)) })
	}
	p.beat = h.Now()
	var check func()
	check = func() {
		left := p.beat.Add(seconds(float64(heartbeat))).Sub(h.Now())
		if left <= 0 {
			expire(timedOut(true))
			return
		}
		beats = h.After(left, "heartbeat of "+p.State, check)
	}
	if heartbeat > 0 {
		check()
	}
	return func() {
		if overall != nil {
			overall()
		}
		if beats != nil {
			beats()
		}
	}
}
