package codepipeline

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/google/go-cmp/cmp"
)

func TestAnExecutionSucceeds(t *testing.T) {
	w := newWorld(t)
	id := w.begin("c1")
	if got := w.status(id); got != types.PipelineExecutionStatusInProgress {
		t.Errorf("it is %s while a person is asked", got)
	}
	if a := w.action(2, 0); a.Token == nil || !strings.Contains(w.notice, *a.Token) || !strings.Contains(w.notice, "look at it") {
		t.Errorf("people were told %s of %+v", w.notice, a)
	}
	w.answer(types.ApprovalStatusApproved)
	if got := w.status(id); got != types.PipelineExecutionStatusSucceeded {
		t.Errorf("it is %s: %q", got, w.told)
	}
	if o := w.orders[0]; o.Commit != "c1" || string(o.Files["a/b.txt"]) != "c1" || o.Initiator != "codepipeline/deliver" || o.Encrypted != key || !cmp.Equal(o.Variables, []Variable{{Name: "COMMIT", Value: "c1"}}) {
		t.Errorf("build %+v", o)
	}
	if len(w.stacks) != 1 || w.stacks[0].Parameters["Environment"] != "production" || w.stacks[0].Role != "arn:aws:iam::111122223333:role/deploy" {
		t.Fatalf("stacks %+v", w.stacks)
	}
	if text, err := fs.ReadFile(w.stacks[0].Files, w.stacks[0].Template); err != nil || string(text) != "Resources: {}" {
		t.Errorf("template %s, %v", text, err)
	}
	if a := w.action(2, 0); *a.LastUpdatedBy != "arn:aws:iam::111122223333:user/ana" || *a.Summary != "looked at" || a.Token != nil {
		t.Errorf("answered %+v", a)
	}
	want := []string{
		"Pipeline deliver STARTED", "Stage Source STARTED", "Action Source STARTED", "Action Source SUCCEEDED", "Stage Source SUCCEEDED",
		"Stage Build STARTED", "Action Build STARTED", "Action Build SUCCEEDED", "Stage Build SUCCEEDED",
		"Stage Approval STARTED", "Action Approve STARTED", "Action Approve SUCCEEDED", "Stage Approval SUCCEEDED",
		"Stage Production STARTED", "Action Prepare STARTED", "Action Prepare SUCCEEDED", "Action Deploy STARTED", "Action Deploy SUCCEEDED", "Stage Production SUCCEEDED",
		"Pipeline deliver SUCCEEDED",
	}
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestEventsAreAsDocumented holds the members of events to those of AWS's samples.
func TestEventsAreAsDocumented(t *testing.T) {
	w := newWorld(t)
	w.ends["c1"] = BuildEnd{Status: "FAILED", URL: "https://logs"}
	w.begin("c1")
	for sample, n := range map[string]int{
		"codepipeline-pipeline-execution-state-change": 0, "codepipeline-stage-execution-state-change": 1,
		"codepipeline-action-execution-state-change": 3, "codepipeline-action-execution-state-change-failed": 7,
	} {
		raw, err := os.ReadFile("../../events/" + sample + ".json")
		if err != nil {
			t.Fatal(err)
		}
		want := members(t, raw)
		got := slices.DeleteFunc(membersOf(w.sent[n]), func(m string) bool { return !slices.Contains(want, m) && strings.Contains(m, "artifacts") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("event %d, %s (-sample +got):\n%s", n, sample, diff)
		}
	}
	if d := w.sent[7]["detail"].(map[string]any); cmp.Diff(d["execution-result"], map[string]any{
		"external-execution-id": "build:1", "external-execution-url": "https://logs", "error-code": "JobFailed", "external-execution-summary": "Build terminated with state: FAILED",
	}) != "" {
		t.Errorf("failed: %v", d)
	}
}

func TestWhatFails(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*world)
		answers []types.ApprovalStatus
		stage   int
		action  int
		why     string
	}{
		{"no branch", func(w *world) { w.head = "" }, nil, 0, 0, "branch main does not exist"},
		{"may not read the source", func(w *world) { w.denied = "codecommit:UploadArchive" }, nil, 0, 0, "may not codecommit:UploadArchive"},
		{"may not keep artifacts", func(w *world) { w.denied = "s3:PutObject" }, nil, 0, 0, "may not s3:PutObject"},
		{"may not encrypt", func(w *world) { w.denied = "kms:GenerateDataKey" }, nil, 0, 0, "may not kms:GenerateDataKey"},
		{"may not build", func(w *world) { w.denied = "codebuild:StartBuild" }, nil, 1, 0, "may not codebuild:StartBuild"},
		{"a build", func(w *world) { w.ends["c1"] = BuildEnd{Status: "TIMED_OUT"} }, nil, 1, 0, "TIMED_OUT"},
		{"a build without its artifact", func(w *world) { w.ends["c1"] = BuildEnd{Status: "SUCCEEDED"} }, nil, 1, 0, "left nothing for artifact Package"},
		{"may not tell people", func(w *world) { w.denied = "sns:Publish" }, nil, 2, 0, "may not sns:Publish"},
		{"a rejection", nil, []types.ApprovalStatus{types.ApprovalStatusRejected}, 2, 0, "looked at"},
		{"may not pass the role", func(w *world) { w.denied = "iam:PassRole" }, []types.ApprovalStatus{types.ApprovalStatusApproved}, 3, 0, "may not iam:PassRole"},
		{"a template that is not there", func(w *world) {
			w.ends["c1"] = BuildEnd{Status: "SUCCEEDED", Files: map[string][]byte{"x": nil}}
		}, []types.ApprovalStatus{types.ApprovalStatusApproved}, 3, 0, "artifact Package has no packaged.yaml"},
		{"a stack", func(w *world) { w.broken = errors.New("queue exists") }, []types.ApprovalStatus{types.ApprovalStatusApproved}, 3, 1, "queue exists"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			head := "c1"
			if tt.change != nil {
				w.head = head
				tt.change(w)
				head = w.head
			}
			id := w.begin(head)
			for _, a := range tt.answers {
				w.answer(a)
			}
			if got := w.status(id); got != types.PipelineExecutionStatusFailed {
				t.Fatalf("it is %s", got)
			}
			a := w.action(tt.stage, tt.action)
			if a.ErrorDetails == nil || a.Status != types.ActionExecutionStatusFailed || !strings.Contains(*a.ErrorDetails.Message, tt.why) {
				t.Errorf("action %+v, %q wanted", a, tt.why)
			}
			if last := w.told[len(w.told)-3:]; !strings.HasPrefix(last[0], "Action ") || !strings.HasPrefix(last[1], "Stage ") || last[2] != "Pipeline deliver FAILED" {
				t.Errorf("events %q", w.told)
			}
		})
	}
}

