package failing_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/building"
	"sluice/shared/deploying"
	"sluice/shared/event"
	"sluice/shared/failing"
	"sluice/shared/fault"
	"sluice/shared/reporting"
)

// world answers what report-failure asks, and keeps what it tells.
type world struct {
	builds      map[string]building.Build
	deployments map[string]deploying.Deployment
	failures    []event.Execution
	letters     []failing.Letter
	told        map[string]bool
	reports     []string
}

func (w *world) Build(_ context.Context, id string) (building.Build, error) {
	b, ok := w.builds[id]
	if !ok {
		return b, fault.NotFound.Errorf("there is no build %s", id)
	}
	return b, nil
}

func (w *world) Tail(context.Context, building.Build, int) ([]string, error) {
	return []string{"collected 3 items", "API_KEY=abc", "FAILED test_auc"}, nil
}

func (w *world) Deployment(_ context.Context, id string) (deploying.Deployment, error) {
	d, ok := w.deployments[id]
	if !ok {
		return d, fault.NotFound.Errorf("there is no deployment %s", id)
	}
	return d, nil
}

func (w *world) Failures(context.Context, string) ([]event.Execution, error) { return w.failures, nil }

func (w *world) Peek(context.Context, string) ([]failing.Letter, error) { return w.letters, nil }

func (w *world) Told(_ context.Context, cause string) (bool, error) { return w.told[cause], nil }

func (w *world) Tell(_ context.Context, cause string, _ time.Time) error {
	w.told[cause] = true
	return nil
}

func (w *world) Publish(_ context.Context, subject, text string) error {
	w.reports = append(w.reports, subject+"\n\n"+text)
	return nil
}

// tell takes a sample through report-failure, twice, with text in it replaced.
func (w *world) tell(t *testing.T, sample string, oldNew ...string) []string {
	t.Helper()
	raw, err := os.ReadFile("../../events/" + sample + ".json")
	if err != nil {
		t.Fatal(err)
	}
	w.told, w.reports = map[string]bool{}, nil
	f := &failing.Failing{Builds: w, Deployments: w, Machines: w, Letters: w, Reports: reporting.NewDesk(w, w)}
	for range 2 {
		if _, err := f.ReportFailure(t.Context(), json.RawMessage(strings.NewReplacer(oldNew...).Replace(string(raw)))); err != nil {
			t.Fatal(err)
		}
	}
	return w.reports
}

const build = "arn:aws:codebuild:us-west-2:123456789012:build/my-sample-project:8745a7a9-c340-456a-9166-edf953571bEX"

// failed is a build that failed.
func failed(o building.Order) building.Build {
	return building.Build{
		ID: "my-sample-project:8745", Status: "FAILED", Order: o, Ordered: o.Do != "", Initiator: "sluice", Phase: "BUILD",
		Why: "Error while executing command: pytest. Reason: exit status 1", Link: "https://console.aws.amazon.com/log",
	}
}

