package training_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sluice/local/dynamodb"
	"sluice/local/logs"
	"sluice/local/s3"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awslogs"
	"sluice/shared/awsnotices"
	"sluice/shared/awsobjects"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/demand"
	"sluice/shared/intake"
	"sluice/shared/leasing"
	"sluice/shared/spec"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// pipeline trains for an hour and registers what its report says.
const pipeline = `{"Version":"2020-12-01","Parameters":[{"Name":"Manifest","Type":"String"},{"Name":"Why","Type":"String"}],"Steps":[
	{"Name":"Train","Type":"Training","Arguments":{"OutputDataConfig":{"S3OutputPath":"s3://models/churn"}}},
	{"Name":"Register","Type":"RegisterModel","DependsOn":["Train"],"Arguments":{"ModelPackageGroupName":"GROUP","ModelApprovalStatus":"PendingManualApproval",
		"ModelMetrics":{"ModelQuality":{"Statistics":{"ContentType":"application/json","S3Uri":{"Std:Join":{"On":"/","Values":["s3://models",{"Get":"Execution.PipelineExecutionId"},"evaluation.json"]}}}},"Bias":{"Report":{"ContentType":"application/json","S3Uri":"s3://models/bias.json"}}},
		"InferenceSpecification":{"Containers":[{"Image":"image"}],"SupportedContentTypes":["text/csv"],"SupportedResponseMIMETypes":["text/csv"]}}}]}`

// machines is Step Functions, as far as training needs it.
type machines struct {
	started   []string               // executions of the training machine, by name
	completed map[string]string      // outputs by token
	ended     func(name string) bool // nil: none has
}

func (m *machines) Start(_ context.Context, name string, _ any) (bool, error) {
	m.started = append(m.started, name)
	return m.ended == nil || !m.ended(name), nil
}

func (m *machines) Complete(_ context.Context, token string, output json.RawMessage) error {
	m.completed[token] = string(output)
	return nil
}

// world is training over real adapters and local services.
type world struct {
	*sim.World
	*testing.T
	srv      *wire.Server
	db       *dynamodb.Service
	s3       *s3.Service
	sns      *sns.Service
	logs     *logs.Service
	sm       *sagemaker.Service
	client   *sdk.Client
	machines *machines
	table    *awstable.Table
	intake   *intake.Intake
	run      *training.Training
	script   func(pipelines.Run) pipelines.Outcome
	runs     []pipelines.Run
	asked    asked
}

// churn is the model of these tests.
func churn() spec.Spec {
	min, drop := 0.8, 0.01
	return spec.Spec{
		Model:    "churn",
		Pipeline: spec.Pipeline{Name: "train", Parameters: map[string]string{"Manifest": "${manifest}", "Why": "${causes} (${manifestCount} of run ${generation})"}},
		Triggers: spec.Triggers{Data: []spec.DataTrigger{{Bucket: "acme", Quiet: spec.Duration(10 * time.Minute), MaxWait: spec.Duration(time.Hour)}}},
		Package:  spec.Package{Group: "churn", Gate: []spec.Condition{{Metric: "auc", Min: &min, MaxDrop: &drop}}, Approve: spec.Automatic},
		Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.large"},
	}.Normalised()
}

func newWorld(t *testing.T, change ...func(*spec.Spec)) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t, machines: &machines{completed: map[string]string{}}}
	w.script = func(pipelines.Run) pipelines.Outcome { return auc(0.9) }
	w.db, w.s3, w.sns = dynamodb.New(w.World), s3.New(w.World, nil, nil), sns.New(w.World, sns.Hooks{})
	w.logs = logs.New(w.World)
	w.sm = sagemaker.New(w.World, sagemaker.Outside{
		Log:  func(group, stream, line string) { w.logs.Append(group, stream, w.Now(), line) },
		Emit: func(string, string, []string, any) {}, Put: w.s3.Put,
		Script: func(r pipelines.Run) pipelines.Outcome { w.runs = append(w.runs, r); return w.script(r) },
	})
	w.srv = wire.NewServer(w.World)
	for _, svc := range []*wire.Service{w.db.Wire(), w.s3.Wire(), w.sns.Wire(), w.sm.Wire(), w.logs.Wire()} {
		w.srv.Register(svc)
	}
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
	s := churn()
	for _, c := range change {
		c(&s)
	}
	w.client, w.table = sdk.NewFromConfig(cfg), awstable.Open(cfg, "sluice")
	w.Do(func() {
		w.ok(w.db.Create(&dynamodb.CreateTableInput{
			TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
		}))
		for _, b := range []string{"store", "models"} {
			w.ok(w.s3.CreateBucket(b, s3.Options{}))
		}
		topic, err := w.sns.CreateTopic("reports", nil, nil)
		w.ok(err)
		_, err = w.client.CreatePipeline(ctx, &sdk.CreatePipelineInput{
			PipelineName: aws.String("train"), PipelineDefinition: aws.String(strings.Replace(pipeline, "GROUP", s.Package.Group, 1)),
			RoleArn: aws.String("arn:aws:iam::111122223333:role/p"), ClientRequestToken: aws.String(strings.Repeat("x", 32)),
		})
		w.ok(err)
		_, err = w.client.CreateModelPackageGroup(ctx, &sdk.CreateModelPackageGroupInput{ModelPackageGroupName: &s.Package.Group})
		w.ok(err)
		room := waiting.NewRoom(w.table, w.machines)
		store := awsobjects.Open(cfg, "store")
		w.intake = intake.New(w.table, store, w.machines, nil, room)
		w.run = &training.Training{
			Table: w.table, Store: store, Pipelines: awspipelines.Open(cfg), Registry: awspipelines.OpenRegistry(cfg), Rollouts: &w.asked,
			Room: room, Desk: leasing.NewDesk(w.table, room), Notices: awsnotices.Open(cfg, topic), Logs: awslogs.Open(cfg),
		}
		_, err = applying.Apply(ctx, w.table, s, "test", noon)
		w.ok(err)
	})
	return w
}

