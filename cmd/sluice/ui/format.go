package ui

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

const (
	clockFormat = "15:04:05"
	dateFormat  = "Mon 2006-01-02 UTC"
)

// Elapsed writes a duration as the timeline does, the two largest units of it:
// +12s, +3m05s, +1h05m, +2d03h.
func Elapsed(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	seconds := int(d / time.Second)
	switch {
	case seconds < 60:
		return fmt.Sprintf("%s%ds", sign, seconds)
	case seconds < 3600:
		return fmt.Sprintf("%s%dm%02ds", sign, seconds/60, seconds%60)
	case seconds < 86400:
		return fmt.Sprintf("%s%dh%02dm", sign, seconds/3600, seconds/60%60)
	}
	return fmt.Sprintf("%s%dd%02dh", sign, seconds/86400, seconds/3600%24)
}

// clean makes text from outside harmless: escape sequences go, and so does every
// character that a terminal would act on, line breaks included.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, ansi.Strip(text))
}

// pad fills text to a number of columns; longer text stays as it is.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(columns-ansi.StringWidth(text), 0))
}

// padLeft is pad for numbers.
func padLeft(text string, columns int) string {
	return strings.Repeat(" ", max(columns-ansi.StringWidth(text), 0)) + text
}

// cut shortens text to a number of columns, if there is a limit.
func (t *text) cut(line string, columns int) string {
	if columns <= 0 {
		return line
	}
	tail := "…"
	if t.screen.ASCII {
		tail = "~"
	}
	return ansi.Truncate(line, columns, tail)
}

// bind keeps together what would be broken: names are full of hyphens, and a name in
// two halves is neither found nor copied; a number wants its percent sign.
var (
	bind   = strings.NewReplacer("-", "\ue000", " %", "\ue001%")
	unbind = strings.NewReplacer("\ue000", "-", "\ue001", " ")
)

// wrap breaks text into lines of at most columns, if there is a limit.
func wrap(text string, columns int) []string {
	if columns <= 0 {
		return []string{text}
	}
	lines := strings.Split(ansi.Wrap(bind.Replace(text), columns, ""), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(unbind.Replace(lines[i]), " ")
	}
	return lines
}
