package preflight

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"sluice/shared/alarm"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// watch is one of the spec's alarms, as it is looked into.
type watch struct {
	*check
	top   alarm.Alarm
	at    alarm.Place
	steps []Step
}

// look looks into an alarm and all that it is made of.
func (w *watch) look() {
	if w.top.Composite() {
		if _, err := alarm.ParseRule(w.top.Rule); err != nil {
			w.add(Warn, "alarm.rule", "alarm "+w.top.Name, "look yourself at what it is made of", "the rule of composite alarm %s cannot be read here: %v", w.top.Name, err)
			return
		}
		if w.top.Chance() == alarm.Never {
			w.add(Warn, "alarm.never", "alarm "+w.top.Name, "look at the alarms that it is made of", "composite alarm %s can never ring: what its rule asks for cannot come about", w.top.Name)
		}
	}
	for _, leaf := range w.top.Leaves() {
		// One that the spec names, too, is looked into for itself.
		if leaf.Name == w.top.Name || !slices.Contains(w.Spec.Rollout.Alarms, leaf.Name) {
			w.leaf(leaf)
		}
	}
}

// say adds a finding on one of the alarms that the watched one is made of.
func (w *watch) say(l Level, code string, leaf alarm.Alarm, fix, format string, args ...any) {
	name := "alarm " + leaf.Name
	said := name
	if leaf.Name != w.top.Name {
		said = fmt.Sprintf("alarm %s, of composite alarm %s,", leaf.Name, w.top.Name)
	}
	w.add(l, code, name, fix, "%s %s", said, fmt.Sprintf(format, args...))
}

func (w *watch) leaf(leaf alarm.Alarm) {
	if leaf.State == "" {
		w.say(Warn, "alarm.missing", leaf, "", "does not exist")
		return
	}
	if !w.chance(leaf) {
		return
	}
	// What a leaf does not see, another one of the same composite may.
	blind := Warn
	if best, _ := w.top.View(w.at); best != alarm.SeesBaseline && best != alarm.SeesNothing {
		blind = Note
	}
	view, why := leaf.View(w.at)
	w.gaps(leaf, view)
	switch view {
	case alarm.SeesNothing:
		w.say(blind, "alarm.blind", leaf, w.better(leaf), "has no data of this rollout: %s", why)
		return
	case alarm.SeesBaseline:
		w.say(blind, "alarm.blind", leaf, w.better(leaf), "cannot see the candidate: %s", why)
		return
	case alarm.SeesUnknown:
		w.say(Note, "alarm.view", leaf, "", "may or may not see the candidate: %s", why)
	case alarm.SeesAll:
		w.diluted(leaf, why)
	}
	w.slow(leaf)
}

// gaps finds alarms that ring for want of requests: SageMaker has no data of minutes
// without any (AWS.md C.1).
func (w *watch) gaps(leaf alarm.Alarm, view alarm.View) {
	s, ok := leaf.Compared()
	if !ok || !s.OfEndpoints() || leaf.Missing != "breaching" {
		return
	}
	const fix = "let it treat missing data as notBreaching"
	switch view {
	case alarm.SeesBaseline:
		w.say(Warn, "alarm.gaps", leaf, fix, "rings when the baseline gets no more requests, at 100 %%: it counts missing data as breaching")
	case alarm.SeesCandidate, alarm.SeesAll:
		w.say(Warn, "alarm.gaps", leaf, fix, "rings in minutes without requests: it counts missing data as breaching")
	}
}

// asks is what an alarm compares, in words; "" where that cannot be said.
func asks(leaf alarm.Alarm) (s alarm.Series, text string) {
	s, ok := leaf.Compared()
	if !ok || leaf.Threshold == nil {
		return s, ""
	}
	return s, fmt.Sprintf("%s of %s %s %s", s.Statistic, s.Metric, comparisons[leaf.Comparison], number(*leaf.Threshold))
}

var comparisons = map[string]string{
	"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<", "LessThanOrEqualToThreshold": "<=",
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }

