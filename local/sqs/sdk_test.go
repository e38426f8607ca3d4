package sqs

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"sluice/local/sim"
	"sluice/local/wire"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

var ctx = context.Background()

// sdk is a service with the AWS SDK's client before it.
func sdk(t *testing.T) (*sim.World, *Service, *sqs.Client) {
	t.Helper()
	w := sim.NewWorld(start, 1)
	s := New(w, nil)
	srv := wire.NewServer(w)
	srv.Register(s.Wire())
	return w, s, sqs.NewFromConfig(aws.Config{
		Region: wire.Region, BaseEndpoint: aws.String("http://local"),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:  &http.Client{Transport: srv}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
}

// need fails the test at once on an error.
func need[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func makeQueue(t *testing.T, c *sqs.Client, name string, attributes map[string]string) *string {
	t.Helper()
	return need[*sqs.CreateQueueOutput](t)(c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})).QueueUrl
}

func TestMessageGoesRoundOverTheWire(t *testing.T) {
	w, s, c := sdk(t)
	w.Do(func() {
		url := makeQueue(t, c, "events", map[string]string{"VisibilityTimeout": "60"})
		sent := need[*sqs.SendMessageOutput](t)(c.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: url, MessageBody: aws.String(`{"a":"<&>"}`),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"kind": {DataType: aws.String("String"), StringValue: aws.String("x")},
				"blob": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
			},
		}))
		got := need[*sqs.ReceiveMessageOutput](t)(c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
		})).Messages
		if len(got) != 1 || *got[0].MessageId != *sent.MessageId || *got[0].Body != `{"a":"<&>"}` {
			t.Fatalf("received %+v", got)
		}
		m := got[0]
		if *m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes || len(m.MessageAttributes) != 2 || m.MessageAttributes["blob"].BinaryValue[1] != 2 {
			t.Errorf("attributes %+v", m.MessageAttributes)
		}
		if m.Attributes["ApproximateReceiveCount"] != "1" || m.Attributes["SentTimestamp"] != "1772445600000" || m.Attributes["SenderId"] == "" {
			t.Errorf("system attributes %v", m.Attributes)
		}
		counts := need[*sqs.GetQueueAttributesOutput](t)(c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})).Attributes
		if counts["ApproximateNumberOfMessages"] != "0" || counts["ApproximateNumberOfMessagesNotVisible"] != "1" || counts["VisibilityTimeout"] != "60" || counts["QueueArn"] != ARN("events") {
			t.Errorf("queue attributes %v", counts)
		}
		need[*sqs.DeleteMessageOutput](t)(c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}))
		if n := s.Len(ARN("events")); n != (Counts{}) {
			t.Errorf("after deletion %+v", n)
		}
	})
}

func TestBatchesFailEntryByEntry(t *testing.T) {
	w, _, c := sdk(t)
	w.Do(func() {
		url := makeQueue(t, c, "q", map[string]string{"MaximumMessageSize": "1024"})
		entry := func(id, body string) types.SendMessageBatchRequestEntry {
			return types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body}
		}
		late := entry("late", "x")
		late.DelaySeconds = 1000
		sent := need[*sqs.SendMessageBatchOutput](t)(c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []types.SendMessageBatchRequestEntry{entry("a", "1"), entry("b", "2"), late}}))
		if len(sent.Successful) != 2 || len(sent.Failed) != 1 || *sent.Failed[0].Id != "late" || *sent.Failed[0].Code != "InvalidParameterValue" {
			t.Errorf("%+v", sent)
		}
		for name, entries := range map[string][]types.SendMessageBatchRequestEntry{
			"EmptyBatchRequest": {}, "BatchEntryIdsNotDistinct": {entry("a", "1"), entry("a", "2")}, "InvalidBatchEntryId": {entry("a b", "1")},
			"TooManyEntriesInBatchRequest": make11(entry), "BatchRequestTooLong": {entry("a", string(make([]byte, 1025)))},
		} {
			if _, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: entries}); code(err) != "AWS.SimpleQueueService."+name {
				t.Errorf("want %s, got %v", name, err)
			}
		}
		got := need[*sqs.ReceiveMessageOutput](t)(c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10}))
		var visibility []types.ChangeMessageVisibilityBatchRequestEntry
		var deletion []types.DeleteMessageBatchRequestEntry
		for i, m := range got.Messages {
			visibility = append(visibility, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(string('a' + rune(i))), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 120})
			deletion = append(deletion, types.DeleteMessageBatchRequestEntry{Id: aws.String(string('a' + rune(i))), ReceiptHandle: m.ReceiptHandle})
		}
		deletion = append(deletion, types.DeleteMessageBatchRequestEntry{Id: aws.String("z"), ReceiptHandle: aws.String("junk")})
		changed := need[*sqs.ChangeMessageVisibilityBatchOutput](t)(c.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: url, Entries: visibility}))
		deleted := need[*sqs.DeleteMessageBatchOutput](t)(c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: deletion}))
		if len(changed.Successful) != 2 || len(deleted.Successful) != 2 || len(deleted.Failed) != 1 || *deleted.Failed[0].Code != "ReceiptHandleIsInvalid" {
			t.Errorf("%+v %+v", changed, deleted)
		}
	})
}

