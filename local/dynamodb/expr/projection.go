package expr

import (
	"maps"
	"slices"
)

// Projection is a ProjectionExpression: the places of an item that are asked for.
type Projection struct {
	root  *pick
	heads map[string]bool
	deep  map[string]bool
}

// pick is a tree of paths. A node without branches takes everything.
type pick struct {
	names   map[string]*pick
	indexes map[int]*pick
}

func pickPaths(paths []path) *pick {
	root := &pick{}
	for _, s := range paths {
		at := root
		for _, x := range s {
			at = at.branch(x)
		}
	}
	return root
}

func (n *pick) branch(x step) *pick {
	if x.index >= 0 {
		if n.indexes == nil {
			n.indexes = map[int]*pick{}
		}
		if n.indexes[x.index] == nil {
			n.indexes[x.index] = &pick{}
		}
		return n.indexes[x.index]
	}
	if n.names == nil {
		n.names = map[string]*pick{}
	}
	if n.names[x.name] == nil {
		n.names[x.name] = &pick{}
	}
	return n.names[x.name]
}

// ParseProjection reads a ProjectionExpression. Errors: ValidationException.
func ParseProjection(text string, given *Placeholders) (*Projection, error) {
	p, err := newParser(ProjectionExpression, text, given)
	if err != nil {
		return nil, err
	}
	const rankReserved, rankName, rankOverlap, rankConflict = 0, 1, 2, 3
	paths := []path{p.path(pathRanks{rankReserved, rankName})}
	for p.accept(",") {
		paths = append(paths, p.path(pathRanks{rankReserved, rankName}))
	}
	p.distinct(paths, rankOverlap, rankConflict)
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &Projection{pickPaths(paths), p.heads, p.nested}, nil
}

// Names are the top-level attributes that the projection touches, sorted; none for a
// nil Projection, which takes everything.
func (p *Projection) Names() []string {
	if p == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(p.heads))
}

// Mentions reports whether the projection names this attribute, and whether it looks
// inside it.
func (p *Projection) Mentions(name string) (at, inside bool) {
	if p == nil {
		return false, false
	}
	return p.heads[name], p.deep[name]
}

// Apply is the part of item that was asked for. List elements move up; places that
// do not exist are left out. A nil Projection takes everything.
func (p *Projection) Apply(item Item) Item {
	if p == nil || item == nil {
		return item
	}
	return p.root.item(item)
}

func (n *pick) item(item Item) Item {
	v, ok := n.from(Map(item))
	if !ok {
		return Item{}
	}
	return v.Map
}

func (n *pick) from(v Value) (Value, bool) {
	switch {
	case n.names != nil && v.Kind == M:
		out := make(map[string]Value, len(n.names))
		for name, child := range n.names {
			if x, ok := v.Map[name]; ok {
				if x, ok = child.from(x); ok {
					out[name] = x
				}
			}
		}
		return Map(out), len(out) > 0
	case n.indexes != nil && v.Kind == L:
		var out []Value
		for _, i := range slices.Sorted(maps.Keys(n.indexes)) {
			if i < len(v.List) {
				if x, ok := n.indexes[i].from(v.List[i]); ok {
					out = append(out, x)
				}
			}
		}
		return List(out...), len(out) > 0
	}
	return v, n.names == nil && n.indexes == nil
}
