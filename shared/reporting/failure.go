// Package reporting tells people of failures, in one form whatever has failed: what,
// where, why with the last lines of its log, what to do, and a link. One cause is told
// once.
//
// It decides how a failure reads and what of it must not be shown. What counts as a
// failure its callers decide: committing, building, and the reports of pipelines,
// deployments and machines.
package reporting

import (
	"fmt"
	"strings"
)

// Failure is one report. Cause names it: two failures of one cause are one.
type Failure struct {
	Cause string
	What  string // what failed, such as build of churn-model at 7f0103f
	Where string // the phase, stage or state
	Why   string
	Log   []string // the last lines
	Do    string   // what to do
	Link  string
}

// OfPipeline is the cause of whatever fails in one execution of a pipeline.
func OfPipeline(pipeline, execution string) string { return "pipeline/" + pipeline + "/" + execution }

// maxLog is how many lines of a log a report shows, and maxLine how long, in bytes.
const (
	maxLog  = 20
	maxLine = 400
)

// Subject is the report in one line, without secrets.
func (f Failure) Subject() string { return "Sluice: " + Mask(f.What) + " failed" }

// Text is the report, without secrets.
func (f Failure) Text() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-7s%s\n", name+":", Mask(value))
		}
	}
	line("What", f.What+" failed")
	line("Where", f.Where)
	line("Why", f.Why)
	if len(f.Log) > 0 {
		b.WriteString("\nLast lines of the log:\n")
		for _, l := range Tail(f.Log) {
			fmt.Fprintf(&b, "  %s\n", l)
		}
		b.WriteString("\n")
	}
	line("Do", f.Do)
	line("Link", f.Link)
	return b.String()
}

// Tail is the last lines of a log as they may be shown: without secrets and control
// characters, and not too long.
func Tail(lines []string) []string {
	lines = lines[max(0, len(lines)-maxLog):]
	all := make([]string, len(lines))
	for i, l := range lines {
		l = Mask(strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' || r == 0x7f {
				return -1
			}
			return r
		}, l))
		if len(l) > maxLine {
			l = strings.ToValidUTF8(l[:maxLine], "") + "..."
		}
		all[i] = l
	}
	return all
}
