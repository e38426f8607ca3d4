package sns_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/local/sim"
	"sluice/local/sns"
	"sluice/local/wire"
)

const (
	queueARN    = "arn:aws:sqs:us-east-1:111122223333:q"
	functionARN = "arn:aws:lambda:us-east-1:111122223333:function:f"
)

// stage is a world with SNS in it, and what its subscribers got.
type stage struct {
	t        *testing.T
	world    *sim.World
	sns      *sns.Service
	client   *sdk.Client
	queued   []string
	raw      []map[string]sns.Attribute
	invoked  [][]byte
	queueErr error
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, world: sim.NewWorld(time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC), 1)}
	s.sns = sns.New(s.world, sns.Hooks{
		Queue: func(arn, body string, attributes map[string]sns.Attribute) error {
			s.queued, s.raw = append(s.queued, body), append(s.raw, attributes)
			return s.queueErr
		},
		Function: func(arn string, event []byte) error {
			s.invoked = append(s.invoked, event)
			return nil
		},
	})
	srv := wire.NewServer(s.world)
	srv.Register(s.sns.Wire())
	s.client = sdk.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
	return s
}

func do[In, Out any](s *stage, call func(context.Context, *In, ...func(*sdk.Options)) (*Out, error), in *In) *Out {
	s.t.Helper()
	out, err := try(s, call, in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func try[In, Out any](s *stage, call func(context.Context, *In, ...func(*sdk.Options)) (*Out, error), in *In) (out *Out, err error) {
	s.world.Do(func() { out, err = call(context.Background(), in) })
	return out, err
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func (s *stage) topic() *string {
	s.t.Helper()
	return do(s, s.client.CreateTopic, &sdk.CreateTopicInput{Name: aws.String("alarms")}).TopicArn
}

func (s *stage) subscribe(topic *string, protocol, endpoint string, attributes map[string]string) string {
	s.t.Helper()
	in := &sdk.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes}
	return *do(s, s.client.Subscribe, in).SubscriptionArn
}

func TestDelivery(t *testing.T) {
	s := newStage(t)
	topic := s.topic()
	s.subscribe(topic, "sqs", queueARN, nil)
	s.subscribe(topic, "sqs", queueARN+"2", map[string]string{"RawMessageDelivery": "true"})
	s.subscribe(topic, "lambda", functionARN, nil)
	if got := s.subscribe(topic, "email", "me@example.com", nil); got != "pending confirmation" {
		t.Errorf("an email subscription is %q", got)
	}
	id := do(s, s.client.Publish, &sdk.PublishInput{
		TopicArn: topic, Subject: aws.String("ALARM"), Message: aws.String("it broke"),
		MessageAttributes: map[string]types.MessageAttributeValue{"severity": {DataType: aws.String("String"), StringValue: aws.String("high")}},
	}).MessageId
	if len(s.queued) != 0 {
		t.Error("delivered before the publisher had its answer")
	}
	s.world.RunUntilIdle(time.Minute)
	if len(s.queued) != 2 || s.queued[1] != "it broke" || s.raw[1]["severity"].StringValue != "high" {
		t.Fatalf("queues got %q %v", s.queued, s.raw)
	}
	var envelope events.SNSEntity
	if err := json.Unmarshal([]byte(s.queued[0]), &envelope); err != nil {
		t.Fatal(err)
	}
	var event events.SNSEvent
	if err := json.Unmarshal(s.invoked[0], &event); err != nil {
		t.Fatal(err)
	}
	for what, e := range map[string]events.SNSEntity{"queue": envelope, "function": event.Records[0].SNS} {
		got := []any{e.Type, e.MessageID, e.TopicArn, e.Subject, e.Message, e.MessageAttributes}
		want := []any{"Notification", *id, *topic, "ALARM", "it broke", map[string]any{"severity": map[string]any{"Type": "String", "Value": "high"}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	kept := s.sns.Messages(*topic)
	if len(kept) != 1 || kept[0].Body != "it broke" || len(kept[0].Deliveries) != 4 || !kept[0].Deliveries[3].Pending {
		t.Errorf("kept %+v", kept)
	}
}

func TestFailedDeliveryIsKept(t *testing.T) {
	s := newStage(t)
	topic := s.topic()
	s.subscribe(topic, "sqs", queueARN, nil)
	s.queueErr = errors.New("no such queue")
	if _, err := s.sns.Publish(*topic, "", "x", nil); err != nil {
		t.Fatal(err)
	}
	s.world.RunUntilIdle(time.Minute)
	if d := s.sns.Messages("")[0].Deliveries; len(d) != 1 || d[0].Err == nil {
		t.Errorf("deliveries %+v", d)
	}
}

func TestPublishRefusals(t *testing.T) {
	s := newStage(t)
	topic := s.topic()
	tests := []struct {
		what string
		in   sdk.PublishInput
		code string
	}{
		{"empty", sdk.PublishInput{Message: aws.String("")}, "InvalidParameter"},
		{"too long", sdk.PublishInput{Message: aws.String(strings.Repeat("x", 256*1024+1))}, "InvalidParameter"},
		{"subject of two lines", sdk.PublishInput{Message: aws.String("x"), Subject: aws.String("a\nb")}, "InvalidParameter"},
		{"subject too long", sdk.PublishInput{Message: aws.String("x"), Subject: aws.String(strings.Repeat("s", 101))}, "InvalidParameter"},
		{"no default", sdk.PublishInput{Message: aws.String(`{"sqs":"x"}`), MessageStructure: aws.String("json")}, "InvalidParameter"},
		{"odd attribute", sdk.PublishInput{Message: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{"a": {DataType: aws.String("Text"), StringValue: aws.String("b")}}}, "ParameterValueInvalid"},
		{"no topic", sdk.PublishInput{Message: aws.String("x"), TopicArn: aws.String(*topic + "x")}, "NotFound"},
	}
	for _, tt := range tests {
		if tt.in.TopicArn == nil {
			tt.in.TopicArn = topic
		}
		if _, err := try(s, s.client.Publish, &tt.in); code(err) != tt.code {
			t.Errorf("%s: %v, want %s", tt.what, err, tt.code)
		}
	}
	if got := s.sns.Messages(""); len(got) != 0 {
		t.Errorf("refused messages are kept: %v", got)
	}
	if _, err := try(s, s.client.Publish, &sdk.PublishInput{TopicArn: topic, Message: aws.String(strings.Repeat("x", 256*1024)), Subject: aws.String(strings.Repeat("s", 100))}); err != nil {
		t.Errorf("the largest message: %v", err)
	}
}

func TestMessageStructure(t *testing.T) {
	s := newStage(t)
	topic := s.topic()
	s.subscribe(topic, "sqs", queueARN, map[string]string{"RawMessageDelivery": "true"})
	s.subscribe(topic, "lambda", functionARN, nil)
	do(s, s.client.Publish, &sdk.PublishInput{TopicArn: topic, MessageStructure: aws.String("json"), Message: aws.String(`{"default":"for all","sqs":"for queues"}`)})
	s.world.RunUntilIdle(time.Minute)
	if len(s.queued) != 1 || s.queued[0] != "for queues" || !strings.Contains(string(s.invoked[0]), `"Message":"for all"`) {
		t.Errorf("queue %q, function %s", s.queued, s.invoked)
	}
}

func TestPublishBatch(t *testing.T) {
	s := newStage(t)
	topic := s.topic()
	entry := func(id, text, subject string) types.PublishBatchRequestEntry {
		e := types.PublishBatchRequestEntry{Id: &id, Message: &text}
		if subject != "" {
			e.Subject = &subject
		}
		return e
	}
	out := do(s, s.client.PublishBatch, &sdk.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{entry("a", "x", ""), entry("b", "y", "two\nlines")}})
	if len(out.Successful) != 1 || *out.Successful[0].Id != "a" || len(out.Failed) != 1 || *out.Failed[0].Id != "b" || !out.Failed[0].SenderFault {
		t.Errorf("batch %+v %+v", out.Successful, out.Failed)
	}
	for want, entries := range map[string][]types.PublishBatchRequestEntry{
		"BatchEntryIdsNotDistinct":     {entry("a", "x", ""), entry("a", "y", "")},
		"InvalidBatchEntryId":          {entry("a b", "x", "")},
		"TooManyEntriesInBatchRequest": slices.Repeat([]types.PublishBatchRequestEntry{entry("a", "x", "")}, 11),
		"BatchRequestTooLong":          {entry("a", strings.Repeat("x", 200*1024), ""), entry("b", strings.Repeat("x", 200*1024), "")},
	} {
		if _, err := try(s, s.client.PublishBatch, &sdk.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: entries}); code(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTopicsAndSubscriptions(t *testing.T) {
	s := newStage(t)
	for n := range 101 {
		do(s, s.client.CreateTopic, &sdk.CreateTopicInput{Name: aws.String(fmt.Sprintf("t%03d", n))})
	}
	first := do(s, s.client.ListTopics, &sdk.ListTopicsInput{})
	rest := do(s, s.client.ListTopics, &sdk.ListTopicsInput{NextToken: first.NextToken})
	if len(first.Topics) != 100 || len(rest.Topics) != 1 || rest.NextToken != nil {
		t.Errorf("pages of %d and %d topics", len(first.Topics), len(rest.Topics))
	}
	topic := first.Topics[0].TopicArn
	arn := s.subscribe(topic, "sqs", queueARN, nil)
	if again := s.subscribe(topic, "sqs", queueARN, nil); again != arn {
		t.Errorf("subscribing twice gives %s and %s", arn, again)
	}
	do(s, s.client.SetTopicAttributes, &sdk.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("Alarms")})
	a := do(s, s.client.GetTopicAttributes, &sdk.GetTopicAttributesInput{TopicArn: topic}).Attributes
	if a["DisplayName"] != "Alarms" || a["SubscriptionsConfirmed"] != "1" {
		t.Errorf("attributes %v", a)
	}
	do(s, s.client.TagResource, &sdk.TagResourceInput{ResourceArn: topic, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	do(s, s.client.Unsubscribe, &sdk.UnsubscribeInput{SubscriptionArn: &arn})
	if got := do(s, s.client.ListSubscriptions, &sdk.ListSubscriptionsInput{}).Subscriptions; len(got) != 0 {
		t.Errorf("still subscribed: %v", got)
	}
	for what, err := range map[string]error{
		"FIFO":          second(s.sns.CreateTopic("x.fifo", nil, nil)),
		"filter policy": second(s.sns.Subscribe(*topic, "sqs", queueARN+"3", map[string]string{"FilterPolicy": "{}"})),
		"https":         second(s.sns.Subscribe(*topic, "https", "https://example.com", nil)),
	} {
		if err == nil || !strings.Contains(err.Error(), "does not implement") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second(_ string, err error) error { return err }
