package sagemaker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
)

func update(config string) *sdk.UpdateEndpointInput {
	return &sdk.UpdateEndpointInput{EndpointName: aws.String("churn"), EndpointConfigName: &config}
}

func weights(pairs ...any) *sdk.UpdateEndpointWeightsAndCapacitiesInput {
	in := &sdk.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: aws.String("churn")}
	for i := 0; i < len(pairs); i += 2 {
		in.DesiredWeightsAndCapacities = append(in.DesiredWeightsAndCapacities, types.DesiredWeightAndCapacity{
			VariantName: aws.String(pairs[i].(string)), DesiredWeight: aws.Float32(float32(pairs[i+1].(float64)))})
	}
	return in
}

// staged has the champion and a configuration churn-v2 with a second variant.
func staged(t *testing.T) *stage {
	s := newStage(t)
	s.seed(sagemaker.Champion{})
	s.model("churn-m2", traffic.Behaviour{})
	s.config("churn-v2", variant("AllTraffic", "churn-v1", 1, 2), variant("Candidate", "churn-m2", 0, 1))
	s.events = nil
	return s
}

func TestUpdateShowsOldConfigUntilDone(t *testing.T) {
	s := staged(t)
	call(s, updateEndpoint, update("churn-v2"))
	d := s.describe()
	if d.EndpointStatus != types.EndpointStatusUpdating || *d.EndpointConfigName != "churn-v1" || *d.PendingDeploymentSummary.EndpointConfigName != "churn-v2" {
		t.Errorf("while updating: %s %s %+v", d.EndpointStatus, *d.EndpointConfigName, d.PendingDeploymentSummary)
	}
	began := s.w.Now()
	d = s.settle()
	if d.EndpointStatus != types.EndpointStatusInService || *d.EndpointConfigName != "churn-v2" || d.PendingDeploymentSummary != nil || len(d.ProductionVariants) != 2 {
		t.Errorf("after: %s %s %+v", d.EndpointStatus, *d.EndpointConfigName, d.PendingDeploymentSummary)
	}
	if took := s.w.Now().Sub(began); took < 5*time.Minute || took > 10*time.Minute {
		t.Errorf("took %s", took)
	}
	if diff := cmp.Diff([]string{"UPDATING", "IN_SERVICE"}, s.statuses()); diff != "" {
		t.Error(diff)
	}
}

func TestSilentRollback(t *testing.T) {
	for name, reason := range map[string]string{"with a reason": "it did not pass the ping health check", "without one": ""} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			s.svc.Hosting.NextUpdate("churn", hosting.Fate{Ending: hosting.RollsBack, Reason: reason})
			call(s, updateEndpoint, update("churn-v2"))
			d := s.settle()
			if d.EndpointStatus != types.EndpointStatusInService || *d.EndpointConfigName != "churn-v1" || aws.ToString(d.FailureReason) != reason {
				t.Errorf("got %s %s %q", d.EndpointStatus, *d.EndpointConfigName, aws.ToString(d.FailureReason))
			}
			if slices.Contains(s.statuses(), "ROLLING_BACK") {
				t.Error("an update that rolls back is silent")
			}
			call(s, updateEndpoint, update("churn-v2"))
			if d := s.settle(); *d.EndpointConfigName != "churn-v2" || d.FailureReason != nil {
				t.Errorf("the next update ended with %s, reason %v", *d.EndpointConfigName, d.FailureReason)
			}
		})
	}
}

