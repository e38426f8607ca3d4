package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// client returns the path of a program that the tests of other people's clients
// take, or skips the test. Where CI or SLUICE_REQUIRE_AWSCLI is set it must be there.
func client(t *testing.T, name string, trial ...string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err == nil {
		err = exec.Command(program, trial...).Run()
	}
	if err == nil {
		return program
	}
	if os.Getenv("CI") == "true" || os.Getenv("SLUICE_REQUIRE_AWSCLI") == "1" {
		t.Fatalf("%s %s does not work: %v; install the AWS CLI and boto3", name, strings.Join(trial, " "), err)
	}
	t.Skipf("%s %s does not work here (%v), so nothing shows that local AWS answers it", name, strings.Join(trial, " "), err)
	return ""
}

// shell runs the AWS CLI against a machine.
type shell struct {
	*machine
	program string
	dir     string
	mu      sync.Mutex
	vars    []string // pairs of ${name} and value
}

// aws runs one command, in which ${name} stands for what was kept, and returns what
// it printed.
func (s *shell) aws(line []string) (stdout, stderr string, err error) {
	s.mu.Lock()
	vars := strings.NewReplacer(s.vars...)
	s.mu.Unlock()
	args := []string{"--endpoint-url", s.url, "--output", "json"}
	for _, arg := range line {
		args = append(args, vars.Replace(arg))
	}
	cmd := exec.Command(s.program, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func (s *shell) keep(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vars = append(s.vars, "${"+name+"}", value)
}

// command is one command and what must come of it: JSON that is equal, or part of
// the error. A query picks what is asked about from what the CLI has parsed.
type command struct {
	args  string // words; a part in quotes is one word
	query string
	want  string
	fails string
	keep  string // names under which the words of a string are kept, without the path of an ARN
}

func (s *shell) run(t *testing.T, c command) {
	t.Helper()
	args := words(c.args)
	if c.query != "" {
		args = append(args, "--query", c.query)
	}
	out, errs, err := s.aws(args)
	if c.fails != "" {
		if err == nil || !strings.Contains(errs, c.fails) {
			t.Errorf("aws %s: it must fail with %q, got %v\n%s%s", c.args, c.fails, err, out, errs)
		}
		return
	}
	if err != nil {
		t.Errorf("aws %s: %v\n%s", c.args, err, errs)
		return
	}
	var got, want any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Errorf("aws %s: %v\n%s", c.args, err, out)
		return
	}
	if c.keep != "" {
		names, text := strings.Fields(c.keep), strings.Fields(fmt.Sprint(got))
		if len(text) != len(names) {
			t.Errorf("aws %s: got %s, want %s", c.args, out, c.keep)
			return
		}
		for i, name := range names {
			if strings.HasPrefix(text[i], "arn:") {
				text[i] = path.Base(text[i])
			}
			s.keep(name, text[i])
		}
		return
	}
	if err := json.Unmarshal([]byte(c.want), &want); err != nil {
		t.Fatalf("aws %s: %q: %v", c.args, c.want, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("aws %s (-want +got):\n%s", c.args, diff)
	}
}

// words cuts a line at spaces. What is in single quotes is one word.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
			continue
		}
		all = append(all, strings.Fields(part)...)
	}
	return all
}

// atOnce runs commands, two at a time: each takes most of a second to start.
func (s *shell) atOnce(t *testing.T, commands []command) {
	t.Helper()
	var wg sync.WaitGroup
	for _, half := range [][]command{commands[:len(commands)/2], commands[len(commands)/2:]} {
		wg.Go(func() {
			for _, c := range half {
				s.run(t, c)
			}
		})
	}
	wg.Wait()
}

// promoted waits until the first rollout has ended well. Between two tries the CLI
// starts, in which hours of virtual time pass.
func (s *shell) promoted(t *testing.T) {
	t.Helper()
	last := ""
	for range 60 {
		out, errs, err := s.aws(words("stepfunctions list-executions --state-machine-arn arn:aws:states:us-east-1:111122223333:stateMachine:sluice-rollout --query executions[].status"))
		if err != nil {
			t.Fatalf("%v\n%s", err, errs)
		}
		if last = strings.Join(strings.Fields(out), ""); last == `["SUCCEEDED"]` {
			return
		}
	}
	t.Fatalf("no rollout has succeeded; list-executions says %s", last)
}

