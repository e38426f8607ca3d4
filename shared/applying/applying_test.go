package applying_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awstable"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// world is a real table.
type world struct {
	*testing.T
	db    *dynamodb.Service
	srv   *wire.Server
	table *awstable.Table
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := sim.NewWorld(noon, 7)
	db, srv := dynamodb.New(w), wire.NewServer(w)
	srv.Register(db.Wire())
	err := db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{T: t, db: db, srv: srv, table: awstable.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, "sluice")}
}

// aSpec is a model's spec with its package group and endpoint.
func aSpec(model, group, endpoint string, buckets ...string) spec.Spec {
	s := spec.Spec{
		Model: model, Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: group},
		Endpoint: spec.Endpoint{Name: endpoint, InstanceType: "ml.m5.large"},
	}
	for _, b := range buckets {
		s.Triggers.Data = append(s.Triggers.Data, spec.DataTrigger{Bucket: b})
	}
	return s.Normalised()
}

func (w *world) apply(s spec.Spec, minute int) (applying.Change, error) {
	return applying.Apply(ctx, w.table, s, "sluice.yaml", noon.Add(time.Duration(minute)*time.Minute))
}

func TestApply(t *testing.T) {
	w := newWorld(t)
	first, second := aSpec("churn", "g", "e", "one"), aSpec("churn", "g", "e", "one", "two")
	for i, step := range []struct {
		s    spec.Spec
		want applying.Change
		rev  int
		at   int
	}{
		{first, applying.Change{Model: "churn", Version: first.Version(), Changed: true, First: true}, 1, 0},
		{first, applying.Change{Model: "churn", Version: first.Version()}, 1, 0}, // in force already
		{second, applying.Change{Model: "churn", Version: second.Version(), Changed: true}, 2, 2},
		{first, applying.Change{Model: "churn", Version: first.Version(), Changed: true}, 3, 3}, // and back
	} {
		got, err := w.apply(step.s, i)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("change %d (-want +got):\n%s", i, diff)
		}
		a, ok, err := w.table.Applied(ctx, "churn")
		want := applying.Applied{Spec: step.s, Version: step.s.Version(), Source: "sluice.yaml", At: noon.Add(time.Duration(step.at) * time.Minute), Rev: step.rev}
		if diff := cmp.Diff(want, a); diff != "" || !ok || err != nil {
			t.Errorf("in force after change %d, %v, %v (-want +got):\n%s", i, ok, err, diff)
		}
	}
	if wanted, err := w.table.DataTriggers(ctx, "two"); len(wanted.Triggers) > 0 || err != nil {
		t.Errorf("a trigger that was taken out is still there: %v, %v", wanted.Triggers, err)
	}
}

func TestWhatBelongsToAnother(t *testing.T) {
	tests := []struct {
		name string
		s    spec.Spec
		want string // in the error; "" if it may be had
	}{
		{"its package group", aSpec("other", "g", "e2"), "package group g belongs to model churn already"},
		{"its endpoint", aSpec("other", "g2", "e"), "endpoint e belongs to model churn already"},
		{"its endpoint in another case", aSpec("other", "g2", "E"), "endpoint E belongs to model churn already"},
		{"its package group in another case, which is another", aSpec("other", "G", "e2"), ""},
		{"neither", aSpec("other", "g2", "e2"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.apply(aSpec("churn", "g", "e"), 0); err != nil {
				t.Fatal(err)
			}
			_, err := w.apply(tt.s, 1)
			if tt.want == "" && err != nil || tt.want != "" && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, ok, _ := w.table.Applied(ctx, "other"); ok != (tt.want == "") {
				t.Errorf("in force: %v", ok)
			}
		})
	}
	// What a model gives up another may have.
	w := newWorld(t)
	for i, s := range []spec.Spec{aSpec("churn", "g", "e"), aSpec("churn", "g2", "e2"), aSpec("other", "g", "e")} {
		if _, err := w.apply(s, i); err != nil {
			t.Fatal(err)
		}
	}
}

