package shifting_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	alarmapi "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sluice/local/cloudwatch"
	"sluice/local/cloudwatch/metric"
	"sluice/local/dynamodb"
	"sluice/local/sagemaker"
	"sluice/local/sagemaker/registry"
	"sluice/local/sagemaker/traffic"
	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsendpoints"
	"sluice/shared/awsmetrics"
	"sluice/shared/awsnotices"
	"sluice/shared/awspipelines"
	"sluice/shared/awstable"
	"sluice/shared/leasing"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
	"sluice/shared/spec"
	"sluice/shared/waiting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// machines is Step Functions, as far as shifting needs it: outputs by token.
type machines map[string]string

func (m machines) Complete(_ context.Context, token string, output json.RawMessage) error {
	if _, over := m[token]; !over {
		m[token] = string(output)
	}
	return nil
}

// unscaled is an account without autoscaling. What shifting does with it is
// rehearsed in the scenarios autoscaled and autoscaled-back.
type unscaled struct{}

func (unscaled) Read(context.Context, string, string) (*rollout.Scaling, error) { return nil, nil }

func (unscaled) Ensure(context.Context, string, string, rollout.Scaling) error {
	return errors.New("nothing is scaled")
}

func (unscaled) Remove(context.Context, string, string) error { return errors.New("nothing is scaled") }

// world is shifting over real adapters and local services. Its endpoint churn-prod
// serves version 1 of the package group churn, and version 2 is approved.
type world struct {
	*sim.World
	*testing.T
	srv      *wire.Server
	sm       *sagemaker.Service
	cw       *cloudwatch.Service
	sns      *sns.Service
	client   *sdk.Client
	alarms   *alarmapi.Client
	machines machines
	table    *awstable.Table
	shift    *shifting.Shifting
	champion string               // ARN of version 1
	package2 string               // ARN of version 2
	step0    func(*shifting.Step) // what a test changes in the first step
	steps    int
}

const id = "churn-v2" // of the rollout

func churn() spec.Spec {
	return spec.Spec{
		Model: "churn", Pipeline: spec.Pipeline{Name: "train"}, Package: spec.Package{Group: "churn"},
		Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.xlarge", InstanceCount: 3},
		Rollout: spec.Rollout{
			Strategy: spec.StrategyCanary, Canary: spec.Canary{Weight: 10, Bake: spec.Duration(10 * time.Minute)}, FinalBake: spec.Duration(5 * time.Minute), Capacity: spec.CapacityFull,
			Alarms: []string{"five", "slow"},
		},
	}.Normalised()
}

func newWorld(t *testing.T, change ...func(*spec.Spec)) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t, machines: machines{}}
	db := dynamodb.New(w.World)
	db.PageItems = 2
	w.cw, w.sns = cloudwatch.New(w.World, nil, nil), sns.New(w.World, sns.Hooks{})
	w.cw.Metrics.Publication = metric.Publication{Delay: time.Minute}
	w.sm = sagemaker.New(w.World, sagemaker.Outside{Emit: func(string, string, []string, any) {}, Record: w.cw.Record})
	w.srv = wire.NewServer(w.World)
	for _, svc := range []*wire.Service{db.Wire(), w.cw.Wire(), w.sns.Wire(), w.sm.Wire()} {
		w.srv.Register(svc)
	}
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.client, w.alarms, w.table = sdk.NewFromConfig(cfg), alarmapi.NewFromConfig(cfg), awstable.Open(cfg, "sluice")
	s := churn()
	for _, c := range change {
		c(&s)
	}
	w.Do(func() {
		w.ok(db.Create(&dynamodb.CreateTableInput{
			TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
		}))
		topic, err := w.sns.CreateTopic("reports", nil, nil)
		w.ok(err)
		w.champion, err = w.sm.Seed(sagemaker.Champion{Endpoint: "churn-prod", Group: "churn", Config: "churn-prod-1", Instances: 2})
		w.ok(err)
		w.package2 = w.register("Approved", traffic.Behaviour{})
		for _, name := range []string{"five", "slow"} {
			_, err := w.alarms.PutMetricAlarm(ctx, &alarmapi.PutMetricAlarmInput{
				AlarmName: aws.String(name), Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocation5XXErrors"), Statistic: alarmtypes.StatisticSum,
				Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1e9), ComparisonOperator: alarmtypes.ComparisonOperatorGreaterThanThreshold,
			})
			w.ok(err)
		}
		room := waiting.NewRoom(w.table, w.machines)
		cloudWatch := awsmetrics.Open(cfg)
		endpoints := awsendpoints.Open(cfg)
		w.shift = &shifting.Shifting{
			Table: w.table, Endpoints: endpoints, Attic: endpoints, Scaling: unscaled{}, Alarms: cloudWatch, Metrics: cloudWatch, Registry: awspipelines.OpenRegistry(cfg),
			Notices: awsnotices.Open(cfg, topic), Room: room, Desk: leasing.NewDesk(w.table, room), ModelRole: "arn:aws:iam::111122223333:role/models",
		}
		_, err = applying.Apply(ctx, w.table, s, "test", noon)
		w.ok(err)
	})
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// register adds a version to the package group, for who holds the world.
func (w *world) register(approval string, b traffic.Behaviour) (arn string) {
	w.Helper()
	arn, err := w.sm.Registry.Add(registry.Definition{
		ModelPackageGroupName: "churn", ModelApprovalStatus: approval,
		InferenceSpecification: &registry.Inference{Containers: []registry.Container{{Image: "image"}}, SupportedContentTypes: []string{"text/csv"}, SupportedResponseMIMETypes: []string{"text/csv"}},
	}, b)
	w.ok(err)
	return arn
}

