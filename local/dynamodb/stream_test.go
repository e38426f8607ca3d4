package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/local/dynamodb"
	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

// streamed adds a table with a stream, and returns the stream's ARN.
func (s *stage) streamed(name string, view types.StreamViewType) string {
	s.t.Helper()
	var arn string
	s.do(func() {
		out, err := s.client.CreateTable(ctx, &sdk.CreateTableInput{
			TableName: &name, BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("Id"), AttributeType: types.ScalarAttributeTypeN}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("Id"), KeyType: types.KeyTypeHash}},
			StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: view},
		})
		if err != nil {
			s.t.Fatal(err)
		}
		arn = *out.TableDescription.LatestStreamArn
	})
	s.w.RunFor(time.Minute)
	return arn
}

// story is the records of a stream in short: name, key, and the texts of the images.
func (s *stage) story(arn string) []string {
	var lines []string
	for _, r := range s.svc.StreamRecords(arn, "", 1000) {
		line := r.EventName + " " + r.Change.Keys["Id"].Num.String()
		for _, image := range []struct {
			mark string
			item dynamodb.Item
		}{{" was ", r.Change.OldImage}, {" is ", r.Change.NewImage}} {
			if image.item != nil {
				line += image.mark + image.item["Message"].Text
			}
		}
		if r.UserIdentity != nil {
			line += " by " + r.UserIdentity.Type + " " + r.UserIdentity.PrincipalID
		}
		lines = append(lines, line)
	}
	return lines
}

func TestStreamIsDescribed(t *testing.T) {
	s := newStage(t)
	arn := s.streamed("fresh", types.StreamViewTypeKeysOnly)
	s.do(func() {
		out, err := s.client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: aws.String("fresh")})
		if err != nil {
			t.Fatal(err)
		}
		d := out.Table
		if *d.LatestStreamLabel != "2026-11-23T09:00:00.000" || *d.LatestStreamArn != dynamodb.Arn("fresh")+"/stream/2026-11-23T09:00:00.000" || arn != *d.LatestStreamArn {
			t.Errorf("stream %s %s", *d.LatestStreamLabel, *d.LatestStreamArn)
		}
		if !*d.StreamSpecification.StreamEnabled || d.StreamSpecification.StreamViewType != types.StreamViewTypeKeysOnly {
			t.Errorf("specification %+v", d.StreamSpecification)
		}
		if out, err = s.client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: aws.String("leases")}); err != nil || out.Table.StreamSpecification != nil || out.Table.LatestStreamArn != nil {
			t.Errorf("a table without a stream: %+v, %v", out.Table, err)
		}
	})
	if s.svc.Stream("fresh") != arn || s.svc.Stream("leases") != "" {
		t.Errorf("streams %q and %q", s.svc.Stream("fresh"), s.svc.Stream("leases"))
	}
	for _, no := range []string{"", "x", dynamodb.Arn("leases") + "/stream/x", dynamodb.Arn("fresh") + "/stream/x"} {
		if _, ok := s.svc.LastSequence(no); ok || s.svc.StreamRecords(no, "", 1) != nil {
			t.Errorf("%q is a stream", no)
		}
	}
}

