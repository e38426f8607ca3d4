package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFilters(t *testing.T) {
	prefix := func(p string) string { return `{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"` + p + `"}]}}}}` }
	tests := []struct {
		name    string
		filters []string
		want    []string
	}{
		{"none", nil, []string{"0.25 a1 a2 b1 c1"}},
		{"prefix", []string{prefix("a")}, []string{"0.25 a1 a2"}},
		{"either", []string{prefix("b"), prefix("c")}, []string{"0.25 b1 c1"}},
		{"name and key", []string{`{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":["b1"]}}}}`}, []string{"0.25 b1"}},
		{"$or", []string{`{"$or":[{"eventName":["REMOVE"]},{"dynamodb":{"Keys":{"pk":{"S":["a2"]}}}}]}`}, []string{"0.25 a2"}},
		{"another name", []string{`{"eventName":["REMOVE"]}`}, nil},
		{"no service's change", []string{`{"userIdentity":{"type":["Service"]}}`}, nil},
		{"numbers match nothing", []string{`{"dynamodb":{"Keys":{"pk":{"S":[{"numeric":[">",0]}]}}}}`}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newStage(t).begin(Config{Filters: tt.filters})
			g.writes("a1", "a2", "b1", "c1")
			g.w.RunUntilIdle(time.Hour)
			if diff := cmp.Diff(tt.want, g.got); diff != "" {
				t.Errorf("invocations (-want +got):\n%s", diff)
			}
			if g.reports != nil || g.logs != nil {
				t.Errorf("what is filtered out is no failure: %q %q", g.reports, g.logs)
			}
		})
	}
}

// Records that are filtered out take no room in a batch, and cannot expire in it.
func TestFilteredRecordsTakeNoRoom(t *testing.T) {
	g := newStage(t).begin(Config{Filters: []string{`{"dynamodb":{"Keys":{"pk":{"S":[{"suffix":"!"}]}}}}`}, BatchSize: 2})
	g.writes("a", "b!", "c", "d", "e!", "f", "g!")
	g.w.RunUntilIdle(time.Hour)
	if diff := cmp.Diff([]string{"0.25 b! e!", "0.5 g!"}, g.got); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
}

func TestStartingPosition(t *testing.T) {
	for from, want := range map[string][]string{"TRIM_HORIZON": {"0.25 a b", "5.25 c"}, "LATEST": {"5.25 c"}} {
		g := newStage(t)
		g.writes("a", "b")
		g.begin(Config{From: from})
		g.w.RunFor(5 * time.Second)
		g.writes("c")
		g.w.RunUntilIdle(time.Hour)
		if diff := cmp.Diff(want, g.got); diff != "" {
			t.Errorf("%s: invocations (-want +got):\n%s", from, diff)
		}
	}
}

func TestBatchingWindow(t *testing.T) {
	g := newStage(t).begin(Config{BatchSize: 3, Window: 10 * time.Second})
	g.writes("a")
	g.w.RunFor(5 * time.Second)
	g.writes("b")
	g.w.RunFor(15 * time.Second)
	g.writes("c", "d", "e", "f")
	g.w.RunUntilIdle(time.Hour)
	want := []string{"10.25 a b", "20.25 c d e", "30.5 f"}
	if diff := cmp.Diff(want, g.got); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]time.Duration{5250 * time.Millisecond, 250 * time.Millisecond, 10500 * time.Millisecond}, g.ages); diff != "" {
		t.Errorf("how far behind (-want +got):\n%s", diff)
	}
}

// The window of a batch may be over while the next poll is due.
func TestWindowEndsAsRecordsCome(t *testing.T) {
	g := newStage(t).begin(Config{BatchSize: 10, Window: time.Second})
	g.writes("a")
	g.w.RunFor(1200 * time.Millisecond)
	g.writes("b") // polled at 1.45 s, and the window ends at 1.25 s
	g.w.RunUntilIdle(time.Hour)
	if diff := cmp.Diff([]string{"1.25 a b"}, g.got); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
}

func TestBatchIsCutAtSixMegabytes(t *testing.T) {
	g := newStage(t).begin(Config{})
	g.w.Do(func() {
		for i := range 8 {
			g.write(fmt.Sprint(i), strings.Repeat("x", 1<<20))
		}
	})
	g.w.RunUntilIdle(time.Hour)
	if diff := cmp.Diff([]string{"0.25 0 1 2 3 4", "0.5 5 6 7"}, g.got); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
}

func TestDisabledReaderIsQuiet(t *testing.T) {
	g := newStage(t).begin(Config{Disabled: true})
	g.writes("a")
	g.w.RunUntilIdle(time.Hour)
	if g.got != nil {
		t.Errorf("invocations %q", g.got)
	}
}

// A role that loses its permission is told of once, and nothing is delivered until it
// has it again; then nothing was lost.
func TestLockedOut(t *testing.T) {
	g := newStage(t).begin(Config{})
	g.writes("a")
	g.w.RunUntilIdle(time.Hour)
	g.w.Do(func() { g.locked = errors.New("no identity-based policy allows dynamodb:GetRecords") })
	g.writes("b")
	if !g.w.RunUntilIdle(time.Hour) {
		t.Error("a reader that waits for a permission keeps the world busy")
	}
	g.w.RunFor(5 * time.Minute)
	g.writes("c")
	g.w.RunFor(5 * time.Minute)
	problem := "PROBLEM: InvalidParameterValueException: Cannot access stream " + streamARN +
		". Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
	if g.reader.LastResult() != problem {
		t.Errorf("result %q", g.reader.LastResult())
	}
	if diff := cmp.Diff([]string{problem + " (no identity-based policy allows dynamodb:GetRecords)"}, g.logs); diff != "" {
		t.Errorf("logs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0.25 a"}, g.got); diff != "" {
		t.Errorf("invocations (-want +got):\n%s", diff)
	}
	g.w.Do(func() { g.locked = nil })
	g.w.RunFor(time.Minute)
	if len(g.got) != 2 || !strings.HasSuffix(g.got[1], " b c") || g.reader.LastResult() != "OK" {
		t.Errorf("invocations %q, result %q", g.got, g.reader.LastResult())
	}
}

