package cloudformation

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// Document is a property that is JSON in itself, such as a policy or an event pattern.
type Document json.RawMessage

// MarshalJSON writes the document as it is.
func (d Document) MarshalJSON() ([]byte, error) {
	if d == nil {
		return []byte("null"), nil
	}
	return d, nil
}

// Ignored is a property that has no effect locally, and is accepted nevertheless.
type Ignored struct{}

// MarshalJSON writes null, so that what was ignored is not handed on.
func (Ignored) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Meta is what every resource has.
type Meta struct {
	LogicalID string
	Line      int
}

var (
	documentType = reflect.TypeFor[Document]()
	ignoredType  = reflect.TypeFor[Ignored]()
	metaType     = reflect.TypeFor[Meta]()
)

// decode fills the struct that to points to from resolved properties. A property is
// named by its field, or its tag cfn:"Name,required". Every property that is not in
// the struct, misses or has the wrong form is a problem.
func decode(n *Node, to any, where string, problems *Problems) {
	d := decoder{problems: problems}
	d.structure(n, reflect.ValueOf(to).Elem(), where)
}

type decoder struct{ problems *Problems }

func (d decoder) structure(n *Node, to reflect.Value, where string) {
	if n.Kind != Map {
		d.problems.add(n.Line, where, "must be a map, not %s", n.Kind)
		return
	}
	given := map[string]*Node{}
	for _, f := range n.Fields {
		given[f.Key] = f.Value
	}
	for i := range to.NumField() {
		field := to.Type().Field(i)
		if field.Type == metaType {
			continue
		}
		name, option, _ := strings.Cut(field.Tag.Get("cfn"), ",")
		if name == "" {
			name = field.Name
		}
		v := given[name]
		delete(given, name)
		switch {
		case v != nil && v.Kind != Null:
			d.value(v, to.Field(i), where+"."+name)
		case option == "required":
			d.problems.add(n.Line, where, "needs property %s", name)
		}
	}
	for _, f := range n.Fields { // in the order of the template
		if given[f.Key] != nil {
			d.problems.add(f.Value.Line, where+"."+f.Key, "this property is not implemented locally")
		}
	}
}

func (d decoder) value(n *Node, to reflect.Value, where string) {
	bad := func(want string) { d.problems.add(n.Line, where, "must be %s, not %s", want, n.Kind) }
	switch to.Type() {
	case ignoredType:
		return
	case documentType:
		doc, err := json.Marshal(n)
		if n.Kind == String {
			doc = []byte(n.Text)
		}
		if err != nil || !json.Valid(doc) {
			bad("a JSON document")
			return
		}
		to.SetBytes(doc)
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		d.value(n, to.Elem(), where)
	case reflect.Struct:
		d.structure(n, to, where)
	case reflect.String:
		if !n.scalar() {
			bad("a string")
			return
		}
		to.SetString(n.Text)
	case reflect.Bool:
		if n.Text != "true" && n.Text != "false" || !n.scalar() {
			bad("a boolean")
			return
		}
		to.SetBool(n.Text == "true")
	case reflect.Int:
		x, err := strconv.Atoi(n.Text)
		if err != nil || !n.scalar() {
			d.problems.add(n.Line, where, "must be a whole number, not %q", n.Text)
			return
		}
		to.SetInt(int64(x))
	case reflect.Float64:
		x, err := strconv.ParseFloat(n.Text, 64)
		if err != nil || !n.scalar() {
			d.problems.add(n.Line, where, "must be a number, not %q", n.Text)
			return
		}
		to.SetFloat(x)
	case reflect.Slice, reflect.Map:
		d.collection(n, to, where)
	default:
		panic("decode: no form for " + to.Type().String()) // a mistake in a spec, found by its test
	}
}

// collection fills a slice or a map.
func (d decoder) collection(n *Node, to reflect.Value, where string) {
	bad := func(want string) { d.problems.add(n.Line, where, "must be %s, not %s", want, n.Kind) }
	switch to.Kind() {
	case reflect.Slice:
		items := n.Items
		if n.Kind != List {
			if n.Kind == Map && to.Type().Elem().Kind() != reflect.Struct {
				bad("a list")
				return
			}
			items = []*Node{n} // CloudFormation takes one value for a list of one
		}
		out := reflect.MakeSlice(to.Type(), len(items), len(items))
		for i, item := range items {
			d.value(item, out.Index(i), where+"["+strconv.Itoa(i)+"]")
		}
		to.Set(out)
	case reflect.Map:
		if n.Kind != Map {
			bad("a map")
			return
		}
		out := reflect.MakeMap(to.Type())
		for _, f := range n.Fields {
			v := reflect.New(to.Type().Elem()).Elem()
			d.value(f.Value, v, where+"."+f.Key)
			out.SetMapIndex(reflect.ValueOf(f.Key), v)
		}
		to.Set(out)
	}
}
