package pattern

import "strings"

// ignoreCase is {"equals-ignore-case": "s"}: a string that is equal but for case.
type ignoreCase string

func (s ignoreCase) match(v value) bool {
	return v.kind == stringKind && strings.EqualFold(string(s), v.text)
}

func parseIgnoreCase(r *reader) (test, error) {
	s, err := r.oneString("equals-ignore-case match pattern must be a string")
	return ignoreCase(s), err
}

// ignoringCase reads the object form of prefix and suffix: {"equals-ignore-case": "s"}.
func (r *reader) ignoringCase(what string) (string, error) {
	if err := r.next(); err != nil {
		return "", err
	}
	name, ok := r.token.(string)
	if !ok {
		return "", r.fail(what + " expression name not found")
	}
	if name != "equals-ignore-case" {
		return "", r.fail("Unsupported " + strings.ToLower(what) + " pattern: " + name)
	}
	s, err := r.oneString("equals-ignore-case match pattern must be a string")
	if err != nil {
		return "", err
	}
	return s, r.close()
}
