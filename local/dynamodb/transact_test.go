package dynamodb_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/dynamodb"
	"sluice/local/dynamodb/expr"
)

func (s *stage) transact(token *string, items ...types.TransactWriteItem) (*sdk.TransactWriteItemsOutput, error) {
	return s.client.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{TransactItems: items, ClientRequestToken: token, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
}

func putOf(key, condition string) types.TransactWriteItem {
	p := &types.Put{TableName: aws.String("leases"), Item: m{"pk": str(key), "owner": str("me")}, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if condition != "" {
		p.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: p}
}

func addOne(key string) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{TableName: aws.String("leases"), Key: m{"pk": str(key)},
		UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: m{":one": num("1")}}}
}

func TestCancelledTransactionTellsWhyAndDoesNothing(t *testing.T) {
	s := newStage(t)
	s.put("leases", m{"pk": str("taken"), "owner": str("other")})
	s.do(func() {
		_, err := s.transact(nil, addOne("free"), putOf("taken", "attribute_not_exists(pk)"),
			types.TransactWriteItem{Update: &types.Update{TableName: aws.String("leases"), Key: m{"pk": str("free2")}, UpdateExpression: aws.String("SET n = nix")}})
		var e *types.TransactionCanceledException
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		var codes []string
		for _, r := range e.CancellationReasons {
			codes = append(codes, *r.Code)
		}
		if diff := cmp.Diff([]string{"None", "ConditionalCheckFailed", "ValidationError"}, codes); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]map[string]any{{"pk": "taken", "owner": "other"}}, plain(t, e.CancellationReasons[1].Item)); diff != "" {
			t.Error(diff)
		}
		if want := "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, ValidationError]"; e.ErrorMessage() != want {
			t.Errorf("got %s", e.ErrorMessage())
		}
		if got := len(s.svc.Items("leases")); got != 1 {
			t.Errorf("%d items after a cancelled transaction", got)
		}
	})
}

func TestTransactionIsIdempotentForTenMinutes(t *testing.T) {
	s := newStage(t)
	token := aws.String("token")
	count := func() string {
		return s.svc.Item("leases", dynamodb.Item{"pk": expr.String("a")})["n"].Num.String()
	}
	s.do(func() {
		for range 2 {
			if _, err := s.transact(token, addOne("a")); err != nil {
				t.Fatal(err)
			}
		}
		if got := count(); got != "1" {
			t.Errorf("counted %s", got)
		}
		_, err := s.transact(token, addOne("b"))
		refused(t, err, "IdempotentParameterMismatchException", "")
	})
	s.w.RunFor(10 * time.Minute)
	s.do(func() {
		out, err := s.transact(token, addOne("a"))
		if err != nil || count() != "2" {
			t.Errorf("after ten minutes: %v, counted %s", err, count())
		}
		if got := *out.ConsumedCapacity[0].WriteCapacityUnits; got != 2 {
			t.Errorf("a transactional write cost %v", got)
		}
	})
}

func TestTransactionsRefused(t *testing.T) {
	s := newStage(t)
	many := make([]types.TransactWriteItem, 101)
	for i := range many {
		many[i] = putOf(fmt.Sprint(i), "")
	}
	two := putOf("a", "")
	two.Delete = &types.Delete{TableName: aws.String("leases"), Key: m{"pk": str("b")}}
	s.do(func() {
		_, err := s.transact(nil, many...)
		refused(t, err, "ValidationException", "Member must have length less than or equal to 100")
		_, err = s.transact(nil, many[:100]...)
		if err != nil {
			t.Error(err)
		}
		_, err = s.transact(nil, putOf("a", ""), addOne("a"))
		refused(t, err, "ValidationException", "Transaction request cannot include multiple operations on one item")
		_, err = s.transact(nil, two)
		refused(t, err, "ValidationException", "TransactItems can only contain one of Check, Put, Update or Delete")
		s.svc.TransactionConflicts = 1
		_, err = s.transact(nil, putOf("a", ""))
		refused(t, err, "TransactionCanceledException", "[TransactionConflict]")
	})
}

func TestTransactGet(t *testing.T) {
	s := newStage(t)
	s.put("leases", m{"pk": str("a"), "x": num("1"), "y": num("2")})
	get := func(key string) types.TransactGetItem {
		return types.TransactGetItem{Get: &types.Get{TableName: aws.String("leases"), Key: m{"pk": str(key)}, ProjectionExpression: aws.String("y")}}
	}
	s.do(func() {
		out, err := s.client.TransactGetItems(ctx, &sdk.TransactGetItemsInput{TransactItems: []types.TransactGetItem{get("none"), get("a")}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]map[string]any{{}, {"y": 2.0}}, plain(t, out.Responses[0].Item, out.Responses[1].Item)); diff != "" {
			t.Error(diff)
		}
		if got := *out.ConsumedCapacity[0].ReadCapacityUnits; got != 4 {
			t.Errorf("two transactional reads cost %v", got)
		}
	})
}

func TestBatchesLeaveARestOnDemand(t *testing.T) {
	s := newStage(t)
	s.svc.BatchWriteItems, s.svc.BatchGetItems = 2, 2
	var requests []types.WriteRequest
	var keys []map[string]types.AttributeValue
	for i := range 5 {
		requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: m{"pk": str(fmt.Sprint(i))}}})
		keys = append(keys, m{"pk": str(fmt.Sprint(i))})
	}
	s.do(func() {
		rest, calls := map[string][]types.WriteRequest{"leases": requests}, 0
		for ; len(rest) > 0; calls++ {
			out, err := s.client.BatchWriteItem(ctx, &sdk.BatchWriteItemInput{RequestItems: rest})
			if err != nil {
				t.Fatal(err)
			}
			rest = out.UnprocessedItems
		}
		if got := len(s.svc.Items("leases")); calls != 3 || got != 5 {
			t.Errorf("%d items after %d calls", got, calls)
		}
		ask, got := map[string]types.KeysAndAttributes{"leases": {Keys: keys}}, 0
		for calls = 0; len(ask) > 0; calls++ {
			out, err := s.client.BatchGetItem(ctx, &sdk.BatchGetItemInput{RequestItems: ask})
			if err != nil {
				t.Fatal(err)
			}
			got += len(out.Responses["leases"])
			ask = out.UnprocessedKeys
		}
		if calls != 3 || got != 5 {
			t.Errorf("%d items in %d calls", got, calls)
		}
		_, err := s.client.BatchWriteItem(ctx, &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"leases": append(requests, requests[0])}})
		refused(t, err, "ValidationException", "Provided list of item keys contains duplicates")
	})
}
