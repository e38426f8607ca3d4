package rollout_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/shared/rollout"
	"sluice/shared/spec"
)

var update = flag.Bool("update", false, "rewrite testdata/obey.txt")

// two is when commands of these tests are given; the rollout's approval expires at
// three.
var two = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)

// situation is where a rollout stands when a command comes.
type situation struct {
	name   string
	record rollout.Record
}

// situations are all states, and of a state all that makes a difference to a command.
func situations() []situation {
	of := func(s rollout.State, step int, change ...func(*rollout.Record)) rollout.Record {
		r := rollout.Record{
			ID: "churn-v2", Model: "churn", Package: "arn/churn/2", State: s, Step: step,
			Baseline: rollout.Side{Variant: "churn-v1", Package: "arn/churn/1"}, Candidate: rollout.Side{Variant: "churn-v2", Package: "arn/churn/2"},
			Plan: rollout.Plan{Steps: []rollout.Step{
				{Kind: rollout.Weigh, Weight: 10, Bake: 15 * time.Minute}, {Kind: rollout.Ask, Weight: 10, Limit: time.Hour, OnTimeout: spec.TimeoutRollBack},
				{Kind: rollout.Rest, Weight: 10}, {Kind: rollout.Weigh, Weight: 100, Bake: 15 * time.Minute},
			}},
		}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	asked := func(r *rollout.Record) {
		r.Control.Gate = &rollout.Gate{ID: rollout.GateID(r.ID, 1), Step: 1, AskedAt: two, Expires: two.Add(time.Hour)}
	}
	first := func(r *rollout.Record) { r.First, r.Baseline = true, rollout.Side{} }
	return []situation{
		{"waiting for its endpoint", of(rollout.Waiting, -1)},
		{"preparing", of(rollout.Preparing, -1)},
		{"running", of(rollout.Running, 0)},
		{"running, paused by hand", of(rollout.Running, 0, func(r *rollout.Record) { r.Control.Paused = &rollout.Paused{By: "eve", At: two.Add(-time.Hour)} })},
		{"running, waiting for an approval", of(rollout.Running, 1, asked)},
		{"running, approval expired", of(rollout.Running, 1, asked, func(r *rollout.Record) { r.Control.Gate.Expires = two })},
		{"running, approval given", of(rollout.Running, 1, asked, func(r *rollout.Record) { r.Control.Gate.By, r.Control.Gate.Approved = "eve", true })},
		{"running, in a pause of the plan", of(rollout.Running, 2)},
		{"running, in a pause of the plan and paused by hand", of(rollout.Running, 2, func(r *rollout.Record) { r.Control.Paused = &rollout.Paused{By: "eve", At: two.Add(-time.Hour)} })},
		{"running at 100 %, past an approval that nobody gave", of(rollout.Running, 3, asked)},
		{"running, being taken back", of(rollout.Running, 0, func(r *rollout.Record) { r.Control.Abort = "aborted by eve" })},
		{"running, the endpoint's first model", of(rollout.Running, 3, first)},
		{"standby", of(rollout.Standby, 3)},
		{"standby, being taken back", of(rollout.Standby, 3, func(r *rollout.Record) { r.Control.Abort = "undone by eve" })},
		{"promoting", of(rollout.Promoting, 3)},
		{"promoting, the endpoint's first model", of(rollout.Promoting, 3, first)},
		{"returning", of(rollout.Returning, 0)},
		{"promoted", of(rollout.Promoted, 3)},
		{"promoted, the endpoint's first model", of(rollout.Promoted, 3, first)},
		{"promoted over a model of no package", of(rollout.Promoted, 3, func(r *rollout.Record) { r.Baseline.Package = "" })},
		{"rolled back", of(rollout.RolledBack, 0)},
		{"aborted", of(rollout.Aborted, 0)},
		{"refused", of(rollout.Refused, -1)},
		{"superseded", of(rollout.Superseded, -1)},
		{"halted", of(rollout.Halted, 0)},
		{"halted and unlocked", of(rollout.Halted, 0, func(r *rollout.Record) { r.UnlockedAt = two.Add(-time.Minute) })},
	}
}

// commands are all that can be asked.
func commands() []rollout.Command {
	var all []rollout.Command
	for _, v := range append(rollout.Verbs(), rollout.YieldNow, rollout.Recall, rollout.Unreadable) {
		c := rollout.Command{Rollout: "churn-v2", ID: "1", Verb: v, By: "ana", Why: "because", At: two}
		all = append(all, c)
		switch v {
		case rollout.Promote:
			c.Full = true
			all = append(all, c)
		case rollout.YieldNow:
			c.Replace = true
			all = append(all, c)
		case rollout.Approve:
			c.Gate = "churn-v1-s2"
			all = append(all, c)
		}
	}
	return all
}

func title(c rollout.Command) string {
	switch {
	case c.Full:
		return string(c.Verb) + " --full"
	case c.Replace:
		return string(c.Verb) + " (replace)"
	case c.Gate != "":
		return string(c.Verb) + " --gate " + c.Gate
	}
	return string(c.Verb)
}

// effect is what a command has changed of a record: of its control, and whether of
// anything else.
func effect(t *testing.T, before, after rollout.Record) string {
	t.Helper()
	var was, is map[string]json.RawMessage
	for r, m := range map[*rollout.Record]*map[string]json.RawMessage{&before: &was, &after: &is} {
		raw, err := json.Marshal(r.Control)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
		r.Control = rollout.Control{}
	}
	var changes []string
	for name := range is {
		if string(was[name]) != string(is[name]) {
			changes = append(changes, name+" "+string(is[name]))
		}
	}
	for name := range was {
		if is[name] == nil {
			changes = append(changes, "no "+name)
		}
	}
	slices.Sort(changes)
	if diff := cmp.Diff(before, after); diff != "" {
		changes = append(changes, "more than its control:\n"+diff)
	}
	return strings.Join(changes, ", ")
}

// matrix is what becomes of every command in a situation. Commands with one fate share
// a line; VERB in it is each one's own.
func (s situation) matrix(t *testing.T) string {
	var fates []string
	of := map[string][]string{}
	for _, c := range commands() {
		r := s.record
		answer, accepted := r.Obey(c)
		fate := "no   " + strings.ReplaceAll(answer, string(c.Verb)+" any more", "VERB any more")
		if accepted {
			fate = "yes  " + answer
		}
		if e := effect(t, s.record, r); e != "" {
			fate += "\n       -> " + e
		}
		if of[fate] == nil {
			fates = append(fates, fate)
		}
		of[fate] = append(of[fate], title(c))
	}
	text := s.name + "\n"
	for _, fate := range fates {
		text += fmt.Sprintf("  %s\n    %s\n", strings.Join(of[fate], ", "), fate)
	}
	return text
}

// Every verb in every situation: accepted, with its effect on the record, or refused,
// with its text. The file is the whole of what a person may do; read it when it
// changes.
func TestEveryVerbInEverySituation(t *testing.T) {
	var all []string
	for _, s := range situations() {
		all = append(all, s.matrix(t))
	}
	got := strings.Join(all, "\n")
	const file = "testdata/obey.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("go test ./shared/rollout -update rewrites %s; what has changed is (-want +got):\n%s", file, diff)
	}
}

