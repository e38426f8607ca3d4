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
	seconds := func(least, most time.Duration) *rapid.Generator[Duration] {
		return rapid.Custom(func(t *rapid.T) Duration {
			return Duration(rapid.IntRange(int(least/time.Second), int(most/time.Second)).Draw(t, "seconds")) * Duration(time.Second)
		})
	}
	percent := func(least, most int) *rapid.Generator[Percent] {
		return rapid.Custom(func(t *rapid.T) Percent {
			return Percent(float64(rapid.IntRange(least*1000, most*1000).Draw(t, "millis")) / 1e5)
		})
	}
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
		s.Triggers = someTriggers(t, text, seconds)
		for i := range rapid.IntRange(0, 2).Draw(t, "gate") {
			c := Condition{Metric: strings.Repeat("m.", i) + "value", Min: bound.Draw(t, "min"), MaxDrop: bound.Draw(t, "drop"), MaxRise: bound.Draw(t, "rise")}
			if c.Min == nil {
				top := 1e7
				c.Max = &top
			}
			s.Package.Gate = append(s.Package.Gate, c)
		}
		r := &s.Rollout
		r.Strategy = rapid.SampledFrom([]Strategy{"", StrategyCanary, StrategyLinear, StrategyBlueGreen}).Draw(t, "strategy")
		bake := seconds(time.Duration(minBake), time.Hour)
		switch r.Strategy {
		case StrategyCanary:
			r.Canary = Canary{Weight: rapid.IntRange(1, 99).Draw(t, "weight"), Bake: bake.Draw(t, "bake")}
			r.FinalBake = bake.Draw(t, "finalBake")
		case StrategyLinear:
			r.Linear = Linear{Step: rapid.IntRange(1, 50).Draw(t, "step"), Bake: bake.Draw(t, "bake")}
		case StrategyBlueGreen:
			r.BlueGreen = BlueGreen{Bake: bake.Draw(t, "bake")}
		}
		r.Alarms = rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(t, "alarms")
		r.Judge = Judge{
			FalseRollback: percent(1, 20).Draw(t, "falseRollback"),
			Errors:        Errors{Tolerance: percent(0, 50).Draw(t, "tolerance"), Relative: percent(1, 500).Draw(t, "relative"), DryRun: rapid.Bool().Draw(t, "dryRun")},
			NoTraffic:     rapid.SampledFrom([]NoTraffic{NoTrafficHold, NoTrafficPromote, NoTrafficRollBack}).Draw(t, "noTraffic"),
		}
		if rapid.Bool().Draw(t, "latency") {
			r.Judge.Latency = &Latency{Percentile: "p99", Tolerance: percent(1, 500).Draw(t, "slower")}
		}
		return s
	})
}

