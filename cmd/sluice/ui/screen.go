package ui

import (
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
)

// Screen is what the output can show. The zero Screen is a pipe.
type Screen struct {
	Terminal bool // redraw, wrap and cut
	Colour   bool
	ASCII    bool // no glyphs outside ASCII
	Width    int  // columns of a terminal
	Height   int  // lines of a terminal
}

const (
	minWidth     = 40
	maxWidth     = 160 // longer lines are hard to read
	defaultWidth = 80
	defaultLines = 24
)

// Detect asks the operating system what out is, and env (os.Getenv) what the
// user wants: NO_COLOR if it is not empty, TERM=dumb, and a locale without UTF-8.
func Detect(out *os.File, env func(string) string) Screen {
	if env("TERM") == "dumb" || !term.IsTerminal(out.Fd()) {
		return Screen{ASCII: !unicodeLocale(env)}
	}
	width, height, err := term.GetSize(out.Fd())
	if err != nil {
		width, height = 0, 0
	}
	return Screen{Terminal: true, Colour: env("NO_COLOR") == "", ASCII: !unicodeLocale(env), Width: width, Height: height}
}

// unicodeLocale follows the order in which the C library reads the locale. No
// locale at all is taken for UTF-8: a container says nothing, and its log can.
func unicodeLocale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToUpper(env(name)); value != "" {
			return strings.Contains(value, "UTF-8") || strings.Contains(value, "UTF8")
		}
	}
	return true
}

// width is the columns to fill, 0 for no limit.
func (s Screen) width() int {
	if !s.Terminal {
		return 0
	}
	if s.Width <= 0 {
		return defaultWidth
	}
	return min(max(s.Width, minWidth), maxWidth)
}

func (s Screen) height() int {
	if s.Height <= 0 {
		return defaultLines
	}
	return s.Height
}
