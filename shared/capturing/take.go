package capturing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strconv"
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
	touched map[string][]string  // variants by model
	ignored int
	failed  int
	answer  events.SQSEventResponse
}

// OnCapture is the handler of on-capture: a batch of S3 events about files that were
// written. A message that is no S3 event, and one whose file cannot be read, fails
// alone; files that no model watches are counted and dropped. An error returns the
// whole batch to the queue.
func (c *Capturing) OnCapture(ctx context.Context, in events.SQSEvent) (events.SQSEventResponse, error) {
	b := batch{now: sent(in), watches: map[string][]Watch{}, specs: map[string]spec.Spec{}, touched: map[string][]string{}}
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
				err = c.take(ctx, &b, o)
				done[name] = err
			}
		}
		if err != nil {
			b.failed++
			edge.Note(ctx, "failed", err.Error())
			b.answer.BatchItemFailures = append(b.answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	for _, model := range slices.Sorted(maps.Keys(b.touched)) {
		if err := c.judge(ctx, b.specs[model], b.touched[model], b.now); err != nil {
			return events.SQSEventResponse{}, err
		}
	}
	edge.Count(ctx, "EventsIgnored", b.ignored, b.now)
	edge.Note(ctx, "messages", len(in.Records))
	edge.Note(ctx, "ignored", b.ignored)
	return b.answer, nil
}

// sent is when the newest message of a batch was sent, as SQS says.
func sent(in events.SQSEvent) time.Time {
	var newest int64
	for _, m := range in.Records {
		if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
			newest = max(newest, ms)
		}
	}
	return time.UnixMilli(newest).UTC()
}

// take takes in one file, for each model that watches it.
func (c *Capturing) take(ctx context.Context, b *batch, o event.Object) error {
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
		if err := c.takeFor(ctx, b, w.Model, variant, o); err != nil {
			return err
		}
	}
	if !wanted {
		b.ignored++
	}
	return nil
}

func (c *Capturing) takeFor(ctx context.Context, b *batch, model, variant string, o event.Object) error {
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
	if len(pieces) > 0 && !slices.Contains(b.touched[model], variant) {
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

// adding adds rows as a spec wants them.
type adding struct{ ignore, text map[string]bool }

func adder(d spec.Drift) adding {
	set := func(names []string) map[string]bool {
		all := map[string]bool{}
		for _, n := range names {
			all[n] = true
		}
		return all
	}
	return adding{set(d.Ignore), set(d.Categorical)}
}

func (a adding) add(s *drift.Sketch, side drift.Side, row capture.Row) {
	s.AddRow(side)
	for _, v := range row {
		if !a.ignore[v.Name] {
			s.Add(side, v.Name, v.Text, a.text[v.Name])
		}
	}
}
