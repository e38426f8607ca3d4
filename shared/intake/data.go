package intake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// OnData is the handler of on-data: a batch of S3 events from the queue. Messages
// that are no S3 event are reported as failures and end, whole, in the dead-letter
// queue; events of buckets and keys that no model wants are counted and dropped.
// An error returns the whole batch to the queue.
func (i *Intake) OnData(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	var answer events.SQSEventResponse
	sorter := sorter{table: i.table, buckets: map[string][]Trigger{}, parts: map[part][]event.Object{}}
	malformed, ignored := 0, 0
	for _, message := range batch.Records {
		wanted, err := sorter.add(ctx, message.Body)
		switch {
		case err == nil && !wanted:
			ignored++
		case fault.Is(err, fault.Invalid):
			malformed++
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		case err != nil:
			return events.SQSEventResponse{}, err
		}
	}
	for _, p := range sorter.sorted() {
		if err := i.addObjects(ctx, p, sorter.parts[p]); err != nil {
			return events.SQSEventResponse{}, err
		}
	}
	at := sent(batch)
	edge.Count(ctx, "EventsIgnored", ignored, at)
	edge.Count(ctx, "EventsMalformed", malformed, at)
	edge.Note(ctx, "messages", len(batch.Records))
	edge.Note(ctx, "ignored", ignored)
	edge.Note(ctx, "malformed", malformed)
	return answer, nil
}

// sent is when the newest message of a batch was sent, as SQS says.
func sent(batch events.SQSEvent) time.Time {
	var newest int64
	for _, m := range batch.Records {
		if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
			newest = max(newest, ms)
		}
	}
	return time.UnixMilli(newest)
}

// addObjects stores a part of a batch as a chunk and adds it to the demand. The
// content is stored before the demand names it.
func (i *Intake) addObjects(ctx context.Context, p part, created []event.Object) error {
	objects := make([]demand.Object, len(created))
	c := demand.Chunk{Trigger: p.Index, Cause: demand.Cause{Kind: "data", Text: fmt.Sprintf("s3://%s/%s", p.bucket, p.Prefix)}}
	for n, o := range created {
		objects[n] = demand.Object{Bucket: o.Bucket, Key: o.Key, VersionID: o.VersionID, Sequencer: o.Sequencer, ETag: o.ETag, Size: o.Size}
		c.FirstAt, c.LastAt = spread(c.FirstAt, c.LastAt, o.At)
	}
	content, name, kept := demand.Pack(objects)
	c.Name, c.Objects = name, len(kept)
	for _, o := range kept {
		c.Bytes += o.Size
	}
	c.List = chunkKey(p.Model, name)
	if err := i.store.Put(ctx, c.List, content); err != nil {
		return err
	}
	return i.add(ctx, p.Model, c)
}

// spread widens first..last to hold at.
func spread(first, last, at time.Time) (time.Time, time.Time) {
	if first.IsZero() || at.Before(first) {
		first = at
	}
	if at.After(last) {
		last = at
	}
	return first, last
}

// part is what one data trigger gets of a batch.
type part struct {
	Trigger
	bucket string
}

// sorter sorts the events of a batch by the triggers that want them.
type sorter struct {
	table   table
	buckets map[string][]Trigger // asked for once a batch
	parts   map[part][]event.Object
}

// add sorts in one message. wanted reports whether any model has a trigger for it.
// Errors: Invalid if it is no S3 event.
func (s *sorter) add(ctx context.Context, body string) (wanted bool, err error) {
	e, err := event.Parse([]byte(body))
	if err != nil {
		return false, err
	}
	o, err := event.ObjectCreated(e)
	if err != nil {
		return false, err
	}
	triggers, asked := s.buckets[o.Bucket]
	if !asked {
		if triggers, err = s.table.DataTriggers(ctx, o.Bucket); err != nil {
			return false, err
		}
		s.buckets[o.Bucket] = triggers
	}
	for _, t := range triggers {
		if (spec.DataTrigger{Bucket: o.Bucket, Prefix: t.Prefix, Suffix: t.Suffix}).Match(o.Bucket, o.Key) {
			p := part{Trigger: t, bucket: o.Bucket}
			s.parts[p] = append(s.parts[p], o)
			wanted = true
		}
	}
	return wanted, nil
}

// sorted lists the parts in a fixed order, so that a replay makes the same calls.
func (s *sorter) sorted() []part {
	var all []part
	for p := range s.parts {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b part) int {
		return cmp.Or(strings.Compare(a.Model, b.Model), cmp.Compare(a.Index, b.Index), strings.Compare(a.bucket, b.bucket))
	})
	return all
}
