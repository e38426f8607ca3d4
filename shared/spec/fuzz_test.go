package spec

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse: no file makes Parse panic or take long; what it refuses it refuses
// with places in the file, each problem on one line; what it accepts reads back
// the same and is accepted by the schema.
func FuzzParse(f *testing.F) {
	schema := compiled(f)
	for _, path := range []string{"testdata/valid/churn.yaml", "testdata/valid/edges.yaml", "testdata/valid/bluegreen.yaml", "testdata/valid/steps.yaml", "testdata/valid/shadow.yaml", "testdata/valid/drift.yaml", "testdata/golden/everything.yaml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{"", "\ufeff", "---\n...", "a: [b\nc: d", "? [a]: b", "a: |\n x", "&a a: *a", "a:\n\tb", "{", "- -", "model: !!str x", "<<: {model: x}", "%YAML 1.2\n---\nmodel: x", "a: 'x", "\"\\n\": x", "\r\rmodel: 0x1F\r\n",
		"rollout: {strategy: steps, steps: [{}, {pause: }, {weight: 1, bake: 3m, shadow: {}}]}", "rollout: {windows: [{from: 22:00, to: 24:00, days: [], zone: right/UTC}]}",
		"rollout: {strategy: shadow, shadow: {then: shadow}}", "rollout: {windows: [{from: '24:00', to: 1320}]}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("f.yaml", text)
		if err != nil {
			placed(t, text, err)
			return
		}
		written, err := s.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse("f.yaml", written)
		if err != nil {
			t.Fatalf("what YAML wrote does not read back: %v\n%s", err, written)
		}
		if diff := cmp.Diff(s, back); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
		if err := validate(t, schema, written); err != nil {
			t.Fatalf("the schema refuses what Parse accepts: %v\n%s", err, written)
		}
	})
}

func placed(t *testing.T, text []byte, err error) {
	t.Helper()
	var wrong *Error
	if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
		t.Fatalf("no problems in %T %v", err, err)
	}
	lines := strings.Count(strings.ReplaceAll(string(text), "\r", "\n"), "\n") + 1
	for _, p := range wrong.Problems {
		if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" || p.Fix == "" || strings.Contains(p.String(), "\n") {
			t.Errorf("not a place in a file of %d lines, or not one line: %q", lines, p.String())
		}
	}
}
