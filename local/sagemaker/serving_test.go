package sagemaker_test

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sluice/local/sagemaker"
	"sluice/local/sagemaker/traffic"
)

var noBehaviour traffic.Behaviour

func dims(variant string, config ...string) map[string]string {
	d := map[string]string{"EndpointName": "churn", "VariantName": variant}
	if len(config) > 0 {
		d["EndpointConfigName"] = config[0]
	}
	return d
}

func near(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if math.Abs(got-want) > off {
		t.Errorf("%s is %v, want %v ± %v", what, got, want, off)
	}
}

func TestHistoryAndMetrics(t *testing.T) {
	s := newStage(t)
	s.seed(sagemaker.Champion{Traffic: traffic.Traffic{RPM: 1000}, History: 24 * time.Hour,
		Behaviour: traffic.Behaviour{Errors5XX: 0.01, Errors4XX: 0.02, ModelErrors: 0.005}})
	counts := s.svc.Hosting.Served("churn", start.Add(-24*time.Hour), start)
	if len(counts) != 1440 || !counts[0].Minute.Equal(start.Add(-24*time.Hour)) {
		t.Fatalf("%d minutes of history", len(counts))
	}
	var n, bad float64
	for _, c := range counts {
		n += float64(c.Requests)
		bad += float64(c.Bad())
	}
	near(t, "requests", n, 1.44e6, 6000)
	near(t, "share of bad responses", bad/n, 0.015, 0.0005)
	for _, d := range []map[string]string{dims("AllTraffic"), dims("AllTraffic", "churn-v1")} {
		sum, samples := s.sum("Invocations", d)
		near(t, "Invocations", sum, n, 0)
		near(t, "samples of Invocations", samples, n, 0)
		sum, samples = s.sum("Invocation5XXErrors", d)
		near(t, "average of Invocation5XXErrors", sum/samples, 0.01, 0.0005)
		sum, _ = s.sum("InvocationModelErrors", d)
		near(t, "average of InvocationModelErrors", sum/n, 0.035, 0.001)
		sum, _ = s.sum("InvocationsPerInstance", d)
		near(t, "InvocationsPerInstance", sum, n/2, 1e-3)
		sum, samples = s.sum("ModelLatency", d)
		near(t, "samples of ModelLatency", samples, n, 0)
		near(t, "average of ModelLatency, microseconds", sum/samples, 24430, 600)
	}
}

func TestTrafficFollowsWeights(t *testing.T) {
	s := staged(t)
	s.w.Do(func() {
		if err := s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 6000}); err != nil {
			t.Fatal(err)
		}
	})
	call(s, updateEndpoint, update("churn-v2"))
	s.settle()
	call(s, changeWeights, weights("AllTraffic", 0.8, "Candidate", 0.2))
	s.settle()
	s.points = nil
	from := s.w.Now().Truncate(time.Minute).Add(time.Minute)
	s.w.RunFor(31 * time.Minute)
	got := map[string]float64{}
	for _, c := range s.svc.Hosting.Served("churn", from, from.Add(30*time.Minute)) {
		got[c.Variant] += float64(c.Requests)
		if c.Variant == "Candidate" && (math.Abs(c.Share-0.2) > 1e-6 || c.Model != "churn-m2" || c.Config != "churn-v2") {
			t.Fatalf("count %+v", c)
		}
	}
	near(t, "all requests", got["Candidate"]+got["AllTraffic"], 180000, 2000)
	near(t, "the candidate's share", got["Candidate"]/(got["Candidate"]+got["AllTraffic"]), 0.2, 0.005)
}

func TestWeightZeroHasNoDatapoints(t *testing.T) {
	s := staged(t)
	s.w.Do(func() { _ = s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 100}) })
	call(s, updateEndpoint, update("churn-v2"))
	s.settle()
	s.w.RunFor(10 * time.Minute)
	for _, p := range s.points {
		if p.dims["VariantName"] == "Candidate" {
			t.Fatalf("datapoint of %s for a variant without traffic", p.name)
		}
	}
}

func TestGoesBadAtHalf(t *testing.T) {
	s := newStage(t)
	s.seed(sagemaker.Champion{Traffic: traffic.Traffic{RPM: 2000}})
	s.model("churn-m2", traffic.Behaviour{Changes: []traffic.Change{{AtShare: 0.5, Then: traffic.Behaviour{Errors5XX: 0.3}}}})
	s.config("churn-v2", variant("AllTraffic", "churn-v1", 9, 1), variant("Candidate", "churn-m2", 1, 1))
	call(s, updateEndpoint, update("churn-v2"))
	s.settle()
	s.w.RunFor(10 * time.Minute)
	changed := s.w.Now()
	call(s, changeWeights, weights("AllTraffic", 1.0, "Candidate", 1.0))
	s.settle()
	s.w.RunFor(10 * time.Minute)
	var before, after float64
	for _, c := range s.svc.Hosting.Served("churn", start, s.w.Now()) {
		if c.Minute.Before(changed) {
			before += float64(c.Errors5XX)
		} else if c.Minute.After(changed.Add(2*time.Minute)) && c.Variant == "Candidate" {
			after += float64(c.Errors5XX) / float64(c.Requests) / 7
		}
	}
	near(t, "errors before", before, 0, 0)
	if after < 0.2 {
		t.Errorf("share of errors after is %v", after)
	}
}