func TestStreamSpecificationIsChecked(t *testing.T) {
	s := newStage(t)
	for want, spec := range map[string]dynamodb.StreamSpecification{
		"StreamViewType must be given":     {StreamEnabled: true},
		"StreamViewType should be null":    {StreamViewType: "KEYS_ONLY"},
		"Value 'ALL' at 'streamSpecificat": {StreamEnabled: true, StreamViewType: "ALL"},
	} {
		err := s.svc.Create(&dynamodb.CreateTableInput{TableName: "bad", StreamSpecification: &spec})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// Only Lambda reads streams here; whoever calls their API is told so.
func TestStreamsHaveNoAPI(t *testing.T) {
	s := newStage(t)
	arn := s.streamed("notes", types.StreamViewTypeKeysOnly)
	client := dynamodbstreams.New(dynamodbstreams.Options{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), HTTPClient: &http.Client{Transport: s.server},
	})
	s.do(func() {
		_, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
		refused(t, err, "NotImplemented", "local AWS has no service DynamoDBStreams_20120810: nothing answers DescribeStream")
	})
}

// Each kind of write makes one record for each item that it changes, in order.
func TestEveryChangeIsARecord(t *testing.T) {
	for view, want := range map[types.StreamViewType][]string{
		types.StreamViewTypeKeysOnly: {"INSERT 1", "MODIFY 1", "INSERT 2", "REMOVE 1", "INSERT 3", "REMOVE 2", "MODIFY 3", "INSERT 4"},
		types.StreamViewTypeNewImage: {"INSERT 1 is a", "MODIFY 1 is b", "INSERT 2 is c", "REMOVE 1", "INSERT 3 is d", "REMOVE 2", "MODIFY 3 is e", "INSERT 4 is f"},
		types.StreamViewTypeOldImage: {"INSERT 1", "MODIFY 1 was a", "INSERT 2", "REMOVE 1 was b", "INSERT 3", "REMOVE 2 was c", "MODIFY 3 was d", "INSERT 4"},
		types.StreamViewTypeNewAndOldImages: {
			"INSERT 1 is a", "MODIFY 1 was a is b", "INSERT 2 is c", "REMOVE 1 was b", "INSERT 3 is d", "REMOVE 2 was c", "MODIFY 3 was d is e", "INSERT 4 is f",
		},
	} {
		t.Run(string(view), func(t *testing.T) {
			s := newStage(t)
			arn := s.streamed("notes", view)
			table := aws.String("notes")
			item := func(id, message string) m { return m{"Id": num(id), "Message": str(message)} }
			told := 0
			s.do(func() {
				s.svc.OnRecord(arn, func() { told++ })
				must := func(_ any, err error) {
					if err != nil {
						t.Fatal(err)
					}
				}
				must(s.client.PutItem(ctx, &sdk.PutItemInput{TableName: table, Item: item("1", "a")}))
				update := &sdk.UpdateItemInput{TableName: table, Key: m{"Id": num("1")}, UpdateExpression: aws.String("SET Message = :b"), ExpressionAttributeValues: m{":b": str("b")}}
				must(s.client.UpdateItem(ctx, update))
				// what changes nothing, is refused, or deletes what is not there makes no record
				must(s.client.UpdateItem(ctx, update))
				must(s.client.PutItem(ctx, &sdk.PutItemInput{TableName: table, Item: item("1.0", "b")}))
				must(s.client.DeleteItem(ctx, &sdk.DeleteItemInput{TableName: table, Key: m{"Id": num("9")}}))
				_, err := s.client.PutItem(ctx, &sdk.PutItemInput{TableName: table, Item: item("1", "z"), ConditionExpression: aws.String("attribute_not_exists(Id)")})
				refused(t, err, "ConditionalCheckFailedException", "")
				_, err = s.client.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
					{Put: &types.Put{TableName: table, Item: item("8", "z")}},
					{ConditionCheck: &types.ConditionCheck{TableName: table, Key: m{"Id": num("9")}, ConditionExpression: aws.String("attribute_exists(Id)")}},
				}})
				refused(t, err, "TransactionCanceledException", "")

				must(s.client.BatchWriteItem(ctx, &sdk.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"notes": {
					{PutRequest: &types.PutRequest{Item: item("2", "c")}}, {DeleteRequest: &types.DeleteRequest{Key: m{"Id": num("1")}}},
				}}}))
				must(s.client.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
					{Put: &types.Put{TableName: table, Item: item("3", "d")}},
					{Delete: &types.Delete{TableName: table, Key: m{"Id": num("2")}}},
				}}))
				must(s.client.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: table, Key: m{"Id": num("3")}, UpdateExpression: aws.String("SET Message = :e"), ExpressionAttributeValues: m{":e": str("e")}}))
				must(s.client.UpdateItem(ctx, &sdk.UpdateItemInput{TableName: table, Key: m{"Id": num("4")}, UpdateExpression: aws.String("SET Message = :f"), ExpressionAttributeValues: m{":f": str("f")}}))
			})
			if diff := cmp.Diff(want, s.story(arn)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if told != len(want) {
				t.Errorf("readers were told %d times of %d records", told, len(want))
			}
		})
	}
}

