package awstable_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
	"sluice/shared/awstable"
	"sluice/shared/fault"
)

var (
	ctx = context.Background()
	now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// world is a DynamoDB with the table in it, two items to a page.
type world struct {
	*testing.T
	db    *dynamodb.Service
	srv   *wire.Server
	table *awstable.Table
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := sim.NewWorld(now, 7)
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
	return &world{T: t, db: db, srv: srv, table: table}
}

// ok fails the test for an error.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// is fails the test unless err is of this kind.
func (w *world) is(err error, k fault.Kind) {
	w.Helper()
	if !fault.Is(err, k) {
		w.Fatalf("got %v (%s), want an error of kind %s", err, fault.Of(err), k)
	}
}

// get runs a read that must succeed.
func get[T any](w *world, read func() (T, error)) T {
	w.Helper()
	v, err := read()
	w.ok(err)
	return v
}

// keys lists the keys of all items, as "pk sk".
func (w *world) keys() []string {
	var all []string
	for _, it := range w.db.Items("sluice") {
		all = append(all, it["pk"].Text+" "+it["sk"].Text)
	}
	return all
}

// only makes every call of this operation suffer effect, once.
func (w *world) only(operation string, effect wire.Effect) {
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		if c.Operation != operation {
			return wire.NoFault
		}
		w.srv.Fault = nil
		return effect
	}
}
