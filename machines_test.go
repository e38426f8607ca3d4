package sluice_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cf "sluice/local/cloudformation"

	"sluice/local/asl/parse"
	"sluice/shared/fault"
)

// machines are the definitions in statemachines/, by file, as they are written.
func machines(t *testing.T) map[string]*parse.Machine {
	t.Helper()
	files, err := filepath.Glob("statemachines/*.asl.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("statemachines/ has no machine: %v", err)
	}
	all := map[string]*parse.Machine{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parse.Parse(text)
		if err != nil {
			t.Fatalf("%s:\n%v", name, err)
		}
		all[name] = m
	}
	return all
}

// states are all states of a branch and of the branches in it.
func states(b *parse.Branch) []parse.State {
	var all []parse.State
	for _, s := range b.States {
		all = append(all, s)
		switch s := s.(type) {
		case *parse.Parallel:
			for _, inner := range s.Branches {
				all = append(all, states(inner)...)
			}
		case *parse.Map:
			all = append(all, states(s.Processor)...)
		}
	}
	return all
}

// handling is what a state does with errors, if it can.
func handling(s parse.State) (parse.Handling, bool) {
	switch s := s.(type) {
	case *parse.Task:
		return s.Handling, true
	case *parse.Parallel:
		return s.Handling, true
	case *parse.Map:
		return s.Handling, true
	}
	return parse.Handling{}, false
}

// names are the errors that a state retries, and those that it catches.
func names(h parse.Handling) (retried, caught []string) {
	for _, r := range h.Retry {
		retried = append(retried, r.ErrorEquals...)
	}
	for _, c := range h.Catch {
		caught = append(caught, c.ErrorEquals...)
	}
	return retried, caught
}

// each calls check with every state of every machine.
func each(t *testing.T, check func(place string, s parse.State)) {
	t.Helper()
	all := machines(t)
	for _, file := range keys(all) {
		for _, s := range states(&all[file].Branch) {
			check(file+": state "+s.Head().Name, s)
		}
	}
}

func TestMachinesAreWithoutFault(t *testing.T) {
	all := machines(t)
	for _, file := range keys(all) {
		for _, p := range parse.Lint(all[file]) {
			t.Errorf("%s: %s: %s", file, p.Severity, p)
		}
		if all[file].TimeoutSeconds == 0 {
			t.Errorf("%s: needs TimeoutSeconds: an execution that hangs would hang for a year", file)
		}
		if all[file].Comment == "" {
			t.Errorf("%s: needs a Comment that says what one execution is", file)
		}
	}
}

// known reports whether an error of this name can occur.
func known(name string) bool {
	return slices.Contains(fault.Kinds(), fault.Kind(name)) || strings.HasPrefix(name, "States.") || strings.HasPrefix(name, "Lambda.") ||
		name == "Runtime.ExitError" || name == "Sandbox.Timedout"
}

func TestMachinesMatchErrorsThatExist(t *testing.T) {
	each(t, func(place string, s parse.State) {
		h, _ := handling(s)
		retried, caught := names(h)
		for _, name := range slices.Concat(retried, caught) {
			if !known(name) {
				t.Errorf("%s waits for error %s, which is no fault.Kind and none of AWS's: it never occurs", place, name)
			}
		}
	})
}

// passing are the errors of Lambda itself that AWS says to retry always.
var passing = []string{"Lambda.ClientExecutionTimeoutException", "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException"}

func TestTasksHandleEveryFault(t *testing.T) {
	each(t, func(place string, s parse.State) {
		task, ok := s.(*parse.Task)
		if !ok {
			return
		}
		retried, caught := names(task.Handling)
		for _, k := range fault.Kinds() {
			if !slices.ContainsFunc(slices.Concat(retried, caught), func(name string) bool {
				return name == string(k) || name == "States.ALL" || name == "States.TaskFailed"
			}) {
				t.Errorf("%s neither retries nor catches %s: the execution would end, and leave the endpoint where it is", place, k)
			}
		}
		for _, name := range missing(passing, retried) {
			t.Errorf("%s does not retry %s, which passes by itself", place, name)
		}
		for _, r := range task.Retry {
			if !r.FullJitter {
				t.Errorf("%s retries %s without JitterStrategy FULL: what was throttled together would come back together", place, strings.Join(r.ErrorEquals, ", "))
			}
		}
	})
}