// One object becomes a promoted rollout, and the AWS CLI and boto3 see all of it.
func TestAWSCLIAndBoto3(t *testing.T) {
	program, python := client(t, "aws", "--version"), client(t, "python3", "-c", "import boto3")
	s := &shell{machine: serve(t, "--speed", "3000"), program: program, dir: t.TempDir()}
	s.keep("table", s.table)
	for name, content := range map[string]string{"part.parquet": "one object", "notes.txt": "no data", "empty.json": "{}"} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, command{args: "s3api put-object --bucket acme-features --key churn/notes.txt --body notes.txt", query: "ETag", want: `"\"42c4d8746ae597c8db2724998063b0f5\""`})
	if out, errs, err := s.aws(words("s3 cp --no-progress part.parquet s3://acme-features/churn/day=1/part.parquet")); err != nil || !strings.HasPrefix(out, "upload: ./part.parquet to s3://") {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	s.promoted(t)
	out, _, err := s.aws(words("s3 ls --recursive s3://acme-features"))
	var listed []string
	for line := range strings.Lines(out) {
		listed = append(listed, strings.Join(slices.Concat(strings.Fields(line)[2:]), " "))
	}
	if diff := cmp.Diff([]string{"10 churn/day=1/part.parquet", "7 churn/notes.txt"}, listed); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	s.atOnce(t, discoveries)
	s.atOnce(t, commands)
	s.run(t, command{args: "sqs send-message --queue-url ${queue} --message-body hello", query: "MD5OfMessageBody", want: `"5d41402abc4b2a76b9719d911017c592"`})
	s.run(t, command{args: "sqs receive-message --queue-url ${queue}", query: "Messages[].Body", want: `["hello"]`})
	cmd := exec.Command(python, "testdata/boto3/round.py")
	cmd.Env = s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	answer, err := os.ReadFile(filepath.Join(s.dir, "answer.json"))
	if err != nil || !strings.Contains(string(answer), `"errorType":"Invalid"`) {
		t.Errorf("the function answered %s, %v", answer, err)
	}
}

// discoveries find the names that commands take.
var discoveries = []command{
	{args: "sqs list-queues", query: "QueueUrls[?contains(@,'EventDeadLetters')]|[0]", keep: "queue"},
	{args: "lambda list-functions", query: "Functions[?contains(FunctionName,'OnSignal')]|[0].join(' ', [FunctionName, Role])", keep: "function role"},
	{args: "events list-rules", query: "Rules[?contains(Name,'DataRule')].Name|[0]", keep: "rule"},
	{args: "sns list-topics", query: "Topics[0].TopicArn", keep: "topic"},
}

const stepFunctions = "arn:aws:states:us-east-1:111122223333:"

