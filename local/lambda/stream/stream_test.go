package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A function sees every record until it is done, in order; what it fails waits.
func TestBatchOutcome(t *testing.T) {
	report := Config{ReportItemFailures: true}
	tests := []struct {
		name   string
		c      Config
		answer func([]string, int) Answer
		want   []string
	}{
		{"success", Config{}, nil, []string{"0.25 a b c d"}},
		{"a crash, then success", Config{}, first(1, crash), []string{"0.25 a b c d", "1.25 a b c d"}},
		{"waits double", Config{}, first(4, crash), []string{"0.25 a b c d", "1.25 a b c d", "3.25 a b c d", "7.25 a b c d", "15.25 a b c d"}},
		{"throttles cost no retry", Config{MaxRetries: of(0)}, first(3, throttle), []string{"0.25 a b c d", "1.25 a b c d", "3.25 a b c d", "7.25 a b c d"}},
		{"one failed", report, first(1, failing("c")), []string{"0.25 a b c d", "1.25 c d"}},
		{"the lowest counts", report, first(1, failing("d", "b")), []string{"0.25 a b c d", "1.25 b c d"}},
		{"the first failed", report, first(1, failing("a")), []string{"0.25 a b c d", "1.25 a b c d"}},
		{"not asked for", Config{}, first(1, failing("c")), []string{"0.25 a b c d"}},
		{"none failed", report, first(1, failing()), []string{"0.25 a b c d"}},
		{"an id of no record", report, first(1, failing("z")), []string{"0.25 a b c d", "1.25 a b c d"}},
		{"an empty id", report, first(1, failing("")), []string{"0.25 a b c d", "1.25 a b c d"}},
		{"no JSON", report, first(1, Answer{Payload: []byte("oops")}), []string{"0.25 a b c d", "1.25 a b c d"}},
		{"batches of three", Config{BatchSize: 3}, nil, []string{"0.25 a b c", "0.5 d"}},
		{"a failed batch holds up the next", Config{BatchSize: 3}, first(2, crash), []string{"0.25 a b c", "1.25 a b c", "3.25 a b c", "3.5 d"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newStage(t).begin(tt.c)
			g.answer = tt.answer
			g.writes("a", "b", "c", "d")
			if !g.w.RunUntilIdle(time.Hour) {
				t.Error("never at rest")
			}
			if diff := cmp.Diff(tt.want, g.got); diff != "" {
				t.Errorf("invocations (-want +got):\n%s", diff)
			}
			if g.reader.LastResult() != "OK" || g.reports != nil || g.logs != nil {
				t.Errorf("it ended with %q, reports %q, logs %q", g.reader.LastResult(), g.reports, g.logs)
			}
		})
	}
}

// poisoned fails every batch with this record in it.
func poisoned(sequence string) func([]string, int) Answer {
	return func(ids []string, _ int) Answer { return Answer{Failed: slices.Contains(ids, sequence)} }
}

