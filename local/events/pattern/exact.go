package pattern

import (
	"net/netip"
	"strings"
)

// exactString is a string that must be equal. Two spellings of one IP address are.
type exactString string

func (s exactString) match(v value) bool {
	if v.kind != stringKind {
		return false
	}
	if string(s) == v.text {
		return true
	}
	if !looksLikeIP(string(s)) || !looksLikeIP(v.text) {
		return false
	}
	a, errA := netip.ParseAddr(string(s))
	b, errB := netip.ParseAddr(v.text)
	return errA == nil && errB == nil && a == b
}

func looksLikeIP(s string) bool { return strings.Contains(s, ":") }

// parseExactly reads {"exactly": "s"}.
func parseExactly(r *reader) (test, error) {
	s, err := r.oneString("exact match pattern must be a string")
	return exactString(s), err
}

// number is a number that must be equal by value, or, out of range, by its text.
type number struct{ value }

func exactNumber(text string) test { return number{numberValue(text)} }

func (n number) match(v value) bool {
	return v.kind == numberKind && (n.text == v.text || n.ranged && v.ranged && n.number == v.number)
}

// exactLiteral is true, false or null.
type exactLiteral string

func (l exactLiteral) match(v value) bool { return v.kind == literalKind && string(l) == v.text }