// chance finds alarms that can never ring, or ring whatever happens. It reports
// whether what they see matters.
func (w *watch) chance(leaf alarm.Alarm) bool {
	s, wants := asks(leaf)
	switch leaf.Chance() {
	case alarm.Never:
		w.say(Warn, "alarm.never", leaf, share(s, leaf), "can never ring: it wants %s, which is %s", wants, within(s))
		return false
	case alarm.Always:
		w.say(Warn, "alarm.always", leaf, "", "rings whatever happens: it wants %s, which is %s", wants, within(s))
		return false
	case alarm.Total:
		w.say(Warn, "alarm.total", leaf, share(s, leaf), "rings only when every request that it sees fails: it wants %s, which is 1 for a request that fails and 0 for any other", wants)
	case alarm.Single:
		often := ""
		if n := max(leaf.ToAlarm, 1); n > 1 {
			often = fmt.Sprintf(" in each of %d datapoints", n)
		}
		w.say(Warn, "alarm.single", leaf, "let it compare the Average, which is the share of requests that fail, or leave errors to the judge", "rings on a single failed request%s: it wants %s, and a service with a few errors a minute is always rolled back", often, wants)
	}
	if t := leaf.Threshold; t != nil && s.Microseconds() && *t > 0 && *t < 1000 && strings.HasPrefix(leaf.Comparison, "Greater") {
		w.say(Warn, "alarm.unit", leaf, fmt.Sprintf("%s ms are written %s", number(*t), number(*t*1000)), "wants %s, in microseconds: that is %s ms", wants, number(*t/1000))
	}
	return true
}

// share is how a threshold on a share of requests is written; "" for other metrics.
func share(s alarm.Series, leaf alarm.Alarm) string {
	if !s.Failures() {
		return ""
	}
	if t := *leaf.Threshold; t > 1 && t < 100 {
		return fmt.Sprintf("%s %% of the requests are written %s", number(t), number(t/100))
	}
	return "5 % of the requests are written 0.05"
}

// within is what values a metric can have.
func within(s alarm.Series) string {
	least, largest, _ := s.Bounds()
	if math.IsInf(largest, 1) {
		return "never under " + number(least)
	}
	return fmt.Sprintf("from %s to %s", number(least), number(largest))
}

// better is what would see the candidate; "" where nothing can be proposed.
func (w *watch) better(leaf alarm.Alarm) string {
	s, ok := leaf.Compared()
	f, known := map[string]string{"Average": "AVG", "Sum": "SUM", "Minimum": "MIN", "Maximum": "MAX"}[s.Statistic]
	if !ok || !known || !s.OfEndpoints() {
		return "the judge compares the candidate itself; let this alarm watch what users see"
	}
	return fmt.Sprintf("a Metrics Insights query sees every variant, each for itself: SELECT %s(%s) FROM SCHEMA(%q, EndpointName, VariantName) WHERE EndpointName = '%s' GROUP BY VariantName",
		f, s.Metric, s.Namespace, w.at.Endpoint)
}

// diluted finds steps in which the candidate is too small a part of what an alarm
// sees.
func (w *watch) diluted(leaf alarm.Alarm, why string) {
	_, wants := asks(leaf)
	var deaf []string
	least := 100
	for _, s := range w.steps {
		if s.Kind != rollout.Weigh {
			continue
		}
		least = min(least, s.Weight)
		if rings, ok := leaf.RingsAt(float64(s.Weight) / 100); ok && !rings {
			deaf = append(deaf, fmt.Sprintf("%d %%", s.Weight))
		}
	}
	if len(deaf) > 0 {
		w.say(Warn, "alarm.diluted", leaf, w.better(leaf), "sees the candidate diluted: %s; at %s it does not ring even if the candidate fails every request, for it wants %s", why, few(deaf), wants)
		return
	}
	w.say(Note, "alarm.diluted", leaf, w.better(leaf), "sees the candidate diluted: %s; at %d %% the candidate is %d %% of what it sees", why, least, least)
}

// slow finds steps that are over before an alarm can ring.
func (w *watch) slow(leaf alarm.Alarm) {
	takes := leaf.Takes()
	if takes == 0 {
		return
	}
	var short []string
	var whole spec.Duration
	for _, s := range w.steps {
		if !s.bakes {
			continue
		}
		if whole += s.Lasts; s.Lasts.Std() < takes {
			short = append(short, s.Text)
		}
	}
	n := max(leaf.ToAlarm, 1)
	needs := fmt.Sprintf("needs %s of bad data (%d x %s)", spec.Duration(takes), n, spec.Duration(leaf.Period))
	switch {
	case whole.Std() < takes:
		w.say(Warn, "alarm.slow", leaf, "bake longer, or let it look at fewer or shorter periods", "%s, and all bakes together are %s: it cannot ring before promotion", needs, whole)
	case len(short) > 0:
		w.say(Warn, "alarm.slow", leaf, "bake longer, or let it look at fewer or shorter periods", "%s: a candidate that turns bad in such a step is past it before the alarm can ring: %s", needs, few(short))
	}
}

// few are the first of several, with how many more there are.
func few(all []string) string {
	if len(all) > 3 {
		all = append(all[:2:2], fmt.Sprintf("%d more", len(all)-2))
	}
	return strings.Join(all, ", ")
}
