package sagemaker_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/local/sagemaker/traffic"
)

// shadowed is churn with 1000 requests a minute, of which the share sampled is
// mirrored to a variant Shadow that answers like b.
func shadowed(t *testing.T, sampled float32, b traffic.Behaviour) *stage {
	t.Helper()
	s := staged(t)
	s.model("churn-m3", b)
	s.w.Do(func() {
		if err := s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 1000}); err != nil {
			t.Fatal(err)
		}
	})
	call(s, createConfig, &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("shadowed"), ProductionVariants: []types.ProductionVariant{variant("AllTraffic", "churn-v1", 2, 2)},
		ShadowProductionVariants: []types.ProductionVariant{variant("Shadow", "churn-m3", 2*sampled, 2)}})
	call(s, updateEndpoint, update("shadowed"))
	s.settle()
	s.points = nil
	return s
}

// Requests are mirrored by shadow weight over production weight. The answers are in
// the metrics under the shadow's name, and no user's.
func TestShadow(t *testing.T) {
	for name, c := range map[string]struct {
		sampled float32
		want    float64
	}{"half": {0.5, 0.5}, "all": {1, 1}, "no more than all": {2, 1}, "nothing": {0, 0}} {
		t.Run(name, func(t *testing.T) {
			s := shadowed(t, c.sampled, traffic.Behaviour{Errors5XX: 1})
			if d := s.describe(); len(d.ProductionVariants) != 1 || len(d.ShadowProductionVariants) != 1 || *d.ShadowProductionVariants[0].CurrentWeight != 2*c.sampled || *d.ShadowProductionVariants[0].CurrentInstanceCount != 2 {
				t.Fatalf("%+v, shadow %+v", d.ProductionVariants, d.ShadowProductionVariants)
			}
			from := s.w.Now().Truncate(time.Minute).Add(time.Minute)
			s.w.RunFor(20 * time.Minute)
			production, _ := s.sum("Invocations", dims("AllTraffic"))
			shadow, _ := s.sum("Invocations", dims("Shadow"))
			failed, _ := s.sum("Invocation5XXErrors", dims("Shadow", "shadowed"))
			near(t, "share mirrored", shadow/production, c.want, 0.02)
			near(t, "errors of the shadow", failed, shadow, 0)
			for _, n := range s.svc.Hosting.Served("churn", from, s.w.Now()) {
				if n.Variant != "AllTraffic" || n.Bad() > 0 {
					t.Fatalf("users were served %+v", n)
				}
			}
			got := 0.0
			for _, n := range s.svc.Hosting.Mirrored("churn", from.Add(-time.Minute), s.w.Now()) {
				if n.Variant != "Shadow" || n.Model != "churn-m3" || n.Bad() != n.Requests {
					t.Fatalf("the shadow answered %+v", n)
				}
				got += float64(n.Requests)
			}
			near(t, "mirrored", got, shadow, 0)
		})
	}
}

// A shadow has to carry what is mirrored, and no weights: they come with a
// configuration.
func TestShadowIsOverloadedByItself(t *testing.T) {
	s := shadowed(t, 1, traffic.Behaviour{PerInstance: 250})
	s.w.RunFor(20 * time.Minute)
	failed, n := s.sum("Invocation5XXErrors", dims("Shadow"))
	near(t, "share of 5XX of the shadow", failed/n, 0.5, 0.02)
	if failed, _ := s.sum("Invocation5XXErrors", dims("AllTraffic")); failed > 0 {
		t.Errorf("%v errors of the production variant", failed)
	}
	_, err := try(s, changeWeights, weights("Shadow", 1.0))
	if got := refusal(t, err); got != `NotImplemented: local AWS does not implement UpdateEndpointWeightsAndCapacities of the shadow variant "Shadow": SageMaker's answer is not known` {
		t.Error(got)
	}
}

// The ways of a shadow: it is taken away again, or becomes a second production variant.
func TestShadowGoesAndIsPromoted(t *testing.T) {
	s := shadowed(t, 0.5, noBehaviour)
	s.config("both", variant("AllTraffic", "churn-v1", 3, 2), variant("Shadow", "churn-m3", 1, 2))
	call(s, updateEndpoint, update("both"))
	p := s.describe().PendingDeploymentSummary
	if len(p.ProductionVariants) != 2 || len(p.ShadowProductionVariants) != 0 {
		t.Errorf("pending: %+v", p)
	}
	d := s.settle()
	if len(d.ProductionVariants) != 2 || len(d.ShadowProductionVariants) != 0 || *d.EndpointConfigName != "both" {
		t.Fatalf("promoted: %+v", d)
	}
	from := s.w.Now().Truncate(time.Minute).Add(time.Minute)
	s.w.RunFor(21 * time.Minute)
	users := map[string]float64{}
	for _, n := range s.svc.Hosting.Served("churn", from, from.Add(20*time.Minute)) {
		users[n.Variant] += float64(n.Requests)
	}
	near(t, "share of the promoted variant", users["Shadow"]/(users["Shadow"]+users["AllTraffic"]), 0.25, 0.02)

	call(s, updateEndpoint, update("shadowed"))
	s.settle()
	call(s, updateEndpoint, update("churn-v1"))
	if d := s.settle(); len(d.ProductionVariants) != 1 || d.ShadowProductionVariants != nil {
		t.Errorf("without a shadow: %+v", d)
	}
	from = s.w.Now().Truncate(time.Minute).Add(time.Minute)
	s.w.RunFor(10 * time.Minute)
	if n := s.svc.Hosting.Mirrored("churn", from, s.w.Now()); len(n) > 0 {
		t.Errorf("still mirrored: %+v", n)
	}
}

func TestShadowVariantRules(t *testing.T) {
	s := staged(t)
	in := &sdk.CreateEndpointConfigInput{EndpointConfigName: aws.String("shadow"), ProductionVariants: []types.ProductionVariant{variant("A", "churn-v1", 1, 1), variant("B", "churn-v1", 1, 1)},
		ShadowProductionVariants: []types.ProductionVariant{variant("S", "churn-m2", 1, 1)}}
	if _, err := try(s, createConfig, in); err == nil {
		t.Error("two production variants beside a shadow were accepted")
	}
	in.ProductionVariants = in.ProductionVariants[:1]
	call(s, createConfig, in)
	got := call(s, describeConfig, &sdk.DescribeEndpointConfigInput{EndpointConfigName: in.EndpointConfigName})
	if len(got.ShadowProductionVariants) != 1 || *got.ShadowProductionVariants[0].VariantName != "S" {
		t.Errorf("described as %+v", got.ShadowProductionVariants)
	}
}
