package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice"
	"sluice/cmd/sluice/stage"
	"sluice/local"
	"sluice/local/sim"
)

// TestEnvJSON holds env.json, which sam local invoke takes, to what sluice local
// deploys: each function finds the table, the bucket and the machines there.
func TestEnvJSON(t *testing.T) {
	a := local.New(sim.NewWorld(stage.Opening, 1), local.InProcess)
	defer a.Close()
	want := map[string]map[string]string{}
	a.World.Do(func() {
		stack, err := a.Deploy(sluice.Deployed, stage.StackName, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range stack.Resources {
			if r.Type != "AWS::Lambda::Function" {
				continue
			}
			f, err := a.Lambda.Function(r.Ref)
			if err != nil {
				t.Fatal(err)
			}
			want[r.LogicalID] = f.Environment
		}
	})
	raw, err := os.ReadFile("../../env.json")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]string
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		all, err := json.MarshalIndent(want, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("env.json (-deployed +written):\n%s\nit must be\n%s", diff, strings.TrimSpace(string(all)))
	}
}
