// Package awsletters looks into dead-letter queues. It fills failing's letters.
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
)

// Letters is SQS.
type Letters struct{ client *sqs.Client }

// Open returns SQS.
func Open(cfg aws.Config) *Letters { return &Letters{client: sqs.NewFromConfig(cfg)} }

// Peek fills failing's letters: up to ten messages, which others see again after a
// second. The client cannot ask for none at all.
func (l *Letters) Peek(ctx context.Context, queue string) ([]failing.Letter, error) {
	url, err := l.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return nil, awsfault.Errorf(err, "finding queue %s", queue)
	}
	out, err := l.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1, MessageAttributeNames: []string{"All"},
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
