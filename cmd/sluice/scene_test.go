package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/rogpeppe/go-internal/testscript"

	"sluice/local/autoscaling"
	"sluice/local/cloudwatch"
	"sluice/local/dynamodb"
	"sluice/local/sagemaker"
	"sluice/local/sim"
	"sluice/local/states"
	"sluice/local/sts"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awstable"
	"sluice/shared/capturing"
	"sluice/shared/demand"
	"sluice/shared/event"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/training"
	"sluice/shared/waiting"
)

const tableName = "sluice-Table"

// began is when the rollout of churn/42 began.
var began = time.Date(2026, 11, 23, 23, 50, 0, 0, time.UTC)

// scene is Sluice's table on local AWS, and what a script puts into it.
type scene struct {
	t      testscript.T
	ctx    context.Context
	world  *sim.World
	states *states.Service
	tables *dynamodb.Service
	server *httptest.Server
	table  *awstable.Table
	cfg    aws.Config
	sm     *sagemaker.Service
	told   string // sequence number of the last change that on-command has heard of
	again  string // ARN of the machine that retries and undos start
	token  string // of the execution that waits
	then   func() // what a scene does once its executions have begun
	ticks  []func()
}

func newScene(t testscript.T) *scene {
	s := &scene{t: t, ctx: context.Background(), world: sim.NewWorld(began, 1)}
	s.tables = dynamodb.New(s.world)
	s.states = states.New(s.world, states.Needs{Invoke: func(_ string, payload []byte, done func(states.Answer)) {
		var in struct{ Token string }
		s.must(json.Unmarshal(payload, &in))
		s.token = in.Token
		done(states.Answer{Payload: []byte("{}")})
	}})
	front := wire.NewServer(s.world)
	front.Register(s.tables.Wire())
	front.Register(s.states.Wire())
	front.Register(sts.New(s.world, operator{}).Wire())
	s.sm = sagemaker.New(s.world, sagemaker.Outside{Emit: func(string, string, []string, any) {}})
	front.Register(s.sm.Wire())
	front.Register(cloudwatch.New(s.world, nil, nil).Wire())
	front.Register(autoscaling.New(s.world, instances{s}).Wire())
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/tick" {
			front.ServeHTTP(w, r)
			return
		}
		if len(s.ticks) == 0 {
			w.WriteHeader(http.StatusGone)
			return
		}
		s.world.Do(s.ticks[0])
		s.ticks = s.ticks[1:]
	}))
	s.world.Do(func() {
		s.must(s.tables.Create(&dynamodb.CreateTableInput{
			TableName: tableName, BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
			StreamSpecification:  &dynamodb.StreamSpecification{StreamEnabled: true, StreamViewType: "NEW_IMAGE"},
		}))
	})
	s.cfg = aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: front}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	s.table = awstable.Open(s.cfg, tableName)
	return s
}

// training makes the stack's training machine, which waits, and a run of churn in this
// state. One that is launched has an execution in SageMaker.
func (s *scene) training(state training.State) {
	_, err := s.states.CreateMachine(states.CreateMachineInput{Name: "sluice-training", Definition: `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}`, RoleARN: "arn:aws:iam::111122223333:role/m"})
	s.must(err)
	r := training.Run{Model: "churn", Generation: 17, State: state, ClosedAt: began, Causes: "data: s3://acme-features/churn/"}
	if state == training.Launched {
		client := sdk.NewFromConfig(s.cfg)
		_, err := client.CreatePipeline(s.ctx, &sdk.CreatePipelineInput{
			PipelineName: aws.String("churn-training"), ClientRequestToken: aws.String(strings.Repeat("x", 32)), RoleArn: aws.String("arn:aws:iam::111122223333:role/p"),
			PipelineDefinition: aws.String(`{"Version":"2020-12-01","Steps":[{"Name":"Train","Type":"Training","Arguments":{}}]}`),
		})
		s.must(err)
		out, err := client.StartPipelineExecution(s.ctx, &sdk.StartPipelineExecutionInput{PipelineName: aws.String("churn-training"), ClientRequestToken: aws.String(strings.Repeat("y", 32))})
		s.must(err)
		r.Pipeline = *out.PipelineExecutionArn
	}
	s.must(s.table.PutRun(s.ctx, r))
}

// play puts a scene into the table, in place of the one before.
func (s *scene) play(name string) {
	s.then, s.ticks = func() {}, nil
	s.world.Do(func() {
		for _, it := range s.tables.Items(tableName) {
			s.must(s.tables.Delete(tableName, dynamodb.Item{"pk": it["pk"], "sk": it["sk"]}))
		}
	})
	s.world.Do(func() { scenes[name](s) })
	s.world.RunFor(time.Minute)
	s.world.Do(s.then)
}

func (s *scene) close() {
	s.server.Close()
	s.world.Do(s.states.Close)
}

func (s *scene) must(err error) {
	if err != nil {
		s.t.Fatal(err)
	}
}