func TestABuildReads(t *testing.T) {
	w := &world{builds: map[string]building.Build{build: failed(building.Order{Repository: "churn-model", Commit: "7f0103f0a8b9c6d5", Model: "churn", Do: "test"})}}
	want := []string{`Sluice: test of churn-model at 7f0103f failed

What:  test of churn-model at 7f0103f failed
Where: project my-sample-project, phase BUILD
Why:   Error while executing command: pytest. Reason: exit status 1

Last lines of the log:
  collected 3 items
  API_KEY=****
  FAILED test_auc

Do:    put it right and push again
Link:  https://console.aws.amazon.com/log
`}
	if diff := cmp.Diff(want, w.tell(t, "codebuild-build-state-change-failed")); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

// What a pull request or a pipeline tells of, and what did not fail, is not told.
func TestBuildsThatOthersTellOf(t *testing.T) {
	for name, change := range map[string]func(*building.Build){
		"a check":    func(b *building.Build) { b.Order.Request = "17" },
		"a pipeline": func(b *building.Build) { b.Initiator = "codepipeline/churn" },
		"stopped":    func(b *building.Build) { b.Status = "STOPPED" },
		"well":       func(b *building.Build) { b.Status = "SUCCEEDED" },
	} {
		b := failed(building.Order{Repository: "r", Commit: "c", Do: "test"})
		change(&b)
		w := &world{builds: map[string]building.Build{build: b}}
		if got := w.tell(t, "codebuild-build-state-change-failed"); len(got) > 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWhatFails(t *testing.T) {
	letters := []failing.Letter{{ID: "m1", From: "sluice-OnCommitFunction", Error: "Denied: not allowed to read churn-model"}}
	machine := event.Execution{ARN: "arn:e", Machine: "arn:m:sluice-rollout", Name: "churn-v42", Status: "TIMED_OUT"}
	silent := event.Execution{ARN: "arn:f", Machine: "arn:m:sluice-rollout", Name: "churn-v43", Status: "FAILED", Error: "Halted"}
	tests := []struct {
		sample string
		change []string
		want   []string // each part of the one report
	}{
		{"codepipeline-action-execution-state-change-failed", nil, []string{"Sluice: pipeline churn-pipeline failed", "Where: stage Deploy, action Deploy", "Why:   JobFailed: Deployment d-ABC failed", "deployments/d-ABC"}},
		{"codepipeline-action-execution-state-change-failed", []string{`"provider": "CodeDeploy"`, `"provider": "CodeBuild"`, `"d-ABC"`, `"` + build + `"`},
			[]string{"stage Deploy, action Deploy, phase BUILD", "Why:   Error while executing command: pytest", "FAILED test_auc"}},
		{"codedeploy-deployment-state-change-failed", nil, []string{"deployment d-123456789 failed", "group sluice-OnDataFunctionDeploymentGroup-1A2B3C4D5E6F", "traffic is back on the version before"}},
		{"codedeploy-deployment-state-change-failed", []string{"d-123456789", "d-alarmed"}, []string{
			"Sluice: deployment of version 4 of sluice-OnDataFunction-1A2B3C4D5E6F failed", "Why:   ALARM_ACTIVE: alarm sluice-OnDataFunctionAlarm-1 is in ALARM",
			"all events go to version 3 again", "put it right and deploy again",
		}},
		{"codedeploy-deployment-state-change-failed", []string{"d-123456789", "d-checked"}, []string{"HOOK_EXECUTION_FAILURE: CodeDeploy gave no reason", "no event went to it"}},
		{"codedeploy-deployment-state-change-failed", []string{"d-123456789", "d-stopped", "FAILURE", "STOP"}, []string{"deployment of version 4", "it ended as STOP", "look at the deployment"}},
		{"stepfunctions-rollout-failed", nil, []string{"execution churn-v42 of sluice-rollout failed", "Why:   NotReported: the table could not be written", "#/v2/executions/details/arn:aws:states"}},
		{"stepfunctions-rollout-failed", []string{"NotReported", "Halted"}, nil}, // the rollout has told of it
		{"cloudwatch-alarm-state-change-dead-letters", nil, []string{"dead-letter queue sluice-EventDeadLetters-1A2B3C4D5E6F", "sluice-OnCommitFunction could not take an event: Denied", "Do:    An event could not be delivered or handled."}},
		{"cloudwatch-alarm-state-change-dead-letters", []string{"QueueName", "StateMachineArn"}, []string{"execution churn-v42 of sluice-rollout failed", "Why:   TIMED_OUT"}},
		{"cloudwatch-alarm-state-change-dead-letters", []string{`"value": "ALARM"`, `"value": "OK"`}, nil},
	}
	for _, tt := range tests {
		w := &world{
			builds: map[string]building.Build{build: failed(building.Order{})}, letters: letters, failures: []event.Execution{machine, silent},
			deployments: map[string]deploying.Deployment{
				"d-alarmed": deployed("ALARM_ACTIVE", "alarm sluice-OnDataFunctionAlarm-1 is in ALARM"), "d-checked": deployed("HOOK_EXECUTION_FAILURE", ""), "d-stopped": deployed("", ""),
			},
		}
		got := w.tell(t, tt.sample, tt.change...)
		if len(got) != min(1, len(tt.want)) {
			t.Errorf("%s %v: reports %q", tt.sample, tt.change, got)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(got[0], want) {
				t.Errorf("%s %v: the report lacks %q:\n%s", tt.sample, tt.change, want, got[0])
			}
		}
	}
}

// deployed is a deployment of on-data that ended with this code.
func deployed(code, why string) deploying.Deployment {
	return deploying.Deployment{Status: "Stopped", Function: "sluice-OnDataFunction-1A2B3C4D5E6F", From: "3", To: "4", Code: code, Why: why}
}

func TestOtherEventsAreRefused(t *testing.T) {
	raw, err := os.ReadFile("../../events/s3-object-created.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&failing.Failing{}).ReportFailure(t.Context(), raw); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
