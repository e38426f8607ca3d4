package parse

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// Root says where a path starts.
type Root byte

// The roots: $ is the state's data, $$ the context object, $name a variable.
const (
	Data Root = iota
	Context
	Variable
)

// Path is a JSONPath. A path whose text is bad keeps only Text: Lint reports it
// and exec fails on it.
type Path struct {
	Text     string
	Pos      Pos
	Root     Root
	Variable string // its name, without $
	Segments []Segment
	Bad      error
}

// String is the path as written.
func (p *Path) String() string { return p.Text }

// Step is the kind of a segment.
type Step byte

// The steps: one name, one index, all children, a slice, several names or
// indices, and the elements that a filter holds for.
const (
	Child Step = iota
	Index
	Wildcard
	Slice
	Union
	Filter
)

// Segment is one step of a path. Deep means the step applies to every descendant.
type Segment struct {
	Step    Step
	Deep    bool
	Name    string
	Index   int
	From    *int // of a slice; nil is open
	To      *int
	By      int
	Names   []string // of a union
	Indices []int
	Filter  *jp.Filter
}

// Definite reports whether the path selects at most one value. Any other path
// gives an array, which may be empty.
func (p *Path) Definite() bool {
	for _, s := range p.Segments {
		if s.Deep || s.Step > Index {
			return false
		}
	}
	return true
}

// Reference reports whether p is a reference path into the data: single names and
// indices only.
func (p *Path) Reference() bool { return p.Root == Data && p.Definite() }

// ParsePath reads one JSONPath.
func ParsePath(text string) (*Path, error) {
	p, rest, err := scanPath(text)
	if err == nil && rest != "" {
		err = fmt.Errorf("path %q: cannot read %q", text, rest)
	}
	if err != nil {
		return nil, err
	}
	p.Text = text
	return p, nil
}

// scanPath reads a path from the start of text, up to the first character that
// cannot belong to it.
func scanPath(text string) (*Path, string, error) {
	p := &Path{}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, "", fmt.Errorf("path %q must begin with $", text)
	}
	if r, ok := strings.CutPrefix(rest, "$"); ok {
		p.Root, rest = Context, r
	} else if n := nameLength(rest); n > 0 {
		p.Root, p.Variable, rest = Variable, rest[:n], rest[n:]
		if strings.ContainsAny(p.Variable[:1], "0123456789") {
			return nil, "", fmt.Errorf("path %q: a variable's name must not begin with a digit", text)
		}
	}
	for rest != "" {
		s, r, err := scanSegment(rest)
		if err != nil {
			return nil, "", fmt.Errorf("path %q: %w", text, err)
		}
		if s == nil {
			break
		}
		p.Segments, rest = append(p.Segments, *s), r
	}
	p.Text = text[:len(text)-len(rest)]
	return p, rest, nil
}

// nameLength is the length of a variable's name at the start of s.
func nameLength(s string) int {
	return len(s) - len(strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"))
}

func scanSegment(s string) (*Segment, string, error) {
	switch {
	case strings.HasPrefix(s, "..["):
		seg, rest, err := scanBracket(s[2:])
		if seg != nil {
			seg.Deep = true
		}
		return seg, rest, err
	case strings.HasPrefix(s, ".."):
		return scanName(s[2:], true)
	case strings.HasPrefix(s, "."):
		return scanName(s[1:], false)
	case strings.HasPrefix(s, "["):
		return scanBracket(s)
	}
	return nil, s, nil
}

func scanName(s string, deep bool) (*Segment, string, error) {
	if r, ok := strings.CutPrefix(s, "*"); ok {
		return &Segment{Step: Wildcard, Deep: deep}, r, nil
	}
	n := strings.IndexAny(s, ".[](),' \t\n\"\\{}*?@")
	if n < 0 {
		n = len(s)
	}
	if n == 0 {
		return nil, "", errors.New("a name is missing after the dot")
	}
	if strings.HasPrefix(s[n:], "(") {
		return nil, "", fmt.Errorf("functions such as %s() are not supported in a path", s[:n])
	}
	return &Segment{Step: Child, Name: s[:n], Deep: deep}, s[n:], nil
}
