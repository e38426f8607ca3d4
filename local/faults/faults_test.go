package faults_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/events"
	"sluice/local/faults"
	"sluice/local/sim"
	"sluice/local/wire"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]faults.List{
		"":        nil,
		" ; \n ;": nil,
		`dynamodb.PutItem "LEASE#*" #3 crash-after`: {{Service: "dynamodb", Operation: "PutItem", Resource: "LEASE#*", Nth: 3, Effect: faults.CrashAfter}},
		"sagemaker.* p=0.02 throttle; lambda.judge #2 crash-before": {
			{Service: "sagemaker", Operation: "*", Chance: 0.02, Effect: faults.Throttle},
			{Service: "lambda", Operation: "judge", Nth: 2, Effect: faults.CrashBefore},
		},
		"events.sagemaker \"lambda:a;b\" p=1 lose\nevents.s3 p=0.5 double 90s": {
			{Service: "events", Operation: "sagemaker", Resource: "lambda:a;b", Chance: 1, Effect: faults.Lose},
			{Service: "events", Operation: "s3", Chance: 0.5, Effect: faults.Double, Delay: 90 * time.Second},
		},
		"sagemaker.* p=1 @2h+15m unavailable": {{Service: "sagemaker", Operation: "*", Chance: 1, From: 2 * time.Hour, For: 15 * time.Minute, Effect: faults.Unavailable}},
	} {
		got, err := faults.Parse(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Parse(%q): %v %s", text, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"dynamodb PutItem #1 throttle":          "service.operation",
		"dynamodb.PutItem throttle":             "say when",
		"dynamodb.PutItem #0 throttle":          "counted from #1",
		"dynamodb.PutItem p=2 throttle":         "over 0 and at most 1",
		"dynamodb.PutItem p=NaN throttle":       "over 0 and at most 1",
		"dynamodb.PutItem #1":                   "effect",
		"dynamodb.PutItem #1 throttle 3s":       "takes no time",
		"dynamodb.PutItem #1 lose":              "is for events",
		`dynamodb.PutItem "x #1 throttle`:       "closing quote",
		"events.s3 p=0.1 lose":                  "cannot be lost",
		"events.* p=0.1 lose":                   "cannot be lost",
		"events.sagemaker p=0.1 delay":          "needs a time",
		"events.sagemaker p=0.1 delay -3s":      "no length of time",
		"events.sagemaker p=0.1 throttle":       "lost, doubled or late",
		"sagemaker.* p=1 @2h unavailable":       "is no outage",
		"sagemaker.* p=1 @2h+0s unavailable":    "is no outage",
		"ok.op #1 throttle; events.sagemaker x": "say when",
	} {
		if _, err := faults.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) gives %v; want an error with %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`dynamodb.PutItem "LEASE#*" #3 crash-after; events.s3 p=0.05 double 90s`)
	f.Add("s3.* p=1 @1m30s+1h unavailable")
	f.Add("sagemaker.* p=0.02 throttle\nlambda.judge #2 crash-before")
	f.Add(`*.* "\"\\;" p=1e-9 lose-answer`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := faults.Parse(text)
		if err != nil {
			return
		}
		again, err := faults.Parse(l.String())
		if diff := cmp.Diff(l, again); err != nil || diff != "" {
			t.Errorf("%q is printed as %q, which reads as another list: %v %s", text, l, err, diff)
		}
	})
}

type put struct {
	Item map[string]any `json:"Item"`
}

func item(pk, sk string) *put {
	return &put{map[string]any{"pk": map[string]string{"S": pk}, "sk": map[string]string{"S": sk}}}
}

func world(seed uint64) *sim.World {
	return sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), seed)
}

