package spec

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decode fills s from YAML, reporting every key that a spec does not have and
// every value of the wrong kind, and noting where each field stands. It follows
// the Go types, so that a new field is read as soon as it is declared.
func (r *report) decode(root ast.Node, s *Spec) {
	r.at[""] = start(root)
	r.value(root, "", reflect.ValueOf(s).Elem())
}

func (r *report) value(node ast.Node, field string, into reflect.Value) {
	if literal, ok := node.(*ast.LiteralNode); ok && literal.Value != nil {
		node = literal.Value
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.value(node, field, into.Elem())
	case reflect.Struct:
		r.structure(node, field, into)
	case reflect.Slice:
		r.list(node, field, into)
	case reflect.Map:
		r.texts(node, field, into)
	default:
		r.scalar(node, field, into)
	}
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    place
	value ast.Node
}

// entries returns the keys of a mapping, each once, or false if it is none.
func (r *report) entries(node ast.Node, field string) ([]entry, bool) {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.add(field, notThis(node, "a block of keys"), fixOf(field, "write its keys, each with a value, indented below it"))
		return nil, false
	}
	seen := map[string]place{}
	var all []entry
	for _, pair := range pairs {
		at := start(pair.Key)
		key, plain := keyText(pair.Key)
		path := join(field, key)
		if !plain {
			r.addAt(at, field, "a key is not a word", "write keys as plain words")
		} else if first, twice := seen[key]; twice {
			r.addAt(at, path, fmt.Sprintf("is written twice, first on line %d", first.line), "keep one")
		} else {
			seen[key] = at
			all = append(all, entry{key, at, pair.Value})
		}
	}
	return all, true
}

func keyText(key ast.Node) (string, bool) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return k.GetToken().Value, true
	}
	return "", false
}

func (r *report) structure(node ast.Node, field string, into reflect.Value) {
	if into.Type() == reflect.TypeFor[Errors]() {
		// Zero is a tolerance one may ask for: it must not be taken for none written.
		into.Set(reflect.ValueOf(Errors{Tolerance: DefaultErrorsTolerance, Relative: DefaultErrorsRelative}))
	}
	entries, ok := r.entries(node, field)
	if !ok {
		return
	}
	known, written := fieldsOf(into.Type()), map[string]bool{}
	for _, e := range entries {
		path := join(field, e.key)
		index, exists := known.index[e.key]
		if !exists {
			meant := closest(e.key, known.names)
			r.addAt(e.at, path, "is not a field", unknownFix(meant, e.key, known.names))
			written[meant] = true // misspelt is not missing
			continue
		}
		written[e.key] = true
		r.note(path, e)
		r.value(e.value, path, into.Field(index))
	}
	for _, name := range known.required {
		if path := join(field, name); !written[name] && !r.bad[path] {
			r.add(path, "is missing", "write "+example(path))
		}
	}
}

// note remembers where a field stands: a scalar at its value, a block at its key.
func (r *report) note(path string, e entry) {
	switch e.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, *ast.NullNode, nil:
		r.at[path] = e.at
	default:
		r.at[path] = start(e.value)
	}
}

func (r *report) list(node ast.Node, field string, into reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.add(field, notThis(node, "a list"), fixOf(field, "write each entry on a line of its own that begins with a dash"))
		return
	}
	if limit := maxItems(generic(field)); len(sequence.Values) > limit {
		r.add(field, fmt.Sprintf("has %d entries", len(sequence.Values)), fmt.Sprintf("at most %d are allowed", limit))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(sequence.Values), len(sequence.Values)))
	for i, item := range sequence.Values {
		path := fmt.Sprintf("%s[%d]", field, i)
		r.at[path] = start(item)
		r.value(item, path, into.Index(i))
	}
}

// texts reads a mapping from names that are the user's own to text.
func (r *report) texts(node ast.Node, field string, into reflect.Value) {
	entries, ok := r.entries(node, field)
	if !ok {
		return
	}
	if limit := maxItems(generic(field)); len(entries) > limit {
		r.add(field, fmt.Sprintf("has %d entries", len(entries)), fmt.Sprintf("at most %d are allowed", limit))
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, e := range entries {
		path := join(field, e.key)
		r.note(path, e)
		text := reflect.New(into.Type().Elem()).Elem()
		r.value(e.value, path, text)
		into.SetMapIndex(reflect.ValueOf(e.key), text)
	}
}

// fields are the keys that a struct has in YAML.
type fields struct {
	names    []string
	required []string
	index    map[string]int
}

func fieldsOf(t reflect.Type) fields {
	f := fields{index: map[string]int{}}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		f.names = append(f.names, name)
		f.index[name] = i
		if options == "" && t != reflect.TypeFor[Errors]() {
			f.required = append(f.required, name)
		}
	}
	return f
}
