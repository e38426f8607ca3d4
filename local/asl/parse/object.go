package parse

import (
	"encoding/json"
	"fmt"
	"slices"
)

// object is a JSON object being read. What is taken from it is known; done
// reports the rest as unknown, so that no list of fields is kept twice.
type object struct {
	r     *reader
	n     *node
	path  string
	state string
	used  map[string]bool
}

func (r *reader) object(n *node, path, state string) *object {
	return &object{r: r, n: n, path: path, state: state, used: map[string]bool{}}
}

func (o *object) pos() Pos { return Pos{o.n.line, o.at()} }

// at is the path of o, or of a field of it.
func (o *object) at(fields ...string) string {
	p := o.path
	for _, f := range fields {
		p += "/" + f
	}
	if p == "" {
		return "/"
	}
	return p
}

func (o *object) fail(key, format string, args ...any) {
	n := o.peek(key)
	if n == nil {
		n = o.n
	}
	o.r.fail(n, o.at(key), o.state, format, args...)
}

// soft notes a problem that Lint will report.
func (o *object) soft(key, format string, args ...any) {
	n := o.peek(key)
	if n == nil {
		n = o.n
	}
	o.r.soft = append(o.r.soft, Problem{Code: BadSchema, Severity: Error, State: o.state, Field: key, Pos: Pos{n.line, o.at(key)}, Message: fmt.Sprintf(format, args...)})
}

func (o *object) peek(key string) *node {
	i := slices.IndexFunc(o.n.fields, func(f field) bool { return f.key == key })
	if i < 0 {
		return nil
	}
	return o.n.fields[i].value
}

// take returns the field key and marks it as known; nil if it is absent.
func (o *object) take(key string) *node {
	n := o.peek(key)
	if n != nil {
		o.used[key] = true
	}
	return n
}

// jsonataFields are known to AWS only in states that use JSONata.
var jsonataFields = []string{"Arguments", "Output", "Condition", "Items"}

// distributedFields belong to distributed Map states.
var distributedFields = []string{"ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount",
	"ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath"}

// done reports every field that was not taken.
func (o *object) done() {
	for _, f := range o.n.fields {
		switch {
		case o.used[f.key]:
		case slices.Contains(jsonataFields, f.key):
			o.fail(f.key, "Field '%s' belongs to JSONata, which is not supported here: use JSONPath", f.key)
		case slices.Contains(distributedFields, f.key):
			o.fail(f.key, "Field '%s' belongs to distributed Map states, which are not supported here", f.key)
		case f.key == "Credentials":
			o.fail(f.key, "Field 'Credentials' is not supported here: tasks run with the role of the machine")
		default:
			o.fail(f.key, "Field '%s' is not supported", f.key)
		}
	}
}

func (o *object) queryLanguage() {
	if q, ok := o.text("QueryLanguage"); ok && q != "JSONPath" {
		o.fail("QueryLanguage", "QueryLanguage %q is not supported here: use JSONPath", q)
	}
}

func (o *object) text(key string) (string, bool) {
	n := o.take(key)
	if n == nil {
		return "", false
	}
	if n.kind != isString {
		o.fail(key, "Field '%s' must be a string", key)
		return "", true
	}
	return n.text, true
}

func (o *object) optional(key string) *string {
	if s, ok := o.text(key); ok {
		return &s
	}
	return nil
}

func (o *object) truth(key string) bool {
	n := o.take(key)
	if n == nil {
		return false
	}
	if n.kind != isBool {
		o.fail(key, "Field '%s' must be true or false", key)
	}
	return n.truth
}

// integer reads a whole number of lo..hi; absent is what is returned without it.
func (o *object) integer(key string, absent, lo, hi int64) int64 {
	n := o.take(key)
	if n == nil {
		return absent
	}
	i, ok := n.plain().(int64)
	if n.kind != isNumber || !ok || i < lo || i > hi {
		o.fail(key, "Field '%s' must be a whole number from %d to %d", key, lo, hi)
		return absent
	}
	return i
}

func (o *object) float(key string, absent, lo float64) float64 {
	n := o.take(key)
	if n == nil {
		return absent
	}
	f, err := json.Number(n.text).Float64()
	if n.kind != isNumber || err != nil || f < lo {
		o.fail(key, "Field '%s' must be a number of at least %g", key, lo)
		return absent
	}
	return f
}

// pathAt reads a path that is not nullable; nil if it is absent.
func (o *object) pathAt(key string) *Path {
	text, ok := o.text(key)
	if !ok {
		return nil
	}
	p, err := ParsePath(text)
	if err != nil {
		o.soft(key, "Value is not a valid JSONPath: %v", err)
		p = &Path{Text: text, Bad: err}
	}
	p.Pos = Pos{o.n.line, o.at(key)}
	return p
}

// nullable reads a path that may be null, which is nil; an absent one is "$".
func (o *object) nullable(key string) *Path {
	n := o.take(key)
	if n == nil {
		return &Path{Text: "$", Pos: o.pos()}
	}
	if n.kind == isNull {
		return nil
	}
	return o.pathAt(key)
}

// reference is nullable for ResultPath, which must be a reference path.
func (o *object) reference(key string) *Path {
	p := o.nullable(key)
	if p != nil && p.Bad == nil && !p.Reference() {
		o.soft(key, "Value is not a Reference Path: %s must use single names and indices of $ only", p.Text)
	}
	return p
}

func (o *object) paths(h *Common) {
	h.InputPath = o.nullable("InputPath")
	h.OutputPath = o.nullable("OutputPath")
}

func (o *object) then() Then {
	t := Then{End: o.truth("End")}
	next, given := o.text("Next")
	t.Next = next
	switch {
	case t.End && given:
		o.fail("Next", "a state cannot have both Next and End")
	case !t.End && !given:
		o.r.fail(o.n, o.path, o.state, "These fields are required: [Next] or [End]")
	}
	return t
}

// both notes that a field is given as a value and as a path.
func (o *object) both(static, path string) {
	if o.used[static] && o.used[path] {
		o.soft(path, "a state cannot have both %s and %s", static, path)
	}
}

// children reads an array of objects.
func (o *object) children(key string) []*object {
	n := o.take(key)
	if n == nil {
		return nil
	}
	if n.kind != isArray {
		o.fail(key, "Field '%s' must be an array", key)
		return nil
	}
	var list []*object
	for i, item := range n.items {
		at := fmt.Sprintf("%s[%d]", o.at(key), i)
		if item.kind != isObject {
			o.r.fail(item, at, o.state, "an element of %s must be an object", key)
			continue
		}
		list = append(list, o.r.object(item, at, o.state))
	}
	return list
}

// child reads a field that is an object; nil if it is absent.
func (o *object) child(key string) *object {
	n := o.take(key)
	if n == nil {
		return nil
	}
	if n.kind != isObject {
		o.fail(key, "Field '%s' must be an object", key)
		return nil
	}
	return o.r.object(n, o.at(key), o.state)
}
