// Package alarmrule is the language of a composite alarm's AlarmRule: ALARM("x"),
// OK("x"), INSUFFICIENT_DATA("x"), TRUE and FALSE, joined by AND, OR, NOT and
// parentheses.
//
// It decides whether a rule holds, given the states of the alarms it names. It
// knows no alarm itself. Its caller is local/cloudwatch.
package alarmrule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Limits of a rule: characters, and distinct alarms. Source: AWS.md C.3.
const (
	MaxLength   = 10240
	MaxChildren = 100
)

// maxDepth bounds nesting, so that a hostile rule cannot exhaust the stack.
const maxDepth = 200

// Rule is a parsed rule. It is immutable.
type Rule struct {
	holds    func(state func(alarm string) string) bool
	children []string
}

// Children are the alarms that the rule names, each once, in order of appearance:
// names, or ARNs where the rule has ARNs.
func (r *Rule) Children() []string { return slices.Clone(r.children) }

// Holds reports whether the rule is true. state answers with "OK", "ALARM" or
// "INSUFFICIENT_DATA".
func (r *Rule) Holds(state func(alarm string) string) bool { return r.holds(state) }

var token = regexp.MustCompile(`^(?:\s+|"(?:[^"\\]|\\.)*"|[()]|[^\s()"]+)`)

// Parse reads a rule. Errors say what is wrong and where.
func Parse(s string) (*Rule, error) {
	if len(s) > MaxLength {
		return nil, fmt.Errorf("a rule has at most %d characters, this one has %d", MaxLength, len(s))
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
	holds, err := p.or()
	switch {
	case err != nil:
		return nil, err
	case p.peek() != "":
		return nil, fmt.Errorf("unexpected %s after the end of the rule", p.peek())
	case len(p.children) > MaxChildren:
		return nil, fmt.Errorf("a rule names at most %d alarms, this one names %d", MaxChildren, len(p.children))
	}
	return &Rule{holds, p.children}, nil
}

type condition = func(state func(string) string) bool

type parser struct {
	tokens   []string
	pos      int
	depth    int
	children []string
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

func (p *parser) or() (condition, error) {
	a, err := p.and()
	for err == nil && p.take("OR") {
		left := a
		var right condition
		if right, err = p.and(); err == nil {
			a = func(s func(string) string) bool { return left(s) || right(s) }
		}
	}
	return a, err
}

func (p *parser) and() (condition, error) {
	a, err := p.not()
	for err == nil && p.take("AND") {
		left := a
		var right condition
		if right, err = p.not(); err == nil {
			a = func(s func(string) string) bool { return left(s) && right(s) }
		}
	}
	return a, err
}

func (p *parser) not() (condition, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, fmt.Errorf("the rule is nested too deeply")
	}
	if p.take("NOT") {
		in, err := p.not()
		if err != nil {
			return nil, err
		}
		return func(s func(string) string) bool { return !in(s) }, nil
	}
	if p.take("(") {
		in, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a closing parenthesis is missing before %q", p.peek())
		}
		return in, err
	}
	return p.term()
}

func (p *parser) term() (condition, error) {
	word := p.peek()
	p.pos++
	switch word {
	case "":
		return nil, fmt.Errorf("the rule ends too early")
	case "TRUE", "FALSE":
		return func(func(string) string) bool { return word == "TRUE" }, nil
	case "ALARM", "OK", "INSUFFICIENT_DATA":
	default:
		return nil, fmt.Errorf("expected ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or a parenthesis, not %s", word)
	}
	if !p.take("(") {
		return nil, fmt.Errorf("%s needs the name of an alarm in parentheses", word)
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, fmt.Errorf("a closing parenthesis is missing after %s(%q", word, name)
	}
	if !slices.Contains(p.children, name) {
		p.children = append(p.children, name)
	}
	return func(s func(string) string) bool { return s(name) == word }, nil
}

// name is in quotes, or several bare words: names may have spaces in them.
func (p *parser) name() (string, error) {
	t := p.peek()
	if strings.HasPrefix(t, `"`) {
		p.pos++
		t = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(t[1 : len(t)-1])
	} else {
		var words []string
		for p.peek() != "" && p.peek() != "(" && p.peek() != ")" {
			words = append(words, p.peek())
			p.pos++
		}
		t = strings.Join(words, " ")
	}
	if t == "" {
		return "", fmt.Errorf("the name of an alarm is missing")
	}
	return t, nil
}
