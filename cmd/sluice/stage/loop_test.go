package stage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sim"
)

// loop is a pipeline that writes where its own trigger watches, without its definition
// saying so.
const loop = `
name: loop
about: a pipeline trains on its own output, which only its containers know of
limit: 4d
change:
  triggers: {data: [{bucket: acme-features, prefix: churn/, suffix: .parquet, quiet: 10m}], %s}
  package: {group: churn, gate: [{metric: binary_classification_metrics.auc.value, min: 0.8}], approve: manual}
models: [{auc: %s}]
do: [{at: 0s, put: {bucket: acme-features, prefix: churn/a/, suffix: .parquet, count: 10, over: 3m}}]
expect: %s
`

// TestHiddenLoop: what no definition tells is found by nobody before the start. The gate
// stops a model that is no better for it, and limits bound one that passes.
func TestHiddenLoop(t *testing.T) {
	tests := []struct{ name, limits, auc, expect string }{
		{"strikes", "strikes: 3", "0.5", `{runs: 4, reports: ["run 4: stopped"], rollouts: [], pending: 1, noLeases: true}`},
		{"maxPerDay", "maxPerDay: 2", "0.85", `{runs: 5, rollouts: [], pending: 0, noLeases: true}`}, // two, two, and the last output of those
		{"cooldown", "cooldown: 12h", "0.85", `{runs: 4, rollouts: [], pending: 0, noLeases: true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := stage.Load(example(t, "loop", fmt.Sprintf(loop, tt.limits, tt.auc, tt.expect)), "churn/scenarios/loop.yaml")
			if err != nil {
				t.Fatal(err)
			}
			st, err := stage.Set(t.Context(), s, sim.NewWorld(stage.Opening, s.Seed), local.InProcess)
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			usual := st.AWS.Script
			st.AWS.Script = func(r pipelines.Run) pipelines.Outcome {
				if now := st.AWS.World.Now(); now.Sub(stage.Opening) < 30*time.Hour { // else it would never end
					if err := st.AWS.S3.Put("acme-features", fmt.Sprintf("churn/out/%d.parquet", r.Ordinal), nil); err != nil {
						t.Error(err)
					}
				}
				return usual(r)
			}
			var story strings.Builder
			r, err := stage.Begin(t.Context(), st, ui.NewText(ui.Stream{Writer: &story}, ui.Stream{Writer: &story})).End(t.Context())
			if err != nil || len(r.Misses) > 0 {
				t.Errorf("%v %q\n%s", err, r.Misses, story.String())
			}
		})
	}
}
