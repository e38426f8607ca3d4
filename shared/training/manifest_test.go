package training_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
)

// More chunks than can be read side by side are merged in steps, and a launch that is
// repeated writes the same manifest at the same place.
func TestManyChunks(t *testing.T) {
	w := newWorld(t)
	w.db.PageItems = 0
	var want []string
	for i := range 520 {
		w.arrive(fmt.Sprintf("k%04d", i), "of all@"+fmt.Sprintf("%04x", i))
		want = append(want, fmt.Sprintf("k%04d@1", i))
	}
	want = append(want, fmt.Sprintf("of all@%04x", 519))
	w.lease(1)
	calls, held, most := 0, 0, 0
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		switch c.Operation {
		case "GetObject":
			calls++
			held++
			most = max(most, held)
		case "PutObject":
			held = 0
		case "StartPipelineExecution":
			return wire.Throttle
		}
		return wire.NoFault
	}
	if _, err := try(w, w.run.LaunchPipeline, w.step(1)); err == nil {
		t.Fatal("launched")
	}
	w.srv.Fault = nil
	before := w.runOf(1)
	call(w, w.run.LaunchPipeline, w.step(1))
	if diff := cmp.Diff(want, w.manifest(1)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if calls != 521 || most > 512 { // nine are read as one
		t.Errorf("%d lists were read, up to %d at once", calls, most)
	}
	if after := w.runOf(1); after.Manifest != before.Manifest || after.Summary != before.Summary {
		t.Errorf("the manifest was %s, and is %s", before.Manifest, after.Manifest)
	}
	var merges []string
	w.Do(func() { merges = w.s3.List("store", "merges/churn/") })
	if len(merges) != 1 {
		t.Errorf("merged on the way: %q", merges)
	}
}

// What was deleted before the launch is not in the manifest; a run of deletions only
// is none.
func TestDeletedBeforeTheLaunch(t *testing.T) {
	w := newWorld(t)
	w.arrive("a", "b", "c")
	deletion := w.batch("b@2", "d@1")
	for i := range deletion.Records {
		deletion.Records[i].Body = strings.Replace(deletion.Records[i].Body, "Object Created", "Object Deleted", 1)
	}
	call(w, w.intake.OnData, deletion)
	w.launch(1)
	if diff := cmp.Diff([]string{"a@1", "c@1"}, w.manifest(1)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	w.finish(1)
	call(w, w.intake.OnData, deletion)
	if got := w.launch(2); got.Launched {
		t.Errorf("launched %+v", got)
	}
}
