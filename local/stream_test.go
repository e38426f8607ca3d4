package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"sluice/local"
	"sluice/local/faults"
	"sluice/local/lambda"
	"sluice/local/logs"
	"sluice/local/sim"
	"sluice/local/sqs"
)

// streaming has a table whose new orders a function reads, and a queue for those that
// it cannot take.
const streaming = orders + reader + `
Outputs:
  Stream: {Value: !GetAtt Table.StreamArn}
`

const orders = `
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: sk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Failed:
    Type: AWS::SQS::Queue
    Properties: {QueueName: failed}`

const reader = `
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reader
      CodeUri: functions/reader
      Handler: bootstrap
      Runtime: provided.al2023
      Events:
        Orders:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            FilterCriteria:
              Filters:
                - Pattern: '{"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "ORDER#"}]}}}}'
            MaximumRetryAttempts: 2
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig:
              OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}`

// shop is an account with that template, and the keys that the function was given.
type shop struct {
	*local.AWS
	t       *testing.T
	table   *dynamodb.Client
	stream  string
	answer  func(records []events.DynamoDBEventRecord) (any, error)
	batches []string
}

func (s *shop) read(_ context.Context, payload []byte) ([]byte, error) {
	var event events.DynamoDBEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		s.t.Error(err)
	}
	var keys []string
	for _, r := range event.Records {
		keys = append(keys, r.Change.Keys["pk"].String()+" "+r.Change.NewImage["sk"].String())
	}
	s.batches = append(s.batches, strings.Join(keys, ", "))
	if s.answer == nil {
		return nil, nil
	}
	out, err := s.answer(event.Records)
	if err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

func openShop(t *testing.T, template string) (*shop, error) {
	t.Helper()
	s := &shop{t: t}
	s.AWS = local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), func(*local.AWS, lambda.Function) (lambda.Host, error) {
		return lambda.InProcess(s.read), nil
	})
	t.Cleanup(s.Close)
	var err error
	s.World.Do(func() {
		stack, failed := s.Deploy(fstest.MapFS{"template.yaml": {Data: []byte(template)}}, "test", nil)
		if err = failed; err == nil {
			s.stream = stack.Outputs["Stream"]
		}
	})
	s.table = dynamodb.NewFromConfig(s.AdminConfig())
	return s, err
}

// order writes an item. The caller holds the world.
func (s *shop) order(pk, sk string) {
	s.t.Helper()
	text := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	if _, err := s.table.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: map[string]types.AttributeValue{"pk": text(pk), "sk": text(sk)}}); err != nil {
		s.t.Fatal(err)
	}
}

// What is written to the table reaches the function, in order and filtered, and what
// it can never take reaches the queue as the place where it is.
func TestStreamReachesTheFunction(t *testing.T) {
	s, err := openShop(t, streaming)
	if err != nil {
		t.Fatal(err)
	}
	if s.stream != s.Table.Stream("orders") || !strings.HasSuffix(s.stream, "table/orders/stream/2026-03-02T09:00:00.000") {
		t.Errorf("the template knows the stream as %q", s.stream)
	}
	var bad string
	s.answer = func(records []events.DynamoDBEventRecord) (any, error) {
		out := events.DynamoDBEventResponse{}
		for _, r := range records {
			if r.Change.NewImage["sk"].String() == "bad" {
				bad = r.Change.SequenceNumber
				out.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: bad}}
			}
		}
		return out, nil
	}
	s.World.Do(func() {
		s.order("ORDER#1", "a")
		s.order("LEASE#1", "x") // of another kind
		s.order("ORDER#1", "b")
		s.order("ORDER#1", "a") // changes nothing
		s.order("ORDER#2", "bad")
	})
	if !s.World.RunUntilIdle(time.Hour) {
		t.Error("never at rest")
	}
	want := []string{"ORDER#1 a, ORDER#1 b, ORDER#2 bad", "ORDER#2 bad", "ORDER#2 bad"}
	if diff := cmp.Diff(want, s.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	letters := s.SQS.Receive(sqs.ARN("failed"), 10)
	if len(letters) != 1 {
		t.Fatalf("%d letters", len(letters))
	}
	var report struct {
		RequestContext     struct{ Condition string }
		DDBStreamBatchInfo struct{ StartSequenceNumber, EndSequenceNumber, StreamArn string }
	}
	if err := json.Unmarshal([]byte(letters[0].Body), &report); err != nil {
		t.Fatal(err)
	}
	i := report.DDBStreamBatchInfo
	if report.RequestContext.Condition != "RetryAttemptsExhausted" || i.StartSequenceNumber != bad || i.EndSequenceNumber != bad || i.StreamArn != s.stream {
		t.Errorf("letter %s", letters[0].Body)
	}
	s.World.Do(func() { s.order("ORDER#3", "c") })
	s.World.RunUntilIdle(time.Hour)
	if last := s.batches[len(s.batches)-1]; last != "ORDER#3 c" {
		t.Errorf("after the bad one came %q", last)
	}
}

