package logs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// pattern decides whether a line is searched for.
type pattern func(line string) bool

// maxPattern bounds a filter pattern, in characters.
const maxPattern = 1024

var (
	jsonPattern = regexp.MustCompile(`^\{\s*\$((?:\.[A-Za-z_][\w-]*)+)\s*(!?=)\s*("(?:[^"\\]|\\.)*"|[^\s"&|()]+)\s*\}$`)
	wordPattern = regexp.MustCompile(`^\s*(?:([?-]?)("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.:/@#*=+,;-]+))`)
)

// parsePattern reads a filter pattern: words and "quoted terms" that a line must
// have, ?term for any of several, -term for none, and { $.member = value } for JSON.
// The other forms of AWS are refused by name.
func parsePattern(s string) (pattern, error) {
	s = strings.TrimSpace(s)
	switch {
	case len(s) > maxPattern:
		return nil, fmt.Errorf("a filter pattern has at most %d characters", maxPattern)
	case s == "":
		return func(string) bool { return true }, nil
	case s[0] == '{':
		return parseJSONPattern(s)
	case s[0] == '[' || s[0] == '%':
		return nil, fmt.Errorf("local AWS does not implement space-delimited and regular expression filter patterns")
	}
	var all, any, none []string
	for s != "" {
		m := wordPattern.FindStringSubmatch(s)
		if m == nil {
			return nil, fmt.Errorf("unexpected %q in the filter pattern; put terms with special characters in quotes", s[:1])
		}
		s = strings.TrimSpace(s[len(m[0]):])
		term := m[2]
		if term[0] == '"' {
			term = unquote(term)
		}
		switch m[1] {
		case "?":
			any = append(any, term)
		case "-":
			none = append(none, term)
		default:
			all = append(all, term)
		}
	}
	return func(line string) bool {
		return hasAll(line, all) && (len(any) == 0 || hasAny(line, any)) && !hasAny(line, none)
	}, nil
}

func hasAll(line string, terms []string) bool {
	for _, t := range terms {
		if !strings.Contains(line, t) {
			return false
		}
	}
	return true
}

func hasAny(line string, terms []string) bool {
	for _, t := range terms {
		if strings.Contains(line, t) {
			return true
		}
	}
	return false
}

func unquote(s string) string {
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
}

func parseJSONPattern(s string) (pattern, error) {
	m := jsonPattern.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("local AWS implements JSON filter patterns of the form { $.member = value } or != only, not %s", s)
	}
	path, equal, want := strings.Split(m[1][1:], "."), m[2] == "=", m[3]
	quoted := want[0] == '"'
	if quoted {
		want = unquote(want)
	}
	if strings.Contains(want, "*") {
		return nil, fmt.Errorf("local AWS does not implement wildcards in JSON filter patterns")
	}
	return func(line string) bool {
		var v any
		if json.Unmarshal([]byte(line), &v) != nil {
			return false
		}
		for _, name := range path {
			object, ok := v.(map[string]any)
			if !ok {
				return false
			}
			if v, ok = object[name]; !ok {
				return false
			}
		}
		return sameJSON(v, want, quoted) == equal
	}, nil
}

// sameJSON compares a value with the text of a pattern: strings with strings, and
// numbers by their size where the text is a bare number.
func sameJSON(v any, want string, quoted bool) bool {
	switch v := v.(type) {
	case string:
		return v == want
	case float64:
		n, err := strconv.ParseFloat(want, 64)
		return !quoted && err == nil && n == v
	}
	return false
}