// info is the part of a report that says what was given up.
func (g *stage) info(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, text := range g.reports {
		var doc struct {
			RequestContext struct {
				Condition              string
				ApproximateInvokeCount int
			}
			DDBStreamBatchInfo struct {
				StartSequenceNumber, EndSequenceNumber string
				BatchSize                              int
			}
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		b := doc.DDBStreamBatchInfo
		all = append(all, fmt.Sprintf("%s after %d: %s to %s, %d", doc.RequestContext.Condition, doc.RequestContext.ApproximateInvokeCount, b.StartSequenceNumber, b.EndSequenceNumber, b.BatchSize))
	}
	return all
}

// What is tried too often, or is too old, is given up and reported, and the stream
// goes on.
func TestGivingUp(t *testing.T) {
	const queue = "arn:aws:sqs:us-east-1:111122223333:failed"
	tests := []struct {
		name   string
		c      Config
		answer func([]string, int) Answer
		want   []string
		report []string
	}{
		{"two retries", Config{MaxRetries: of(2)}, first(3, crash),
			[]string{"0.25 a b c d", "1.25 a b c d", "3.25 a b c d"}, []string{"RetryAttemptsExhausted after 3: a to d, 4"}},
		{"no retry", Config{MaxRetries: of(0)}, first(1, crash),
			[]string{"0.25 a b c d"}, []string{"RetryAttemptsExhausted after 1: a to d, 4"}},
		{"one batch only", Config{MaxRetries: of(0), BatchSize: 2}, first(1, crash),
			[]string{"0.25 a b", "0.5 c d"}, []string{"RetryAttemptsExhausted after 1: a to b, 2"}},
		{"what was done is not reported", Config{MaxRetries: of(1), ReportItemFailures: true}, first(2, failing("c")),
			[]string{"0.25 a b c d", "1.25 c d"}, []string{"RetryAttemptsExhausted after 2: c to d, 2"}},
		{"split until one is alone", Config{MaxRetries: of(1), Bisect: true}, poisoned("b"),
			[]string{"0.25 a b c d", "1.25 a b", "2.25 a", "2.25 b", "3.25 b", "3.25 c d"}, []string{"RetryAttemptsExhausted after 4: b to b, 1"}},
		{"split where the function says", Config{MaxRetries: of(1), Bisect: true, ReportItemFailures: true}, func(ids []string, _ int) Answer {
			if slices.Contains(ids, "b") {
				return failing("b")
			}
			return Answer{}
		}, []string{"0.25 a b c d", "1.25 b c d", "3.25 b c d"}, []string{"RetryAttemptsExhausted after 3: b to d, 3"}},
		{"too old", Config{MaxAge: time.Minute}, first(99, crash),
			[]string{"0.25 a b c d", "1.25 a b c d", "3.25 a b c d", "7.25 a b c d", "15.25 a b c d", "31.25 a b c d"}, []string{"RecordAgeExceeded after 6: a to d, 4"}},
		{"too old before it was ever run", Config{MaxAge: time.Minute}, first(99, throttle),
			[]string{"0.25 a b c d", "1.25 a b c d", "3.25 a b c d", "7.25 a b c d", "15.25 a b c d", "31.25 a b c d"}, []string{"RecordAgeExceeded after 0: a to d, 4"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.OnFailureARN = queue
			g := newStage(t).begin(tt.c)
			g.answer = tt.answer
			g.writes("a", "b", "c", "d")
			if !g.w.RunUntilIdle(time.Hour) {
				t.Error("never at rest")
			}
			if diff := cmp.Diff(tt.want, g.got); diff != "" {
				t.Errorf("invocations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.report, g.info(t)); diff != "" {
				t.Errorf("reports (-want +got):\n%s", diff)
			}
		})
	}
}

// With the defaults a bad record holds up its shard for a day, and not longer.
func TestABadRecordHoldsUpTheStreamForADay(t *testing.T) {
	g := newStage(t).begin(Config{BatchSize: 1})
	g.answer = poisoned("a")
	g.writes("a")
	g.w.RunFor(23 * time.Hour)
	g.writes("b")
	if n := len(g.got); n < 1000 || strings.Contains(g.got[n-1], "b") {
		t.Errorf("%d invocations in 23 hours, the last %q", n, g.got[n-1])
	}
	g.w.RunUntilIdle(48 * time.Hour)
	if last := g.got[len(g.got)-1]; !strings.HasSuffix(last, " b") {
		t.Errorf("the last invocation was %q, not of b", last)
	}
	if len(g.logs) != 1 || !strings.Contains(g.logs[0], "1 records of "+streamARN+" from a on are lost: RecordAgeExceeded") {
		t.Errorf("logs %q", g.logs)
	}
}

// Of a batch, only those are given up that are too old.
func TestOnlyTheFirstRecordsCanBeTooOld(t *testing.T) {
	g := newStage(t).begin(Config{MaxAge: time.Minute, Window: 40 * time.Second, OnFailureARN: "arn:aws:sqs:us-east-1:1:q"})
	g.answer = first(5, crash)
	g.writes("a", "b")
	g.w.RunFor(35 * time.Second)
	g.writes("c")
	g.w.RunUntilIdle(time.Hour)
	want := []string{"40.25 a b c", "41.25 a b c", "43.25 a b c", "47.25 a b c", "55.25 a b c", "71.25 c"}
	if diff := cmp.Diff(want, g.got); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"RecordAgeExceeded after 5: a to b, 2"}, g.info(t)); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

// The report has the members of AWS's documented sample, and no record in it.
func TestReport(t *testing.T) {
	g := newStage(t).begin(Config{MaxRetries: of(0), OnFailureARN: "arn:aws:sqs:us-east-1:1:q"})
	g.answer = first(1, crash)
	g.writes("a", "b")
	g.w.RunUntilIdle(time.Hour)
	want := `{
		"requestContext": {"requestId": "request 1", "functionArn": "arn:aws:lambda:us-east-1:111122223333:function:work",
			"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1},
		"responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
		"version": "1.0", "timestamp": "2026-03-02T12:00:00.250Z",
		"DDBStreamBatchInfo": {"shardId": "shardId-00000000000000000001-00000001", "startSequenceNumber": "a", "endSequenceNumber": "b",
			"approximateArrivalOfFirstRecord": "2026-03-02T12:00:00Z", "approximateArrivalOfLastRecord": "2026-03-02T12:00:00Z",
			"batchSize": 2, "streamArn": "` + streamARN + `"}}`
	if len(g.reports) != 1 {
		t.Fatalf("reports %q", g.reports)
	}
	var a, b any
	if err := errors.Join(json.Unmarshal([]byte(want), &a), json.Unmarshal([]byte(g.reports[0]), &b)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