// A fault of the simulation makes a batch come twice.
func TestFaultsDeliverTwice(t *testing.T) {
	for text, want := range map[string][]string{
		"lambda.reader #1 lose-answer":  {"ORDER#1 a, ORDER#2 b", "ORDER#1 a, ORDER#2 b"},
		"lambda.reader #1 crash-after":  {"ORDER#1 a, ORDER#2 b", "ORDER#1 a, ORDER#2 b"},
		"lambda.reader #1 crash-before": {"ORDER#1 a, ORDER#2 b"},
		"lambda.reader #1 throttle":     {"ORDER#1 a, ORDER#2 b"},
	} {
		s, err := openShop(t, streaming)
		if err != nil {
			t.Fatal(err)
		}
		list, err := faults.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Lambda.Fault = faults.New(s.World, list).Invocation
		s.World.Do(func() { s.order("ORDER#1", "a"); s.order("ORDER#2", "b") })
		s.World.RunUntilIdle(time.Hour)
		if diff := cmp.Diff(want, s.batches); diff != "" {
			t.Errorf("%s: batches (-want +got):\n%s", text, diff)
		}
	}
}

// A role that lacks what reading takes is refused when the template is deployed, and
// one that loses it later gets nothing, and its function's log says why.
func TestStreamIsReadWithTheRole(t *testing.T) {
	const role = `
  Own:
    Type: AWS::IAM::Role
    Properties:
      RoleName: own
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]}
      Policies:
        - PolicyName: p
          PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["sqs:SendMessage", "dynamodb:GetRecords"], Resource: "*"}]}
Outputs:`
	template := strings.Replace(streaming, "\nOutputs:", role, 1)
	template = strings.Replace(template, "FunctionName: reader", "FunctionName: reader\n      Role: !GetAtt Own.Arn", 1)
	if _, err := openShop(t, template); err == nil || !strings.Contains(err.Error(), "Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams") {
		t.Errorf("deployed with a role that may not read the stream: %v", err)
	}

	s, err := openShop(t, streaming)
	if err != nil {
		t.Fatal(err)
	}
	s.World.Do(func() {
		f, err := s.Lambda.Function("reader")
		if err != nil {
			t.Fatal(err)
		}
		s.IAM.DeleteRole(f.RoleARN[strings.LastIndex(f.RoleARN, "/")+1:])
		s.order("ORDER#1", "a")
	})
	s.World.RunUntilIdle(time.Hour)
	said := func() bool {
		return slices.ContainsFunc(s.Logs.Lines("/aws/lambda/reader"), func(l logs.Line) bool {
			return strings.Contains(l.Text, "PROBLEM: InvalidParameterValueException: Cannot access stream "+s.stream)
		})
	}
	if len(s.batches) > 0 || !said() {
		t.Errorf("without its role the function was given %q", s.batches)
	}
}

// A stream needs a view type, and what local AWS does not do is refused by name.
func TestStreamTemplatesAreRefused(t *testing.T) {
	for want, change := range map[string][2]string{
		"needs property StreamViewType":                 {"{StreamViewType: NEW_IMAGE}", "{}"},
		"Member must satisfy enum value set":            {"{StreamViewType: NEW_IMAGE}", "{StreamViewType: ALL}"},
		"must be LATEST or TRIM_HORIZON":                {"StartingPosition: TRIM_HORIZON", "StartingPosition: AT_TIMESTAMP"},
		"needs a StartingPosition":                      {"StartingPosition: TRIM_HORIZON", "BatchSize: 5"},
		"MaximumRecordAgeInSeconds is 0":                {"MaximumRetryAttempts: 2", "MaximumRecordAgeInSeconds: 0"},
		"ParallelizationFactor is 2":                    {"MaximumRetryAttempts: 2", "ParallelizationFactor: 2"},
		"Events.Orders.TumblingWindowInSeconds":         {"MaximumRetryAttempts: 2", "TumblingWindowInSeconds: 2"},
		"needs a Destination, of Type SQS":              {"{Type: SQS, ", "{Type: S3, "},
		"DestinationConfig.OnFailure: needs a Dest":     {"OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}", "{}"},
		"OnSuccess: this property is not implemented":   {"OnFailure: {Type", "OnSuccess: {Type"},
		"local AWS makes no mapping of a queue":         {"!GetAtt Table.StreamArn", "!GetAtt Failed.Arn"},
		"Invalid filter pattern definition":             {`"eventName": ["INSERT"]`, `"eventName": "INSERT"`},
		"Stream not found: arn:aws:dynamodb:us-east-1:": {"!GetAtt Table.StreamArn", "!Sub '${Table.StreamArn}0'"},
	} {
		changed := strings.Replace(streaming, change[0], change[1], 1)
		if changed == streaming {
			t.Fatalf("the template has no %s", change[0])
		}
		if _, err := openShop(t, changed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", change[1], err, want)
		}
	}
}

// Two functions read the same stream, each at its own pace.
func TestTwoReadersDoNotHoldEachOtherUp(t *testing.T) {
	s, err := openShop(t, orders+reader+strings.NewReplacer("Reader", "Other", "reader", "other").Replace(reader))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	s.answer = func([]events.DynamoDBEventRecord) (any, error) {
		if calls++; calls == 1 {
			return nil, errors.New("bad")
		}
		return nil, nil
	}
	s.World.Do(func() { s.order("ORDER#1", "a") })
	s.World.RunUntilIdle(time.Hour)
	if diff := cmp.Diff(slices.Repeat([]string{"ORDER#1 a"}, 3), s.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	if names := fmt.Sprint(s.Lambda.Names()); names != "[other reader]" {
		t.Errorf("functions %s", names)
	}
}
