package stage

import (
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"sluice/shared/demand"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// Every trigger and limit that a spec may have, every condition of the gate, every kind
// of cause and every way a run may end is what some scenario is about.
func TestEveryTriggerLimitAndFailureHasAScenario(t *testing.T) {
	files := os.DirFS("../../..")
	names, err := fs.Glob(files, "examples/churn/scenarios/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		s, err := Load(files, name)
		if err != nil {
			t.Fatal(err)
		}
		runs := s.Expect.Trained
		for _, o := range s.Others {
			runs = append(runs, s.Expect.Others[o.sp.Model]...)
		}
		for _, sp := range s.specs() {
			written(seen, "triggers", reflect.ValueOf(sp.Triggers))
			written(seen, "package", reflect.ValueOf(sp.Package))
			seen["approve "+string(sp.Package.Approve)] = true
		}
		for _, r := range runs {
			seen["state "+r.State], seen["class "+r.Class], seen["approval "+r.Approval] = true, true, true
			for cause := range strings.SplitSeq(r.Causes, "; ") {
				kind, _, _ := strings.Cut(cause, ":")
				seen["cause "+kind] = true
			}
		}
	}
	want := []string{"approve automatic", "approve manual", "approval " + training.Approved, "approval " + training.Rejected, "approval " + training.Pending}
	for _, s := range []training.State{training.Trained, training.NothingNew, training.Failed, training.Stopped} {
		want = append(want, "state "+string(s))
	}
	for _, c := range []training.Class{training.Transient, training.Access, training.Data, training.Code, training.Halted} {
		want = append(want, "class "+string(c))
	}
	for _, kind := range []string{demand.Data, demand.Drift, demand.Schedule, demand.Manual, demand.Retry, demand.Commit, demand.Promotion} {
		want = append(want, "cause "+kind)
	}
	want = append(want, fields("triggers", reflect.TypeFor[spec.Triggers]())...)
	want = append(want, fields("package", reflect.TypeFor[spec.Package]())...)
	for _, w := range want {
		if !seen[w] {
			t.Errorf("no scenario has %s", w)
		}
	}
}

// written notes the fields of a part of a spec that are set.
func written(seen map[string]bool, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			written(seen, path, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Field(i); !field.IsZero() {
				written(seen, path+"."+jsonName(v.Type().Field(i)), field)
			}
		}
	}
	seen[path] = true
}

// fields are the fields that a part of a spec may have.
func fields(path string, t reflect.Type) []string {
	for t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{path}
	}
	var all []string
	for i := range t.NumField() {
		all = append(all, fields(path+"."+jsonName(t.Field(i)), t.Field(i).Type)...)
	}
	return all
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
