package main

import (
	"fmt"
	"strings"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/demand"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// report is the status of one model. last is the latest look or verdict of its
// rollout, nil for none.
func (m reading) report(now time.Time, last *rollout.Entry) ui.Report {
	report := ui.Report{Mark: ui.Info, Title: m.model + " has had no rollout yet"}
	say := func(name, format string, args ...any) {
		report.Fields = append(report.Fields, ui.Field{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	endpoint := m.applied.Spec.Endpoint.Name
	champion := m.champion
	switch {
	case champion != "":
	case m.rollout != nil && m.rollout.State == rollout.Halted:
		champion = "not known, the rollout halted between two packages,"
	default:
		champion = "not known before the first rollout,"
	}
	say("champion", "%s on endpoint %s", champion, endpoint)
	if r := m.rollout; r != nil {
		known := standing(*r)
		report.Mark, report.Title = known.mark, fmt.Sprintf("rollout %s %s", r.ID, known.sentence)
		m.sayRollout(say, now, last)
		if !r.State.Final() {
			report.Steps = progress(*r, now)
		}
	}
	say("demand", "%s", m.demand(now))
	if d := m.applied.Spec.Drift; d != nil {
		say("drift", "%s", m.drifting(d.Captures))
	}
	say("spec", "version %s from %s, applied %s", short(m.applied.Version), m.applied.Source, at(m.applied.At))
	if m.locked(now) {
		report.Text = append(report.Text, fmt.Sprintf("nobody changes %s until it is freed: look at it, bring it to where it should be, then sluice unlock %s", endpoint, m.model))
	}
	return report
}

// drifting says what is known of the model's captures.
func (m reading) drifting(captures string) string {
	switch s := m.drift; {
	case s == nil:
		return "no window of captures in " + captures + " is over yet"
	case s.Reference == "":
		return fmt.Sprintf("learning what variant %s is asked, since %s", s.Variant, at(s.Since))
	case len(s.Scores) == 0:
		return fmt.Sprintf("variant %s: %s", s.Variant, s.Reading)
	default:
		return fmt.Sprintf("variant %s until %s: %s", s.Variant, at(s.Judged), s.Reading)
	}
}

// sayRollout is the part of the report about the rollout.
func (m reading) sayRollout(say func(name, format string, args ...any), now time.Time, last *rollout.Entry) {
	r := *m.rollout
	say("package", "%s", replaces(r))
	if r.State.Final() {
		say("ended", "%s, %s, after %s", at(r.EndedAt), ago(now, r.EndedAt), took(r.EndedAt.Sub(r.StartedAt)))
	} else {
		say("began", "%s, %s", at(r.StartedAt), ago(now, r.StartedAt))
	}
	if why := reasonOf(r); why != "" {
		say("reason", "%s", why)
	}
	switch {
	case r.State.Final() && r.Step >= 0:
		say("reached", "%d%% of requests, step %d of %d", r.Weight(), r.Step+1, len(r.Plan.Steps))
	case r.Step >= 0:
		say("weight", "%d%% of requests", weight(r))
		say("step", "%s", stepText(r, now))
	case len(r.Plan.Steps) > 0 && !r.State.Final():
		say("plan", "%s", steps(r.Plan))
	}
	for _, f := range append(controls(r, now), unanswered(m.commands, now)...) {
		say(f.Name, "%s", f.Value)
	}
	if last != nil && !r.State.Final() {
		say("last look", "%s: %s", ago(now, last.At), lookText(*last))
	}
	if r.Step >= 0 {
		say("served", "%s", served(r.Served))
	}
	if text := next(r); text != "" && !r.State.Final() {
		say("next", "%s", text)
	}
}

// replaces says what a rollout puts in the place of what.
func replaces(r rollout.Record) string {
	text := packageName(r.Package)
	switch {
	case r.First:
		text += " as the first model"
	case r.Baseline.Variant != "":
		text += " in place of " + sideName(r.Baseline)
	}
	if r.Undo {
		text += ", a former champion"
	}
	return text
}

// lookText is a look in words: what it decided, and why.
func lookText(e rollout.Entry) string {
	judged, err := looks([]rollout.Entry{e})
	if err != nil || len(judged) == 0 { // a verdict without numbers
		text, _, _ := strings.Cut(e.Text, "; read: ")
		return text
	}
	return judged[0].mark().Word + ", " + judged[0].text()
}

// stepText says where in its plan a rollout is.
func stepText(r rollout.Record, now time.Time) string {
	text := fmt.Sprintf("%d of %d, ", r.Step+1, len(r.Plan.Steps))
	if k := r.Now().Kind; k != rollout.Weigh && k != "" {
		text += stepWords(r.Now()) + ", "
	}
	text += stepProgress(r, r.Step, now)
	if rest := r.Plan.Steps[r.Step+1:]; len(rest) > 0 && r.State == rollout.Running {
		text += ", then " + steps(rollout.Plan{Steps: rest})
	}
	return text
}

// stepProgress says how far a step is that was asked for.
func stepProgress(r rollout.Record, i int, now time.Time) string {
	step, progress := r.Plan.Steps[i], r.Steps[i]
	switch {
	case progress.ReachedAt.IsZero():
		return fmt.Sprintf("asked for %s, not reached yet", ago(now, progress.AskedAt))
	case !progress.EndedAt.IsZero():
		return "over " + ago(now, progress.EndedAt)
	}
	lasts := took(max(now.Sub(progress.ReachedAt), 0))
	switch {
	case step.Kind == rollout.Ask || step.Kind == rollout.Rest && step.Limit > 0:
		return fmt.Sprintf("%s of %s", lasts, spec.Duration(step.Limit))
	case step.Kind == rollout.Rest:
		return lasts + " so far"
	}
	return fmt.Sprintf("%s of %s", lasts, spec.Duration(step.Bake))
}

// served is what the candidate answered.
func served(s rollout.Served) string {
	if s.Requests == 0 {
		return "no requests by the candidate up to the last look"
	}
	return fmt.Sprintf("%s by the candidate up to the last look, %s of them failed (%s)", counted(s.Requests, "request"), count(s.Bad), share(s.Bad, s.Requests))
}

// demand is what waits to be trained on.
func (m reading) demand(now time.Time) string {
	if len(m.chunks) == 0 {
		return fmt.Sprintf("none open, the next run is %d", m.generation)
	}
	objects, bytes := demand.Total(m.chunks)
	return fmt.Sprintf("for run %d: %s as listed, %s, the first %s; %s", m.generation, counted(int64(objects), "object"), size(bytes), ago(now, m.since()), demand.Causes(m.chunks))
}
