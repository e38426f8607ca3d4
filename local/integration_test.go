package local_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local"
	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/sqs"
)

// template has a machine that calls services without a function between, and a
// function that a queue feeds.
const template = `
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: notes
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: news}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: inbox, VisibilityTimeout: 60}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: reader
      CodeUri: functions/reader
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 10
      Events:
        Inbox:
          Type: SQS
          Properties: {Queue: !GetAtt Queue.Arn}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: machine
      DefinitionUri: machine.asl.json
      Policies:
        - Statement:
            - {Effect: Allow, Action: [dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:GetItem], Resource: !GetAtt Table.Arn}
            - {Effect: Allow, Action: "sns:Publish", Resource: !Ref Topic}
            - {Effect: Allow, Action: "events:PutEvents", Resource: "*"}
`

const machine = `{
  "StartAt": "Put",
  "States": {
    "Put": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "ResultPath": null, "Next": "Update",
      "Parameters": {"TableName": "notes", "Item": {"id": {"S": "a"}, "n": {"N": "1"}}}},
    "Update": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:updateItem", "ResultPath": null, "Next": "Get",
      "Parameters": {"TableName": "notes", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}},
    "Get": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "ResultPath": "$.got", "Next": "Publish",
      "Parameters": {"TableName": "notes", "Key": {"id": {"S": "a"}}}},
    "Publish": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "ResultPath": null, "Next": "Tell",
      "Parameters": {"TopicArn": "arn:aws:sns:us-east-1:111122223333:news", "Subject": "count", "Message.$": "$.got.Item",
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "note & more"}}}},
    "Tell": {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "ResultPath": "$.told", "Next": "Delete",
      "Parameters": {"Entries": [{"Source": "my.app", "DetailType": "x", "Detail": {"a": 1}}]}},
    "Delete": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:deleteItem", "End": true,
      "Parameters": {"TableName": "notes", "Key": {"id": {"S": "a"}}},
      "Catch": [{"ErrorEquals": ["DynamoDB.AmazonDynamoDBException"], "ResultPath": "$.refused", "Next": "Refused"}]},
    "Refused": {"Type": "Pass", "End": true}
  }
}`

// deploy returns an account with template in it, and what the function was given.
func deploy(t *testing.T) (a *local.AWS, payloads *[]string) {
	t.Helper()
	payloads = new([]string)
	reader := func(_ context.Context, payload []byte) ([]byte, error) {
		*payloads = append(*payloads, string(payload))
		return nil, nil
	}
	hosts := func(*local.AWS, lambda.Function) (lambda.Host, error) { return lambda.InProcess(reader), nil }
	a = local.New(sim.NewWorld(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), 1), hosts)
	t.Cleanup(a.Close)
	files := fstest.MapFS{"template.yaml": {Data: []byte(template)}, "machine.asl.json": {Data: []byte(machine)}}
	a.World.Do(func() {
		if _, err := a.Deploy(files, "test", nil); err != nil {
			t.Fatal(err)
		}
	})
	return a, payloads
}

// A machine calls services as its role: what the role may not do fails as it does in
// AWS, and nothing else does.
func TestMachinesCallServices(t *testing.T) {
	a, _ := deploy(t)
	var arn string
	a.World.Do(func() {
		var err error
		if arn, err = a.States.StartExecution("arn:aws:states:us-east-1:111122223333:stateMachine:machine", "one", "{}"); err != nil {
			t.Fatal(err)
		}
	})
	a.World.RunUntilIdle(time.Hour)
	e, _ := a.States.Execution(arn)
	var out struct {
		Got     struct{ Item map[string]map[string]string }
		Told    struct{ FailedEntryCount *int }
		Refused struct{ Error, Cause string }
	}
	if err := json.Unmarshal([]byte(e.Output), &out); err != nil {
		t.Fatalf("it ended so: %+v: %v", e, err)
	}
	if diff := cmp.Diff(map[string]map[string]string{"id": {"S": "a"}, "n": {"N": "2"}}, out.Got.Item); diff != "" {
		t.Error(diff)
	}
	if out.Told.FailedEntryCount == nil || *out.Told.FailedEntryCount != 0 {
		t.Errorf("putEvents answered %s", e.Output)
	}
	if out.Refused.Error != "DynamoDB.AmazonDynamoDBException" {
		t.Errorf("deleteItem, which the role may not do: %+v", out.Refused)
	}
	got := a.SNS.Messages("arn:aws:sns:us-east-1:111122223333:news")
	want := map[string]sns.Attribute{"kind": {DataType: "String", StringValue: "note & more"}}
	if len(got) != 1 || got[0].Subject != "count" || got[0].Body != `{"id":{"S":"a"},"n":{"N":"2"}}` {
		t.Fatalf("published %+v", got)
	}
	if diff := cmp.Diff(want, got[0].Attributes); diff != "" {
		t.Error(diff)
	}
}

// What a sender put on a message reaches the function.
func TestFunctionsSeeMessageAttributes(t *testing.T) {
	a, payloads := deploy(t)
	a.World.Do(func() {
		attributes := map[string]sqs.MessageAttribute{"colour": sqs.Text("red"), "raw": {DataType: "Binary", BinaryValue: []byte{1, 2}}}
		if err := a.SQS.Send(sqs.ARN("inbox"), "hello", attributes, sqs.Principal{}); err != nil {
			t.Fatal(err)
		}
	})
	a.World.RunUntilIdle(time.Hour)
	var event struct {
		Records []struct {
			Body              string
			MessageAttributes map[string]map[string]any
		}
	}
	if len(*payloads) != 1 {
		t.Fatalf("the function was given %q", *payloads)
	}
	if err := json.Unmarshal([]byte((*payloads)[0]), &event); err != nil || len(event.Records) != 1 {
		t.Fatalf("%q, %v", *payloads, err)
	}
	none := []any{}
	want := map[string]map[string]any{
		"colour": {"dataType": "String", "stringValue": "red", "stringListValues": none, "binaryListValues": none},
		"raw":    {"dataType": "Binary", "binaryValue": "AQI=", "stringListValues": none, "binaryListValues": none},
	}
	if diff := cmp.Diff(want, event.Records[0].MessageAttributes); diff != "" {
		t.Error(diff)
	}
}
