package building_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/google/go-cmp/cmp"

	"sluice/local/codebuild"
	"sluice/local/dynamodb"
	"sluice/local/ecr"
	"sluice/local/logs"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsbuilds"
	"sluice/shared/awsimages"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/building"
	"sluice/shared/fault"
	"sluice/shared/reporting"
	"sluice/shared/spec"

	sagemakerlocal "sluice/local/sagemaker"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

const commit = "7f0103f0a8b9c6d5e4f3a2b1c0d9e8f7a6b5c4d3"

// world is a model in production whose image is built.
type world struct {
	*sim.World
	*testing.T
	cfg      aws.Config
	ecr      *ecr.Service
	builds   *awsbuilds.Builds
	building *building.Building
	push     bool // whether the build pushes
	outcome  codebuild.Outcome
	events   []json.RawMessage // of builds that are over, of pushes and of scans
	asked    []string
	reports  []string
}

func newWorld(t *testing.T, change func(*spec.Spec)) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t, push: true}
	srv := wire.NewServer(w.World)
	emit := func(source, detailType string, resources []string, detail any) {
		raw, err := json.Marshal(map[string]any{"id": "e", "source": source, "detail-type": detailType, "time": w.Now(), "detail": detail})
		w.ok(err)
		if strings.Contains(string(raw), `"SUCCEEDED"`) || strings.Contains(string(raw), "scan-status") || strings.Contains(string(raw), `"PUSH"`) || strings.Contains(string(raw), `"build-status":"FAILED"`) {
			w.events = append(w.events, raw)
		}
	}
	db, lines := dynamodb.New(w.World), logs.New(w.World)
	w.ecr = ecr.New(w.World, emit)
	builds := codebuild.New(w.World, codebuild.Outside{
		Emit: emit, Caller: func(string) string { return "sluice" }, Log: func(group, stream, line string) { lines.Append(group, stream, w.Now(), line) },
		Source: func(_, version string) (string, map[string][]byte, error) {
			return version, map[string][]byte{"buildspec.yml": []byte("version: 0.2\nphases: {build: {commands: [docker build]}}\n")}, nil
		},
		Script: func(r codebuild.Run) codebuild.Outcome {
			out := w.outcome
			out.Then = func() error {
				if !w.push {
					return nil
				}
				_, err := w.ecr.Push("churn-inference", r.Variables["SLUICE_COMMIT"], "{}", "")
				return err
			}
			return out
		},
	})
	sm := sagemakerlocal.New(w.World, sagemakerlocal.Outside{
		Emit: func(string, string, []string, any) {}, Record: func(string, string, map[string]string, time.Time, []float64, []float64) {},
		Put: func(string, string, []byte) error { return nil }, Script: func(pipelines.Run) pipelines.Outcome { return pipelines.Outcome{} },
	})
	for _, svc := range []*wire.Service{db.Wire(), lines.Wire(), w.ecr.Wire(), builds.Wire(), sm.Wire()} {
		srv.Register(svc)
	}
	w.cfg = aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.ok(db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	}))
	w.ok(w.ecr.CreateRepository("churn-inference", ecr.Settings{ScanOnPush: true}))
	w.ok(w.ecr.CreateRepository("unscanned", ecr.Settings{}))
	w.ok(builds.CreateProject(codebuild.Project{Name: "churn-image", Repository: "churn-model"}))
	_, err := sm.Seed(sagemakerlocal.Champion{Endpoint: "churn-prod", Group: "churn", RoleARN: "arn:aws:iam::111122223333:role/m", InstanceType: "ml.m5.large", Instances: 1, Traffic: traffic.Traffic{RPM: 1}})
	w.ok(err)

	table := awstable.Open(w.cfg, "sluice")
	sp := spec.Spec{
		Model: "churn", Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: "churn", Approve: spec.Automatic},
		Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.large"},
		Code:     &spec.Code{Repository: "churn-model", Image: &spec.Image{Project: "churn-image", Repository: "churn-inference"}},
	}
	if change != nil {
		change(&sp)
	}
	_, err = applying.Apply(ctx, table, sp.Normalised(), "test", noon)
	w.ok(err)
	w.builds = awsbuilds.Open(w.cfg)
	w.building = &building.Building{
		Table: table, Builds: w.builds, Images: awsimages.Open(w.cfg), Champion: awspipelines.OpenRegistry(w.cfg), Packages: awsimages.OpenRegistry(w.cfg),
		Rollouts: w, Reports: reporting.NewDesk(table, w),
	}
	o := building.Order{Project: "churn-image", Repository: "churn-model", Commit: commit, Model: "churn", Do: spec.DoRollout}
	w.ok(table.PutImageOrder(ctx, sp.Code.Image.Repository, o))
	_, err = w.builds.Start(ctx, o)
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Request is the rollout machine: it keeps what it was asked.
func (w *world) Request(_ context.Context, model, packageARN string, version int) (string, error) {
	w.asked = append(w.asked, packageARN)
	return model, nil
}

