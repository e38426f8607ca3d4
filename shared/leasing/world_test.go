package leasing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/states"
	"sluice/local/wire"
	"sluice/shared/awsmachines"
	"sluice/shared/awstable"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/waiting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

const name = "endpoint/churn"

// works is a machine that takes the lease as the real ones do, has it for ten
// minutes, and frees it.
const works = `{"StartAt":"TakeLease","States":{
	"TakeLease":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","TimeoutSeconds":300,"ResultPath":"$.held",
		"Parameters":{"FunctionName":"take","Payload":{"lease":"endpoint/churn","owner.$":"$$.Execution.Name","now.$":"$$.State.EnteredTime","token.$":"$$.Task.Token"}},
		"Retry":[{"ErrorEquals":["Throttled","Internal","Runtime.ExitError"],"IntervalSeconds":1}],
		"Catch":[{"ErrorEquals":["States.Timeout"],"ResultPath":null,"Next":"TakeLease"}],"Next":"LeaseTaken"},
	"LeaseTaken":{"Type":"Choice","Choices":[{"Variable":"$.held.held","BooleanEquals":true,"Next":"Work"}],"Default":"TakeLease"},
	"Work":{"Type":"Wait","Seconds":600,"Next":"Free"},
	"Free":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":60,"Parameters":{"FunctionName":"free","Payload":{"owner.$":"$$.Execution.Name"}},
		"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1}],"End":true}}}`

// world is a desk over a real table, and machines that use it.
type world struct {
	*sim.World
	*testing.T
	srv    *wire.Server
	states *states.Service
	table  *awstable.Table
	desk   *leasing.Desk
	story  []string // who held and freed the lease, and when
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: sim.NewWorld(noon, 7), T: t}
	db := dynamodb.New(w.World)
	w.states = states.New(w.World, states.Needs{Invoke: func(function string, payload []byte, done func(states.Answer)) {
		w.invoke(function, payload, func(answer []byte, functionError string, err error) {
			done(states.Answer{Payload: answer, FunctionError: functionError, Err: err})
		})
	}})
	w.srv = wire.NewServer(w.World)
	w.srv.Register(db.Wire())
	w.srv.Register(w.states.Wire())
	t.Cleanup(func() { w.Do(w.states.Close) })
	db.PageItems = 2
	err := db.Create(&dynamodb.CreateTableInput{
		TableName: "sluice", BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: w.srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.table = awstable.Open(cfg, "sluice")
	w.desk = leasing.NewDesk(w.table, waiting.NewRoom(w.table, awsmachines.Open(cfg, "")))
	w.Do(func() {
		if _, err := w.states.CreateMachine(states.CreateMachineInput{Name: "works", Definition: works, RoleARN: "arn:aws:iam::111122223333:role/m"}); err != nil {
			t.Fatal(err)
		}
	})
	return w
}

// invoke runs a function as Lambda would; a crash is the death of its process.
func (w *world) invoke(function string, payload []byte, done func([]byte, string, error)) {
	defer func() {
		if p := recover(); p != nil {
			c, ok := p.(wire.Crash)
			if !ok {
				panic(p)
			}
			done([]byte(fmt.Sprintf(`{"errorType":"Runtime.ExitError","errorMessage":%q}`, c.Error())), "Unhandled", nil)
		}
	}()
	var in leasing.Request
	if err := json.Unmarshal(payload, &in); err != nil {
		w.Error(err)
	}
	var err error
	var out any
	if function == "arn:aws:lambda:us-east-1:111122223333:function:free" {
		w.tell("%s frees", in.Owner)
		err = w.desk.Free(ctx, name, in.Owner)
	} else {
		var a leasing.Answer
		a, err = w.desk.TakeLease(ctx, in)
		if out = a; a.Held {
			w.tell("%s holds", in.Owner)
		}
	}
	if err != nil {
		raw, _ := json.Marshal(fault.Wire(err).(messages.InvokeResponse_Error))
		done(raw, "Unhandled", nil)
		return
	}
	raw, err := json.Marshal(out)
	if err != nil {
		w.Error(err)
	}
	done(raw, "", nil)
}

func (w *world) tell(format string, args ...any) {
	w.story = append(w.story, w.Now().Format("15:04:05")+" "+fmt.Sprintf(format, args...))
}

// start starts the machine for an owner.
func (w *world) start(owners ...string) {
	w.Helper()
	w.Do(func() {
		for _, owner := range owners {
			if _, err := w.states.StartExecution(states.MachineARN("works"), owner, `{}`); err != nil {
				w.Fatal(err)
			}
		}
	})
}

func (w *world) take(owner string, minute int) error {
	_, err := w.desk.TakeLease(ctx, leasing.Request{Lease: name, Owner: owner, Token: "token-of-" + owner, Now: noon.Add(time.Duration(minute) * time.Minute)})
	return err
}

// holder is who has the lease.
func (w *world) holder() (owner string) {
	w.Helper()
	l, err := w.table.Lease(ctx, name)
	if err != nil {
		w.Fatal(err)
	}
	return l.Owner
}
