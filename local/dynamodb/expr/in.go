package expr

// in is operand IN (list): equal to one of them.
type in struct {
	operand operand
	list    []operand
}

// in reads "IN (a, b, ...)".
func (p *parser) in(of operand) node {
	p.expect("IN")
	p.count()
	p.expect("(")
	list := p.arguments()
	p.differ("IN", of, list...)
	if len(list) > maxIn {
		p.refuse(p.term(termCount), "The IN operator is provided with too many operands; number of operands: %d", len(list))
	}
	return node{condition: in{of, list}}
}

// arguments reads "a, b, ...)". There is at least one.
func (p *parser) arguments() []operand {
	list := []operand{p.operand(p.primary())}
	for p.accept(",") {
		list = append(list, p.operand(p.primary()))
	}
	p.expect(")")
	return list
}

func (c in) holds(item Item) bool {
	v, ok := c.operand.read(item)
	if !ok {
		return false
	}
	for _, x := range c.list {
		if w, ok := x.read(item); ok && v.Equal(w) {
			return true
		}
	}
	return false
}
