package cloudformation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a template.
type Problem struct {
	Line  int    // in the template, from 1; 0 if it stands nowhere
	Where string // logical id and property, such as Queue.VisibilityTimeout
	Text  string
}

func (p Problem) String() string {
	s := p.Text
	if p.Where != "" {
		s = p.Where + ": " + s
	}
	if p.Line > 0 {
		s = fmt.Sprintf("line %d: %s", p.Line, s)
	}
	return s
}

// Problems is everything that is wrong with a template, in the order of its lines.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(line int, where, format string, args ...any) {
	one := Problem{Line: line, Where: where, Text: fmt.Sprintf(format, args...)}
	if !slices.Contains(*p, one) {
		*p = append(*p, one)
	}
}

// err is the problems as an error, or nil if there are none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return p
}