func TestRefuses(t *testing.T) {
	g := newStage(t)
	tests := []struct {
		name, want string
		c          Config
	}{
		{"position", "StartingPosition", Config{From: "AT_TIMESTAMP"}},
		{"batch size", "BatchSize", Config{BatchSize: 10_001}},
		{"window", "MaximumBatchingWindowInSeconds", Config{Window: 301 * time.Second}},
		{"retries", "MaximumRetryAttempts", Config{MaxRetries: of(10_001)}},
		{"fewer retries than none", "MaximumRetryAttempts", Config{MaxRetries: of(-2)}},
		{"young", "MaximumRecordAgeInSeconds", Config{MaxAge: 59 * time.Second}},
		{"old", "MaximumRecordAgeInSeconds", Config{MaxAge: 8 * 24 * time.Hour}},
		{"parallel", "ParallelizationFactor", Config{Parallelization: 2}},
		{"filters", "FilterCriteria has 6 filters", Config{Filters: slices.Repeat([]string{`{"eventName":["INSERT"]}`}, 6)}},
		{"filter", "Invalid filter pattern definition", Config{Filters: []string{`{"eventName":"INSERT"}`}}},
		{"long filter", "Invalid filter pattern definition", Config{Filters: []string{`{"eventName":["` + strings.Repeat("x", 5000) + `"]}`}}},
		{"filter by another member", "not by awsRegion", Config{Filters: []string{`{"awsRegion":["us-east-1"]}`}}},
		{"filter by another member in $or", "not by eventID", Config{Filters: []string{`{"$or":[{"eventName":["INSERT"]},{"eventID":["1"]}]}`}}},
		{"stream", "Stream not found: " + streamARN + "2", Config{StreamARN: streamARN + "2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g.w.Do(func() {
				if err := g.try(tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
	g.locked = errors.New("no")
	g.w.Do(func() {
		if err := g.try(Config{}); err == nil || !strings.Contains(err.Error(), "Cannot access stream "+streamARN+". Please ensure") {
			t.Errorf("a role that may not read: %v", err)
		}
	})
}

// Whatever the function does: each record that is wanted is either done or reported as
// given up, none is passed over, and those of one key are done in the order of the
// stream.
func TestOrderIsKept(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dice := rapid.SliceOfN(rapid.IntRange(0, 9), 60, 60).Draw(rt, "dice")
		turn := 0
		next := func() int {
			turn++
			return dice[turn%len(dice)]
		}
		var done []string
		g := newStage(t)
		g.answer = func(ids []string, _ int) Answer {
			switch next() {
			case 0:
				return crash
			case 1:
				return throttle
			case 2, 3: // dies, or says so, after some of them
				n := next() % len(ids)
				done = append(done, ids[:n]...)
				return failing(ids[n])
			}
			done = append(done, ids...)
			return Answer{}
		}
		g.begin(Config{
			BatchSize: rapid.IntRange(1, 12).Draw(rt, "size"), ReportItemFailures: true, Bisect: rapid.Bool().Draw(rt, "bisect"),
			Window:     rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(rt, "window"),
			MaxRetries: rapid.SampledFrom([]*int{nil, of(0), of(3)}).Draw(rt, "retries"), OnFailureARN: "arn:aws:sqs:us-east-1:1:q",
			Filters: []string{`{"dynamodb":{"Keys":{"pk":{"S":[{"anything-but":"none"}]}}}}`},
		})
		var wanted []string
		for i := range rapid.IntRange(0, 60).Draw(rt, "records") {
			sequence, key := fmt.Sprintf("%03d", i), rapid.SampledFrom([]string{"x", "y", "none"}).Draw(rt, "key")
			g.w.Do(func() { g.write(sequence, key) })
			g.w.RunFor(time.Duration(i%4) * 100 * time.Millisecond)
			if key != "none" {
				wanted = append(wanted, sequence)
			}
		}
		if !g.w.RunUntilIdle(30 * 24 * time.Hour) {
			rt.Fatal("never at rest")
		}
		var lost [][2]string
		for _, line := range g.info(t) {
			_, span, _ := strings.Cut(line, ": ")
			var from, to string
			if _, err := fmt.Sscanf(strings.ReplaceAll(span, ",", ""), "%s to %s", &from, &to); err != nil {
				rt.Fatal(line, err)
			}
			lost = append(lost, [2]string{from, to})
		}
		for _, s := range wanted {
			reported := slices.ContainsFunc(lost, func(l [2]string) bool { return l[0] <= s && s <= l[1] })
			if !slices.Contains(done, s) && !reported {
				rt.Fatalf("record %s is neither done nor reported: done %q, reported %q", s, done, lost)
			}
		}
		if !slices.IsSorted(done) {
			rt.Fatalf("done in the order %q", done)
		}
	})
}
