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
	if r.Reason != "" {
		say("reason", "%s", r.Reason)
	}
	if r.Baseline.Variant == "" {
		say("plan", "%s on endpoint %s; it came to no plan", packageName(r.Package), orDash(r.Endpoint))
	} else {
		say("plan", "%s in place of %s on endpoint %s: %s, a look every %s", packageName(r.Package), sideName(r.Baseline), r.Endpoint, steps(r.Plan), spec.Duration(r.Plan.Look))
	}
	say("course", "%s", course(r, now))
	if r.Step >= 0 {
		say("exposed", "%s", exposed(r, judged))
	}
	changes, readings := 0, 0
	for _, e := range entries {
		switch e.Kind {
		case "effect":
			changes++
		case "reading":
			readings++
		}
	}
	if changes > 0 {
		say("changes", "%s asked of the endpoint, %s verified by DescribeEndpoint", counted(int64(changes), "change"), count(int64(readings)))
	}
	if len(judged) == 0 {
		return facts
	}
	last := judged[len(judged)-1]
	say("evidence", "%s", evidence(judged))
	found := ": " + last.text()
	if last.text() == r.Reason {
		found = ", which gave the reason above"
	}
	say("last look", "%s at %d%%%s", last.at.UTC().Format(secondFormat), last.Weight, found)
	say("tolerated", "%s", tolerated(r.Rules.Judge, last.Verdict))
	say("window", "%s", window(r, last.Query))
	say("query", "%s", query(last.Query))
	return facts
}

// course is how far the rollout came, and when.
func course(r rollout.Record, now time.Time) string {
	text := "began " + r.StartedAt.UTC().Format(secondFormat) + " UTC"
	switch {
	case r.Step >= 0 && r.State.Final():
		text += fmt.Sprintf(", reached %d%% (step %d of %d)", r.Weight(), r.Step+1, len(r.Plan.Steps))
	case r.Step >= 0:
		text += fmt.Sprintf(", is at %d%% (step %d of %d)", r.Weight(), r.Step+1, len(r.Plan.Steps))
	case r.State.Final():
		text += ", never got requests"
	}
	if r.State.Final() {
		return text + ", ended " + took(r.EndedAt.Sub(r.StartedAt)) + " later"
	}
	return text + ", " + ago(now, r.StartedAt)
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
