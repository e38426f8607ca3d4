// Package picture draws what forecast found, as one self-contained SVG: no script, no
// font and nothing else from outside, readable on light and on dark ground and without
// colours. Rollbacks draws a simulation, Record a backtest, Evidence a replay; Page puts
// a drawing and its tables into an HTML page.
//
// It computes nothing that the tables do not say; the commands simulate and backtest
// write what it returns into files.
package picture

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	width  = 1130.0
	left   = 64.0  // of the plots
	right  = 700.0 // of the plots; the legend is beyond
	legend = 726.0
)

// drawing is an SVG that is being written.
type drawing struct {
	strings.Builder
	height float64
}

// finish wraps up what was drawn. The title and the description are what a screen
// reader says.
func (d *drawing) finish(title, description string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="t d" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13">`,
		f(width), f(d.height), f(width), f(d.height)) + "\n" +
		"<title id=\"t\">" + html.EscapeString(title) + "</title>\n<desc id=\"d\">" + html.EscapeString(description) + "</desc>\n" +
		"<style>" + style + "</style>\n" +
		fmt.Sprintf(`<rect class="ground" width="%s" height="%s"/>`, f(width), f(d.height)) + "\n" +
		d.String() + "</svg>\n"
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

// text writes words; anchor is start, middle or end.
func (d *drawing) text(x, y float64, class, anchor, words string) {
	d.add(`<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, class, f(x), f(y), anchor, html.EscapeString(words))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	d.add(`<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, f(x1), f(y1), f(x2), f(y2))
}

func (d *drawing) box(class string, x1, y1, x2, y2 float64) {
	d.add(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class, f(x1), f(y1), f(max(x2-x1, 0)), f(max(y2-y1, 0)))
}

// rect is a part of a drawing.
type rect struct{ x1, y1, x2, y2 float64 }

func (r rect) meets(o rect) bool { return r.x1 < o.x2 && o.x1 < r.x2 && r.y1 < o.y2 && o.y1 < r.y2 }

// badgeAt is the room that a badge with these words takes around a point. How wide a
// font is, nobody knows before it is shown: this is on the wide side.
func badgeAt(at point, words string) rect {
	half := 7 + 3.6*float64(utf8.RuneCountInString(words))
	return rect{at.x - half, at.y - 10, at.x + half, at.y + 10}
}

// badge writes words onto a line.
func (d *drawing) badge(r rect, stroke, words string) {
	d.add(`<rect class="badge %s" x="%s" y="%s" width="%s" height="%s" rx="9"/>`, stroke, f(r.x1), f(r.y1), f(r.x2-r.x1), f(r.y2-r.y1))
	d.text((r.x1+r.x2)/2, r.y2-6, "sign", "middle", words)
}

// head writes title and lines below it, and returns where the plots may begin.
func (d *drawing) head(title string, below ...string) float64 {
	d.text(left-44, 34, "title", "start", title)
	y := 34.0
	for _, words := range below {
		y += 20
		d.text(left-44, y, "soft", "start", words)
	}
	return y + 58
}

// point is a place in a drawing.
type point struct{ x, y float64 }

// path draws a line through points.
func (d *drawing) path(class string, points []point) {
	if len(points) == 0 {
		return
	}
	var b strings.Builder
	for i, p := range points {
		letter := "L"
		if i == 0 || math.IsNaN(points[i-1].y) {
			letter = "M"
		}
		if !math.IsNaN(p.y) {
			b.WriteString(letter + f(p.x) + " " + f(p.y))
		}
	}
	d.add(`<path class="%s" d="%s"/>`, class, b.String())
}

// f writes a coordinate, to a tenth.
func f(x float64) string { return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64) }

// wrapped breaks words into lines of about so many letters.
func wrapped(words string, letters int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(words) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > letters {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
