package lambda

import "sluice/local/wire"

// sqsRecord is one message in the event that Lambda makes of a batch. The order of
// the members is that of the documented sample.
type sqsRecord struct {
	MessageID         string               `json:"messageId"`
	ReceiptHandle     string               `json:"receiptHandle"`
	Body              string               `json:"body"`
	Attributes        map[string]string    `json:"attributes"`
	MessageAttributes map[string]Attribute `json:"messageAttributes"`
	MD5OfBody         string               `json:"md5OfBody"`
	EventSource       string               `json:"eventSource"`
	EventSourceARN    string               `json:"eventSourceARN"`
	Region            string               `json:"awsRegion"`
}

func (m *Mapping) record(msg Message) sqsRecord {
	r := sqsRecord{
		MessageID: msg.ID, ReceiptHandle: msg.ReceiptHandle, Body: msg.Body, MD5OfBody: msg.MD5,
		Attributes: msg.Attributes, MessageAttributes: msg.UserMetadata,
		EventSource: "aws:sqs", EventSourceARN: m.QueueARN, Region: wire.Region,
	}
	if r.Attributes == nil {
		r.Attributes = map[string]string{}
	}
	if r.MessageAttributes == nil {
		r.MessageAttributes = map[string]Attribute{}
	}
	return r
}

func (m *Mapping) envelope(batch []Message) []byte {
	var doc struct{ Records []sqsRecord }
	for _, msg := range batch {
		doc.Records = append(doc.Records, m.record(msg))
	}
	return marshal(doc)
}
