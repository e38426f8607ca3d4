package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/asl/exec"
	"sluice/local/cloudwatch"
	"sluice/local/dynamodb"
	"sluice/local/s3"
	"sluice/local/sim"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsmachines"
	"sluice/shared/awsmetrics"
	"sluice/shared/awsobjects"
	"sluice/shared/awstable"
	"sluice/shared/demand"
	"sluice/shared/intake"
	"sluice/shared/spec"
	"sluice/shared/waiting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// runs is a training machine that does nothing for a week.
const runs = `{"StartAt":"Train","States":{"Train":{"Type":"Wait","Seconds":604800,"End":true}}}`

// world is an intake over a real table, store and state machine.
type world struct {
	*sim.World
	*testing.T
	srv    *wire.Server
	db     *dynamodb.Service
	s3     *s3.Service
	states *states.Service
	cw     *cloudwatch.Service
	table  *awstable.Table
	intake *intake.Intake
}

func newWorld(t *testing.T, specs ...spec.Spec) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t}
	w.db, w.s3 = dynamodb.New(w.World), s3.New(w.World, nil, nil)
	w.states = states.New(w.World, states.Needs{})
	w.cw = cloudwatch.New(w.World, func(string, string, []string, any) {}, func(string, []byte) {})
	w.srv = wire.NewServer(w.World)
	for _, svc := range []*wire.Service{w.db.Wire(), w.s3.Wire(), w.states.Wire(), w.cw.Wire()} {
		w.srv.Register(svc)
	}
	t.Cleanup(func() { w.Do(w.states.Close) })
	w.db.PageItems = 2
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
	w.table = awstable.Open(cfg, "sluice")
	w.Do(func() {
		w.ok(w.db.Create(&dynamodb.CreateTableInput{
			TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
		}))
		w.ok(w.s3.CreateBucket("store", s3.Options{}))
		arn, err := w.states.CreateMachine(states.CreateMachineInput{Name: "training", Definition: runs, RoleARN: "arn:aws:iam::111122223333:role/m"})
		w.ok(err)
		machines := awsmachines.Open(cfg, arn)
		w.intake = intake.New(w.table, awsobjects.Open(cfg, "store"), machines, awsmetrics.Open(cfg), waiting.NewRoom(w.table, machines))
	})
	for _, s := range specs {
		w.apply(s)
	}
	return w
}

func (w *world) apply(s spec.Spec) {
	w.Helper()
	w.Do(func() {
		_, err := applying.Apply(ctx, w.table, s.Normalised(), "test", noon)
		w.ok(err)
	})
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// model is a spec of a model that nothing else belongs to.
func model(name string, data []spec.DataTrigger, alarms ...string) spec.Spec {
	s := spec.Spec{
		Model: name, Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: name},
		Endpoint: spec.Endpoint{Name: name, InstanceType: "ml.m5.large"}, Triggers: spec.Triggers{Data: data},
	}
	for _, a := range alarms {
		s.Triggers.Drift = append(s.Triggers.Drift, spec.DriftTrigger{Alarm: a})
	}
	return s
}

// created is S3's event for an object, as a message of the queue.
func created(id, bucket, key, sequencer string, at time.Time) events.SQSMessage {
	body, err := json.Marshal(map[string]any{
		"id": id, "source": "aws.s3", "detail-type": "Object Created", "time": at.Format(time.RFC3339),
		"detail": map[string]any{"bucket": map[string]any{"name": bucket}, "object": map[string]any{"key": key, "size": 10, "etag": "e", "sequencer": sequencer}},
	})
	if err != nil {
		panic(err)
	}
	return events.SQSMessage{MessageId: id, Body: string(body), Attributes: map[string]string{"SentTimestamp": fmt.Sprint(at.Add(time.Second).UnixMilli())}}
}

func batch(messages ...events.SQSMessage) events.SQSEvent { return events.SQSEvent{Records: messages} }

func sample(t *testing.T, name string, v any) json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile("../../events/" + name + ".json")
	if err == nil && v != nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// onData runs on-data as the holder of the world, and returns the ids it gave back.
func (w *world) onData(e events.SQSEvent) (failed []string, err error) {
	w.Do(func() {
		var out events.SQSEventResponse
		out, err = w.intake.OnData(ctx, e)
		for _, f := range out.BatchItemFailures {
			failed = append(failed, f.ItemIdentifier)
		}
	})
	return failed, err
}

// objects is what a generation's chunks list, as "bucket/key sequencer", each list
// read back from the store.
func (w *world) objects(model string, generation int) (all []string) {
	w.Helper()
	w.Do(func() {
		chunks, err := w.table.Chunks(ctx, model, generation)
		w.ok(err)
		for _, c := range chunks {
			content, ok := w.s3.Get("store", c.List)
			if c.List != "" && !ok {
				w.Fatalf("chunk %s names %s, which is not there", c.Name, c.List)
			}
			for o, err := range demand.Read(bytes.NewReader(content)) {
				if c.List == "" {
					break
				}
				w.ok(err)
				all = append(all, fmt.Sprintf("%s/%s %s", o.Bucket, o.Key, o.Sequencer))
			}
		}
	})
	return all
}

// executions is the training machine's, as "name status".
func (w *world) executions() (all []string) {
	w.Do(func() {
		for _, e := range w.states.Executions("") {
			all = append(all, fmt.Sprintf("%s %s", e.Name, e.Status))
		}
	})
	return all
}

func (w *world) stop(name string) {
	w.Do(func() { w.states.StopExecution(states.ExecutionARN("training", name), &exec.Failure{}) })
}

// before runs fn when the first call of this operation arrives, and later ones when
// fn asks for it by returning true.
func (w *world) before(operation string, fn func() (again bool)) {
	var hook func(*wire.Call, any) wire.Effect
	hook = func(c *wire.Call, _ any) wire.Effect {
		if c.Operation == operation {
			w.srv.Fault = nil
			if fn() {
				w.srv.Fault = hook
			}
		}
		return wire.NoFault
	}
	w.srv.Fault = hook
}
