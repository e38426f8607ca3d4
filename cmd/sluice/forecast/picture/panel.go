package picture

import (
	"math"
	"strconv"
	"time"
)

// panel is one plot: a rectangle with scales.
type panel struct {
	*drawing
	top, bottom float64
	x0, x1      float64 // of the data
	y0, y1      float64
	log         bool // of y
}

func (p *panel) x(v float64) float64 {
	v = min(max(v, p.x0), p.x1)
	return left + (v-p.x0)/(p.x1-p.x0)*(right-left)
}

func (p *panel) y(v float64) float64 {
	low, high := p.y0, p.y1
	if math.IsNaN(v) {
		return v
	}
	v = min(max(v, low), high)
	if p.log {
		low, high, v = math.Log(low), math.Log(high), math.Log(v)
	}
	return p.bottom - (v-low)/(high-low)*(p.bottom-p.top)
}

func (p *panel) at(x, y float64) point { return point{p.x(x), p.y(y)} }

// ticks are round numbers from low to high, about as many as wanted.
func ticks(low, high float64, wanted int) []float64 {
	if !(high > low) {
		return []float64{low}
	}
	raw := (high - low) / float64(wanted)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if step*factor >= raw {
			step *= factor
			break
		}
	}
	var all []float64
	for i := math.Ceil(low / step); i*step <= high*(1+1e-9); i++ {
		all = append(all, i*step)
	}
	return all
}

// minuteTicks are ticks that suit minutes.
func minuteTicks(high float64) []float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080} {
		if high/step <= 13 {
			var all []float64
			for v := 0.0; v <= high; v += step {
				all = append(all, v)
			}
			return all
		}
	}
	return ticks(0, high, 8)
}

// yAxis draws lines across at values, and their words at the left.
func (p *panel) yAxis(title string, values []float64, word func(float64) string) {
	for _, v := range values {
		p.line("grid", left, p.y(v), right, p.y(v))
		p.text(left-8, p.y(v)+4, "small", "end", word(v))
	}
	p.text(left-44, p.top-30, "strong", "start", title)
}

// xAxis draws the axis below with ticks.
func (p *panel) xAxis(title string, values []float64, word func(float64) string) {
	p.line("axis", left, p.bottom, right, p.bottom)
	for _, v := range values {
		p.line("axis", p.x(v), p.bottom, p.x(v), p.bottom+5)
		p.text(p.x(v), p.bottom+19, "small", "middle", word(v))
	}
	if title != "" {
		p.text((left+right)/2, p.bottom+40, "soft", "middle", title)
	}
}

// band is a step of the plan on the time axis.
type band struct {
	from, to float64
	weight   float64 // percent
}

// bands draws the steps of a plan behind everything else, with their weights above. It
// returns where the words end.
func (p *panel) bands(all []band) float64 {
	room := left - 100
	for i, b := range all {
		class := "band"
		if i%2 == 1 {
			class += " even"
		}
		p.box(class, p.x(b.from), p.top, p.x(b.to), p.bottom)
		p.line("edge", p.x(b.from), p.top-18, p.x(b.from), p.bottom)
		word := number(b.weight) + "%"
		if i == 0 && p.x(b.to)-p.x(b.from) > 130 {
			word += " of requests"
		}
		// Words that would run into each other are left out.
		if x := p.x(b.from) + 5; x >= room {
			p.text(x, p.top-7, "small", "start", word)
			room = x + 7*float64(len(word)) + 10
		}
	}
	return room
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// percent is a share in percent.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e6)/1e4, 'f', -1, 64) + "%"
}

// figures is a share in percent with two figures.
func figures(share float64) string {
	if !(share > 0) {
		return "0%"
	}
	scale := math.Pow(10, 1-math.Floor(math.Log10(100*share)))
	return number(math.Round(100*share*scale)/scale) + "%"
}

// timeTicks are round moments between two times, in minutes since the first.
func timeTicks(start time.Time, minutes float64) (values []float64, word func(float64) string) {
	step := 7 * 24 * 60.0
	for _, s := range []float64{1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880} {
		if minutes/s <= 8 {
			step = s
			break
		}
	}
	whole := time.Duration(step) * time.Minute
	for at := start.Truncate(whole); ; at = at.Add(whole) {
		v := at.Sub(start).Minutes()
		if v > minutes {
			break
		}
		if v >= 0 {
			values = append(values, v)
		}
	}
	format := "15:04"
	if step >= 1440 {
		format = "Jan 2"
	} else if minutes > 1440 {
		format = "Jan 2 15:04"
	}
	return values, func(v float64) string { return start.Add(time.Duration(v) * time.Minute).Format(format) }
}