// Publish keeps a report.
func (w *world) Publish(_ context.Context, subject, text string) error {
	w.reports = append(w.reports, subject+"\n"+text)
	return nil
}

// follow runs until everything is over, and takes each event three times.
func (w *world) follow() {
	w.Helper()
	for range 40 {
		w.RunFor(5 * time.Second)
		events := w.events
		w.events = nil
		for _, raw := range events {
			for range 3 {
				if _, err := w.building.OnBuild(ctx, raw); err != nil && !fault.Is(err, fault.NotReady) {
					w.Fatal(err)
				}
			}
		}
	}
}

// The image goes out once it is scanned, with the champion's weights, as one package.
func TestAnImageWithTheChampionsWeights(t *testing.T) {
	w := newWorld(t, nil)
	w.ecr.Findings = func(string, string, []string) (map[string]int, string) { return map[string]int{"HIGH": 3}, "" }
	w.follow()
	const arn = "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2"
	if len(w.asked) == 0 || w.asked[0] != arn || len(w.reports) > 0 {
		t.Fatalf("asked for %q, reported %q", w.asked, w.reports)
	}
	client := sagemaker.NewFromConfig(w.cfg)
	list, err := client.ListModelPackages(ctx, &sagemaker.ListModelPackagesInput{ModelPackageGroupName: aws.String("churn")})
	if err != nil || len(list.ModelPackageSummaryList) != 2 {
		t.Fatalf("packages %+v %v", list, err)
	}
	p, err := client.DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: aws.String(arn)})
	w.ok(err)
	c := p.InferenceSpecification.Containers[0]
	if !strings.HasPrefix(*c.Image, "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn-inference@sha256:") || *c.ModelDataUrl != "s3://models/churn/1/model.tar.gz" {
		t.Errorf("container %s with %s", *c.Image, *c.ModelDataUrl)
	}
	if p.ModelApprovalStatus != "Approved" || *p.ModelPackageDescription != "image of commit 7f0103f with the weights of model-package/churn/1" {
		t.Errorf("%s: %s", p.ModelApprovalStatus, *p.ModelPackageDescription)
	}
}

func TestAPersonApproves(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) { s.Package.Approve = spec.Manual })
	w.follow()
	p, err := sagemaker.NewFromConfig(w.cfg).DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: aws.String("arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/2")})
	if err != nil || p.ModelApprovalStatus != "PendingManualApproval" || len(w.asked) > 0 {
		t.Errorf("%+v %v, asked for %q", p, err, w.asked)
	}
}