// asked keeps the rollouts that were asked for.
type asked []string

func (a *asked) Request(_ context.Context, model, packageARN string, version int) (string, error) {
	*a = append(*a, fmt.Sprintf("%s %d %s", model, version, packageARN))
	return "", nil
}

// auc is a run whose model has this number in its report.
func auc(f float64) pipelines.Outcome {
	return pipelines.Outcome{Report: fmt.Appendf(nil, `{"auc":%v}`, f), Durations: map[string]time.Duration{"Train": time.Hour}}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// step is the input of a state of the machine that serves a generation, entered now.
func (w *world) step(generation int) training.Step {
	return training.Step{Model: "churn", Generation: generation, Run: training.ExecutionName("churn", generation, 0), Now: w.Now()}
}

// call runs a handler as the holder of the world, and wants it to succeed.
func call[In, Out any](w *world, handle func(context.Context, In) (Out, error), in In) (out Out) {
	w.Helper()
	out, err := try(w, handle, in)
	w.ok(err)
	return out
}

func try[In, Out any](w *world, handle func(context.Context, In) (Out, error), in In) (out Out, err error) {
	w.Do(func() { out, err = handle(ctx, in) })
	return out, err
}

// arrive tells intake of objects, each as a key or as "key@sequencer".
func (w *world) arrive(keys ...string) {
	w.Helper()
	call(w, w.intake.OnData, w.batch(keys...))
}

func (w *world) batch(keys ...string) (e events.SQSEvent) {
	for i, k := range keys {
		key, sequencer, ok := strings.Cut(k, "@")
		if !ok {
			sequencer = "1"
		}
		body, err := json.Marshal(map[string]any{
			"id": k, "source": "aws.s3", "detail-type": "Object Created", "time": w.Now().Format(time.RFC3339),
			"detail": map[string]any{"bucket": map[string]any{"name": "acme"}, "object": map[string]any{"key": key, "size": 10, "sequencer": sequencer}},
		})
		w.ok(err)
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: string(body)})
	}
	return e
}

// launch takes the lease and launches the pipeline of a generation.
func (w *world) launch(generation int) training.LaunchedAs {
	w.Helper()
	w.lease(generation)
	return call(w, w.run.LaunchPipeline, w.step(generation))
}

func (w *world) lease(generation int) {
	w.Helper()
	s := w.step(generation)
	a := call(w, w.run.Desk.TakeLease, leasing.Request{Lease: leasing.ForTraining("churn"), Owner: s.Run, Token: "lease of " + s.Run, Now: w.Now()})
	if !a.Held {
		w.Fatalf("%s does not get the lease", s.Run)
	}
}

// manifest is what the run of a generation was given, as "key@sequencer".
func (w *world) manifest(generation int) (objects []string) {
	w.Helper()
	r := w.runOf(generation)
	if r.Manifest == "" {
		w.Fatalf("run %d has no manifest", generation)
	}
	return w.listed(strings.TrimPrefix(r.Manifest, "s3://store/"))
}

// listed is what a list in the store holds, as "key@sequencer".
func (w *world) listed(key string) (objects []string) {
	w.Helper()
	content, ok := w.s3.Get("store", key)
	if !ok {
		w.Fatalf("%s is not there", key)
	}
	for o, err := range demand.Read(bytes.NewReader(content)) {
		w.ok(err)
		objects = append(objects, o.Key+"@"+o.Sequencer)
	}
	return objects
}

func (w *world) runOf(generation int) (r training.Run) {
	w.Helper()
	w.Do(func() {
		var ok bool
		var err error
		if r, ok, err = w.table.Run(ctx, "churn", generation); err != nil || !ok {
			w.Fatalf("run %d: %v, %v", generation, ok, err)
		}
	})
	return r
}

func (w *world) open() (generation int) {
	w.Do(func() {
		var err error
		generation, _, err = w.table.OpenGeneration(ctx, "churn")
		w.ok(err)
	})
	return generation
}

func (w *world) chunks(generation int) (chunks []demand.Chunk) {
	w.Do(func() {
		var err error
		chunks, err = w.table.Chunks(ctx, "churn", generation)
		w.ok(err)
	})
	return chunks
}

func (w *world) holder() (owner string) {
	w.Do(func() {
		l, err := w.table.Lease(ctx, leasing.ForTraining("churn"))
		w.ok(err)
		owner = l.Owner
	})
	return owner
}
