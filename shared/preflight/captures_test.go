package preflight_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/shared/preflight"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

// A drift block that nothing comes to is no reason to refuse, but to say so.
func TestCaptures(t *testing.T) {
	tests := []struct {
		name     string
		captures string // of the endpoint's config
		first    bool
		want     []string
	}{
		{"where they are watched", "s3://captures/churn", false, nil},
		{"nowhere", "", false, []string{"warn drift.captures: drift is watched in s3://captures/churn/, and endpoint churn-prod has no data capture; switch it on in an endpoint config of your own, and EventBridge notifications on the bucket"}},
		{"elsewhere", "s3://captures/fraud", false, []string{"warn drift.captures: drift is watched in s3://captures/churn/, and endpoint churn-prod captures into s3://captures/fraud; write it as drift.captures"}},
		{"first", "", true, []string{"warn drift.captures: drift is watched in s3://captures/churn/, and the rollout creates endpoint churn-prod without data capture; switch it on in an endpoint config of your own, and EventBridge notifications on the bucket, once the endpoint is there"}},
	}
	for _, tt := range tests {
		f := facts(2, linear(25, 10))
		f.Spec.Drift = &spec.Drift{Captures: "s3://captures/churn/"}
		f.Config.Captures = tt.captures
		if tt.first {
			f.Endpoint, f.Config, f.Model, f.Champion = rollout.Endpoint{Name: "churn-prod"}, preflight.Config{}, preflight.Model{}, nil
		}
		if diff := cmp.Diff(tt.want, lines(preflight.Check(f).Findings, refuse, warn)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		f.Spec.Drift = nil
		if got := lines(preflight.Check(f).Findings, refuse, warn); len(got) > 0 {
			t.Errorf("%s, without a drift block: %v", tt.name, got)
		}
	}
	f := facts(2, linear(25, 10))
	f.Spec.Drift = &spec.Drift{Captures: "s3://captures"}
	f.Endpoint.Status, f.Config = "Updating", preflight.Config{}
	if got := lines(preflight.Check(f).Findings, warn); len(got) > 0 {
		t.Errorf("what was not read is judged: %v", got)
	}
}
