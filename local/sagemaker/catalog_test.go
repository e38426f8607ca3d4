package sagemaker_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/hosting"
)

// What an endpoint uses can be deleted, at once and without a warning. It serves on,
// and cannot be updated any more until its configuration is there again.
func TestConfigInUseCanBeDeleted(t *testing.T) {
	s := staged(t)
	call(s, deleteConfig, &sdk.DeleteEndpointConfigInput{EndpointConfigName: aws.String("churn-v1")})
	if d := s.describe(); *d.EndpointConfigName != "churn-v1" || d.EndpointStatus != types.EndpointStatusInService || len(d.ProductionVariants) != 1 {
		t.Errorf("%s %s", *d.EndpointConfigName, d.EndpointStatus)
	}
	for _, to := range []string{"churn-v1", "churn-v2"} {
		_, err := try(s, updateEndpoint, update(to))
		if got := refusal(t, err); got != `ValidationException: Could not find endpoint configuration "`+arn+`endpoint-config/churn-v1".` {
			t.Errorf("update to %s: %s", to, got)
		}
	}
	call(s, changeWeights, weights("AllTraffic", 2.0))
	s.settle()
	s.config("churn-v1", variant("AllTraffic", "churn-v1", 1, 2))
	call(s, updateEndpoint, update("churn-v2"))
	if d := s.settle(); *d.EndpointConfigName != "churn-v2" {
		t.Error(*d.EndpointConfigName)
	}
}

// A configuration that is deleted on the way to it is deployed all the same.
func TestConfigDeletedOnTheWay(t *testing.T) {
	s := staged(t)
	call(s, updateEndpoint, update("churn-v2"))
	call(s, deleteConfig, &sdk.DeleteEndpointConfigInput{EndpointConfigName: aws.String("churn-v2")})
	if d := s.settle(); *d.EndpointConfigName != "churn-v2" || d.EndpointStatus != types.EndpointStatusInService {
		t.Errorf("%s %s", *d.EndpointConfigName, d.EndpointStatus)
	}
	if _, err := try(s, updateEndpoint, update("churn-v1")); err == nil {
		t.Error("an update from a configuration that is gone was accepted")
	}
}

// An endpoint that was never created well can only be deleted, and its name be used
// again.
func TestFailedCreation(t *testing.T) {
	s := staged(t)
	in := &sdk.CreateEndpointInput{EndpointName: aws.String("churn-b"), EndpointConfigName: aws.String("churn-v2")}
	s.svc.Hosting.NextCreate("churn-b", hosting.Fate{Ending: hosting.RollsBack, Reason: "no capacity", Takes: 20 * time.Minute})
	call(s, createEndpoint, in)
	name := &sdk.DescribeEndpointInput{EndpointName: in.EndpointName}
	if d := call(s, describeEndpoint, name); d.EndpointStatus != types.EndpointStatusCreating || *d.PendingDeploymentSummary.EndpointConfigName != "churn-v2" {
		t.Errorf("%s %+v", d.EndpointStatus, d.PendingDeploymentSummary)
	}
	if _, err := try(s, deleteEndpoint, &sdk.DeleteEndpointInput{EndpointName: in.EndpointName}); err == nil {
		t.Error("deleted while it was being created")
	}
	s.settle()
	d := call(s, describeEndpoint, name)
	if d.EndpointStatus != types.EndpointStatusFailed || *d.FailureReason != "no capacity" || d.PendingDeploymentSummary != nil || *d.EndpointConfigName != "churn-v2" || s.w.Now() != start.Add(20*time.Minute) {
		t.Errorf("%s %v %+v at %s", d.EndpointStatus, aws.ToString(d.FailureReason), d.PendingDeploymentSummary, s.w.Now())
	}
	for what, err := range map[string]error{
		"updated":             second(try(s, updateEndpoint, &sdk.UpdateEndpointInput{EndpointName: in.EndpointName, EndpointConfigName: aws.String("churn-v1")})),
		"created again":       second(try(s, createEndpoint, in)),
		"given other weights": second(try(s, changeWeights, &sdk.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: in.EndpointName, DesiredWeightsAndCapacities: weights("Candidate", 1.0).DesiredWeightsAndCapacities})),
	} {
		if err == nil {
			t.Errorf("a failed endpoint was %s", what)
		}
	}
	call(s, deleteEndpoint, &sdk.DeleteEndpointInput{EndpointName: in.EndpointName})
	if d := call(s, describeEndpoint, name); d.EndpointStatus != types.EndpointStatusDeleting {
		t.Error(d.EndpointStatus)
	}
	s.settle()
	if _, err := try(s, describeEndpoint, name); refusal(t, err) != `ValidationException: Could not find endpoint "`+arn+`endpoint/churn-b".` {
		t.Error(refusal(t, err))
	}
	call(s, createEndpoint, in)
	s.settle()
	if diff := cmp.Diff([]string{"CREATING", "FAILED", "DELETING", "CREATING", "IN_SERVICE"}, s.statuses()); diff != "" {
		t.Error(diff)
	}
}

