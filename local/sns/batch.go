package sns

import (
	"cmp"
	"errors"
	"regexp"

	"sluice/local/wire"
)

type publishIn struct {
	TopicArn               string               `json:"TopicArn"`
	TargetArn              string               `json:"TargetArn"`
	PhoneNumber            string               `json:"PhoneNumber"`
	Message                string               `json:"Message"`
	Subject                string               `json:"Subject"`
	MessageStructure       string               `json:"MessageStructure"`
	MessageAttributes      map[string]Attribute `json:"MessageAttributes"`
	MessageGroupID         string               `json:"MessageGroupId"`
	MessageDeduplicationID string               `json:"MessageDeduplicationId"`
}

type publishOut struct {
	MessageID string `json:"MessageId"`
}

func (s *Service) publishOne(in *publishIn) (*publishOut, error) {
	switch {
	case in.PhoneNumber != "":
		return nil, notHere("PhoneNumber")
	case in.MessageDeduplicationID != "":
		return nil, invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
	case in.MessageGroupID != "":
		return nil, notHere("MessageGroupId")
	}
	id, err := s.publish(Message{
		TopicARN: cmp.Or(in.TopicArn, in.TargetArn), Subject: in.Subject, Body: in.Message,
		Structure: in.MessageStructure, Attributes: in.MessageAttributes,
	})
	return &publishOut{id}, err
}

// maxBatch bounds the entries of PublishBatch.
const maxBatch = 10

type batchIn struct {
	TopicArn string       `json:"TopicArn"`
	Entries  []batchEntry `json:"PublishBatchRequestEntries"`
}

type batchEntry struct {
	ID                string               `json:"Id"`
	Message           string               `json:"Message"`
	Subject           string               `json:"Subject"`
	MessageStructure  string               `json:"MessageStructure"`
	MessageAttributes map[string]Attribute `json:"MessageAttributes"`
}

type batchOut struct {
	Successful []batchSuccess `json:"Successful"`
	Failed     []batchFailure `json:"Failed"`
}

type batchSuccess struct {
	ID        string `json:"Id"`
	MessageID string `json:"MessageId"`
}

type batchFailure struct {
	ID          string `json:"Id"`
	Code        string `json:"Code"`
	Message     string `json:"Message"`
	SenderFault bool   `json:"SenderFault"`
}

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func (s *Service) publishBatch(in *batchIn) (*batchOut, error) {
	if _, err := s.topic(in.TopicArn); err != nil {
		return nil, err
	}
	if len(in.Entries) == 0 {
		return nil, wire.Errorf("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	}
	if len(in.Entries) > maxBatch {
		return nil, wire.Errorf("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
	}
	seen, size := map[string]bool{}, 0
	for _, e := range in.Entries {
		if !entryID.MatchString(e.ID) {
			return nil, wire.Errorf("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		}
		if seen[e.ID] {
			return nil, wire.Errorf("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[e.ID] = true
		m := e.message(in.TopicArn)
		size += m.size()
	}
	if size > maxMessage {
		return nil, wire.Errorf("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.")
	}
	out := &batchOut{[]batchSuccess{}, []batchFailure{}}
	for _, e := range in.Entries {
		id, err := s.publish(e.message(in.TopicArn))
		var refused *wire.Error
		if errors.As(err, &refused) {
			out.Failed = append(out.Failed, batchFailure{e.ID, refused.Code, refused.Message, true})
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Successful = append(out.Successful, batchSuccess{e.ID, id})
	}
	return out, nil
}

func (e batchEntry) message(topicARN string) Message {
	return Message{TopicARN: topicARN, Subject: e.Subject, Body: e.Message, Structure: e.MessageStructure, Attributes: e.MessageAttributes}
}
