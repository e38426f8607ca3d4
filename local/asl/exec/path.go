package exec

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"sluice/local/asl/parse"
)

// lookup applies p to root. found is false if a definite path selects nothing; any
// other path gives an array, perhaps an empty one.
func lookup(p *parse.Path, root any) (v any, found bool) {
	if p.Definite() {
		v = root
		for i := range p.Segments {
			if v, found = child(&p.Segments[i], v); !found {
				return nil, false
			}
		}
		return v, true
	}
	nodes := []any{root}
	for i := range p.Segments {
		s := &p.Segments[i]
		var next []any
		for _, n := range nodes {
			if s.Deep {
				for _, d := range descendants(n, nil) {
					next = selected(s, d, next)
				}
			} else {
				next = selected(s, n, next)
			}
		}
		nodes = next
	}
	if nodes == nil {
		nodes = []any{}
	}
	return nodes, true
}

func child(s *parse.Segment, v any) (any, bool) {
	if s.Step == parse.Child {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		c, ok := m[s.Name]
		return c, ok
	}
	return element(v, s.Index)
}

func element(v any, i int) (any, bool) {
	list, ok := v.([]any)
	if i < 0 {
		i += len(list)
	}
	if !ok || i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}

// selected appends what s selects of v.
func selected(s *parse.Segment, v any, to []any) []any {
	switch s.Step {
	case parse.Child, parse.Index:
		if c, ok := child(s, v); ok {
			to = append(to, c)
		}
	case parse.Wildcard:
		to = append(to, elements(v)...)
	case parse.Slice:
		to = append(to, sliced(s, v)...)
	case parse.Union:
		for _, name := range s.Names {
			if c, ok := child(&parse.Segment{Name: name}, v); ok {
				to = append(to, c)
			}
		}
		for _, i := range s.Indices {
			if c, ok := element(v, i); ok {
				to = append(to, c)
			}
		}
	case parse.Filter:
		for _, e := range elements(v) {
			if s.Filter.Match(e) {
				to = append(to, e)
			}
		}
	}
	return to
}

// elements are the children of v, those of an object in the order of their keys.
func elements(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		var list []any
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = append(list, v[k])
		}
		return list
	}
	return nil
}

func descendants(v any, to []any) []any {
	to = append(to, v)
	for _, e := range elements(v) {
		to = descendants(e, to)
	}
	return to
}

func sliced(s *parse.Segment, v any) []any {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	clamp := func(p *int, absent int) int {
		if p == nil {
			return absent
		}
		i := *p
		if i < 0 {
			i += len(list)
		}
		return min(max(i, 0), len(list))
	}
	var out []any
	for i := clamp(s.From, 0); i < clamp(s.To, len(list)); i += s.By {
		out = append(out, list[i])
	}
	return out
}

// missing explains why a definite path selected nothing, in the words of AWS.
func missing(p *parse.Path, root any) string {
	v, at := root, "$"
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Step == parse.Child {
			at += "['" + s.Name + "']"
		} else {
			at += "[" + strconv.Itoa(s.Index) + "]"
		}
		c, ok := child(s, v)
		if !ok && i < len(p.Segments)-1 {
			return "Missing property in path " + at
		}
		v = c
	}
	return "No results for path: " + at
}

// place returns root with v at the reference path p. Nothing of root is changed:
// what lies on the path is copied. Objects that are missing are made.
func place(p *parse.Path, root, v any) (any, bool) {
	return placeAt(p.Segments, root, v)
}

func placeAt(segments []parse.Segment, at, v any) (any, bool) {
	if len(segments) == 0 {
		return v, true
	}
	s := &segments[0]
	if s.Step == parse.Index {
		list, ok := at.([]any)
		if !ok || s.Index < 0 || s.Index >= len(list) {
			return nil, false
		}
		list = slices.Clone(list)
		list[s.Index], ok = placeAt(segments[1:], list[s.Index], v)
		return list, ok
	}
	m, ok := at.(map[string]any)
	if at == nil {
		m, ok = map[string]any{}, true
	}
	if !ok {
		return nil, false
	}
	m = maps.Clone(m)
	if m == nil {
		m = map[string]any{}
	}
	m[s.Name], ok = placeAt(segments[1:], m[s.Name], v)
	return m, ok
}

// quoted is a value as AWS shows it in causes.
func quoted(v any) string { return strings.TrimSpace(Encode(v)) }
