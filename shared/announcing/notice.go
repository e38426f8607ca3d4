package announcing

import (
	"fmt"
	"strings"
	"time"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// option is a command that people may answer with, and what it does.
type option struct{ command, effect string }

// notice is what people are told of a line of history; ok is false if nothing.
func notice(e rollout.Entry, d rollout.Detail) (subject, text string, ok bool) {
	var what string
	var options []option
	switch e.Event {
	case rollout.AskedEvent:
		what = "waits for your approval"
		options = []option{
			{"approve " + d.Rollout + " --gate " + d.Approval, "lets it go on"},
			{"reject " + d.Rollout + " --gate " + d.Approval, "takes it back"},
		}
	case rollout.HeldEvent:
		what, options = held(e, d)
	case rollout.PromotedEvent:
		what, options = promoted(d)
	default:
		return "", "", false
	}
	options = append(options, option{"why " + d.Rollout, "shows every number"})
	return fmt.Sprintf("Sluice: rollout %s %s", d.Rollout, what), body(d, what, options), true
}

// held is a rollout that goes no further: by a person's command, or because the judge
// can conclude nothing.
func held(e rollout.Entry, d rollout.Detail) (what string, options []option) {
	abort := option{"abort " + d.Rollout, "takes it back"}
	if e.Kind == "command" {
		return "is paused", []option{{"resume " + d.Rollout, "lets it go on"}, abort}
	}
	return "is held", []option{{"promote " + d.Rollout, "ends the step now, whatever the judge lacks"}, abort}
}

// promoted is a rollout whose candidate has become the champion.
func promoted(d rollout.Detail) (what string, options []option) {
	what = "is promoted"
	switch {
	case d.State == rollout.Standby:
		return what, []option{
			{"undo " + d.Rollout, "gives all requests back to " + d.Baseline + ", which is kept warm"},
			{"promote " + d.Rollout, "ends the standby now"},
		}
	case d.Baseline != "":
		return what, []option{{"undo " + d.Rollout, "rolls the former champion out again, once this rollout is over"}}
	}
	return what, nil
}

// body is the text of a notice: what has happened, the numbers so far, and the
// commands.
func body(d rollout.Detail, what string, options []option) string {
	var b strings.Builder
	field := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s%s\n", name+":", fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "Rollout %s of model %s %s.\n\n", d.Rollout, d.Model, what)
	field("Reason", "%s", d.Reason)
	field("Endpoint", "%s", d.Endpoint)
	field("Package", "%s", d.Package)
	if d.Baseline != "" {
		field("Baseline", "%s", d.Baseline)
	}
	field("Reached", "%d %% (step %d of %d)", d.Weight, d.Step, d.Steps)
	field("Served", "%d requests by the candidate up to the last look, %d of them bad", d.Served.Requests, d.Served.Bad)
	if d.Approval != "" {
		field("Expires", "%s UTC; without an answer the rollout then %s", d.Expires.UTC().Format(time.DateTime), timeout(d.OnTimeout))
	}
	wide := 0
	for _, o := range options {
		wide = max(wide, len(o.command))
	}
	b.WriteString("\nTo answer:\n")
	for _, o := range options {
		fmt.Fprintf(&b, "  sluice %-*s  # %s\n", wide, o.command, o.effect)
	}
	return b.String()
}

// timeout is what an approval comes to that nobody gave.
func timeout(t spec.Timeout) string {
	if t == spec.TimeoutPromote {
		return "goes on"
	}
	return "goes back"
}
