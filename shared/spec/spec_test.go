package spec

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anySpec draws specs that Parse would return: every strategy, every field.
func anySpec() *rapid.Generator[Spec] {
	name := rapid.StringMatching(`[a-zA-Z0-9](-{0,2}[a-zA-Z0-9]){0,12}`)
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`abz09 é日/_-.:,;#&!|>'"%@[]{}?~\=<+`)), 0, 20, -1)
	bound := rapid.Ptr(rapid.Custom(func(t *rapid.T) float64 {
		return float64(rapid.IntRange(0, 1e9).Draw(t, "bound")) / float64(rapid.SampledFrom([]int{1, 10, 1e6, 1e9}).Draw(t, "divisor"))
	}), true)
	return rapid.Custom(func(t *rapid.T) Spec {
		s := Spec{
			Model:    name.Draw(t, "model"),
			Pipeline: Pipeline{Name: name.Draw(t, "pipeline"), Parameters: rapid.MapOfN(name, text, 0, 4).Draw(t, "parameters")},
			Package:  Package{Group: name.Draw(t, "group"), Approve: rapid.SampledFrom([]Approve{"", Automatic, Manual}).Draw(t, "approve")},
			Endpoint: Endpoint{Name: name.Draw(t, "endpoint"), InstanceType: "ml.m5.large", InstanceCount: rapid.IntRange(0, 50).Draw(t, "count")},
		}
		s.Triggers = someTriggers(t, text)
		for i := range rapid.IntRange(0, 2).Draw(t, "gate") {
			c := Condition{Metric: strings.Repeat("m.", i) + "value", Min: bound.Draw(t, "min"), MaxDrop: bound.Draw(t, "drop"), MaxRise: bound.Draw(t, "rise")}
			if c.Min == nil {
				top := 1e7
				c.Max = &top
			}
			s.Package.Gate = append(s.Package.Gate, c)
		}
		s.Endpoint.Price = float64(rapid.IntRange(0, 1e6).Draw(t, "price")) / 1000
		s.Drift = rapid.SampledFrom([]*Drift{
			nil, {Captures: "s3://captures"}, {Captures: "s3://captures/a", Reference: "s3://models/r.jsonl", Columns: []string{"a b", "é: #"}, PSI: 0.3, KS: 1, MinRows: leastRows},
			{Captures: "s3://captures/a/", Learn: maxLearn, Window: minDriftWindow, Ignore: []string{"?"}, Hold: Duration(time.Minute)},
		}).Draw(t, "drift")
		s.Rollout = anyRollout().Draw(t, "rollout")
		return s
	})
}

// someTriggers draws triggers that Parse would accept.
func someTriggers(t *rapid.T, text *rapid.Generator[string]) (tr Triggers) {
	for i := range rapid.IntRange(0, 3).Draw(t, "data") {
		quiet := someSeconds(time.Second, 24*time.Hour).Draw(t, "quiet")
		tr.Data = append(tr.Data, DataTrigger{
			Bucket: "bucket", Prefix: string(rune('a'+i)) + text.Draw(t, "prefix"), Suffix: text.Draw(t, "suffix"),
			Quiet: quiet, MaxWait: quiet + someSeconds(0, 24*time.Hour).Draw(t, "more"),
			MinObjects: rapid.SampledFrom([]int{0, 1, 12345}).Draw(t, "minObjects"), MinBytes: Bytes(rapid.SampledFrom([]int{0, 1, 999, 1500, 3e9}).Draw(t, "minBytes")),
			Marker: rapid.SampledFrom([]string{"", "_SUCCESS", "*.done"}).Draw(t, "marker"),
		})
	}
	tr.Drift = rapid.SampledFrom([][]DriftTrigger{nil, {{Alarm: "a-*", Hold: Duration(time.Minute)}, {Tag: "drift=churn"}}}).Draw(t, "drift")
	tr.Schedule = rapid.SampledFrom([][]ScheduleTrigger{nil, {{Cron: "0 2 * * 1-5", Zone: "Europe/Berlin"}, {Rate: leastRate}}}).Draw(t, "schedule")
	tr.Promotion = rapid.SampledFrom([][]PromotionTrigger{nil, {{Model: "embeddings"}, {Model: "prices"}}}).Draw(t, "promotion")
	tr.Cooldown, tr.MaxPerDay = someSeconds(0, 24*time.Hour).Draw(t, "cooldown"), rapid.IntRange(0, maxPerDay).Draw(t, "maxPerDay")
	return tr
}

