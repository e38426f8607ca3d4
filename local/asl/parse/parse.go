package parse

import "fmt"

// Parse reads a definition. Errors: Problems, about JSON that is malformed, fields
// that are missing, unknown or of the wrong type, and features that are not
// supported. What a whole machine must get right (targets, paths, names) is Lint's.
func Parse(definition []byte) (*Machine, error) {
	n, err := readJSON(definition)
	if err != nil {
		return nil, Problems{{Code: BadJSON, Severity: Error, Pos: Pos{1, "/"}, Message: err.Error()}}
	}
	r := &reader{}
	m := &Machine{}
	if n.kind != isObject {
		r.fail(n, "/", "", "Definition must be a valid JSON object")
		return nil, r.errs
	}
	o := r.object(n, "", "")
	m.Comment, _ = o.text("Comment")
	m.Version, _ = o.text("Version")
	m.TimeoutSeconds = o.integer("TimeoutSeconds", 0, 1, maxSeconds)
	o.queryLanguage()
	r.branch(o, &m.Branch)
	o.done()
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	m.problems = r.soft
	return m, nil
}

// maxSeconds is the longest timeout that AWS takes.
const maxSeconds = 99999999

// reader collects problems while it reads: errs stop the parse, soft ones are
// left for Lint.
type reader struct {
	errs Problems
	soft []Problem
}

func (r *reader) fail(n *node, path, state, format string, args ...any) {
	r.errs = append(r.errs, Problem{Code: BadSchema, Severity: Error, State: state, Pos: Pos{n.line, path}, Message: fmt.Sprintf(format, args...)})
}

// branch reads StartAt and States of o.
func (r *reader) branch(o *object, b *Branch) {
	b.Pos = o.pos()
	b.byName = map[string]State{}
	b.StartAt, _ = o.text("StartAt")
	n := o.take("States")
	var missing []string
	if n == nil {
		missing = append(missing, "States")
	}
	if !o.used["StartAt"] {
		missing = append(missing, "StartAt")
	}
	if missing != nil {
		r.fail(o.n, o.at(), o.state, "These fields are required: %v", missing)
	}
	if n == nil {
		return
	}
	if n.kind != isObject {
		r.fail(n, o.at("States"), o.state, "States must be an object")
		return
	}
	if len(n.fields) == 0 {
		r.fail(n, o.at("States"), o.state, "States must not be empty")
	}
	for _, f := range n.fields {
		at := o.path + "/States/" + f.key
		if len(f.key) > 80 {
			r.fail(f.value, at, f.key, "a state's name must not be longer than 80 characters")
		}
		if f.value.kind != isObject {
			r.fail(f.value, at, f.key, "a state must be an object")
			continue
		}
		if s := r.stateOf(r.object(f.value, at, f.key)); s != nil {
			b.States = append(b.States, s)
			b.byName[f.key] = s
		}
	}
}

func (r *reader) stateOf(o *object) State {
	typ, ok := o.text("Type")
	if !ok {
		r.fail(o.n, o.path, o.state, "These fields are required: [Type]")
		return nil
	}
	h := Common{Name: o.state, Pos: o.pos()}
	h.Comment, _ = o.text("Comment")
	o.queryLanguage()
	var s State
	switch typ {
	case "Task":
		s = r.task(o, h)
	case "Pass":
		s = r.pass(o, h)
	case "Choice":
		s = r.choice(o, h)
	case "Wait":
		s = r.wait(o, h)
	case "Succeed":
		o.paths(&h)
		s = &Succeed{h}
	case "Fail":
		s = r.failState(o, h)
	case "Parallel":
		s = r.parallel(o, h)
	case "Map":
		s = r.mapState(o, h)
	default:
		r.fail(o.n, o.at("Type"), o.state, "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]")
		return nil
	}
	o.done()
	return s
}
