package spec

import (
	"cmp"
	"slices"
	"strings"
)

// Limits that are Sluice's own; those of AWS are in names.go.
const (
	maxFile     = 64 << 10 // bytes
	maxDepth    = 16       // of nested braces and brackets
	maxTokens   = 10_000
	maxProblems = 100 // shown of one file; the rest is counted
)

// Parse reads one sluice.yaml. file is only the name that problems are reported
// under. The spec it returns is normalised: every default is filled in.
//
// Errors: *Error with every problem of the file, by line. Parse is strict: a key
// it does not know, a unit that is missing or a name that AWS would refuse is a
// problem, and so are YAML's anchors, aliases, merges and tags. A file of which
// the YAML itself cannot be read has that one problem.
func Parse(file string, src []byte) (*Spec, error) {
	r := &report{file: file, at: map[string]place{}, bad: map[string]bool{}}
	var s Spec
	if root := r.document(src); root != nil {
		r.decode(root, &s)
		r.check(&s)
	}
	if len(r.problems) > 0 {
		return nil, &Error{Problems: r.sorted()}
	}
	normal := s.Normalised()
	return &normal, nil
}

// place is a position in the file, from 1, columns in characters.
type place struct{ line, column int }

// report gathers the problems of one file, and remembers where each field stands
// so that checks of meaning can point at it.
type report struct {
	file     string
	problems []Problem
	at       map[string]place
	bad      map[string]bool // fields that have a problem already
}

// add reports a problem with a field, at the field or, if it is not written, at
// the nearest thing around it that is.
func (r *report) add(field, message, fix string) {
	r.addAt(r.place(field), field, message, fix)
}

func (r *report) addAt(at place, field, message, fix string) {
	r.bad[field] = true
	r.problems = append(r.problems, Problem{
		File: r.file, Line: at.line, Column: at.column, Field: field, Message: message, Fix: fix,
	})
}

func (r *report) place(field string) place {
	for {
		if at, written := r.at[field]; written {
			return at
		}
		if field == "" {
			return place{1, 1}
		}
		field = parent(field)
	}
}

func (r *report) written(field string) bool {
	_, written := r.at[field]
	return written
}

// usable reports whether a field is written and has no problem so far: only then
// is its value worth a check of meaning.
func (r *report) usable(fields ...string) bool {
	for _, field := range fields {
		if !r.written(field) || r.bad[field] {
			return false
		}
	}
	return true
}

// soundBelow reports whether neither field nor anything in it has a problem so far.
func (r *report) soundBelow(field string) bool {
	for bad := range r.bad {
		if bad == field || strings.HasPrefix(bad, field+".") || strings.HasPrefix(bad, field+"[") {
			return false
		}
	}
	return true
}

// sorted returns the problems in the order of the file, at most maxProblems.
func (r *report) sorted() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column, strings.Compare(a.Field, b.Field))
	})
	if over := len(r.problems) - maxProblems; over > 0 {
		last := r.problems[maxProblems-1]
		last.Field, last.Message, last.Fix = "", count(over+1, "further problem")+" not shown", "begin with those above"
		return append(r.problems[:maxProblems-1:maxProblems-1], last)
	}
	return r.problems
}
