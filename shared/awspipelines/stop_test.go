package awspipelines_test

import (
	"testing"
	"time"

	"sluice/shared/fault"
)

// What is asked to stop does, and may be asked again.
func TestStop(t *testing.T) {
	w := newWorld(t)
	arn := w.start("a")
	w.RunFor(time.Minute)
	for range 2 {
		w.Do(func() { w.ok(w.pipelines.Stop(ctx, arn)) })
	}
	w.RunUntilIdle(24 * time.Hour)
	if x := w.describe(arn); x.Status != "Stopped" {
		t.Errorf("got %+v", x)
	}
}

func TestDefinition(t *testing.T) {
	w := newWorld(t)
	w.Do(func() {
		got, err := w.pipelines.Definition(ctx, "train")
		if err != nil || string(got) != definition() {
			t.Errorf("got %s, %v", got, err)
		}
		if _, err := w.pipelines.Definition(ctx, "gone"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a pipeline that is not there: %v", err)
		}
	})
}