// Whatever a task fails with, a bad new version of its function may be at fault. Faults
// that have a name get a few more tries. A panic has any name; its tries must go on until
// the alarm has seen three of them and CodeDeploy has taken the version's events away.
func TestTasksTryAgainForEveryError(t *testing.T) {
	each(t, func(place string, s parse.State) {
		task, ok := s.(*parse.Task)
		if !ok {
			return
		}
		tries := map[string]int64{}
		for _, r := range task.Retry {
			for _, name := range r.ErrorEquals {
				tries[name] = r.MaxAttempts
			}
		}
		for _, k := range fault.Kinds() {
			if tries[string(k)] < 3 {
				t.Errorf("%s must retry %s three times: a bad version of Sluice must not take a good candidate back", place, k)
			}
		}
		if n := len(task.Retry); n == 0 || !slices.Equal(task.Retry[n-1].ErrorEquals, []string{"States.TaskFailed"}) || task.Retry[n-1].MaxAttempts < 8 {
			t.Errorf("%s must at last retry States.TaskFailed eight times: a panic of a bad version of Sluice must not take a good candidate back", place)
		}
	})
}

func TestWaitsEnd(t *testing.T) {
	each(t, func(place string, s parse.State) {
		task, ok := s.(*parse.Task)
		if !ok {
			return
		}
		if !task.Timeout.Given() {
			t.Errorf("%s needs a timeout: an answer that is lost would be waited for for ever", place)
		}
		_, caught := names(task.Handling)
		if waits(task) && !slices.Contains(caught, "States.Timeout") {
			t.Errorf("%s waits for an event and must catch States.Timeout by name: events are best effort, so the timeout is the poll", place)
		}
	})
}

// waits reports whether a task waits for somebody to complete its token.
func waits(t *parse.Task) bool { return strings.HasSuffix(t.Resource, ".waitForTaskToken") }

func TestStatesSayWhatTheyAreFor(t *testing.T) {
	each(t, func(place string, s parse.State) {
		switch s.(type) {
		case *parse.Succeed, *parse.Fail: // their names say it
			return
		}
		if s.Head().Comment == "" {
			t.Errorf("%s needs a Comment: the console is where people meet the product", place)
		}
	})
}

// A state that gives up while its function still works would repeat the work beside
// itself.
func TestTasksOutliveTheirFunctions(t *testing.T) {
	limit := map[string]int{}
	for _, f := range resources[cf.FunctionSpec](t) {
		limit[f.LogicalID] = f.Timeout
	}
	each(t, func(place string, s parse.State) {
		task, ok := s.(*parse.Task)
		if !ok || waits(task) || task.Timeout.Path != nil {
			return
		}
		if f := invoked(task); task.Timeout.Static <= int64(limit[f]) {
			t.Errorf("%s gives up after %d s, but %s may run for %d s", place, task.Timeout.Static, f, limit[f])
		}
	})
}

// invoked is the X of "${X}", the function that a task invokes, else "".
func invoked(t *parse.Task) string {
	if t.Parameters == nil || !strings.HasPrefix(t.Resource, "arn:aws:states:::lambda:invoke") {
		return ""
	}
	object, ok := t.Parameters.Root.(*parse.Object)
	if !ok {
		return ""
	}
	for _, m := range object.Members {
		if c, ok := m.Value.(*parse.Const); ok && m.Key == "FunctionName" {
			name, _ := c.Value.(string)
			return strings.TrimSuffix(strings.TrimPrefix(name, "${"), "}")
		}
	}
	return ""
}
