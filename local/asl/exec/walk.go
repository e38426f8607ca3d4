package exec

import (
	"fmt"

	"sluice/local/asl/parse"
)

// walk runs from state name to the end of branch b.
func (t *thread) walk(b *parse.Branch, name string, in datum) (datum, *Failure) {
	t.branch = b
	for {
		s := b.State(name)
		if s == nil {
			return datum{}, Fail(Runtime, fmt.Sprintf("there is no state %q", name))
		}
		t.state, t.input, t.retries, t.token, t.since = s, in, 0, "", t.x.host.Now()
		t.children, t.finished = nil, nil
		t.enter(s)
		next, out, f := t.visit(s)
		if f != nil {
			return datum{}, f
		}
		if next == "" {
			return out, nil
		}
		name, in = next, out
		t.resumed = nil
	}
}

// enter records that s is entered. A redriven Task, Parallel, Map or Wait was
// entered before and is only scheduled again.
func (t *thread) enter(s parse.State) {
	t.open = true
	if t.resumed != nil {
		switch s.(type) {
		case *parse.Task, *parse.Parallel, *parse.Map, *parse.Wait:
			t.entered = t.resumed.entered
			return
		}
	}
	in := t.input.json // the history must not follow t.input to the next state
	t.record(s.Type()+"StateEntered", &Entered{Name: s.Head().Name, Input: &in, Details: Whole})
	t.entered = t.prev
}

// exit records that the state is left with out, and the variables it assigned.
func (t *thread) exit(out datum, assigned map[string]string) {
	d := &Exited{Name: t.state.Head().Name, Output: &out.json, Details: Whole}
	if len(assigned) > 0 {
		d.Assigned, d.AssignedDetails = assigned, Whole
	}
	t.record(t.state.Type()+"StateExited", d)
	t.open = false
}

// visit runs the state that was just entered. next is "" at the end of a branch.
func (t *thread) visit(s parse.State) (next string, out datum, f *Failure) {
	switch s := s.(type) {
	case *parse.Task:
		return t.task(s)
	case *parse.Parallel:
		return t.parallel(s)
	case *parse.Map:
		return t.mapState(s)
	case *parse.Choice:
		return t.choice(s)
	case *parse.Fail:
		return "", datum{}, t.fail(s)
	case *parse.Pass:
		return t.plain(s.Then, func(in any) (any, any, error) { return t.pass(s, in) })
	case *parse.Wait:
		return t.plain(s.Then, func(in any) (any, any, error) { return in, in, t.wait(s, in) })
	case *parse.Succeed:
		return t.plain(parse.Then{End: true}, func(in any) (any, any, error) { return in, in, nil })
	}
	return "", datum{}, t.broken(runtimeError("a state of an unknown type"))
}

// plain runs a state that cannot retry or catch. do gets the effective input, and
// returns the output before OutputPath and the data that Assign refers to.
func (t *thread) plain(then parse.Then, do func(in any) (out, data any, err error)) (string, datum, *Failure) {
	in, err := t.effective()
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	v, data, err := do(in)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	out, err := t.output(v)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	assigned, err := t.assign(t.state.Head().Assign, data)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	t.exit(out, assigned)
	return then.Next, out, nil
}

// effective is the input after InputPath.
func (t *thread) effective() (any, error) {
	return t.frame(t.input.value).filter(t.state.Head().InputPath)
}

// output applies OutputPath and the limit on payloads.
func (t *thread) output(v any) (datum, error) {
	v, err := t.frame(v).filter(t.state.Head().OutputPath)
	if err != nil {
		return datum{}, err
	}
	return t.limited(v)
}

// limited refuses a payload that is too large.
func (t *thread) limited(v any) (datum, error) {
	out := dataOf(v)
	if len(out.json) > MaxPayload {
		return datum{}, tooLarge(t.state.Head().Name)
	}
	return out, nil
}

// tooLarge is the failure for a result over the limit, in the words of AWS.
func tooLarge(what string) error {
	return &dataError{DataLimitExceeded, fmt.Sprintf("The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", what)}
}

// broken turns an error in the processing of data into a failure of the state.
func (t *thread) broken(err error) *Failure {
	e, ok := err.(*dataError)
	if !ok {
		e = &dataError{Runtime, err.Error()}
	}
	if e.name == DataLimitExceeded {
		return Fail(e.name, e.message)
	}
	return Fail(e.name, fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). %s", t.state.Head().Name, t.entered, e.message))
}

// pass returns the output of a Pass state, and what its Assign refers to.
func (t *thread) pass(s *parse.Pass, in any) (out, data any, err error) {
	result := in
	if s.Parameters != nil {
		if result, err = t.frame(in).template(s.Parameters); err != nil {
			return nil, nil, err
		}
	}
	if s.Result != nil {
		result = s.Result.Value
	}
	out, err = t.combine(s.ResultPath, result)
	return out, result, err
}

// combine puts a result where ResultPath says: into the raw input of the state.
func (t *thread) combine(p *parse.Path, result any) (any, error) {
	if p == nil {
		return t.input.value, nil
	}
	if p.Bad != nil {
		return nil, runtimeError("Invalid path '%s' : %v", p.Text, p.Bad)
	}
	out, ok := place(p, t.input.value, result)
	if !ok {
		return nil, &dataError{ResultPathFailure, fmt.Sprintf("Unable to apply step \"%s\" to input %s", p.Text, t.input.json)}
	}
	return out, nil
}

func (t *thread) fail(s *parse.Fail) *Failure {
	f := &Failure{Error: s.Error, Cause: s.Cause}
	frame := t.frame(t.input.value)
	for _, part := range []struct {
		expr  parse.Expr
		field string
		to    **string
	}{{s.ErrorPath, "ErrorPath", &f.Error}, {s.CausePath, "CausePath", &f.Cause}} {
		if part.expr == nil {
			continue
		}
		v, err := frame.expr(part.expr, part.field)
		if err != nil {
			return t.broken(err)
		}
		text, ok := v.(string)
		if !ok {
			return t.broken(runtimeError("The %s field refers to %s, which is not a string", part.field, quoted(v)))
		}
		*part.to = &text
	}
	t.open = false
	return f
}
