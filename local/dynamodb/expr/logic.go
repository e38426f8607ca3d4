package expr

// and, or and not join conditions. NOT binds closest, then AND, then OR.
type (
	and struct{ left, right condition }
	or  struct{ left, right condition }
	not struct{ of condition }
)

func (c and) holds(item Item) bool { return c.left.holds(item) && c.right.holds(item) }
func (c or) holds(item Item) bool  { return c.left.holds(item) || c.right.holds(item) }
func (c not) holds(item Item) bool { return !c.of.holds(item) }

func (p *parser) or() node {
	left := p.and()
	for p.peek().is("OR") {
		l := p.condition(left)
		p.next()
		p.count()
		left = node{condition: or{l, p.condition(p.and())}}
	}
	return left
}

func (p *parser) and() node {
	left := p.not()
	for p.peek().is("AND") {
		l := p.condition(left)
		p.next()
		p.count()
		left = node{condition: and{l, p.condition(p.not())}}
	}
	return left
}

func (p *parser) not() node {
	if !p.accept("NOT") {
		return p.comparison()
	}
	p.count()
	return node{condition: not{p.condition(p.not())}}
}
