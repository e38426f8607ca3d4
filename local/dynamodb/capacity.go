package dynamodb

import "sluice/local/dynamodb/expr"

// usage is the request units of one call on one table. Source: developer guide,
// "DynamoDB on-demand capacity mode": a write is a unit for each KB, a strongly
// consistent read one for each 4 KB, an eventually consistent one half of that, and
// transactions cost twice. A write of an item costs in each index that holds it.
type usage struct {
	t       *table
	base    float64
	indexes []float64 // in the order of t.indexes; nil for none
}

func (u usage) total() float64 {
	sum := u.base
	for _, x := range u.indexes {
		sum += x
	}
	return sum
}

func (u usage) times(factor float64) usage {
	out := usage{t: u.t, base: u.base * factor}
	for _, x := range u.indexes {
		out.indexes = append(out.indexes, x*factor)
	}
	return out
}

func (u usage) plus(v usage) usage {
	out := usage{t: u.t, base: u.base + v.base, indexes: make([]float64, len(u.t.indexes))}
	for i := range out.indexes {
		if u.indexes != nil {
			out.indexes[i] += u.indexes[i]
		}
		if v.indexes != nil {
			out.indexes[i] += v.indexes[i]
		}
	}
	return out
}

func unitsOf(bytes, unit int) float64 { return float64(max((bytes+unit-1)/unit, 1)) }

func writeUnits(item Item) float64 { return unitsOf(expr.ItemSize(item), 1024) }

// readUnits is what reading this many bytes costs.
func readUnits(bytes int, consistent bool) float64 {
	u := unitsOf(bytes, 4096)
	if !consistent {
		u /= 2
	}
	return u
}

// writeUsage is what a write costs: the larger of both versions in the table; in an
// index nothing if what it holds stays the same, and two writes if the key changes.
func (t *table) writeUsage(before, after Item) usage {
	u := usage{t: t, base: max(writeUnits(before), writeUnits(after))}
	if len(t.indexes) == 0 {
		return u
	}
	u.indexes = make([]float64, len(t.indexes))
	for i, ix := range t.indexes {
		from, had := t.placeIn(ix, before)
		to, has := t.placeIn(ix, after)
		old, now := ix.project(before), ix.project(after)
		switch {
		case had && has && from == to:
			if !equalItems(old, now) {
				u.indexes[i] = max(writeUnits(old), writeUnits(now))
			}
		default:
			if had {
				u.indexes[i] += writeUnits(old)
			}
			if has {
				u.indexes[i] += writeUnits(now)
			}
		}
	}
	return u
}

// consumedCapacity is the ConsumedCapacity of an answer.
type consumedCapacity struct {
	TableName              string
	CapacityUnits          float64
	ReadCapacityUnits      float64             `json:",omitempty"`
	WriteCapacityUnits     float64             `json:",omitempty"`
	Table                  *capacity           `json:",omitempty"`
	GlobalSecondaryIndexes map[string]capacity `json:",omitempty"`
}

type capacity struct {
	CapacityUnits      float64
	ReadCapacityUnits  float64 `json:",omitempty"`
	WriteCapacityUnits float64 `json:",omitempty"`
}

// direction tells transactions, whose answers say which units were reads and which
// were writes, from other calls, whose answers do not.
type direction int

const (
	plain direction = iota
	transactRead
	transactWrite
)

func (d direction) capacity(units float64) capacity {
	c := capacity{CapacityUnits: units}
	switch d {
	case transactRead:
		c.ReadCapacityUnits = units
	case transactWrite:
		c.WriteCapacityUnits = units
	}
	return c
}

// report is u as ReturnConsumedCapacity asks for it: nil unless TOTAL or INDEXES.
func (u usage) report(mode string, d direction) *consumedCapacity {
	if mode != "TOTAL" && mode != "INDEXES" {
		return nil
	}
	c := d.capacity(u.total())
	out := &consumedCapacity{TableName: u.t.name, CapacityUnits: c.CapacityUnits, ReadCapacityUnits: c.ReadCapacityUnits, WriteCapacityUnits: c.WriteCapacityUnits}
	if mode == "INDEXES" {
		base := d.capacity(u.base)
		out.Table = &base
		for i, x := range u.indexes {
			if x > 0 {
				if out.GlobalSecondaryIndexes == nil {
					out.GlobalSecondaryIndexes = map[string]capacity{}
				}
				out.GlobalSecondaryIndexes[u.t.indexes[i].name] = d.capacity(x)
			}
		}
	}
	return out
}
