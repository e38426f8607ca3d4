package exec

import "sluice/local/asl/parse"

// MaxVariables bounds the variables of one scope and those around it, in bytes of
// JSON; MaxPayload bounds one Assign (AWS.md D.5).
const MaxVariables = 10 << 20

// scope holds the variables of one thread. What is assigned in a branch is not
// seen outside it.
type scope struct {
	outer *scope
	vars  map[string]any
	sizes map[string]int
}

func (s *scope) get(name string) (any, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (s *scope) size() int {
	n := 0
	for ; s != nil; s = s.outer {
		for _, size := range s.sizes {
			n += size
		}
	}
	return n
}

// assign evaluates a's expressions, all on the values that the variables have now,
// then sets them. It returns each variable's JSON, for the history.
func (t *thread) assign(a *parse.Template, data any) (map[string]string, error) {
	if a == nil {
		return nil, nil
	}
	v, err := t.frame(data).template(a)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, runtimeError("Assign must give an object")
	}
	assigned := make(map[string]string, len(m))
	total := 0
	for name, v := range m {
		assigned[name] = Encode(v)
		total += len(assigned[name])
	}
	s := t.scope
	if total > MaxPayload || s.size()+total > MaxVariables {
		return nil, tooLarge(t.state.Head().Name)
	}
	if s.vars == nil {
		s.vars, s.sizes = map[string]any{}, map[string]int{}
	}
	for name, v := range m {
		s.vars[name], s.sizes[name] = v, len(assigned[name])
	}
	return assigned, nil
}
