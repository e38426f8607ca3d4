package codebuild

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/wire"
)

const buildspec = `
version: 0.2
phases:
  install: {commands: [pip install -r requirements.txt]}
  build: {commands: [pytest]}
`

var ctx = context.Background()

type world struct {
	*testing.T
	*Service
	sim    *sim.World
	client *codebuild.Client
	script func(Run) Outcome
	denied string
	sent   []map[string]any
	logged []string
}

// newWorld is a world with project checks, whose source has a buildspec at every
// commit but "bare".
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, sim: sim.NewWorld(time.Date(2017, 9, 1, 16, 12, 29, 0, time.UTC), 1), script: func(Run) Outcome { return Outcome{} }}
	w.Service = New(w.sim, Outside{
		Emit: func(source, detailType string, resources []string, detail any) {
			raw, err := json.Marshal(map[string]any{"source": source, "detail-type": detailType, "resources": resources, "detail": detail})
			var e map[string]any
			if err = errors.Join(err, json.Unmarshal(raw, &e)); err != nil {
				t.Fatal(err)
			}
			w.sent = append(w.sent, e)
		},
		Source: func(repository, version string) (string, map[string][]byte, error) {
			switch version {
			case "gone":
				return "", nil, errors.New("reference not found")
			case "bare":
				return version, nil, nil
			}
			return version, map[string][]byte{"buildspec.yml": []byte(buildspec)}, nil
		},
		Log: func(group, stream, line string) { w.logged = append(w.logged, group+" "+line) },
		Permit: func(_ string, need wire.Access) error {
			if need.Action == w.denied {
				return fmt.Errorf("AccessDenied: %s", need.Action)
			}
			return nil
		},
		Caller: func(string) string { return "arn:aws:iam::111122223333:user/MyCodeBuildDemoUser" },
		Script: func(r Run) Outcome { return w.script(r) },
	})
	srv := wire.NewServer(w.sim)
	srv.Register(w.Wire())
	w.client = codebuild.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	if err := w.CreateProject(Project{Name: "checks", Repository: "churn-model", Timeout: 10 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	return w
}

// start starts a build of a version and returns its id.
func (w *world) start(version, token string) string {
	w.Helper()
	in := &codebuild.StartBuildInput{ProjectName: aws.String("checks"), SourceVersion: &version, EnvironmentVariablesOverride: []types.EnvironmentVariable{{Name: aws.String("TEST"), Value: aws.String("TEST")}}}
	if token != "" {
		in.IdempotencyToken = &token
	}
	out, err := w.client.StartBuild(ctx, in)
	if err != nil {
		w.Fatal(err)
	}
	return *out.Build.Id
}

func (w *world) get(id string) types.Build {
	w.Helper()
	out, err := w.client.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: []string{id}})
	if err != nil || len(out.Builds) != 1 {
		w.Fatal(out, err)
	}
	return out.Builds[0]
}

// walked are the phases of a build with their states.
func walked(b types.Build) string {
	var all []string
	for _, p := range b.Phases {
		all = append(all, strings.Trim(string(p.PhaseType)+" "+string(p.PhaseStatus), " "))
	}
	return strings.Join(all, ", ")
}

const prepared = "SUBMITTED SUCCEEDED, QUEUED SUCCEEDED, PROVISIONING SUCCEEDED, DOWNLOAD_SOURCE "

