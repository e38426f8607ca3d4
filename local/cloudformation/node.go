// Package cloudformation reads a SAM or CloudFormation template and deploys it: it
// checks parameters, evaluates conditions, mappings and intrinsic functions, expands
// the serverless resources as SAM does, orders what is left by its references, and
// hands each resource as a typed value to a Provider.
//
// It knows no service: what a queue is, the provider knows. What it does not know
// itself, a type, a property, a function, it refuses with the line it stands on;
// nothing is silently ignored. Of updates it knows those in which functions get new
// code. The local deployment of template.yaml and the tests of the template call it.
package cloudformation

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Node is one value of a template, with the line that it stands on. Short forms such
// as !Ref are in their long form: a map with one key.
type Node struct {
	Kind   Kind
	Text   string // of a scalar, as written
	Items  []*Node
	Fields []Field // in the order of the template
	Line   int
}

// Field is one key of a map.
type Field struct {
	Key   string
	Value *Node
}

// Kind is the kind of a node.
type Kind int

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Map
)

func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "a map"}[k]
}

func text(s string) *Node             { return &Node{Kind: String, Text: s} }
func list(items ...*Node) *Node       { return &Node{Kind: List, Items: items} }
func call(name string, a *Node) *Node { return object(name, a) }
func ref(id string) *Node             { return call("Ref", text(id)) }
func getAtt(id, attr string) *Node    { return call("Fn::GetAtt", list(text(id), text(attr))) }

// object builds a map from alternating keys and nodes; nil nodes are left out.
func object(pairs ...any) *Node {
	n := &Node{Kind: Map}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v, _ := pairs[i+1].(*Node); v != nil {
			n.Fields = append(n.Fields, Field{Key: pairs[i].(string), Value: v})
		}
	}
	return n
}

// get returns the value of a key, or nil.
func (n *Node) get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for _, f := range n.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// set gives a key a value; nil removes it.
func (n *Node) set(key string, v *Node) {
	i := slices.IndexFunc(n.Fields, func(f Field) bool { return f.Key == key })
	switch {
	case v == nil && i >= 0:
		n.Fields = slices.Delete(n.Fields, i, i+1)
	case v == nil:
	case i >= 0:
		n.Fields[i].Value = v
	default:
		n.Fields = append(n.Fields, Field{Key: key, Value: v})
	}
}

// at returns n with every node on this line that has none.
func (n *Node) at(line int) *Node {
	if n == nil {
		return nil
	}
	if n.Line == 0 {
		n.Line = line
	}
	for _, i := range n.Items {
		i.at(line)
	}
	for _, f := range n.Fields {
		f.Value.at(line)
	}
	return n
}

func (n *Node) scalar() bool { return n != nil && n.Kind != List && n.Kind != Map }

// intrinsic returns the function that the node calls and its argument, or "".
func (n *Node) intrinsic() (string, *Node) {
	if n == nil || n.Kind != Map || len(n.Fields) != 1 {
		return "", nil
	}
	k := n.Fields[0].Key
	if k == "Ref" || len(k) > 4 && k[:4] == "Fn::" {
		return k, n.Fields[0].Value
	}
	return "", nil
}

// MarshalJSON writes the node as JSON. Numbers that JSON has no form for are strings.
func (n *Node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes(), nil
}

func (n *Node) write(b *bytes.Buffer) {
	quote := func(s string) {
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(s) // a buffer takes every write, and every string has a form
		b.Truncate(b.Len() - 1)
	}
	switch {
	case n == nil || n.Kind == Null:
		b.WriteString("null")
	case n.Kind == Bool || n.Kind == Number && json.Valid([]byte(n.Text)):
		b.WriteString(n.Text)
	case n.scalar():
		quote(n.Text)
	case n.Kind == List:
		b.WriteByte('[')
		for i, e := range n.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			e.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteByte('{')
		for i, f := range n.Fields {
			if i > 0 {
				b.WriteByte(',')
			}
			quote(f.Key)
			b.WriteByte(':')
			f.Value.write(b)
		}
		b.WriteByte('}')
	}
}
