package pipelines

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNeeds(t *testing.T) {
	b, err := os.ReadFile("../testdata/pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := parse(string(b))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, s := range d.flat {
		got[s.Name] = s.needs()
	}
	want := map[string][]string{"Train": {}, "Evaluate": {"Train"}, "GoodEnough": {"Evaluate"}, "Register": {"Evaluate", "GoodEnough", "Train"}, "TooWeak": {"GoodEnough"}}
	for name, w := range want {
		if g := got[name]; len(g)+len(w) > 0 && !cmp.Equal(w, g) {
			t.Error(name, cmp.Diff(w, g))
		}
	}
	if len(got) != len(want) {
		t.Errorf("steps %v", got)
	}
}

func TestConditions(t *testing.T) {
	num := func(kind string, l, r any) map[string]any {
		return map[string]any{"Type": kind, "LeftValue": l, "RightValue": r}
	}
	for name, c := range map[string]struct {
		condition map[string]any
		want      bool
	}{
		"equal numbers":   {num("Equals", 1.0, "1"), true},
		"equal text":      {num("Equals", "a", "a"), true},
		"other text":      {num("Equals", "a", "b"), false},
		"greater":         {num("GreaterThan", 2.0, 1.0), true},
		"not greater":     {num("GreaterThan", 1.0, 1.0), false},
		"greater or same": {num("GreaterThanOrEqualTo", 1.0, 1.0), true},
		"less":            {num("LessThan", 1.0, 2.0), true},
		"less or same":    {num("LessThanOrEqualTo", 3.0, 2.0), false},
		"not":             {map[string]any{"Type": "Not", "Expression": num("LessThan", 1.0, 2.0)}, false},
		"or":              {map[string]any{"Type": "Or", "Conditions": []any{num("LessThan", 3.0, 2.0), num("Equals", 1.0, 1.0)}}, true},
		"in":              {map[string]any{"Type": "In", "QueryValue": map[string]any{"Get": "Parameters.Mode"}, "Values": []any{"fast", "slow"}}, true},
		"report":          {num("LessThan", map[string]any{"Std:JsonGet": map[string]any{"Path": "mse.value"}}, 6.0), true},
	} {
		t.Run(name, func(t *testing.T) {
			e := &execution{run: Run{Parameters: map[string]string{"Mode": "slow"}}, outcome: Outcome{Report: []byte(`{"mse":{"value":5.5}}`)}}
			got, err := e.holds(c.condition)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	if _, err := (&execution{}).holds(num("Equalish", 1.0, 2.0)); err == nil {
		t.Error("an unknown condition was evaluated")
	}
}

// FuzzParse: whatever comes in, parse answers, and what it accepts can be ordered.
func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("../testdata/pipeline.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Add(`{"Version":"2020-12-01","Steps":[{"Name":"a","Type":"Condition","Arguments":{"IfSteps":[{"Name":"b","Type":"Fail"}]}}]}`)
	f.Add(`{"Version":"2020-12-01","Steps":[null]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parse(text)
		if err != nil {
			return
		}
		for _, s := range d.flat {
			for _, n := range s.needs() {
				if d.step(n) == nil {
					t.Fatalf("step %q needs %q, which is not there", s.Name, n)
				}
			}
		}
	})
}
