package local_test

import (
	"testing"
	"time"

	"sluice"
	"sluice/local"
	"sluice/local/sim"
)

// TestPipelineTemplateDeploys deploys pipeline.yaml beside template.yaml, as it is.
func TestPipelineTemplateDeploys(t *testing.T) {
	a := local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), local.InProcess)
	defer a.Close()
	a.World.Do(func() {
		s, err := a.DeployTemplate(sluice.Deployed, "pipeline.yaml", "delivery", map[string]string{"StagingTable": "s"})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Resources) < 20 {
			t.Errorf("%d resources", len(s.Resources))
		}
	})
}
