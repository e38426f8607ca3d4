package exec

import (
	"strings"

	"sluice/local/asl/parse"
)

func (t *thread) choice(s *parse.Choice) (string, datum, *Failure) {
	in, err := t.effective()
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	f := t.frame(in)
	next, assign := s.Default, s.Assign
	for i := range s.Rules {
		holds, err := f.holds(s.Rules[i].Cond)
		if err != nil {
			return "", datum{}, t.broken(err)
		}
		if holds {
			next, assign = s.Rules[i].Next, s.Rules[i].Assign
			break
		}
	}
	if next == "" {
		return "", datum{}, t.broken(&dataError{NoChoiceMatched, "Failed to transition out of the state. The state does not point to a next state."})
	}
	out, err := t.output(in)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	assigned, err := t.assign(assign, in)
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	t.exit(out, assigned)
	return next, out, nil
}

// holds evaluates a condition. And and Or stop at the first part that decides, so
// that IsPresent can guard what stands after it.
func (f *frame) holds(c parse.Cond) (bool, error) {
	switch c := c.(type) {
	case *parse.And:
		for _, part := range c.All {
			if ok, err := f.holds(part); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case *parse.Or:
		for _, part := range c.Any {
			if ok, err := f.holds(part); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	case *parse.Not:
		ok, err := f.holds(c.Cond)
		return !ok && err == nil, err
	case *parse.Compare:
		return f.compare(c)
	}
	return false, runtimeError("a condition of an unknown kind")
}

func (f *frame) compare(c *parse.Compare) (bool, error) {
	v, found, err := f.find(c.Variable)
	if err != nil {
		return false, err
	}
	if c.Op == "IsPresent" {
		return found == c.Value.(bool), nil
	}
	if !found {
		return false, invalidChoicePath(c.Variable)
	}
	want := c.Value
	if c.Path != nil {
		if want, found, err = f.find(c.Path); err != nil {
			return false, err
		}
		if !found {
			return false, invalidChoicePath(c.Path)
		}
	}
	return compare(c.Op, v, want), nil
}

func invalidChoicePath(p *parse.Path) error {
	return runtimeError("Invalid path '%s': The choice state's condition path references an invalid value.", p.Text)
}

// compare applies one operator. Values of the wrong type never compare.
func compare(op string, v, want any) bool {
	switch op {
	case "IsNull":
		return (v == nil) == want
	case "IsNumeric":
		_, ok := number(v)
		return ok == want
	case "IsString":
		_, ok := v.(string)
		return ok == want
	case "IsBoolean":
		_, ok := v.(bool)
		return ok == want
	case "IsTimestamp":
		s, ok := v.(string)
		if ok {
			_, err := parse.Timestamp(s)
			ok = err == nil
		}
		return ok == want
	case "BooleanEquals":
		a, ok1 := v.(bool)
		b, ok2 := want.(bool)
		return ok1 && ok2 && a == b
	case "StringMatches":
		s, ok1 := v.(string)
		pattern, ok2 := want.(string)
		return ok1 && ok2 && wildcard(pattern, s)
	}
	order, ok := compared(op, v, want)
	if !ok {
		return false
	}
	for _, family := range []string{"String", "Numeric", "Timestamp"} {
		op = strings.TrimPrefix(op, family)
	}
	switch op {
	case "Equals":
		return order == 0
	case "LessThan":
		return order < 0
	case "GreaterThan":
		return order > 0
	case "LessThanEquals":
		return order <= 0
	}
	return order >= 0
}

// compared orders two values of the family of op. ok is false if either is of
// another type.
func compared(op string, v, want any) (order int, ok bool) {
	if strings.HasPrefix(op, "Numeric") {
		x, ok1 := number(v)
		y, ok2 := number(want)
		if !ok1 || !ok2 {
			return 0, false
		}
		return compareNumbers(v, want, x, y), true
	}
	a, ok1 := v.(string)
	b, ok2 := want.(string)
	if !ok1 || !ok2 {
		return 0, false
	}
	if strings.HasPrefix(op, "String") {
		return strings.Compare(a, b), true
	}
	x, err1 := parse.Timestamp(a)
	y, err2 := parse.Timestamp(b)
	if err1 != nil || err2 != nil {
		return 0, false
	}
	return x.Compare(y), true
}

// wildcard matches s against a pattern in which * stands for any text, and \* for
// a star and \\ for a backslash.
func wildcard(pattern, s string) bool {
	var parts []string // the texts between the stars
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case pattern[i] == '*':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(pattern[i])
		}
	}
	last := b.String()
	if parts == nil {
		return s == last
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:] {
		_, s, ok = strings.Cut(s, part)
		if !ok {
			return false
		}
	}
	return strings.HasSuffix(s, last)
}