func guarded(kind types.TrafficRoutingConfigType, alarms ...types.Alarm) *sdk.UpdateEndpointInput {
	in := update("churn-v3")
	half := &types.CapacitySize{Type: types.CapacitySizeTypeCapacityPercent, Value: aws.Int32(25)}
	r := &types.TrafficRoutingConfig{Type: kind, WaitIntervalInSeconds: aws.Int32(600)}
	switch kind {
	case types.TrafficRoutingConfigTypeCanary:
		r.CanarySize = half
	case types.TrafficRoutingConfigTypeLinear:
		r.LinearStepSize = half
	}
	in.DeploymentConfig = &types.DeploymentConfig{BlueGreenUpdatePolicy: &types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: r, TerminationWaitInSeconds: aws.Int32(300)}}
	if len(alarms) > 0 {
		in.DeploymentConfig.AutoRollbackConfiguration = &types.AutoRollbackConfig{Alarms: alarms}
	}
	return in
}

func TestGuardrails(t *testing.T) {
	for name, c := range map[string]struct {
		kind   types.TrafficRoutingConfigType
		shares []float64
	}{
		"all at once": {types.TrafficRoutingConfigTypeAllAtOnce, []float64{1}},
		"canary":      {types.TrafficRoutingConfigTypeCanary, []float64{0.25, 1}},
		"linear":      {types.TrafficRoutingConfigTypeLinear, []float64{0.25, 0.5, 0.75, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			s.config("churn-v3", variant("AllTraffic", "churn-m2", 1, 4))
			s.w.Do(func() { _ = s.svc.Hosting.SetTraffic("churn", traffic.Traffic{RPM: 6000}) })
			call(s, updateEndpoint, guarded(c.kind))
			if d := s.settle(); *d.EndpointConfigName != "churn-v3" || d.LastDeploymentConfig == nil {
				t.Fatalf("ended on %s", *d.EndpointConfigName)
			}
			seen := map[float64]int{}
			for _, n := range s.svc.Hosting.Served("churn", start, s.w.Now()) {
				if n.Config == "churn-v3" {
					seen[n.Share]++
				}
			}
			for _, want := range c.shares {
				if seen[want] < 4 {
					t.Errorf("share %v was held for %d minutes; all: %v", want, seen[want], seen)
				}
			}
			both, _ := s.sum("Invocations", dims("AllTraffic"))
			blue, _ := s.sum("Invocations", dims("AllTraffic", "churn-v1"))
			green, _ := s.sum("Invocations", dims("AllTraffic", "churn-v3"))
			near(t, "the fleets together", both, blue+green, 0)
		})
	}
}

func TestAlarmRollsBack(t *testing.T) {
	for name, silent := range map[string]bool{"with a reason": false, "silently": true} {
		t.Run(name, func(t *testing.T) {
			s := staged(t)
			s.svc.Hosting.SilentRollback = silent
			s.config("churn-v3", variant("AllTraffic", "churn-m2", 1, 4))
			call(s, updateEndpoint, guarded(types.TrafficRoutingConfigTypeCanary, types.Alarm{AlarmName: aws.String("errors")}))
			s.w.RunFor(12 * time.Minute)
			s.alarms["errors"] = "ALARM"
			d := s.settle()
			if d.EndpointStatus != types.EndpointStatusInService || *d.EndpointConfigName != "churn-v1" || (d.FailureReason == nil) != silent {
				t.Errorf("%s %s %v", d.EndpointStatus, *d.EndpointConfigName, d.FailureReason)
			}
		})
	}
}

func TestInvoke(t *testing.T) {
	s := staged(t)
	call(s, updateEndpoint, update("churn-v2"))
	s.settle()
	invoke := func(endpoint, target string) (int, http.Header, string) {
		r, err := http.NewRequest(http.MethodPost, "http://local/endpoints/"+endpoint+"/invocations", strings.NewReader("1,2"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260302/us-east-1/sagemaker/aws4_request")
		if target != "" {
			r.Header.Set("X-Amzn-SageMaker-Target-Variant", target)
		}
		var resp *http.Response
		s.w.Do(func() { resp, err = s.srv.RoundTrip(r) })
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(b)
	}
	if code, h, body := invoke("churn", ""); code != 200 || h.Get("x-amzn-Invoked-Production-Variant") != "AllTraffic" {
		t.Errorf("%d %v %s", code, h, body)
	}
	if code, h, body := invoke("churn", "Candidate"); code != 200 || h.Get("x-amzn-Invoked-Production-Variant") != "Candidate" {
		t.Errorf("a variant of weight 0: %d %v %s", code, h, body)
	}
	s.w.Do(func() { _ = s.svc.Hosting.SetBehaviour("churn-m2", traffic.Behaviour{Errors5XX: 1}) })
	if code, h, body := invoke("churn", "Candidate"); code != 424 || h.Get("X-Amzn-Errortype") != "ModelError" || !strings.Contains(body, `"OriginalStatusCode":500`) {
		t.Errorf("a failing model: %d %v %s", code, h, body)
	}
	if code, h, body := invoke("nope", ""); code != 400 || h.Get("X-Amzn-Errortype") != "ValidationError" || !strings.Contains(body, "Endpoint nope of account 111122223333 not found.") {
		t.Errorf("an unknown endpoint: %d %v %s", code, h, body)
	}
	if code, _, _ := invoke("churn", "Nope"); code != 400 {
		t.Errorf("an unknown variant: %d", code)
	}
	s.w.RunFor(2 * time.Minute)
	if n, _ := s.sum("Invocations", dims("Candidate", "churn-v2")); n != 2 {
		t.Errorf("%v invocations of the candidate recorded", n)
	}
}