// TestRoundTrip: a normalised spec survives YAML and JSON, keeps its version, and
// is accepted by the schema.
func TestRoundTrip(t *testing.T) {
	schema := compiled(t)
	rapid.Check(t, func(r *rapid.T) {
		s := anySpec().Draw(r, "spec").Normalised()
		text, err := s.YAML()
		if err != nil {
			r.Fatal(err)
		}
		back, err := Parse("f", text)
		if err != nil {
			r.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(s, *back); diff != "" {
			r.Fatalf("through YAML (-before +after):\n%s\n%s", diff, text)
		}
		if s.Version() != back.Version() {
			r.Fatal("the version changed")
		}
		if err := validate(t, schema, text); err != nil {
			r.Fatalf("schema: %v\n%s", err, text)
		}
		stored, err := json.Marshal(s)
		if err != nil {
			r.Fatal(err)
		}
		var restored Spec
		if err := json.Unmarshal(stored, &restored); err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(s, restored); diff != "" {
			r.Fatalf("through JSON (-before +after):\n%s", diff)
		}
	})
}

// TestToleranceOfZero: a zero that is written is not taken for one that is not.
func TestToleranceOfZero(t *testing.T) {
	minimal := string(read(t, "testdata/valid/minimal.yaml"))
	for text, want := range map[string]Errors{
		"{tolerance: 0%}":                {0, 0.1, false},
		"{relative: 0%}":                 {0.001, 0, false},
		"{relative: 20%, dryRun: false}": {0.001, 0.2, false},
		"{}":                             {0.001, 0.1, false},
	} {
		s, err := Parse("f", []byte(minimal+"rollout: {judge: {errors: "+text+"}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Rollout.Judge.Errors; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestVersion: the version follows the meaning, not the writing, and is pinned so
// that it cannot change unnoticed for specs that are stored.
func TestVersion(t *testing.T) {
	churn, err := Parse("f", read(t, "testdata/valid/churn.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := Parse("f", read(t, "../../examples/churn/sluice.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "78dfc40db51f1b613f66d6319981968c8d37185db240d1c012a9361dd66ad8c0"
	if churn.Version() != want || example.Version() != want {
		t.Errorf("versions %s and %s, want %s", churn.Version(), example.Version(), want)
	}
	example.Rollout.Canary.Weight++
	if example.Version() == want {
		t.Error("another weight has the same version")
	}
}

// TestNormalisedSharesNothing changes everything that normalised copies hold. The
// files of testdata/valid together hold every field there is.
func TestNormalisedSharesNothing(t *testing.T) {
	changed, all := map[string]bool{}, map[string]bool{}
	for _, path := range glob(t, "testdata/valid/*.yaml") {
		original, err := Parse(path, read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		before, copied := original.Version(), original.Normalised()
		scramble(reflect.ValueOf(&copied).Elem(), "", changed)
		if original.Version() != before {
			t.Errorf("%s: a change to the copy reached the original", path)
		}
	}
	leavesOf(reflect.TypeFor[Spec](), "", all)
	if diff := cmp.Diff(all, changed); diff != "" {
		t.Errorf("fields (-there are +changed):\n%s", diff)
	}
}

// scramble changes every value in v, and notes the fields that it reached.
func scramble(v reflect.Value, field string, reached map[string]bool) {
	switch v.Kind() {
	case reflect.Struct:
		for i, name := range fieldsOf(v.Type()).names {
			scramble(v.Field(i), join(field, name), reached)
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i), field+"[]", reached)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.ValueOf("changed"))
			reached[field] = true
		}
	case reflect.Pointer:
		if !v.IsNil() {
			scramble(v.Elem(), field, reached)
		}
	default:
		reached[field] = reached[field] || !v.IsZero()
		v.SetZero()
	}
}

// leavesOf notes the fields of a type that hold values.
func leavesOf(typ reflect.Type, field string, all map[string]bool) {
	switch typ.Kind() {
	case reflect.Struct:
		for i, name := range fieldsOf(typ).names {
			leavesOf(typ.Field(i).Type, join(field, name), all)
		}
	case reflect.Slice:
		leavesOf(typ.Elem(), field+"[]", all)
	case reflect.Pointer:
		leavesOf(typ.Elem(), field, all)
	default:
		all[field] = true
	}
}

// TestExamplePipeline: the pipeline of the example takes the parameters that its
// spec gives, and registers into the group that it names.
func TestExamplePipeline(t *testing.T) {
	s, err := Parse("sluice.yaml", read(t, "../../examples/churn/sluice.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var pipeline struct {
		Version    string
		Parameters []struct{ Name, Type string }
		Steps      []struct {
			Name, Type string
			Arguments  struct{ ModelPackageGroupName string }
		}
	}
	if err := json.Unmarshal(read(t, "../../examples/churn/pipeline.json"), &pipeline); err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	for _, p := range pipeline.Parameters {
		declared[p.Name] = p.Type == "String"
	}
	for name := range s.Pipeline.Parameters {
		if !declared[name] {
			t.Errorf("pipeline.json has no string parameter %s", name)
		}
	}
	last := pipeline.Steps[len(pipeline.Steps)-1]
	if last.Type != "RegisterModel" || last.Arguments.ModelPackageGroupName != s.Package.Group {
		t.Errorf("the last step %+v does not register into %s", last, s.Package.Group)
	}
}
