package dynamodb_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"sluice/local/dynamodb"
	"sluice/local/sim"
	"sluice/local/wire"
)

var ctx = context.Background()

type m = map[string]types.AttributeValue

func str(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func num(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }

// stage is a service with the SDK client of it, and two tables: "leases" (pk), and
// "runs" (pk, sk) with the index "by-state" (state, at).
type stage struct {
	t      testing.TB
	w      *sim.World
	svc    *dynamodb.Service
	server *wire.Server
	client *sdk.Client
}

func newStage(t testing.TB) *stage {
	t.Helper()
	w := sim.NewWorld(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), 7)
	s := &stage{t: t, w: w, svc: dynamodb.New(w), server: wire.NewServer(w)}
	s.server.Register(s.svc.Wire())
	s.client = sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: s.server}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	for _, in := range []*dynamodb.CreateTableInput{
		{
			TableName: "leases", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{{AttributeName: "pk", AttributeType: "S"}},
			KeySchema:            []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}},
		},
		{
			TableName: "runs", BillingMode: "PAY_PER_REQUEST",
			AttributeDefinitions: []dynamodb.AttributeDefinition{
				{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "N"},
				{AttributeName: "stage", AttributeType: "S"}, {AttributeName: "since", AttributeType: "N"},
			},
			KeySchema: []dynamodb.KeySchemaElement{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
			GlobalSecondaryIndexes: []dynamodb.GlobalIndex{{
				IndexName:  "by-stage",
				KeySchema:  []dynamodb.KeySchemaElement{{AttributeName: "stage", KeyType: "HASH"}, {AttributeName: "since", KeyType: "RANGE"}},
				Projection: dynamodb.Projection{ProjectionType: "INCLUDE", NonKeyAttributes: []string{"cause"}},
			}},
		},
	} {
		if err := s.svc.Create(in); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// do runs fn while holding the world, as callers in process do.
func (s *stage) do(fn func()) { s.w.Do(fn) }

func (s *stage) put(table string, item m) {
	s.t.Helper()
	s.do(func() {
		if _, err := s.client.PutItem(ctx, &sdk.PutItemInput{TableName: &table, Item: item}); err != nil {
			s.t.Fatal(err)
		}
	})
}

// refused fails the test unless err is this AWS error, with a message that contains
// text.
func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want the error %s", err, code)
	}
	if e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		t.Fatalf("got %s: %s\nwant %s: ...%s", e.ErrorCode(), e.ErrorMessage(), code, text)
	}
}

// plain is items as Go values, for comparing.
func plain(t testing.TB, items ...m) []map[string]any {
	t.Helper()
	out := []map[string]any{}
	for _, i := range items {
		var v map[string]any
		if err := attributevalue.UnmarshalMap(i, &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}
