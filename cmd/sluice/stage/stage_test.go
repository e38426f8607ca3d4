package stage_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/sim"
)

// TestScenarios rehearses every scenario of the example in process.
func TestScenarios(t *testing.T) {
	files := os.DirFS("../../..")
	names, err := fs.Glob(files, "examples/churn/scenarios/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, name := range names {
		ran++
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			s, err := stage.Load(files, name)
			if err != nil {
				t.Fatal(err)
			}
			var story strings.Builder
			out := ui.NewText(ui.Stream{Writer: &story}, ui.Stream{Writer: &story})
			r, err := stage.Run(t.Context(), s, sim.NewWorld(stage.Opening, s.Seed), local.InProcess, out)
			if err != nil {
				t.Fatalf("%v\n%s", err, story.String())
			}
			if len(r.Misses) > 0 {
				t.Errorf("%s\n%s", strings.Join(r.Misses, "\n"), story.String())
			}
		})
	}
	if ran < 45 {
		t.Errorf("%d scenarios ran", ran)
	}
}
