package main

import (
	"fmt"
	"time"

	"sluice/cmd/sluice/ui"
	"sluice/shared/judge"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
)

// explanation is a rollout in sentences with numbers, each under its name.
func explanation(r rollout.Record, entries []rollout.Entry, judged []look, now time.Time) []ui.Field {
	var facts []ui.Field
	say := func(name, format string, args ...any) {
		facts = append(facts, ui.Field{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if why := reasonOf(r); why != "" {
		say("reason", "%s", why)
	}
	say("plan", "%s", intent(r))
	say("course", "%s", course(r, now))
	if text := stages(r, now); text != "" {
		say("steps", "%s", text)
	}
	facts = append(facts, controls(r, now)...)
	if text := standbyText(r); text != "" {
		say("standby", "%s", text)
	}
	if text := commandsText(entries); text != "" {
		say("commands", "%s", text)
	}
	if text := wayBack(r, entries); text != "" {
		say("way back", "%s", text)
	}
	if r.Step >= 0 {
		say("exposed", "%s", exposed(r, judged))
	}
	if text := changes(entries); text != "" {
		say("changes", "%s", text)
	}
	facts = append(facts, verdicts(r, compared(judged))...)
	if !r.UnlockedAt.IsZero() {
		say("unlocked", "%s, %s after it had halted", at(r.UnlockedAt), took(r.UnlockedAt.Sub(r.EndedAt)))
	}
	if text := next(r); text != "" {
		say("next", "%s", text)
	}
	return facts
}

// verdicts is what the judge saw and was told, of looks that compared anything.
func verdicts(r rollout.Record, judged []look) (facts []ui.Field) {
	if len(judged) == 0 {
		return nil
	}
	say := func(name, format string, args ...any) {
		facts = append(facts, ui.Field{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	last := judged[len(judged)-1]
	say("evidence", "%s", evidence(judged))
	found := ": " + last.text()
	if last.text() == reasonOf(r) {
		found = ", which gave the reason above"
	}
	say("last look", "%s at %d%%%s", last.at.UTC().Format(secondFormat), last.Weight, found)
	say("tolerated", "%s", tolerated(r.Rules.Judge, last.Verdict))
	say("window", "%s", window(r, last.Query))
	say("query", "%s", query(last.Query))
	return facts
}

// compared are the looks that compared both sides: before the first bake, and of an
// endpoint's first model, there is nothing to compare.
func compared(judged []look) (all []look) {
	for _, l := range judged {
		if len(l.Query.Variants) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// exposed is how many requests the candidate had, and how the baseline did beside
// it.
func exposed(r rollout.Record, judged []look) string {
	if r.Served.Requests == 0 {
		return "the candidate had answered no request at the last look"
	}
	sum := func(s rollout.Served) string {
		return fmt.Sprintf("%s, %s of them failed (%s)", counted(s.Requests, "request"), count(s.Bad), share(s.Bad, s.Requests))
	}
	text := "up to the last look the candidate answered " + sum(r.Served)
	if n := len(judged); n > 0 {
		text += "; the baseline beside it " + sum(judged[n-1].Baseline)
	}
	return text
}

// evidence is what the looks came to.
func evidence(judged []look) string {
	v := judged[len(judged)-1].Verdict
	text := fmt.Sprintf("%s; odds of %s against the candidate at the last one", counted(int64(len(judged)), "look"), odds(v.Evidence))
	if most := highest(judged); most != len(judged)-1 {
		text += fmt.Sprintf(", %s at most (%s)", odds(judged[most].Verdict.Evidence), judged[most].at.UTC().Format("15:04:05"))
	}
	return text + fmt.Sprintf(", %s rolls back", odds(v.Limit))
}

// tolerated is what the candidate was allowed, by rule and in this case.
func tolerated(rules spec.Judge, v judge.Verdict) string {
	text := fmt.Sprintf("failed requests up to %g times the baseline's share + %s", 1+rules.Errors.Relative.Fraction(), rules.Errors.Tolerance)
	for _, f := range v.Metrics {
		if f.Tolerated > 0 {
			text += fmt.Sprintf(", here %.2g%%", 100*f.Tolerated)
			break
		}
	}
	if rules.Errors.DryRun {
		text += " (dry run)"
	}
	if l := rules.Latency; l != nil {
		text += fmt.Sprintf("; %s latency up to %s over the baseline's", l.Percentile, l.Tolerance)
		if l.DryRun {
			text += " (dry run)"
		}
	}
	return text + fmt.Sprintf("; a healthy candidate is rolled back with a chance of at most %s", rules.FalseRollback)
}

// window is the minutes that the last look compared.
func window(r rollout.Record, q shifting.MetricQuery) string {
	text := fmt.Sprintf("minutes %s to %s", q.From.UTC().Format(minuteFormat), at(q.Until))
	if len(r.Steps) > 0 && !r.Steps[0].AskedAt.IsZero() {
		text += fmt.Sprintf("; those before %s say what is usual for the baseline", r.Steps[0].AskedAt.UTC().Format("15:04"))
	}
	return text
}

// query is what CloudWatch was asked.
func query(q shifting.MetricQuery) string {
	text := "CloudWatch AWS/SageMaker, EndpointName " + q.Endpoint + ", VariantName"
	for i, v := range q.Variants {
		if i > 0 {
			text += " and"
		}
		text += " " + v
	}
	text += ": sums of Invocations, Invocation5XXErrors, Invocation4XXErrors and InvocationModelErrors by minute"
	if q.Percentile != "" {
		text += ", and ModelLatency " + q.Percentile
	}
	return text
}
