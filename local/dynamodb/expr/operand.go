package expr

import (
	"strconv"
	"unicode/utf8"
)

// operand is what conditions compare: a path, a value, or the size of one.
type operand interface {
	// read is the value in this item, if there is one.
	read(item Item) (Value, bool)
	// kind is what the operand is known to be before any item is seen, or None.
	kind() Kind
}

func (s path) read(item Item) (Value, bool) { return s.find(item) }
func (s path) kind() Kind                   { return None }

// literal is a :value.
type literal struct{ Value }

func (l literal) read(Item) (Value, bool) { return l.Value, true }
func (l literal) kind() Kind              { return l.Kind }

// sizeOf is size(operand).
type sizeOf struct{ of operand }

func (s sizeOf) kind() Kind { return N }

// read counts characters of strings, bytes of binaries, members of the rest. Other
// kinds have no size.
func (s sizeOf) read(item Item) (Value, bool) {
	v, ok := s.of.read(item)
	n := 0
	switch {
	case !ok:
		return Value{}, false
	case v.Kind == S:
		n = utf8.RuneCountInString(v.Text)
	case v.Kind == B:
		n = len(v.Text)
	case v.Kind == M:
		n = len(v.Map)
	case v.Kind == L || v.Kind == SS || v.Kind == NS || v.Kind == BS:
		n = len(v.List)
	default:
		return Value{}, false
	}
	num, _ := parseNumber(strconv.Itoa(n))
	return Value{Kind: N, Num: num}, true
}
