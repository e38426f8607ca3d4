package codebuild

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/google/go-cmp/cmp"
)

// order is a build that a pipeline wants, and where its end goes.
func order(project string, end *End) Order {
	return Order{
		Project: project, Initiator: "codepipeline/churn", Bucket: "artifacts", Key: "churn/Source/1", Encrypted: "arn:aws:kms:us-east-1:111122223333:key/1", Commit: "c1",
		Files: map[string][]byte{"buildspec.yml": []byte(buildspec)}, Variables: []Variable{{Name: "COMMIT", Value: "c1"}}, Done: func(e End) { *end = e },
	}
}

func TestABuildOfAPipeline(t *testing.T) {
	w := newWorld(t)
	if err := w.CreateProject(Project{Name: "inside", InPipeline: true}); err != nil {
		t.Fatal(err)
	}
	var seen Run
	w.script = func(r Run) Outcome {
		seen = r
		return Outcome{Exported: map[string]string{"IMAGE": "x"}, Files: map[string][]byte{"out": []byte("1")}}
	}
	for _, project := range []string{"inside", "checks"} {
		var end End
		id, err := w.Start(order(project, &end))
		if err != nil {
			t.Fatal(err)
		}
		w.sim.RunFor(5 * time.Minute)
		if end.Status != succeeded || !cmp.Equal(end.Exported, map[string]string{"IMAGE": "x"}) || string(end.Files["out"]) != "1" || !strings.Contains(end.Log, "/aws/codebuild/"+project) {
			t.Errorf("%s came to %+v", project, end)
		}
		if seen.Commit != "c1" || seen.Variables["COMMIT"] != "c1" || seen.Variables["CODEBUILD_RESOLVED_SOURCE_VERSION"] != "c1" {
			t.Errorf("%s ran %+v", project, seen)
		}
		if b := w.get(id); b.Source.Type != "CODEPIPELINE" || *b.Initiator != "codepipeline/churn" || *b.SourceVersion != "arn:aws:s3:::artifacts/churn/Source/1" {
			t.Errorf("build %+v", b)
		}
	}
	_, err := w.client.StartBuild(ctx, &codebuild.StartBuildInput{ProjectName: aws.String("inside")})
	refused(t, err, "InvalidInputException")
	if _, err := w.Start(Order{Project: "none"}); err == nil {
		t.Error("a project that is not there builds")
	}
}

// A project's role reads what the pipeline hands it.
func TestABuildOfAPipelineIsDenied(t *testing.T) {
	for _, action := range []string{"s3:GetObject", "kms:Decrypt", "logs:PutLogEvents"} {
		w := newWorld(t)
		w.denied = action
		var end End
		id, err := w.Start(order("checks", &end))
		if err != nil {
			t.Fatal(err)
		}
		w.sim.RunFor(5 * time.Minute)
		if end.Status != failed || !strings.Contains(walked(w.get(id)), "DOWNLOAD_SOURCE FAILED") {
			t.Errorf("without %s it came to %+v: %s", action, end, walked(w.get(id)))
		}
	}
}

// A build that is stopped tells the pipeline so.
func TestABuildOfAPipelineIsStopped(t *testing.T) {
	w := newWorld(t)
	var end End
	id, err := w.Start(order("checks", &end))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.StopBuild(ctx, &codebuild.StopBuildInput{Id: &id}); err != nil {
		t.Fatal(err)
	}
	if end.Status != stopped {
		t.Errorf("it came to %+v", end)
	}
}
