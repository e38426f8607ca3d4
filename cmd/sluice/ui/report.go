package ui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// reportBar is the columns of a step's bar in a report.
const reportBar = 16

// Report prints a box on a terminal; in a pipe the same lines without one.
func (t *text) Report(r Report) {
	width := 0
	if t.screen.Terminal {
		width = t.screen.width() - 4 // borders and a space on each side
	}
	mark := r.Mark.text(t.screen.ASCII)
	indent := ansi.StringWidth(mark) + 2
	var lines []string
	for i, part := range wrap(clean(r.Title), max(width-indent, min(width, 20))) {
		if i == 0 {
			lines = append(lines, t.paint(r.Mark.Tone, mark)+"  "+t.bold(part))
		} else {
			lines = append(lines, strings.Repeat(" ", indent)+t.bold(part))
		}
	}
	names := 0
	for _, f := range r.Fields {
		names = max(names, ansi.StringWidth(clean(f.Name)))
	}
	if len(r.Fields) > 0 && t.screen.Terminal {
		lines = append(lines, "")
	}
	for _, f := range r.Fields {
		name := "  " + t.paint(Quiet, pad(clean(f.Name), names)) + "  "
		for i, part := range wrap(clean(f.Value), max(width-names-4, min(width, 12))) {
			if i > 0 {
				name = strings.Repeat(" ", names+4)
			}
			lines = append(lines, name+part)
		}
	}
	if len(r.Steps) > 0 && t.screen.Terminal {
		lines = append(append(lines, ""), t.picture(r.Steps, reportBar)...)
	}
	for _, paragraph := range r.Text {
		if t.screen.Terminal {
			lines = append(lines, "")
		}
		for _, part := range wrap(clean(paragraph), max(width-2, 0)) {
			lines = append(lines, "  "+part)
		}
	}
	if t.screen.Terminal {
		for i, line := range lines {
			lines[i] = t.cut(line, width)
		}
		lines = t.box(lines, r.Mark.Tone)
	}
	t.above(lines...)
}

// box draws a border around lines, no wider than they need.
func (t *text) box(lines []string, tone Tone) []string {
	border := lipgloss.RoundedBorder()
	if t.screen.ASCII {
		border = lipgloss.ASCIIBorder()
	}
	style := lipgloss.NewStyle().Border(border).Padding(0, 1)
	if colour, toned := tones[tone]; toned && t.screen.Colour {
		style = style.BorderForeground(colour.GetForeground())
	}
	// Without a width of its own lipgloss fills lines to the widest.
	columns := widest(lines)
	for i, line := range lines {
		lines[i] = pad(line, columns)
	}
	return strings.Split(style.Render(strings.Join(lines, "\n")), "\n")
}

// widest is the number of columns of the widest of some lines.
func widest(lines []string) (columns int) {
	for _, line := range lines {
		columns = max(columns, ansi.StringWidth(line))
	}
	return columns
}
