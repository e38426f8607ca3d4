package ui

import (
	"fmt"
	"strings"
)

// Step is one step of a rollout's plan, and how far it has come.
type Step struct {
	Mark Mark    // what it is doing, or has come to
	Text string  // like "10% for 15m"
	Note string  // like "5m16s of 15m", or empty
	Done float64 // 0 to 1
}

// shownSteps is how many steps a picture shows, around the one that has come furthest.
const shownSteps = 5

// picture is a bar for each step with its words beside it, drawn on terminals only: a
// pipe has the words elsewhere. Of a long plan it shows the steps around the current
// one, and counts the others.
func (t *text) picture(steps []Step, bar int) (lines []string) {
	filled, empty, dots := "█", "░", "…"
	if t.screen.ASCII {
		filled, empty, dots = "#", ".", "~"
	}
	current := 0
	for i, s := range steps {
		if s.Done > 0 {
			current = i
		}
	}
	from := max(0, min(current-1, len(steps)-shownSteps))
	to := min(len(steps), from+shownSteps)
	rest := func(n int, where string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("  %s  %s %d more %s", pad("", 8), dots, n, where))
		}
	}
	rest(from, "before")
	for i, s := range steps[from:to] {
		done := part(s.Done, bar)
		line := t.paint(s.Mark.Tone, strings.Repeat(filled, done)) + t.paint(Quiet, strings.Repeat(empty, bar-done))
		glyph := s.Mark.Glyph
		if t.screen.ASCII {
			glyph = s.Mark.ASCII
		}
		words := clean(s.Text)
		if s.Note != "" {
			words += ", " + clean(s.Note)
		}
		lines = append(lines, "  "+pad(fmt.Sprintf("step %d", from+i+1), 8)+"  "+line+"  "+t.paint(s.Mark.Tone, glyph)+" "+words)
	}
	rest(len(steps)-to, "after")
	return lines
}
