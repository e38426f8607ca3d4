package exec

import (
	"sluice/local/asl/parse"
)

func (t *thread) task(s *parse.Task) (string, datum, *Failure) {
	in, err := t.effective()
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	return t.handled(&s.Handling, s.Then, func() (any, *Failure) { return t.attempt(s, in) }, nil)
}

// attempt runs the task once: each attempt has parameters and a token of its own.
func (t *thread) attempt(s *parse.Task, in any) (any, *Failure) {
	p := &Pending{State: s.Name, Resource: s.Resource, Info: t.x.Info, t: t}
	if WaitsForToken(s.Resource) {
		p.Token = t.x.host.Token()
	}
	t.token = p.Token
	params := in
	var err error
	if s.Parameters != nil {
		if params, err = t.frame(in).template(s.Parameters); err != nil {
			return nil, t.broken(err)
		}
	}
	timeout, err := t.period(s.Timeout, "TimeoutSecondsPath", in)
	if err != nil {
		return nil, t.broken(err)
	}
	heartbeat, err := t.period(s.Heartbeat, "HeartbeatSecondsPath", in)
	if err != nil {
		return nil, t.broken(err)
	}
	data, err := t.limited(params)
	if err != nil {
		return nil, t.broken(err)
	}
	p.Parameters = data.json
	h := historyOf(s.Resource)
	t.record(h.scheduled, h.schedule(p, timeout, heartbeat))
	t.record(h.started, h.answer(nil))
	f := t.await(p, h, timeout, heartbeat)
	if f != nil {
		return nil, f
	}
	result, err := Decode([]byte(*p.output))
	if err != nil {
		return nil, t.broken(runtimeError("the output of the task is no JSON: %v", err))
	}
	return result, nil
}

// period is a timeout in seconds; 0 is none.
func (t *thread) period(s parse.Seconds, field string, in any) (int64, error) {
	if s.Path == nil {
		return s.Static, nil
	}
	v, err := t.frame(in).path(s.Path)
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok || n < 1 {
		return 0, runtimeError("The %s parameter must reference a positive integer: %s == %s", field, s.Path.Text, display(v))
	}
	return n, nil
}

// await starts the task and parks until it has ended, which it records.
func (t *thread) await(p *Pending, h *taskHistory, timeout, heartbeat int64) *Failure {
	x := t.x
	stop := p.watch(timeout, heartbeat)
	t.release = func() {
		p.closed = true
		stop()
	}
	x.host.Start(p)
	for p.Open() {
		if p.submitted != nil {
			t.record("TaskSubmitted", h.answer(p.submitted))
			p.submitted = nil
		}
		if p.Open() {
			t.park()
		}
	}
	if p.submitted != nil { // the resource answered before the token was used
		t.record("TaskSubmitted", h.answer(p.submitted))
	}
	t.release()
	t.release = nil
	if p.output != nil && len(*p.output) > MaxPayload {
		f := t.broken(tooLarge(h.name(p.Resource)))
		p.failure, p.output = f, nil
	}
	switch f := p.failure; {
	case f == nil:
		t.record(h.succeeded, h.success(p.output))
	case f.Name() == Timeout && f.Cause == nil:
		t.record(h.timedOut, h.fail(f))
	default:
		t.record(h.failed, h.fail(f))
	}
	return p.failure
}

func timedOut(heartbeat bool) *Failure {
	name := Timeout
	return &Failure{Error: &name, heartbeat: heartbeat}
}

// taskHistory names the events of a kind of task: those of the Lambda function ARN
// as resource have names and details of their own.
type taskHistory struct {
	lambda                                          bool
	service, action                                 string
	scheduled, started, succeeded, failed, timedOut string
}

func historyOf(resource string) *taskHistory {
	h := &taskHistory{}
	prefix := "Task"
	var ok bool
	if h.service, h.action, ok = Integration(resource); !ok {
		h.lambda, prefix = true, "LambdaFunction"
	}
	h.scheduled, h.started, h.succeeded = prefix+"Scheduled", prefix+"Started", prefix+"Succeeded"
	h.failed, h.timedOut = prefix+"Failed", prefix+"TimedOut"
	return h
}

// Region is where tasks are said to run in TaskScheduled.
const Region = "us-east-1"

func (h *taskHistory) schedule(p *Pending, timeout, heartbeat int64) any {
	if h.lambda {
		return &LambdaScheduled{Resource: p.Resource, Input: &p.Parameters, Details: Whole, Timeout: timeout}
	}
	return &TaskScheduled{Resource: h.action, ResourceType: h.service, Region: Region, Parameters: &p.Parameters, Timeout: timeout, Heartbeat: heartbeat}
}

// answer is the detail of TaskStarted, and with output of TaskSubmitted. The event
// LambdaFunctionStarted has none.
func (h *taskHistory) answer(output *string) any {
	if h.lambda {
		return nil
	}
	a := &TaskAnswer{Resource: h.action, ResourceType: h.service, Output: output}
	if output != nil {
		a.Details = Whole
	}
	return a
}

func (h *taskHistory) success(output *string) any {
	if h.lambda {
		return &Output{Output: output, Details: Whole}
	}
	return h.answer(output)
}

func (h *taskHistory) fail(f *Failure) any {
	return &Failed{Resource: h.action, ResourceType: h.service, Error: f.Error, Cause: f.Cause}
}

// name is how the limit on payloads names the task, as recorded from AWS.
func (h *taskHistory) name(resource string) string {
	if h.lambda {
		return resource
	}
	return h.service
}
