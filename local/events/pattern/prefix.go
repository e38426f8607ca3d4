package pattern

import "strings"

// prefix is {"prefix": "s"} or {"prefix": {"equals-ignore-case": "s"}}: how a
// string begins.
type prefix struct {
	text string
	fold bool
}

func (p prefix) match(v value) bool {
	if v.kind != stringKind {
		return false
	}
	if !p.fold {
		return strings.HasPrefix(v.text, p.text)
	}
	return foldedPrefix([]rune(v.text), []rune(p.text))
}

// foldedPrefix counts in characters: the other case of one may have another length.
func foldedPrefix(s, prefix []rune) bool {
	return len(s) >= len(prefix) && strings.EqualFold(string(s[:len(prefix)]), string(prefix))
}

func parsePrefix(r *reader) (test, error) {
	s, fold, err := r.stringOrFolded("Prefix", "prefix match pattern must be a string")
	return prefix{s, fold}, err
}

// stringOrFolded reads what prefix and suffix take.
func (r *reader) stringOrFolded(what, otherwise string) (s string, fold bool, err error) {
	if err := r.next(); err != nil {
		return "", false, err
	}
	if r.is('{') {
		s, err = r.ignoringCase(what)
		return s, true, err
	}
	s, ok := r.token.(string)
	if !ok {
		return "", false, r.fail(otherwise)
	}
	return s, false, r.close()
}