// scenes are what scripts can put into the table.
var scenes = map[string]func(*scene){
	"churn": func(s *scene) { s.churn() },
	"running": func(s *scene) {
		s.churn()
		s.story(s.bad(), 10)
		s.must(s.table.TakeLease(s.ctx, leasing.Lease{Name: leasing.ForEndpoint("churn-prod"), Owner: "churn-v42", Since: began, Expires: began.Add(leasing.Term)}, began))
	},
	"rolledback": func(s *scene) {
		s.churn()
		s.story(s.bad(), everything)
	},
	"promoted": func(s *scene) {
		s.churn()
		s.story(s.good(), everything)
	},
	"halted":  func(s *scene) { s.halted() },
	"serving": func(s *scene) { s.serving() },
	"scaled":  func(s *scene) { s.scaled() },
	"busy": func(s *scene) {
		s.serving()
		s.sm.Hosting.Maintain("churn-prod", s.world.Now(), time.Hour)
	},
	"refused":  func(s *scene) { s.refused() },
	"new":      func(s *scene) { s.apply("churn"); s.training(training.Trained) },
	"training": func(s *scene) { s.apply("churn"); s.training(training.Launched) },
	"failed":   func(s *scene) { s.apply("churn"); s.training(training.Failed) },
	// unheld has a halted rollout that never had the lease, or lost it.
	"unheld": func(s *scene) {
		s.halted()
		s.must(s.table.FreeLease(s.ctx, leasing.ForEndpoint("churn-prod"), "churn-v42"))
	},

	"waiting":       func(s *scene) { s.stops(waits) },
	"to-approve":    func(s *scene) { s.stops(asks) },
	"paused":        func(s *scene) { s.stops(pausedByHand) },
	"held":          func(s *scene) { s.stops(heldByJudge) },
	"frozen":        func(s *scene) { s.stops(frozenByWindow) },
	"in-pause":      func(s *scene) { s.stops(inPause) },
	"standby":       func(s *scene) { s.stops(inStandby) },
	"after-standby": func(s *scene) { s.stops(afterStandby) },
	"undone":        func(s *scene) { s.stops(undone) },
	"aborted":       func(s *scene) { s.stops(abortedByHand) },
	"superseded":    func(s *scene) { s.stops(superseded) },
	"first":         func(s *scene) { s.first() },
	"deaf":          func(s *scene) { s.deaf() },
	"three": func(s *scene) {
		s.halted()
		s.apply("fraud")
		s.apply("search")
		r := s.record("fraud", 7)
		r.State, r.EndedAt, r.Step, r.StartedAt = rollout.Promoted, began.Add(-50*time.Hour), 1, began.Add(-51*time.Hour)
		s.put(r)
	},
	// drifting has models with a drift block: nothing read yet, learning, and moved.
	"drifting": func(s *scene) {
		for model, states := range map[string][]capturing.State{
			"churn":  {{Variant: "churn-v1", Reference: "r", Judged: began.Add(-30 * time.Hour), Scores: []float64{0.2}, Reading: "no feature of 3 has moved"}, {Variant: "churn-v2", Reference: "r", Judged: began.Add(-time.Hour), Scores: []float64{0.4, 2.05, 1.9}, Reading: "age has moved: PSI 0.41, KS 0.29"}},
			"fraud":  {{Variant: "fraud-v1", Since: began.Add(-5 * time.Hour), Judged: began.Add(-2 * time.Hour)}},
			"search": nil,
		} {
			sp := s.apply(model)
			sp.Drift = &spec.Drift{Captures: "s3://acme-captures/" + model}
			_, err := applying.Apply(s.ctx, s.table, sp.Normalised(), model+"/sluice.yaml", began.Add(-90*time.Hour))
			s.must(err)
			for _, st := range states {
				st.Model = model
				_, err := s.table.PutDriftState(s.ctx, st)
				s.must(err)
			}
		}
	},
	// watched has a rollout that goes on with each pause of the command.
	"watched": func(s *scene) {
		s.churn()
		moments := s.bad()
		s.story(moments, 10)
		for i := 11; i <= len(moments); i++ {
			s.ticks = append(s.ticks, func() { s.tell(moments[i-1]) })
		}
	},
}

// apply puts the example's spec in force under another model's name.
func (s *scene) apply(model string) spec.Spec {
	src, err := os.ReadFile("../../examples/churn/sluice.yaml")
	s.must(err)
	sp, err := spec.Parse("sluice.yaml", []byte(strings.ReplaceAll(string(src), "churn", model)))
	s.must(err)
	_, err = applying.Apply(s.ctx, s.table, *sp, model+"/sluice.yaml", began.Add(-100*time.Hour))
	s.must(err)
	return *sp
}

func arn(model string, version int) string {
	return fmt.Sprintf("arn:aws:sagemaker:us-east-1:111122223333:model-package/%s/%d", model, version)
}

