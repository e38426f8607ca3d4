package expr

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Kind is the type of an attribute value. The zero Kind is no value at all.
type Kind uint8

// The kinds, in the order of the DynamoDB API reference.
const (
	None Kind = iota
	S
	N
	B
	SS
	NS
	BS
	M
	L
	NULL
	BOOL
)

var kindNames = [...]string{"", "S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"}

func (k Kind) String() string { return kindNames[k] }

// kindOf is the kind of this name, or None.
func kindOf(name string) Kind { return Kind(max(slices.Index(kindNames[:], name), 0)) }

// Value is one attribute value. Values are never changed once made: whoever changes
// an item makes new maps and lists on the way down, and shares the rest.
type Value struct {
	Kind Kind
	Text string           // S; B as raw bytes
	Num  Number           // N
	Bool bool             // BOOL
	List []Value          // L in order; SS, NS and BS sorted, without duplicates
	Map  map[string]Value // M

	problem string // what is wrong with a value read from JSON, in DynamoDB's words
}

// Item is one item, or a key, or any other map of attributes.
type Item = map[string]Value

// String is a string.
func String(s string) Value { return Value{Kind: S, Text: s} }

// Int is a number.
func Int(i int64) Value {
	var b [20]byte
	n, _ := parseNumber(string(appendInt(b[:0], i)))
	return Value{Kind: N, Num: n}
}

// Bytes is a binary value.
func Bytes(b []byte) Value { return Value{Kind: B, Text: string(b)} }

// Bool is a truth value.
func Bool(b bool) Value { return Value{Kind: BOOL, Bool: b} }

// List is a list.
func List(v ...Value) Value { return Value{Kind: L, List: v} }

// Map is a map.
func Map(m map[string]Value) Value { return Value{Kind: M, Map: m} }

// Set is a set of this kind, SS, NS or BS. Members that come twice are kept once.
func Set(kind Kind, members ...Value) Value {
	members = slices.Clone(members)
	slices.SortFunc(members, Value.order)
	return Value{Kind: kind, List: slices.CompactFunc(members, Value.Equal)}
}

// Equal reports whether two values are the same, of the same kind.
func (v Value) Equal(w Value) bool {
	if v.Kind != w.Kind {
		return false
	}
	switch v.Kind {
	case S, B:
		return v.Text == w.Text
	case N:
		return v.Num == w.Num
	case BOOL:
		return v.Bool == w.Bool
	case L, SS, NS, BS:
		return slices.EqualFunc(v.List, w.List, Value.Equal)
	case M:
		return maps.EqualFunc(v.Map, w.Map, Value.Equal)
	}
	return true
}

// ordered reports whether values of this kind can be compared with < and >.
func (k Kind) ordered() bool { return k == S || k == N || k == B }

// order compares two values of the same ordered kind.
func (v Value) order(w Value) int {
	if v.Kind == N {
		return v.Num.Compare(w.Num)
	}
	return cmp.Compare(v.Text, w.Text)
}

// Compare orders two scalars of one kind, as sort keys are ordered: numbers by value,
// strings and binaries by their bytes.
func (v Value) Compare(w Value) int { return v.order(w) }

// Order is a string that sorts, byte by byte, as values of v's kind do. Only S, N and
// B have an order.
func (v Value) Order() string {
	if v.Kind == N {
		return v.Num.order()
	}
	return v.Text
}

// Size is the length in bytes that counts towards the 400 KB of an item and towards
// capacity units. Source: developer guide, "DynamoDB item sizes and formats".
func (v Value) Size() int {
	switch v.Kind {
	case S, B:
		return len(v.Text)
	case N:
		return v.Num.size()
	case SS, NS, BS:
		n := 0
		for _, m := range v.List {
			n += m.Size()
		}
		return n
	case L:
		n := 3
		for _, m := range v.List {
			n += 1 + m.Size()
		}
		return n
	case M:
		return 3 + len(v.Map) + ItemSize(v.Map)
	}
	return 1
}

// ItemSize is the length of all names and values of an item, in bytes.
func ItemSize(item Item) int {
	n := 0
	for name, v := range item {
		n += len(name) + v.Size()
	}
	return n
}

// depth is how many documents are nested in v.
func (v Value) depth() int {
	d := 0
	for _, m := range v.Map {
		d = max(d, 1+m.depth())
	}
	if v.Kind == L {
		for _, m := range v.List {
			d = max(d, 1+m.depth())
		}
	}
	return d
}

// describe is the value as DynamoDB's error texts show it.
func (v Value) describe() string {
	text := v.Text
	switch v.Kind {
	case N:
		text = v.Num.String()
	case BOOL:
		text = "false"
		if v.Bool {
			text = "true"
		}
	case NULL:
		text = "true"
	case SS, NS, BS, L:
		parts := make([]string, len(v.List))
		for i, m := range v.List {
			parts[i] = m.describe()
		}
		text = "[" + strings.Join(parts, ", ") + "]"
	}
	return "{" + v.Kind.String() + ":" + text + "}"
}
