package sagemaker_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/pipelines"
)

func report(auc float64) []byte {
	return fmt.Appendf(nil, `{"binary_classification_metrics":{"auc":{"value":%v}}}`, auc)
}

func withPipeline(t *testing.T, edit ...string) *stage {
	t.Helper()
	b, err := os.ReadFile("testdata/pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	s.script = func(pipelines.Run) pipelines.Outcome { return pipelines.Outcome{Report: report(0.9)} }
	call(s, createPipeline, pipelineInput(strings.NewReplacer(edit...).Replace(string(b))))
	return s
}

func pipelineInput(definition string) *sdk.CreatePipelineInput {
	return &sdk.CreatePipelineInput{PipelineName: aws.String("Churn"), PipelineDefinition: &definition, RoleArn: aws.String("arn:aws:iam::111122223333:role/pipelines"),
		ClientRequestToken: aws.String(token("create"))}
}

func token(s string) string { return strings.Repeat("0", 40) + s }

func startInput(tok string, params ...string) *sdk.StartPipelineExecutionInput {
	in := &sdk.StartPipelineExecutionInput{PipelineName: aws.String("churn"), ClientRequestToken: &tok}
	for i := 0; i < len(params); i += 2 {
		in.PipelineParameters = append(in.PipelineParameters, types.Parameter{Name: &params[i], Value: &params[i+1]})
	}
	return in
}

// run starts an execution and waits for its end.
func (s *stage) run(params ...string) (*sdk.DescribePipelineExecutionOutput, []string) {
	s.t.Helper()
	arn := call(s, startExecution, startInput(token("run"), params...)).PipelineExecutionArn
	s.w.RunUntilIdle(24 * time.Hour)
	var steps []string
	for _, st := range call(s, listSteps, &sdk.ListPipelineExecutionStepsInput{PipelineExecutionArn: arn, SortOrder: types.SortOrderAscending}).PipelineExecutionSteps {
		steps = append(steps, *st.StepName+" "+string(st.StepStatus))
	}
	return call(s, describeRun, &sdk.DescribePipelineExecutionInput{PipelineExecutionArn: arn}), steps
}

func TestPipelineRegistersAModel(t *testing.T) {
	s := withPipeline(t)
	d, steps := s.run("Approval", "Approved")
	if d.PipelineExecutionStatus != types.PipelineExecutionStatusSucceeded {
		t.Fatalf("%s %v", d.PipelineExecutionStatus, aws.ToString(d.FailureReason))
	}
	if diff := cmp.Diff([]string{"Train Succeeded", "Evaluate Succeeded", "GoodEnough Succeeded", "Register Succeeded"}, steps); diff != "" {
		t.Error(diff)
	}
	last := call(s, listSteps, &sdk.ListPipelineExecutionStepsInput{PipelineExecutionArn: d.PipelineExecutionArn}).PipelineExecutionSteps[0]
	p := call(s, describePackage, &sdk.DescribeModelPackageInput{ModelPackageName: last.Metadata.RegisterModel.Arn})
	id := (*d.PipelineExecutionArn)[strings.LastIndex(*d.PipelineExecutionArn, "/")+1:]
	uri := "s3://models/churn/" + id + "/evaluation.json"
	if p.ModelApprovalStatus != types.ModelApprovalStatusApproved || *p.ModelPackageVersion != 1 || *p.ModelMetrics.ModelQuality.Statistics.S3Uri != uri ||
		*p.MetadataProperties.GeneratedBy != *d.PipelineExecutionArn {
		t.Errorf("package %+v", p)
	}
	if got := s.puts["models/churn/"+id+"/evaluation.json"]; got != string(report(0.9)) {
		t.Errorf("reports written: %v", s.puts)
	}
	params := call(s, listParameters, &sdk.ListPipelineParametersForExecutionInput{PipelineExecutionArn: d.PipelineExecutionArn}).PipelineParameters
	if len(params) != 3 || *params[1].Value != "100" || *params[2].Value != "Approved" {
		t.Errorf("parameters %v", params)
	}
	if took := d.LastModifiedTime.Sub(*d.CreationTime); took < 6*time.Minute {
		t.Errorf("took %s", took)
	}
}

func TestPipelineEndings(t *testing.T) {
	for name, c := range map[string]struct {
		outcome pipelines.Outcome
		status  types.PipelineExecutionStatus
		steps   []string
	}{
		"the model is too weak": {pipelines.Outcome{Report: report(0.5)}, "Failed", []string{"Train Succeeded", "Evaluate Succeeded", "GoodEnough Succeeded", "TooWeak Failed"}},
		"a step fails":          {pipelines.Outcome{FailStep: "Evaluate", FailReason: "no memory"}, "Failed", []string{"Train Succeeded", "Evaluate Failed"}},
		"there is no report":    {pipelines.Outcome{}, "Failed", []string{"Train Succeeded", "Evaluate Succeeded", "GoodEnough Failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := withPipeline(t)
			s.script = func(pipelines.Run) pipelines.Outcome { return c.outcome }
			d, steps := s.run()
			if d.PipelineExecutionStatus != c.status || aws.ToString(d.FailureReason) != "Step failure: One or multiple steps failed." {
				t.Errorf("%s %v", d.PipelineExecutionStatus, aws.ToString(d.FailureReason))
			}
			if diff := cmp.Diff(c.steps, steps); diff != "" {
				t.Error(diff)
			}
			if out := call(s, listPackages, &sdk.ListModelPackagesInput{ModelPackageType: types.ModelPackageTypeBoth}); len(out.ModelPackageSummaryList) != 0 {
				t.Errorf("%d packages", len(out.ModelPackageSummaryList))
			}
		})
	}
}

func TestStartIsIdempotentByToken(t *testing.T) {
	s := withPipeline(t)
	one := call(s, startExecution, startInput(token("a")))
	two := call(s, startExecution, startInput(token("a"), "Rounds", "5"))
	three := call(s, startExecution, startInput(token("b")))
	if *one.PipelineExecutionArn != *two.PipelineExecutionArn || *one.PipelineExecutionArn == *three.PipelineExecutionArn {
		t.Error(*one.PipelineExecutionArn, *two.PipelineExecutionArn, *three.PipelineExecutionArn)
	}
	if n := len(call(s, listRuns, &sdk.ListPipelineExecutionsInput{PipelineName: aws.String("churn")}).PipelineExecutionSummaries); n != 2 {
		t.Errorf("%d executions", n)
	}
}

func TestPipelineRefusals(t *testing.T) {
	const exec = arn + "pipeline/churn/execution/x"
	for name, c := range map[string]struct {
		do   func(*stage) error
		want string
	}{
		"unknown pipeline":       {want(startExecution, &sdk.StartPipelineExecutionInput{PipelineName: aws.String("Nope"), ClientRequestToken: aws.String(token("a"))}), "ResourceNotFound: Pipeline '" + arn + "pipeline/nope' does not exist."},
		"unknown execution":      {want(describeRun, &sdk.DescribePipelineExecutionInput{PipelineExecutionArn: aws.String(exec)}), "ResourceNotFound: Pipeline execution '" + exec + "' does not exist."},
		"unknown parameter":      {want(startExecution, startInput(token("a"), "Nope", "1")), "ValidationException: Parameter [Nope] is not defined in the pipeline definition."},
		"empty text":             {want(startExecution, startInput(token("a"), "InputManifest", "")), `ValidationException: [string "" is too short (length: 0, required minimum: 1)]`},
		"no number":              {want(startExecution, startInput(token("a"), "Rounds", "x")), "ValidationException: Value [x] of parameter [Rounds] is not of type Integer."},
		"not in the enumeration": {want(startExecution, startInput(token("a"), "Approval", "x")), "ValidationException: Value [x] of parameter [Approval] is not one of its EnumValues."},
		"short token":            {want(startExecution, startInput("short")), "ValidationException: 1 validation error detected: Value 'short' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32"},
		"same name": {want(createPipeline, func() *sdk.CreatePipelineInput {
			in := pipelineInput("{}")
			in.ClientRequestToken = aws.String(token("x"))
			return in
		}()), "ValidationException: Pipeline names must be unique within an AWS account and region. Pipeline with name (Churn) already exists."},
		"unknown step type":     {want(updatePipeline, &sdk.UpdatePipelineInput{PipelineName: aws.String("churn"), PipelineDefinition: aws.String(`{"Version":"2020-12-01","Steps":[{"Name":"a","Type":"Magic"}]}`)}), `ValidationException: Unable to parse pipeline definition. Step "a" has unknown type "Magic".`},
		"unsupported step type": {want(updatePipeline, &sdk.UpdatePipelineInput{PipelineName: aws.String("churn"), PipelineDefinition: aws.String(`{"Version":"2020-12-01","Steps":[{"Name":"a","Type":"Lambda"}]}`)}), `NotImplemented: local AWS does not implement pipeline steps of type Lambda (step "a")`},
		"a circle":              {want(updatePipeline, &sdk.UpdatePipelineInput{PipelineName: aws.String("churn"), PipelineDefinition: aws.String(`{"Version":"2020-12-01","Steps":[{"Name":"a","Type":"Training","DependsOn":["b"]},{"Name":"b","Type":"Training","DependsOn":["a"]}]}`)}), `ValidationException: Unable to parse pipeline definition. Step "a" is part of a circular dependency.`},
		"wrong version":         {want(updatePipeline, &sdk.UpdatePipelineInput{PipelineName: aws.String("churn"), PipelineDefinition: aws.String(`{"Version":"1","Steps":[]}`)}), `ValidationException: Unable to parse pipeline definition. Version "1" is not 2020-12-01.`},
	} {
		t.Run(name, func(t *testing.T) {
			s := withPipeline(t)
			if diff := cmp.Diff(c.want, refusal(t, c.do(s))); diff != "" {
				t.Error(diff)
			}
			if d := call(s, describePipeline, &sdk.DescribePipelineInput{PipelineName: aws.String("churn")}); !strings.Contains(*d.PipelineDefinition, "GoodEnough") {
				t.Error("a refused definition replaced the old one")
			}
		})
	}
}

func TestStopAndRetry(t *testing.T) {
	s := withPipeline(t)
	arn := call(s, startExecution, startInput(token("a"))).PipelineExecutionArn
	s.w.RunFor(time.Minute)
	call(s, stopExecution, &sdk.StopPipelineExecutionInput{PipelineExecutionArn: arn, ClientRequestToken: aws.String(token("stop"))})
	status := func() types.PipelineExecutionStatus {
		return call(s, describeRun, &sdk.DescribePipelineExecutionInput{PipelineExecutionArn: arn}).PipelineExecutionStatus
	}
	if got := status(); got != types.PipelineExecutionStatusStopping {
		t.Error(got)
	}
	s.w.RunUntilIdle(time.Hour)
	if got := status(); got != types.PipelineExecutionStatusStopped {
		t.Error(got)
	}
	var attempts []int
	s.script = func(r pipelines.Run) pipelines.Outcome {
		attempts = append(attempts, r.Attempt)
		return pipelines.Outcome{Report: report(0.9)}
	}
	in := &sdk.RetryPipelineExecutionInput{PipelineExecutionArn: arn, ClientRequestToken: aws.String(token("retry"))}
	call(s, retryExecution, in)
	call(s, retryExecution, in)
	s.w.RunUntilIdle(time.Hour)
	if got := status(); got != types.PipelineExecutionStatusSucceeded {
		t.Error(got)
	}
	if !slices.Equal(attempts, []int{2}) {
		t.Errorf("attempts %v", attempts)
	}
	steps := call(s, listSteps, &sdk.ListPipelineExecutionStepsInput{PipelineExecutionArn: arn, SortOrder: types.SortOrderAscending}).PipelineExecutionSteps
	if *steps[0].AttemptCount != 2 {
		t.Errorf("attempts of Train: %d", *steps[0].AttemptCount)
	}
	_, err := try(s, stopExecution, &sdk.StopPipelineExecutionInput{PipelineExecutionArn: arn, ClientRequestToken: aws.String(token("stop"))})
	if got := refusal(t, err); !strings.HasPrefix(got, "ConflictException: ") {
		t.Error(got)
	}
}
