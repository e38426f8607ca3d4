package expr

import "slices"

// comparison is left op right.
type comparison struct {
	op          string
	left, right operand
}

var comparators = []string{"=", "<>", "<", "<=", ">", ">="}

func isComparator(t token) bool { return t.kind == tokenSymbol && slices.Contains(comparators, t.text) }

// compare reads "op right".
func (p *parser) compare(left operand) node {
	op := p.next().text
	p.count()
	c := comparison{op, left, p.operand(p.primary())}
	p.differ(op, c.left, c.right)
	if op != "=" && op != "<>" {
		p.mustOrder(op, c.left, c.right)
	}
	return node{condition: c}
}

// differ refuses an operand that is compared with itself.
func (p *parser) differ(operator string, first operand, rest ...operand) {
	a, ok := first.(path)
	if !ok {
		return
	}
	for _, x := range rest {
		if b, ok := x.(path); ok && a.equal(b) {
			p.refuse(p.term(termDistinct), "The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", operator, a)
		}
	}
}

// mustOrder refuses values that have no order.
func (p *parser) mustOrder(operator string, operands ...operand) {
	for _, x := range operands {
		if k := x.kind(); k != None && !k.ordered() {
			p.refuse(p.term(termKind), "Incorrect operand type for operator or function; operator: %s, operand type: %s", operator, k)
		}
	}
}

// holds: something missing equals nothing; values of two kinds differ and have no
// order.
func (c comparison) holds(item Item) bool {
	a, okA := c.left.read(item)
	b, okB := c.right.read(item)
	switch {
	case !okA || !okB:
		return c.op == "<>"
	case c.op == "=":
		return a.Equal(b)
	case c.op == "<>":
		return !a.Equal(b)
	case a.Kind != b.Kind || !a.Kind.ordered():
		return false
	}
	o := a.order(b)
	switch c.op {
	case "<":
		return o < 0
	case "<=":
		return o <= 0
	case ">":
		return o > 0
	}
	return o >= 0
}
