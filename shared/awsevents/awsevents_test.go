package awsevents_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/events"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awsevents"
	"sluice/shared/event"
	"sluice/shared/fault"
)

var ctx = context.Background()

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// stage is EventBridge with a rule for all that Sluice sends, and what came of it.
type stage struct {
	t       *testing.T
	w       *sim.World
	bus     *events.Service
	srv     *wire.Server
	got     []map[string]any // events as the rule's target gets them
	calls   int
	refusal func(n int) string // for the n-th entry, from 1, over all calls: an error code
}

func newStage(t *testing.T) *stage {
	t.Helper()
	g := &stage{t: t, w: sim.NewWorld(noon, 7)}
	g.bus = events.New(g.w, func(_, _, _ string, payload []byte, done func(error)) {
		var e map[string]any
		if err := json.Unmarshal(payload, &e); err != nil {
			t.Error(err)
		}
		g.got = append(g.got, e)
		done(nil)
	}, nil)
	entries := 0
	g.bus.Refuse = func(string, string) string {
		entries++
		if g.refusal == nil {
			return ""
		}
		return g.refusal(entries)
	}
	g.srv = wire.NewServer(g.w)
	g.srv.Register(g.bus.Wire())
	g.srv.Observe = func(wire.Record) { g.calls++ }
	g.rule("")
	return g
}

// rule lets all that Sluice sends to a bus reach the target.
func (g *stage) rule(bus string) {
	g.t.Helper()
	if _, err := g.bus.PutRule(events.Rule{Name: "all", EventBusName: bus, EventPattern: `{"source":["sluice"]}`}); err != nil {
		g.t.Fatal(err)
	}
	if err := g.bus.PutTargets(bus, "all", events.Target{Id: "t", Arn: "arn:aws:sqs:us-east-1:111122223333:q"}); err != nil {
		g.t.Fatal(err)
	}
}

func (g *stage) open(bus string, attempts int) *awsevents.Events {
	return awsevents.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: g.srv}, Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, bus)
}

// send sends to the default bus, and lets what was taken arrive.
func (g *stage) send(entries ...event.Entry) (err error) {
	g.w.Do(func() { err = g.open("", 1).Send(ctx, entries) })
	g.w.RunUntilIdle(time.Minute)
	return err
}

// numbers are the numbers of the events that arrived, in order.
func (g *stage) numbers() string {
	var all []string
	for _, e := range g.got {
		all = append(all, fmt.Sprint(e["detail"].(map[string]any)["n"]))
	}
	return strings.Join(all, " ")
}

// numbered are entries with the numbers from 0 to n-1.
func numbered(n int) []event.Entry {
	var all []event.Entry
	for i := range n {
		all = append(all, event.Entry{Source: "sluice", DetailType: fmt.Sprint("Rollout ", i), Detail: map[string]int{"n": i}})
	}
	return all
}

