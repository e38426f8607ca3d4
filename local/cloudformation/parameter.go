package cloudformation

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parameter is one parameter that a template declares.
type Parameter struct {
	Name    string
	Type    string
	Default *string

	allowed  []string
	pattern  *regexp.Regexp
	minLen   *float64
	maxLen   *float64
	minValue *float64
	maxValue *float64
	line     int
}

// Parameters lists what the template declares, in its order.
func (t *Template) Parameters() []Parameter { return t.parameters }

func readParameters(n *Node, problems *Problems) []Parameter {
	var out []Parameter
	for _, f := range mustMap(n, "Parameters", problems).Fields {
		p := Parameter{Name: f.Key, line: f.Value.Line}
		where := "Parameters." + f.Key
		for _, a := range mustMap(f.Value, where, problems).Fields {
			p.member(a, where, problems)
		}
		if p.Type == "" {
			problems.add(p.line, where, "has no Type")
		}
		out = append(out, p)
	}
	return out
}

func (p *Parameter) member(a Field, where string, problems *Problems) {
	v := a.Value
	number := func() *float64 {
		x, err := strconv.ParseFloat(v.Text, 64)
		if err != nil {
			problems.add(v.Line, where+"."+a.Key, "%q is no number", v.Text)
			return nil
		}
		return &x
	}
	switch a.Key {
	case "Type":
		p.Type = v.Text
		if p.Type != "String" && p.Type != "Number" && p.Type != "CommaDelimitedList" && p.Type != "List<Number>" {
			problems.add(v.Line, where, "parameters of type %q are not implemented locally", v.Text)
		}
	case "Default":
		if !v.scalar() {
			problems.add(v.Line, where, "Default must be a scalar")
		}
		p.Default = &v.Text
	case "AllowedValues":
		for _, i := range v.Items {
			p.allowed = append(p.allowed, i.Text)
		}
	case "AllowedPattern":
		re, err := regexp.Compile("^(?:" + v.Text + ")$")
		if err != nil {
			problems.add(v.Line, where, "AllowedPattern: %v", err)
		}
		p.pattern = re
	case "MinLength":
		p.minLen = number()
	case "MaxLength":
		p.maxLen = number()
	case "MinValue":
		p.minValue = number()
	case "MaxValue":
		p.maxValue = number()
	case "Description", "ConstraintDescription", "NoEcho": // for people
	default:
		problems.add(v.Line, where+"."+a.Key, "is not a member of a parameter")
	}
}

// values gives every parameter its value: the one given, or else the default.
func (t *Template) values(given map[string]string, problems *Problems) map[string]*Node {
	out := map[string]*Node{}
	for _, p := range t.parameters {
		v, ok := given[p.Name]
		if !ok {
			if p.Default == nil {
				problems.add(p.line, "Parameters."+p.Name, "needs a value: it has no default")
				out[p.Name] = text("").at(p.line)
				continue
			}
			v = *p.Default
		}
		if err := p.check(v); err != nil {
			problems.add(p.line, "Parameters."+p.Name, "%v", err)
		}
		out[p.Name] = p.node(v)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if out[name] == nil {
			problems.add(0, "Parameters."+name, "the template has no such parameter")
		}
	}
	return out
}

func (p Parameter) list() bool { return p.Type == "CommaDelimitedList" || p.Type == "List<Number>" }

func (p Parameter) node(v string) *Node {
	n := text(v)
	if p.list() {
		n = list()
		for _, e := range strings.Split(v, ",") {
			n.Items = append(n.Items, text(strings.TrimSpace(e)))
		}
	}
	return n.at(p.line)
}

func (p Parameter) check(v string) error {
	one := []string{v}
	if p.list() {
		one = strings.Split(v, ",")
	}
	for _, v := range one {
		if p.list() {
			v = strings.TrimSpace(v)
		}
		if len(p.allowed) > 0 && !slices.Contains(p.allowed, v) {
			return fmt.Errorf("%q is none of the allowed values %s", v, strings.Join(p.allowed, ", "))
		}
		if p.pattern != nil && !p.pattern.MatchString(v) {
			return fmt.Errorf("%q does not match AllowedPattern %s", v, p.pattern)
		}
		n := float64(len([]rune(v)))
		if p.minLen != nil && n < *p.minLen || p.maxLen != nil && n > *p.maxLen {
			return fmt.Errorf("%q has %.0f characters, which MinLength and MaxLength do not allow", v, n)
		}
		if !strings.Contains(p.Type, "Number") {
			continue
		}
		x, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", v)
		}
		if p.minValue != nil && x < *p.minValue || p.maxValue != nil && x > *p.maxValue {
			return fmt.Errorf("%s is outside MinValue and MaxValue", v)
		}
	}
	return nil
}