func TestABuildSucceeds(t *testing.T) {
	w := newWorld(t)
	var seen Run
	pushed := false
	w.script = func(r Run) Outcome {
		seen = r
		return Outcome{Log: []string{"2 passed"}, Exported: map[string]string{"IMAGE": "x"}, Then: func() error { pushed = true; return nil }}
	}
	id := w.start("0123abc", "")
	w.like(w.sent[0], "codebuild-build-state-change-in-progress")
	w.sim.RunFor(30 * time.Second)
	if b := w.get(id); b.BuildComplete || b.BuildStatus != types.StatusTypeInProgress || *b.CurrentPhase != "BUILD" || pushed {
		t.Errorf("after half a minute: %s %s", b.BuildStatus, *b.CurrentPhase)
	}
	w.sim.RunFor(time.Hour)
	b := w.get(id)
	want := prepared + "SUCCEEDED, INSTALL SUCCEEDED, PRE_BUILD SUCCEEDED, BUILD SUCCEEDED, POST_BUILD SUCCEEDED, UPLOAD_ARTIFACTS SUCCEEDED, FINALIZING SUCCEEDED, COMPLETED"
	if got := walked(b); got != want || b.BuildStatus != types.StatusTypeSucceeded || *b.ResolvedSourceVersion != "0123abc" || !pushed {
		t.Errorf("%s: %s\nwant %s", b.BuildStatus, got, want)
	}
	if len(b.ExportedEnvironmentVariables) != 1 || *b.ExportedEnvironmentVariables[0].Value != "x" {
		t.Errorf("exported %+v", b.ExportedEnvironmentVariables)
	}
	if seen.Variables["TEST"] != "TEST" || seen.Commit != "0123abc" || !cmp.Equal(seen.Buildspec.Phases["build"].Commands, []string{"pytest"}) {
		t.Errorf("the script saw %+v", seen)
	}
	if len(w.sent) != 2 {
		t.Fatalf("%d events", len(w.sent))
	}
	w.like(w.sent[1], "codebuild-build-state-change")
	if !slices.Contains(w.logged, "/aws/codebuild/checks 2 passed") {
		t.Errorf("logged %q", w.logged)
	}
}

// like fails unless an event has the members of a sample, at every depth but in lists.
func (w *world) like(e map[string]any, sample string) {
	w.Helper()
	raw, err := os.ReadFile("../../events/" + sample + ".json")
	var want map[string]any
	if err = errors.Join(err, json.Unmarshal(raw, &want)); err != nil {
		w.Fatal(err)
	}
	for _, member := range []string{"version", "id", "account", "time", "region"} {
		delete(want, member) // of the envelope, which the bus makes
	}
	if diff := cmp.Diff(members(want, ""), members(e, "")); diff != "" {
		w.Errorf("%s: members (-sample +sent):\n%s", sample, diff)
	}
}

func members(v any, at string) (all []string) {
	m, ok := v.(map[string]any)
	if !ok || at == ".detail.additional-information.artifact" {
		return []string{at}
	}
	for name, inner := range m {
		all = append(all, members(inner, at+"."+name)...)
	}
	slices.Sort(all)
	return all
}

func TestBuildsFail(t *testing.T) {
	tests := []struct {
		name, version, denied string
		outcome               Outcome
		status, phases        string
		context               string
	}{
		{"the tests", "a", "", Outcome{FailPhase: Build, Reason: "exit status 1", Log: []string{"1 failed"}}, "FAILED",
			prepared + "SUCCEEDED, INSTALL SUCCEEDED, PRE_BUILD SUCCEEDED, BUILD FAILED, POST_BUILD SUCCEEDED, FINALIZING SUCCEEDED, COMPLETED",
			"COMMAND_EXECUTION_ERROR: Error while executing command: pytest. Reason: exit status 1"},
		{"the installation", "a", "", Outcome{FailPhase: Install, Reason: "exit status 2"}, "FAILED",
			prepared + "SUCCEEDED, INSTALL FAILED, FINALIZING SUCCEEDED, COMPLETED", "COMMAND_EXECUTION_ERROR: Error while executing command: pip install -r requirements.txt. Reason: exit status 2"},
		{"the push", "a", "", Outcome{Then: func() error { return errors.New("denied: no basic auth") }}, "FAILED",
			prepared + "SUCCEEDED, INSTALL SUCCEEDED, PRE_BUILD SUCCEEDED, BUILD FAILED, POST_BUILD SUCCEEDED, FINALIZING SUCCEEDED, COMPLETED", "COMMAND_EXECUTION_ERROR: denied: no basic auth"},
		{"CodeBuild itself", "a", "", Outcome{FailPhase: PreBuild, Status: "FAULT", Reason: "lost"}, "FAULT",
			prepared + "SUCCEEDED, INSTALL SUCCEEDED, PRE_BUILD FAULT, FINALIZING SUCCEEDED, COMPLETED", "COMMAND_EXECUTION_ERROR: Error while executing command: . Reason: lost"},
		{"time", "a", "", Outcome{Takes: time.Hour}, "TIMED_OUT",
			prepared + "SUCCEEDED, INSTALL SUCCEEDED, PRE_BUILD SUCCEEDED, BUILD TIMED_OUT, FINALIZING SUCCEEDED, COMPLETED", "BUILD_TIMED_OUT: Build has timed out after 10m0s"},
		{"no such commit", "gone", "", Outcome{}, "FAILED", prepared + "FAILED, FINALIZING SUCCEEDED, COMPLETED", "CLIENT_ERROR: reference not found"},
		{"no buildspec", "bare", "", Outcome{}, "FAILED", prepared + "FAILED, FINALIZING SUCCEEDED, COMPLETED", "CLIENT_ERROR: YAML_FILE_ERROR: stat buildspec.yml: no such file or directory"},
		{"the role", "a", "codecommit:GitPull", Outcome{}, "FAILED", prepared + "FAILED, FINALIZING SUCCEEDED, COMPLETED", "CLIENT_ERROR: AccessDenied: codecommit:GitPull"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.script, w.denied = func(Run) Outcome { return tt.outcome }, tt.denied
			id := w.start(tt.version, "")
			w.sim.RunUntilIdle(2 * time.Hour)
			b := w.get(id)
			if got := walked(b); got != tt.phases || string(b.BuildStatus) != tt.status {
				t.Errorf("%s: %s\nwant %s", b.BuildStatus, got, tt.phases)
			}
			var why string
			for _, p := range b.Phases {
				for _, c := range p.Contexts {
					if *c.StatusCode != "" {
						why = *c.StatusCode + ": " + *c.Message
					}
				}
			}
			if why != tt.context {
				t.Errorf("context %q, want %q", why, tt.context)
			}
			if last := w.sent[len(w.sent)-1]["detail"].(map[string]any); len(w.sent) != 2 || last["build-status"] != tt.status {
				t.Errorf("%d events, the last %v", len(w.sent), last["build-status"])
			}
		})
	}
}

