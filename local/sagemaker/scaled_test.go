package sagemaker_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/hosting"
	"sluice/local/sagemaker/traffic"
)

// A variant that Application Auto Scaling scales must stay, with its instance type.
func TestScaledVariantsStay(t *testing.T) {
	bigger := variant("AllTraffic", "churn-v1", 1, 2)
	bigger.InstanceType = "ml.m5.xlarge"
	shadowed := &sdk.CreateEndpointConfigInput{ProductionVariants: []types.ProductionVariant{variant("Other", "churn-v1", 1, 1)},
		ShadowProductionVariants: []types.ProductionVariant{variant("AllTraffic", "churn-m2", 1, 1)}}
	only := func(v ...types.ProductionVariant) *sdk.CreateEndpointConfigInput {
		return &sdk.CreateEndpointConfigInput{ProductionVariants: v}
	}
	for name, c := range map[string]struct {
		to      *sdk.CreateEndpointConfigInput
		refused bool
	}{
		"removed":                {only(variant("Candidate", "churn-m2", 1, 1)), true},
		"of another type":        {only(bigger), true},
		"now a shadow":           {shadowed, true},
		"with another model":     {only(variant("AllTraffic", "churn-m2", 1, 2)), false},
		"with another count":     {only(variant("AllTraffic", "churn-v1", 1, 5)), false},
		"with another beside it": {only(variant("AllTraffic", "churn-v1", 1, 2), variant("Candidate", "churn-m2", 0, 1)), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			s.scaled = []string{"AllTraffic"}
			c.to.EndpointConfigName = aws.String("churn-next")
			call(s, createConfig, c.to)
			_, err := try(s, updateEndpoint, update("churn-next"))
			if !c.refused {
				if d := s.settle(); err != nil || *d.EndpointConfigName != "churn-next" {
					t.Errorf("ended on %s: %v", *d.EndpointConfigName, err)
				}
				return
			}
			if d := s.describe(); err == nil || d.EndpointStatus != types.EndpointStatusInService || d.PendingDeploymentSummary != nil {
				t.Fatalf("it began: %s, %v", d.EndpointStatus, err)
			}
			s.scaled = nil
			call(s, updateEndpoint, update("churn-next"))
			if d := s.settle(); *d.EndpointConfigName != "churn-next" {
				t.Errorf("after deregistration it ended on %s", *d.EndpointConfigName)
			}
		})
	}
}

func TestDeletionDeregisters(t *testing.T) {
	s := staged(t)
	s.scaled, s.locked = []string{"AllTraffic"}, true
	in := &sdk.DeleteEndpointInput{EndpointName: aws.String("churn")}
	_, err := try(s, deleteEndpoint, in)
	if want := "ValidationException: An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister the scalable target."; refusal(t, err) != want {
		t.Error(refusal(t, err))
	}
	if d := s.describe(); d.EndpointStatus != types.EndpointStatusInService || len(s.scaled) != 1 {
		t.Errorf("%s with %v scaled, after a refusal", d.EndpointStatus, s.scaled)
	}
	s.locked = false
	call(s, deleteEndpoint, in)
	if len(s.scaled) > 0 {
		t.Error("still registered")
	}
}

// resized asks for instances of one variant.
func resized(variant string, n int32, also ...types.DesiredWeightAndCapacity) *sdk.UpdateEndpointWeightsAndCapacitiesInput {
	return &sdk.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: aws.String("churn"),
		DesiredWeightsAndCapacities: append([]types.DesiredWeightAndCapacity{{VariantName: &variant, DesiredInstanceCount: &n}}, also...)}
}

func weight(variant string, w float32) types.DesiredWeightAndCapacity {
	return types.DesiredWeightAndCapacity{VariantName: &variant, DesiredWeight: &w}
}

// split is churn with two variants of two instances, and half of the requests each.
func split(t *testing.T, rpm float64, candidate traffic.Behaviour) *stage {
	t.Helper()
	s := staged(t)
	s.model("churn-m3", candidate)
	s.config("churn-v3", variant("AllTraffic", "churn-v1", 1, 2), variant("Candidate", "churn-m3", 1, 2))
	if err := s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: rpm}); err != nil {
		t.Fatal(err)
	}
	call(s, updateEndpoint, update("churn-v3"))
	s.settle()
	s.events = nil
	return s
}

