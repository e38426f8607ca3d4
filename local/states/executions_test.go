package states

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"
)

func TestStartIsIdempotentWhileItRuns(t *testing.T) {
	f := setup(t)
	arn := f.create(waiting)
	start := func(name, input string) (*sfn.StartExecutionOutput, error) {
		var out *sfn.StartExecutionOutput
		err := f.do(func() (err error) {
			out, err = f.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &arn, Name: &name, Input: &input})
			return err
		})
		return out, err
	}
	first, err := start("e", `{}`)
	if err != nil || *first.ExecutionArn != "arn:aws:states:us-east-1:111122223333:execution:m:e" {
		t.Fatalf("got %+v, %v", first, err)
	}
	f.RunFor(time.Minute)
	if again, err := start("e", `{}`); err != nil || !again.StartDate.Equal(*first.StartDate) {
		t.Errorf("the same again: %v", err)
	}
	if _, err := start("e", `{"a":1}`); code(err) != "ExecutionAlreadyExists" {
		t.Errorf("another input: %v", err)
	}
	f.RunUntilIdle(2 * time.Hour)
	if _, err := start("e", `{}`); code(err) != "ExecutionAlreadyExists" {
		t.Errorf("after the end: %v", err)
	}
	if _, err := start("not/good", `{}`); code(err) != "InvalidName" {
		t.Errorf("bad name: %v", err)
	}
	if _, err := start("f", `no json`); code(err) != "InvalidExecutionInput" {
		t.Errorf("bad input: %v", err)
	}
	f.RunFor(91 * 24 * time.Hour)
	if _, err := start("e", `{}`); err != nil {
		t.Errorf("after 90 days the name is free again: %v", err)
	}
}

func TestDescribeListStop(t *testing.T) {
	f := setup(t)
	machine := f.create(waiting)
	for i := range 5 {
		f.start(fmt.Sprint("e", i), `{"n":1}`)
		f.RunFor(20 * time.Minute)
	}
	f.Do(func() {
		arn := ExecutionARN("m", "e4")
		if _, err := f.client.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &arn, Error: aws.String("E"), Cause: aws.String("c")}); err != nil {
			t.Fatal(err)
		}
		got, err := f.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil || got.Status != types.ExecutionStatusAborted || *got.Error != "E" || *got.Cause != "c" || got.Output != nil || got.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
			t.Errorf("got %+v, %v", got, err)
		}
		arn = ExecutionARN("m", "e0")
		got, err = f.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil || got.Status != types.ExecutionStatusSucceeded || *got.Output != `{"n":1}` || *got.RedriveStatusReason != "Execution is SUCCEEDED and cannot be redriven" {
			t.Errorf("got %+v, %v", got, err)
		}
		if m, err := f.client.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &arn}); err != nil || *m.Name != "m" || *m.Definition != quotes(waiting) {
			t.Errorf("got %+v, %v", m, err)
		}
		for bad, want := range map[string]string{"x": "InvalidArn", ExecutionARN("m", "none"): "ExecutionDoesNotExist", machine: "InvalidArn"} {
			if _, err := f.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &bad}); code(err) != want {
				t.Errorf("%s: got %v, want %s", bad, err, want)
			}
		}
	})
	list := func(filter types.ExecutionStatus) (names []string, pages int) {
		p := sfn.NewListExecutionsPaginator(f.client, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: filter, MaxResults: 2})
		f.Do(func() {
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				pages++
				for _, e := range out.Executions {
					names = append(names, *e.Name)
				}
			}
		})
		return names, pages
	}
	for _, tt := range []struct {
		filter types.ExecutionStatus
		want   string
		pages  int
	}{{"", "e4 e3 e2 e1 e0", 3}, {types.ExecutionStatusRunning, "e3", 1}, {types.ExecutionStatusSucceeded, "e2 e1 e0", 2}, {types.ExecutionStatusAborted, "e4", 1}} {
		if names, pages := list(tt.filter); strings.Join(names, " ") != tt.want || pages != tt.pages {
			t.Errorf("%q: got %v on %d pages, want %s on %d", tt.filter, names, pages, tt.want, tt.pages)
		}
	}
	err := f.do(func() error {
		_, err := f.client.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: "succeeded"})
		return err
	})
	if code(err) != "ValidationException" {
		t.Errorf("a filter that does not exist: %v", err)
	}
}

