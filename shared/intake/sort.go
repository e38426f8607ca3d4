package intake

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/shared/event"
	"sluice/shared/spec"
)

// part is what one data trigger gets of a batch.
type part struct {
	Trigger
	bucket string
}

// sorter sorts the events of a batch by the triggers that want them.
type sorter struct {
	parts map[part][]event.Object
	marks map[part]time.Time // the latest marker
	from  map[part][]string  // the messages that a part is made of
	// sure tells of each bucket whether its triggers were read for this batch, or are
	// a condition of what it adds.
	sure    map[string]bool
	answer  events.SQSEventResponse
	back    map[string]bool // messages that are returned because a part failed
	ignored int
}

// sort sorts in one message.
func (i *Intake) sort(ctx context.Context, s *sorter, m events.SQSMessage) error {
	e, err := event.Parse([]byte(m.Body))
	var o event.Object
	if err == nil {
		o, err = event.ObjectChange(e)
	}
	if err != nil { // no S3 event
		s.answer.BatchItemFailures = append(s.answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		return nil
	}
	_, remembered := i.wanted[o.Bucket]
	w, err := i.wants(ctx, o.Bucket)
	if err != nil {
		return err
	}
	wanted := false
	for _, t := range w.Triggers {
		p, d := part{Trigger: t, bucket: o.Bucket}, spec.DataTrigger{Bucket: o.Bucket, Prefix: t.Prefix, Suffix: t.Suffix, Marker: t.Marker}
		switch {
		case d.Marks(o.Bucket, o.Key):
			if o.Deletion == "" {
				_, s.marks[p] = spread(time.Time{}, s.marks[p], o.At)
			}
		case d.Match(o.Bucket, o.Key):
			s.parts[p] = append(s.parts[p], o)
		default:
			continue
		}
		wanted = true
		s.from[p] = append(s.from[p], m.MessageId)
	}
	s.sure[o.Bucket] = s.sure[o.Bucket] || wanted || !remembered
	if !wanted {
		s.ignored++
	}
	return nil
}

// giveBack returns the messages of a part to the queue, each once.
func (s *sorter) giveBack(p part) {
	for _, id := range s.from[p] {
		if !s.back[id] {
			s.back[id] = true
			s.answer.BatchItemFailures = append(s.answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
	}
}

// sorted lists the parts in a fixed order, so that a replay makes the same calls.
func (s *sorter) sorted() []part {
	all := slices.AppendSeq(slices.Collect(maps.Keys(s.parts)), maps.Keys(s.marks))
	slices.SortFunc(all, func(a, b part) int {
		return cmp.Or(strings.Compare(a.Model, b.Model), cmp.Compare(a.Index, b.Index), strings.Compare(a.bucket, b.bucket))
	})
	return slices.Compact(all)
}
