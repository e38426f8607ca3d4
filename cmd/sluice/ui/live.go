package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	shownLooks = 5
	barWidth   = 40
)

// Live draws the state of a rollout over the last one. In a pipe it is a row,
// printed only when something a reader would call news has changed: what it does,
// the weights, or the latest look.
func (t *text) Live(l Live) {
	if !t.screen.Terminal {
		line := fmt.Sprintf("%d%% %s, %d%% %s", l.Baseline.Weight, l.Baseline.Name, l.Candidate.Weight, l.Candidate.Name)
		if n := len(l.Looks); n > 0 {
			line += "; " + l.Looks[n-1].Mark.Word + ": " + l.Looks[n-1].Text
		}
		// The step's clock is no news: it would make every frame a line.
		if news := l.Mark.Word + "\n" + l.Subject + "\n" + line; news != t.lastLive {
			t.lastLive = news
			if l.Step != "" {
				line = "step " + l.Step + "; " + line
			}
			t.Row(Row{Time: l.Time, Elapsed: l.Elapsed, Mark: l.Mark, Subject: l.Subject, Text: line})
		}
		return
	}
	frame := t.draw(l)
	if frame == t.frame {
		return
	}
	erase := t.erase()
	t.frame = frame
	t.write(t.out, erase+frame)
}

func (t *text) EndLive() {
	t.write(t.out, t.erase())
	t.frame, t.lastLive = "", ""
}

// erase moves to the first line of the live area and clears from there. No line of
// it ever wraps, so that its lines are the terminal's.
func (t *text) erase() string {
	if t.frame == "" {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", strings.Count(t.frame, "\n"))
}

// draw is the live area: a line of state, the weights, the evidence, the looks.
func (t *text) draw(l Live) string {
	width := t.screen.width()
	bar := min(barWidth, max(width-46, 10)) // 46 columns for the words beside it
	head := l.Time.UTC().Format(clockFormat) + "  " + Elapsed(l.Elapsed) + "  " + t.paint(l.Mark.Tone, l.Mark.text(t.screen.ASCII)) + "  " + t.bold(clean(l.Subject))
	if l.Step != "" {
		head += "  step " + clean(l.Step)
	}
	lines := []string{
		"",
		head,
		"  traffic   " + t.weights(l, bar) + fmt.Sprintf("  %d%% %s, %d%% %s", l.Baseline.Weight, clean(l.Baseline.Name), l.Candidate.Weight, clean(l.Candidate.Name)),
	}
	// A terminal cannot go back above its first line: the area must fit.
	if steps := t.picture(l.Steps, bar); len(lines)+len(steps)+3 <= t.screen.height() {
		lines = append(lines, steps...)
	}
	if l.Evidence.Limit > 0 {
		lines = append(lines, "  evidence  "+t.meter(l.Evidence, bar)+"  "+l.Evidence.text())
	}
	room := min(shownLooks, t.screen.height()-len(lines)-1)
	for _, look := range l.Looks[max(len(l.Looks)-max(room, 0), 0):] {
		lines = append(lines, "  "+t.paint(Quiet, look.Time.UTC().Format(clockFormat))+"  "+t.mark(look.Mark)+"  "+clean(look.Text))
	}
	var frame strings.Builder
	for _, line := range lines {
		frame.WriteString(strings.TrimRight(t.cut(line, width-1), " ") + "\n")
	}
	return frame.String()
}

// weights is a bar in which baseline and candidate are told apart by their glyphs.
// A share that is not 0 is seen, however small.
func (t *text) weights(l Live, columns int) string {
	filled, empty := "█", "░"
	if t.screen.ASCII {
		filled, empty = "#", "."
	}
	candidate := part(float64(l.Candidate.Weight)/100, columns)
	return t.paint(Plain, strings.Repeat(empty, columns-candidate)) + t.paint(Good, strings.Repeat(filled, candidate))
}

// meter fills on a logarithmic scale: evidence multiplies, and grows evenly so.
func (t *text) meter(e Evidence, columns int) string {
	filled, empty := "▮", "▯"
	if t.screen.ASCII {
		filled, empty = "#", "-"
	}
	tone := Quiet
	switch share := e.share(); {
	case share >= 1:
		tone = Bad
	case share >= 0.5:
		tone = Care
	}
	count := part(e.share(), columns)
	return t.paint(tone, strings.Repeat(filled, count)) + t.paint(Quiet, strings.Repeat(empty, columns-count))
}

// share is how far the evidence has come, 0 to 1: nothing at even odds.
func (e Evidence) share() float64 {
	if !(e.Wealth > 1) {
		return 0
	}
	if e.Wealth >= e.Limit || math.IsInf(e.Wealth, 1) {
		return 1
	}
	return math.Log(e.Wealth) / math.Log(e.Limit)
}

// text names the odds, and what happens at the limit.
func (e Evidence) text() string {
	wealth := "0"
	switch {
	case e.Wealth >= e.Limit:
		return fmt.Sprintf("%s:1 reached, rolls back", number(e.Limit))
	case e.Wealth > 0:
		wealth = number(e.Wealth)
	}
	return fmt.Sprintf("%s:1, rolls back at %s:1", wealth, number(e.Limit))
}

// number has two figures, which is what evidence is good for.
func number(f float64) string {
	if f >= 10 {
		return strconv.FormatFloat(math.Round(f), 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

// part is a share of a number of columns: all only for 1, none only for 0.
func part(share float64, columns int) int {
	switch {
	case !(share > 0):
		return 0
	case share >= 1:
		return columns
	}
	return min(max(int(math.Round(share*float64(columns))), 1), columns-1)
}
