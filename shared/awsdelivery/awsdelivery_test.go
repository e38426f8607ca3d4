package awsdelivery_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/codepipeline"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsdelivery"
	"sluice/shared/delivering"
	"sluice/shared/fault"
)

var ctx = context.Background()

// begin is a pipeline with a source and an approval, and how executions of it end.
func begin(t *testing.T) (w *sim.World, s *codepipeline.Service, srv *wire.Server, p *awsdelivery.Pipelines, states *[]string) {
	t.Helper()
	w, states = sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), new([]string)
	s = codepipeline.New(w, codepipeline.Outside{
		Emit: func(string, string, []string, any) {}, Caller: func(string) string { return "arn:aws:sts::111122223333:assumed-role/on-delivery/x" },
		Source: func(string, string) (codepipeline.Revision, error) { return codepipeline.Revision{ID: "c1"}, nil },
		Put:    func(string, string, []byte) error { return nil },
	})
	s.OnStage = func(_, stage, state string) { *states = append(*states, stage+" "+state) }
	of := func(category, provider string) codepipeline.ActionType {
		return codepipeline.ActionType{Category: category, Owner: "AWS", Provider: provider, Version: "1"}
	}
	if err := s.Create(codepipeline.Pipeline{
		Name: "churn", RoleArn: "arn:aws:iam::111122223333:role/p", ArtifactStore: codepipeline.ArtifactStore{Type: "S3", Location: "b"},
		Stages: []codepipeline.Stage{
			{Name: "Source", Actions: []codepipeline.Action{{Name: "Source", ActionTypeId: of("Source", "CodeCommit"), Configuration: map[string]string{"RepositoryName": "r", "BranchName": "main"}}}},
			{Name: "Production", Actions: []codepipeline.Action{{Name: "Rollout-churn", ActionTypeId: of("Approval", "Manual")}}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	srv = wire.NewServer(w)
	srv.Register(s.Wire())
	return w, s, srv, awsdelivery.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}), states
}

var action = delivering.Action{Model: "churn", Pipeline: "churn", Stage: "Production", Name: "Rollout-churn"}

func TestAnAnswer(t *testing.T) {
	for approve, want := range map[bool]string{true: "Production SUCCEEDED", false: "Production FAILED"} {
		w, s, _, p, states := begin(t)
		if _, ok, err := p.Asked(ctx, action); ok || err != nil {
			t.Errorf("before it began: %v, %v", ok, err)
		}
		id, err := s.Start("churn", "StartPipelineExecution", "me")
		if err != nil {
			t.Fatal(err)
		}
		w.RunFor(time.Minute)
		q, ok, err := p.Asked(ctx, action)
		if !ok || err != nil || q.Token == "" || q.Execution != id {
			t.Fatalf("it asks %+v, %v, %v", q, ok, err)
		}
		for range 2 { // the first answer was lost
			if err := p.Answer(ctx, action, q, approve, "because"); err != nil {
				t.Fatal(err)
			}
		}
		if got := (*states)[len(*states)-1]; got != want {
			t.Errorf("approve %v: %s", approve, got)
		}
		if _, ok, err := p.Asked(ctx, action); ok || err != nil {
			t.Errorf("it still asks: %v, %v", ok, err)
		}
	}
}

// An answer to an earlier question does not answer the present one.
func TestAnAnswerThatComesLate(t *testing.T) {
	w, s, _, p, states := begin(t)
	start := func() delivering.Question {
		if _, err := s.Start("churn", "StartPipelineExecution", "me"); err != nil {
			t.Fatal(err)
		}
		w.RunFor(time.Minute)
		q, _, err := p.Asked(ctx, action)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	first := start()
	if err := p.Answer(ctx, action, first, false, "no"); err != nil {
		t.Fatal(err)
	}
	start()
	if err := p.Answer(ctx, action, first, true, "late"); err != nil {
		t.Fatal(err)
	}
	if got := (*states)[len(*states)-1]; got != "Production STARTED" {
		t.Errorf("the second is %s: %v", got, *states)
	}
}

func TestWhatIsNotThereAsksNothing(t *testing.T) {
	w, s, srv, p, _ := begin(t)
	for _, a := range []delivering.Action{{Pipeline: "none", Stage: "Production", Name: "Rollout-churn"}, {Pipeline: "churn", Stage: "None", Name: "Rollout-churn"}, {Pipeline: "churn", Stage: "Production", Name: "None"}} {
		if q, ok, err := p.Asked(ctx, a); ok || err != nil || cmp.Diff(q, delivering.Question{}) != "" {
			t.Errorf("%+v asks %+v, %v, %v", a, q, ok, err)
		}
	}
	if _, err := s.Start("churn", "StartPipelineExecution", "me"); err != nil {
		t.Fatal(err)
	}
	w.RunFor(time.Minute)
	q, _, err := p.Asked(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	if _, _, err := p.Asked(ctx, action); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
	if err := p.Answer(ctx, action, q, true, ""); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}
