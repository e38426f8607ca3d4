package lambda

import (
	"encoding/json"

	"sluice/local/wire"
)

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

// itemFailures reads which messages of a batch failed, by id. It reports false if
// the whole batch counts as failed: for an answer that is no JSON object, and for an
// identifier that is missing, empty, or of no message in the batch. Nothing, null
// and an object without batchItemFailures mean that all succeeded.
func itemFailures(answer []byte, batch []Message) (map[string]bool, bool) {
	if len(answer) == 0 {
		return nil, true
	}
	var doc *struct {
		Items []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		return nil, false
	}
	if doc == nil {
		return nil, true
	}
	known := map[string]bool{}
	for _, msg := range batch {
		known[msg.ID] = true
	}
	failed := map[string]bool{}
	for _, item := range doc.Items {
		if item.ID == nil || !known[*item.ID] {
			return nil, false
		}
		failed[*item.ID] = true
	}
	return failed, true
}
