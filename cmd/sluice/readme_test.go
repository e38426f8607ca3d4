package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/sim"
)

// TestReadmeTests holds the README to the packages that it shows being tested.
func TestReadmeTests(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for line := range strings.Lines(string(readme)) {
		pkg, ok := strings.CutPrefix(line, "ok  \tsluice")
		if !ok {
			continue
		}
		shown++
		pkg, _, _ = strings.Cut(pkg, "\t")
		tests, err := filepath.Glob(filepath.Join("../..", pkg, "*_test.go"))
		if err != nil || len(tests) == 0 {
			t.Errorf("README.md shows tests of sluice%s, which has none", pkg)
		}
	}
	if shown == 0 {
		t.Error("README.md shows no tests")
	}
}

// TestReadme plays the demo and holds the README to it: each line that the README
// shows after make demo is printed, in that order. A line ... stands for any lines,
// and an ellipsis at a line's end for the rest of it.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(readme), "```console\n$ make demo\n")
	if !ok {
		t.Fatal("README.md shows no make demo")
	}
	block, _, _ = strings.Cut(block, "```")

	files := os.DirFS("../..")
	s, err := stage.Load(files, "examples/churn/scenarios/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	st, err := stage.Set(t.Context(), s, sim.NewWorld(stage.Opening, s.Seed), local.InProcess)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var printed strings.Builder
	ok, err = stage.Perform(t.Context(), st, ui.NewText(ui.Stream{Writer: &printed}, ui.Stream{Writer: &printed}))
	if err != nil || !ok {
		t.Fatalf("the demo did not go as it should: %v\n%s", err, printed.String())
	}

	lines := strings.Split(printed.String(), "\n")
	shown := 0
	for want := range strings.Lines(block) {
		want = strings.TrimRight(want, " \n")
		if want == "" || want == "..." {
			continue
		}
		shown++
		at := -1
		for i, got := range lines {
			got = strings.TrimRight(got, " ")
			if prefix, cut := strings.CutSuffix(want, "…"); got == want || cut && strings.HasPrefix(got, prefix) {
				at = i
				break
			}
		}
		if at < 0 {
			t.Fatalf("README.md shows %q, which the demo does not print, or not there; it prints\n%s", want, printed.String())
		}
		lines = lines[at+1:]
	}
	if shown < 10 {
		t.Errorf("README.md shows %d lines of the demo", shown)
	}
}
