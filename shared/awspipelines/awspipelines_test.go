package awspipelines_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awspipelines"
	"sluice/shared/fault"
	"sluice/shared/training"
)

var ctx = context.Background()

// definition has more steps than one page lists; the last but one registers.
func definition() string {
	var steps []string
	for i := range 14 {
		steps = append(steps, fmt.Sprintf(`{"Name":"Train%d","Type":"Training","Arguments":{"OutputDataConfig":{"S3OutputPath":"s3://models/churn"}}}`, i))
	}
	steps = append(steps, `{"Name":"Register","Type":"RegisterModel","DependsOn":["Train0"],"Arguments":{"ModelPackageGroupName":"churn","ModelApprovalStatus":"PendingManualApproval",
		"ModelMetrics":{"ModelQuality":{"Statistics":{"ContentType":"application/json","S3Uri":"s3://models/evaluation.json"}},"Explainability":{"Report":{"ContentType":"application/json","S3Uri":"s3://models/why.json"}}},
		"InferenceSpecification":{"Containers":[{"Image":"image"}],"SupportedContentTypes":["text/csv"],"SupportedResponseMIMETypes":["text/csv"]}}}`)
	return `{"Version":"2020-12-01","Parameters":[{"Name":"A","Type":"String"},{"Name":"B","Type":"String"}],"Steps":[` + strings.Join(steps, ",") + `]}`
}

// world has a pipeline and nothing in production.
type world struct {
	*sim.World
	*testing.T
	srv       *wire.Server
	sm        *sagemaker.Service
	client    *sdk.Client
	pipelines *awspipelines.Pipelines
	registry  *awspipelines.Registry
	outcome   pipelines.Outcome
	runs      []pipelines.Run
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7), T: t}
	w.sm = sagemaker.New(w.World, sagemaker.Outside{
		Emit: func(string, string, []string, any) {}, Put: func(string, string, []byte) error { return nil },
		Script: func(r pipelines.Run) pipelines.Outcome { w.runs = append(w.runs, r); return w.outcome },
	})
	w.srv = wire.NewServer(w.World)
	w.srv.Register(w.sm.Wire())
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.client, w.pipelines, w.registry = sdk.NewFromConfig(cfg), awspipelines.Open(cfg), awspipelines.OpenRegistry(cfg)
	w.Do(func() {
		_, err := w.client.CreatePipeline(ctx, &sdk.CreatePipelineInput{
			PipelineName: aws.String("train"), PipelineDefinition: aws.String(definition()), RoleArn: aws.String("arn:aws:iam::111122223333:role/p"), ClientRequestToken: aws.String(strings.Repeat("x", 32)),
		})
		w.ok(err)
		_, err = w.client.CreateModelPackageGroup(ctx, &sdk.CreateModelPackageGroupInput{ModelPackageGroupName: aws.String("churn")})
		w.ok(err)
	})
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) start(token string) (arn string) {
	w.Helper()
	w.Do(func() {
		var err error
		arn, err = w.pipelines.Start(ctx, training.Start{Pipeline: "train", Token: strings.Repeat("0", 40) + token, Name: "churn-g1", Parameters: map[string]string{"B": "2", "A": "1"}})
		w.ok(err)
	})
	return arn
}

func (w *world) describe(arn string) (x training.Execution) {
	w.Helper()
	w.Do(func() {
		var err error
		x, err = w.pipelines.Describe(ctx, arn)
		w.ok(err)
	})
	return x
}

