package local_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"sluice"
	"sluice/local"
	"sluice/local/cloudformation"
	"sluice/local/codebuild"
	"sluice/local/codecommit/git"
	"sluice/local/sim"
)

// ship is an account with Sluice, in which pipeline.yaml delivers it to two more stacks.
// What Build packages is a template.
type ship struct {
	*testing.T
	*local.AWS
	stack    *cloudformation.Stack
	packaged string
	ran      []string // projects that built
}

func newShip(t *testing.T, packaged string) *ship {
	t.Helper()
	s := &ship{T: t, AWS: local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), local.InProcess), packaged: packaged}
	t.Cleanup(s.Close)
	s.World.Do(func() {
		var err error
		if s.stack, err = s.Deploy(sluice.Deployed, "sluice", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DeployTemplate(sluice.Deployed, "pipeline.yaml", "delivery", map[string]string{
			"StagingTable": "staging-table", "StagingStack": "sluice-staging", "ProductionStack": "sluice-production",
		}); err != nil {
			t.Fatal(err)
		}
		s.Commands = func(r codebuild.Run) codebuild.Outcome {
			s.ran = append(s.ran, r.Project)
			return codebuild.Outcome{Files: map[string][]byte{"packaged.yaml": []byte(s.packaged)}}
		}
		if err := s.CodeCommit.CreateRepository("sluice"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CodeCommit.Push("sluice", "main", "", "mary", "change", map[string]git.Edit{"go.mod": {Content: []byte("module sluice")}}); err != nil {
			t.Fatal(err)
		}
	})
	s.World.RunFor(time.Hour)
	return s
}

// client is a person's.
func (s *ship) client() *codepipeline.Client { return codepipeline.NewFromConfig(s.AdminConfig()) }

func (s *ship) state() (states []types.StageState) {
	s.Helper()
	name := "delivery-sluice"
	s.World.Do(func() {
		out, err := s.client().GetPipelineState(s.Context(), &codepipeline.GetPipelineStateInput{Name: &name})
		if err != nil {
			s.Fatal(err)
		}
		states = out.StageStates
	})
	return states
}

// stages are how far the pipeline has come, "stage status".
func (s *ship) stages() (all []string) {
	s.Helper()
	for _, st := range s.state() {
		if st.LatestExecution != nil {
			all = append(all, *st.StageName+" "+string(st.LatestExecution.Status))
		}
	}
	return all
}

// made are the stacks' queues.
func (s *ship) made() (queues []string) {
	s.World.Do(func() {
		for _, q := range s.SQS.Queues() {
			if strings.HasPrefix(q, "sluice-staging-") || strings.HasPrefix(q, "sluice-production-") {
				queues = append(queues, q)
			}
		}
	})
	return queues
}

const small = "Resources:\n  Letters: {Type: AWS::SQS::Queue}\n"

// Under the roles of pipeline.yaml, a push of Sluice goes through its pipeline.
func TestSluiceIsDelivered(t *testing.T) {
	s := newShip(t, "Parameters: {Environment: {Type: String}, DeploymentPreference: {Type: String, Default: \"\"}}\n"+small)
	want := []string{"Source Succeeded", "Test Succeeded", "Build Succeeded", "Staging Succeeded", "Approval InProgress"}
	if got := s.stages(); !slices.Equal(got, want) {
		t.Fatalf("it came to %q", got)
	}
	if got := s.made(); len(got) != 1 || !strings.HasPrefix(got[0], "sluice-staging-Letters-") {
		t.Errorf("before a person has approved there are %q", got)
	}
	token := s.state()[4].ActionStates[0].LatestExecution.Token
	s.World.Do(func() {
		name, stage, action := "delivery-sluice", "Approval", "Approve"
		if _, err := s.client().PutApprovalResult(t.Context(), &codepipeline.PutApprovalResultInput{
			PipelineName: &name, StageName: &stage, ActionName: &action, Token: token, Result: &types.ApprovalResult{Status: types.ApprovalStatusApproved, Summary: &action},
		}); err != nil {
			t.Fatal(err)
		}
	})
	s.World.RunFor(time.Hour)
	if got := s.stages(); got[5] != "Production Succeeded" {
		t.Errorf("it came to %q", got)
	}
	want = []string{"delivery-sluice-test", "delivery-sluice-build", "delivery-sluice-end-to-end"}
	if !slices.Equal(s.ran, want) || len(s.made()) != 2 {
		t.Errorf("it ran %q and made %q", s.ran, s.made())
	}
}

// A deployment that fails is told once, with the stage and the reason.
func TestAFailedDeploymentIsToldOnce(t *testing.T) {
	s := newShip(t, "Parameters: {Environment: {Type: String}, DeploymentPreference: {Type: String, Default: \"\"}}\nResources:\n  Fleet: {Type: AWS::EC2::Instance}\n")
	if got := s.stages(); got[len(got)-1] != "Staging Failed" || len(s.made()) > 0 {
		t.Fatalf("it came to %q, with %q", got, s.made())
	}
	s.World.Do(func() {
		reports := s.SNS.Messages(s.stack.Outputs["Reports"])
		if len(reports) != 1 {
			t.Fatalf("reports %+v", reports)
		}
		for _, want := range []string{"pipeline delivery-sluice failed", "Where: stage Staging, action Deploy", "AWS::EC2::Instance"} {
			if !strings.Contains(reports[0].Subject+reports[0].Body, want) {
				t.Errorf("the report lacks %q:\n%s\n%s", want, reports[0].Subject, reports[0].Body)
			}
		}
	})
}
