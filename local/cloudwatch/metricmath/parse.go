package metricmath

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MaxLength bounds an expression, in characters. Source: AWS.md C.2.
const MaxLength = 2048

// maxDepth bounds nesting, so that a hostile expression cannot exhaust the stack.
const maxDepth = 64

// Expr is a parsed expression. It is immutable.
type Expr struct {
	root node
	ids  []string
}

// IDs are the identifiers of other queries that the expression names, in order of
// appearance, each once.
func (e *Expr) IDs() []string { return slices.Clone(e.ids) }

// node is one construct: number, ident, text, list, call, unary or binary.
type node interface {
	eval(env *Env) (Value, error)
}

type (
	number float64
	ident  string
	text   string
	list   []node
	call   struct {
		name string
		run  func(env *Env, c call) (Value, error)
		args []node
	}
	unary  struct{ of node }
	binary struct {
		op   string
		a, b node
	}
)

// levels are the binary operators, loosest first.
var levels = [][]string{{"||", "OR"}, {"&&", "AND"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/"}, {"^"}}

var token = regexp.MustCompile(`^(?:\s+|(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z][A-Za-z0-9_]*)|("[^"]*"|'[^']*')|(\|\||&&|==|!=|<=|>=|[-+*/^<>(),\[\]]))`)

// Parse reads an expression.
// Errors name the place and what is wrong there; SEARCH, ANOMALY_DETECTION_BAND and
// other functions that are missing here are refused by name.
func Parse(s string) (*Expr, error) {
	if len(s) > MaxLength {
		return nil, fmt.Errorf("an expression has at most %d characters, this one has %d", MaxLength, len(s))
	}
	p := &parser{}
	for rest := s; rest != ""; {
		m := token.FindString(rest)
		if m == "" {
			return nil, fmt.Errorf("unexpected %q at character %d", rest[:1], len(s)-len(rest)+1)
		}
		rest = rest[len(m):]
		if t := strings.TrimSpace(m); t != "" {
			p.tokens = append(p.tokens, t)
		}
	}
	root, err := p.binary(0)
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q after the end of the expression", p.peek())
	}
	if err != nil {
		return nil, err
	}
	return &Expr{root, p.ids}, nil
}

type parser struct {
	tokens []string
	pos    int
	depth  int
	ids    []string
}

func (p *parser) peek() string {
	if p.pos < len(p.tokens) {
		return p.tokens[p.pos]
	}
	return ""
}

func (p *parser) take(t string) bool {
	if p.peek() != t {
		return false
	}
	p.pos++
	return true
}

func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth*len(levels) {
		return fmt.Errorf("the expression is nested too deeply")
	}
	return nil
}

func (p *parser) binary(level int) (node, error) {
	if level == len(levels) {
		return p.unary()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	a, err := p.binary(level + 1)
	for err == nil && slices.Contains(levels[level], p.peek()) {
		op := p.peek()
		p.pos++
		var b node
		if b, err = p.binary(level + 1); err == nil {
			a = binary{op, a, b}
		}
	}
	return a, err
}

func (p *parser) unary() (node, error) {
	if p.take("-") {
		if err := p.enter(); err != nil {
			return nil, err
		}
		defer func() { p.depth-- }()
		of, err := p.unary()
		return unary{of}, err
	}
	return p.primary()
}

func (p *parser) primary() (node, error) {
	t := p.peek()
	if t == "" {
		return nil, fmt.Errorf("the expression ends too early")
	}
	p.pos++
	switch c := t[0]; {
	case c == '(':
		in, err := p.binary(0)
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a closing parenthesis is missing before %q", p.peek())
		}
		return in, err
	case c == '[':
		return p.items("]")
	case c == '"' || c == '\'':
		return text(t[1 : len(t)-1]), nil
	case c >= '0' && c <= '9' || c == '.':
		f, err := strconv.ParseFloat(t, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", t)
		}
		return number(f), nil
	case c >= 'a' && c <= 'z':
		if !slices.Contains(p.ids, t) {
			p.ids = append(p.ids, t)
		}
		return ident(t), nil
	case c >= 'A' && c <= 'Z':
		return p.call(t)
	}
	return nil, fmt.Errorf("unexpected %q", t)
}

func (p *parser) call(name string) (node, error) {
	if name == "REPEAT" || name == "LINEAR" { // words of FILL
		return text(name), nil
	}
	if _, ok := functions[name]; !ok {
		return nil, fmt.Errorf("local CloudWatch does not implement %s in metric math; it has %s", name, strings.Join(names(), ", "))
	}
	if !p.take("(") {
		return nil, fmt.Errorf("%s needs its arguments in parentheses", name)
	}
	args, err := p.items(")")
	if err != nil {
		return nil, err
	}
	f := functions[name]
	if len(args) < f.least || len(args) > f.most {
		return nil, fmt.Errorf("%s takes %d to %d arguments, not %d", name, f.least, f.most, len(args))
	}
	return call{name, f.run, args}, nil
}

func (p *parser) items(end string) (list, error) {
	var out list
	if p.take(end) {
		return out, nil
	}
	for {
		n, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if p.take(end) {
			return out, nil
		}
		if !p.take(",") {
			return nil, fmt.Errorf("%q or a comma is missing before %q", end, p.peek())
		}
	}
}