// Instances take minutes to come, less to go, and weights alone the least. While the
// change is under way DescribeEndpoint shows what is and what is wanted.
func TestCapacities(t *testing.T) {
	for name, c := range map[string]struct {
		in          *sdk.UpdateEndpointWeightsAndCapacitiesInput
		least, most time.Duration
		count       int32
		weight      float32
	}{
		"weights alone":         {weights("Candidate", 3.0), 30 * time.Second, 90 * time.Second, 2, 3},
		"more":                  {resized("Candidate", 6), 4 * time.Minute, 8 * time.Minute, 6, 1},
		"fewer":                 {resized("Candidate", 1), time.Minute, 2 * time.Minute, 1, 1},
		"as many":               {resized("Candidate", 2), 30 * time.Second, 90 * time.Second, 2, 1},
		"more, and all weights": {resized("Candidate", 6, weight("AllTraffic", 2)), 4 * time.Minute, 8 * time.Minute, 6, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := split(t, 0, noBehaviour)
			began := s.w.Now()
			call(s, changeWeights, c.in)
			v := s.describe().ProductionVariants[1]
			if *v.CurrentInstanceCount != 2 || *v.CurrentWeight != 1 || *v.DesiredInstanceCount != c.count || *v.DesiredWeight != c.weight || v.VariantStatus[0].Status != types.VariantStatusUpdating {
				t.Errorf("under way: %+v", v)
			}
			d := s.settle()
			v = d.ProductionVariants[1]
			if *v.CurrentInstanceCount != c.count || *v.DesiredInstanceCount != c.count || *v.CurrentWeight != c.weight || v.VariantStatus != nil || *d.EndpointConfigName != "churn-v3" {
				t.Errorf("after: %+v", v)
			}
			if took := s.w.Now().Sub(began); took < c.least || took > c.most {
				t.Errorf("took %s, want %s to %s", took, c.least, c.most)
			}
			if diff := cmp.Diff([]string{"UPDATING", "IN_SERVICE"}, s.statuses()); diff != "" {
				t.Error(diff)
			}
		})
	}
	s := split(t, 0, noBehaviour)
	if _, err := try(s, changeWeights, resized("Candidate", 3, resized("AllTraffic", 3).DesiredWeightsAndCapacities...)); err == nil {
		t.Error("the capacities of two variants were changed by one call")
	}
}

// Weights and instances have fates of their own: what scaling does uses up none that
// was meant for a step.
func TestFatesOfCapacities(t *testing.T) {
	s := split(t, 0, noBehaviour)
	s.svc.Hosting.NextWeights("churn", hosting.Fate{Ending: hosting.RollsBack, Reason: "weights"})
	s.svc.Hosting.NextCapacity("churn", hosting.Fate{Ending: hosting.RollsBack, Reason: "no capacity", Takes: time.Hour})
	began := s.w.Now()
	s.w.Do(func() {
		if err := s.svc.Hosting.Resize("churn", "Candidate", 5); err != nil {
			t.Fatal(err)
		}
	})
	d := s.settle()
	if v := d.ProductionVariants[1]; *v.CurrentInstanceCount != 2 || *v.DesiredInstanceCount != 2 || aws.ToString(d.FailureReason) != "no capacity" || s.w.Now().Sub(began) != time.Hour {
		t.Errorf("after a roll back: %+v %v", v, d.FailureReason)
	}
	call(s, changeWeights, resized("Candidate", 5, weight("AllTraffic", 4)))
	if d := s.settle(); aws.ToString(d.FailureReason) != "weights" {
		t.Errorf("the change of weights ended with %v", d.FailureReason)
	}
	if diff := cmp.Diff([]string{"UPDATING", "ROLLING_BACK", "IN_SERVICE", "UPDATING", "ROLLING_BACK", "IN_SERVICE"}, s.statuses()); diff != "" {
		t.Error(diff)
	}
}

// Too few instances are seen by users, in the metrics, and only on their variant.
func TestOverload(t *testing.T) {
	s := split(t, 4000, traffic.Behaviour{PerInstance: 500})
	measure := func() (share map[string]float64, latency float64) {
		s.points = nil
		from := s.w.Now().Truncate(time.Minute).Add(time.Minute)
		s.w.RunFor(21 * time.Minute)
		requests, bad := map[string]float64{}, map[string]float64{}
		for _, c := range s.svc.Hosting.Served("churn", from, from.Add(20*time.Minute)) {
			requests[c.Variant] += float64(c.Requests)
			bad[c.Variant] += float64(c.Bad())
		}
		failed, n := s.sum("Invocation5XXErrors", dims("Candidate"))
		near(t, "share of 5XX in the metrics", failed/n, bad["Candidate"]/requests["Candidate"], 0.02)
		slow, n := s.sum("ModelLatency", dims("Candidate"))
		return map[string]float64{"AllTraffic": bad["AllTraffic"] / requests["AllTraffic"], "Candidate": bad["Candidate"] / requests["Candidate"]}, slow / n
	}
	share, slow := measure()
	near(t, "bad answers of 2 instances with twice what they carry", share["Candidate"], 0.5, 0.02)
	near(t, "bad answers of the other variant", share["AllTraffic"], 0, 0)
	call(s, changeWeights, resized("Candidate", 4))
	s.settle()
	share, usual := measure()
	near(t, "bad answers of 4 instances", share["Candidate"], 0, 0)
	near(t, "how much slower it was", slow/usual, 2, 0.1)
	s.w.Do(func() {
		if err := s.svc.Hosting.SetBehaviour("churn-m3", noBehaviour); err != nil {
			t.Fatal(err)
		}
	})
	call(s, changeWeights, resized("Candidate", 1))
	s.settle()
	share, _ = measure()
	near(t, "bad answers without a limit", share["Candidate"], 0, 0)
}
