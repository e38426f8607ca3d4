package intake_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/demand"
	"sluice/shared/spec"
)

// everything is a model that trains on all of a bucket.
var everything = model("churn", []spec.DataTrigger{{Bucket: "acme"}})

// listed is what the only chunk of a model lists, as demand has it.
func (w *world) listed() (all []demand.Object) {
	w.Helper()
	w.Do(func() {
		chunks, err := w.table.Chunks(ctx, "churn", 1)
		w.ok(err)
		for _, c := range chunks {
			content, _ := w.s3.Get("store", c.List)
			for o, err := range demand.Read(bytes.NewReader(content)) {
				w.ok(err)
				all = append(all, o)
			}
		}
	})
	return all
}

// FuzzKeys: whatever a key is made of, the chunk lists it as S3 said it, byte for
// byte, and it is at no other place in the store.
func FuzzKeys(f *testing.F) {
	for _, key := range []string{
		"plain", "new\nline", "carriage\r\n", `quo"te`, `back\slash`, "../../etc/passwd", "/", "//", " ", "%2F+%20", "tab\t", "nul\x00", "\u2028\u2029", "<b>&amp;",
		"ключ/鍵/🔑", `{"key":"x"}`, "\ufffd", strings.Repeat("\x01", 1024), strings.Repeat("🔑", 256), strings.Repeat("/", 1024), "a\x7f\u0085\u200b\ufeff",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if key == "" || len(key) > 1024 || !utf8.ValidString(key) {
			return // S3 has no such key
		}
		w := newWorld(t, everything)
		if failed, err := w.onData(batch(created("m1", "acme", key, "61", noon))); err != nil || failed != nil {
			t.Fatal(failed, err)
		}
		if diff := cmp.Diff([]demand.Object{{Bucket: "acme", Key: key, Sequencer: "61", ETag: "e", Size: 10}}, w.listed()); diff != "" {
			t.Errorf("listed (-want +got):\n%s", diff)
		}
		if keys := w.keysOfStore(); len(keys) != 1 || !strings.HasPrefix(keys[0], "chunks/churn/") || len(keys[0]) != len("chunks/churn/.jsonl.gz")+64 {
			t.Errorf("the store holds %q", keys)
		}
	})
}

// deleted is S3's event for an object that went.
func deleted(id, key, sequencer, version, how string, at time.Time) events.SQSMessage {
	object := map[string]any{"key": key, "etag": "e", "sequencer": sequencer}
	if version != "" {
		object["version-id"] = version
	}
	body, err := json.Marshal(map[string]any{
		"id": id, "source": "aws.s3", "detail-type": "Object Deleted", "time": at.Format(time.RFC3339),
		"detail": map[string]any{"bucket": map[string]any{"name": "acme"}, "object": object, "deletion-type": how},
	})
	if err != nil {
		panic(err)
	}
	return events.SQSMessage{MessageId: id, Body: string(body)}
}

// Deletions are part of the demand, are not counted as new, and ask for no run alone.
func TestDeletions(t *testing.T) {
	w := newWorld(t, everything)
	_, err := w.onData(batch(
		deleted("m1", "a", "2", "", "Permanently Deleted", noon.Add(time.Hour)),
		deleted("m2", "b", "2", "v1", "Permanently Deleted", noon.Add(time.Hour)),
		deleted("m3", "c", "2", "m", "Delete Marker Created", noon.Add(time.Hour)),
	))
	if err != nil {
		t.Fatal(err)
	}
	want := []demand.Object{
		{Bucket: "acme", Key: "a", Sequencer: "2", ETag: "e", Gone: demand.GoneKey},
		{Bucket: "acme", Key: "b", Sequencer: "2", ETag: "e", VersionID: "v1", Gone: demand.GoneVersion},
		{Bucket: "acme", Key: "c", Sequencer: "2", ETag: "e", VersionID: "m", Gone: demand.GoneKey},
	}
	if diff := cmp.Diff(want, w.listed()); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if got := w.executions(); len(got) > 0 {
		t.Errorf("deletions alone started %v", got)
	}
	if _, err := w.onData(batch(created("m4", "acme", "d", "1", noon), deleted("m5", "e", "1", "", "Permanently Deleted", noon.Add(time.Hour)))); err != nil {
		t.Fatal(err)
	}
	w.Do(func() {
		chunks, err := w.table.Chunks(ctx, "churn", 1)
		w.ok(err)
		for _, c := range chunks {
			if c.Objects == 1 && (c.Bytes != 10 || !c.FirstAt.Equal(noon) || !c.LastAt.Equal(noon)) || c.Objects == 0 && !c.FirstAt.IsZero() {
				t.Errorf("chunk %+v", c)
			}
		}
	})
	if diff := cmp.Diff([]string{"churn-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

// What intake remembers of the table saves reads, and a spec that is applied
// meanwhile is seen by the next batch all the same.
func TestMemory(t *testing.T) {
	w := newWorld(t, everything)
	w.db.PageItems = 0
	calls := map[string]int{}
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect { calls[c.Operation]++; return wire.NoFault }
	arrive := func(bucket, key string) {
		t.Helper()
		if failed, err := w.onData(batch(created("m", bucket, key, "1", noon))); failed != nil || err != nil {
			t.Fatal(failed, err)
		}
	}
	arrive("acme", "a")
	arrive("acme", "b")
	arrive("acme", "c")
	want := map[string]int{"Query": 1, "GetItem": 1, "PutObject": 3, "TransactWriteItems": 3, "StartExecution": 3, "DescribeExecution": calls["DescribeExecution"]}
	if calls["DescribeExecution"] == 0 {
		delete(want, "DescribeExecution")
	}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls for three batches (-want +got):\n%s", diff)
	}
	w.srv.Fault = nil
	arrive("labels", "x") // nobody wants it, yet
	w.apply(model("fraud", []spec.DataTrigger{{Bucket: "acme", Prefix: "d"}, {Bucket: "labels"}}))
	arrive("acme", "d")
	arrive("labels", "y")
	if got := w.objects("fraud", 1); len(got) != 2 {
		t.Errorf("fraud has %v", got)
	}
	w.apply(model("churn", []spec.DataTrigger{{Bucket: "acme", Prefix: "f"}}))
	arrive("acme", "e")
	if got := w.objects("churn", 1); len(got) != 4 {
		t.Errorf("churn has %v", got)
	}
	w.Do(func() { w.ok(w.table.CloseGeneration(ctx, "churn", 1)) })
	arrive("acme", "f")
	if got := w.objects("churn", 2); len(got) != 1 {
		t.Errorf("churn's second generation has %v", got)
	}
	if diff := cmp.Diff([]string{"churn-g1 RUNNING", "fraud-g1 RUNNING", "churn-g2 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}
