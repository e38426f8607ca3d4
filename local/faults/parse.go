package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// List is faults that are in force together. For each call the first that fails it
// decides.
type List []Fault

// String is the list as Parse reads it, in one line.
func (l List) String() string {
	texts := make([]string, len(l))
	for i, f := range l {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// Parse reads faults, one a line or with semicolons between them. Empty ones are
// passed over.
func Parse(text string) (List, error) {
	var all List
	for rest := text; rest != ""; {
		var one string
		one, rest = cut(rest)
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		f, err := parse(one)
		if err != nil {
			return nil, fmt.Errorf("fault %q: %w", one, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// cut splits text after the first fault, at a semicolon or line end outside quotes.
func cut(text string) (one, rest string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ';' || c == '\n'):
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// parse reads: service.operation ["resource"] (#n | p=x) [@from+for] effect [time].
func parse(text string) (f Fault, err error) {
	target, rest := word(text)
	var ok bool
	if f.Service, f.Operation, ok = strings.Cut(target, "."); !ok {
		return f, fmt.Errorf("begin with service.operation")
	}
	if strings.HasPrefix(rest, `"`) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return f, fmt.Errorf("the resource has no closing quote")
		}
		if f.Resource, err = strconv.Unquote(quoted); err != nil {
			return f, fmt.Errorf("resource %s: %w", quoted, err)
		}
		rest = strings.TrimSpace(rest[len(quoted):])
	}
	when, rest := word(rest)
	if n, ok := strings.CutPrefix(when, "#"); ok {
		if f.Nth, err = strconv.Atoi(n); err != nil || f.Nth < 1 {
			return f, fmt.Errorf("%q: a call is counted from #1", when)
		}
	} else if p, ok := strings.CutPrefix(when, "p="); ok {
		if f.Chance, err = strconv.ParseFloat(p, 64); err != nil {
			return f, fmt.Errorf("%q is no chance: write p=0.02", when)
		}
	} else {
		return f, fmt.Errorf("say when: #3 for the third call, or p=0.02 for a chance")
	}
	if strings.HasPrefix(rest, "@") {
		var window string
		window, rest = word(rest)
		if f.From, f.For, err = outage(window); err != nil {
			return f, err
		}
	}
	effect, rest := word(rest)
	f.Effect = Effect(effect)
	if rest != "" {
		if f.Delay, err = time.ParseDuration(rest); err != nil || f.Delay <= 0 {
			return f, fmt.Errorf("%q is no length of time: write 90s", rest)
		}
	}
	return f, f.check()
}

// outage reads @from+for.
func outage(text string) (from, long time.Duration, err error) {
	first, second, _ := strings.Cut(text[1:], "+")
	from, err = time.ParseDuration(first)
	if err == nil {
		long, err = time.ParseDuration(second)
	}
	if err != nil || from < 0 || long <= 0 {
		return 0, 0, fmt.Errorf("%q is no outage: write @2h+15m, from when and for how long", text)
	}
	return from, long, nil
}

// word splits off the first word.
func word(text string) (first, rest string) {
	text = strings.TrimSpace(text)
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:])
	}
	return text, ""
}
