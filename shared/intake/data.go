package intake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/shared/demand"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
)

// OnData is the handler of on-data: a batch of S3 events from the queue. Messages
// that are no S3 event are reported as failures and end, whole, in the dead-letter
// queue; events of buckets and keys that no model wants are counted and dropped. What
// cannot be added for one model returns its messages to the queue, and holds up no
// other; if nothing can be, an error returns the whole batch.
func (i *Intake) OnData(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error) {
	for range maxRaces {
		s := sorter{parts: map[part][]event.Object{}, marks: map[part]time.Time{}, from: map[part][]string{}, sure: map[string]bool{}, back: map[string]bool{}}
		for _, message := range batch.Records {
			if err := i.sort(ctx, &s, message); err != nil {
				return events.SQSEventResponse{}, err
			}
		}
		moved, err := i.addParts(ctx, &s)
		if err == nil && !moved {
			moved, err = i.reread(ctx, s.sure)
		}
		if err != nil {
			return events.SQSEventResponse{}, err
		}
		if moved {
			continue
		}
		at := edge.Sent(batch)
		edge.Count(ctx, "EventsIgnored", s.ignored, at)
		malformed := len(s.answer.BatchItemFailures) - len(s.back)
		edge.Count(ctx, "EventsMalformed", malformed, at)
		edge.Count(ctx, "EventsReturned", len(s.back), at)
		edge.Note(ctx, "messages", len(batch.Records))
		edge.Note(ctx, "ignored", s.ignored)
		edge.Note(ctx, "malformed", malformed)
		return s.answer, nil
	}
	return events.SQSEventResponse{}, fault.NotReady.Errorf("the data triggers changed %d times while a batch was being taken in", maxRaces)
}

// addParts adds what a batch brings each model. What fails of one model is returned to
// the queue; it is an error only if nothing else was added. moved reports that the
// triggers it was sorted by are no longer those in force.
func (i *Intake) addParts(ctx context.Context, s *sorter) (moved bool, err error) {
	added := 0
	for _, p := range s.sorted() {
		failed := i.addPart(ctx, s, p)
		switch {
		case errors.Is(failed, errMoved):
			return true, nil
		case failed == nil:
			added++
		default:
			edge.Note(ctx, "returned of "+p.Model, failed.Error())
			s.giveBack(p)
			err = failed
		}
	}
	if added > 0 {
		err = nil
	}
	return false, err
}

func (i *Intake) addPart(ctx context.Context, s *sorter, p part) error {
	if objects := s.parts[p]; len(objects) > 0 {
		if err := i.addObjects(ctx, p, objects); err != nil {
			return err
		}
	}
	if at := s.marks[p]; !at.IsZero() {
		return i.addMark(ctx, p, at)
	}
	return nil
}

var errMoved = errors.New("the data triggers have changed")

// reread reads the triggers on buckets that are not sure, and reports whether any
// have changed: what nobody wanted may be wanted now.
func (i *Intake) reread(ctx context.Context, sure map[string]bool) (moved bool, err error) {
	for _, bucket := range slices.Sorted(maps.Keys(sure)) {
		if sure[bucket] {
			continue
		}
		before := i.wanted[bucket]
		delete(i.wanted, bucket)
		now, err := i.wants(ctx, bucket)
		if err != nil {
			return false, err
		}
		moved = moved || now.Rev != before.Rev
	}
	return moved, nil
}

// wants is what models want of a bucket, as far as is known.
func (i *Intake) wants(ctx context.Context, bucket string) (Wanted, error) {
	if w, ok := i.wanted[bucket]; ok {
		return w, nil
	}
	w, err := i.table.DataTriggers(ctx, bucket)
	if err == nil {
		i.wanted[bucket] = w
	}
	return w, err
}

// addObjects stores a part of a batch as a chunk and adds it to the demand. The
// content is stored before the demand names it. Deletions alone are no reason to
// train: they wait for one.
func (i *Intake) addObjects(ctx context.Context, p part, changed []event.Object) error {
	objects := make([]demand.Object, len(changed))
	c := demand.Chunk{Trigger: p.Index, Cause: demand.Cause{Kind: demand.Data, Text: fmt.Sprintf("s3://%s/%s", p.bucket, p.Prefix)}}
	for n, o := range changed {
		objects[n] = demand.Object{Bucket: o.Bucket, Key: o.Key, VersionID: o.VersionID, Sequencer: o.Sequencer, ETag: o.ETag, Size: o.Size, Gone: gone(o)}
		if o.Deletion == "" {
			c.FirstAt, c.LastAt = spread(c.FirstAt, c.LastAt, o.At)
		}
	}
	content, name, kept := demand.Pack(objects)
	c.Name = name
	for _, o := range kept {
		if o.Gone == "" {
			c.Objects++
			c.Bytes += o.Size
		}
	}
	c.List = chunkKey(p.Model, name)
	if err := i.store.Put(ctx, c.List, content); err != nil {
		return err
	}
	o, err := i.addWanted(ctx, p, c)
	if err != nil || c.Objects == 0 {
		return err
	}
	return i.start(ctx, p.Model, o)
}

// addMark adds that a trigger's marker came. It is no object, and no reason to train.
func (i *Intake) addMark(ctx context.Context, p part, at time.Time) error {
	_, err := i.addWanted(ctx, p, demand.Chunk{
		Name: fmt.Sprintf("mark-%d-%d", p.Index, at.UnixMilli()), Trigger: p.Index, MarkAt: at,
		Cause: demand.Cause{Kind: demand.Data, Text: fmt.Sprintf("s3://%s/%s", p.bucket, p.Prefix)},
	})
	return err
}

// addWanted adds a chunk on the condition that the triggers it was sorted by are still
// in force. Errors: errMoved if they are not.
func (i *Intake) addWanted(ctx context.Context, p part, c demand.Chunk) (open, error) {
	w := i.wanted[p.bucket]
	put := func(generation int) error { return i.table.AddObjects(ctx, p.Model, generation, c, w) }
	return i.add(ctx, p.Model, put, func() error {
		delete(i.wanted, p.bucket)
		now, err := i.wants(ctx, p.bucket)
		if err == nil && now.Rev != w.Rev {
			err = errMoved
		}
		return err
	})
}

// gone is what a deletion takes away. Without versions, a key has one object; a marker
// hides all versions; a permanent deletion takes one of them.
func gone(o event.Object) demand.Gone {
	switch {
	case o.Deletion == "":
		return ""
	case o.Deletion == event.DeleteMarkerCreated || o.VersionID == "":
		return demand.GoneKey
	}
	return demand.GoneVersion
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
