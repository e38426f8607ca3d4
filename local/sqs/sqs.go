// Package sqs is Amazon SQS on a laptop, in virtual time: standard and FIFO
// queues, visibility, delays, retention, dead-letter redrive and the queue
// policies that let other services send.
//
// It decides which message a receiver gets and when it comes back. It does not
// lose or double messages of its own accord: faults are put in front of it, by
// the wire or by EventBridge. Long polling answers at once with what is there,
// because a caller in process holds the world; pollers use OnArrival instead.
//
// Callers: the SDK, the CLI and boto3 over the wire (awsJson 1.0); in process,
// EventBridge and SNS (Send) and Lambda's event source mappings (Receive,
// Delete, Release, OnArrival).
package sqs

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Record takes one minute of one CloudWatch metric.
type Record func(namespace, name string, dims map[string]string, minute time.Time, values, counts []float64)

// Service is all queues of the account.
type Service struct {
	// Endpoint is what queue URLs begin with, without a slash at the end.
	Endpoint string

	w       *sim.World
	record  Record
	queues  map[string]*queue    // by name
	deleted map[string]time.Time // by name, when
}

// New returns SQS without queues. record may be nil: then nothing is published.
func New(w *sim.World, record Record) *Service {
	s := &Service{
		Endpoint: "https://sqs." + wire.Region + ".amazonaws.com",
		w:        w, record: record,
		queues: map[string]*queue{}, deleted: map[string]time.Time{},
	}
	if record != nil {
		s.publishEachMinute()
	}
	return s
}

// ARN is the name of a queue as IAM and EventBridge write it.
func ARN(queue string) string {
	return "arn:aws:sqs:" + wire.Region + ":" + wire.Account + ":" + queue
}

// URL is the name of a queue as the SQS API writes it.
func (s *Service) URL(queue string) string { return s.Endpoint + "/" + wire.Account + "/" + queue }

// Queues lists the names of all queues, sorted.
func (s *Service) Queues() []string { return slices.Sorted(maps.Keys(s.queues)) }

// queryCodes are the codes of errors as the awsQuery API had them.
var queryCodes = map[string]string{
	"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
	"BatchRequestTooLong":          "AWS.SimpleQueueService.BatchRequestTooLong",
	"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
	"InvalidBatchEntryId":          "AWS.SimpleQueueService.InvalidBatchEntryId",
	"MessageNotInflight":           "AWS.SimpleQueueService.MessageNotInflight",
	"PurgeQueueInProgress":         "AWS.SimpleQueueService.PurgeQueueInProgress",
	"QueueDeletedRecently":         "AWS.SimpleQueueService.QueueDeletedRecently",
	"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
	"QueueNameExists":              "QueueAlreadyExists",
	"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
	"UnsupportedOperation":         "AWS.SimpleQueueService.UnsupportedOperation",
}

var noQueue = &wire.Error{Code: "QueueDoesNotExist", Message: "The specified queue does not exist."}

// byARN finds a queue. Error: QueueDoesNotExist.
func (s *Service) byARN(arn string) (*queue, error) {
	if q := s.queues[arn[strings.LastIndexByte(arn, ':')+1:]]; q != nil && q.arn == arn {
		return q, nil
	}
	return nil, noQueue
}

// byURL finds a queue by the last part of its URL: the host is where the caller
// reached us, which is not always where the URL was made.
func (s *Service) byURL(url string) (*queue, error) {
	if url == "" {
		return nil, missing("QueueUrl")
	}
	if q := s.queues[nameOf(url)]; q != nil {
		return q, nil
	}
	return nil, noQueue
}

func nameOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func missing(parameter string) *wire.Error {
	return wire.Errorf("MissingParameter", "The request must contain the parameter %s.", parameter)
}

func invalid(value any, parameter, reason string) *wire.Error {
	return wire.Errorf("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}