const small = `{'StartAt':'Call','States':{
	'Call':{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke','Parameters':{'FunctionName':'f','Payload.$':'$'},'ResultSelector':{'got.$':'$.Payload'},
		'ResultPath':'$.call','TimeoutSeconds':30,'Retry':[{'ErrorEquals':['Flaky'],'IntervalSeconds':2}],'Assign':{'v.$':'$.Payload.n'},'Next':'Plain'},
	'Plain':{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:111122223333:function:g','TimeoutSeconds':30,'ResultPath':null,'Next':'Done'},
	'Done':{'Type':'Succeed','OutputPath':'$.call'}}}`

// The golden file is the whole history as the wire gives it. Rewrite it with
// UPDATE=1, and commit only what you can explain.
func TestHistoryGolden(t *testing.T) {
	f := setup(t)
	f.create(small)
	calls := 0
	f.invoke = func(arn string, payload []byte, done func([]byte, string, error)) {
		calls++
		if calls == 1 {
			f.After(time.Second, "answer", func() { done([]byte(`{"errorType":"Flaky","errorMessage":"once"}`), "Unhandled", nil) })
			return
		}
		f.After(time.Second, "answer", func() { done([]byte(`{"n":5}`), "", nil) })
	}
	e := f.run(`{'a':1}`)
	if e.Output != `{"got":{"n":5}}` {
		t.Fatalf("got %+v", e)
	}
	var got []byte
	f.Do(func() {
		page, err := f.svc.historyPage(&historyInput{ARN: e.ARN})
		if err != nil {
			t.Fatal(err)
		}
		if got, err = json.MarshalIndent(page.Events, "", " "); err != nil {
			t.Fatal(err)
		}
	})
	name := filepath.Join("testdata", "history.golden.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Call", "Plain", "Done"}, f.svc.Path(e.ARN)); diff != "" {
		t.Errorf("path (-want +got):\n%s", diff)
	}
}

func TestHistoryPages(t *testing.T) {
	f := setup(t)
	f.create(waiting)
	e := f.run(`{}`)
	read := func(in sfn.GetExecutionHistoryInput) (ids []int64, first types.HistoryEvent) {
		in.ExecutionArn = &e.ARN
		f.Do(func() {
			p := sfn.NewGetExecutionHistoryPaginator(f.client, &in)
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if ids == nil {
					first = out.Events[0]
				}
				for _, ev := range out.Events {
					ids = append(ids, ev.Id)
				}
			}
		})
		return ids, first
	}
	ids, first := read(sfn.GetExecutionHistoryInput{MaxResults: 3})
	if diff := cmp.Diff([]int64{1, 2, 3, 4}, ids); diff != "" || first.Type != types.HistoryEventTypeExecutionStarted || *first.ExecutionStartedEventDetails.RoleArn != role || *first.ExecutionStartedEventDetails.Input != "{}" {
		t.Errorf("forward: %v, %+v", ids, first)
	}
	ids, first = read(sfn.GetExecutionHistoryInput{MaxResults: 3, ReverseOrder: true})
	if diff := cmp.Diff([]int64{4, 3, 2, 1}, ids); diff != "" || *first.ExecutionSucceededEventDetails.Output != "{}" || !first.Timestamp.Equal(epoch.Add(time.Hour)) {
		t.Errorf("backward: %v, %+v", ids, first)
	}
	_, first = read(sfn.GetExecutionHistoryInput{IncludeExecutionData: aws.Bool(false)})
	if first.ExecutionStartedEventDetails.Input != nil {
		t.Errorf("without data: %+v", first.ExecutionStartedEventDetails)
	}
	if err := f.do(func() error {
		_, err := f.client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: &e.ARN, NextToken: aws.String("x")})
		return err
	}); code(err) != "InvalidToken" {
		t.Errorf("a bad token: %v", err)
	}
}