func make11(entry func(id, body string) types.SendMessageBatchRequestEntry) (out []types.SendMessageBatchRequestEntry) {
	for i := range 11 {
		out = append(out, entry(string('a'+rune(i)), "x"))
	}
	return out
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func TestQueuesAreMadeListedAndDeleted(t *testing.T) {
	w, _, c := sdk(t)
	w.Do(func() {
		url := makeQueue(t, c, "q", nil)
		if again := makeQueue(t, c, "q", map[string]string{"VisibilityTimeout": "30"}); *again != *url {
			t.Error("made twice")
		}
		makeQueue(t, c, "q2", nil)
		for want, in := range map[string]*sqs.CreateQueueInput{
			"QueueAlreadyExists":    {QueueName: aws.String("q"), Attributes: map[string]string{"VisibilityTimeout": "31"}},
			"InvalidAttributeName":  {QueueName: aws.String("x"), Attributes: map[string]string{"Colour": "red"}},
			"InvalidAttributeValue": {QueueName: aws.String("x"), Attributes: map[string]string{"VisibilityTimeout": "43201"}},
			"InvalidParameterValue": {QueueName: aws.String("a b")},
		} {
			if _, err := c.CreateQueue(ctx, in); code(err) != want {
				t.Errorf("want %s, got %v", want, err)
			}
		}
		for _, in := range []*sqs.CreateQueueInput{
			{QueueName: aws.String("x.fifo")},
			{QueueName: aws.String("x"), Attributes: map[string]string{"FifoQueue": "true"}},
			{QueueName: aws.String("x"), Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + ARN("nope") + `","maxReceiveCount":3}`}},
			{QueueName: aws.String("x"), Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + ARN("q") + `","maxReceiveCount":0}`}},
			{QueueName: aws.String("x"), Attributes: map[string]string{"Policy": `{"Statement":[]}`}},
		} {
			if _, err := c.CreateQueue(ctx, in); err == nil {
				t.Errorf("made %s %v", *in.QueueName, in.Attributes)
			}
		}
		need[*sqs.SetQueueAttributesOutput](t)(c.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{
			"RedrivePolicy": `{"deadLetterTargetArn":"` + ARN("q2") + `","maxReceiveCount":5}`,
		}}))
		sources := need[*sqs.ListDeadLetterSourceQueuesOutput](t)(c.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String("http://elsewhere/1/q2")}))
		listed := need[*sqs.ListQueuesOutput](t)(c.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("q"), MaxResults: aws.Int32(1)}))
		if len(sources.QueueUrls) != 1 || len(listed.QueueUrls) != 1 || listed.NextToken == nil {
			t.Errorf("%v %v", sources.QueueUrls, listed)
		}
		need[*sqs.TagQueueOutput](t)(c.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: url, Tags: map[string]string{"a": "b"}}))
		if tags := need[*sqs.ListQueueTagsOutput](t)(c.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: url})).Tags; tags["a"] != "b" {
			t.Error(tags)
		}
		need[*sqs.SendMessageOutput](t)(c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")}))
		need[*sqs.PurgeQueueOutput](t)(c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}))
		if _, err := c.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}); code(err) != "AWS.SimpleQueueService.PurgeQueueInProgress" {
			t.Error(err)
		}
		need[*sqs.DeleteQueueOutput](t)(c.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}))
		_, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
		var gone *types.QueueDoesNotExist
		if !errors.As(err, &gone) {
			t.Error(err)
		}
		if _, err := c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")}); code(err) != "AWS.SimpleQueueService.QueueDeletedRecently" {
			t.Error(err)
		}
	})
	w.RunFor(time.Minute)
	w.Do(func() { makeQueue(t, c, "q", nil) })
}
