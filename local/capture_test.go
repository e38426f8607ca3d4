package local_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local"
	"sluice/local/s3"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/capture"
	"sluice/local/sagemaker/catalog"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
)

// A captured file is an object like any other, with its event. It is written by the role
// of the model; one that may not write, or not there, leaves nothing and says nothing.
func TestCapturesAreWrittenByTheModelsRole(t *testing.T) {
	a := local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), local.InProcess)
	t.Cleanup(a.Close)
	sampling := 100
	seed := func(endpoint, role string) error {
		if err := a.SageMaker.Hosting.SetPayload(endpoint, capture.Payload{Features: []capture.Feature{{Name: "age", Values: capture.Values{Mean: 40}}}}); err != nil {
			return err
		}
		_, err := a.SageMaker.Seed(sagemaker.Champion{Endpoint: endpoint, RoleARN: role, Traffic: traffic.Traffic{RPM: 100}, Capture: &catalog.DataCapture{
			InitialSamplingPercentage: &sampling, DestinationS3URI: "s3://captures/" + endpoint, CaptureOptions: []catalog.CaptureOption{{CaptureMode: "Input"}}}})
		return err
	}
	a.World.Do(func() {
		role, err := a.IAM.CreateRole("models", "/", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			a.IAM.PutRolePolicy("models", "capture", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::captures/may/*"}]}`)),
			a.S3.CreateBucket("captures", s3.Options{EventBridge: true}),
			seed("may", role.ARN), seed("elsewhere", role.ARN), seed("nobody", "arn:aws:iam::111122223333:role/nobody"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	a.World.RunFor(11 * time.Minute)
	a.World.Do(func() {
		var keys []string
		for _, l := range a.Events.Log() {
			var detail struct{ Object struct{ Key string } }
			if l.Event.DetailType != "Object Created" {
				continue
			}
			if err := json.Unmarshal(l.Event.Detail, &detail); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, detail.Object.Key)
		}
		if diff := cmp.Diff(a.S3.List("captures", ""), keys); diff != "" || len(keys) != 2 {
			t.Errorf("files (-are there +events):\n%s", diff)
		}
		for _, key := range keys {
			if !strings.HasPrefix(key, "may/may/AllTraffic/2026/03/02/09/") {
				t.Errorf("a file %s", key)
			}
		}
	})
}
