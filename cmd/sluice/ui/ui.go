// Package ui is the look of the command line: a timeline of what happened, the
// live state of a rollout, tables, reports and problems, for a person at a
// terminal, for a pipe, or as JSON lines. It decides nothing about models or
// rollouts and reads neither clock nor environment: callers hand in finished
// values and times. Every subcommand prints through a Printer.
//
// The rules of the interface:
//
//   - What was asked for goes to standard output: rows, tables, reports, the live
//     area. What is about the asking goes to standard error: problems and notes.
//     So a pipe gets results only.
//   - Colour never says anything alone. Beside it stand a glyph and a word, and
//     the word is enough: NO_COLOR, a colour-blind reader and a log lose nothing.
//   - Without a terminal there is no colour, no redrawing, no cutting and no
//     box: each row is one line, so that grep and diff work.
//   - On a terminal nothing is wider than it: rows wrap under their text, the
//     live area and tables are cut with an ellipsis. 40 columns are the least.
//   - Times are UTC, to the second; elapsed time counts from what the caller
//     calls the beginning. A change of date gets a line of its own.
//   - Text of the outside world (keys, reasons, names) is cleaned: control
//     characters cannot reach the terminal.
//   - Sentences begin in lower case and end without a full stop.
//   - JSON lines: one object a line on standard output, its kind under "type";
//     problems and notes too, on standard error. Every frame of the live area is
//     a line.
package ui

import "time"

// Printer writes one command's output. It is not safe for use by several
// goroutines. A writer that fails (a closed pipe) silences the printer; Close
// tells.
type Printer interface {
	// Row adds a line to the timeline.
	Row(Row)
	// Live shows the state of a running rollout, in place of what it showed before.
	Live(Live)
	// EndLive takes the live area away: the rows have told the story.
	EndLive()
	Table(Table)
	Report(Report)
	// Problem says what went wrong, on standard error.
	Problem(Problem)
	// Note says something about the command's own work, on standard error.
	Note(text string)
	// Close ends the live area and returns the first failed write.
	Close() error
}

// Row is one thing that happened.
type Row struct {
	Time    time.Time     // virtual or real
	Elapsed time.Duration // since the beginning of the story
	Mark    Mark
	Subject string // whom it happened to: an endpoint, a model, a pipeline execution
	Text    string
}

// Live is a rollout under way.
type Live struct {
	Time     time.Time
	Elapsed  time.Duration
	Subject  string // the endpoint
	Mark     Mark   // what it is doing
	Step     string // like "2 of 10, 7m of 15m"
	Steps    []Step // of the plan; none if there is nothing to draw
	Baseline Share
	// Candidate's Weight and Baseline's add up to 100.
	Candidate Share
	Evidence  Evidence
	Looks     []Look // oldest first; the last few are shown
}

// Share is one variant and its part of the requests, in whole percent.
type Share struct {
	Name   string
	Weight int
}

// Evidence is how sure the judge is that the candidate is worse: Wealth of Limit,
// at which it rolls back. Both are at least 0 and not logarithms; a Limit of 0
// means that there is none to show.
type Evidence struct {
	Wealth, Limit float64
}

// Look is one judgement.
type Look struct {
	Time time.Time
	Mark Mark
	Text string
}

// Problem is an error or a warning, with what to do about it.
type Problem struct {
	Warning bool
	// Mark has another word in place of error and warning, with its tone; the zero
	// Mark has none.
	Mark  Mark
	Where string // like sluice.yaml:12:9, or empty
	Text  string
	Fix   string // what would be right, or empty
}

// Report is a result with a verdict: shown in a box on a terminal.
type Report struct {
	Mark   Mark
	Title  string
	Fields []Field
	Steps  []Step   // drawn below the fields, on a terminal only
	Text   []string // paragraphs below that
}

// Field is a named value of a report.
type Field struct{ Name, Value string }
