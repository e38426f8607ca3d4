package host_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/codebuild"
	"sluice/local/codebuild/host"
)

func read(t *testing.T, text string) codebuild.Buildspec {
	t.Helper()
	b, err := codebuild.ReadBuildspec([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCommandsShareOneShell(t *testing.T) {
	env := []string{"PATH=" + os.Getenv("PATH")}
	out := host.Host{Env: env}.Run(codebuild.Run{
		Files: map[string][]byte{"training/a.txt": []byte("hello")}, Variables: map[string]string{"WHO": "mary"},
		Buildspec: read(t, `
version: 0.2
env: {variables: {WHO: nobody}, exported-variables: [IMAGE]}
phases:
  install: {commands: ["cd training", "export IMAGE=churn:$(cat a.txt)"]}
  build: {commands: ["cat a.txt", "echo \" $WHO $IMAGE\""]}
`)})
	if diff := cmp.Diff(codebuild.Outcome{Log: []string{"hello mary churn:hello"}, Exported: map[string]string{"IMAGE": "churn:hello"}}, out); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestAFailedCommandIsNamed(t *testing.T) {
	out := host.Host{Env: []string{"PATH=" + os.Getenv("PATH")}}.Run(codebuild.Run{Buildspec: read(t, `
version: 0.2
phases:
  install: {commands: ["true"]}
  build: {commands: ["echo one", "echo broken >&2; exit 3", "echo never"], finally: ["echo tidy"]}
  post_build: {commands: ["echo after"]}
`)})
	want := codebuild.Outcome{FailPhase: codebuild.Build, Command: "echo broken >&2; exit 3", Reason: "exit status 3", Log: []string{"one", "broken", "tidy", "after"}, Exported: map[string]string{}}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestASourceStaysInItsFolder(t *testing.T) {
	out := host.Host{}.Run(codebuild.Run{Files: map[string][]byte{"../outside": nil}, Buildspec: read(t, "version: 0.2\nphases: {build: {commands: [x]}}\n")})
	if out.Status != "FAULT" || !strings.Contains(out.Reason, "outside") {
		t.Errorf("outcome %+v", out)
	}
}
