package dynamodb

import (
	"slices"

	"sluice/local/dynamodb/expr"
)

// index is a global secondary index. Its rows are those of the table; what the index
// does not project is cut off when it is read.
type index struct {
	name       string
	key        schema
	projection Projection
	kept       map[string]bool // attributes that are projected; nil for all
	rows       collection
	throttle   *Throughput
}

func newIndex(name string, key schema, p Projection, table schema) *index {
	ix := &index{name: name, key: key, projection: p}
	if p.ProjectionType == "ALL" {
		return ix
	}
	ix.kept = map[string]bool{}
	for _, n := range slices.Concat(key.names(), table.names(), p.NonKeyAttributes) {
		ix.kept[n] = true
	}
	return ix
}

// project is what the index holds of an item.
func (ix *index) project(item Item) Item {
	if ix == nil || ix.kept == nil || item == nil {
		return item
	}
	out := make(Item, len(ix.kept))
	for name := range ix.kept {
		if v, ok := item[name]; ok {
			out[name] = v
		}
	}
	return out
}

// index is the index of this name.
func (t *table) index(name string) *index {
	i := slices.IndexFunc(t.indexes, func(ix *index) bool { return ix.name == name })
	if i < 0 {
		return nil
	}
	return t.indexes[i]
}

// equalItems reports whether two items are the same.
func equalItems(a, b Item) bool { return expr.Map(a).Equal(expr.Map(b)) }
