package parse

import (
	"fmt"
	"slices"
	"strings"
)

// errorNames are the error names of the language. Others that begin with
// "States." never occur (AWS.md D.4).
var errorNames = []string{"States.ALL", "States.DataLimitExceeded", "States.ExceedToleratedFailureThreshold",
	"States.HeartbeatTimeout", "States.Http.Socket", "States.IntrinsicFailure", "States.ItemReaderFailed", "States.NoChoiceMatched",
	"States.ParameterPathFailure", "States.Permissions", "States.QueryEvaluationError", "States.ResultPathMatchFailure",
	"States.ResultWriterFailed", "States.Runtime", "States.TaskFailed", "States.Timeout", "States.BranchFailed"}

// Lint reports what is wrong with a machine that Parse could read, in the order
// of the text within each kind of problem.
func Lint(m *Machine) []Problem {
	l := &linter{problems: slices.Clone(m.problems), names: map[string]Pos{}}
	l.branch(&m.Branch)
	return l.problems
}

type linter struct {
	problems []Problem
	names    map[string]Pos
}

func (l *linter) report(code string, sev Severity, state string, at Pos, format string, args ...any) {
	l.problems = append(l.problems, Problem{Code: code, Severity: sev, State: state, Pos: at, Message: fmt.Sprintf(format, args...)})
}

func (l *linter) branch(b *Branch) {
	reached := map[string]bool{}
	if b.State(b.StartAt) == nil {
		l.report(BadTransition, Error, "", under(b.Pos, "StartAt"), "Missing 'StartAt' target: %s", b.StartAt)
	}
	terminal := false
	for _, s := range b.States {
		h := s.Head()
		if before, twice := l.names[h.Name]; twice {
			l.report(DuplicateName, Error, h.Name, h.Pos, "the name is also that of the state at %s", before.Path)
		} else {
			l.names[h.Name] = h.Pos
		}
		for _, t := range Targets(s) {
			if b.State(t.Next) == nil {
				l.report(BadTransition, Error, h.Name, t.Pos, "Missing '%s' target: %s", t.Field, t.Next)
			}
		}
		terminal = terminal || ends(s)
		l.state(s)
	}
	l.reach(b, b.StartAt, reached)
	for _, s := range b.States {
		if h := s.Head(); !reached[h.Name] {
			l.report(BadTransition, Error, h.Name, h.Pos, "State %q is not reachable.", h.Name)
		}
	}
	if !terminal && len(b.States) > 0 {
		l.report(NoTerminal, Warning, "", b.Pos, "no state ends this branch: it needs End, Succeed or Fail")
	}
}

func under(p Pos, field string) Pos {
	return Pos{p.Line, strings.TrimSuffix(p.Path, "/") + "/" + field}
}

func ends(s State) bool {
	switch s := s.(type) {
	case *Succeed, *Fail:
		return true
	case *Task:
		return s.End
	case *Pass:
		return s.End
	case *Wait:
		return s.End
	case *Parallel:
		return s.End
	case *Map:
		return s.End
	}
	return false
}

func (l *linter) reach(b *Branch, name string, reached map[string]bool) {
	s := b.State(name)
	if s == nil || reached[name] {
		return
	}
	reached[name] = true
	for _, t := range Targets(s) {
		l.reach(b, t.Next, reached)
	}
}

// Target is a transition of a state.
type Target struct {
	Next  string
	Field string // Next or Default
	Pos   Pos
	Why   string // "" for the plain Next, else "choice", "default" or "catch"
}

// Targets lists where s can go, in the order of the text.
func Targets(s State) []Target {
	var list []Target
	plain := func(t Then) {
		if !t.End {
			list = append(list, Target{t.Next, "Next", under(s.Head().Pos, "Next"), ""})
		}
	}
	handled := func(h Handling) {
		for _, c := range h.Catch {
			list = append(list, Target{c.Next, "Next", under(c.Pos, "Next"), "catch"})
		}
	}
	switch s := s.(type) {
	case *Task:
		plain(s.Then)
		handled(s.Handling)
	case *Pass:
		plain(s.Then)
	case *Wait:
		plain(s.Then)
	case *Choice:
		for _, r := range s.Rules {
			list = append(list, Target{r.Next, "Next", under(r.Pos, "Next"), "choice"})
		}
		if s.Default != "" {
			list = append(list, Target{s.Default, "Default", under(s.Pos, "Default"), "default"})
		}
	case *Parallel:
		plain(s.Then)
		handled(s.Handling)
	case *Map:
		plain(s.Then)
		handled(s.Handling)
	}
	return list
}

func (l *linter) state(s State) {
	switch s := s.(type) {
	case *Task:
		l.handling(s.Name, s.Handling)
		if !s.Timeout.Given() {
			l.report(NoTimeout, Warning, s.Name, s.Pos, "a Task needs TimeoutSeconds: without it a lost answer is waited for 99999999 seconds")
		}
	case *Parallel:
		l.handling(s.Name, s.Handling)
		for _, b := range s.Branches {
			l.branch(b)
		}
	case *Map:
		l.handling(s.Name, s.Handling)
		l.branch(s.Processor)
	}
}

func (l *linter) handling(state string, h Handling) {
	for i, r := range h.Retry {
		l.errorEquals(state, r.Pos, r.ErrorEquals, i == len(h.Retry)-1)
	}
	for i, c := range h.Catch {
		l.errorEquals(state, c.Pos, c.ErrorEquals, i == len(h.Catch)-1)
	}
}

func (l *linter) errorEquals(state string, at Pos, names []string, last bool) {
	at = under(at, "ErrorEquals")
	if slices.Contains(names, "States.ALL") && (len(names) > 1 || !last) {
		l.report(BadSchema, Error, state, at, "States.ALL must appear alone, and in the last element")
	}
	for _, name := range names {
		if strings.HasPrefix(name, "States.") && !slices.Contains(errorNames, name) {
			l.report(UnknownError, Warning, state, at, "there is no error %s: it will never match", name)
		}
	}
}
