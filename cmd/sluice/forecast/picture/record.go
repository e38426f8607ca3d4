package picture

import (
	"fmt"
	"math"
	"strconv"

	"sluice/cmd/sluice/forecast"
)

// columns is how many columns a long record is drawn in.
const columns = 318

// Record draws a backtest: how the baseline failed, and below it how likely a candidate
// as good as it would have been rolled back, by the moment of its beginning. The lines
// of text below the title are the caller's.
func Record(b forecast.Backtest, title string, below ...string) string {
	d := &drawing{}
	top := d.head(title, below...)
	d.height = top + 450
	failing := &panel{drawing: d, top: top, bottom: top + 170, x1: float64(b.Minutes)}
	back := &panel{drawing: d, top: top + 240, bottom: top + 390, x1: float64(b.Minutes)}
	values, word := timeTicks(b.Start, float64(b.Minutes))

	rate := func(at int) float64 {
		if m := b.Each[at]; m.Requests > 0 {
			return float64(m.Failed) / float64(m.Requests)
		}
		return math.NaN()
	}
	mean, worst := buckets(b.Minutes, rate, average), buckets(b.Minutes, rate, peak)
	failing.y1 = niceTop(peak(worst))
	words := "Failed by the baseline in each minute, share of requests"
	if b.Minutes > columns {
		words = fmt.Sprintf("Failed by the baseline, share of requests: mean of %d minutes (line) and the worst of them", int(math.Ceil(float64(b.Minutes)/columns)))
	}
	failing.yAxis(words, ticks(0, failing.y1, 4), percent)
	spells(failing, b)
	failing.fill("worst", worst)
	failing.path("line c0 k0", failing.steps(mean))
	failing.xAxis("", values, word)

	chance := buckets(b.Minutes, func(at int) float64 {
		if i := at - b.First; i >= 0 && i < len(b.Back) {
			return b.Back[i]
		}
		return math.NaN()
	}, average)
	back.y1 = niceTop(max(peak(chance), 2*b.Rules.Config.Alpha))
	back.yAxis("Rolled back although as good, share of the rollouts that began then", ticks(0, back.y1, 4), percent)
	spells(back, b)
	back.path("line c0 k0", back.steps(chance))
	limit := b.Rules.Config.Alpha
	back.line("limit", left, back.y(limit), right, back.y(limit))
	back.text(right, back.y(limit)-6, "alarm", "end", "promised: at most "+percent(limit))
	back.xAxis("UTC", values, word)
	d.spellList(b, top)
	return d.finish(title, "Above, the share of requests that the baseline failed over time; below, by the minute at which a rollout would have begun, the share of equally good candidates that would have been rolled back. Shaded and numbered: the minutes that made the judge suspicious.")
}

// spells marks the suspicious minutes, the worst with 1.
func spells(p *panel, b forecast.Backtest) {
	var taken []rect
	for i, s := range b.Spells {
		from := s.From.Sub(b.Start).Minutes()
		x1, x2 := p.x(from), p.x(from+float64(s.Minutes))
		p.box("spell", x1-1, p.top, max(x2, x1+1)+1, p.bottom)
		words := strconv.Itoa(i + 1)
		at := badgeAt(point{(x1 + x2) / 2, p.top - 9}, words)
		free := true
		for _, t := range taken {
			free = free && !at.meets(t)
		}
		if free {
			taken = append(taken, at)
			p.badge(at, "c1", words)
		}
	}
}

// spellList names the suspicious minutes beside the plots.
func (d *drawing) spellList(b forecast.Backtest, top float64) {
	d.text(legend, top-30, "strong", "start", "Minutes that made the judge suspicious")
	y := top + 6
	if len(b.Spells) == 0 {
		d.text(legend, y, "soft", "start", "none")
	}
	for i, s := range b.Spells {
		if y > d.height-40 {
			break
		}
		d.badge(badgeAt(point{legend + 10, y - 4}, strconv.Itoa(i+1)), "c1", strconv.Itoa(i+1))
		d.text(legend+30, y, "", "start", fmt.Sprintf("%s, %d min", s.From.Format("Jan 2 15:04"), s.Minutes))
		d.text(legend+30, y+16, "small", "start", fmt.Sprintf("failed %s (usually %s), rolled back %d, held %d min", figures(float64(s.Failed)/float64(max(s.Requests, 1))), figures(s.Usual), s.RolledBack, s.Held))
		y += 42
	}
}

// buckets sums a record's minutes up in at most so many columns as the plot has room
// for; NaN where nothing is known.
func buckets(minutes int, value func(at int) float64, sum func(known []float64) float64) []float64 {
	n := min(columns, minutes)
	all := make([]float64, n)
	for i := range all {
		var known []float64
		for at := i * minutes / n; at < (i+1)*minutes/n; at++ {
			if v := value(at); !math.IsNaN(v) {
				known = append(known, v)
			}
		}
		if all[i] = math.NaN(); len(known) > 0 {
			all[i] = sum(known)
		}
	}
	return all
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// peak is the largest of values that are known; 0 for none.
func peak(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		if v > most {
			most = v
		}
	}
	return most
}

// niceTop is a round end for an axis of shares that must hold most.
func niceTop(most float64) float64 {
	for _, top := range []float64{1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, .001, .002, .005, .01, .02, .05, .1, .2, .5} {
		if most <= top {
			return top
		}
	}
	return 1
}

// steps are the points of a line that keeps each column's value for its width.
func (p *panel) steps(values []float64) []point {
	wide := (p.x1 - p.x0) / float64(len(values))
	var all []point
	for i, v := range values {
		x := p.x0 + float64(i)*wide
		all = append(all, p.at(x, v), p.at(x+wide, v))
	}
	return all
}

// fill draws columns from the axis up.
func (p *panel) fill(class string, values []float64) {
	wide := (p.x1 - p.x0) / float64(len(values))
	for i, v := range values {
		if x := p.x0 + float64(i)*wide; v > p.y0 {
			p.box(class, p.x(x), p.y(v), p.x(x+wide), p.bottom)
		}
	}
}
