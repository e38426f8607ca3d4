package pattern

import "strings"

// suffix is {"suffix": "s"} or {"suffix": {"equals-ignore-case": "s"}}: how a
// string ends.
type suffix struct {
	text string
	fold bool
}

func (s suffix) match(v value) bool {
	if v.kind != stringKind {
		return false
	}
	if !s.fold {
		return strings.HasSuffix(v.text, s.text)
	}
	have, want := []rune(v.text), []rune(s.text)
	return len(have) >= len(want) && strings.EqualFold(string(have[len(have)-len(want):]), s.text)
}

func parseSuffix(r *reader) (test, error) {
	s, fold, err := r.stringOrFolded("Suffix", "suffix match pattern must be a string")
	return suffix{s, fold}, err
}
