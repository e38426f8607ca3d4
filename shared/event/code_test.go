package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/event"
	"sluice/shared/fault"
)

const (
	older = "3e5983d1c2b3a4958677665544332211ffeeddcc"
	newer = "7f0103f0a8b9c6d5e4f3a2b1c0d9e8f7a6b5c4d3"
)

// readAs reads a sample.
func readAs[T any](t *testing.T, name string, as func(event.Envelope) (T, error)) T {
	t.Helper()
	got, err := as(parsed(t, sample(t, name)))
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return got
}

func same[T any](t *testing.T, name string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestCodeCommitSamples(t *testing.T) {
	for name, want := range map[string]event.Reference{
		"codecommit-reference-created":       {Repository: "churn-model", Name: "feature-x", Commit: older},
		"codecommit-reference-updated":       {Repository: "churn-model", Name: "main", Commit: newer, Previous: older},
		"codecommit-reference-updated-merge": {Repository: "churn-model", Name: "main", Commit: newer, Previous: older},
		"codecommit-reference-deleted":       {Repository: "churn-model", Name: "feature-x", Previous: older},
	} {
		same(t, name, want, readAs(t, name, event.ReferenceState))
	}
	const revision = "bdc0cb9b0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbcc"
	for name, want := range map[string]event.PullRequest{
		"codecommit-pull-request-created":                {Event: "pullRequestCreated", Open: true},
		"codecommit-pull-request-source-branch-updated":  {Event: "pullRequestSourceBranchUpdated", Open: true},
		"codecommit-pull-request-approval-state-changed": {Event: "pullRequestApprovalStateChanged", Open: true},
		"codecommit-pull-request-status-changed":         {Event: "pullRequestStatusChanged"},
		"codecommit-pull-request-merge-status-updated":   {Event: "pullRequestMergeStatusUpdated", Merged: true},
	} {
		want.ID, want.Repository, want.Head, want.Revision = "1", "churn-model", newer, revision
		same(t, name, want, readAs(t, name, event.PullRequestState))
	}
}

func TestATagIsNoBranch(t *testing.T) {
	text := strings.ReplaceAll(string(sample(t, "codecommit-reference-created")), "refs/heads/feature-x", "refs/tags/v1/rc")
	got, err := event.ReferenceState(parsed(t, []byte(text)))
	if err != nil || !got.Tag || got.Name != "v1/rc" {
		t.Errorf("got %+v %v", got, err)
	}
}

func TestOurPush(t *testing.T) {
	same(t, "push", event.Push{Repository: "github.com/acme/churn", Branch: "main", Commit: newer, Previous: older, Author: "mary", Paths: []string{"training/train.py", "docs/model.md"}},
		readAs(t, "sluice-git-push", event.GitPush))
	good := func() map[string]any {
		return map[string]any{"repository": "acme/churn", "branch": "release/1", "commit": newer}
	}
	for name, change := range map[string]func(map[string]any){
		"":                func(map[string]any) {},
		"unknown field":   func(d map[string]any) { d["sha"] = newer },
		"repository is":   func(d map[string]any) { d["repository"] = "https://github.com/acme" },
		"branch is":       func(d map[string]any) { d["branch"] = "refs/heads/main" },
		"commit is":       func(d map[string]any) { d["commit"] = "7f0103f" },
		"previous is":     func(d map[string]any) { d["previous"] = "0" },
		"it lists":        func(d map[string]any) { d["paths"], d["allPaths"] = []string{"a"}, true },
		`path "../a"`:     func(d map[string]any) { d["paths"] = []string{"../a"} },
		`path "/a"`:       func(d map[string]any) { d["paths"] = []string{"/a"} },
		`path ""`:         func(d map[string]any) { d["paths"] = []string{""} },
		`holds "a.yaml"`:  func(d map[string]any) { d["specs"] = map[string]string{"a.yaml": ""} },
		"cannot unmarsha": func(d map[string]any) { d["branch"] = 3 },
	} {
		d := good()
		change(d)
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		_, err = event.GitPush(event.Envelope{ID: "e", Source: event.GitSource, DetailType: event.GitPushType, Detail: raw})
		if name == "" && err != nil || name != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), name)) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := event.GitPush(event.Envelope{Source: "com.acme", DetailType: event.GitPushType, Detail: json.RawMessage("{}")}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a push of another source: %v", err)
	}
}

func TestDeliverySamples(t *testing.T) {
	const build = "arn:aws:codebuild:us-west-2:123456789012:build/my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX"
	same(t, "build", event.Build{ARN: build, Project: "my-sample-project", Status: "SUCCEEDED"}, readAs(t, "codebuild-build-state-change", event.BuildState))
	same(t, "build", event.Build{ARN: build, Project: "my-sample-project", Status: "IN_PROGRESS"}, readAs(t, "codebuild-build-state-change-in-progress", event.BuildState))
	const digest = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678"
	same(t, "push", event.Image{Repository: "churn-inference", Digest: digest, Tag: "1.4.0", Status: "SUCCESS"}, readAs(t, "ecr-image-action-push", event.ImagePush))
	same(t, "scan", event.Image{Repository: "churn-inference", Digest: digest, Status: "COMPLETE", Findings: map[string]int{"CRITICAL": 10, "MEDIUM": 9}}, readAs(t, "ecr-image-scan", event.ImageScan))
	const execution = "12345678-1234-5678-abcd-12345678abcd"
	same(t, "pipeline", event.Delivery{Pipeline: "churn-pipeline", Execution: execution, State: "SUCCEEDED"}, readAs(t, "codepipeline-pipeline-execution-state-change", event.DeliveryState))
	same(t, "stage", event.Delivery{Pipeline: "churn-pipeline", Execution: execution, Stage: "Deploy", State: "SUCCEEDED"}, readAs(t, "codepipeline-stage-execution-state-change", event.DeliveryState))
	same(t, "action", event.Delivery{
		Pipeline: "churn-pipeline", Execution: execution, Stage: "Deploy", Action: "Deploy", Provider: "CodeDeploy", State: "FAILED", Code: "JobFailed",
		Summary: "Deployment d-ABC failed", URL: "https://us-east-1.console.aws.amazon.com/codedeploy/home?#/deployments/d-ABC", External: "d-ABC",
	}, readAs(t, "codepipeline-action-execution-state-change-failed", event.DeliveryState))
	same(t, "deployment", event.Deployment{ID: "d-123456789", Application: "sluice-ServerlessDeploymentApplication-1A2B3C4D5E6F", Group: "sluice-OnDataFunctionDeploymentGroup-1A2B3C4D5E6F", State: "SUCCESS"}, readAs(t, "codedeploy-deployment-state-change", event.DeploymentState))
	same(t, "execution", event.Execution{
		ARN: "arn:aws:states:us-east-1:111122223333:execution:rollout:churn-42", Machine: "arn:aws:states:us-east-1:111122223333:stateMachine:rollout", Name: "churn-42",
		Status: "FAILED", Error: "ErrorCode", Cause: "An error occurred.", Ended: utc("2019-01-10T19:34:00Z").Add(122e6),
	}, readAs(t, "stepfunctions-execution-status-change-failed", event.MachineExecution))
	if x := readAs(t, "stepfunctions-execution-status-change", event.MachineExecution); x.Status != "SUCCEEDED" || x.Error != "" {
		t.Errorf("an execution that succeeded is %+v", x)
	}
}
