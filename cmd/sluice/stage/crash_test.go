package stage_test

import (
	"fmt"
	"strings"
	"testing"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/sim"
	"sluice/local/wire"
)

// twice is 10,000 objects in random order, the events of all of them delivered twice.
const twice = `
name: twice
about: 10,000 objects, all of their events twice, while on-data dies
models: [{auc: 0.5}]
do: [{at: 0s, put: {bucket: acme-features, prefix: churn/, suffix: .parquet, count: 10000, duplicates: 10000, over: 8m}}]
expect: {runs: 1, trained: [{state: trained, objects: 10000}], rollouts: [], deadLetters: 0, pending: 0, noLeases: true}
`

// TestOnDataDies kills on-data after each of its calls to AWS in turn, as far as one
// invocation makes calls. There is one run, and its manifest lists each object once.
func TestOnDataDies(t *testing.T) {
	files := example(t, "twice", twice)
	died := 0
	for n := 1; n <= 6; n++ {
		t.Run(fmt.Sprintf("after call %d", n), func(t *testing.T) {
			s, err := stage.Load(files, "churn/scenarios/twice.yaml")
			if err != nil {
				t.Fatal(err)
			}
			s.Seed = uint64(n)
			st, err := stage.Set(t.Context(), s, sim.NewWorld(stage.Opening, s.Seed), local.InProcess)
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			calls := 0
			st.AWS.Server.Fault = func(c *wire.Call, _ any) wire.Effect {
				if !strings.Contains(st.AWS.IAM.Caller(c.AccessKey), "OnDataFunction") {
					return wire.NoFault
				}
				if calls++; calls == n {
					died++
					return wire.CrashAfter
				}
				return wire.NoFault
			}
			var story strings.Builder
			ok, err := stage.Perform(t.Context(), st, ui.NewText(ui.Stream{Writer: &story}, ui.Stream{Writer: &story}))
			if err != nil || !ok {
				t.Errorf("%v\n%s", err, story.String())
			}
		})
	}
	if died != 6 {
		t.Errorf("on-data died %d times, not 6", died)
	}
}
