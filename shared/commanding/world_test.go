package commanding_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/applying"
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/commanding"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/requesting"
	"sluice/shared/rollout"
	"sluice/shared/spec"
	"sluice/shared/waiting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// tokens is Step Functions as far as waiters need it: outputs by token.
type tokens map[string]string

func (t tokens) Complete(_ context.Context, token string, output json.RawMessage) error {
	t[token] = string(output)
	return nil
}

// world is on-command over the table, its stream, and a rollout machine that waits.
type world struct {
	*sim.World
	*testing.T
	srv     *wire.Server
	db      *dynamodb.Service
	client  *sdk.Client
	states  *states.Service
	table   *awstable.Table
	woken   tokens
	handler edge.Handler
	log     bytes.Buffer
	read    string // sequence number up to which the stream was handed out
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t, woken: tokens{}}
	w.db, w.states, w.srv = dynamodb.New(w.World), states.New(w.World, states.Needs{}), wire.NewServer(w.World)
	w.srv.Register(w.db.Wire())
	w.srv.Register(w.states.Wire())
	t.Cleanup(func() { w.Do(w.states.Close) })
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.table, w.client = awstable.Open(cfg, "sluice"), sdk.NewFromConfig(cfg)
	w.Do(func() {
		w.ok(w.db.Create(&dynamodb.CreateTableInput{
			TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
			StreamSpecification:  &dynamodb.StreamSpecification{StreamEnabled: true, StreamViewType: "NEW_IMAGE"},
		}))
		s := spec.Spec{Model: "churn", Pipeline: spec.Pipeline{Name: "p"}, Package: spec.Package{Group: "churn"}, Endpoint: spec.Endpoint{Name: "churn-prod", InstanceType: "ml.m5.large"}}
		_, err := applying.Apply(ctx, w.table, s.Normalised(), "test", noon)
		w.ok(err)
		arn, err := w.states.CreateMachine(states.CreateMachineInput{
			Name: "rollout", RoleARN: "arn:aws:iam::111122223333:role/m", Definition: `{"StartAt":"Roll","States":{"Roll":{"Type":"Wait","Seconds":604800,"End":true}}}`,
		})
		w.ok(err)
		commands := commanding.New(w.table, requesting.New(w.table, awsmachines.Open(cfg, arn)), waiting.NewRoom(w.table, w.woken))
		w.handler = edge.Handle("on-command", &w.log, commands.OnCommand)
	})
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func arn(version int) string {
	return fmt.Sprintf("arn:aws:sagemaker:us-east-1:111122223333:model-package/churn/%d", version)
}

// rollout puts a rollout of a version in place of the one before, begun so many hours
// after noon.
func (w *world) rollout(version int, s rollout.State, hour int, change ...func(*rollout.Record)) rollout.Record {
	w.Helper()
	r := rollout.Record{
		ID: rollout.ID("churn", version, 0), Model: "churn", Package: arn(version), State: s, StartedAt: noon.Add(time.Duration(hour) * time.Hour), Endpoint: "churn-prod",
		Baseline:  rollout.Side{Variant: rollout.ID("churn", version-1, 0), Package: arn(version - 1)},
		Candidate: rollout.Side{Variant: rollout.ID("churn", version, 0), Package: arn(version)},
		Plan:      rollout.Plan{Steps: []rollout.Step{{Kind: rollout.Weigh, Weight: 100}}}, Steps: make([]rollout.Progress, 1),
	}
	for _, c := range change {
		c(&r)
	}
	w.Do(func() {
		var err error
		r, err = w.table.PutRollout(ctx, r)
		w.ok(err)
	})
	return r
}

// asks writes a command.
func (w *world) asks(r rollout.Record, id string, v rollout.Verb) {
	w.Helper()
	w.Do(func() {
		w.ok(w.table.AddCommand(ctx, rollout.Command{Rollout: r.ID, ID: id, Verb: v, By: "ana", At: w.Now()}))
	})
}

// byHand writes an item as anybody could. Values are text, but for numbers.
func (w *world) byHand(pk, sk string, attributes ...any) {
	w.Helper()
	item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
	for i := 0; i < len(attributes); i += 2 {
		switch v := attributes[i+1].(type) {
		case string:
			item[attributes[i].(string)] = &types.AttributeValueMemberS{Value: v}
		case int:
			item[attributes[i].(string)] = &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
		case []byte:
			item[attributes[i].(string)] = &types.AttributeValueMemberB{Value: v}
		}
	}
	w.Do(func() {
		_, err := w.client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("sluice"), Item: item})
		w.ok(err)
	})
}

// ends puts the rollout into its last state and writes the end into its history.
func (w *world) ends(r rollout.Record, s rollout.State) {
	w.Helper()
	w.Do(func() {
		r.State, r.EndedAt = s, w.Now()
		_, err := w.table.PutRollout(ctx, r)
		w.ok(err)
		w.ok(w.table.AddHistory(ctx, rollout.Entry{Rollout: r.ID, At: w.Now(), Kind: "end", Text: string(s)}))
	})
}

// batch is what the stream has since the last one, as Lambda hands it out.
func (w *world) batch() json.RawMessage {
	w.Helper()
	var raw []byte
	w.Do(func() {
		records := w.db.StreamRecords(w.db.Stream("sluice"), w.read, 1000)
		if n := len(records); n > 0 {
			w.read = records[n-1].Change.SequenceNumber
		}
		var err error
		raw, err = json.Marshal(map[string]any{"Records": records})
		w.ok(err)
	})
	return raw
}

// hears hands a batch to the handler.
func (w *world) hears(batch json.RawMessage) (o event.Outcome, err error) {
	w.Helper()
	w.Do(func() {
		var out json.RawMessage
		if out, err = w.handler(ctx, batch); err == nil {
			w.ok(json.Unmarshal(out, &o))
		}
	})
	return o, err
}

// hearsAll hands out the stream until nothing is left, the handler's own writes too.
func (w *world) hearsAll() {
	w.Helper()
	for read := ""; read != w.read || read == ""; {
		read = w.read
		if o, err := w.hears(w.batch()); err != nil || len(o.Failures) > 0 {
			w.Fatalf("failed: %v, %v\n%s", o, err, w.log.String())
		}
	}
}

// answers lists what became of the commands to a rollout.
func (w *world) answers(id string) (all []string) {
	w.Helper()
	w.Do(func() {
		commands, err := w.table.Commands(ctx, id)
		w.ok(err)
		for _, c := range commands {
			word := "refused"
			switch {
			case c.HandledAt.IsZero():
				word = "open"
			case c.Accepted:
				word = "accepted"
			}
			all = append(all, fmt.Sprintf("%s %s: %s", c.ID, word, c.Answer))
		}
	})
	return all
}

// told lists the lines of a rollout's history about commands.
func (w *world) told(id string) (all []string) {
	w.Helper()
	w.Do(func() {
		entries, err := w.table.History(ctx, id)
		w.ok(err)
		for _, e := range entries {
			if e.Kind == "command" {
				all = append(all, e.Text)
			}
		}
	})
	return all
}

// started lists the executions by name.
func (w *world) started() (all []string) {
	w.Do(func() {
		for _, e := range w.states.Executions("") {
			all = append(all, e.Name)
		}
	})
	slices.Sort(all)
	return all
}
