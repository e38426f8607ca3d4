package expr

// condition is a truth about an item.
type condition interface{ holds(item Item) bool }

// Condition is a ConditionExpression, FilterExpression or KeyConditionExpression,
// ready to be asked any number of times.
type Condition struct {
	root  condition
	heads map[string]bool
	deep  map[string]bool
}

// Holds reports whether the item, which may be nil, fulfils the condition. A nil
// Condition always holds.
func (c *Condition) Holds(item Item) bool { return c == nil || c.root.holds(item) }

// Mentions reports whether the condition looks at this attribute, and whether it
// looks inside it.
func (c *Condition) Mentions(name string) (at, inside bool) {
	if c == nil {
		return false, false
	}
	return c.heads[name], c.deep[name]
}

// Ranks of what can be wrong with a condition, beside its syntax. Faults of the terms
// (a comparison, a function) come last, term by term.
const (
	rankParens = iota
	rankFunction
	rankMisuse
	rankReserved
	rankTerm
)

// What can be wrong with a term, in DynamoDB's order.
const (
	termName = iota
	termCount
	termDistinct
	termKind
	termRanks
)

func (p *parser) term(fault int) int { return rankTerm + p.terms*termRanks + fault }

func (p *parser) conditionPath() path { return p.path(pathRanks{rankReserved, p.term(termName)}) }

// ParseCondition reads a condition, filter or key condition expression. Errors:
// ValidationException.
func ParseCondition(use Use, text string, given *Placeholders) (*Condition, error) {
	p, err := newParser(use, text, given)
	if err != nil {
		return nil, err
	}
	root := p.condition(p.or())
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &Condition{root, p.heads, p.nested}, nil
}

// node is a piece of which it is not yet known whether it stands as a condition or as
// an operand: "(a)" may go on as "(a) = :v".
type node struct {
	condition condition
	operand   operand
	function  string // the function that the node is, if it is one
	parens    bool   // whether it stands in parentheses
}

// condition is n as a condition.
func (p *parser) condition(n node) condition {
	if n.condition == nil {
		if n.function != "" {
			p.misuse(n.function)
		} else {
			p.syntaxError()
		}
		return never{}
	}
	return n.condition
}

// operand is n as an operand.
func (p *parser) operand(n node) operand {
	if n.operand == nil {
		if n.function != "" {
			p.misuse(n.function)
		} else {
			p.syntaxError()
		}
		return literal{}
	}
	return n.operand
}

func (p *parser) misuse(function string) {
	p.refuse(rankMisuse, "The function is not allowed to be used this way in an expression; function: %s", function)
}

// never stands where an expression was refused.
type never struct{}

func (never) holds(Item) bool { return false }

// comparison reads a comparison, BETWEEN, IN, a function, or something in parentheses.
func (p *parser) comparison() node {
	left := p.primary()
	t := p.peek()
	switch {
	case isComparator(t):
		n := p.compare(p.operand(left))
		p.terms++
		return n
	case t.is("BETWEEN"):
		n := p.between(p.operand(left))
		p.terms++
		return n
	case t.is("IN"):
		n := p.in(p.operand(left))
		p.terms++
		return n
	}
	if left.function != "" && left.condition != nil && !left.parens {
		p.terms++
	}
	return left
}

// primary reads an operand, a function, or anything in parentheses.
func (p *parser) primary() node {
	t := p.peek()
	switch {
	case t.is("("):
		return p.parentheses()
	case t.kind == tokenValue:
		p.at++
		return node{operand: literal{p.value(t.text, p.term(termName))}}
	case t.kind == tokenWord && isConditionKeyword(t):
		p.syntaxError()
		return node{operand: literal{}}
	case t.kind == tokenWord && p.tokens[p.at+1].is("("):
		return p.function()
	}
	return node{operand: p.conditionPath()}
}

func isConditionKeyword(t token) bool {
	return t.is("AND") || t.is("OR") || t.is("NOT") || t.is("IN") || t.is("BETWEEN")
}

// parentheses reads "(...)". A second pair around the same is refused.
func (p *parser) parentheses() node {
	p.expect("(")
	n := p.or()
	p.expect(")")
	if n.parens {
		p.refuse(rankParens, "The expression has redundant parentheses;")
	}
	n.parens = true
	return n
}