func TestABuildIsStopped(t *testing.T) {
	w := newWorld(t)
	id := w.start("a", "")
	w.sim.RunFor(30 * time.Second)
	for range 2 { // a build that is over stays as it is
		out, err := w.client.StopBuild(ctx, &codebuild.StopBuildInput{Id: &id})
		if err != nil || out.Build.BuildStatus != types.StatusTypeStopped || !out.Build.BuildComplete {
			t.Fatalf("%+v %v", out, err)
		}
	}
	w.sim.RunUntilIdle(time.Hour)
	if got := walked(w.get(id)); !strings.HasSuffix(got, "PRE_BUILD SUCCEEDED, BUILD STOPPED, COMPLETED") || len(w.sent) != 2 {
		t.Errorf("%d events, phases %s", len(w.sent), got)
	}
	_, err := w.client.StopBuild(ctx, &codebuild.StopBuildInput{Id: aws.String("checks:none")})
	refused(t, err, "ResourceNotFoundException")
}

func TestATokenStartsOneBuild(t *testing.T) {
	w := newWorld(t)
	first := w.start("a", "t")
	if again := w.start("a", "t"); again != first {
		t.Errorf("the same token started %s and %s", first, again)
	}
	_, err := w.client.StartBuild(ctx, &codebuild.StartBuildInput{ProjectName: aws.String("checks"), SourceVersion: aws.String("b"), IdempotencyToken: aws.String("t")})
	refused(t, err, "InvalidInputException")
	w.sim.RunFor(6 * time.Minute)
	second := w.start("a", "t") // forgotten
	list, err := w.client.ListBuildsForProject(ctx, &codebuild.ListBuildsForProjectInput{ProjectName: aws.String("checks")})
	if err != nil || !cmp.Equal(list.Ids, []string{second, first}) {
		t.Errorf("builds %+v %v", list, err)
	}
	_, err = w.client.StartBuild(ctx, &codebuild.StartBuildInput{ProjectName: aws.String("none")})
	refused(t, err, "ResourceNotFoundException")
	out, err := w.client.BatchGetBuilds(ctx, &codebuild.BatchGetBuildsInput{Ids: []string{"checks:none"}})
	if err != nil || !cmp.Equal(out.BuildsNotFound, []string{"checks:none"}) {
		t.Errorf("%+v %v", out, err)
	}
}

func TestBuildspecsAreRefused(t *testing.T) {
	for _, text := range []string{"", "version: 0.1\nphases: {build: {commands: [x]}}", "version: 0.2", "version: 0.2\nphases: {compile: {}}", "version: [", "phases: 3"} {
		if b, err := ReadBuildspec([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "YAML_FILE_ERROR") {
			t.Errorf("%q is read as %+v, %v", text, b, err)
		}
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}
