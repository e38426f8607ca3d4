package judge

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// reasons puts a verdict into sentences, the deciding one first.
func (r *Run) reasons(v Verdict) []string {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	switch r.now.why {
	case noTraffic:
		say("the candidate got no requests in this step: nothing can be said about it")
	case littleTraffic:
		say("the candidate got only %s requests in this step, fewer than the %s it needs", count(r.now.requests), count(r.config.MinRequests))
	case suspicious:
		say("the candidate looks worse, not yet beyond doubt")
	}
	switch {
	case v.Paused:
		say("held for %d minutes without a conclusion: a person must decide", r.config.HoldMinutes)
	case v.Action == Hold:
		say("the step is held, %d of at most %d minutes", v.Held, r.config.HoldMinutes)
	case v.Action == RollBack && r.now.why != tooMuchEvidence:
		say("held for %d minutes without a conclusion: rolled back as the config asks", r.config.HoldMinutes)
	}
	for i, finding := range v.Metrics {
		if sentence := r.compare(i, finding); sentence != "" {
			say("%s", sentence)
		}
		if r.config.Metrics[i].Kind != Percentile && finding.History < shortHistory {
			say("only %d minutes of the baseline are known: the guard against bursts is widened, and a fault is found later", finding.History)
		}
	}
	return said
}

// compare is the sentence about one metric.
func (r *Run) compare(i int, f Finding) string {
	if f.Candidate.N == 0 {
		return ""
	}
	var b strings.Builder
	if r.config.Metrics[i].Kind == Percentile {
		fmt.Fprintf(&b, "%s of the candidate was over the tolerated one in %s of %s minutes", f.Name, count(f.Candidate.Bad), count(f.Candidate.N))
	} else {
		fmt.Fprintf(&b, "candidate %s of %s %s (%s)", count(f.Candidate.Bad), count(f.Candidate.N), f.Name, percent(f.Candidate.rate()))
		if f.Baseline.N > 0 {
			fmt.Fprintf(&b, ", baseline %s of %s (%s)", count(f.Baseline.Bad), count(f.Baseline.N), percent(f.Baseline.rate()))
		} else {
			fmt.Fprintf(&b, ", baseline before about %s", percent(f.Expected))
		}
	}
	if odds := math.Floor(math.Exp(min(f.Evidence, 40))); odds >= 2 {
		fmt.Fprintf(&b, "; chance of this by luck under 1 in %s", count(int64(min(odds, 1e9))))
	}
	if f.DryRun {
		b.WriteString(" (dry run: not acted upon)")
	}
	return b.String()
}

// count writes 12345 as 12,345.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percent writes a share with two significant digits: 0.0113 is 1.1 %.
func percent(share float64) string {
	value := 100 * share
	if value >= 10 {
		return strconv.FormatFloat(value, 'f', 0, 64) + " %"
	}
	if value == 0 {
		return "0 %"
	}
	decimals := max(0, 1-int(math.Floor(math.Log10(value))))
	text := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(value, 'f', decimals, 64), "0"), ".")
	return text + " %"
}
