package sqs

import (
	"errors"
	"regexp"
	"time"

	"sluice/local/wire"
)

// failure is one entry of a batch that did not succeed.
type failure struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

type batchOutput[T any] struct {
	Successful []T
	Failed     []failure
}

type done struct{ Id string }

var batchIDs = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batch runs one call per entry. The batch as a whole fails for its form; its
// entries fail one by one.
func batch[E, T any](q *queue, action string, entries []E, id func(E) string, run func(E) (T, error)) (*batchOutput[T], error) {
	if len(entries) == 0 {
		return nil, wire.Errorf("EmptyBatchRequest", "There should be at least one %sRequestEntry in the request.", action)
	}
	if len(entries) > 10 {
		return nil, wire.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if !batchIDs.MatchString(id(e)) {
			return nil, wire.Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id(e)] {
			return nil, wire.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", id(e))
		}
		seen[id(e)] = true
	}
	out := &batchOutput[T]{Successful: []T{}, Failed: []failure{}}
	for _, e := range entries {
		ok, err := run(e)
		var aws *wire.Error
		switch {
		case err == nil:
			out.Successful = append(out.Successful, ok)
		case errors.As(err, &aws):
			out.Failed = append(out.Failed, failure{Id: id(e), SenderFault: true, Code: aws.Code, Message: aws.Message})
		default:
			return nil, err
		}
	}
	return out, nil
}

type sendEntry struct {
	Id string
	outgoing
}

type sendBatchInput struct {
	urlInput
	Entries []sendEntry
}

type sentEntry struct {
	Id string
	sentOutput
}

func (q *queue) sendBatch(in *sendBatchInput) (*batchOutput[sentEntry], error) {
	total := 0
	for _, e := range in.Entries {
		m, _ := e.message()
		total += size(m)
	}
	if total > q.maxSize {
		return nil, wire.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", q.maxSize, total)
	}
	return batch(q, "SendMessageBatch", in.Entries, func(e sendEntry) string { return e.Id }, func(e sendEntry) (sentEntry, error) {
		sent, err := q.sendOne(e.outgoing)
		if err != nil {
			return sentEntry{}, err
		}
		return sentEntry{e.Id, *sent}, nil
	})
}

type receiptEntry struct {
	Id, ReceiptHandle string
	VisibilityTimeout int
}

type receiptBatchInput struct {
	urlInput
	Entries []receiptEntry
}

func (q *queue) deleteBatch(in *receiptBatchInput) (*batchOutput[done], error) {
	return batch(q, "DeleteMessageBatch", in.Entries, func(e receiptEntry) string { return e.Id }, func(e receiptEntry) (done, error) {
		return done{e.Id}, q.delete(e.ReceiptHandle)
	})
}

func (q *queue) changeBatch(in *receiptBatchInput) (*batchOutput[done], error) {
	return batch(q, "ChangeMessageVisibilityBatch", in.Entries, func(e receiptEntry) string { return e.Id }, func(e receiptEntry) (done, error) {
		return done{e.Id}, q.changeVisibility(e.ReceiptHandle, time.Duration(e.VisibilityTimeout)*time.Second)
	})
}
