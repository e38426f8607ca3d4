package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

var churn = model("churn", []spec.DataTrigger{{Bucket: "acme", Prefix: "churn/", Suffix: ".csv"}, {Bucket: "labels"}})

func TestTheSampleBatch(t *testing.T) {
	w := newWorld(t, model("churn", []spec.DataTrigger{{Bucket: "ml-training-data", Prefix: "datasets/churn/"}}))
	var e events.SQSEvent
	sample(t, "data-queue-batch", &e)
	failed, err := w.onData(e)
	if err != nil || len(failed) > 0 {
		t.Fatal(failed, err)
	}
	if diff := cmp.Diff([]string{"ml-training-data/datasets/churn/2026-03-02/train.csv 617f08299329d189"}, w.objects("churn", 1)); diff != "" {
		t.Errorf("demand (-want +got):\n%s", diff)
	}
	w.Do(func() {
		chunks, err := w.table.Chunks(ctx, "churn", 1)
		w.ok(err)
		at := time.Date(2026, 3, 2, 10, 15, 30, 0, time.UTC)
		want := []demand.Chunk{{
			Name: chunks[0].Name, List: "chunks/churn/" + chunks[0].Name + ".jsonl.gz", Objects: 1, Bytes: 1048576, FirstAt: at, LastAt: at,
			Cause: demand.Cause{Kind: "data", Text: "s3://ml-training-data/datasets/churn/"},
		}}
		if diff := cmp.Diff(want, chunks); diff != "" {
			t.Errorf("chunk (-want +got):\n%s", diff)
		}
		if got := w.states.Executions("")[0].Input; got != `{"model":"churn","generation":1,"run":"churn-g1"}` {
			t.Errorf("the training machine was started with %s", got)
		}
	})
}

func TestABatchOfEverything(t *testing.T) {
	fraud := model("fraud", []spec.DataTrigger{{Bucket: "acme", Prefix: "churn/"}})
	w := newWorld(t, churn, fraud)
	late := noon.Add(time.Hour)
	e := batch(
		created("m1", "acme", "churn/b.csv", "2", late),
		created("m2", "acme", "churn/a.csv", "1", noon),
		created("m3", "acme", "churn/b.csv", "2", late),  // twice
		created("m4", "acme", "churn/b.csv", "1", noon),  // an older version of it
		created("m5", "acme", "churn/readme", "1", noon), // fraud's only
		created("m6", "acme", "elsewhere/a.csv", "1", noon),
		created("m7", "unknown", "churn/a.csv", "1", noon),
		created("m8", "labels", "../\n\"x\"", "1", noon),
		events.SQSMessage{MessageId: "bad1", Body: "{"},
		events.SQSMessage{MessageId: "bad2", Body: `{"Event":"s3:TestEvent"}`},
		events.SQSMessage{MessageId: "bad3", Body: strings.Replace(created("x", "acme", "churn/a.csv", "1", noon).Body, "Created", "Restored", 1)},
	)
	var log bytes.Buffer
	payload, err := json.Marshal(e)
	w.ok(err)
	var out events.SQSEventResponse
	w.Do(func() {
		raw, err := edge.Handle("on-data", &log, w.intake.OnData)(ctx, payload)
		w.ok(err)
		w.ok(json.Unmarshal(raw, &out))
	})
	if got := fmt.Sprint(out.BatchItemFailures); got != "[{bad1} {bad2} {bad3}]" {
		t.Errorf("given back: %s", got)
	}
	if diff := cmp.Diff([]string{"acme/churn/a.csv 1", "acme/churn/b.csv 1", "acme/churn/b.csv 2", "labels/../\n\"x\" 1"}, slices.Sorted(slices.Values(w.objects("churn", 1)))); diff != "" {
		t.Errorf("churn's demand (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acme/churn/a.csv 1", "acme/churn/b.csv 1", "acme/churn/b.csv 2", "acme/churn/readme 1"}, slices.Sorted(slices.Values(w.objects("fraud", 1)))); diff != "" {
		t.Errorf("fraud's demand (-want +got):\n%s", diff)
	}
	w.Do(func() {
		chunks, err := w.table.Chunks(ctx, "churn", 1)
		w.ok(err)
		seen := map[int]string{}
		for _, c := range chunks {
			seen[c.Trigger] = fmt.Sprintf("%d objects, %d bytes, %s to %s, %s", c.Objects, c.Bytes, c.FirstAt.Format("15:04"), c.LastAt.Format("15:04"), c.Cause.Text)
		}
		want := map[int]string{0: "3 objects, 30 bytes, 12:00 to 13:00, s3://acme/churn/", 1: "1 objects, 10 bytes, 12:00 to 12:00, s3://labels/"}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("chunks by trigger (-want +got):\n%s", diff)
		}
	})
	if diff := cmp.Diff([]string{"churn-g1 RUNNING", "fraud-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	sent := fmt.Sprint(late.Add(time.Second).UnixMilli())
	for _, want := range []string{`"EventsIgnored":2`, `"EventsMalformed":3`, `"Timestamp":` + sent, `"messages":11,"ignored":2,"malformed":3`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, log.String())
		}
	}
}

// The same events in another batch, or in another order, are the same demand.
func TestRedelivery(t *testing.T) {
	w := newWorld(t, churn)
	a, b := created("m1", "acme", "churn/a.csv", "1", noon), created("m2", "acme", "churn/b.csv", "1", noon)
	for _, e := range []events.SQSEvent{batch(a, b), batch(b, a), batch(a, b, a)} {
		if failed, err := w.onData(e); err != nil || failed != nil {
			t.Fatal(failed, err)
		}
	}
	if got := w.objects("churn", 1); len(got) != 2 {
		t.Errorf("demand %v", got)
	}
	if keys := w.keysOfStore(); len(keys) != 1 {
		t.Errorf("the store holds %v", keys)
	}
}

