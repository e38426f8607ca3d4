package picture

import (
	"fmt"
	"math"

	"sluice/cmd/sluice/forecast"
	"sluice/shared/judge"
)

const (
	leastOdds = 0.01 // evidence in favour of the candidate is not drawn below this
	mostOdds  = 1e6
)

// Evidence draws a replay: how often both variants failed, and below it the judge's
// evidence against the candidate, before the steps that were in force. The lines of
// text below the title are the caller's.
func Evidence(r forecast.Replay, title string, below ...string) string {
	d := &drawing{}
	top := d.head(title, below...)
	d.height = top + 460
	n := float64(len(r.Looks))
	failing := &panel{drawing: d, top: top, bottom: top + 160, x1: n}
	evidence := &panel{drawing: d, top: top + 235, bottom: top + 400, x1: n, y0: leastOdds, y1: mostOdds, log: true}
	values, word := timeTicks(r.Began, n)

	baseline := rates(r, func(r judge.Reading) judge.Counts { return r.Baseline })
	candidate := rates(r, func(r judge.Reading) judge.Counts { return r.Candidate })
	steps := inForce(r)
	failing.y1 = niceTop(max(peak(baseline), peak(candidate)))
	failing.bands(steps)
	failing.yAxis("Failed in each minute, share of requests", ticks(0, failing.y1, 4), percent)
	failing.path("line c0", failing.steps(baseline))
	failing.path("line c1 k1", failing.steps(candidate))
	failing.xAxis("", values, word)

	odds := make([]float64, len(r.Looks))
	for i, l := range r.Looks {
		odds[i] = math.Exp(l.Verdict.Evidence)
	}
	evidence.bands(steps)
	evidence.yAxis("Evidence against the candidate, as odds", []float64{.01, 1, 100, 1e4, 1e6}, func(v float64) string {
		if v >= 1e6 {
			return "1M:1"
		} else if v >= 1e4 {
			return "10k:1"
		}
		return number(v) + ":1"
	})
	evidence.path("line c3", evidence.steps(odds))
	limit := math.Exp(r.Verdict.Limit)
	evidence.line("limit", left, evidence.y(limit), right, evidence.y(limit))
	evidence.text(right-4, evidence.y(limit)-6, "alarm", "end", "rolled back from here on")
	evidence.xAxis("UTC; each minute can be judged 2 minutes after its end", values, word)
	mark(r, failing, evidence)

	d.verdict(r, top, evidence.top)
	return d.finish(title, "Above, how often baseline and candidate failed in each minute; below, the evidence against the candidate, with the limit at which it is rolled back, before the steps of the plan that were in force.")
}

// rates are how often one side failed in each minute; NaN without requests.
func rates(r forecast.Replay, of func(judge.Reading) judge.Counts) []float64 {
	all := make([]float64, len(r.Looks))
	for i, l := range r.Looks {
		if c := of(l.Reading); c.N > 0 {
			all[i] = float64(c.Bad) / float64(c.N)
		} else {
			all[i] = math.NaN()
		}
	}
	return all
}

// verdict names the lines of the upper plot, and says beside the lower one how it ended.
func (d *drawing) verdict(r forecast.Replay, top, below float64) {
	d.text(legend, top-30, "strong", "start", "Variant")
	for i, name := range []string{"baseline", "candidate"} {
		y := top + 4 + 24*float64(i)
		d.line([]string{"line c0", "line c1 k1"}[i], legend, y-4, legend+44, y-4)
		d.text(legend+56, y, "", "start", name)
	}
	d.text(legend, below-30, "strong", "start", "Verdict")
	d.text(legend, below, "", "start", fmt.Sprintf("%s, %s UTC", r.Verdict.Action, r.At.Format("Jan 2 15:04")))
	y := below + 22
	for _, reason := range r.Verdict.Reasons {
		for _, words := range wrapped(reason, 56) {
			d.text(legend, y, "small", "start", words)
			y += 17
		}
	}
}

// mark shows where the verdict fell, if it was a rollback.
func mark(r forecast.Replay, panels ...*panel) {
	for i, l := range r.Looks {
		if !l.Deciding {
			continue
		}
		for _, p := range panels {
			p.line("limit", p.x(float64(i+1)), p.top, p.x(float64(i+1)), p.bottom)
		}
		p := panels[len(panels)-1]
		y := p.y(math.Exp(l.Verdict.Evidence))
		p.add(`<circle class="dot" cx="%s" cy="%s" r="5"/>`, f(p.x(float64(i+1))), f(y))
	}
}

// inForce are the steps as the looks found them.
func inForce(r forecast.Replay) []band {
	var all []band
	for i, l := range r.Looks {
		from, to := float64(i), float64(i+1)
		if n := len(all); n > 0 && all[n-1].weight == l.Weight && all[n-1].to == from {
			all[n-1].to = to
		} else if l.Weight > 0 {
			all = append(all, band{from, to, l.Weight})
		}
	}
	return all
}
