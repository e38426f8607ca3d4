package pattern

import (
	"fmt"
	"strings"
)

// wildcard is {"wildcard": "a*b"}: * stands for any characters, \* and \\ for
// themselves. It holds the literal parts between the stars.
type wildcard []string

func (w wildcard) match(v value) bool {
	if v.kind != stringKind {
		return false
	}
	if len(w) == 1 {
		return v.text == w[0]
	}
	s, ok := strings.CutPrefix(v.text, w[0])
	if !ok {
		return false
	}
	last := w[len(w)-1]
	if s, ok = strings.CutSuffix(s, last); !ok {
		return false
	}
	for _, part := range w[1 : len(w)-1] {
		if _, s, ok = strings.Cut(s, part); !ok {
			return false
		}
	}
	return true
}

func parseWildcard(r *reader) (test, error) {
	if err := r.next(); err != nil {
		return nil, err
	}
	s, ok := r.token.(string)
	if !ok {
		return nil, r.fail("wildcard match pattern must be a string")
	}
	w, err := r.wildcard(s)
	if err != nil {
		return nil, err
	}
	return w, r.close()
}

// wildcard takes a wildcard's text apart. Positions in errors count from 0,
// in bytes, with the quote that opens the string.
func (r *reader) wildcard(text string) (wildcard, error) {
	r.read = true
	w := wildcard{""}
	last := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\':
			if i+1 == len(text) || text[i+1] != '*' && text[i+1] != '\\' {
				return nil, r.fail(fmt.Sprintf("Invalid escape character at pos %d", i+1))
			}
			i++
			w[last] += text[i : i+1]
		case c == '*' && i+1 < len(text) && text[i+1] == '*':
			return nil, r.fail(fmt.Sprintf("Consecutive wildcard characters at pos %d", i+1))
		case c == '*':
			w = append(w, "")
			last++
		default:
			w[last] += text[i : i+1]
		}
	}
	return w, nil
}
