package awstable_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/building"
	"sluice/shared/capturing"
	"sluice/shared/checking"
	"sluice/shared/committing"
	"sluice/shared/delivering"
	"sluice/shared/demand"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/intake"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

func at(f float64) *float64 { return &f }

// churn is a spec that uses everything.
func churn() spec.Spec {
	s := spec.Spec{
		Model:    "churn",
		Pipeline: spec.Pipeline{Name: "churn-training", Parameters: map[string]string{"Manifest": "${manifest}"}},
		Triggers: spec.Triggers{
			Data: []spec.DataTrigger{
				{Bucket: "acme", Prefix: "churn/", Suffix: ".parquet"}, {Bucket: "acme", Prefix: "labels/"}, {Bucket: "acme", Prefix: "extra/"}, {Bucket: "other"},
			},
			Drift:    []spec.DriftTrigger{{Alarm: "churn-drift-*"}, {Alarm: "churn-quality"}, {Alarm: "all-*"}},
			Schedule: []spec.ScheduleTrigger{{Cron: "0 2 * * *"}}, Promotion: []spec.PromotionTrigger{{Model: "embeddings"}},
		},
		Package:  spec.Package{Group: "churn", Gate: []spec.Condition{{Metric: "auc", Min: at(0.8), MaxDrop: at(0.01)}}, Approve: spec.Automatic},
		Endpoint: spec.Endpoint{Name: "Churn-Prod", InstanceType: "ml.m5.large", InstanceCount: 2},
		Rollout: spec.Rollout{
			Strategy: spec.StrategyCanary, Canary: spec.Canary{Weight: 10, Bake: spec.Duration(15 * time.Minute)}, Alarms: []string{"churn-5xx"},
			Judge: spec.Judge{Latency: &spec.Latency{Percentile: "p99", Tolerance: 0.1}},
		},
		Drift: &spec.Drift{Captures: "s3://captures/churn", Hold: spec.Duration(time.Hour)},
		Code:  &spec.Code{Repository: "churn-model", Checks: "churn-checks", Image: &spec.Image{Project: "churn-image", Repository: "churn-inference", Tags: []string{"1.*"}}},
	}
	return s.Normalised()
}

func applied(s spec.Spec, rev int) applying.Applied {
	return applying.Applied{Spec: s, Version: s.Version(), Source: "test", At: now, Rev: rev}
}

// record is a rollout with every field set.
func record(id string, started time.Time) rollout.Record {
	return rollout.Record{
		ID: id, Model: "churn", Package: "arn:package/7", Endpoint: "Churn-Prod", Spec: "abc", Rules: churn().Rollout, State: rollout.Running,
		Plan:      rollout.Plan{Steps: []rollout.Step{{Weight: 10, Bake: 15 * time.Minute}, {Weight: 100, Bake: 15 * time.Minute}}, Look: time.Minute},
		Baseline:  rollout.Side{Variant: "old", Config: "c6", Model: "m6", Package: "arn:package/6", Count: 2},
		Candidate: rollout.Side{Variant: id, Config: "c7", Model: "m7", Package: "arn:package/7", Count: 3}, BothConfig: "c67",
		Step: 1, Steps: []rollout.Progress{{AskedAt: now, ReachedAt: now.Add(time.Minute), EndedAt: now.Add(time.Hour)}, {AskedAt: now.Add(time.Hour)}},
		StartedAt: started, Reason: "because", Served: rollout.Served{Requests: 1 << 40, Bad: 3}, Tries: 2, TriedAt: now.Add(time.Second),
	}
}

