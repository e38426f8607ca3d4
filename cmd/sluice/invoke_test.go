package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/cloudformation"
	"sluice/local/events/pattern"
	"sluice/local/sim"
	"sluice/shared/deploying"
)

const sampleFolder = "../../events/"

// TestEveryFunctionTakesItsSamples invokes each function with each sample that it
// would get: by a rule of the template, by the queue or the table's stream, or as a task
// of a machine. It may find that the thing is not there, but never that the sample is
// wrong, or that its role lacks a permission.
func TestEveryFunctionTakesItsSamples(t *testing.T) {
	files := os.DirFS("../..")
	s, err := stage.Load(files, "examples/churn/scenarios/healthy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	st, err := stage.Set(t.Context(), s, sim.NewWorld(stage.Opening, 1), local.InProcess)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	all, err := filepath.Glob(sampleFolder + "*.json")
	if err != nil || len(all) < 40 {
		t.Fatalf("%d samples: %v", len(all), err)
	}
	taken := map[string]int{} // samples by function
	for _, file := range all {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		for _, function := range takers(t, st, name, raw) {
			var out invoked
			st.AWS.World.Do(func() { out, err = once(st.AWS, function, raw) })
			if err != nil {
				t.Errorf("%s with %s: %v", function, name, err)
				continue
			}
			taken[out.Function]++
			nobodys := strings.Contains(out.Message, "states:SendTaskSuccess on resource: *") // the token of a sample
			if nobodys || slices.Contains([]string{"", "NotFound", "Conflict", "NotReady"}, out.Error) || strings.Contains(out.Message, "has no run of generation") {
				continue
			}
			t.Errorf("%s with %s: %s: %s", function, name, out.Error, out.Message)
		}
	}
	for name := range local.Functions {
		if taken[name] == 0 {
			t.Errorf("events/ has no sample for %s: add events/task-%s.json, or an event that one of its rules matches", name, name)
		}
	}
}

// TestEveryFunctionAnswersProbes asks each function what check-deployment asks its new
// versions.
func TestEveryFunctionAnswersProbes(t *testing.T) {
	s, err := stage.Load(os.DirFS("../.."), "examples/churn/scenarios/healthy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	st, err := stage.Set(t.Context(), s, sim.NewWorld(stage.Opening, 1), local.InProcess)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var asked []string
	for _, name := range deploying.Probed() {
		payload, err := deploying.Probe(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out invoked
		st.AWS.World.Do(func() { out, err = once(st.AWS, name, payload) })
		if want := `{"function":"` + name + `","version":""}`; err != nil || out.Error != "" || string(out.Answer) != want {
			t.Errorf("%s answers a probe with %s %s %s, %v; want %s", name, out.Answer, out.Error, out.Message, err, want)
		}
		asked = append(asked, name)
	}
	for name := range local.Functions {
		if !slices.Contains(asked, name) {
			t.Errorf("check-deployment cannot probe %s: shared/deploying has no sample for it", name)
		}
	}
}

// takers are the functions that get a sample.
func takers(t *testing.T, st *stage.Stage, name string, raw []byte) (all []string) {
	t.Helper()
	if task, ok := strings.CutPrefix(name, "task-"); ok {
		return []string{task}
	}
	switch name {
	case "data-queue-batch":
		return []string{"on-data"}
	case "capture-queue-batch":
		return []string{"on-capture"}
	case "lambda-codedeploy-hook":
		return []string{"check-deployment"}
	}
	if strings.HasPrefix(name, "table-stream-") {
		raw = first(t, raw)
	}
	e, err := pattern.Take(raw)
	if err != nil {
		return nil
	}
	add := func(text, function string) {
		p, err := pattern.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := st.AWS.Lambda.Function(function); err == nil && p.Match(e) {
			all = append(all, filepath.Base(f.CodePath))
		}
	}
	for _, r := range st.Stack.Resources {
		switch spec := r.Spec.(type) {
		case *cloudformation.RuleSpec:
			for _, target := range spec.Targets {
				if spec.EventPattern != nil {
					add(string(spec.EventPattern), target.Arn)
				} else { // it is on a schedule
					add(`{"source": ["aws.events"], "detail-type": ["Scheduled Event"]}`, target.Arn)
				}
			}
		case *cloudformation.MappingSpec:
			for _, f := range spec.FilterCriteria.Filters {
				add(f.Pattern, spec.FunctionName)
			}
		}
	}
	return all
}

// first is the first record of a batch, which is what filters see.
func first(t *testing.T, raw []byte) []byte {
	t.Helper()
	var batch struct{ Records []json.RawMessage }
	if err := json.Unmarshal(raw, &batch); err != nil || len(batch.Records) == 0 {
		t.Fatalf("%d records: %v", len(batch.Records), err)
	}
	return batch.Records[0]
}

// TestInvokeOverTheRuntimeAPI compiles a function and runs it as Lambda would.
func TestInvokeOverTheRuntimeAPI(t *testing.T) {
	t.Chdir("../..")
	var out, errs strings.Builder
	in := invoke{Function: "OnAlarmFunction", Event: "events/cloudwatch-alarm-state-change.json", Functions: "process", Binaries: filepath.Join(t.TempDir(), "bin")}
	c := &call{
		ctx: t.Context(), now: func() time.Time { return stage.Opening }, in: strings.NewReader(""), out: ui.Stream{Writer: &out}, err: ui.Stream{Writer: &errs},
		print: ui.NewText(ui.Stream{Writer: &out}, ui.Stream{Writer: &errs}),
	}
	if err := in.Run(c); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	if got := out.String() + errs.String(); !strings.Contains(got, "on-alarm answers") || !strings.Contains(got, `"models":[]`) || !strings.Contains(got, `"alarm":"churn-green-5xx"`) {
		t.Errorf("it printed %s", got)
	}
	for _, wrong := range []invoke{{Function: "none", Event: in.Event}, {Function: "on-alarm", Event: "events/none.json"}, {Function: "on-alarm", Event: "Makefile"}} {
		wrong.Functions = "in-process"
		var f *failure
		if err := wrong.Run(c); !errors.As(err, &f) || f.fix == "" {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