func list(t *testing.T, text string) faults.List {
	t.Helper()
	l, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheNthCallOfAResourceFails(t *testing.T) {
	i := faults.New(world(1), list(t, `dynamodb.Put* "LEASE#*" #2 crash-after`))
	call := &wire.Call{Service: "dynamodb", Operation: "PutItem", AccessKey: "ASIA1"}
	var got []wire.Effect
	for _, pk := range []string{"LEASE#a", "RUN#a", "LEASE#b", "LEASE#a"} {
		got = append(got, i.Call(call, item(pk, "LEASE")))
	}
	if diff := cmp.Diff([]wire.Effect{0, 0, wire.CrashAfter, 0}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheSparedAreLeftAlone(t *testing.T) {
	i := faults.New(world(1), list(t, "*.* p=1 throttle"))
	i.Spare = func(key string) bool { return key == "admin" }
	if got := i.Call(&wire.Call{Service: "s3", Operation: "PutObject", AccessKey: "admin"}, nil); got != wire.NoFault {
		t.Errorf("the administrator's call is given %v", got)
	}
	if got := i.Call(&wire.Call{Service: "s3", Operation: "PutObject", AccessKey: "ASIA1"}, nil); got != wire.Throttle {
		t.Errorf("a function's call is given %v", got)
	}
}

// The API of EventBridge fails under a name of its own: events are deliveries.
func TestEventBridgeHasAnAPI(t *testing.T) {
	put := &wire.Call{Service: "events", Operation: "PutEvents"}
	for text, want := range map[string]wire.Effect{
		"eventbridge.PutEvents #1 lose-answer": wire.LostAnswer,
		"*.* p=1 throttle":                     wire.Throttle,
		"events.* p=1 delay 1s":                wire.NoFault,
	} {
		i := faults.New(world(1), list(t, text))
		var fired []string
		i.OnFire = func(f faults.Fired) { fired = append(fired, f.Exactly.String()) }
		if got := i.Call(put, nil); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
		for _, exactly := range fired {
			if got := faults.New(world(1), list(t, exactly)).Call(put, nil); got != want {
				t.Errorf("%s, which is %s cut to one call: got %v, want %v", exactly, text, got, want)
			}
		}
	}
}

// What strikes the calls of one resource must not depend on the calls of others, nor
// on other faults; and a fault cut to one call strikes that call.
func TestChanceIsOfTheResource(t *testing.T) {
	strikes := func(text string, others bool) (hit []int, exactly []faults.Fault) {
		i := faults.New(world(7), list(t, text))
		i.OnFire = func(f faults.Fired) { exactly = append(exactly, f.Exactly) }
		for n := range 200 {
			if others {
				i.Call(&wire.Call{Service: "dynamodb", Operation: "PutItem"}, item("other", fmt.Sprint(n)))
				exactly = nil
			}
			if i.Call(&wire.Call{Service: "dynamodb", Operation: "PutItem"}, item("a", "b")) != wire.NoFault {
				hit = append(hit, n)
			}
		}
		return hit, exactly
	}
	const text = "dynamodb.PutItem p=0.05 throttle"
	alone, exactly := strikes(text, false)
	if len(alone) == 0 || len(alone) > 40 {
		t.Fatalf("%d of 200 calls fail by a chance of 0.05", len(alone))
	}
	crowded, _ := strikes("dynamodb.GetItem p=0.5 throttle; "+text, true)
	if diff := cmp.Diff(alone, crowded); diff != "" {
		t.Error(diff)
	}
	cut, _ := strikes(faults.List(exactly).String(), false)
	if diff := cmp.Diff(alone, cut); diff != "" {
		t.Errorf("the faults cut to single calls strike others: %s", diff)
	}
}

func TestDeliveries(t *testing.T) {
	target := events.Target{Arn: "arn:aws:lambda:us-east-1:111122223333:function:sluice-OnSignal-1"}
	for text, want := range map[string][]time.Duration{
		`events.sagemaker "lambda:on-signal" #1 lose`:     {},
		`events.sagemaker "lambda:on-*" #1 double 30s`:    {100 * time.Millisecond, 30*time.Second + 100*time.Millisecond},
		`events.* "lambda:on-signal" p=1 delay 1h`:        {time.Hour + 100*time.Millisecond},
		`events.sagemaker "sqs:*" #1 lose`:                nil,
		`events.states #1 lose; *.* p=1 throttle`:         nil,
		`events.sagemaker #2 lose; events.s3 #1 delay 1s`: nil,
	} {
		i := faults.New(world(1), list(t, text))
		i.Function = func(string) string { return "on-signal" }
		got := i.Delivery(events.Event{Source: "aws.sagemaker"}, target)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestInvocations(t *testing.T) {
	i := faults.New(world(1), list(t, "lambda.judge #2 crash-before"))
	i.Function = func(name string) string { return strings.TrimPrefix(name, "sluice-") }
	got := []wire.Effect{i.Invocation("sluice-judge", 1), i.Invocation("sluice-bake", 1), i.Invocation("sluice-judge", 2)}
	if diff := cmp.Diff([]wire.Effect{0, 0, wire.CrashBefore}, got); diff != "" {
		t.Error(diff)
	}
}

// The resource of a call is read from its input as AWS writes it.
func TestResources(t *testing.T) {
	for _, c := range []struct{ service, input, want string }{
		{"dynamodb", `{"TableName":"t","Key":{"pk":{"S":"A"},"sk":{"S":"B"}}}`, "A B"},
		{"dynamodb", `{"ExpressionAttributeValues":{":pk":{"S":"MODEL#churn"},":prefix":{"S":"RUN#"}}}`, "MODEL#churn"},
		{"dynamodb", `{"TransactItems":[{"ConditionCheck":{"Key":{"pk":{"S":"M"},"sk":{"S":"DEMAND"}}}},{"Put":{"Item":{"pk":{"S":"D#1"},"sk":{"S":"c"}}}}]}`, "D#1 c"},
		{"s3", `{"Bucket":"b","Key":"k/1"}`, "b/k/1"},
		{"sagemaker", `{"EndpointName":"prod","EndpointConfigName":"c"}`, "prod"},
		{"states", `{"taskToken":"AAAA"}`, ""},
	} {
		i := faults.New(world(1), list(t, c.service+".Op p=1 throttle"))
		var got faults.Fault
		i.OnFire = func(f faults.Fired) { got = f.Exactly }
		i.Call(&wire.Call{Service: c.service, Operation: "Op"}, json.RawMessage(c.input))
		if got.Resource != c.want || got.Nth != 1 {
			t.Errorf("%s %s is about %q, call %d; want %q, call 1", c.service, c.input, got.Resource, got.Nth, c.want)
		}
	}
}

func TestAnOutageEnds(t *testing.T) {
	w := world(1)
	i := faults.New(w, list(t, "s3.* p=1 @10m+5m unavailable"))
	var got []int
	for minute := range 20 {
		w.Do(func() {
			if i.Call(&wire.Call{Service: "s3", Operation: "GetObject"}, nil) == wire.Unavailable {
				got = append(got, minute)
			}
		})
		w.RunFor(time.Minute)
	}
	if diff := cmp.Diff([]int{10, 11, 12, 13, 14}, got); diff != "" {
		t.Error(diff)
	}
}