// TestEveryItem writes one of each and finds it under the key that the package
// comment promises, and nothing else.
func TestEveryItem(t *testing.T) {
	w := newWorld(t)
	w.ok(w.table.Apply(ctx, applied(churn(), 1), nil))
	w.ok(w.table.CloseGeneration(ctx, "churn", 1))
	w.ok(w.table.AddChunk(ctx, "churn", 2, demand.Chunk{Name: "sha"}))
	w.ok(w.table.PutRun(ctx, training.Run{Model: "churn", Generation: 1}))
	w.ok(w.table.SetServed(ctx, "churn", "0 2 * * * UTC", now))
	w.ok(w.table.TakeLease(ctx, leasing.Lease{Name: "endpoint/churn-prod", Owner: "churn-v7", Since: now, Expires: now.Add(time.Hour)}, now))
	w.ok(w.table.PutWaiter(ctx, waiting.Waiter{Resource: event.Endpoint("churn-prod"), Owner: "churn-v7", Token: "t", Since: now}))
	if _, err := w.table.PutRollout(ctx, rollout.Record{ID: "churn-v7", Model: "churn", StartedAt: now}); err != nil {
		t.Fatal(err)
	}
	w.ok(w.table.AddHistory(ctx, rollout.Entry{Rollout: "churn-v7", At: now, Kind: "plan"}))
	w.ok(w.table.AddHistory(ctx, rollout.Entry{Rollout: "churn-v7", At: now, Kind: "command", Key: "c1"}))
	w.ok(w.table.AddCommand(ctx, rollout.Command{Rollout: "churn-v7", ID: "c1", Verb: rollout.Abort, At: now}))
	get(w, func() (string, error) { return w.table.ClaimTurn(ctx, "endpoint/churn-prod", "churn-v8", 8000) })
	w.ok(w.table.PutHead(ctx, "churn-model", "main", "sluice.yaml", committing.Head{Commit: "c", At: now, Rev: 1}))
	w.ok(w.table.PutCheck(ctx, "churn-model", "17", checking.Check{Head: "c", Rev: 1}))
	w.ok(w.table.PutImageOrder(ctx, "churn-inference", building.Order{Commit: "c", Model: "churn"}))
	w.ok(w.table.PutImageOrder(ctx, "churn-inference", building.Order{Tag: "1.0", Digest: "sha256:1", Model: "churn"}))
	w.ok(w.table.Tell(ctx, "spec/c", now))
	w.ok(w.table.PutDelivery(ctx, delivering.Action{Model: "churn", Pipeline: "p", Stage: "Production"}))
	get(w, func() (capturing.State, error) {
		return w.table.PutDriftState(ctx, capturing.State{Model: "churn", Variant: "churn-v7"})
	})
	want := []string{
		"ALARMS churn#0", "ALARMS churn#1", "ALARMS churn#2", "ALARMS churn#own",
		"BUCKET#acme #", "BUCKET#acme churn#0", "BUCKET#acme churn#1", "BUCKET#acme churn#2", "BUCKET#other #", "BUCKET#other churn#3",
		"CAPTURES#captures churn",
		"CODE#churn-model HEAD#sluice.yaml#main", "CODE#churn-model MODEL#churn", "CODE#churn-model REQUEST#17",
		"DEMAND#churn#2 sha",
		"ENDPOINT#churn-prod MODEL",
		"GROUP#churn MODEL",
		"IMAGE#churn-inference c#churn", "IMAGE#churn-inference sha256:1#churn", "IMAGES#churn-inference churn",
		"LEASE#endpoint/churn-prod LEASE", "LEASE#endpoint/churn-prod NEXT",
		"MODEL#churn DELIVERY#p/Production", "MODEL#churn DEMAND", "MODEL#churn DRIFT#churn-v7", "MODEL#churn ROLLOUT#2026-03-02T12:00:00.000Z#churn-v7", "MODEL#churn RUN#0000000001", "MODEL#churn SERVED#0 2 * * * UTC", "MODEL#churn SPEC",
		"MODELS churn",
		"PROMOTIONS#embeddings churn",
		"ROLLOUT#churn-v7 COMMAND#c1",
		"ROLLOUT#churn-v7 HISTORY#2026-03-02T12:00:00.000Z#command#c1", "ROLLOUT#churn-v7 HISTORY#2026-03-02T12:00:00.000Z#plan", "ROLLOUT#churn-v7 ROLLOUT",
		"SCHEDULES churn#0",
		"TOLD#spec/c TOLD",
		"WAITER#endpoint/churn-prod churn-v7",
	}
	if diff := cmp.Diff(want, w.keys()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	source, err := os.ReadFile("items.go")
	w.ok(err)
	promised := map[string]bool{} // by the parts of the keys that are fixed
	for _, m := range regexp.MustCompile(`(?m)^//\t([A-Z]\S*) +(\S+) `).FindAllStringSubmatch(string(source), -1) {
		promised[fixed(m[1])+" "+fixed(m[2])] = true
	}
	written := map[string]bool{}
	for _, k := range want {
		pk, sk, _ := strings.Cut(k, " ")
		written[fixed(pk)+" "+fixed(sk)] = true
	}
	if diff := cmp.Diff(promised, written); diff != "" {
		t.Errorf("keys by kind (-package comment +written):\n%s", diff)
	}
}

// fixed is the part of a key that is the same for all items of a kind.
func fixed(part string) string { return regexp.MustCompile(`^[A-Z]*`).FindString(part) }

// What is written is what is read, every field of it.
func TestRoundTrips(t *testing.T) {
	w := newWorld(t)
	a := applied(churn(), 1)
	w.ok(w.table.Apply(ctx, a, nil))
	back, ok, err := w.table.Applied(ctx, "churn")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if diff := cmp.Diff(a, back); diff != "" {
		t.Errorf("spec (-written +read):\n%s", diff)
	}
	if back.Spec.Version() != a.Version {
		t.Error("the spec that was read has another version")
	}

	r := record("churn-v7", now)
	written, err := w.table.PutRollout(ctx, r)
	w.ok(err)
	r.Rev = 1
	read, _, err := w.table.Rollout(ctx, "churn-v7")
	w.ok(err)
	if diff := cmp.Diff(r, written); diff != "" {
		t.Errorf("rollout as returned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(r, read); diff != "" {
		t.Errorf("rollout (-written +read):\n%s", diff)
	}

	run := training.Run{
		Model: "churn", Generation: 12, State: training.Trained, Manifest: "s3://store/m", Summary: demand.Summary{Objects: 2, Bytes: 1 << 50, SHA256: "ab"},
		Causes: "data: x", Pipeline: "arn:execution", Package: "arn:package", Approval: "Approved", Reason: "gate passed", ClosedAt: now, EndedAt: now.Add(time.Hour),
	}
	w.ok(w.table.PutRun(ctx, run))
	gotRun, ok, err := w.table.Run(ctx, "churn", 12)
	if diff := cmp.Diff(run, gotRun); diff != "" || !ok || err != nil {
		t.Errorf("run, %v, %v (-written +read):\n%s", ok, err, diff)
	}

	c := demand.Chunk{Name: "sha", List: "chunks/churn/sha", Trigger: -1, Objects: 3, Bytes: 7, FirstAt: now, LastAt: now.Add(time.Nanosecond), Cause: demand.Cause{Kind: "data", Text: "s3://b/é\n"}}
	w.ok(w.table.AddChunk(ctx, "churn", 1, c))
	if diff := cmp.Diff([]demand.Chunk{c}, get(w, func() ([]demand.Chunk, error) { return w.table.Chunks(ctx, "churn", 1) })); diff != "" {
		t.Errorf("chunk (-written +read):\n%s", diff)
	}
	if g, chunks, err := w.table.Demand(ctx, "churn"); g != 1 || len(chunks) != 1 || err != nil {
		t.Errorf("demand of generation %d: %v, %v", g, chunks, err)
	}

	waiter := waiting.Waiter{Resource: event.AlarmNamed("churn-5xx"), Owner: "churn-v7", Token: strings.Repeat("t", 2048), Since: now.Add(5 * time.Millisecond)}
	w.ok(w.table.PutWaiter(ctx, waiter))
	if diff := cmp.Diff([]waiting.Waiter{waiter}, get(w, func() ([]waiting.Waiter, error) { return w.table.WaitersFor(ctx, waiter.Resource) })); diff != "" {
		t.Errorf("waiter (-written +read):\n%s", diff)
	}
	for _, it := range w.db.Items("sluice") {
		if strings.HasPrefix(it["pk"].Text, "WAITER#") != (it["ttl"].Text != "" || it["ttl"].Num.String() == "1775044800") {
			t.Errorf("%s has ttl %v", it["pk"].Text, it["ttl"])
		}
	}

	e := rollout.Entry{Rollout: "churn-v7", At: now, Kind: "look", Text: "continue", Data: `{"a":1}`}
	w.ok(w.table.AddHistory(ctx, e))
	w.ok(w.table.AddHistory(ctx, e)) // a step that ran twice
	if diff := cmp.Diff([]rollout.Entry{e}, get(w, func() ([]rollout.Entry, error) { return w.table.History(ctx, "churn-v7") })); diff != "" {
		t.Errorf("history (-written +read):\n%s", diff)
	}
}

// Lists are whole and in order through pages of two items.
func TestListsThroughSmallPages(t *testing.T) {
	w := newWorld(t)
	var models, ids []string
	for i, m := range []string{"a", "b", "c", "d", "e"} {
		s := churn()
		s.Model, s.Package.Group, s.Endpoint.Name = m, m, m
		w.ok(w.table.Apply(ctx, applied(s, 1), nil))
		models = append(models, m)
		w.ok(w.table.PutRun(ctx, training.Run{Model: "a", Generation: 8 + i}))
		w.ok(w.table.PutWaiter(ctx, waiting.Waiter{Resource: "lease/x", Owner: m, Token: m, Since: now}))
		w.ok(w.table.AddChunk(ctx, "a", 1, demand.Chunk{Name: m}))
		id := rollout.ID("a", i, 0)
		if _, err := w.table.PutRollout(ctx, record(id, now.Add(time.Duration(i)*time.Second))); err != nil {
			t.Fatal(err)
		}
		ids = append([]string{id}, ids...)
		w.ok(w.table.AddHistory(ctx, rollout.Entry{Rollout: "r", At: now.Add(time.Duration(9-i) * time.Millisecond), Kind: "look", Text: m}))
	}
	if diff := cmp.Diff(models, get(w, func() ([]string, error) { return w.table.Models(ctx) })); diff != "" {
		t.Errorf("models:\n%s", diff)
	}
	var generations []int
	for _, r := range get(w, func() ([]training.Run, error) { return w.table.Runs(ctx, "a") }) {
		generations = append(generations, r.Generation)
	}
	if !slices.Equal(generations, []int{12, 11, 10, 9, 8}) {
		t.Errorf("runs %v are not newest first", generations)
	}
	if n := len(get(w, func() ([]waiting.Waiter, error) { return w.table.WaitersFor(ctx, "lease/x") })); n != 5 {
		t.Errorf("%d waiters", n)
	}
	if n := len(get(w, func() ([]demand.Chunk, error) { return w.table.Chunks(ctx, "a", 1) })); n != 5 {
		t.Errorf("%d chunks", n)
	}
	var texts []string
	for _, e := range get(w, func() ([]rollout.Entry, error) { return w.table.History(ctx, "r") }) {
		texts = append(texts, e.Text)
	}
	if !slices.Equal(texts, []string{"e", "d", "c", "b", "a"}) {
		t.Errorf("history %v is not from old to new", texts)
	}
	for limit, want := range map[int][]string{1: ids[:1], 3: ids[:3], 5: ids, 9: ids} {
		var got []string
		for _, r := range get(w, func() ([]rollout.Record, error) { return w.table.Rollouts(ctx, "churn", limit) }) {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the latest %d rollouts are %v, want %v", limit, got, want)
		}
	}
	triggers := get(w, func() (intake.Wanted, error) { return w.table.DataTriggers(ctx, "acme") }).Triggers
	if len(triggers) != 15 || triggers[0] != (intake.Trigger{Model: "a", Index: 0, Prefix: "churn/", Suffix: ".parquet"}) {
		t.Errorf("%d data triggers: %v", len(triggers), triggers)
	}
	if n := len(get(w, func() ([]intake.DriftTrigger, error) { return w.table.DriftTriggers(ctx) })); n != 20 {
		t.Errorf("%d drift triggers", n)
	}
}

func TestNothingThere(t *testing.T) {
	w := newWorld(t)
	if g, a, err := w.table.OpenGeneration(ctx, "churn"); g != 1 || a != 0 || err != nil {
		t.Errorf("a new model is at generation %d, attempt %d: %v", g, a, err)
	}
	_, err := w.table.Spec(ctx, "churn")
	w.is(err, fault.NotFound)
	if _, ok, err := w.table.Rollout(ctx, "x"); ok || err != nil {
		t.Errorf("a rollout out of nothing: %v", err)
	}
	if l, err := w.table.Lease(ctx, "x"); l != (leasing.Lease{}) || err != nil {
		t.Errorf("a lease out of nothing: %v, %v", l, err)
	}
	if m, err := w.table.ModelOfGroup(ctx, "x"); m != "" || err != nil {
		t.Errorf("a model out of nothing: %q, %v", m, err)
	}
	w.ok(w.table.Ping(ctx))
}

// Errors of DynamoDB keep their kind on the way out.
func TestKinds(t *testing.T) {
	w := newWorld(t)
	w.only("GetItem", wire.Throttle)
	_, _, err := w.table.OpenGeneration(ctx, "churn")
	w.is(err, fault.Throttled)
	w.only("PutItem", wire.Unavailable)
	w.is(w.table.PutRun(ctx, training.Run{Model: "churn"}), fault.Throttled)
	w.only("Query", wire.LostAnswer)
	_, err = w.table.Models(ctx)
	w.is(err, fault.Internal)
	w.only("TransactWriteItems", wire.Throttle)
	w.is(w.table.AddChunk(ctx, "churn", 1, demand.Chunk{Name: "x"}), fault.Throttled)
	w.only("DeleteItem", wire.LostRequest)
	w.is(w.table.FreeLease(ctx, "x", "y"), fault.Internal)
}