func TestEventsArriveAsTheyAre(t *testing.T) {
	g := newStage(t)
	type detail struct {
		Model string `json:"model"`
		Share int    `json:"share"`
	}
	err := g.send(
		event.Entry{Source: "sluice", DetailType: "Rollout Finished", Resources: []string{"arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn"}, Time: noon.Add(-time.Hour), Detail: detail{"churn", 25}},
		event.Entry{Source: "sluice", DetailType: "Rollout Begun", Detail: detail{Model: "<ü>"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range g.got {
		delete(e, "id")
	}
	want := []map[string]any{
		{"version": "0", "account": "111122223333", "region": "us-east-1", "source": "sluice", "detail-type": "Rollout Finished", "time": "2026-03-02T11:00:00Z",
			"resources": []any{"arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn"}, "detail": map[string]any{"model": "churn", "share": 25.0}},
		{"version": "0", "account": "111122223333", "region": "us-east-1", "source": "sluice", "detail-type": "Rollout Begun", "time": "2026-03-02T12:00:00Z",
			"resources": []any{}, "detail": map[string]any{"model": "<ü>", "share": 0.0}},
	}
	if diff := cmp.Diff(want, g.got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAnotherBus(t *testing.T) {
	g := newStage(t)
	g.w.Do(func() {
		if err := g.bus.CreateBus("releases"); err != nil {
			t.Fatal(err)
		}
		g.rule("releases")
		if err := g.open("releases", 1).Send(ctx, numbered(1)); err != nil {
			t.Fatal(err)
		}
	})
	g.w.RunUntilIdle(time.Minute)
	if log := g.bus.Log(); len(g.got) != 1 || log[0].Bus != "releases" {
		t.Errorf("%d events, the first on bus %s", len(g.got), log[0].Bus)
	}
}

// A request takes ten entries, and 256 KB.
func TestRequestsAreBounded(t *testing.T) {
	heavy := numbered(5)
	for i := range heavy {
		heavy[i].Detail = map[string]any{"n": i, "text": strings.Repeat("x", 100<<10)}
	}
	for _, tt := range []struct {
		name    string
		entries []event.Entry
		calls   int
		want    string
	}{
		{"none", nil, 0, ""},
		{"ten", numbered(10), 1, "0 1 2 3 4 5 6 7 8 9"},
		{"eleven", numbered(11), 2, "0 1 2 3 4 5 6 7 8 9 10"},
		{"two of 100 KB in each", heavy, 3, "0 1 2 3 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newStage(t)
			if err := g.send(tt.entries...); err != nil {
				t.Error(err)
			}
			if g.calls != tt.calls || g.numbers() != tt.want {
				t.Errorf("%d calls, want %d; events %q, want %q", g.calls, tt.calls, g.numbers(), tt.want)
			}
		})
	}
}

// What is refused of a request is sent again, if that may help, and not for ever.
func TestPartialFailures(t *testing.T) {
	at := func(code string, entries ...int) func(int) string {
		return func(n int) string {
			for _, e := range entries {
				if e == n {
					return code
				}
			}
			return ""
		}
	}
	tests := []struct {
		name    string
		refusal func(int) string // entries are counted over all calls
		calls   int
		want    string // events, in the order in which they were taken
		kind    fault.Kind
		left    string
	}{
		{"one, once", at("ThrottlingException", 2), 2, "0 2 3 1", "", ""},
		{"two, once", at("InternalFailure", 1, 4), 2, "1 2 0 3", "", ""},
		{"one, twice", at("InternalFailure", 2, 5), 3, "0 2 3 1", "", ""},
		{"one, too often", at("ThrottlingException", 2, 5, 6), 3, "0 2 3", fault.Throttled, `1 of 4 were not taken (sluice "Rollout 1")`},
		{"all, too often", func(int) string { return "InternalFailure" }, 3, "", fault.Internal, `4 of 4 were not taken (sluice "Rollout 0"; sluice "Rollout 1"; sluice "Rollout 2"; sluice "Rollout 3")`},
		{"one for good", at("NotAuthorizedForDetailTypeException", 3), 1, "0 1 3", fault.Denied, `1 of 4 were not taken (sluice "Rollout 2")`},
		{"one for good, and one once", func(n int) string {
			return map[int]string{1: "MalformedDetail", 3: "ThrottlingException"}[n]
		}, 2, "1 3 2", fault.Invalid, `1 of 4 were not taken (sluice "Rollout 0")`},
		{"one for good, and one too often", func(n int) string {
			return map[int]string{1: "MalformedDetail", 3: "ThrottlingException", 5: "ThrottlingException", 6: "ThrottlingException"}[n]
		}, 3, "1 3", fault.Throttled, `2 of 4 were not taken (sluice "Rollout 0"; sluice "Rollout 2")`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newStage(t)
			g.refusal = tt.refusal
			err := g.send(numbered(4)...)
			if tt.kind == "" && err != nil || tt.kind != "" && (!fault.Is(err, tt.kind) || !strings.Contains(err.Error(), "sending events: "+tt.left)) {
				t.Errorf("got %v, want %s: %s", err, tt.kind, tt.left)
			}
			if g.calls != tt.calls || g.numbers() != tt.want {
				t.Errorf("%d calls, want %d; events %q, want %q", g.calls, tt.calls, g.numbers(), tt.want)
			}
		})
	}
}

// A request that fails ends the call; what was taken before it stays taken.
func TestFailedRequests(t *testing.T) {
	tests := []struct {
		name   string
		effect wire.Effect // of the second call
		want   int         // events
		kind   fault.Kind
	}{
		{"throttled", wire.Throttle, 10, fault.Throttled},
		{"unavailable", wire.Unavailable, 10, fault.Throttled},
		{"request lost", wire.LostRequest, 10, fault.Internal},
		{"answer lost", wire.LostAnswer, 20, fault.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newStage(t)
			calls := 0
			g.srv.Fault = func(*wire.Call, any) wire.Effect {
				if calls++; calls == 2 {
					return tt.effect
				}
				return wire.NoFault
			}
			err := g.send(numbered(25)...)
			if !fault.Is(err, tt.kind) || !strings.Contains(err.Error(), `15 of 25 were not taken (sluice "Rollout 10"; `) || calls != 2 {
				t.Errorf("after %d calls: %v", calls, err)
			}
			if len(g.got) != tt.want {
				t.Errorf("%d events, want %d", len(g.got), tt.want)
			}
		})
	}
}

// The SDK tries a throttled or broken request again by itself.
func TestRequestsAreRetried(t *testing.T) {
	for effect, want := range map[wire.Effect]string{wire.Throttle: "0 1", wire.LostAnswer: "0 1 0 1"} {
		g := newStage(t)
		calls := 0
		g.srv.Fault = func(*wire.Call, any) wire.Effect {
			if calls++; calls == 1 {
				return effect
			}
			return wire.NoFault
		}
		var err error
		g.w.Do(func() { err = g.open("", 3).Send(ctx, numbered(2)) })
		g.w.RunUntilIdle(time.Minute)
		if err != nil || g.numbers() != want {
			t.Errorf("events %q, want %q: %v", g.numbers(), want, err)
		}
	}
}

func TestMissingPermission(t *testing.T) {
	g := newStage(t)
	g.srv.Allow = func(_ string, need wire.Access) error { return fmt.Errorf("no policy allows %s", need.Action) }
	if err := g.send(numbered(1)...); !fault.Is(err, fault.Denied) || !strings.Contains(err.Error(), "events:PutEvents") {
		t.Error(err)
	}
}

// What cannot be an event is refused before it is sent, and the others are sent.
func TestWhatIsNoEvent(t *testing.T) {
	for name, bad := range map[string]event.Entry{
		"unwritable": {Source: "sluice", DetailType: "Bad", Detail: func() {}},
		"large":      {Source: "sluice", DetailType: "Bad", Detail: map[string]string{"x": strings.Repeat("x", 300<<10)}},
		"no object":  {Source: "sluice", DetailType: "Bad", Detail: []int{1}},
		"no source":  {DetailType: "Bad", Detail: struct{}{}},
		"no type":    {Source: "sluice", Resources: []string{"arn:a", "arn:b"}, Detail: struct{}{}},
	} {
		g := newStage(t)
		err := g.send(append([]event.Entry{bad}, numbered(2)...)...)
		want := fmt.Sprintf("1 of 3 were not taken (%s %q", bad.Source, bad.DetailType)
		if len(bad.Resources) > 0 {
			want += " of arn:a, arn:b"
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want+")") || g.numbers() != "0 1" {
			t.Errorf("%s: events %q; %v", name, g.numbers(), err)
		}
	}
}
