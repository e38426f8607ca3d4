package alarm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Rule is the rule of a composite alarm, read.
type Rule struct {
	root  term
	names []string
}

// Names are the alarms that the rule names, each once, in order of appearance.
func (r Rule) Names() []string { return slices.Clone(r.names) }

// possible reports whether the rule can come to hold, if can tells which alarms can
// ring.
func (r Rule) possible(can func(name string) bool) bool {
	holds, _ := r.root(can)
	return holds
}

// term is a part of a rule: whether it can come to hold, and whether it can come not
// to.
type term func(can func(name string) bool) (holds, fails bool)

// Limits of a rule. Source: AWS.md C.3; the depth keeps the stack.
const (
	maxRule  = 10240
	maxDepth = 200
)

var word = regexp.MustCompile(`^(?:\s+|"(?:[^"\\]|\\.)*"|[(),]|[^\s(),"]+)`)

// ParseRule reads a rule: ALARM, OK and INSUFFICIENT_DATA of an alarm's name or ARN,
// AT_LEAST of several, TRUE and FALSE, joined by AND, OR, NOT and parentheses.
// Source: PutCompositeAlarm and "Create a composite alarm" of CloudWatch's guide.
func ParseRule(text string) (Rule, error) {
	if len(text) > maxRule {
		return Rule{}, fmt.Errorf("a rule has at most %d characters", maxRule)
	}
	p := &reader{}
	for rest := text; rest != ""; {
		m := word.FindString(rest)
		if m == "" {
			return Rule{}, fmt.Errorf("unexpected %q at character %d", rest[:1], len(text)-len(rest)+1)
		}
		if rest = rest[len(m):]; strings.TrimSpace(m) != "" {
			p.words = append(p.words, m)
		}
	}
	root, err := p.either()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %s after the end", p.peek())
	}
	return Rule{root, p.names}, err
}

// reader reads the words of a rule.
type reader struct {
	words []string
	names []string
	depth int
}

func (p *reader) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *reader) next() string {
	w := p.peek()
	if w != "" {
		p.words = p.words[1:]
	}
	return w
}

func (p *reader) expect(w string) error {
	if got := p.next(); got != w {
		return fmt.Errorf("expected %s instead of %q", w, got)
	}
	return nil
}

// either reads terms joined by OR.
func (p *reader) either() (term, error) {
	return p.joined("OR", p.both, func(ah, af, bh, bf bool) (bool, bool) { return ah || bh, af && bf })
}

// both reads terms joined by AND.
func (p *reader) both() (term, error) {
	return p.joined("AND", p.one, func(ah, af, bh, bf bool) (bool, bool) { return ah && bh, af || bf })
}

// joined reads terms with a word between them. join says of two whether they can come
// to hold together, and not to, from what each of them can.
func (p *reader) joined(by string, read func() (term, error), join func(ah, af, bh, bf bool) (holds, fails bool)) (term, error) {
	left, err := read()
	for err == nil && p.peek() == by {
		p.next()
		a := left
		var b term
		b, err = read()
		left = func(can func(string) bool) (bool, bool) {
			ah, af := a(can)
			bh, bf := b(can)
			return join(ah, af, bh, bf)
		}
	}
	return left, err
}

// one reads a term that is not joined.
func (p *reader) one() (term, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("the rule is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch w := p.next(); w {
	case "NOT":
		in, err := p.one()
		return func(can func(string) bool) (bool, bool) { holds, fails := in(can); return fails, holds }, err
	case "(":
		in, err := p.either()
		if err == nil {
			err = p.expect(")")
		}
		return in, err
	case "TRUE", "FALSE":
		return func(func(string) bool) (bool, bool) { return w == "TRUE", w == "FALSE" }, nil
	case "ALARM", "OK", "INSUFFICIENT_DATA":
		names, err := p.list()
		if err == nil && len(names) != 1 {
			err = fmt.Errorf("%s takes one alarm, not %d", w, len(names))
		}
		if err != nil {
			return nil, err
		}
		return state(w, names[0]), nil
	case "AT_LEAST":
		return p.atLeast()
	default:
		return nil, fmt.Errorf("unexpected %q", w)
	}
}

// state is the term of an alarm that must be in a state. Every alarm can be in a
// state other than ALARM.
func state(of, name string) term {
	return func(can func(string) bool) (bool, bool) { return of != "ALARM" || can(name), true }
}

// atLeast reads AT_LEAST(2, ALARM, (a, b, c)). The number may be a percentage, and
// the state may have a NOT before it.
func (p *reader) atLeast() (term, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	number := strings.Trim(p.next(), `"`)
	percent := strings.HasSuffix(number, "%")
	least, err := strconv.Atoi(strings.TrimSuffix(number, "%"))
	if err != nil {
		return nil, fmt.Errorf("AT_LEAST takes a number, not %q", number)
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	of := p.next()
	not := of == "NOT"
	if not {
		of = p.next()
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	names, err := p.list()
	if err == nil {
		err = p.expect(")")
	}
	if percent {
		least = (least*len(names) + 99) / 100
	}
	return func(can func(string) bool) (bool, bool) {
		n := 0
		for _, name := range names {
			if not || of != "ALARM" || can(name) {
				n++
			}
		}
		return n >= least, true
	}, err
}

// list reads names in parentheses, with commas between them. A name without quotes
// may have spaces.
func (p *reader) list() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var all, parts []string
	for {
		w := p.next()
		switch {
		case w == "" || w == "(":
			return nil, fmt.Errorf("a closing parenthesis is missing")
		case w == "," || w == ")":
			name := nameOf(strings.Join(parts, " "))
			if name == "" {
				return nil, fmt.Errorf("the name of an alarm is missing")
			}
			if parts = nil; !slices.Contains(p.names, name) {
				p.names = append(p.names, name)
			}
			if all = append(all, name); w == ")" {
				return all, nil
			}
		default:
			parts = append(parts, w)
		}
	}
}

var unquoted = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// nameOf is the name of an alarm that a rule names, with quotes or without, or by its
// ARN.
func nameOf(ref string) string {
	if len(ref) > 1 && strings.HasPrefix(ref, `"`) && strings.HasSuffix(ref, `"`) {
		ref = unquoted.Replace(ref[1 : len(ref)-1])
	}
	if _, name, ok := strings.Cut(ref, ":alarm:"); ok && strings.HasPrefix(ref, "arn:") {
		return name
	}
	return ref
}