// step is the input of a state of the rollout, entered now.
func (w *world) step() shifting.Step {
	w.steps++
	return shifting.Step{Rollout: id, Model: "churn", Package: w.package2, Lease: leasing.ForEndpoint("churn-prod"), Token: fmt.Sprint("token ", w.steps), Now: w.Now()}
}

// asks is the input of await-turn.
func (w *world) asks() shifting.Turn { return shifting.Turn{Step: w.step(), Rank: rollout.Rank(2, 0)} }

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

// lease takes the endpoint's lease for the rollout.
func (w *world) lease() {
	w.Helper()
	if a := call(w, w.shift.AwaitTurn, w.asks()); a.State != shifting.TurnCame {
		w.Fatalf("the rollout does not get its turn: %+v", a)
	}
}

// await is await-endpoint until the endpoint has settled.
func (w *world) await(target string) shifting.Answer {
	w.Helper()
	for range 120 {
		a := call(w, w.shift.AwaitEndpoint, shifting.Await{Step: w.step(), Target: target})
		if a.Outcome != rollout.Moving && a.Outcome != rollout.Maintained {
			return a
		}
		w.RunFor(time.Minute)
	}
	w.Fatal("the endpoint does not settle")
	return shifting.Answer{}
}

// planned has the lease and a plan.
func planned(t *testing.T, change ...func(*spec.Spec)) *world {
	t.Helper()
	w := newWorld(t, change...)
	w.lease()
	if p := call(w, w.shift.PlanRollout, w.step()); !p.Go {
		t.Fatalf("refused: %s", p.Reason)
	}
	w.RunFor(time.Second)
	return w
}

// prepared has the candidate beside the baseline.
func prepared(t *testing.T, change ...func(*spec.Spec)) *world {
	t.Helper()
	w := planned(t, change...)
	call(w, w.shift.PrepareVariants, w.step())
	w.RunFor(time.Second)
	if a := w.await("weight"); a.Outcome != rollout.Reached {
		t.Fatalf("prepared: %+v", a)
	}
	return w
}

// shifted is at the weight of a step.
func shifted(t *testing.T, step int, change ...func(*spec.Spec)) *world {
	t.Helper()
	w := prepared(t, change...)
	for w.record().Step < step {
		w.RunFor(time.Second)
		w.weigh()
		if w.record().Step < step {
			w.endStep()
		}
	}
	w.RunFor(time.Second)
	return w
}

// weigh asks for all that the next step needs.
func (w *world) weigh() {
	w.Helper()
	for range 5 {
		call(w, w.shift.ShiftWeight, w.step())
		w.RunFor(time.Second)
		switch a := w.await("weight"); a.Outcome {
		case rollout.Reached:
			return
		case rollout.Settled:
			w.RunFor(time.Second)
		default:
			w.Fatalf("step %d: %+v", w.record().Step, a)
		}
	}
	w.Fatal("the step needs no end of changes")
}

// endStep ends the bake, as a verdict to advance does.
func (w *world) endStep() {
	w.Helper()
	r := w.record()
	r.Steps[r.Step].EndedAt = w.Now()
	w.Do(func() { _, err := w.table.PutRollout(ctx, r); w.ok(err) })
}

func (w *world) record() (r rollout.Record) {
	w.Helper()
	w.Do(func() {
		var ok bool
		var err error
		if r, ok, err = w.table.Rollout(ctx, id); err != nil || !ok {
			w.Fatalf("record %v, %v", ok, err)
		}
	})
	return r
}

// endpoint is the endpoint in one line.
func (w *world) endpoint() string {
	w.Helper()
	var e rollout.Endpoint
	w.Do(func() {
		var err error
		e, err = w.shift.Endpoints.Describe(ctx, "churn-prod")
		w.ok(err)
	})
	r := w.record()
	return strings.NewReplacer(r.BothConfig, "BOTH", r.Candidate.Config, "FINAL").Replace(e.String())
}

// history is the rollout's, as "kind: text".
func (w *world) history(kinds ...string) (lines []string) {
	w.Helper()
	w.Do(func() {
		all, err := w.table.History(ctx, id)
		w.ok(err)
		for _, e := range all {
			if len(kinds) == 0 || strings.Contains(strings.Join(kinds, " "), e.Kind) {
				lines = append(lines, e.Kind+": "+e.Text)
			}
		}
	})
	return lines
}

func (w *world) holder() (l leasing.Lease) {
	w.Do(func() {
		var err error
		l, err = w.table.Lease(ctx, "endpoint/churn-prod")
		w.ok(err)
	})
	return l
}

// ring sets the state of an alarm.
func (w *world) ring(name, state string) {
	w.Helper()
	w.Do(func() {
		_, err := w.alarms.SetAlarmState(ctx, &alarmapi.SetAlarmStateInput{AlarmName: &name, StateValue: alarmtypes.StateValue(state), StateReason: aws.String("because")})
		w.ok(err)
	})
}
