package parse

import (
	"slices"
	"time"
)

func (r *reader) task(o *object, h Common) *Task {
	o.paths(&h)
	h.Assign = o.assign()
	t := &Task{Common: h, Then: o.then(), Handling: o.handling()}
	var ok bool
	if t.Resource, ok = o.text("Resource"); !ok || t.Resource == "" {
		r.fail(o.n, o.path, o.state, "These fields are required: [Resource]")
	}
	t.Parameters = o.template("Parameters")
	t.Timeout = o.seconds("TimeoutSeconds")
	t.Heartbeat = o.seconds("HeartbeatSeconds")
	if t.Timeout.Static > 0 && t.Heartbeat.Static >= t.Timeout.Static {
		o.fail("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
	return t
}

// seconds reads key and key+"Path".
func (o *object) seconds(key string) Seconds {
	s := Seconds{Static: o.integer(key, 0, 1, maxSeconds), Path: o.pathAt(key + "Path")}
	o.both(key, key+"Path")
	return s
}

func (r *reader) pass(o *object, h Common) *Pass {
	o.paths(&h)
	h.Assign = o.assign()
	p := &Pass{Common: h, Then: o.then(), Parameters: o.template("Parameters"), ResultPath: o.reference("ResultPath")}
	if n := o.take("Result"); n != nil {
		p.Result = &Const{n.plain()}
	}
	return p
}

func (r *reader) wait(o *object, h Common) *Wait {
	o.paths(&h)
	h.Assign = o.assign()
	w := &Wait{Common: h, Then: o.then(), HasSeconds: o.peek("Seconds") != nil}
	w.Seconds = o.integer("Seconds", 0, 0, maxSeconds)
	w.SecondsPath = o.pathAt("SecondsPath")
	w.TimestampPath = o.pathAt("TimestampPath")
	var given bool
	if w.Timestamp, given = o.text("Timestamp"); given {
		if _, err := Timestamp(w.Timestamp); err != nil {
			o.fail("Timestamp", "String does not match RFC3339 timestamp")
		}
	}
	n := 0
	for _, key := range []string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"} {
		if o.used[key] {
			n++
		}
	}
	switch n {
	case 0:
		r.fail(o.n, o.path, o.state, "one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]")
	case 1:
	default:
		o.soft("", "a Wait state can have only one of Seconds, SecondsPath, Timestamp and TimestampPath")
	}
	return w
}

// Timestamp reads a timestamp as the language defines it: RFC 3339 with an upper
// case T and, where there is no offset, an upper case Z.
func Timestamp(s string) (time.Time, error) {
	return time.Parse(time.RFC3339Nano, s)
}

func (r *reader) failState(o *object, h Common) *Fail {
	f := &Fail{Common: h, Error: o.optional("Error"), Cause: o.optional("Cause")}
	f.InputPath, f.OutputPath = &Path{Text: "$"}, &Path{Text: "$"}
	if text, ok := o.text("ErrorPath"); ok {
		f.ErrorPath = o.expr(text, "ErrorPath", "ErrorPath")
	}
	if text, ok := o.text("CausePath"); ok {
		f.CausePath = o.expr(text, "CausePath", "CausePath")
	}
	o.both("Error", "ErrorPath")
	o.both("Cause", "CausePath")
	return f
}

func (r *reader) parallel(o *object, h Common) *Parallel {
	o.paths(&h)
	h.Assign = o.assign()
	p := &Parallel{Common: h, Then: o.then(), Handling: o.handling(), Parameters: o.template("Parameters")}
	for _, c := range o.children("Branches") {
		p.Branches = append(p.Branches, r.nested(c))
	}
	switch {
	case !o.used["Branches"]:
		r.fail(o.n, o.path, o.state, "These fields are required: [Branches]")
	case len(p.Branches) == 0:
		o.fail("Branches", "Value cannot be empty")
	}
	return p
}

// nested reads a branch of a Parallel state or the processor of a Map state.
func (r *reader) nested(o *object) *Branch {
	b := &Branch{}
	b.Comment, _ = o.text("Comment")
	o.queryLanguage()
	r.branch(o, b)
	if c := o.child("ProcessorConfig"); c != nil {
		if mode, _ := c.text("Mode"); mode != "INLINE" {
			c.fail("Mode", "Mode %q is not supported here: use INLINE", mode)
		}
		if mode, ok := c.text("ExecutionType"); ok {
			c.fail("ExecutionType", "ExecutionType %q belongs to distributed Map states, which are not supported here", mode)
		}
		c.done()
	}
	o.done()
	return b
}

func (r *reader) mapState(o *object, h Common) *Map {
	o.paths(&h)
	h.Assign = o.assign()
	m := &Map{Common: h, Then: o.then(), Handling: o.handling(), ItemsPath: o.pathAt("ItemsPath")}
	m.MaxConcurrency = o.integer("MaxConcurrency", 0, 0, 1<<31)
	m.MaxConcurrencyPath = o.pathAt("MaxConcurrencyPath")
	o.both("MaxConcurrency", "MaxConcurrencyPath")
	m.ItemSelector = o.template("ItemSelector")
	if older := o.template("Parameters"); older != nil {
		if m.ItemSelector != nil {
			o.fail("Parameters", "a Map state cannot have both ItemSelector and Parameters")
		}
		m.ItemSelector = older
	}
	for _, key := range []string{"ItemProcessor", "Iterator"} {
		c := o.child(key)
		if c == nil {
			continue
		}
		if m.Processor != nil {
			o.fail(key, "a Map state cannot have both ItemProcessor and Iterator")
			continue
		}
		m.Processor = r.nested(c)
	}
	if m.Processor == nil {
		r.fail(o.n, o.path, o.state, "These fields are required: [ItemProcessor]")
		m.Processor = &Branch{}
	}
	return m
}

func (o *object) handling() Handling {
	h := Handling{ResultSelector: o.template("ResultSelector"), ResultPath: o.reference("ResultPath")}
	for _, c := range o.children("Retry") {
		h.Retry = append(h.Retry, c.retrier())
	}
	for _, c := range o.children("Catch") {
		k := Catcher{Pos: c.pos(), ErrorEquals: c.errorEquals(), ResultPath: c.reference("ResultPath"), Assign: c.assign()}
		_, _ = c.text("Comment")
		var ok bool
		if k.Next, ok = c.text("Next"); !ok {
			c.r.fail(c.n, c.path, c.state, "These fields are required: [Next]")
		}
		c.done()
		h.Catch = append(h.Catch, k)
	}
	return h
}

func (o *object) retrier() Retrier {
	t := Retrier{Pos: o.pos(), ErrorEquals: o.errorEquals()}
	_, _ = o.text("Comment")
	t.IntervalSeconds = o.integer("IntervalSeconds", 1, 1, maxSeconds)
	t.MaxAttempts = o.integer("MaxAttempts", 3, 0, maxSeconds)
	t.BackoffRate = o.float("BackoffRate", 2, 1)
	t.MaxDelaySeconds = o.integer("MaxDelaySeconds", 0, 1, 31622400)
	if j, ok := o.text("JitterStrategy"); ok {
		t.FullJitter = j == "FULL"
		if !slices.Contains([]string{"FULL", "NONE"}, j) {
			o.fail("JitterStrategy", "JitterStrategy must be FULL or NONE")
		}
	}
	o.done()
	return t
}

func (o *object) errorEquals() []string {
	n := o.take("ErrorEquals")
	if n == nil {
		o.r.fail(o.n, o.path, o.state, "These fields are required: [ErrorEquals]")
		return nil
	}
	var names []string
	for _, item := range n.items {
		if item.kind != isString {
			o.fail("ErrorEquals", "ErrorEquals must be an array of strings")
			return nil
		}
		names = append(names, item.text)
	}
	if n.kind != isArray || len(names) == 0 {
		o.fail("ErrorEquals", "ErrorEquals must be an array of strings, not empty")
	}
	return names
}