// A variable that nothing gives fails the action that wants it.
func TestUnknownVariables(t *testing.T) {
	w := newWorld(t)
	d := declared()
	d.Name, d.Stages[0].Actions[0].Namespace = "other", ""
	if err := w.Create(d); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Start("other", "CloudWatchEvent", "rule"); err != nil {
		t.Fatal(err)
	}
	w.sim.RunFor(time.Minute)
	if len(w.orders) != 0 || w.told[len(w.told)-1] != "Pipeline other FAILED" {
		t.Errorf("builds %v, events %q", w.orders, w.told)
	}
}

// A newer execution takes the place of those that wait for a stage, and not of the one
// in it.
func TestSuperseded(t *testing.T) {
	w := newWorld(t)
	first, second, third := w.begin("c1"), w.begin("c2"), w.begin("c3")
	if got := []types.PipelineExecutionStatus{w.status(first), w.status(second), w.status(third)}; !cmp.Equal(got, []types.PipelineExecutionStatus{"InProgress", "Superseded", "InProgress"}) {
		t.Errorf("executions are %v", got)
	}
	w.answer(types.ApprovalStatusApproved)
	w.answer(types.ApprovalStatusApproved)
	if w.status(third) != types.PipelineExecutionStatusSucceeded || len(w.stacks) != 2 {
		t.Errorf("the third is %s, stacks %d", w.status(third), len(w.stacks))
	}
	out, err := w.client.ListPipelineExecutions(ctx, &codepipeline.ListPipelineExecutionsInput{PipelineName: aws.String("deliver")})
	if err != nil || len(out.PipelineExecutionSummaries) != 3 || *out.PipelineExecutionSummaries[0].PipelineExecutionId != third {
		t.Errorf("%+v %v", out, err)
	}
}

// In mode QUEUED all come through, in their order.
func TestQueued(t *testing.T) {
	w := newWorld(t)
	w.pipelines["deliver"].ExecutionMode = "QUEUED"
	first, second, third := w.begin("c1"), w.begin("c2"), w.begin("c3")
	for _, id := range []string{first, second, third} {
		w.answer(types.ApprovalStatusApproved)
		if got := w.status(id); got != types.PipelineExecutionStatusSucceeded {
			t.Errorf("%s is %s", id, got)
		}
	}
}