// declared are the constants of a type in a file of this package.
func declared(t *testing.T, file, of string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for n := range ast.Preorder(f) {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			continue
		}
		if name, ok := v.Type.(*ast.Ident); ok && name.Name == of {
			values = append(values, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		}
	}
	if len(values) == 0 {
		t.Fatalf("%s declares no %s", file, of)
	}
	slices.Sort(values)
	return values
}

// A new state, or a new verb, must be decided upon.
func TestNoStateAndNoVerbIsForgotten(t *testing.T) {
	var states, verbs []string
	for _, s := range situations() {
		states = append(states, string(s.record.State))
	}
	for _, c := range commands() {
		verbs = append(verbs, string(c.Verb))
	}
	slices.Sort(states)
	slices.Sort(verbs)
	if diff := cmp.Diff(declared(t, "record.go", "State"), slices.Compact(states)); diff != "" {
		t.Errorf("states (-declared +tested):\n%s", diff)
	}
	if diff := cmp.Diff(declared(t, "command.go", "Verb"), slices.Compact(verbs)); diff != "" {
		t.Errorf("verbs (-declared +tested):\n%s", diff)
	}
}

// However commands follow each other: what is refused changes nothing, what is over
// is never changed, and asking twice is asking once.
func TestObey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(situations()).Draw(t, "situation").record
		for range rapid.IntRange(1, 6).Draw(t, "commands") {
			c := rapid.SampledFrom(commands()).Draw(t, "command")
			c.By = rapid.SampledFrom([]string{"ana", "bob"}).Draw(t, "by")
			c.At = two.Add(time.Duration(rapid.IntRange(-90, 90).Draw(t, "minute")) * time.Minute)
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var before rollout.Record // shares nothing with r
			if err := json.Unmarshal(raw, &before); err != nil {
				t.Fatal(err)
			}
			answer, accepted := r.Obey(c)
			if answer == "" {
				t.Errorf("%s has no answer", title(c))
			}
			if diff := cmp.Diff(before, r); diff != "" && (!accepted || before.State.Final()) {
				t.Errorf("%s was refused, or came too late, and has changed (-was +is):\n%s", title(c), diff)
			}
			after := r
			r.Obey(c)
			if diff := cmp.Diff(after, r); diff != "" {
				t.Errorf("%s, asked again, has changed (-once +twice):\n%s", title(c), diff)
			}
		}
	})
}