func second[A any](_ A, err error) error { return err }

// pages reads a list page by page, of at most two, until there is no token.
func pages(t *testing.T, next func(token *string) (names []string, more *string)) []string {
	t.Helper()
	var all []string
	var token *string
	for range 10 {
		names, more := next(token)
		if len(names) > 2 {
			t.Errorf("a page of %d", len(names))
		}
		all = append(all, names...)
		if token = more; token == nil {
			return all
		}
	}
	t.Error("the list does not end")
	return all
}

func TestLists(t *testing.T) {
	s := staged(t)
	two := aws.Int32(2)
	for _, n := range []string{"p1", "p2", "p3"} {
		s.w.RunFor(time.Second)
		s.config(n, variant("A", "churn-v1", 1, 1))
		s.model("model-"+n, noBehaviour)
		call(s, createEndpoint, &sdk.CreateEndpointInput{EndpointName: aws.String("Top" + n), EndpointConfigName: &n})
	}
	for name, c := range map[string]struct {
		got  []string
		want []string
	}{
		"configurations by name": {pages(t, func(token *string) (names []string, more *string) {
			out := call(s, listConfigs, &sdk.ListEndpointConfigsInput{MaxResults: two, NameContains: aws.String("P"), NextToken: token})
			for _, c := range out.EndpointConfigs {
				names = append(names, *c.EndpointConfigName)
			}
			return names, out.NextToken
		}), []string{"p3", "p2", "p1"}},
		"models by name, oldest first": {pages(t, func(token *string) (names []string, more *string) {
			out := call(s, listModels, &sdk.ListModelsInput{MaxResults: two, NameContains: aws.String("Model-"), NextToken: token, SortOrder: types.OrderKeyAscending})
			for _, m := range out.Models {
				names = append(names, *m.ModelName)
			}
			return names, out.NextToken
		}), []string{"model-p1", "model-p2", "model-p3"}},
		"endpoints by name and status": {pages(t, func(token *string) (names []string, more *string) {
			out := call(s, listEndpoints, &sdk.ListEndpointsInput{MaxResults: two, NameContains: aws.String("top"), StatusEquals: types.EndpointStatusCreating, NextToken: token, SortBy: types.EndpointSortKeyName, SortOrder: types.OrderKeyAscending})
			for _, e := range out.Endpoints {
				names = append(names, *e.EndpointName)
			}
			return names, out.NextToken
		}), []string{"Topp1", "Topp2", "Topp3"}},
		"endpoints in service": {pages(t, func(token *string) (names []string, more *string) {
			out := call(s, listEndpoints, &sdk.ListEndpointsInput{MaxResults: two, StatusEquals: types.EndpointStatusInService, NextToken: token})
			for _, e := range out.Endpoints {
				names = append(names, *e.EndpointName)
			}
			return names, out.NextToken
		}), []string{"churn"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Tags say whose a thing is. They go with it.
func TestTags(t *testing.T) {
	s := staged(t)
	mine := []types.Tag{{Key: aws.String("sluice"), Value: aws.String("yes")}, {Key: aws.String("team"), Value: aws.String("ml")}}
	call(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("tagged"), ProductionVariants: []types.ProductionVariant{variant("A", "churn-v1", 1, 1)}, Tags: mine})
	call(s, createModel, &sdk.CreateModelInput{ModelName: aws.String("tagged"), PrimaryContainer: &types.ContainerDefinition{Image: aws.String("i")}, Tags: mine})
	call(s, createEndpoint, &sdk.CreateEndpointInput{EndpointName: aws.String("tagged"), EndpointConfigName: aws.String("tagged"), Tags: mine})
	s.settle()
	for _, kind := range []string{"endpoint-config", "model", "endpoint"} {
		id := aws.String(arn + kind + "/tagged")
		got := pages(t, func(token *string) (names []string, more *string) {
			out := call(s, listTags, &sdk.ListTagsInput{ResourceArn: id, NextToken: token})
			for _, tag := range out.Tags {
				names = append(names, *tag.Key+"="+*tag.Value)
			}
			return names, out.NextToken
		})
		if diff := cmp.Diff([]string{"sluice=yes", "team=ml"}, got); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		call(s, deleteTags, &sdk.DeleteTagsInput{ResourceArn: id, TagKeys: []string{"team"}})
		if left := call(s, listTags, &sdk.ListTagsInput{ResourceArn: id}).Tags; len(left) != 1 || *left[0].Key != "sluice" {
			t.Errorf("%s: left are %v", kind, left)
		}
	}
	call(s, deleteModel, &sdk.DeleteModelInput{ModelName: aws.String("tagged")})
	if _, err := try(s, listTags, &sdk.ListTagsInput{ResourceArn: aws.String(arn + "model/tagged")}); err == nil {
		t.Error("a model that is gone has tags")
	}
}