func TestRetryOfAStage(t *testing.T) {
	w := newWorld(t)
	w.ends["c1"] = BuildEnd{Status: "FAILED"}
	id := w.begin("c1")
	in := &codepipeline.RetryStageExecutionInput{PipelineName: aws.String("deliver"), PipelineExecutionId: &id, StageName: aws.String("Source"), RetryMode: types.StageRetryModeFailedActions}
	_, err := w.client.RetryStageExecution(ctx, in)
	refused(t, err, "StageNotRetryableException")
	in.StageName = aws.String("None")
	_, err = w.client.RetryStageExecution(ctx, in)
	refused(t, err, "StageNotFoundException")
	delete(w.ends, "c1")
	in.StageName = aws.String("Build")
	if _, err := w.client.RetryStageExecution(ctx, in); err != nil {
		t.Fatal(err)
	}
	w.sim.RunFor(10 * time.Minute)
	w.answer(types.ApprovalStatusApproved)
	if got := w.status(id); got != types.PipelineExecutionStatusSucceeded || len(w.orders) != 2 {
		t.Errorf("it is %s after %d builds", got, len(w.orders))
	}
	if !slices.Contains(w.told, "Pipeline deliver RESUMED") || !slices.Contains(w.told, "Stage Build RESUMED") {
		t.Errorf("events %q", w.told)
	}
	w.ends["c2"] = BuildEnd{Status: "FAILED"}
	old := w.begin("c2")
	w.begin("c3")
	in.PipelineExecutionId = &old
	_, err = w.client.RetryStageExecution(ctx, in)
	refused(t, err, "NotLatestPipelineExecutionException")
}

func TestStop(t *testing.T) {
	w := newWorld(t)
	stop := func(id string, abandon bool) error {
		_, err := w.client.StopPipelineExecution(ctx, &codepipeline.StopPipelineExecutionInput{PipelineName: aws.String("deliver"), PipelineExecutionId: &id, Abandon: abandon})
		w.sim.RunFor(time.Minute)
		return err
	}
	id := w.begin("c1")
	waiting := w.begin("c2")
	if err := stop(waiting, false); err != nil || w.status(waiting) != types.PipelineExecutionStatusStopped {
		t.Errorf("the one that waited is %s, %v", w.status(waiting), err)
	}
	if err := stop(id, false); err != nil || w.status(id) != types.PipelineExecutionStatusStopping {
		t.Errorf("it is %s, %v", w.status(id), err)
	}
	refused(t, stop(id, false), "DuplicatedStopRequestException")
	w.answer(types.ApprovalStatusApproved)
	if got := w.status(id); got != types.PipelineExecutionStatusStopped || len(w.stacks) > 0 {
		t.Errorf("it is %s, stacks %v", got, w.stacks)
	}
	refused(t, stop(id, false), "PipelineExecutionNotStoppableException")

	id = w.begin("c3")
	if err := stop(id, true); err != nil || w.status(id) != types.PipelineExecutionStatusStopped || w.action(2, 0).Status != types.ActionExecutionStatusAbandoned {
		t.Errorf("abandoned, it is %s, %v", w.status(id), err)
	}
}

func TestApprovals(t *testing.T) {
	w := newWorld(t)
	put := func(token, action, status string) error {
		_, err := w.client.PutApprovalResult(ctx, &codepipeline.PutApprovalResultInput{
			PipelineName: aws.String("deliver"), StageName: aws.String("Approval"), ActionName: &action, Token: &token,
			Result: &types.ApprovalResult{Status: types.ApprovalStatus(status), Summary: aws.String("")},
		})
		return err
	}
	id := w.begin("c1")
	token := *w.action(2, 0).Token
	refused(t, put("00000000-0000-0000-0000-000000000000", "Approve", "Approved"), "InvalidApprovalTokenException")
	refused(t, put(token, "None", "Approved"), "ActionNotFoundException")
	refused(t, put(token, "Approve", "Perhaps"), "ValidationException")
	w.sim.RunFor(time.Hour)
	if got := w.status(id); got != types.PipelineExecutionStatusFailed || !strings.Contains(*w.action(2, 0).Summary, "nobody has answered in 1h0m0s") {
		t.Errorf("it is %s: %+v", got, w.action(2, 0))
	}
	refused(t, put(token, "Approve", "Approved"), "ApprovalAlreadyCompletedException")
}
