package capturing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"sluice/local/cloudwatch"
	"sluice/local/dynamodb"
	"sluice/local/s3"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsmetrics"
	"sluice/shared/awsobjects"
	"sluice/shared/awstable"
	"sluice/shared/capturing"
	"sluice/shared/rollout"
	"sluice/shared/spec"
)

var (
	ctx  = context.Background()
	nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

// world is on-capture over a real table, store and CloudWatch, an hour's rows to a file.
type world struct {
	*sim.World
	*testing.T
	srv       *wire.Server
	s3        *s3.Service
	cw        *sdk.Client
	table     *awstable.Table
	capturing *capturing.Capturing
	messages  int
}

// churn is a model that learns for two hours.
var churn = spec.Spec{
	Model: "churn", Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: "churn"},
	Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.large"},
	Drift: &spec.Drift{
		Captures: "s3://captures/churn", Columns: []string{"age", "country", "customer"}, Ignore: []string{"customer"},
		Learn: spec.Duration(2 * time.Hour), MinRows: 500,
	},
}

func newWorld(t *testing.T, s spec.Spec) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(nine, 7), T: t}
	db, metrics := dynamodb.New(w.World), cloudwatch.New(w.World, func(string, string, []string, any) {}, func(string, []byte) {})
	w.s3, w.srv = s3.New(w.World, nil, nil), wire.NewServer(w.World)
	for _, svc := range []*wire.Service{db.Wire(), w.s3.Wire(), metrics.Wire()} {
		w.srv.Register(svc)
	}
	w.s3.Fault = func(c *wire.Call, in any) wire.Effect { // one list of calls, whatever their service
		if w.srv.Fault == nil {
			return wire.NoFault
		}
		return w.srv.Fault(c, in)
	}
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.table, w.cw = awstable.Open(cfg, "sluice"), sdk.NewFromConfig(cfg)
	w.capturing = &capturing.Capturing{Table: w.table, Store: awsobjects.Open(cfg, "store"), Metrics: awsmetrics.Open(cfg)}
	w.Do(func() {
		w.ok(db.Create(&dynamodb.CreateTableInput{
			TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
		}))
		for _, b := range []string{"store", "captures", "models"} {
			w.ok(w.s3.CreateBucket(b, s3.Options{}))
		}
	})
	w.apply(s)
	return w
}

func (w *world) apply(s spec.Spec) {
	w.Helper()
	w.Do(func() {
		_, err := applying.Apply(ctx, w.table, s.Normalised(), "test", nine)
		w.ok(err)
	})
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// rollout puts a rollout into the table, of v1 by the champion to v2.
func (w *world) rollout(state rollout.State) {
	w.Helper()
	w.Do(func() {
		r, _, err := w.table.Rollout(ctx, "churn-v2")
		w.ok(err)
		r.ID, r.Model, r.State, r.StartedAt = "churn-v2", "churn", state, nine
		r.Baseline, r.Candidate = rollout.Side{Variant: "churn-v1"}, rollout.Side{Variant: "churn-v2"}
		_, err = w.table.PutRollout(ctx, r)
		w.ok(err)
	})
}

// put writes a capture file with rows of some minutes after the hour, whose ages have
// this mean, and returns S3's message about it, sent at the end of its minutes.
func (w *world) put(variant string, from time.Time, rows int, mean float64) events.SQSMessage {
	w.Helper()
	r := rand.New(rand.NewPCG(uint64(from.Unix()), uint64(mean)))
	var b bytes.Buffer
	for i := range rows {
		country := []string{"DE", "FR", "PL"}[r.IntN(3)]
		line, err := json.Marshal(map[string]any{
			"captureData": map[string]any{
				"endpointInput":  map[string]any{"observedContentType": "text/csv", "mode": "INPUT", "encoding": "CSV", "data": fmt.Sprintf("%.2f,%s,c%d", mean+10*r.NormFloat64(), country, i)},
				"endpointOutput": map[string]any{"observedContentType": "application/json", "mode": "OUTPUT", "encoding": "JSON", "data": fmt.Sprintf("%.3f", r.Float64())},
			},
			"eventMetadata": map[string]any{"eventId": fmt.Sprint(i), "inferenceTime": from.Add(time.Duration(i) * time.Second / 2).Format(time.RFC3339)},
			"eventVersion":  "0",
		})
		w.ok(err)
		b.Write(append(line, '\n'))
	}
	key := fmt.Sprintf("churn/churn-prod/%s/%s/%02d-%d.jsonl", variant, from.Format("2006/01/02/15"), from.Minute(), rows)
	w.Do(func() { w.ok(w.s3.Put("captures", key, b.Bytes())) })
	return w.message("captures", key, from.Add(30*time.Minute))
}

func (w *world) message(bucket, key string, at time.Time) events.SQSMessage {
	w.messages++
	body, err := json.Marshal(map[string]any{
		"id": fmt.Sprint(w.messages), "source": "aws.s3", "detail-type": "Object Created", "time": at.Format(time.RFC3339),
		"detail": map[string]any{"bucket": map[string]any{"name": bucket}, "object": map[string]any{"key": key, "size": 10, "etag": "e", "sequencer": "1"}},
	})
	w.ok(err)
	return events.SQSMessage{MessageId: fmt.Sprint(w.messages), Body: string(body), Attributes: map[string]string{"SentTimestamp": fmt.Sprint(at.UnixMilli())}}
}

// hour is the captures of an hour, in two files.
func (w *world) hour(variant string, at int, mean float64) []events.SQSMessage {
	from := nine.Add(time.Duration(at) * time.Hour)
	return []events.SQSMessage{w.put(variant, from, 300, mean), w.put(variant, from.Add(30*time.Minute), 300, mean)}
}

// take hands messages to on-capture, and returns the ids of those that it gave back.
func (w *world) take(messages ...events.SQSMessage) (failed []string, err error) {
	w.Do(func() {
		var out events.SQSEventResponse
		out, err = w.capturing.OnCapture(ctx, events.SQSEvent{Records: messages})
		for _, f := range out.BatchItemFailures {
			failed = append(failed, f.ItemIdentifier)
		}
	})
	return failed, err
}

// hours lets hours pass in which the variant is asked about such ages.
func (w *world) hours(variant string, from, to int, mean float64) {
	w.Helper()
	for h := from; h < to; h++ {
		for _, m := range w.hour(variant, h, mean) {
			w.RunFor(30 * time.Minute)
			if failed, err := w.take(m); err != nil || len(failed) > 0 {
				w.Fatal(failed, err)
			}
		}
	}
}

func (w *world) state(variant string) (s capturing.State) {
	w.Helper()
	w.Do(func() {
		var err error
		s, err = w.table.DriftState(ctx, "churn", variant)
		w.ok(err)
	})
	return s
}

// kept are the keys of the store.
func (w *world) kept(prefix string) (keys []string) {
	w.Do(func() { keys = slices.Clone(w.s3.List("store", prefix)) })
	return keys
}