func TestRollbackFailedIsMixedAndMendable(t *testing.T) {
	s := staged(t)
	s.config("churn-v3", variant("AllTraffic", "churn-m2", 1, 2))
	s.svc.Hosting.NextUpdate("churn", hosting.Fate{Ending: hosting.RollbackFails, Reason: "rollback failed"})
	if err := s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 1000}); err != nil {
		t.Fatal(err)
	}
	call(s, updateEndpoint, update("churn-v3"))
	if d := s.settle(); d.EndpointStatus != types.EndpointStatusUpdateRollbackFailed {
		t.Fatalf("got %s", d.EndpointStatus)
	}
	at := s.w.Now().Truncate(time.Minute).Add(time.Minute)
	s.w.RunFor(3 * time.Minute)
	seen := map[string]bool{}
	for _, c := range s.svc.Hosting.Served("churn", at, at.Add(time.Minute)) {
		seen[c.Config] = true
	}
	if !seen["churn-v1"] || !seen["churn-v3"] {
		t.Errorf("served by %v, want both configurations", seen)
	}
	_, err := try(s, changeWeights, weights("AllTraffic", 1.0))
	if err == nil {
		t.Error("weights changed in UpdateRollbackFailed")
	}
	call(s, updateEndpoint, update("churn-v3"))
	if d := s.settle(); d.EndpointStatus != types.EndpointStatusInService || *d.EndpointConfigName != "churn-v3" {
		t.Errorf("got %s %s", d.EndpointStatus, *d.EndpointConfigName)
	}
}

