package waiting_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awstable"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/waiting"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

const endpoint = event.Resource("endpoint/churn")

// machines is Step Functions, as far as a room needs it: tokens that are open, and
// what they were completed with.
type machines struct {
	outputs map[string][]string
	closed  map[string]bool // tokens whose task is over: completing does nothing
	broken  map[string]bool // tokens that cannot be completed now
	calls   int
}

func (m *machines) Complete(_ context.Context, token string, output json.RawMessage) error {
	m.calls++
	if m.broken[token] {
		return fault.Throttled.Errorf("completing %s", token)
	}
	if !m.closed[token] {
		m.outputs[token] = append(m.outputs[token], string(output))
		m.closed[token] = true
	}
	return nil
}

// world is a room over a real table.
type world struct {
	*testing.T
	srv      *wire.Server
	table    *awstable.Table
	machines *machines
	room     *waiting.Room
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := sim.NewWorld(noon, 7)
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
	m := &machines{outputs: map[string][]string{}, closed: map[string]bool{}, broken: map[string]bool{}}
	return &world{T: t, srv: srv, table: table, machines: m, room: waiting.NewRoom(table, m)}
}

// tokens lists who waits for a resource.
func (w *world) tokens(r event.Resource) []string {
	w.Helper()
	waiters, err := w.table.WaitersFor(ctx, r)
	if err != nil {
		w.Fatal(err)
	}
	all := []string{}
	for _, x := range waiters {
		all = append(all, x.Token)
	}
	slices.Sort(all)
	return all
}

// atCall runs fn when call n, from 0, arrives at AWS, before it is answered. It
// reports how many calls there were.
func (w *world) atCall(n int, fn func(), run func()) (calls int) {
	w.srv.Fault = func(*wire.Call, any) wire.Effect {
		if calls++; calls-1 == n {
			hook := w.srv.Fault
			w.srv.Fault = nil
			fn()
			w.srv.Fault = hook
		}
		return wire.NoFault
	}
	run()
	w.srv.Fault = nil
	return calls
}

// crash runs fn, whose process dies at call n, before or after its effect. It
// reports whether there was such a call.
func (w *world) crash(n int, effect wire.Effect, fn func()) (crashed bool) {
	calls := 0
	w.srv.Fault = func(*wire.Call, any) wire.Effect {
		if calls++; calls-1 == n {
			return effect
		}
		return wire.NoFault
	}
	defer func() {
		w.srv.Fault = nil
		if p := recover(); p != nil {
			if _, crashed = p.(wire.Crash); !crashed {
				panic(p)
			}
		}
	}()
	fn()
	return false
}
