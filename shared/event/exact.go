package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// exact is text that must not change on its way. Where a JSON string has bytes that are
// no UTF-8, or half of a pair of surrogates, encoding/json reads U+FFFD: a key with that
// in it would be another object's.
type exact string

func (x *exact) UnmarshalJSON(raw []byte) error {
	if !utf8.Valid(raw) || halved(raw) {
		return fmt.Errorf("%q is no text that UTF-8 can spell", raw)
	}
	return json.Unmarshal(raw, (*string)(x))
}

// halved reports whether a JSON string, which is well formed, escapes half of a pair of
// surrogates without the other half.
func halved(raw []byte) bool {
	for {
		_, rest, found := bytes.Cut(raw, []byte(`\`))
		if !found {
			return false
		}
		raw = rest[1:] // what is escaped may be a backslash
		first := escaped(rest)
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, found := bytes.CutPrefix(rest[5:], []byte(`\`))
		if !found || utf16.DecodeRune(first, escaped(second)) == utf8.RuneError {
			return true
		}
		raw = second[5:]
	}
}

// escaped is the character of uXXXX, with which raw begins; 0 if it begins with something
// else.
func escaped(raw []byte) rune {
	if raw[0] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(raw[1:5]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}
