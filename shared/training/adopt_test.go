package training_test

import (
	"strings"
	"testing"
	"time"

	"sluice/shared/applying"
	"sluice/shared/fault"
	"sluice/shared/spec"
	"sluice/shared/training"
)

// A run whose machine was killed is gated by the next one, like any other; what cannot
// be gated waits for a person.
func TestARunWithoutAMachineIsGated(t *testing.T) {
	tests := []struct {
		name     string
		report   float64
		change   func(*world)
		approval string
		reason   string
		asked    int
	}{
		{"good", 0.9, nil, training.Approved, "gate passed: auc 0.9", 1},
		{"bad", 0.5, nil, training.Rejected, "NOT MET: auc 0.5", 0},
		{"a person was faster", 0.9, func(w *world) {
			w.Do(func() { w.ok(w.run.Registry.SetApproval(ctx, w.packageOf(1), training.Rejected, "by hand")) })
		}, training.Rejected, "already Rejected; gate passed", 0},
		{"the report cannot be read", 0.9, func(w *world) {
			w.Do(func() {
				p, err := w.run.Registry.Package(ctx, w.packageOf(1))
				w.ok(err)
				w.ok(w.s3.Put("models", strings.TrimPrefix(p.Report, "s3://models/"), []byte("<html>")))
			})
		}, "", "its state machine was gone before the gate: s3://models/", 0},
		{"another package group", 0.9, func(w *world) {
			s := churn()
			s.Package.Group = "other"
			w.apply(s)
		}, "", "which is not of group other; approve arn:", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, arn := trained(t, tt.report)
			w.RunFor(48 * time.Hour) // its lease has expired
			if tt.change != nil {
				tt.change(w)
			}
			w.arrive("b")
			w.launch(2)
			r := w.runOf(1)
			if r.State != training.Trained || r.Package != arn || r.Approval != tt.approval || !strings.Contains(r.Reason, tt.reason) || r.EndedAt.IsZero() {
				t.Errorf("run %+v", r)
			}
			if len(w.asked) != tt.asked {
				t.Errorf("asked for %q", w.asked)
			}
			if tt.approval != "" {
				if got, _ := w.approval(arn); got != tt.approval {
					t.Errorf("the registry says %s", got)
				}
			}
			if got := w.manifest(2); len(got) != 1 || got[0] != "b@1" {
				t.Errorf("the next run has %v", got)
			}
		})
	}
}

// A run that gave up while its pipeline went on, since another had taken its lease, or
// since it was kept from looking, is ended; the next waits for its pipeline all the same.
func TestAPipelineThatNobodySawEnd(t *testing.T) {
	w := newWorld(t)
	w.arrive("a")
	w.launch(1)
	end := training.End{Step: w.step(1)}
	end.Error.Error = "Denied"
	call(w, w.run.ReportTraining, end)
	w.arrive("b")
	w.lease(2)
	if _, err := try(w, w.run.LaunchPipeline, w.step(2)); !fault.Is(err, fault.NotReady) || !strings.Contains(err.Error(), "run 1 of churn gave up") {
		t.Errorf("beside the first: %v", err)
	}
	if len(w.runs) != 1 {
		t.Errorf("%d executions", len(w.runs))
	}
	w.RunFor(2 * time.Hour)
	if got := w.launch(2); !got.Launched || got.Objects != 2 {
		t.Errorf("after it: %+v", got)
	}
}

// packageOf is what a generation's pipeline execution has registered, for who holds the
// world.
func (w *world) packageOf(generation int) string {
	r, _, err := w.table.Run(ctx, "churn", generation)
	w.ok(err)
	x, err := w.run.Pipelines.Describe(ctx, r.Pipeline)
	w.ok(err)
	return x.Package
}

// apply puts another spec of churn in force.
func (w *world) apply(s spec.Spec) {
	w.Helper()
	w.Do(func() {
		_, err := applying.Apply(ctx, w.table, s, "test", w.Now())
		w.ok(err)
	})
}
