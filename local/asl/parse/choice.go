package parse

import (
	"slices"
	"strings"
)

// Cond is a condition of a Choice rule: *And, *Or, *Not or *Compare.
type Cond interface{ cond() }

// And holds if all hold.
type And struct{ All []Cond }

// Or holds if any holds.
type Or struct{ Any []Cond }

// Not holds if Cond does not.
type Not struct{ Cond Cond }

// Compare holds if Variable stands in the relation Op to the literal Value, or to
// what Path selects. For the Is... tests Value is the bool that the test must give.
type Compare struct {
	Pos      Pos
	Variable *Path
	Op       string // "NumericLessThan", without "Path"
	Value    any    // string, int64, float64 or bool
	Path     *Path  // nil with a literal
}

func (*And) cond()     {}
func (*Or) cond()      {}
func (*Not) cond()     {}
func (*Compare) cond() {}

var (
	relations = []string{"Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"}
	tests     = []string{"IsPresent", "IsNull", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"}
)

// literalKind tells what literal the operator compares with; ok is false for what
// is no operator.
func literalKind(op string) (k kind, ok bool) {
	if slices.Contains(tests, op) || op == "BooleanEquals" {
		return isBool, true
	}
	if op == "StringMatches" {
		return isString, true
	}
	for family, k := range map[string]kind{"String": isString, "Numeric": isNumber, "Timestamp": isString} {
		if rel, found := strings.CutPrefix(op, family); found && slices.Contains(relations, rel) {
			return k, true
		}
	}
	return 0, false
}

func (r *reader) choice(o *object, h Common) *Choice {
	o.paths(&h)
	h.Assign = o.assign()
	c := &Choice{Common: h}
	c.Default, _ = o.text("Default")
	for _, rule := range o.children("Choices") {
		t := Rule{Pos: rule.pos(), Assign: rule.assign()}
		var ok bool
		if t.Next, ok = rule.text("Next"); !ok {
			r.fail(rule.n, rule.path, rule.state, "These fields are required: [Next]")
		}
		t.Cond = rule.cond()
		c.Rules = append(c.Rules, t)
	}
	switch {
	case !o.used["Choices"]:
		r.fail(o.n, o.path, o.state, "These fields are required: [Choices]")
	case len(c.Rules) == 0:
		o.fail("Choices", "Value cannot be empty")
	}
	return c
}

// cond reads one condition and reports the fields that belong to none.
func (o *object) cond() Cond {
	_, _ = o.text("Comment")
	var found []Cond
	for _, key := range []string{"And", "Or"} {
		if o.peek(key) == nil {
			continue
		}
		var list []Cond
		for _, c := range o.children(key) {
			list = append(list, c.cond())
		}
		if len(list) == 0 {
			o.fail(key, "Value cannot be empty")
		}
		if key == "And" {
			found = append(found, &And{list})
		} else {
			found = append(found, &Or{list})
		}
	}
	if c := o.child("Not"); c != nil {
		found = append(found, &Not{c.cond()})
	}
	if c := o.compare(); c != nil {
		found = append(found, c)
	}
	o.done()
	if len(found) != 1 {
		o.r.fail(o.n, o.path, o.state, "a Choice rule must have exactly one of And, Or, Not and a comparison of Variable")
		return &And{}
	}
	return found[0]
}

// compare reads a comparison; nil if o has neither Variable nor an operator.
func (o *object) compare() Cond {
	c := &Compare{Pos: o.pos(), Variable: o.pathAt("Variable")}
	operators := 0
	for _, f := range o.n.fields {
		op, dynamic := f.key, false
		k, ok := literalKind(op)
		if !ok {
			op, dynamic = strings.CutSuffix(f.key, "Path")
			k, ok = literalKind(op)
			ok = ok && dynamic && op != "StringMatches" && !slices.Contains(tests, op)
		}
		if !ok {
			continue
		}
		operators++
		c.Op = op
		if dynamic {
			c.Path = o.pathAt(f.key)
			continue
		}
		o.used[f.key] = true
		c.Value = f.value.plain()
		if f.value.kind != k {
			o.fail(f.key, "the value of %s has the wrong type", f.key)
		} else if _, err := Timestamp(f.value.text); strings.HasPrefix(op, "Timestamp") && err != nil {
			o.fail(f.key, "String does not match RFC3339 timestamp")
		}
	}
	if c.Variable == nil && operators == 0 {
		return nil
	}
	if c.Variable == nil || operators != 1 {
		o.r.fail(o.n, o.path, o.state, "a comparison must have Variable and exactly one operator")
		return &And{}
	}
	return c
}
