package expr

// between is operand BETWEEN low AND high, both included.
type between struct{ operand, low, high operand }

// between reads "BETWEEN low AND high".
func (p *parser) between(of operand) node {
	p.expect("BETWEEN")
	p.count()
	low := p.operand(p.primary())
	p.expect("AND")
	high := p.operand(p.primary())
	p.bounds(low, high)
	p.mustOrder("BETWEEN", of, low, high)
	return node{condition: between{of, low, high}}
}

// bounds refuses two values that bound nothing.
func (p *parser) bounds(low, high operand) {
	a, okA := low.(literal)
	b, okB := high.(literal)
	if !okA || !okB || a.Kind == None || b.Kind == None {
		return
	}
	const operands = "lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s"
	switch {
	case a.Kind != b.Kind:
		p.refuse(p.term(termKind), "The BETWEEN operator requires same data type for lower and upper bounds; "+operands, a.describe(), b.describe())
	case a.Kind.ordered() && a.order(b.Value) > 0:
		p.refuse(p.term(termKind), "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "+operands, a.describe(), b.describe())
	}
}

func (c between) holds(item Item) bool {
	v, ok := c.operand.read(item)
	low, okLow := c.low.read(item)
	high, okHigh := c.high.read(item)
	if !ok || !okLow || !okHigh || !v.Kind.ordered() || v.Kind != low.Kind || v.Kind != high.Kind {
		return false
	}
	return low.order(v) <= 0 && v.order(high) <= 0
}
