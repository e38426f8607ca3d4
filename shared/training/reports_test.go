package training_test

import (
	"strings"
	"testing"

	"sluice/shared/fault"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// The gate reads a metric of another report under the report's kind.
func TestGateOfAnotherReport(t *testing.T) {
	top := 0.1
	biased := func(s *spec.Spec) {
		s.Package.Gate = append(s.Package.Gate, spec.Condition{Metric: "bias.age.DPL", Max: &top})
	}
	tests := []struct {
		report   string
		approval string
		says     string
	}{
		{`{"age":{"DPL":0.05}}`, training.Approved, "bias.age.DPL 0.05, at most 0.1 wanted"},
		{`{"age":{"DPL":0.2}}`, training.Rejected, "NOT MET: bias.age.DPL 0.2, at most 0.1 wanted"},
		{`{"sex":{"DPL":0.2}}`, training.Rejected, "NOT MET: bias.age.DPL is not a number"},
	}
	for _, tt := range tests {
		w, arn := trained(t, 0.9, biased)
		w.Do(func() { w.ok(w.s3.Put("models", "bias.json", []byte(tt.report))) })
		got := call(w, w.run.GatePackage, w.step(1))
		if got.Approval != tt.approval || !strings.Contains(got.Reason, tt.says) || !strings.Contains(got.Reason, "auc 0.9, at least 0.8 wanted") {
			t.Errorf("%s: %+v", tt.report, got)
		}
		if _, text := w.approval(arn); !strings.Contains(text, tt.says) {
			t.Errorf("%s: the description says %q", tt.report, text)
		}
	}
	w, _ := trained(t, 0.9, biased)
	if _, err := try(w, w.run.GatePackage, w.step(1)); !fault.Is(err, fault.NotFound) {
		t.Errorf("a report that is gone: %v", err)
	}
}

// Whoever must approve by hand is told how, with the numbers.
func TestReportAsksForApproval(t *testing.T) {
	w, arn := trained(t, 0.9, manually)
	w.finish(1)
	sent := w.sns.Messages("arn:aws:sns:us-east-1:111122223333:reports")
	if len(sent) != 1 || !strings.Contains(sent[0].Body, "--model-package-arn "+arn+" --model-approval-status Approved") || !strings.Contains(sent[0].Body, "auc 0.9, at least 0.8 wanted") {
		t.Errorf("sent %+v", sent)
	}
}
