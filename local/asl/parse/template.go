package parse

import "strings"

// template reads a payload template; nil if it is absent.
func (o *object) template(key string) *Template {
	n := o.take(key)
	if n == nil {
		return nil
	}
	return &Template{Pos: Pos{n.line, o.at(key)}, Root: o.item(n, key)}
}

// assign reads Assign, whose keys are names of variables.
func (o *object) assign() *Template {
	n := o.take("Assign")
	if n == nil {
		return nil
	}
	if n.kind != isObject {
		o.fail("Assign", "Field 'Assign' must be an object")
		return nil
	}
	for _, f := range n.fields {
		name := strings.TrimSuffix(f.key, ".$")
		if name == "" || nameLength(name) != len(name) || strings.ContainsAny(name[:1], "0123456789") || len(name) > 80 || name == "states" {
			o.fail("Assign", "%q cannot name a variable: use letters, digits and _, at most 80 characters, not %q", name, "states")
		}
	}
	return o.template("Assign")
}

func (o *object) item(n *node, key string) Item {
	switch n.kind {
	case isObject:
		obj := &Object{}
		dynamic := false
		for _, f := range n.fields {
			m := o.member(f, key)
			if _, ok := m.Value.(*Const); !ok {
				dynamic = true
			}
			obj.Members = append(obj.Members, m)
		}
		if dynamic {
			return obj
		}
	case isArray:
		list := &List{}
		dynamic := false
		for _, v := range n.items {
			it := o.item(v, key)
			if _, ok := it.(*Const); !ok {
				dynamic = true
			}
			list.Items = append(list.Items, it)
		}
		if dynamic {
			return list
		}
	}
	return &Const{n.plain()}
}

func (o *object) member(f field, key string) Member {
	name, dynamic := strings.CutSuffix(f.key, ".$")
	if !dynamic {
		return Member{Key: f.key, Source: f.key, Value: o.item(f.value, key)}
	}
	m := Member{Key: name, Source: f.key}
	if f.value.kind != isString {
		o.soft(key, "The value for the field '%s' must be a STRING that contains a JSONPath or an intrinsic function call", f.key)
		m.Value = &Path{Bad: errNotText}
		return m
	}
	m.Value = o.expr(f.value.text, f.key, key)
	return m
}

// expr reads the expression of the field named field, somewhere under key.
func (o *object) expr(text, field, key string) Expr {
	e, err := ParseExpr(text)
	if err != nil {
		o.soft(key, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call: %v", field, err)
		return &Path{Text: text, Bad: err}
	}
	return e
}

type constError string

func (e constError) Error() string { return string(e) }

const errNotText = constError("an expression must be a string")
