package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/local/codebuild"
	"sluice/local/codebuild/host"
)

// The example's buildspec runs: it tests every commit, and pushes the image of one
// whose image is wanted, under the commit's whole id. The programs that it calls only
// say that they were.
func TestTheExamplesBuildspec(t *testing.T) {
	text, err := os.ReadFile("../../../examples/churn/buildspec.yml")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, program := range []string{"python3", "sluice", "aws", "docker"} {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\necho "+program+" \"$@\" >&2\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const commit = "7f0103f0a8b9c6d5e4f3a2b1c0d9e8f7a6b5c4d3"
	for do, pushes := range map[string]bool{"": false, "test": false, "build": true, "rollout": true} {
		variables := map[string]string{"SLUICE_COMMIT": commit, "IMAGE_REPOSITORY": "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn-inference"}
		if do != "" {
			variables["SLUICE_DO"] = do
		}
		out := host.Host{Env: []string{"PATH=" + bin + ":" + os.Getenv("PATH")}}.Run(codebuild.Run{Buildspec: read(t, string(text)), Variables: variables})
		log := strings.Join(out.Log, "\n")
		if out.FailPhase != "" || !strings.Contains(log, "python3 -m pytest") || !strings.Contains(log, "sluice validate sluice.yaml") {
			t.Errorf("%q: %+v", do, out)
		}
		want := fmt.Sprintf("docker push %s:%s", variables["IMAGE_REPOSITORY"], commit)
		if got := strings.Contains(log, want); got != pushes {
			t.Errorf("%q pushes: %v\n%s", do, got, log)
		}
	}
}
