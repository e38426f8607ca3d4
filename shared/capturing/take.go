package capturing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/shared/capture"
	"sluice/shared/drift"
	"sluice/shared/edge"
	"sluice/shared/event"
	"sluice/shared/fault"
	"sluice/shared/spec"
)

// batch is what one call of OnCapture knows.
type batch struct {
	now     time.Time            // when its newest message was sent
	watches map[string][]Watch   // by bucket
	specs   map[string]spec.Spec // by model
	touched map[string][]string  // variants that files have come of, by model
	ids     map[string][]string  // of the messages about them, by model
	ignored int
	failed  []string // ids of messages that come again
}

// OnCapture is the handler of on-capture: a batch of S3 events about files that were
// written. A message that is no S3 event, and one whose file cannot be read, fails
// alone; where a model's windows cannot be compared, the messages about its files do,
// and no other model's. Files that no model watches are counted and dropped.
func (c *Capturing) OnCapture(ctx context.Context, in events.SQSEvent) (events.SQSEventResponse, error) {
	b := batch{now: edge.Sent(in), watches: map[string][]Watch{}, specs: map[string]spec.Spec{}, touched: map[string][]string{}, ids: map[string][]string{}}
	done := map[string]error{}
	for _, message := range in.Records {
		e, err := event.Parse([]byte(message.Body))
		var o event.Object
		if err == nil {
			o, err = event.ObjectChange(e)
		}
		if err == nil && o.Deletion == "" {
			name, again := o.Bucket+"/"+o.Key, false
			if err, again = done[name]; !again { // the same file twice is read once
				err = c.take(ctx, &b, message.MessageId, o)
				done[name] = err
			}
		}
		b.fail(ctx, err, message.MessageId)
	}
	for _, model := range slices.Sorted(maps.Keys(b.touched)) {
		b.fail(ctx, c.judge(ctx, b.specs[model], b.touched[model], b.now), b.ids[model]...)
	}
	edge.Count(ctx, "EventsIgnored", b.ignored, b.now)
	edge.Count(ctx, "CapturesFailed", len(b.failed), b.now)
	edge.Note(ctx, "messages", len(in.Records))
	edge.Note(ctx, "ignored", b.ignored)
	var answer events.SQSEventResponse
	for _, id := range b.failed {
		answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
	}
	return answer, nil
}

// fail makes messages come again, if there is an error.
func (b *batch) fail(ctx context.Context, err error, ids ...string) {
	if err == nil {
		return
	}
	edge.Note(ctx, "failed", err.Error())
	for _, id := range ids {
		if !slices.Contains(b.failed, id) {
			b.failed = append(b.failed, id)
		}
	}
}

// take takes in one file, for each model that watches it.
func (c *Capturing) take(ctx context.Context, b *batch, id string, o event.Object) error {
	watches, read := b.watches[o.Bucket]
	if !read {
		var err error
		if watches, err = c.Table.Watches(ctx, o.Bucket); err != nil {
			return err
		}
		b.watches[o.Bucket] = watches
	}
	wanted := false
	for _, w := range watches {
		variant, ok := w.variant(o.Key)
		if !ok {
			continue
		}
		wanted = true
		if err := c.takeFor(ctx, b, id, w.Model, variant, o); err != nil {
			return err
		}
	}
	if !wanted {
		b.ignored++
	}
	return nil
}

func (c *Capturing) takeFor(ctx context.Context, b *batch, id, model, variant string, o event.Object) error {
	s, read := b.specs[model]
	if !read {
		var err error
		if s, err = c.Table.Spec(ctx, model); err != nil {
			return err
		}
		b.specs[model] = s
	}
	if s.Drift == nil { // taken away since the watch was listed
		return nil
	}
	body, _, err := c.Store.Open(ctx, o.Bucket, o.Key)
	if fault.Is(err, fault.NotFound) { // deleted since
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	pieces, tally, err := sketch(body, *s.Drift, b.now)
	if err != nil {
		return fault.NotReady.Errorf("reading s3://%s/%s: %w", o.Bucket, o.Key, err)
	}
	if tally.Unreadable > 0 {
		edge.Note(ctx, "unreadable", "s3://"+o.Bucket+"/"+o.Key+": "+tally.Why)
		edge.Count(ctx, "CapturesUnreadable", tally.Unreadable, o.At)
	}
	sum := sha256.Sum256([]byte(o.Bucket + "/" + o.Key))
	name := hex.EncodeToString(sum[:12])
	for _, window := range slices.SortedFunc(maps.Keys(pieces), time.Time.Compare) {
		if err := c.Store.Put(ctx, folder(s, variant)+window.Format(clock)+"/"+name, pieces[window].Encode()); err != nil {
			return err
		}
	}
	if len(pieces) == 0 {
		return nil
	}
	b.ids[model] = append(b.ids[model], id)
	if !slices.Contains(b.touched[model], variant) {
		b.touched[model] = append(b.touched[model], variant)
	}
	return nil
}

// maxWindows bounds of how many windows one file may have records: SageMaker begins a
// new one every hour at least.
const maxWindows = 48

// maxAge is how old records may be: pieces of windows live little longer.
const maxAge = 13 * 24 * time.Hour

// sketch reads a capture file into one sketch a window.
func sketch(r io.Reader, d spec.Drift, now time.Time) (map[time.Time]*drift.Sketch, capture.Tally, error) {
	pieces := map[time.Time]*drift.Sketch{}
	a := adder(d)
	far := 0
	tally, err := capture.Read(r, capture.Layout{Columns: d.Columns}, func(record capture.Record) {
		window := record.At.Truncate(d.Window.Std())
		s := pieces[window]
		if s == nil && len(pieces) == maxWindows || now.Sub(record.At) > maxAge {
			far++
			return
		}
		if s == nil {
			s = drift.New()
			pieces[window] = s
		}
		for _, row := range record.Inputs {
			a.add(s, drift.Input, row)
		}
		for _, row := range record.Answers {
			a.add(s, drift.Answer, row)
		}
	})
	if far > 0 {
		tally.Unreadable += far
		tally.Why = "it has records of too many hours, or too old ones"
	}
	return pieces, tally, err
}

// adding adds rows as a spec wants them. only is nil if it names no columns.
type adding struct{ only, ignore, text map[string]bool }

func adder(d spec.Drift) adding {
	set := func(names []string) map[string]bool {
		all := map[string]bool{}
		for _, n := range names {
			all[n] = true
		}
		return all
	}
	a := adding{ignore: set(d.Ignore), text: set(d.Categorical)}
	if len(d.Columns) > 0 {
		a.only = set(d.Columns)
	}
	return a
}

func (a adding) add(s *drift.Sketch, side drift.Side, row capture.Row) {
	s.AddRow(side)
	for _, v := range row {
		if a.ignore[v.Name] || side == drift.Input && a.only != nil && !a.only[v.Name] {
			continue
		}
		s.Add(side, v.Name, v.Text, a.text[v.Name])
	}
}
