package dynamodb_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local/dynamodb"
	"sluice/local/dynamodb/expr"
)

func TestEveryKindOfValueComesBackAsItWent(t *testing.T) {
	s := newStage(t)
	item := m{
		"pk": str("a"), "n": num("12345678901234567890123456789012345678"), "b": &types.AttributeValueMemberB{Value: []byte{0, 255}},
		"yes": &types.AttributeValueMemberBOOL{Value: true}, "nil": &types.AttributeValueMemberNULL{Value: true},
		"ss": &types.AttributeValueMemberSS{Value: []string{"x", "y"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{num("1"), str("zwei")}},
		"m":  &types.AttributeValueMemberM{Value: m{"in": str("ä\n\"<")}}, "empty": str(""),
	}
	s.put("leases", item)
	s.do(func() {
		out, err := s.client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain(t, item), plain(t, out.Item)); diff != "" {
			t.Error(diff)
		}
		out, err = s.client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("leases"), Key: m{"pk": str("nobody")}})
		if err != nil || out.Item != nil {
			t.Errorf("got %v, %v for a missing item", out.Item, err)
		}
	})
}

func TestReturnValues(t *testing.T) {
	update := aws.String("SET doc.x = :new, fresh = :new REMOVE gone")
	for _, c := range []struct {
		mode types.ReturnValue
		want map[string]any
	}{
		{types.ReturnValueNone, map[string]any{}},
		{types.ReturnValueAllOld, map[string]any{"pk": "a", "doc": map[string]any{"x": 1.0, "y": 2.0}, "gone": "g"}},
		{types.ReturnValueAllNew, map[string]any{"pk": "a", "doc": map[string]any{"x": 9.0, "y": 2.0}, "fresh": 9.0}},
		{types.ReturnValueUpdatedOld, map[string]any{"doc": map[string]any{"x": 1.0}, "gone": "g"}},
		{types.ReturnValueUpdatedNew, map[string]any{"doc": map[string]any{"x": 9.0}, "fresh": 9.0}},
	} {
		t.Run(string(c.mode), func(t *testing.T) {
			s := newStage(t)
			s.put("leases", m{"pk": str("a"), "doc": &types.AttributeValueMemberM{Value: m{"x": num("1"), "y": num("2")}}, "gone": str("g")})
			s.do(func() {
				out, err := s.client.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")},
					UpdateExpression: update, ExpressionAttributeValues: m{":new": num("9")}, ReturnValues: c.mode})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, plain(t, out.Attributes)[0]); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestConditionFailureCarriesTheItem(t *testing.T) {
	s := newStage(t)
	s.put("leases", m{"pk": str("a"), "owner": str("one")})
	s.do(func() {
		in := &sdk.PutItemInput{TableName: aws.String("leases"), Item: m{"pk": str("a"), "owner": str("two")},
			ConditionExpression: aws.String("attribute_not_exists(pk)"), ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
		_, err := s.client.PutItem(ctx, in)
		var failed *types.ConditionalCheckFailedException
		if !errors.As(err, &failed) {
			t.Fatalf("got %v", err)
		}
		if diff := cmp.Diff([]map[string]any{{"pk": "a", "owner": "one"}}, plain(t, failed.Item)); diff != "" {
			t.Error(diff)
		}
		in.ReturnValuesOnConditionCheckFailure = ""
		_, err = s.client.PutItem(ctx, in)
		if !errors.As(err, &failed) || failed.Item != nil {
			t.Errorf("got %v with item %v", err, failed.Item)
		}
		if got := s.svc.Units("leases"); got != (dynamodb.Units{Write: 3}) {
			t.Errorf("failed conditions consume too: got %+v", got)
		}
	})
}

func TestUpdateMakesAnItemUnlessItOnlyRemoves(t *testing.T) {
	s := newStage(t)
	s.do(func() {
		for _, c := range []struct {
			update *string
			made   bool
		}{{aws.String("REMOVE a.b, c"), false}, {nil, true}} {
			_, err := s.client.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: aws.String("leases"), Key: m{"pk": str("new")}, UpdateExpression: c.update})
			if err != nil {
				t.Fatal(err)
			}
			if got := s.svc.Item("leases", dynamodb.Item{"pk": expr.String("new")}) != nil; got != c.made {
				t.Errorf("after %v: made = %v", c.update, got)
			}
		}
	})
}

func TestWritesRefused(t *testing.T) {
	s := newStage(t)
	long := strings.Repeat("x", 2049)
	for _, c := range []struct {
		name  string
		table string
		item  m
		want  string
	}{
		{"no key", "leases", m{"a": str("x")}, "One or more parameter values were invalid: Missing the key pk in the item"},
		{"wrong kind of key", "leases", m{"pk": num("1")}, "Type mismatch for key pk expected: S actual: N"},
		{"empty key", "leases", m{"pk": str("")}, "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
		{"long hash key", "leases", m{"pk": str(long)}, "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		{"wrong kind of index key", "runs", m{"pk": str("a"), "sk": num("1"), "stage": num("1")}, "Type mismatch for Index Key stage Expected: S Actual: N IndexName: by-stage"},
		{"empty index key", "runs", m{"pk": str("a"), "sk": num("1"), "stage": str("")}, "IndexName: by-stage, IndexKey: stage"},
		{"item too large", "leases", m{"pk": str("a"), "x": str(strings.Repeat("x", 400<<10))}, "Item size has exceeded the maximum allowed size"},
		{"39 digits", "leases", m{"pk": str("a"), "x": num(strings.Repeat("1", 39))}, "Attempting to store more than 38 significant digits in a Number"},
		{"too large a number", "leases", m{"pk": str("a"), "x": num("1e126")}, "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{"too small a number", "leases", m{"pk": str("a"), "x": num("1e-131")}, "Number underflow."},
		{"no number", "leases", m{"pk": str("a"), "x": num("NaN")}, "The parameter cannot be converted to a numeric value: NaN"},
		{"empty set", "leases", m{"pk": str("a"), "x": &types.AttributeValueMemberSS{Value: []string{}}}, "An string set  may not be empty"},
		{"member twice", "leases", m{"pk": str("a"), "x": &types.AttributeValueMemberNS{Value: []string{"1", "1.0"}}}, "Input collection contains duplicates"},
		{"table", "leasing", m{"pk": str("a")}, "Requested resource not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.do(func() {
				_, err := s.client.PutItem(ctx, &sdk.PutItemInput{TableName: &c.table, Item: c.item})
				code := "ValidationException"
				if c.name == "table" {
					code = "ResourceNotFoundException"
				}
				refused(t, err, code, c.want)
			})
		})
	}
}

func TestKeysAndUpdatesRefused(t *testing.T) {
	s := newStage(t)
	one := m{":v": num("1")}
	for _, c := range []struct {
		name   string
		key    m
		update string
		values m
		want   string
	}{
		{"incomplete key", m{"pk": str("a")}, "SET x = :v", one, "The provided key element does not match the schema"},
		{"update of the key", m{"pk": str("a"), "sk": num("1")}, "SET sk = :v", one, "Cannot update attribute sk. This attribute is part of the key"},
		{"inside the key", m{"pk": str("a"), "sk": num("1")}, "SET pk.x = :v", one, "Cannot update attribute pk."},
		{"index key of another kind", m{"pk": str("a"), "sk": num("1")}, "SET stage = :v", one, "Type mismatch for Index Key stage Expected: S Actual: N IndexName: by-stage"},
		{"inside an index key", m{"pk": str("a"), "sk": num("1")}, "SET stage.x = :v", one, "IndexKey: stage"},
		{"unused value", m{"pk": str("a"), "sk": num("1")}, "SET x = :v", m{":v": num("1"), ":w": num("2")}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}"},
		{"values without expression", m{"pk": str("a"), "sk": num("1")}, "", one, "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &sdk.UpdateItemInput{TableName: aws.String("runs"), Key: c.key, ExpressionAttributeValues: c.values}
			if c.update != "" {
				in.UpdateExpression = &c.update
			}
			s.do(func() {
				_, err := s.client.UpdateItem(ctx, in)
				refused(t, err, "ValidationException", c.want)
			})
		})
	}
}

func TestLegacyParametersAreNamed(t *testing.T) {
	s := newStage(t)
	s.do(func() {
		_, err := s.client.GetItem(ctx, &sdk.GetItemInput{TableName: aws.String("leases"), Key: m{"pk": str("a")}, AttributesToGet: []string{"x"}})
		refused(t, err, "NotImplemented", "AttributesToGet")
		_, err = s.client.PutItem(ctx, &sdk.PutItemInput{TableName: aws.String("leases"), Item: m{"pk": str("a")}, ReturnValues: types.ReturnValueAllNew})
		refused(t, err, "ValidationException", "ReturnValues can only be ALL_OLD or NONE")
		_, err = s.client.ExecuteStatement(ctx, &sdk.ExecuteStatementInput{Statement: aws.String("SELECT 1")})
		refused(t, err, "NotImplemented", "ExecuteStatement")
	})
}