func TestImagesThatDoNotPass(t *testing.T) {
	tests := map[string]struct {
		spec     func(*spec.Spec)
		findings map[string]int
		failed   string
		noPush   bool
		want     string // part of the one report; "" passes
	}{
		"critical":                {nil, map[string]int{"CRITICAL": 10, "MEDIUM": 9}, "", false, "found vulnerabilities: 10 CRITICAL"},
		"high, which may pass":    {nil, map[string]int{"HIGH": 1}, "", false, ""},
		"high, which must not":    {func(s *spec.Spec) { s.Code.Image.Block = spec.SeverityHigh }, map[string]int{"HIGH": 1, "CRITICAL": 2}, "", false, "2 CRITICAL, 1 HIGH"},
		"anything may pass":       {func(s *spec.Spec) { s.Code.Image.Block = spec.SeverityNone }, map[string]int{"CRITICAL": 9}, "", false, ""},
		"the scan fails":          {nil, nil, "UnsupportedImageError", false, "ended as FAILED: UnsupportedImageError"},
		"nothing was pushed":      {nil, nil, "", true, "has no image with the tag " + commit},
		"nothing serves":          {func(s *spec.Spec) { s.Endpoint.Name = "other" }, nil, "", false, "endpoint other serves no model package"},
		"the repository is quiet": {func(s *spec.Spec) { s.Code.Image.Repository = "unscanned" }, nil, "", false, "has no image with the tag"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.spec)
			w.push = !tt.noPush
			w.ecr.Findings = func(string, string, []string) (map[string]int, string) { return tt.findings, tt.failed }
			w.follow()
			if tt.want == "" {
				if len(w.asked) == 0 || len(w.reports) > 0 {
					t.Errorf("asked for %q, reported %q", w.asked, w.reports)
				}
				return
			}
			if len(w.asked) > 0 || len(w.reports) != 1 || !strings.Contains(w.reports[0], tt.want) {
				t.Errorf("asked for %q, reported %q; want %q", w.asked, w.reports, tt.want)
			}
		})
	}
}

func TestUnscannedImages(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) { s.Code.Image.Repository = "unscanned" })
	_, err := w.ecr.Push("unscanned", commit, "{}", "")
	w.ok(err)
	w.follow()
	if len(w.asked) > 0 || len(w.reports) != 1 || !strings.Contains(w.reports[0], "the image is not scanned") {
		t.Errorf("asked for %q, reported %q", w.asked, w.reports)
	}
}

// A build that failed brings no image, and its event asks for nothing here.
func TestABuildThatFails(t *testing.T) {
	w := newWorld(t, nil)
	w.outcome = codebuild.Outcome{FailPhase: codebuild.Build, Reason: "exit status 1"}
	w.follow()
	if len(w.asked) > 0 || len(w.reports) > 0 {
		t.Errorf("asked for %q, reported %q", w.asked, w.reports)
	}
}

func takes(tags ...string) func(*spec.Spec) {
	return func(s *spec.Spec) {
		s.Code.Image.Project, s.Code.Image.Tags = "", tags
	}
}

// upload pushes an image as others do, and follows what comes of it.
func (w *world) upload(tag, manifest string) {
	w.Helper()
	_, err := w.ecr.Push("churn-inference", tag, manifest, "")
	w.ok(err)
	w.follow()
}

// packages are the images of the group's packages after the first, with what their
// descriptions say.
func (w *world) packages() (all []string) {
	w.Helper()
	client := sagemaker.NewFromConfig(w.cfg)
	for n := 2; ; n++ {
		arn := fmt.Sprintf("arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/%d", n)
		p, err := client.DescribeModelPackage(ctx, &sagemaker.DescribeModelPackageInput{ModelPackageName: &arn})
		if err != nil {
			return all
		}
		all = append(all, *p.ModelPackageDescription)
	}
}

// An image that others push goes out once, under whatever tags, if the spec takes one.
func TestImagesThatOthersPush(t *testing.T) {
	w := newWorld(t, takes("latest", "1.*"))
	w.push = false
	w.follow()
	w.reports = nil // of the build that pushes nothing
	for _, step := range []struct {
		tag, manifest string
		packages      int
	}{
		{"", "a", 0}, // a part of the next
		{"2.0", "a", 0},
		{"1.4.0", "a", 1},
		{"latest", "a", 1},
		{"latest", "b", 2},
		{"1.5.0", "b", 2},
		{"latest", "a", 2}, // moved back
	} {
		w.upload(step.tag, step.manifest)
		if got := w.packages(); len(got) != step.packages {
			t.Errorf("after %s of %s: packages %q", step.tag, step.manifest, got)
		}
	}
	want := []string{"image of churn-inference:1.4.0 with the weights of model-package/churn/1", "image of churn-inference:latest with the weights of model-package/churn/1"}
	if diff := cmp.Diff(want, w.packages()); diff != "" || len(w.reports) > 0 {
		t.Errorf("reported %q, packages (-want +got):\n%s", w.reports, diff)
	}
	if len(w.asked) == 0 || w.asked[len(w.asked)-1] != "arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/3" {
		t.Errorf("asked for %q", w.asked)
	}
}