func (w *world) keysOfStore() (keys []string) {
	w.Do(func() { keys = w.s3.List("store", "") })
	return keys
}

// A generation that closes while a chunk is on its way does not get it; the next
// one does, and has a machine.
func TestAClosingGeneration(t *testing.T) {
	w := newWorld(t, churn)
	w.before("TransactWriteItems", func() bool { w.ok(w.table.CloseGeneration(ctx, "churn", 1)); return false })
	if _, err := w.onData(batch(created("m1", "acme", "churn/a.csv", "1", noon))); err != nil {
		t.Fatal(err)
	}
	if first, second := w.objects("churn", 1), w.objects("churn", 2); len(first) > 0 || len(second) != 1 {
		t.Errorf("generations have %v and %v", first, second)
	}
	if diff := cmp.Diff([]string{"churn-g2 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

func TestAlwaysInTheWay(t *testing.T) {
	w := newWorld(t, churn)
	w.db.TransactionConflicts = 1
	if _, err := w.onData(batch(created("m1", "acme", "churn/a.csv", "1", noon))); !fault.Is(err, fault.NotReady) {
		t.Errorf("got %v", err)
	}
	w.db.TransactionConflicts = 0.5 // half of the writes
	for i := range 20 {
		if _, err := w.onData(batch(created("m1", "acme", fmt.Sprintf("churn/%d.csv", i), "1", noon))); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.objects("churn", 1); len(got) != 20 {
		t.Errorf("demand of %d objects", len(got))
	}
}

func TestErrorsGiveTheBatchBack(t *testing.T) {
	for _, operation := range []string{"Query", "PutObject", "GetItem", "TransactWriteItems", "StartExecution"} {
		w := newWorld(t, churn)
		w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
			if c.Operation == operation {
				return wire.Throttle
			}
			return wire.NoFault
		}
		failed, err := w.onData(batch(created("m1", "acme", "churn/a.csv", "1", noon), events.SQSMessage{MessageId: "bad", Body: "{"}))
		if !fault.Is(err, fault.Throttled) || failed != nil {
			t.Errorf("%s throttled: %v, %v", operation, failed, err)
		}
		w.srv.Fault = nil
		if _, err := w.onData(batch(created("m1", "acme", "churn/a.csv", "1", noon))); err != nil || len(w.objects("churn", 1)) != 1 || len(w.executions()) != 1 {
			t.Errorf("%s throttled, then not: %v, %v, %v", operation, err, w.objects("churn", 1), w.executions())
		}
	}
}

// What cannot be added for one model comes back for it alone: its objects, and no
// others, are returned to the queue.
func TestOneModelHoldsUpNoOther(t *testing.T) {
	w := newWorld(t, model("churn", []spec.DataTrigger{{Bucket: "acme", Prefix: "churn/"}, {Bucket: "acme", Prefix: "shared/"}}),
		model("offers", []spec.DataTrigger{{Bucket: "acme", Prefix: "offers/"}}), model("uplift", []spec.DataTrigger{{Bucket: "acme", Prefix: "shared/"}}))
	all := batch(
		created("c1", "acme", "churn/a", "1", noon), created("o1", "acme", "offers/a", "1", noon), created("s1", "acme", "shared/a", "1", noon),
		created("c2", "acme", "churn/b", "1", noon), events.SQSMessage{MessageId: "bad", Body: "{"},
	)
	w.srv.Fault = func(c *wire.Call, in any) wire.Effect {
		if c.Operation == "StartExecution" && strings.Contains(fmt.Sprintf("%+v", in), "churn-g1") {
			return wire.Throttle
		}
		return wire.NoFault
	}
	failed, err := w.onData(all)
	if diff := cmp.Diff([]string{"bad", "c1", "c2", "s1"}, slices.Sorted(slices.Values(failed))); diff != "" || err != nil {
		t.Errorf("returned, %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"offers-g1 RUNNING", "uplift-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	w.srv.Fault = nil
	if failed, err = w.onData(batch(all.Records[0], all.Records[2], all.Records[3])); failed != nil || err != nil {
		t.Errorf("again: %v, %v", failed, err)
	}
	for model, want := range map[string]int{"churn": 3, "offers": 1, "uplift": 1} {
		unique := map[string]bool{}
		for _, o := range w.objects(model, 1) {
			unique[o] = true
		}
		if len(unique) != want {
			t.Errorf("%s has %v", model, unique)
		}
	}
	if diff := cmp.Diff([]string{"offers-g1 RUNNING", "uplift-g1 RUNNING", "churn-g1 RUNNING"}, w.executions()); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
}

// A process that dies at any call loses nothing and counts nothing twice, once its
// messages come back.
func TestCrashes(t *testing.T) {
	e := batch(created("m1", "acme", "churn/a.csv", "1", noon), created("m2", "labels", "b", "1", noon))
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter} {
		for n := 0; ; n++ {
			w := newWorld(t, churn)
			calls := 0
			w.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls-1 == n {
					return effect
				}
				return wire.NoFault
			}
			func() {
				defer func() { _ = recover() }()
				_, _ = w.onData(e)
			}()
			w.srv.Fault = nil
			if _, err := w.onData(e); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"acme/churn/a.csv 1", "labels/b 1"}, slices.Sorted(slices.Values(w.objects("churn", 1)))); diff != "" {
				t.Errorf("call %d, effect %v (-want +got):\n%s", n, effect, diff)
			}
			if diff := cmp.Diff([]string{"churn-g1 RUNNING"}, w.executions()); diff != "" {
				t.Errorf("call %d, effect %v (-want +got):\n%s", n, effect, diff)
			}
			if calls <= n {
				break
			}
		}
	}
}
