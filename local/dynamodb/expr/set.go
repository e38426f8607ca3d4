package expr

import "slices"

// source is what SET can assign.
type source interface {
	eval(item Item) (Value, error)
	kind() Kind
}

// set puts a value where the path leads.
type set struct{ to source }

func (a set) apply(_ Value, _ bool, item Item) (Value, bool, error) {
	v, err := a.to.eval(item)
	return v, true, err
}

func (a set) kind() Kind { return a.to.kind() }

func (s path) eval(item Item) (Value, error) {
	v, ok := s.find(item)
	if !ok {
		return v, invalid("The provided expression refers to an attribute that does not exist in the item")
	}
	return v, nil
}

func (l literal) eval(Item) (Value, error) { return l.Value, nil }

// sum is left + right, or left - right.
type sum struct {
	left, right source
	minus       bool
}

func (s sum) kind() Kind { return N }

func (s sum) eval(item Item) (Value, error) {
	a, err := s.left.eval(item)
	if err != nil {
		return a, err
	}
	b, err := s.right.eval(item)
	if err != nil {
		return b, err
	}
	if a.Kind != N || b.Kind != N {
		return a, wrongKind()
	}
	if s.minus {
		b.Num = b.Num.Neg()
	}
	n, err := a.Num.Add(b.Num)
	return Value{Kind: N, Num: n}, err
}

func wrongKind() error {
	return invalid("An operand in the update expression has an incorrect data type")
}

// ifNotExists is if_not_exists(path, otherwise).
type ifNotExists struct {
	path      path
	otherwise source
}

func (s ifNotExists) kind() Kind { return s.otherwise.kind() }

func (s ifNotExists) eval(item Item) (Value, error) {
	if v, ok := s.path.find(item); ok {
		return v, nil
	}
	return s.otherwise.eval(item)
}

// listAppend is list_append(left, right).
type listAppend struct{ left, right source }

func (s listAppend) kind() Kind { return L }

func (s listAppend) eval(item Item) (Value, error) {
	a, err := s.left.eval(item)
	if err != nil {
		return a, err
	}
	b, err := s.right.eval(item)
	if err != nil {
		return b, err
	}
	if a.Kind != L || b.Kind != L {
		return a, wrongKind()
	}
	return List(slices.Concat(a.List, b.List)...), nil
}

// set reads "= value", "= value + value" or "= value - value".
func (p *parser) set() action {
	p.expect("=")
	if p.peek().is("(") && p.sumInParentheses() {
		p.next()
		s := p.sum()
		p.expect(")")
		return set{s}
	}
	return set{p.sum()}
}

// sumInParentheses reports whether the next "(" holds a sum, not only an operand.
func (p *parser) sumInParentheses() bool {
	depth := 0
	for _, t := range p.tokens[p.at:] {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 1 && (t.is("+") || t.is("-")):
			return true
		}
		if depth == 0 {
			return false
		}
	}
	return false
}

func (p *parser) sum() source {
	left := p.source()
	op := p.peek()
	if !op.is("+") && !op.is("-") {
		return left
	}
	p.next()
	p.count()
	s := sum{left, p.source(), op.is("-")}
	p.mustBe(N, op.text, s.left, s.right)
	return s
}

// mustBe refuses values of another kind.
func (p *parser) mustBe(want Kind, operator string, of ...source) {
	for _, x := range of {
		if l, ok := x.(literal); ok && l.Kind != want && l.Kind != None {
			p.refuse(updateArguments, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", operator, l.Kind)
		}
	}
}

// source reads one operand of SET.
func (p *parser) source() source {
	t := p.peek()
	switch {
	case p.accept("("):
		s := p.source()
		p.expect(")")
		return s
	case t.kind == tokenValue:
		p.at++
		return literal{p.value(t.text, updateValue)}
	case t.kind == tokenWord && p.tokens[p.at+1].is("("):
		return p.setFunction()
	}
	return p.path(pathRanks{updateReserved, updateName})
}

// setFunction reads if_not_exists or list_append.
func (p *parser) setFunction() source {
	name := p.next().text
	p.count()
	p.expect("(")
	args := []source{p.source()}
	for p.accept(",") {
		args = append(args, p.source())
	}
	p.expect(")")
	if name != "if_not_exists" && name != "list_append" {
		p.refuse(updateFunction, "Invalid function name; function: %s", name)
		return literal{}
	}
	for _, x := range args {
		if _, ok := x.(listAppend); ok { // DynamoDB nests if_not_exists, but not list_append
			p.refuse(updateMisuse, "The function is not allowed to be used this way in an expression; function: list_append")
		}
	}
	if len(args) != 2 {
		p.refuse(updateArguments, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", name, len(args))
		return literal{}
	}
	if name == "list_append" {
		p.mustBe(L, name, args...)
		return listAppend{args[0], args[1]}
	}
	s, ok := args[0].(path)
	if !ok {
		p.refuse(updateArguments, "Operator or function requires a document path; operator or function: %s", name)
	}
	return ifNotExists{s, args[1]}
}