// An image that two models take waits for its scan with an order of each, whichever is
// asked first.
func TestTwoModelsTakeOneImage(t *testing.T) {
	w := newWorld(t, takes("1.*"))
	w.push = false
	w.follow()
	other := spec.Spec{
		Model: "uplift", Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: "uplift"}, Endpoint: spec.Endpoint{Name: "uplift-prod", InstanceType: "ml.m5.large"},
		Code: &spec.Code{Repository: "uplift-model", Image: &spec.Image{Repository: "churn-inference", Tags: []string{"1.4*"}}},
	}
	table := awstable.Open(w.cfg, "sluice")
	_, err := applying.Apply(ctx, table, other.Normalised(), "test", noon)
	w.ok(err)
	digest, err := w.ecr.Push("churn-inference", "1.4.0", "a", "")
	w.ok(err)
	raw := w.events[len(w.events)-1]
	if _, err := w.building.OnBuild(ctx, raw); !fault.Is(err, fault.NotReady) {
		t.Errorf("before the scan: %v", err)
	}
	orders, err := table.ImageOrders(ctx, "churn-inference", digest)
	if err != nil || len(orders) != 2 || orders[0].Model != "churn" || orders[1].Model != "uplift" {
		t.Errorf("orders %+v, %v", orders, err)
	}
	w.reports = nil
	w.follow()
	if got := w.packages(); len(got) != 1 || len(w.reports) != 1 || !strings.Contains(w.reports[0], "endpoint uplift-prod serves no model package") {
		t.Errorf("packages %q, reported %q", got, w.reports)
	}
}

// What a build of ours pushes is no push of others, even if the tags would take it.
func TestABuildIsNoPushOfOthers(t *testing.T) {
	w := newWorld(t, func(s *spec.Spec) { s.Code.Image.Tags = []string{"*"} })
	w.follow()
	want := []string{"image of commit 7f0103f with the weights of model-package/churn/1"}
	if diff := cmp.Diff(want, w.packages()); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

// A push waits for its scan, which may stop it; people are told once, whatever tags it
// gets.
func TestAPushThatDoesNotPass(t *testing.T) {
	w := newWorld(t, takes("1.*"))
	w.push = false
	w.follow()
	w.reports = nil
	w.ecr.Findings = func(string, string, []string) (map[string]int, string) { return map[string]int{"CRITICAL": 1}, "" }
	w.upload("1.4.0", "a")
	w.upload("1.4", "a")
	if got := w.packages(); len(got) > 0 || len(w.reports) != 1 || !strings.Contains(w.reports[0], "image churn-inference:1.4.0 of model churn") {
		t.Errorf("packages %q, reported %q", got, w.reports)
	}
}

// A tag that leads to another image by the time its push is told of asks for nothing.
func TestATagThatMovesOn(t *testing.T) {
	w := newWorld(t, takes("latest"))
	w.push = false
	w.follow()
	for _, manifest := range []string{"a", "b"} {
		_, err := w.ecr.Push("churn-inference", "latest", manifest, "")
		w.ok(err)
	}
	w.follow()
	if got := w.packages(); len(got) != 1 {
		t.Errorf("packages %q", got)
	}
}

func TestOrdersReadBack(t *testing.T) {
	o := building.Order{Project: "p", Repository: "github.com/acme/churn", Commit: commit, Model: "churn", Do: spec.DoBuild, Request: "17"}
	back, ok := building.OrderOf("p", o.Variables())
	if diff := cmp.Diff(o, back); diff != "" || !ok {
		t.Errorf("%v (-written +read):\n%s", ok, diff)
	}
	if _, ok := building.OrderOf("p", map[string]string{"OTHER": "1"}); ok {
		t.Error("somebody's build is taken for ours")
	}
	other := o
	other.Request = "18"
	if o.Token() == other.Token() || len(o.Token()) != 64 {
		t.Errorf("tokens %s and %s", o.Token(), other.Token())
	}
}
