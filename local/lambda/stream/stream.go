// Package stream reads a DynamoDB stream for a function, as an event source mapping of
// Lambda does. It filters records, gathers them into batches, and gives each batch to
// the function until it is done: tried again, split, or given up and reported. A stream
// is one shard here, and one batch is at the function at a time: the order of the whole
// stream is kept, and what the function fails holds up all that follows.
//
// Held against AWS's developer guide: the filters, the conditions of a partial batch
// response, that splitting costs no retry and a throttle neither, the report of what
// was given up. Assumed, where the guide is silent, for the worse if in doubt:
//
//   - A batch is tried again after 1 s, then after twice as long each time, up to 1 min.
//   - Retries are counted for a batch, and go on counting when a part of it is done.
//   - A partial response that lets the whole batch fail does not split it; one that
//     names no record of the batch lets the whole batch fail.
//   - Of a batch, only the first records can be too old, and only they are given up.
//   - What has expired in the stream is reported as too old, too; what expires there
//     unread is not reported at all.
//   - A report has no responseContext if the function never ran, and no functionError
//     if it only answered that records failed.
//   - A record is read a quarter of a second after its write, and not before.
//
// It knows neither functions nor tables: local/lambda makes a Reader and gives it both.
package stream

import (
	"slices"
	"time"

	"sluice/local/sim"
	"sluice/local/wire"
)

// Source is what readers need of DynamoDB. All methods are called with the world held.
type Source interface {
	// Read lists up to most records after a sequence number, oldest first; "" is before
	// the oldest.
	Read(streamARN, after string, most int) []Record
	// Last is the sequence number of the newest record, "" before the first. It reports
	// false for a stream that is not there.
	Last(streamARN string) (string, bool)
	// OnRecord calls fn whenever the stream has a new record.
	OnRecord(streamARN string, fn func())
}

// Record is one record of a stream.
type Record struct {
	Sequence string // sorts as the stream is ordered
	Made     time.Time
	Text     []byte // the JSON that functions get
}

// Config is an event source mapping from a stream.
type Config struct {
	StreamARN          string
	From               string        // StartingPosition: LATEST or TRIM_HORIZON
	BatchSize          int           // 1 to 10000; 0 is 100
	Window             time.Duration // MaximumBatchingWindowInSeconds, 0 to 300 s
	Filters            []string      // event patterns, of which one must match; none lets all through
	MaxRetries         *int          // 0 to 10000; nil or -1 is until the record expires
	MaxAge             time.Duration // 60 s to 7 days; 0 is no limit but the stream's
	Bisect             bool          // BisectBatchOnFunctionError
	ReportItemFailures bool
	Parallelization    int    // ParallelizationFactor; 0 is 1, and more is not implemented
	OnFailureARN       string // a queue or a topic; "" is none
	Disabled           bool
}

// Needs is what a reader asks of Lambda, about its function.
type Needs struct {
	Source
	FunctionARN string
	// Invoke runs the function and calls done when it has ended.
	Invoke func(payload []byte, done func(Answer))
	// MayRead asks whether the function's role may read the stream.
	MayRead func() error
	// GiveUp reports records that will not be tried again to OnFailureARN.
	GiveUp func(report []byte)
	// Behind sees, for each batch, how old its last record is.
	Behind func(age time.Duration)
	// Log takes what people should know.
	Log func(line string)
}

// Answer is how an invocation ended.
type Answer struct {
	RequestID string
	Payload   []byte
	Failed    bool  // the function ended with an error
	Err       error // the function was not run, or its answer got lost
}

const (
	pollEvery  = 250 * time.Millisecond // the guide: four times a second
	retryFirst = time.Second
	retryMost  = time.Minute
	retention  = 24 * time.Hour // of the stream
	mostBytes  = 6 << 20        // of a payload
	mostSize   = 10_000         // of a batch, in records
)

// New returns a reader that has begun, unless it is disabled. Errors:
// InvalidParameterValueException.
func New(w *sim.World, c Config, n Needs) (*Reader, error) {
	if c.BatchSize == 0 {
		c.BatchSize = 100
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	r := &Reader{Config: c, w: w, needs: n, result: "No records processed"}
	for _, text := range c.Filters {
		p, err := compile(text)
		if err != nil {
			return nil, err
		}
		r.filters = append(r.filters, p)
	}
	last, ok := n.Last(c.StreamARN)
	if !ok {
		return nil, invalid("Stream not found: %s", c.StreamARN)
	}
	if n.MayRead() != nil {
		return nil, r.cannotRead()
	}
	if c.From == "LATEST" {
		r.at = last
	}
	if !c.Disabled {
		n.OnRecord(c.StreamARN, r.wake)
		r.wake()
	}
	return r, nil
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterValueException", format, args...)
}

func (c Config) check() error {
	switch {
	case !slices.Contains([]string{"LATEST", "TRIM_HORIZON"}, c.From):
		return invalid("StartingPosition is %q; for a DynamoDB stream it must be LATEST or TRIM_HORIZON", c.From)
	case c.BatchSize < 1 || c.BatchSize > mostSize:
		return invalid("BatchSize is %d; it must be 1 to %d", c.BatchSize, mostSize)
	case c.Window < 0 || c.Window > 300*time.Second:
		return invalid("MaximumBatchingWindowInSeconds is %.0f; it must be 0 to 300", c.Window.Seconds())
	case c.MaxRetries != nil && (*c.MaxRetries < -1 || *c.MaxRetries > 10_000):
		return invalid("MaximumRetryAttempts is %d; it must be -1 to 10000", *c.MaxRetries)
	case c.MaxAge != 0 && (c.MaxAge < time.Minute || c.MaxAge > 7*24*time.Hour):
		return invalid("MaximumRecordAgeInSeconds is %.0f; it must be -1, or 60 to 604800", c.MaxAge.Seconds())
	case c.Parallelization != 0 && c.Parallelization != 1:
		return invalid("ParallelizationFactor is %d; local AWS reads a shard one batch at a time, so it must be 1", c.Parallelization)
	case len(c.Filters) > mostFilters:
		return invalid("FilterCriteria has %d filters; it must have at most %d", len(c.Filters), mostFilters)
	}
	return nil
}

// cannotRead is what Lambda says where the role may not read the stream.
func (r *Reader) cannotRead() error {
	return invalid("Cannot access stream %s. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.", r.StreamARN)
}
