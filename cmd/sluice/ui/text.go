package ui

import (
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// text is the Printer for people: on a terminal, and plainly in a pipe.
type text struct {
	out, err  io.Writer
	screen    Screen // of out
	errScreen Screen
	failed    error
	date      string // of the last row
	frame     string // the live area on the terminal, "" for none
	lastLive  string // the last live line in a pipe
}

// Stream is one of the two outputs, with what it can show.
type Stream struct {
	io.Writer
	Screen Screen
}

// NewText prints for people, on standard output and standard error.
func NewText(out, err Stream) Printer {
	return &text{out: out.Writer, err: err.Writer, screen: out.Screen, errScreen: err.Screen}
}

func (t *text) Close() error {
	t.EndLive()
	return t.failed
}

// write sends a whole piece of output at once, so that a terminal never shows
// half a frame.
func (t *text) write(to io.Writer, piece string) {
	if t.failed == nil && piece != "" {
		_, t.failed = io.WriteString(to, piece)
	}
}

// above prints lines above the live area, which is taken away and drawn again.
func (t *text) above(lines ...string) {
	piece := ""
	for _, line := range lines {
		piece += strings.TrimRight(line, " ") + "\n"
	}
	t.write(t.out, t.erase()+piece+t.frame)
}

// aside prints lines on standard error. If that is a terminal, it is taken to be
// the one that shows the live area.
func (t *text) aside(lines ...string) {
	if !t.errScreen.Terminal {
		t.write(t.err, strings.Join(lines, "\n")+"\n")
		return
	}
	t.write(t.out, t.erase())
	t.write(t.err, strings.Join(lines, "\n")+"\n")
	t.write(t.out, t.frame)
}

// tones are the sixteen colours that every terminal's theme defines.
var tones = map[Tone]lipgloss.Style{
	Quiet: lipgloss.NewStyle().Faint(true),
	Good:  lipgloss.NewStyle().Foreground(lipgloss.Green),
	Care:  lipgloss.NewStyle().Foreground(lipgloss.Yellow),
	Bad:   lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true),
}

func (t *text) paint(tone Tone, words string) string { return t.screen.paint(tone, words) }

func (s Screen) paint(tone Tone, words string) string {
	style, styled := tones[tone]
	if !s.Colour || !s.Terminal || !styled || words == "" {
		return words
	}
	return style.Render(words)
}

func (t *text) bold(words string) string {
	if !t.screen.Colour || !t.screen.Terminal || words == "" {
		return words
	}
	return lipgloss.NewStyle().Bold(true).Render(words)
}

// mark is a mark with its word filled to the width of a column.
func (t *text) mark(m Mark) string {
	return t.paint(m.Tone, pad(m.text(t.screen.ASCII), wordWidth+2))
}

const elapsedWidth = 7

func (t *text) subjectWidth() int {
	if width := t.screen.width(); width > 0 && width < 100 {
		return 16
	}
	return 24
}

// Row prints time, elapsed, mark, subject and text. A pipe gets one line; a
// terminal wraps the text in its own column, or below the row where that would be
// too narrow.
func (t *text) Row(r Row) {
	at := r.Time.UTC()
	var lines []string
	if date := at.Format(dateFormat); date != t.date {
		lines, t.date = append(lines, t.paint(Quiet, date)), date
	}
	subject := clean(r.Subject)
	if t.screen.Terminal {
		subject = t.cut(subject, t.subjectWidth())
	}
	head := t.paint(Quiet, at.Format(clockFormat)+"  "+padLeft(Elapsed(r.Elapsed), elapsedWidth)) +
		"  " + t.mark(r.Mark) + "  " + t.bold(pad(subject, t.subjectWidth()))
	words, indent := clean(r.Text), ansi.StringWidth(head)+2
	width := t.screen.width()
	switch {
	case width == 0 || indent+ansi.StringWidth(words) <= width:
		lines = append(lines, head+"  "+words)
	case width-indent >= 24:
		for i, part := range wrap(words, width-indent) {
			if i > 0 {
				head = strings.Repeat(" ", indent-2)
			}
			lines = append(lines, head+"  "+part)
		}
	default:
		lines = append(lines, t.cut(strings.TrimRight(head, " "), width))
		for _, part := range wrap(words, width-4) {
			lines = append(lines, "    "+part)
		}
	}
	t.above(lines...)
}

// Problem prints where, the word error or warning, the text, and below it the fix.
func (t *text) Problem(p Problem) {
	tone, word := p.kind()
	where := ""
	if p.Where != "" {
		where = clean(p.Where) + ": "
	}
	lines := []string{where + t.errScreen.paint(tone, word+": ") + clean(p.Text)}
	if p.Fix != "" {
		lines = append(lines, "  "+clean(p.Fix))
	}
	t.aside(lines...)
}

// kind is the word that says how bad a problem is, and its tone.
func (p Problem) kind() (Tone, string) {
	switch {
	case p.Mark.Word != "":
		return p.Mark.Tone, p.Mark.Word
	case p.Warning:
		return Care, "warning"
	}
	return Bad, "error"
}

func (t *text) Note(words string) { t.aside(clean(words)) }