// Models that train after each other's promotion would do so for ever.
func TestPromotionsInACircle(t *testing.T) {
	after := func(model string, others ...string) spec.Spec {
		s := aSpec(model, model, model)
		for _, o := range others {
			s.Triggers.Promotion = append(s.Triggers.Promotion, spec.PromotionTrigger{Model: o})
		}
		return s
	}
	w := newWorld(t)
	for i, step := range []struct {
		s    spec.Spec
		want string // in the error; "" if it is applied
	}{
		{after("a", "b", "nobody"), ""}, // b is not there yet
		{after("b", "c"), ""},
		{after("c", "a"), "in a circle: c, then b, then a, then c"},
		{after("c", "c"), "in a circle: c, then c"},
		{after("c"), ""},
		{after("a"), ""},
		{after("c", "a"), ""}, // a does not train after b any more
		{after("a", "x", "b"), "in a circle: a, then c, then b, then a"},
	} {
		_, err := w.apply(step.s, i)
		if step.want == "" && err != nil || step.want != "" && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), step.want)) {
			t.Errorf("step %d: got %v, want %q", i, err, step.want)
		}
	}
	if a, _, err := w.table.Applied(ctx, "a"); err != nil || len(a.Spec.Triggers.Promotion) > 0 {
		t.Errorf("a spec that was refused is in force: %v, %v", a.Spec.Triggers, err)
	}
}

// Two who apply at the same moment: the later one is told, whatever call the other
// came between.
func TestAtTheSameTime(t *testing.T) {
	rivals := map[string]spec.Spec{"of the same model": aSpec("churn", "g", "e", "theirs"), "of another model": aSpec("other", "g", "e2")}
	for name, rival := range rivals {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				w := newWorld(t)
				calls := 0
				w.srv.Fault = func(*wire.Call, any) wire.Effect {
					if calls++; calls-1 == n {
						hook := w.srv.Fault
						w.srv.Fault = nil
						if _, err := w.apply(rival, 1); err != nil {
							t.Fatalf("the rival at call %d: %v", n, err)
						}
						w.srv.Fault = hook
					}
					return wire.NoFault
				}
				_, err := w.apply(aSpec("churn", "g", "e", "ours"), 0)
				w.srv.Fault = nil
				if calls <= n {
					break
				}
				if rival.Model == "churn" && err == nil { // it came first, and was seen
					if a, _, err := w.table.Applied(ctx, "churn"); err != nil || a.Rev != 2 {
						t.Errorf("at call %d: revision %d, %v", n, a.Rev, err)
					}
				} else if !fault.Is(err, fault.Conflict) {
					t.Errorf("at call %d: %v", n, err)
				}
			}
		})
	}
}

// A process that dies anywhere has changed everything or nothing, and may be run
// again.
func TestCrashes(t *testing.T) {
	first, next := aSpec("churn", "g", "e", "a", "b"), aSpec("churn", "g2", "e2", "b", "c")
	items := func(w *world) (all []string) {
		for _, it := range w.db.Items("sluice") {
			all = append(all, fmt.Sprint(it["pk"].Text, " ", it["sk"].Text, " ", it["version"].Text))
		}
		return all
	}
	want := newWorld(t)
	for _, s := range []spec.Spec{first, next} {
		if _, err := want.apply(s, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, effect := range []wire.Effect{wire.CrashBefore, wire.CrashAfter} {
		for n := 0; ; n++ {
			w := newWorld(t)
			if _, err := w.apply(first, 0); err != nil {
				t.Fatal(err)
			}
			before, calls := items(w), 0
			func() {
				defer func() { _ = recover() }()
				w.srv.Fault = func(*wire.Call, any) wire.Effect {
					if calls++; calls-1 == n {
						return effect
					}
					return wire.NoFault
				}
				_, _ = w.apply(next, 1)
			}()
			w.srv.Fault = nil
			if got := items(w); cmp.Diff(before, got) != "" && cmp.Diff(items(want), got) != "" {
				t.Errorf("call %d, effect %v: half of it is there: %v", n, effect, got)
			}
			if _, err := w.apply(next, 2); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(items(want), items(w)); diff != "" {
				t.Errorf("call %d, effect %v (-want +got):\n%s", n, effect, diff)
			}
			if calls <= n {
				break
			}
		}
	}
}
