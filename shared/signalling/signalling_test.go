package signalling_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awstable"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/signalling"
	"sluice/shared/waiting"
)

var ctx = context.Background()

// machines remembers what tokens were completed with.
type machines struct{ outputs map[string]string }

func (m *machines) Complete(_ context.Context, token string, output json.RawMessage) error {
	if _, done := m.outputs[token]; !done {
		m.outputs[token] = string(output)
	}
	return nil
}

// world has waiters for everything that the samples tell of.
type world struct {
	*testing.T
	srv      *wire.Server
	table    *awstable.Table
	machines *machines
	signals  *signalling.Signalling
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := sim.NewWorld(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 7)
	db, srv := dynamodb.New(w), wire.NewServer(w)
	srv.Register(db.Wire())
	db.PageItems = 2
	err := db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	table := awstable.Open(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, "sluice")
	m := &machines{outputs: map[string]string{}}
	return &world{T: t, srv: srv, table: table, machines: m, signals: signalling.New(waiting.NewRoom(table, m))}
}

// waits stores a waiter since a moment of 2 March 2026.
func (w *world) waits(r event.Resource, token, since string) {
	w.Helper()
	at, err := time.Parse("15:04:05.999", since)
	if err != nil {
		w.Fatal(err)
	}
	at = at.AddDate(2026, 2, 1)
	if err := w.table.PutWaiter(ctx, waiting.Waiter{Resource: r, Owner: "owner of " + token, Token: token, Since: at}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) onSignal(sample string, oldNew ...string) (int, error) {
	w.Helper()
	raw, err := os.ReadFile("../../events/" + sample + ".json")
	if err != nil {
		w.Fatal(err)
	}
	for i := 0; i < len(oldNew); i += 2 {
		raw = bytes.ReplaceAll(raw, []byte(oldNew[i]), []byte(oldNew[i+1]))
	}
	woken, err := w.signals.OnSignal(ctx, raw)
	return woken.Waiters, err
}

const execution = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/churn/execution/p4jn9xou8a8s"

func TestOnSignal(t *testing.T) {
	const fiveXX, why = "churn-green-5xx", "Threshold Crossed: 1 out of the last 1 datapoints [0.25 (02/03/26 11:03:00)] was greater than the threshold (0.01) (minimum 1 datapoint for OK -> ALARM transition)."
	rang := `{"alarm":"churn-green-5xx","reason":"` + why + `"}`
	tests := []struct {
		name    string
		waiter  event.Resource
		since   string
		sample  string
		changes []string
		want    string // what the waiter is woken with; "" if it sleeps on
	}{
		{"an endpoint", event.Endpoint("Churn"), "12:00:00", "sagemaker-endpoint-state-change", nil, `{}`},
		{"an endpoint that failed", event.Endpoint("churn"), "12:00:00", "sagemaker-endpoint-state-change-failed", nil, `{}`},
		{"an endpoint as documented, without a time", event.Endpoint("MyEndpoint"), "12:00:00", "sagemaker-endpoint-state-change-as-documented", nil, `{}`},
		{"an old event of an endpoint: whoever wakes looks again", event.Endpoint("churn"), "23:00:00", "sagemaker-endpoint-state-change", nil, `{}`},
		{"another endpoint", event.Endpoint("fraud"), "12:00:00", "sagemaker-endpoint-state-change", nil, ""},
		{"a pipeline execution", event.PipelineExecution(execution), "12:00:00", "sagemaker-pipeline-execution-status-change", nil, `{}`},
		{"a failed one", event.PipelineExecution(execution), "12:00:00", "sagemaker-pipeline-execution-status-change-failed", nil, `{}`},
		{"an alarm since the wait began", event.AlarmNamed(fiveXX), "11:00:00", "cloudwatch-alarm-state-change", nil, rang},
		{"in the very millisecond", event.AlarmNamed(fiveXX), "11:04:40.989", "cloudwatch-alarm-state-change", nil, rang},
		{"an alarm from before the wait", event.AlarmNamed(fiveXX), "11:04:40.990", "cloudwatch-alarm-state-change", nil, ""},
		{"an alarm that is over", event.AlarmNamed(fiveXX), "11:00:00", "cloudwatch-alarm-state-change", []string{`"value": "ALARM"`, `"value": "OK"`}, ""},
		{"an alarm without data", event.AlarmNamed(fiveXX), "11:00:00", "cloudwatch-alarm-state-change", []string{`"value": "ALARM"`, `"value": "INSUFFICIENT_DATA"`}, ""},
		{"an alarm in another case is another", event.AlarmNamed("Churn-Green-5xx"), "11:00:00", "cloudwatch-alarm-state-change", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.waits(tt.waiter, "t", tt.since)
			n, err := w.onSignal(tt.sample, tt.changes...)
			if err != nil {
				t.Fatal(err)
			}
			if got := w.machines.outputs["t"]; got != jsonText(t, tt.want) || n > 0 != (tt.want != "") {
				t.Errorf("%d woken, with %s, want %s", n, got, tt.want)
			}
		})
	}
}

// jsonText is text as Go writes it.
func jsonText(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return ""
	}
	var b bytes.Buffer
	json.HTMLEscape(&b, []byte(text))
	return b.String()
}

func TestManyWaitAndEventsRepeat(t *testing.T) {
	w := newWorld(t)
	for _, token := range []string{"a", "b", "c", "d", "e"} {
		w.waits(event.Endpoint("churn"), token, "12:00:00")
	}
	if n, err := w.onSignal("sagemaker-endpoint-state-change"); n != 5 || err != nil {
		t.Errorf("woke %d, %v", n, err)
	}
	if n, err := w.onSignal("sagemaker-endpoint-state-change"); n != 0 || err != nil {
		t.Errorf("the same event again woke %d, %v", n, err)
	}
	if diff := cmp.Diff(map[string]string{"a": "{}", "b": "{}", "c": "{}", "d": "{}", "e": "{}"}, w.machines.outputs); diff != "" {
		t.Errorf("completed (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	w := newWorld(t)
	for _, sample := range []string{"s3-object-created", "sagemaker-model-package-state-change"} {
		if _, err := w.onSignal(sample); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", sample, err)
		}
	}
	if _, err := w.signals.OnSignal(ctx, json.RawMessage(`{}`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("no event: %v", err)
	}
	w.srv.Fault = func(*wire.Call, any) wire.Effect { return wire.Throttle }
	if _, err := w.onSignal("sagemaker-endpoint-state-change"); !fault.Is(err, fault.Throttled) {
		t.Errorf("throttled: %v", err)
	}
}
