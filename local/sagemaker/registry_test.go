package sagemaker_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/pipelines"
)

func TestRegistry(t *testing.T) {
	s := newStage(t)
	create := func(status types.ModelApprovalStatus) string {
		s.w.RunFor(time.Minute)
		return *call(s, createPackage, &sdk.CreateModelPackageInput{ModelPackageGroupName: aws.String("Churn"), ModelApprovalStatus: status}).ModelPackageArn
	}
	_, err := try(s, createPackage, &sdk.CreateModelPackageInput{ModelPackageGroupName: aws.String("Churn")})
	if got := refusal(t, err); got != "ValidationException: ModelPackageGroup "+arn+"model-package-group/churn does not exist." {
		t.Error(got)
	}
	call(s, createGroup, &sdk.CreateModelPackageGroupInput{ModelPackageGroupName: aws.String("Churn")})
	_, err = try(s, createGroup, &sdk.CreateModelPackageGroupInput{ModelPackageGroupName: aws.String("churn")})
	if got := refusal(t, err); got != "ValidationException: Model Package Group already exists: "+arn+"model-package-group/churn" {
		t.Error(got)
	}
	one, two, three := create("Approved"), create("Rejected"), create("Approved")
	list := func(in *sdk.ListModelPackagesInput) []string {
		in.ModelPackageGroupName = aws.String("Churn")
		var got []string
		for _, p := range call(s, listPackages, in).ModelPackageSummaryList {
			got = append(got, *p.ModelPackageArn)
		}
		return got
	}
	if diff := cmp.Diff([]string{three, one}, list(&sdk.ListModelPackagesInput{ModelApprovalStatus: "Approved", SortOrder: "Descending"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{one, two, three}, list(&sdk.ListModelPackagesInput{})); diff != "" {
		t.Error(diff)
	}
	call(s, deletePackage, &sdk.DeleteModelPackageInput{ModelPackageName: &three})
	if got := create(""); got != arn+"model-package/churn/4" {
		t.Errorf("a version was used again: %s", got)
	}
	if d := call(s, describePackage, &sdk.DescribeModelPackageInput{ModelPackageName: aws.String(arn + "model-package/churn/4")}); d.ModelApprovalStatus != "PendingManualApproval" || d.ModelPackageStatus != "Completed" {
		t.Errorf("%s %s", d.ModelApprovalStatus, d.ModelPackageStatus)
	}
	_, err = try(s, describePackage, &sdk.DescribeModelPackageInput{ModelPackageName: &three})
	if got := refusal(t, err); got != "ValidationException: ModelPackage "+three+" does not exist." {
		t.Error(got)
	}
	if err := s.svc.Registry.SetStatus(two, "Failed"); err != nil {
		t.Fatal(err)
	}
	_, err = try(s, createModel, &sdk.CreateModelInput{ModelName: aws.String("m"), PrimaryContainer: &types.ContainerDefinition{ModelPackageName: &two}})
	if got := refusal(t, err); got != "ValidationException: ModelPackage "+two+" is not in Completed status, its status is Failed." {
		t.Error(got)
	}
}

func TestUpdateNamesUpdatedFields(t *testing.T) {
	s := newStage(t)
	p := s.seed(sagemaker.Champion{})
	if len(s.events) != 0 {
		t.Errorf("seeding sent %d events", len(s.events))
	}
	call(s, updatePackage, &sdk.UpdateModelPackageInput{ModelPackageArn: &p, ModelApprovalStatus: "Rejected", ApprovalDescription: aws.String("worse")})
	call(s, updatePackage, &sdk.UpdateModelPackageInput{ModelPackageArn: &p, CustomerMetadataProperties: map[string]string{"a": "b"}})
	var got []any
	for _, e := range s.events {
		got = append(got, e.detail["UpdatedModelPackageFields"])
	}
	if diff := cmp.Diff([]any{[]any{"ModelApprovalStatus", "ApprovalDescription"}, []any{"CustomerMetadataProperties"}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestEventShapes holds the members of each event against a sample of the real one.
func TestEventShapes(t *testing.T) {
	s := withPipeline(t)
	s.run("Approval", "Approved")
	s.script = func(pipelines.Run) pipelines.Outcome {
		return pipelines.Outcome{FailStep: "Evaluate", FailReason: "ClientError: AlgorithmError: exit code 1"}
	}
	in := startInput(token("failing"))
	in.PipelineExecutionDescription = aws.String("SomeDescription")
	call(s, startExecution, in)
	s.w.RunUntilIdle(time.Hour)
	s.seed(sagemaker.Champion{Group: "other"})
	call(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("churn-v3"), ProductionVariants: []types.ProductionVariant{variant("AllTraffic", "other-v1", 1, 4)},
		Tags: []types.Tag{{Key: aws.String("project"), Value: aws.String("churn")}}})
	call(s, updateEndpoint, guarded(types.TrafficRoutingConfigTypeCanary))
	s.settle()
	s.svc.Hosting.NextCreate("bad", hosting.Fate{Ending: hosting.RollsBack, Reason: "no ping"})
	call(s, createEndpoint, &sdk.CreateEndpointInput{EndpointName: aws.String("bad"), EndpointConfigName: aws.String("churn-v3")})
	s.settle()

	stage := types.ModelLifeCycle{Stage: aws.String("Development"), StageStatus: aws.String("Approved"), StageDescription: aws.String("d")}
	call(s, updatePackage, &sdk.UpdateModelPackageInput{ModelPackageArn: aws.String(arn + "model-package/churn/1"), ModelApprovalStatus: "Approved", ModelLifeCycle: &stage})

	for file, like := range map[string]func(d map[string]any) bool{
		"endpoint-state-change":            func(d map[string]any) bool { return d["EndpointStatus"] == "IN_SERVICE" },
		"endpoint-state-change-failed":     func(d map[string]any) bool { return d["EndpointStatus"] == "FAILED" },
		"endpoint-deployment-state-change": baking,
		"endpoint-config-state-change":     func(d map[string]any) bool { return true },
		"model-package-state-change":       func(d map[string]any) bool { return d["ModelLifeCycle"] != nil },
		"pipeline-execution-status-change": func(d map[string]any) bool { return d["currentPipelineExecutionStatus"] == "Failed" },
		"pipeline-step-status-change": func(d map[string]any) bool {
			return d["stepName"] == "Evaluate" && d["currentStepStatus"] == "Succeeded"
		},
		"pipeline-step-status-change-failed": func(d map[string]any) bool { return d["stepName"] == "Evaluate" && d["currentStepStatus"] == "Failed" },
	} {
		t.Run(file, func(t *testing.T) {
			b, err := os.ReadFile("testdata/sagemaker-" + file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var sample struct {
				DetailType string         `json:"detail-type"`
				Resources  []string       `json:"resources"`
				Detail     map[string]any `json:"detail"`
			}
			if err := json.Unmarshal(b, &sample); err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(s.events, func(e event) bool { return e.detailType == sample.DetailType && like(e.detail) })
			if i < 0 {
				t.Fatalf("no event like it among %d", len(s.events))
			}
			if diff := cmp.Diff(keys(sample.Detail, ""), keys(s.events[i].detail, "")); diff != "" {
				t.Error(diff)
			}
			if len(s.events[i].resources) != len(sample.Resources) {
				t.Errorf("resources %v, want the like of %v", s.events[i].resources, sample.Resources)
			}
		})
	}
}

func baking(d map[string]any) bool {
	p, ok := d["PendingDeploymentSummary"].(map[string]any)
	if !ok {
		return false
	}
	v := p["ProductionVariants"].([]any)[0].(map[string]any)
	return v["VariantStatus"].([]any)[0].(map[string]any)["Status"] == "Baking"
}