var commands = []command{
	{args: "dynamodb scan --table-name ${table} --filter-expression 'pk = :p' --expression-attribute-values '{\":p\":{\"S\":\"ROLLOUT#churn-v2\"}}'",
		query: "{some: Count > `30`, consistent: length(Items) == Count}", want: `{"some": true, "consistent": true}`},
	{args: "dynamodb query --table-name ${table} --key-condition-expression 'pk = :p AND begins_with(sk, :s)' --expression-attribute-values '{\":p\":{\"S\":\"MODEL#churn\"},\":s\":{\"S\":\"RUN#\"}}'",
		query: "Items[].[sk.S, state.S]", want: `[["RUN#0000000001", "trained"]]`},
	{args: "dynamodb describe-table --table-name nope", fails: "(ResourceNotFoundException) when calling the DescribeTable operation"},
	{args: "stepfunctions list-state-machines", query: "stateMachines[].name", want: `["sluice-rollout", "sluice-training"]`},
	{args: "stepfunctions list-executions --state-machine-arn " + stepFunctions + "stateMachine:sluice-training", query: "executions[].[name, status]", want: `[["churn-g1", "SUCCEEDED"]]`},
	{args: "stepfunctions describe-execution --execution-arn " + stepFunctions + "execution:sluice-training:churn-g1", query: "{name: name, status: status, input: input}",
		want: `{"name": "churn-g1", "status": "SUCCEEDED", "input": "{\"model\":\"churn\",\"generation\":1,\"run\":\"churn-g1\"}"}`},
	{args: "stepfunctions get-execution-history --execution-arn " + stepFunctions + "execution:sluice-rollout:churn-v2 --page-size 40",
		query: "{first: events[0].type, last: events[-1].type, shifts: length(events[?type=='TaskStateEntered' && stateEnteredEventDetails.name=='ShiftWeight'])}",
		want:  `{"first": "ExecutionStarted", "last": "ExecutionSucceeded", "shifts": 3}`},
	{args: "sagemaker describe-endpoint --endpoint-name churn-prod", query: "{status: EndpointStatus, variants: ProductionVariants[].[VariantName, CurrentWeight, CurrentInstanceCount]}",
		want: `{"status": "InService", "variants": [["churn-v2", 100, 2]]}`},
	{args: "sagemaker list-pipeline-executions --pipeline-name churn-training", query: "PipelineExecutionSummaries[].PipelineExecutionStatus", want: `["Succeeded"]`},
	{args: "sagemaker describe-model-package --model-package-name arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2", query: "[ModelPackageVersion, ModelApprovalStatus]", want: `[2, "Approved"]`},
	{args: "cloudwatch describe-alarms --alarm-names churn-5xx", query: "MetricAlarms[].[AlarmName, StateValue, Threshold]", want: `[["churn-5xx", "OK", 0.05]]`},
	{args: "cloudwatch get-metric-data --start-time 2026-03-02T09:00:00Z --end-time 2026-03-02T09:30:00Z --metric-data-queries '[{\"Id\":\"m\",\"MetricStat\":{\"Metric\":{\"Namespace\":\"AWS/SageMaker\",\"MetricName\":\"Invocations\",\"Dimensions\":[{\"Name\":\"EndpointName\",\"Value\":\"churn-prod\"},{\"Name\":\"VariantName\",\"Value\":\"churn-v1\"}]},\"Period\":300,\"Stat\":\"Sum\"}}]'",
		query: "MetricDataResults[0].{id: Id, points: length(Values), plausible: min(Values) > `14000` && max(Values) < `16000`}", want: `{"id": "m", "points": 6, "plausible": true}`},
	{args: "events list-targets-by-rule --rule ${rule}", query: "Targets[].[Id, RetryPolicy.MaximumRetryAttempts]", want: `[["DataQueue", 185]]`},
	{args: "events put-events --entries '[{\"Source\":\"my.app\",\"DetailType\":\"x\",\"Detail\":\"{}\"}]'", query: "FailedEntryCount", want: `0`},
	{args: "sqs get-queue-attributes --queue-url ${queue} --attribute-names All", query: "Attributes.[MessageRetentionPeriod, SqsManagedSseEnabled]", want: `["1209600", "true"]`},
	{args: "sqs receive-message --queue-url ${queue}nope", fails: "(AWS.SimpleQueueService.NonExistentQueue) when calling the ReceiveMessage operation: The specified queue does not exist."},
	{args: "logs filter-log-events --log-group-name /sluice/sluice --filter-pattern '\"report-rollout\"'", query: "events[].contains(message, '\"function\":\"report-rollout\"')", want: `[true]`},
	{args: "lambda invoke --function-name ${function} --payload fileb://empty.json answer.json", query: "[StatusCode, FunctionError]", want: `[200, "Unhandled"]`},
	{args: "iam get-role-policy --role-name ${role} --policy-name OnSignalFunctionRolePolicy0", query: "PolicyDocument.Statement[0].{effect: Effect, action: contains(Action, 'dynamodb:Query'), here: ends_with(Resource, '${table}')}",
		want: `{"effect": "Allow", "action": true, "here": true}`},
	{args: "sts get-caller-identity", query: "[Account, Arn]", want: `["111122223333", "arn:aws:iam::111122223333:user/admin"]`},
	{args: "s3api get-object-acl --bucket acme-features --key churn/notes.txt", fails: "(NotImplemented) when calling the GetObjectAcl operation: local AWS does not implement s3 GET object acl"},
}
