package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quoted is a name in backquotes.
var quoted = regexp.MustCompile("`([^`]+)`")

// table is the first column and the rest of each row of the README's table below a
// heading.
func table(t *testing.T, heading string) (rows [][2]string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(readme), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for line := range strings.Lines(text) {
		if cells := strings.SplitN(strings.Trim(line, "|\n"), "|", 2); strings.HasPrefix(line, "| ") && len(cells) == 2 {
			rows = append(rows, [2]string{strings.TrimSpace(cells[0]), cells[1]})
		}
	}
	if len(rows) < 5 {
		t.Fatalf("README.md shows %d rows below %q", len(rows), heading)
	}
	return rows[1:] // the first is their heads
}

func scenarioNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../examples/churn/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all []string
	for _, f := range files {
		all = append(all, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	return all
}

// TestReadmeNamesEveryScenario holds the table of rehearsals to the files: each is
// named, and what is named is there.
func TestReadmeNamesEveryScenario(t *testing.T) {
	files, named := scenarioNames(t), map[string]bool{}
	for _, row := range table(t, "Rehearsals") {
		for _, name := range quoted.FindAllStringSubmatch(row[0], -1) {
			found := false
			for _, f := range files {
				if ok, err := path.Match(name[1], f); err == nil && ok {
					found, named[f] = true, true
				}
			}
			if !found {
				t.Errorf("README.md: there is no scenario %s", name[1])
			}
		}
	}
	for _, f := range files {
		if !named[f] && f != "demo" { // make demo plays that one
			t.Errorf("README.md: its table of rehearsals does not name %s", f)
		}
	}
}

// shownParts are the parts of AWS and the ways of working that Sluice is for.
var shownParts = []string{
	"SageMaker Pipelines", "Step Functions", "EventBridge", "CodePipeline", "CodeBuild", "CodeDeploy", "CodeCommit", "ECR", "CloudWatch",
	"blue/green", "canary", "linear", "shadow", "data trigger", "commit trigger", "drift trigger", "GitFlow", "GitHub flow",
}

// TestReadmeSaysWhereEachPartIsShown holds the table of what is shown where to the
// scenarios: each part has a row, and each row names scenarios that are there.
func TestReadmeSaysWhereEachPartIsShown(t *testing.T) {
	files, shown := scenarioNames(t), map[string]bool{}
	for _, row := range table(t, "Where it is shown") {
		names := quoted.FindAllStringSubmatch(row[1], -1)
		shown[row[0]] = len(names) > 0
		for _, name := range names {
			if !slices.Contains(files, name[1]) {
				t.Errorf("README.md: %s is shown by %s, which is no scenario", row[0], name[1])
			}
		}
	}
	for _, part := range shownParts {
		if !shown[part] {
			t.Errorf("README.md: no scenario is named that shows %s", part)
		}
	}
}
