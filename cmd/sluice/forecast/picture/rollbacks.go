package picture

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"sluice/cmd/sluice/forecast"
	"sluice/cmd/sluice/forecast/estimate"
)

// Rollbacks draws the chance of having been rolled back over time, a line for each
// candidate, before the steps of the plan. The lines of text below the title are the
// caller's.
func Rollbacks(fc forecast.Forecast, title string, below ...string) string {
	d := &drawing{}
	top := d.head(title, below...)
	height := max(400, 40*float64(len(fc.Candidates))+10)
	d.height = top + height + 70
	steps, end := planned(fc)
	p := &panel{drawing: d, top: top, bottom: top + height, x0: 0, x1: lastMinute(fc, end), y0: 0, y1: 1}
	room := p.bands(steps)
	if end > 0 && end < p.x1 {
		p.line("edge", p.x(end), p.top-18, p.x(end), p.bottom)
		p.text(max(p.x(end)+5, room), p.top-7, "small", "start", "promoted")
	}
	p.yAxis("Rolled back by then, share of rollouts", []float64{0, .25, .5, .75, 1}, percent)
	p.xAxis("minutes since the first step began (a rollback counts when the candidate has no requests any more)", minuteTicks(p.x1), number)
	p.curves(fc.Candidates)
	p.legend(fc.Candidates)
	return d.finish(title, "For each candidate, the share of simulated rollouts that have been rolled back by each minute, before the steps of the plan with their weights. The table has the numbers.")
}

// planned are the steps as a healthy candidate meets them, and when it is promoted.
func planned(fc forecast.Forecast) ([]band, float64) {
	at, sum := make([]float64, len(fc.Rules.Plan)+1), 0.0
	for i, s := range fc.Rules.Plan {
		at[i] = sum
		sum += float64(s.Minutes) + 3
	}
	at[len(at)-1] = float64(fc.Rules.Shortest())
	for _, c := range fc.Candidates {
		if c.Healthy && c.Length > 0 {
			for i, s := range c.Starts {
				at[i] = float64(s)
			}
			at[len(at)-1] = float64(c.Length)
		}
	}
	var steps []band
	for i, s := range fc.Rules.Plan {
		steps = append(steps, band{at[i], at[i+1], s.Weight})
	}
	return steps, at[len(at)-1]
}

// lastMinute is where the drawing ends: when nearly all has happened, and not far
// behind the promotion of a healthy candidate.
func lastMinute(fc forecast.Forecast, end float64) float64 {
	last := end + 2
	for _, c := range fc.Candidates {
		if n := len(c.Back); n > 0 {
			last = max(last, float64(c.Back[int(0.99*float64(n-1))])+1)
		}
	}
	return min(last, 1.5*end+5)
}

// curves draws the candidates' lines and puts a badge on each where no other is.
func (p *panel) curves(candidates []forecast.Candidate) {
	var badges []rect
	for i, c := range candidates {
		p.add(`<path class="area c%d" d="%s"/>`, i%len(colours), p.sleeve(c))
	}
	for i, c := range candidates {
		var line []point
		for t := 0.0; t <= p.x1; t++ {
			now, before := p.y(backBy(c, t)), p.y(backBy(c, t-1))
			if now != before {
				line = append(line, point{p.x(t), before})
			}
			line = append(line, point{p.x(t), now})
		}
		line = append(line, point{p.x(p.x1), line[len(line)-1].y})
		p.path("line "+stroke(i), line)
	}
	for i, c := range candidates {
		at := p.place(c, i, badges)
		badges = append(badges, at)
		p.badge(at, fmt.Sprintf("c%d", i%len(colours)), c.Name)
	}
}

// backBy is the share of a candidate's rollouts that were rolled back by minute t.
func backBy(c forecast.Candidate, t float64) float64 {
	return float64(sort.SearchInts(c.Back, int(t)+1)) / float64(c.Rollouts)
}

// sleeve is the outline of the 95 % ranges around a candidate's line.
func (p *panel) sleeve(c forecast.Candidate) string {
	var upper, lower []point
	for t := 0.0; t <= p.x1; t++ {
		r := estimate.ChanceOf(backBy(c, t), float64(c.Rollouts))
		upper = append(upper, p.at(t, r.High), p.at(t+1, r.High))
		lower = append(lower, p.at(t, r.Low), p.at(t+1, r.Low))
	}
	slices.Reverse(lower)
	out := ""
	for i, q := range append(upper, lower...) {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		out += letter + f(q.x) + " " + f(q.y)
	}
	return out + "Z"
}

// place finds room for a badge on a candidate's line: where it rises, or, for one that
// hardly does, along it.
func (p *panel) place(c forecast.Candidate, i int, taken []rect) rect {
	var at rect
	for k := range 60 {
		step := math.Mod(float64(k)*0.618, 1)
		if highest := backBy(c, p.x1); highest > 0.15 {
			t, level := 0.0, highest*(0.06+0.88*math.Mod(step+0.5, 1))
			for t < p.x1 && backBy(c, t) < level {
				t++
			}
			at = badgeAt(p.at(t, level), c.Name)
		} else {
			t := p.x1 * (0.1 + 0.85*math.Mod(step+float64(i)*0.37, 1))
			at = badgeAt(point{p.x(t), p.y(backBy(c, t)) - 12 - 22*float64(k/12)}, c.Name)
		}
		// The drawing ends at the sides.
		shift := max(left-40-at.x1, 0) - max(at.x2-right-16, 0)
		at.x1, at.x2 = at.x1+shift, at.x2+shift
		if !slices.ContainsFunc(taken, at.meets) {
			break
		}
	}
	return at
}

// legend names the lines, with the numbers that belong to them.
func (p *panel) legend(candidates []forecast.Candidate) {
	y := p.top
	p.text(legend, p.top-30, "strong", "start", "Candidate")
	for i, c := range candidates {
		p.line("line "+stroke(i), legend, y+2, legend+44, y+2)
		name := c.Name
		if c.Within && !c.Healthy {
			name += " (tolerated)"
		}
		p.text(legend+56, y+6, "", "start", name)
		words := fmt.Sprintf("rolled back %s (%s to %s)", share(c.RolledBack.Value), share(c.RolledBack.Low), share(c.RolledBack.High))
		if c.CatchMedian != nil && !c.Within {
			words += fmt.Sprintf(", after %s min", number(c.CatchMedian.Value))
		}
		p.text(legend+56, y+22, "small", "start", words)
		y += 40
	}
}

// share is a chance in percent with a tenth.
func share(v float64) string {
	return number(math.Round(1000*v)/10) + "%"
}