func TestStatusEvents(t *testing.T) {
	f := setup(t)
	f.create(`{'StartAt':'S','States':{'S':{'Type':'Wait','Seconds':1,'Next':'F'},'F':{'Type':'Fail','Error':'ErrorCode','Cause':'An error occurred.'}}}`)
	f.start("churn-42", `{}`)
	f.RunUntilIdle(time.Hour)
	arn := ExecutionARN("m", "churn-42")
	want := []string{"aws.states Step Functions Execution Status Change " + arn + " RUNNING", "aws.states Step Functions Execution Status Change " + arn + " FAILED"}
	if diff := cmp.Diff(want, f.emitted); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	got, err := json.Marshal(f.details[1])
	if err != nil {
		t.Fatal(err)
	}
	const detail = `{"executionArn":"arn:aws:states:us-east-1:111122223333:execution:m:churn-42","stateMachineArn":"arn:aws:states:us-east-1:111122223333:stateMachine:m",` +
		`"name":"churn-42","status":"FAILED","startDate":1772442000000,"stopDate":1772442001000,"input":"{}","inputDetails":{"included":true},"output":null,"outputDetails":null,` +
		`"stateMachineVersionArn":null,"stateMachineAliasArn":null,"redriveCount":0,"redriveDate":null,"redriveStatus":"REDRIVABLE","redriveStatusReason":"Execution is FAILED and is redrivable",` +
		`"error":"ErrorCode","cause":"An error occurred."}`
	if diff := cmp.Diff(detail, string(got)); diff != "" {
		t.Errorf("detail (-want +got):\n%s", diff)
	}
}

func TestRedriveThroughTheSDK(t *testing.T) {
	f := setup(t)
	f.create(one(`{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke','Parameters':{'FunctionName':'f'},'OutputPath':'$.Payload','TimeoutSeconds':9,'End':true}`))
	broken := true
	f.invoke = func(_ string, _ []byte, done func([]byte, string, error)) {
		if broken {
			done([]byte(`{"errorType":"E"}`), "Handled", nil)
			return
		}
		done([]byte(`"fixed"`), "", nil)
	}
	e := f.run(`{}`)
	redrive := func() error {
		return f.do(func() error {
			_, err := f.client.RedriveExecution(ctx, &sfn.RedriveExecutionInput{ExecutionArn: &e.ARN, ClientToken: aws.String("t")})
			return err
		})
	}
	broken = false
	for range 2 { // the second is the same request again
		if err := redrive(); err != nil {
			t.Fatal(err)
		}
	}
	f.RunUntilIdle(time.Hour)
	got, _ := f.svc.Execution(e.ARN)
	if got.Output != `"fixed"` || strings.Join(f.svc.Path(e.ARN), " ") != "S" {
		t.Errorf("got %+v by %v", got, f.svc.Path(e.ARN))
	}
	f.RunFor(time.Hour)
	if err := redrive(); code(err) != "ExecutionNotRedrivable" {
		t.Errorf("redriving a success: %v", err)
	}
	if diff := cmp.Diff(4, len(f.emitted)); diff != "" {
		t.Errorf("events: %v", f.emitted)
	}
}

func TestOnTransition(t *testing.T) {
	f := setup(t)
	f.create(waiting)
	var seen []string
	f.svc.OnTransition = func(arn, state string, entered bool, data json.RawMessage) {
		seen = append(seen, fmt.Sprintf("%s %s %t %s", arn[strings.LastIndexByte(arn, ':')+1:], state, entered, data))
	}
	f.start("e", `{"a":1}`)
	f.RunUntilIdle(2 * time.Hour)
	if diff := cmp.Diff([]string{`e S true {"a":1}`, `e S false {"a":1}`}, seen); diff != "" {
		t.Errorf("transitions (-want +got):\n%s", diff)
	}
}

func TestThousandsOfExecutions(t *testing.T) {
	f := setup(t)
	f.create(waiting)
	for i := range 5000 {
		f.start(fmt.Sprint("e", i), `{}`)
	}
	f.RunUntilIdle(2 * time.Hour)
	f.Do(func() {
		for _, e := range f.svc.Executions("") {
			if e.Status != "SUCCEEDED" {
				t.Fatalf("%s is %s", e.Name, e.Status)
			}
		}
	})
}