// The form is that of AWS's documented sample, sizes included, as aws-lambda-go reads it.
func TestRecordsReadAsLambdaGivesThem(t *testing.T) {
	s := newStage(t)
	arn := s.streamed("notes", types.StreamViewTypeNewAndOldImages)
	s.put("notes", m{"Id": num("101"), "Message": str("New item!")})
	s.put("notes", m{"Id": num("101"), "Message": str("This item has changed")})
	records := s.svc.StreamRecords(arn, "", 10)
	text, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	var got events.DynamoDBEvent
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != 2 || got.Records[0].EventID == got.Records[1].EventID {
		t.Fatalf("got %s", text)
	}
	r := got.Records[1]
	at := r.Change.ApproximateCreationDateTime.UTC()
	if want := time.Date(2026, 11, 23, 9, 1, 0, 0, time.UTC); !at.Equal(want) {
		t.Errorf("made at %s, want %s", at, want)
	}
	want := events.DynamoDBEventRecord{
		AWSRegion: "us-east-1", EventID: r.EventID, EventName: "MODIFY", EventSource: "aws:dynamodb", EventVersion: "1.1", EventSourceArn: arn,
		Change: events.DynamoDBStreamRecord{
			ApproximateCreationDateTime: r.Change.ApproximateCreationDateTime,
			Keys:                        map[string]events.DynamoDBAttributeValue{"Id": events.NewNumberAttribute("101")},
			NewImage:                    map[string]events.DynamoDBAttributeValue{"Id": events.NewNumberAttribute("101"), "Message": events.NewStringAttribute("This item has changed")},
			OldImage:                    map[string]events.DynamoDBAttributeValue{"Id": events.NewNumberAttribute("101"), "Message": events.NewStringAttribute("New item!")},
			SequenceNumber:              "100000000000000000002", SizeBytes: 59, StreamViewType: "NEW_AND_OLD_IMAGES",
		},
	}
	asText := cmp.Transformer("JSON", func(r events.DynamoDBEventRecord) string {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
	if diff := cmp.Diff(want, r, asText); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if size := got.Records[0].Change.SizeBytes; size != 26 {
		t.Errorf("the first has %d bytes, want 26", size)
	}
}

func TestExpiryIsARecordOfTheService(t *testing.T) {
	s := newStage(t)
	arn := s.streamed("notes", types.StreamViewTypeOldImage)
	s.do(func() {
		if _, err := s.client.UpdateTimeToLive(ctx, &sdk.UpdateTimeToLiveInput{TableName: aws.String("notes"),
			TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("gone"), Enabled: aws.Bool(true)}}); err != nil {
			t.Fatal(err)
		}
	})
	s.put("notes", m{"Id": num("1"), "Message": str("a"), "gone": num(fmt.Sprint(s.w.Now().Unix()))})
	for s.svc.Item("notes", dynamodb.Item{"Id": expr.Int(1)}) != nil && s.w.Step(s.w.Now().Add(72*time.Hour)) {
	}
	got := s.story(arn)
	if want := "REMOVE 1 was a by Service dynamodb.amazonaws.com"; len(got) == 0 || got[len(got)-1] != want {
		t.Errorf("records %q, the last should be %q", got, want)
	}
}

func TestRecordsAreKeptForADay(t *testing.T) {
	s := newStage(t)
	arn := s.streamed("notes", types.StreamViewTypeKeysOnly)
	for i := range 3 {
		s.put("notes", m{"Id": num(fmt.Sprint(i))})
		s.w.RunFor(10 * time.Hour)
	}
	if diff := cmp.Diff([]string{"INSERT 1", "INSERT 2"}, s.story(arn)); diff != "" {
		t.Errorf("records after 30 hours (-want +got):\n%s", diff)
	}
	s.w.RunFor(24 * time.Hour)
	if got := s.story(arn); got != nil {
		t.Errorf("records after two days: %q", got)
	}
	if last, ok := s.svc.LastSequence(arn); !ok || last != "100000000000000000003" {
		t.Errorf("last is %q, %v", last, ok)
	}
}

// Whoever goes on after the last record that it has seen sees each once, in order.
func TestStreamIsReadInPages(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newStage(t)
		arn := s.streamed("notes", types.StreamViewTypeKeysOnly)
		var wrote, read []string
		after := ""
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			for range rapid.IntRange(0, 3).Draw(rt, "writes") {
				id := fmt.Sprint(len(wrote))
				s.put("notes", m{"Id": num(id)})
				wrote = append(wrote, id)
			}
			for _, r := range s.svc.StreamRecords(arn, after, rapid.IntRange(0, 3).Draw(rt, "most")) {
				read, after = append(read, r.Change.Keys["Id"].Num.String()), r.Change.SequenceNumber
			}
		}
		for _, r := range s.svc.StreamRecords(arn, after, 1000) {
			read = append(read, r.Change.Keys["Id"].Num.String())
		}
		if diff := cmp.Diff(wrote, read); diff != "" {
			rt.Fatalf("read (-want +got):\n%s", diff)
		}
	})
}