// An endpoint that is left mixed says so and nothing else; the next update leaves one
// configuration alone on it, even one that is rolled back.
func TestMixedEndpointIsRepaired(t *testing.T) {
	for name, c := range map[string]struct {
		fate hosting.Fate
		to   string
		want string
	}{
		"forward":                 {hosting.Fate{}, "churn-v2", "churn-v2"},
		"back":                    {hosting.Fate{}, "churn-v1", "churn-v1"},
		"a repair is rolled back": {hosting.Fate{Ending: hosting.RollsBack}, "churn-v2", "churn-v1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			s.w.Do(func() { _ = s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 600}) })
			s.svc.Hosting.NextUpdate("churn", hosting.Fate{Ending: hosting.RollbackFails, Reason: "no capacity"})
			call(s, updateEndpoint, update("churn-v2"))
			d := s.settle()
			if d.EndpointStatus != types.EndpointStatusUpdateRollbackFailed || *d.EndpointConfigName != "churn-v1" || *d.FailureReason != "no capacity" || d.PendingDeploymentSummary != nil {
				t.Errorf("mixed: %s %s %v", d.EndpointStatus, *d.EndpointConfigName, d.FailureReason)
			}
			s.svc.Hosting.NextUpdate("churn", c.fate)
			call(s, updateEndpoint, update(c.to))
			if d := s.settle(); d.EndpointStatus != types.EndpointStatusInService || *d.EndpointConfigName != c.want {
				t.Errorf("repaired: %s %s", d.EndpointStatus, *d.EndpointConfigName)
			}
			from := s.w.Now().Truncate(time.Minute).Add(time.Minute)
			s.w.RunFor(10 * time.Minute)
			for _, n := range s.svc.Hosting.Served("churn", from, s.w.Now()) {
				if n.Config != c.want {
					t.Fatalf("still served by %s", n.Config)
				}
			}
			if diff := cmp.Diff([]string{"UPDATING", "UPDATE_ROLLBACK_FAILED", "UPDATING", "IN_SERVICE"}, s.statuses()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWeights(t *testing.T) {
	s := staged(t)
	call(s, updateEndpoint, update("churn-v2"))
	s.settle()
	s.events = nil
	call(s, changeWeights, weights("AllTraffic", 0.9, "Candidate", 0.1))
	v := s.describe().ProductionVariants[1]
	if *v.CurrentWeight != 0 || *v.DesiredWeight != 0.1 {
		t.Errorf("while updating: current %v desired %v", *v.CurrentWeight, *v.DesiredWeight)
	}
	if _, err := try(s, changeWeights, weights("Candidate", 0.2)); err == nil {
		t.Error("a second change was accepted")
	} else if got, want := refusal(t, err), `ValidationException: Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn".`; got != want {
		t.Errorf("got %s", got)
	}
	began := s.w.Now()
	d := s.settle()
	if v := d.ProductionVariants[1]; *v.CurrentWeight != 0.1 || *v.DesiredWeight != 0.1 || *d.EndpointConfigName != "churn-v2" {
		t.Errorf("after: %+v", v)
	}
	if took := s.w.Now().Sub(began); took < 30*time.Second || took > 90*time.Second {
		t.Errorf("took %s", took)
	}
	s.svc.Hosting.NextWeights("churn", hosting.Fate{Ending: hosting.RollsBack})
	call(s, changeWeights, weights("Candidate", 0.5))
	if v := s.settle().ProductionVariants[1]; *v.CurrentWeight != 0.1 || *v.DesiredWeight != 0.1 {
		t.Errorf("after a roll back: current %v desired %v", *v.CurrentWeight, *v.DesiredWeight)
	}
	if diff := cmp.Diff([]string{"UPDATING", "IN_SERVICE", "UPDATING", "ROLLING_BACK", "IN_SERVICE"}, s.statuses()); diff != "" {
		t.Error(diff)
	}
}

func TestRetainVariantProperties(t *testing.T) {
	for name, c := range map[string]struct {
		retain  bool
		exclude []types.VariantProperty
		want    float32
	}{
		"reset by default": {false, nil, 0},
		"retained":         {true, nil, 0.3},
		"excluded":         {true, []types.VariantProperty{{VariantPropertyType: types.VariantPropertyTypeDesiredWeight}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			call(s, updateEndpoint, update("churn-v2"))
			s.settle()
			call(s, changeWeights, weights("Candidate", 0.3))
			s.settle()
			in := update("churn-v2")
			in.RetainAllVariantProperties, in.ExcludeRetainedVariantProperties = &c.retain, c.exclude
			call(s, updateEndpoint, in)
			if got := *s.settle().ProductionVariants[1].CurrentWeight; got != c.want {
				t.Errorf("weight %v, want %v", got, c.want)
			}
		})
	}
}

func TestCreateAndDelete(t *testing.T) {
	s := staged(t)
	in := &sdk.CreateEndpointInput{EndpointName: aws.String("Other"), EndpointConfigName: aws.String("churn-v1")}
	if got := *call(s, createEndpoint, in).EndpointArn; got != "arn:aws:sagemaker:us-east-1:111122223333:endpoint/other" {
		t.Error(got)
	}
	_, err := try(s, createEndpoint, &sdk.CreateEndpointInput{EndpointName: aws.String("OTHER"), EndpointConfigName: aws.String("churn-v1")})
	if got := refusal(t, err); got != `ValidationException: Cannot create already existing endpoint "arn:aws:sagemaker:us-east-1:111122223333:endpoint/other".` {
		t.Error(got)
	}
	name := &sdk.DescribeEndpointInput{EndpointName: aws.String("Other")}
	if d := call(s, describeEndpoint, name); d.EndpointStatus != types.EndpointStatusCreating {
		t.Error(d.EndpointStatus)
	}
	s.settle()
	if d := call(s, describeEndpoint, name); d.EndpointStatus != types.EndpointStatusInService || *d.ProductionVariants[0].CurrentInstanceCount != 2 {
		t.Error(d.EndpointStatus)
	}
	call(s, deleteEndpoint, &sdk.DeleteEndpointInput{EndpointName: aws.String("Other")})
	s.settle()
	if n := len(call(s, listEndpoints, &sdk.ListEndpointsInput{}).Endpoints); n != 1 {
		t.Errorf("%d endpoints left", n)
	}
	s.svc.Hosting.NextCreate("bad", hosting.Fate{Ending: hosting.RollsBack, Reason: "no capacity"})
	call(s, createEndpoint, &sdk.CreateEndpointInput{EndpointName: aws.String("bad"), EndpointConfigName: aws.String("churn-v1")})
	s.settle()
	if d := call(s, describeEndpoint, &sdk.DescribeEndpointInput{EndpointName: aws.String("bad")}); d.EndpointStatus != types.EndpointStatusFailed || *d.FailureReason != "no capacity" {
		t.Errorf("%s %v", d.EndpointStatus, d.FailureReason)
	}
	if _, err := try(s, updateEndpoint, &sdk.UpdateEndpointInput{EndpointName: aws.String("bad"), EndpointConfigName: aws.String("churn-v2")}); err == nil {
		t.Error("a failed endpoint was updated")
	}
	call(s, deleteEndpoint, &sdk.DeleteEndpointInput{EndpointName: aws.String("bad")})
}

// AWS's maintenance may begin whenever it likes, last as long as it likes, and follow an
// update at once. It keeps everybody out and changes nothing.
func TestMaintenance(t *testing.T) {
	s := staged(t)
	call(s, updateEndpoint, update("churn-v2"))
	s.w.Do(func() { s.svc.Hosting.Maintain("churn", s.w.Now().Add(time.Minute), 30*time.Hour) })
	s.settleStatus(types.EndpointStatusInService)
	before := s.describe()
	s.settleStatus(types.EndpointStatusSystemUpdating)
	began := s.w.Now()
	if wait := began.Sub(*before.LastModifiedTime); wait > time.Minute {
		t.Errorf("it began %s after the update", wait)
	}
	during := s.describe()
	if during.EndpointStatus != types.EndpointStatusSystemUpdating || during.PendingDeploymentSummary != nil {
		t.Errorf("%s %+v", during.EndpointStatus, during.PendingDeploymentSummary)
	}
	busy := `ValidationException: Cannot update in-progress endpoint "` + arn + `endpoint/churn".`
	for what, err := range map[string]error{
		"updated": second(try(s, updateEndpoint, update("churn-v1"))), "given weights": second(try(s, changeWeights, weights("Candidate", 1.0))),
		"given instances": second(try(s, changeWeights, resized("Candidate", 3))), "deleted": second(try(s, deleteEndpoint, &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")})),
	} {
		if got := refusal(t, err); got != busy {
			t.Errorf("to be %s was refused with %s", what, got)
		}
	}
	s.settleStatus(types.EndpointStatusInService)
	if lasted := s.w.Now().Sub(began); lasted != 30*time.Hour {
		t.Errorf("it lasted %s", lasted)
	}
	after := s.describe()
	if diff := cmp.Diff(before, after, cmpopts.IgnoreUnexported(sdk.DescribeEndpointOutput{}, types.ProductionVariantSummary{}),
		cmpopts.IgnoreFields(sdk.DescribeEndpointOutput{}, "ResultMetadata", "LastModifiedTime")); diff != "" {
		t.Error(diff)
	}
}

func TestMaintenanceAndForeignActors(t *testing.T) {
	s := staged(t)
	s.w.Do(func() { s.svc.Hosting.Maintain("churn", start.Add(10*time.Minute), 5*time.Minute) })
	s.w.RunFor(12 * time.Minute)
	if d := s.describe(); d.EndpointStatus != types.EndpointStatusSystemUpdating {
		t.Error(d.EndpointStatus)
	}
	if _, err := try(s, updateEndpoint, update("churn-v2")); err == nil {
		t.Error("updated during maintenance")
	}
	s.w.RunFor(5 * time.Minute)
	s.w.Do(func() {
		if err := s.svc.Hosting.ForeignUpdate("churn", "churn-v2"); err != nil {
			t.Fatal(err)
		}
	})
	if d := s.settle(); *d.EndpointConfigName != "churn-v2" {
		t.Error(*d.EndpointConfigName)
	}
	s.w.Do(func() {
		if err := s.svc.Hosting.ForeignWeights("churn", "Candidate", 0.5); err != nil {
			t.Fatal(err)
		}
	})
	if d := s.settle(); *d.ProductionVariants[1].CurrentWeight != 0.5 {
		t.Error(*d.ProductionVariants[1].CurrentWeight)
	}
	s.svc.Hosting.NextUpdate("churn", hosting.Fate{Takes: 3 * time.Hour})
	began := s.w.Now()
	call(s, updateEndpoint, update("churn-v1"))
	s.settle()
	if took := s.w.Now().Sub(began); took < 3*time.Hour {
		t.Errorf("took %s", took)
	}
}
