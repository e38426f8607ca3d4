// Package awsletters looks into dead-letter queues, and empties them. It fills the letters
// of failing and of redriving.
package awsletters

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/shared/awsfault"
	"sluice/shared/failing"
	"sluice/shared/redriving"
)

// Letters is SQS.
type Letters struct{ client *sqs.Client }

// Open returns SQS.
func Open(cfg aws.Config) *Letters { return &Letters{client: sqs.NewFromConfig(cfg)} }

// Peek fills failing's letters: up to ten messages, which others see again after a
// second. The client cannot ask for none at all.
func (l *Letters) Peek(ctx context.Context, queue string) ([]failing.Letter, error) {
	url, err := l.url(ctx, queue)
	if err != nil {
		return nil, err
	}
	out, err := l.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 1, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		return nil, awsfault.Errorf(err, "looking into queue %s", queue)
	}
	var all []failing.Letter
	for _, m := range out.Messages {
		all = append(all, letter(m))
	}
	return all, nil
}

// held is how long letters that were taken are hidden from others, in seconds: longer
// than it takes to give ten of them back.
const held = 60

// Take fills redriving's letters: up to ten.
func (l *Letters) Take(ctx context.Context, queue string) ([]redriving.Letter, error) {
	url, err := l.url(ctx, queue)
	if err != nil {
		return nil, err
	}
	out, err := l.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: held, WaitTimeSeconds: 1, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		return nil, awsfault.Errorf(err, "taking letters from queue %s", queue)
	}
	var all []redriving.Letter
	for _, m := range out.Messages {
		taken := redriving.Letter{ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Attributes: map[string]string{}}
		for name, a := range m.MessageAttributes {
			taken.Attributes[name] = aws.ToString(a.StringValue)
		}
		all = append(all, taken)
	}
	return all, nil
}

// Drop fills redriving's letters.
func (l *Letters) Drop(ctx context.Context, queue string, taken redriving.Letter) error {
	url, err := l.url(ctx, queue)
	if err != nil {
		return err
	}
	_, err = l.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: &taken.Receipt})
	return awsfault.Errorf(err, "deleting letter %s from queue %s", taken.ID, queue)
}

// url is the address of a queue, given by it or by name.
func (l *Letters) url(ctx context.Context, queue string) (string, error) {
	if strings.HasPrefix(queue, "https://") || strings.HasPrefix(queue, "http://") {
		return queue, nil
	}
	out, err := l.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return "", awsfault.Errorf(err, "finding queue %s", queue)
	}
	return aws.ToString(out.QueueUrl), nil
}

// letter reads what stands around a message that nobody took: attributes, if
// EventBridge put it there, and a record of the invocation, if Lambda did.
func letter(m types.Message) failing.Letter {
	attribute := func(name string) string {
		if a, ok := m.MessageAttributes[name]; ok {
			return aws.ToString(a.StringValue)
		}
		return ""
	}
	var record struct {
		RequestContext  struct{ FunctionArn, Condition string }
		ResponsePayload struct{ ErrorType, ErrorMessage string }
	}
	_ = json.Unmarshal([]byte(aws.ToString(m.Body)), &record) // anything may lie there
	l := failing.Letter{ID: aws.ToString(m.MessageId)}
	l.From = last(cmp.Or(record.RequestContext.FunctionArn, attribute("RULE_ARN"), "the queue's reader"))
	l.Error = cmp.Or(strings.TrimLeft(record.ResponsePayload.ErrorType+": "+record.ResponsePayload.ErrorMessage, ": "), attribute("ERROR_MESSAGE"), attribute("ERROR_CODE"), record.RequestContext.Condition, "no reason given")
	return l
}

// last is the name at the end of an ARN, without the version or alias of a function.
func last(arn string) string {
	if _, function, ok := strings.Cut(arn, ":function:"); ok {
		name, _, _ := strings.Cut(function, ":")
		return name
	}
	return arn[strings.LastIndexAny(arn, ":/")+1:]
}