func TestAPipelineThatSucceeds(t *testing.T) {
	w := newWorld(t)
	arn := w.start("a")
	if again := w.start("a"); again != arn {
		t.Errorf("the same token gave %s and %s", arn, again)
	}
	w.RunFor(time.Second)
	if diff := cmp.Diff(training.Execution{Status: "Executing"}, w.describe(arn)); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	w.RunUntilIdle(24 * time.Hour)
	x := w.describe(arn)
	if diff := cmp.Diff(training.Execution{Status: "Succeeded", Package: x.Package}, x); diff != "" || x.Package == "" {
		t.Errorf("at last, package %q (-want +got):\n%s", x.Package, diff)
	}
	if len(w.runs) != 1 || w.runs[0].Parameters["A"] != "1" || w.runs[0].Parameters["B"] != "2" {
		t.Errorf("runs %+v", w.runs)
	}
	w.Do(func() {
		p, err := w.registry.Package(ctx, x.Package)
		w.ok(err)
		want := training.Package{ARN: x.Package, Group: "churn", Version: 1, Status: "Completed", Approval: training.Pending, Report: "s3://models/evaluation.json", Others: map[string]string{"explainability": "s3://models/why.json"}}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("package (-want +got):\n%s", diff)
		}
		w.ok(w.registry.SetApproval(ctx, x.Package, "", "looked at")) // its approval stays
		if p, err = w.registry.Package(ctx, x.Package); err != nil || p.Approval != training.Pending || p.Text != "looked at" {
			t.Errorf("described as %+v, %v", p, err)
		}
		w.ok(w.registry.SetApproval(ctx, x.Package, training.Approved, "good"))
		if p, err = w.registry.Package(ctx, x.Package); err != nil || p.Approval != training.Approved || p.Text != "good" {
			t.Errorf("approved as %+v, %v", p, err)
		}
		if _, err := w.registry.Package(ctx, x.Package+"9"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no package: %v", err)
		}
	})
}

func TestAPipelineThatFails(t *testing.T) {
	w := newWorld(t)
	w.outcome = pipelines.Outcome{FailStep: "Train7", FailReason: "no memory"}
	arn := w.start("a")
	w.RunUntilIdle(24 * time.Hour)
	if x := w.describe(arn); x.Status != "Failed" || x.Reason != "step Train7 failed: no memory" {
		t.Errorf("got %+v", x)
	}
	w.Do(func() {
		if _, err := w.pipelines.Start(ctx, training.Start{Pipeline: "gone", Token: strings.Repeat("0", 40)}); !fault.Is(err, fault.NotFound) {
			t.Errorf("no pipeline: %v", err)
		}
		if _, err := w.pipelines.Describe(ctx, arn+"0"); !fault.Is(err, fault.NotFound) {
			t.Errorf("no execution: %v", err)
		}
	})
}

func TestChampion(t *testing.T) {
	w := newWorld(t)
	champion := func() string {
		var arn string
		w.Do(func() {
			var err error
			arn, err = w.registry.Champion(ctx, "prod")
			w.ok(err)
		})
		return arn
	}
	if got := champion(); got != "" {
		t.Errorf("without an endpoint: %q", got)
	}
	var seeded string
	w.Do(func() {
		var err error
		seeded, err = w.sm.Seed(sagemaker.Champion{Endpoint: "prod", Group: "old"})
		w.ok(err)
	})
	if got := champion(); got != seeded {
		t.Errorf("got %q, want %q", got, seeded)
	}
	for _, m := range []struct {
		name string
		in   sdk.CreateModelInput
		want string
	}{
		{"image", sdk.CreateModelInput{PrimaryContainer: &types.ContainerDefinition{Image: aws.String("i")}}, ""},
		{"serial", sdk.CreateModelInput{Containers: []types.ContainerDefinition{{ModelPackageName: &seeded}, {Image: aws.String("i")}}}, seeded},
	} {
		w.Do(func() {
			m.in.ModelName, m.in.ExecutionRoleArn = &m.name, aws.String("arn:aws:iam::111122223333:role/m")
			_, err := w.client.CreateModel(ctx, &m.in)
			w.ok(err)
			_, err = w.client.CreateEndpointConfig(ctx, &sdk.CreateEndpointConfigInput{EndpointConfigName: &m.name, ProductionVariants: []types.ProductionVariant{
				{VariantName: aws.String("v"), ModelName: &m.name, InstanceType: "ml.m5.large", InitialInstanceCount: aws.Int32(1)}}})
			w.ok(err)
			w.ok(w.sm.Hosting.ForeignUpdate("prod", m.name))
		})
		w.RunUntilIdle(time.Hour)
		if got := champion(); got != m.want {
			t.Errorf("%s: got %q, want %q", m.name, got, m.want)
		}
	}
}
