package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

// streamKeeps is how long a stream keeps a record. Source: developer guide, "Change
// data capture for DynamoDB Streams".
const streamKeeps = 24 * time.Hour

// stream is the log of the changes of one table, oldest first. It is one shard: the
// order of all changes is kept, where AWS promises that of each item only. Not
// modelled, and could hide a bug: shards that split, and the second or so after which
// a record can be read. A stream goes with its table; AWS keeps it for a day.
type stream struct {
	table   string
	label   string
	view    string
	records []*Record
	made    int // records so far
	readers []func()
}

// Record is one change in a stream, in the form in which Lambda gives it to functions.
type Record struct {
	EventID        string       `json:"eventID"`
	EventName      string       `json:"eventName"` // INSERT, MODIFY, REMOVE
	EventVersion   string       `json:"eventVersion"`
	EventSource    string       `json:"eventSource"`
	AWSRegion      string       `json:"awsRegion"`
	UserIdentity   *Identity    `json:"userIdentity,omitempty"` // of time to live; nil for whoever calls
	Change         StreamRecord `json:"dynamodb"`
	EventSourceARN string       `json:"eventSourceARN"`

	made time.Time
}

// StreamRecord is what a change did. Which images it has, the stream's view type says.
type StreamRecord struct {
	ApproximateCreationDateTime int64 // seconds since 1970, rounded down
	Keys                        Item
	NewImage                    Item `json:",omitempty"`
	OldImage                    Item `json:",omitempty"`
	SequenceNumber              string
	SizeBytes                   int
	StreamViewType              string
}

// Identity is who made a change, if it was a service.
type Identity struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
}

// viewTypes say, for each view type, whether records have the new and the old image.
var viewTypes = map[string]struct{ after, before bool }{
	"KEYS_ONLY": {}, "NEW_IMAGE": {after: true}, "OLD_IMAGE": {before: true}, "NEW_AND_OLD_IMAGES": {true, true},
}

func (in *StreamSpecification) check() error {
	const prefix = "One or more parameter values were invalid: "
	switch {
	case in == nil:
		return nil
	case !in.StreamEnabled && in.StreamViewType != "":
		return invalid(prefix + "Table is being created with stream disabled, StreamViewType should be null")
	case in.StreamEnabled && in.StreamViewType == "":
		return invalid(prefix + "StreamViewType must be given when StreamEnabled is true")
	}
	return oneOf("streamSpecification.streamViewType", in.StreamViewType, slices.Sorted(maps.Keys(viewTypes))...)
}

func newStream(table, view string, at time.Time) *stream {
	return &stream{table: table, view: view, label: at.Format("2006-01-02T15:04:05.000")}
}

func (st *stream) arn() string { return Arn(st.table) + "/stream/" + st.label }

// capture puts a change into the table's stream. A write that leaves the item as it
// was makes no record. Source: developer guide, as above.
func (s *Service) capture(t *table, before, after Item, expired bool) {
	st := t.stream
	if st == nil || before != nil && after != nil && maps.EqualFunc(before, after, Value.Equal) {
		return
	}
	st.forget(s.w.Now())
	st.made++
	r := &Record{
		EventID: s.w.ID("dynamodb-record", 32), EventName: "MODIFY", EventVersion: "1.1", EventSource: "aws:dynamodb", AWSRegion: wire.Region,
		EventSourceARN: st.arn(), made: s.w.Now(),
	}
	r.Change = StreamRecord{
		ApproximateCreationDateTime: s.w.Now().Unix(), SequenceNumber: sequence(st.made), StreamViewType: st.view,
	}
	images := viewTypes[st.view]
	if images.before {
		r.Change.OldImage = before
	}
	if images.after {
		r.Change.NewImage = after
	}
	switch {
	case before == nil:
		r.EventName, r.Change.Keys = "INSERT", t.keyOf(after)
	case after == nil:
		r.EventName, r.Change.Keys = "REMOVE", t.keyOf(before)
	default:
		r.Change.Keys = t.keyOf(after)
	}
	r.Change.SizeBytes = expr.ItemSize(r.Change.Keys) + expr.ItemSize(r.Change.NewImage) + expr.ItemSize(r.Change.OldImage)
	if expired {
		r.UserIdentity = &Identity{Type: "Service", PrincipalID: "dynamodb.amazonaws.com"}
	}
	st.records = append(st.records, r)
	for _, tell := range st.readers {
		tell()
	}
}

// sequence numbers the n-th record, from 1, in 21 digits: the fewest that the API
// knows, and all the same, so that their order as texts is their order as numbers.
func sequence(n int) string { return fmt.Sprintf("1%020d", n) }

// forget drops the records that are too old to be kept.
func (st *stream) forget(now time.Time) {
	kept := slices.IndexFunc(st.records, func(r *Record) bool { return now.Sub(r.made) < streamKeeps })
	if kept < 0 {
		kept = len(st.records)
	}
	if kept > 0 {
		clear(st.records[:kept]) // the rest of the array stays in use
		st.records = st.records[kept:]
	}
}

// Made is the virtual time of the change.
func (r *Record) Made() time.Time { return r.made }

// Stream is the ARN of a table's stream, and "" for a table without one.
func (s *Service) Stream(table string) string {
	if t := s.tables[table]; t != nil && t.stream != nil {
		return t.stream.arn()
	}
	return ""
}

// streamOf is the stream of this ARN, or nil.
func (s *Service) streamOf(arn string) *stream {
	name, _, _ := strings.Cut(strings.TrimPrefix(arn, Arn("")), "/")
	t := s.tables[name]
	if t == nil || t.stream == nil || t.stream.arn() != arn {
		return nil
	}
	return t.stream
}

// StreamRecords lists up to most records of a stream, oldest first, that come after
// a sequence number; "" is before the first. They must not be changed.
func (s *Service) StreamRecords(arn, after string, most int) []*Record {
	st := s.streamOf(arn)
	if st == nil {
		return nil
	}
	st.forget(s.w.Now())
	from, found := slices.BinarySearchFunc(st.records, after, func(r *Record, sequence string) int {
		return strings.Compare(r.Change.SequenceNumber, sequence)
	})
	if found {
		from++
	}
	return slices.Clone(st.records[from:min(from+most, len(st.records))])
}

// LastSequence is the sequence number of the newest record that a stream ever had,
// and "" before the first. It reports false for a stream that is not there.
func (s *Service) LastSequence(arn string) (string, bool) {
	st := s.streamOf(arn)
	if st == nil || st.made == 0 {
		return "", st != nil
	}
	return sequence(st.made), true
}

// OnRecord calls fn whenever a stream has a new record. fn must not write.
func (s *Service) OnRecord(arn string, fn func()) {
	if st := s.streamOf(arn); st != nil {
		st.readers = append(st.readers, fn)
	}
}
