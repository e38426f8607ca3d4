package expr

import (
	"strconv"
	"strings"
)

// step is one piece of a path: a name, or an index into a list.
type step struct {
	name  string
	index int // -1 for a name
}

// path leads to a place in an item: a.b[3].c. Its first step is a name.
type path []step

func (s path) String() string {
	parts := make([]string, len(s))
	for i, x := range s {
		parts[i] = x.name
		if x.index >= 0 {
			parts[i] = "[" + strconv.Itoa(x.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// find is the value at the path, if there is one.
func (s path) find(item Item) (Value, bool) {
	v, ok := item[s[0].name]
	for _, x := range s[1:] {
		switch {
		case !ok:
			return Value{}, false
		case x.index < 0:
			v, ok = v.Map[x.name]
		case v.Kind == L && x.index < len(v.List):
			v = v.List[x.index]
		default:
			return Value{}, false
		}
	}
	return v, ok
}

func (s path) equal(t path) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// ranks of the faults that a path can have.
type pathRanks struct{ reserved, name int }

// path reads a document path.
func (p *parser) path(ranks pathRanks) path {
	var s path
	for {
		t := p.peek()
		switch t.kind {
		case tokenWord:
			if isReserved(t.text) {
				p.refuse(ranks.reserved, "Attribute name is a reserved keyword; reserved keyword: %s", t.text)
			}
			s = append(s, step{name: t.text, index: -1})
		case tokenName:
			s = append(s, step{name: p.name(t.text, ranks.name), index: -1})
		default:
			p.syntaxError()
			return path{{index: -1}}
		}
		p.at++
		for p.accept("[") {
			s = append(s, step{index: p.index(ranks.name)})
			p.expect("]")
		}
		if !p.accept(".") {
			break
		}
	}
	if len(s) > maxPath {
		p.refuse(ranks.name, "The document path has too many nesting elements; nesting levels: %d", len(s))
	}
	p.heads[s[0].name] = true
	if len(s) > 1 {
		p.nested[s[0].name] = true
	}
	return s
}

func (p *parser) index(rank int) int {
	t := p.peek()
	if t.kind != tokenNumber {
		p.syntaxError()
		return 0
	}
	p.at++
	i, err := strconv.Atoi(t.text)
	if err != nil || i > maxIndex {
		p.refuse(rank, "List index is not within the allowable range; index: [%s]", t.text)
		return 0
	}
	return i
}

// distinct refuses paths of which one leads into another, and paths that take one
// place for a list and for a map.
func (p *parser) distinct(paths []path, overlap, conflict int) {
	for j, b := range paths {
		for _, a := range paths[:j] {
			i := 0
			for i < len(a) && i < len(b) && a[i] == b[i] {
				i++
			}
			const rewrite = "must remove or rewrite one of these paths; path one: %s, path two: %s"
			switch {
			case i == len(a) || i == len(b):
				p.refuse(overlap, "Two document paths overlap with each other; "+rewrite, a, b)
			case (a[i].index < 0) != (b[i].index < 0):
				p.refuse(conflict, "Two document paths conflict with each other; "+rewrite, a, b)
			}
		}
	}
}
