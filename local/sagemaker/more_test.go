package sagemaker_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
)

func TestRollingUpdate(t *testing.T) {
	s := staged(t)
	s.config("churn-v3", variant("AllTraffic", "churn-m2", 1, 4))
	s.w.Do(func() { _ = s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 600}) })
	in := update("churn-v3")
	in.DeploymentConfig = &types.DeploymentConfig{RollingUpdatePolicy: &types.RollingUpdatePolicy{WaitIntervalInSeconds: aws.Int32(600),
		MaximumBatchSize: &types.CapacitySize{Type: types.CapacitySizeTypeInstanceCount, Value: aws.Int32(2)}}}
	call(s, updateEndpoint, in)
	if d := s.settle(); *d.EndpointConfigName != "churn-v3" {
		t.Fatal(*d.EndpointConfigName)
	}
	half := 0
	for _, n := range s.svc.Hosting.Served("churn", start, s.w.Now()) {
		if n.Config == "churn-v3" && n.Share == 0.5 {
			half++
		}
	}
	if half < 9 || half > 11 {
		t.Errorf("half the requests went to the new fleet for %d minutes, want about 10", half)
	}
}

func TestDeploymentTimeout(t *testing.T) {
	s := staged(t)
	s.svc.Hosting.NextUpdate("churn", hosting.Fate{Takes: 20 * time.Minute})
	s.config("churn-v3", variant("AllTraffic", "churn-m2", 1, 4))
	in := guarded(types.TrafficRoutingConfigTypeCanary)
	in.DeploymentConfig.BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds = aws.Int32(1000)
	call(s, updateEndpoint, in)
	if d := s.settle(); *d.EndpointConfigName != "churn-v1" || d.EndpointStatus != types.EndpointStatusInService {
		t.Errorf("%s %s", *d.EndpointConfigName, d.EndpointStatus)
	}
}

func TestSameSeedSameWorld(t *testing.T) {
	world := func() ([]hosting.Count, []string) {
		s := newStage(t)
		s.seed(sagemaker.Champion{Traffic: traffic.Traffic{RPM: 300, Pattern: traffic.Bursty}, History: time.Hour, Behaviour: traffic.Behaviour{Errors5XX: 0.02}})
		s.model("churn-m2", noBehaviour)
		s.config("churn-v2", variant("AllTraffic", "churn-v1", 1, 1), variant("Candidate", "churn-m2", 1, 1))
		call(s, updateEndpoint, update("churn-v2"))
		s.w.RunFor(30 * time.Minute)
		return s.svc.Hosting.Served("churn", start.Add(-time.Hour), s.w.Now()), s.statuses()
	}
	one, told := world()
	two, again := world()
	if diff := cmp.Diff(one, two); diff != "" || len(one) < 90 {
		t.Errorf("%d counts; %s", len(one), diff)
	}
	if diff := cmp.Diff(told, again); diff != "" {
		t.Error(diff)
	}
}

// How much history is made must not change what happens after it.
func TestHistoryDoesNotChangeTheFuture(t *testing.T) {
	future := func(history time.Duration) []hosting.Count {
		s := newStage(t)
		s.seed(sagemaker.Champion{Traffic: traffic.Traffic{RPM: 300}, History: history})
		s.w.RunFor(20 * time.Minute)
		return s.svc.Hosting.Served("churn", start, s.w.Now())
	}
	if diff := cmp.Diff(future(time.Hour), future(24*time.Hour)); diff != "" {
		t.Error(diff)
	}
}

func TestDeletedModel(t *testing.T) {
	s := staged(t)
	call(s, describeModel, &sdk.DescribeModelInput{ModelName: aws.String("churn-m2")})
	call(s, deleteModel, &sdk.DeleteModelInput{ModelName: aws.String("churn-m2")})
	_, err := try(s, updateEndpoint, update("churn-v2"))
	if got := refusal(t, err); got != `ValidationException: Could not find model "`+arn+`model/churn-m2".` {
		t.Error(got)
	}
}

func TestListPipelines(t *testing.T) {
	s := withPipeline(t)
	for prefix, n := range map[string]int{"": 1, "Ch": 1, "x": 0} {
		in := &sdk.ListPipelinesInput{}
		if prefix != "" {
			in.PipelineNamePrefix = &prefix
		}
		if got := len(call(s, listPipelines, in).PipelineSummaries); got != n {
			t.Errorf("%d pipelines with prefix %q", got, prefix)
		}
	}
}
