package expr

import (
	"slices"
	"strings"
)

// call is a function that is a condition by itself.
type call struct {
	name string
	args []operand
}

// functions are those of conditions, with the number of their operands.
var functions = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2, "size": 1,
}

const typeNames = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"

// function reads "name(a, b, ...)".
func (p *parser) function() node {
	name := p.next().text
	p.count()
	p.expect("(")
	args := p.arguments()
	n := node{function: name, condition: call{name, args}}
	count, known := functions[name]
	switch {
	case !known:
		p.refuse(rankFunction, "Invalid function name; function: %s", name)
		return n
	case len(args) != count:
		p.refuse(p.term(termCount), "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", name, len(args))
		return n
	}
	p.differ(name, args[0], args[1:]...)
	p.checkArguments(name, args)
	if name == "size" {
		return node{function: name, operand: sizeOf{args[0]}}
	}
	return n
}

// checkArguments refuses operands that the function cannot take.
func (p *parser) checkArguments(name string, args []operand) {
	wrong := func(k string) {
		p.refuse(p.term(termKind), "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", name, k)
	}
	switch name {
	case "attribute_exists", "attribute_not_exists":
		if _, ok := args[0].(path); !ok {
			p.refuse(p.term(termKind), "Operator or function requires a document path; operator or function: %s", name)
		}
	case "begins_with":
		for _, x := range args {
			if k := x.kind(); k != None && k != S && k != B {
				wrong(k.String())
			}
		}
	case "attribute_type":
		switch l, ok := args[1].(literal); {
		case !ok && args[1].kind() == None:
			wrong("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
		case !ok || l.Kind != S && l.Kind != None:
			wrong(args[1].kind().String())
		case l.Kind == S && kindOf(l.Text) == None:
			p.refuse(p.term(termKind), "Invalid attribute type name found; type: %s, valid types: %s", l.Text, typeNames)
		}
	case "size":
		if k := args[0].kind(); k == N || k == BOOL || k == NULL {
			wrong(k.String())
		}
	}
}

func (c call) holds(item Item) bool {
	v, ok := c.args[0].read(item)
	switch c.name {
	case "attribute_exists":
		return ok
	case "attribute_not_exists":
		return !ok
	}
	w, okW := c.args[1].read(item)
	if !ok || !okW {
		return false
	}
	switch c.name {
	case "attribute_type":
		return v.Kind.String() == w.Text
	case "begins_with":
		return v.Kind == w.Kind && (v.Kind == S || v.Kind == B) && strings.HasPrefix(v.Text, w.Text)
	}
	return contains(v, w)
}

// contains reports whether w is a part of the string or binary v, or a member of the
// set or list v.
func contains(v, w Value) bool {
	switch v.Kind {
	case S, B:
		return v.Kind == w.Kind && strings.Contains(v.Text, w.Text)
	case SS, NS, BS, L:
		return slices.ContainsFunc(v.List, w.Equal)
	}
	return false
}
