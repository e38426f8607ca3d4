package sqs

import (
	"slices"
	"strings"
	"time"

	"sluice/local/wire"
)

func (s *Service) registerMessages(svc *wire.Service) {
	on(s, svc, "SendMessage", "SendMessage", (*queue).sendMessage)
	on(s, svc, "SendMessageBatch", "SendMessage", (*queue).sendBatch)
	on(s, svc, "ReceiveMessage", "ReceiveMessage", (*queue).receiveMessage)
	on(s, svc, "DeleteMessage", "DeleteMessage", (*queue).deleteMessage)
	on(s, svc, "DeleteMessageBatch", "DeleteMessage", (*queue).deleteBatch)
	on(s, svc, "ChangeMessageVisibility", "ChangeMessageVisibility", (*queue).changeMessageVisibility)
	on(s, svc, "ChangeMessageVisibilityBatch", "ChangeMessageVisibility", (*queue).changeBatch)
}

// outgoing is one message of SendMessage or SendMessageBatch.
type outgoing struct {
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]MessageAttribute
	MessageSystemAttributes map[string]MessageAttribute
	MessageDeduplicationId  string
	MessageGroupId          string
}

func (in outgoing) message() (Outgoing, error) {
	out := Outgoing{
		Body: in.MessageBody, Attributes: in.MessageAttributes,
		GroupID: in.MessageGroupId, DeduplicationID: in.MessageDeduplicationId,
	}
	if in.DelaySeconds != nil {
		d := time.Duration(*in.DelaySeconds) * time.Second
		out.Delay = &d
	}
	for name, a := range in.MessageSystemAttributes {
		if name != "AWSTraceHeader" || a.StringValue == nil {
			return out, invalid(name, "MessageSystemAttributes", "Only AWSTraceHeader is supported.")
		}
		out.TraceHeader = *a.StringValue
	}
	return out, nil
}

type sendInput struct {
	urlInput
	outgoing
}

type sentOutput struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	SequenceNumber               string `json:",omitempty"`
}

func (q *queue) sendMessage(in *sendInput) (*sentOutput, error) { return q.sendOne(in.outgoing) }

func (q *queue) sendOne(in outgoing) (*sentOutput, error) {
	m, err := in.message()
	if err != nil {
		return nil, err
	}
	id, sequence, err := q.send(m, wire.Account)
	if err != nil {
		return nil, err
	}
	out := &sentOutput{
		MessageId: id, MD5OfMessageBody: hexMD5([]byte(m.Body)),
		MD5OfMessageAttributes: attributesMD5(m.Attributes), MD5OfMessageSystemAttributes: attributesMD5(in.MessageSystemAttributes),
	}
	if q.fifo {
		out.SequenceNumber = sequenceNumber(sequence)
	}
	return out, nil
}

type receiveInput struct {
	urlInput
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptId     string
}

type receivedMessage struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string           `json:",omitempty"`
	MD5OfMessageAttributes string                      `json:",omitempty"`
	MessageAttributes      map[string]MessageAttribute `json:",omitempty"`
}

type receiveOutput struct {
	Messages []receivedMessage `json:",omitempty"`
}

func (q *queue) receiveMessage(in *receiveInput) (*receiveOutput, error) {
	max, visibility := 1, q.visibility
	if in.MaxNumberOfMessages != nil {
		if max = *in.MaxNumberOfMessages; max < 1 || max > 10 {
			return nil, invalid(max, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
		}
	}
	if in.VisibilityTimeout != nil {
		if *in.VisibilityTimeout < 0 || *in.VisibilityTimeout > 43200 {
			return nil, invalid(*in.VisibilityTimeout, "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
		}
		visibility = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	if in.WaitTimeSeconds != nil && (*in.WaitTimeSeconds < 0 || *in.WaitTimeSeconds > 20) {
		return nil, invalid(*in.WaitTimeSeconds, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	}
	if in.ReceiveRequestAttemptId != "" {
		return nil, refused("ReceiveMessage with ReceiveRequestAttemptId")
	}
	taken, err := q.receive(max, visibility)
	if err != nil {
		return nil, err
	}
	out := &receiveOutput{}
	for _, m := range taken {
		out.Messages = append(out.Messages, in.show(m))
	}
	return out, nil
}

// show picks the attributes that were asked for. The receipt is given even with
// a visibility timeout of zero, when the message is visible again already.
func (in *receiveInput) show(m *message) receivedMessage {
	seen := m.seen()
	r := receivedMessage{MessageId: m.id, ReceiptHandle: m.receipt, MD5OfBody: seen.MD5, Body: m.Body}
	for name, v := range seen.Attributes {
		wanted := func(n string) bool { return n == "All" || n == name }
		if slices.ContainsFunc(in.AttributeNames, wanted) || slices.ContainsFunc(in.MessageSystemAttributeNames, wanted) {
			if r.Attributes == nil {
				r.Attributes = map[string]string{}
			}
			r.Attributes[name] = v
		}
	}
	for name, a := range m.Outgoing.Attributes {
		for _, want := range in.MessageAttributeNames {
			prefix, isPrefix := strings.CutSuffix(want, ".*")
			if want == "All" || want == ".*" || want == name || isPrefix && strings.HasPrefix(name, prefix) {
				if r.MessageAttributes == nil {
					r.MessageAttributes = map[string]MessageAttribute{}
				}
				r.MessageAttributes[name] = a
			}
		}
	}
	r.MD5OfMessageAttributes = attributesMD5(r.MessageAttributes)
	return r
}

type receiptInput struct {
	urlInput
	ReceiptHandle string
}

func (q *queue) deleteMessage(in *receiptInput) (*none, error) {
	if in.ReceiptHandle == "" {
		return nil, missing("ReceiptHandle")
	}
	return &none{}, q.delete(in.ReceiptHandle)
}

type visibilityInput struct {
	urlInput
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (q *queue) changeMessageVisibility(in *visibilityInput) (*none, error) {
	if in.ReceiptHandle == "" {
		return nil, missing("ReceiptHandle")
	}
	if in.VisibilityTimeout == nil {
		return nil, missing("VisibilityTimeout")
	}
	return &none{}, q.changeVisibility(in.ReceiptHandle, time.Duration(*in.VisibilityTimeout)*time.Second)
}