// someTriggers draws triggers that Parse would accept.
func someTriggers(t *rapid.T, text *rapid.Generator[string], seconds func(least, most time.Duration) *rapid.Generator[Duration]) (tr Triggers) {
	for i := range rapid.IntRange(0, 3).Draw(t, "data") {
		quiet := seconds(time.Second, 24*time.Hour).Draw(t, "quiet")
		tr.Data = append(tr.Data, DataTrigger{
			Bucket: "bucket", Prefix: string(rune('a'+i)) + text.Draw(t, "prefix"), Suffix: text.Draw(t, "suffix"),
			Quiet: quiet, MaxWait: quiet + seconds(0, 24*time.Hour).Draw(t, "more"),
			MinObjects: rapid.SampledFrom([]int{0, 1, 12345}).Draw(t, "minObjects"), MinBytes: Bytes(rapid.SampledFrom([]int{0, 1, 999, 1500, 3e9}).Draw(t, "minBytes")),
			Marker: rapid.SampledFrom([]string{"", "_SUCCESS", "*.done"}).Draw(t, "marker"),
		})
	}
	tr.Drift = rapid.SampledFrom([][]DriftTrigger{nil, {{Alarm: "a-*", Hold: Duration(time.Minute)}, {Tag: "drift=churn"}}}).Draw(t, "drift")
	tr.Schedule = rapid.SampledFrom([][]ScheduleTrigger{nil, {{Cron: "0 2 * * 1-5", Zone: "Europe/Berlin"}, {Rate: leastRate}}}).Draw(t, "schedule")
	tr.Cooldown, tr.MaxPerDay = seconds(0, 24*time.Hour).Draw(t, "cooldown"), rapid.IntRange(0, maxPerDay).Draw(t, "maxPerDay")
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

func TestNormalised(t *testing.T) {
	tests := []struct {
		name      string
		in        Rollout
		want      Rollout
		wantTotal Duration
	}{
		{"nothing", Rollout{}, Rollout{Strategy: "canary", Canary: Canary{10, minutes(15)}, FinalBake: minutes(15)}, minutes(30)},
		{"canary", Rollout{Canary: Canary{Weight: 5, Bake: minutes(60)}}, Rollout{Strategy: "canary", Canary: Canary{5, minutes(60)}, FinalBake: minutes(60)}, minutes(120)},
		{"final bake", Rollout{FinalBake: minutes(5)}, Rollout{Strategy: "canary", Canary: Canary{10, minutes(15)}, FinalBake: minutes(5)}, minutes(20)},
		{"linear", Rollout{Strategy: "linear"}, Rollout{Strategy: "linear", Linear: Linear{10, minutes(10)}, FinalBake: minutes(10)}, minutes(100)},
		{"linear, uneven", Rollout{Strategy: "linear", Linear: Linear{Step: 30}}, Rollout{Strategy: "linear", Linear: Linear{30, minutes(10)}, FinalBake: minutes(10)}, minutes(40)},
		{"blue/green", Rollout{Strategy: "blueGreen"}, Rollout{Strategy: "blueGreen", BlueGreen: BlueGreen{minutes(30)}, FinalBake: minutes(30)}, minutes(30)},
		{"blue/green by its final bake", Rollout{Strategy: "blueGreen", FinalBake: minutes(9)}, Rollout{Strategy: "blueGreen", BlueGreen: BlueGreen{minutes(9)}, FinalBake: minutes(9)}, minutes(9)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Judge = Judge{FalseRollback: 0.01, Errors: Errors{Tolerance: 0.001, Relative: 0.1}, NoTraffic: "hold"}
			got := Spec{Rollout: tt.in}.Normalised().Rollout
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if total := got.Length(); total != tt.wantTotal {
				t.Errorf("Length %s, want %s", total, tt.wantTotal)
			}
		})
	}
}

func minutes(n int) Duration { return Duration(n) * Duration(time.Minute) }

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
	const want = "dfb1a399cd5931db29515a0df30d9261be77f67340eaf31c4628d37e8462ffe0"
	if churn.Version() != want || example.Version() != want {
		t.Errorf("versions %s and %s, want %s", churn.Version(), example.Version(), want)
	}
	example.Rollout.Canary.Weight++
	if example.Version() == want {
		t.Error("another weight has the same version")
	}
}

// TestNormalisedSharesNothing changes everything a normalised copy holds.
func TestNormalisedSharesNothing(t *testing.T) {
	original, err := Parse("f", read(t, "testdata/valid/edges.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	before, copied := original.Version(), original.Normalised()
	leaves := scramble(reflect.ValueOf(&copied).Elem())
	if original.Version() != before {
		t.Error("a change to the copy reached the original")
	}
	if leaves < 30 {
		t.Errorf("only %d values changed", leaves)
	}
}

func scramble(v reflect.Value) (leaves int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves += scramble(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaves += scramble(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.ValueOf("changed"))
			leaves++
		}
	case reflect.Pointer:
		if !v.IsNil() {
			leaves += scramble(v.Elem())
		}
	default:
		v.SetZero()
		leaves++
	}
	return leaves
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