// churn is a model with open demand and three training runs.
func (s *scene) churn() {
	s.apply("churn")
	for i, r := range []training.Run{
		{State: training.Trained, Approval: training.Approved, Package: arn("churn", 42), Causes: "data: s3://acme-features/churn/", Summary: demand.Summary{Objects: 1204, Bytes: 1 << 30}},
		{State: training.Failed, Causes: "drift: alarm churn-drift-psi went off", Reason: "pipeline execution Failed: step Train: OutOfMemory", Summary: demand.Summary{Objects: 88}},
		{State: training.Trained, Approval: training.Rejected, Package: arn("churn", 41), Causes: "data: s3://acme-features/churn/", Reason: "auc.value 0.79 is under 0.8", Summary: demand.Summary{Objects: 310}},
	} {
		r.Model, r.Generation, r.Manifest = "churn", 17-i, "s3://store/manifests/churn/x.jsonl.gz"
		r.ClosedAt = began.Add(time.Duration(-20-600*i) * time.Minute)
		r.EndedAt = r.ClosedAt.Add(13 * time.Minute)
		s.must(s.table.PutRun(s.ctx, r))
	}
	for g := 1; g < 18; g++ {
		s.must(s.table.CloseGeneration(s.ctx, "churn", g))
	}
	for i, c := range []demand.Chunk{
		{Name: "a", List: "chunks/a", Objects: 900, Bytes: 5e8, Cause: demand.Cause{Kind: "data", Text: "s3://acme-features/churn/"}},
		{Name: "b", List: "chunks/b", Objects: 304, Bytes: 1e8, Cause: demand.Cause{Kind: "data", Text: "s3://acme-features/churn/"}},
		{Name: "manual-x", Trigger: -1, Cause: demand.Cause{Kind: "manual", Text: "ana: new labels"}},
	} {
		c.FirstAt = began.Add(time.Duration(i) * time.Minute)
		c.LastAt = c.FirstAt.Add(30 * time.Second)
		s.must(s.table.AddChunk(s.ctx, "churn", 18, c))
	}
}

// put writes a record, whatever was there.
func (s *scene) put(r rollout.Record) {
	if was, ok, err := s.table.Rollout(s.ctx, r.ID); err != nil || ok {
		s.must(err)
		r.Rev = was.Rev
	}
	_, err := s.table.PutRollout(s.ctx, r)
	s.must(err)
}

// halted is a rollout that halted while promoting, with another that waits for the
// endpoint.
func (s *scene) halted() {
	s.churn()
	moments := s.good()
	s.story(moments, len(moments)-3)
	r := moments[len(moments)-4].record
	end := began.Add(50 * time.Minute)
	r.State, r.EndedAt, r.Reason = rollout.Halted, end, "endpoint churn-prod could neither be updated nor rolled back by AWS"
	s.tell(moment{record: r, entry: rollout.Entry{At: end, Kind: "end", Text: "halted: " + r.Reason}})
	name := leasing.ForEndpoint("churn-prod")
	s.must(s.table.TakeLease(s.ctx, leasing.Lease{Name: name, Owner: r.ID, Since: began, Expires: end.Add(leasing.Term)}, began))
	s.must(s.table.HaltLease(s.ctx, name, r.ID, end))
	_, err := s.states.CreateMachine(states.CreateMachineInput{Name: "rollout", RoleARN: "arn:aws:iam::111122223333:role/r", Definition: `{"StartAt":"TakeLease","States":{"TakeLease":{"Type":"Task",
		"Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"take-lease","Payload":{"token.$":"$$.Task.Token"}},"End":true}}}`})
	s.must(err)
	_, err = s.states.StartExecution(states.MachineARN("rollout"), "churn-v43", "{}")
	s.must(err)
	s.then = func() {
		s.must(s.table.PutWaiter(s.ctx, waiting.Waiter{Resource: event.LeaseOn(name), Owner: "churn-v43", Token: s.token, Since: end}))
	}
}

// woken reports whether the waiting execution has gone on.
func (s *scene) woken() (woken bool) {
	s.world.RunFor(time.Minute)
	s.world.Do(func() {
		e, _ := s.states.Execution(states.ExecutionARN("rollout", "churn-v43"))
		woken = e.Status == "SUCCEEDED" && e.Output == `{"held":false}`
	})
	return woken
}

// refused is a rollout that came to no plan, after one that was promoted.
func (s *scene) refused() {
	s.churn()
	s.story(s.good(), everything)
	r := rollout.Record{ID: "churn-v43", Model: "churn", Package: arn("churn", 43), Endpoint: "churn-prod", State: rollout.Refused, Step: -1,
		StartedAt: began.Add(2 * time.Hour), EndedAt: began.Add(2*time.Hour + time.Second), Reason: "alarm churn-5xx is in ALARM already: Threshold Crossed"}
	s.tell(moment{record: r, entry: rollout.Entry{At: r.StartedAt, Kind: "plan", Text: "refused: " + r.Reason}})
	s.tell(moment{record: r, entry: rollout.Entry{At: r.EndedAt, Kind: "end", Text: "refused: " + r.Reason}})
}
