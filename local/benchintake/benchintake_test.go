package benchintake

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"sluice/shared/event"
)

// A small load, in which functions die: what is printed is what happened.
func TestMeasure(t *testing.T) {
	var used time.Duration
	tick := func() time.Duration { used += time.Millisecond; return used }
	m, err := Measure(Options{Events: 7000, Dir: t.TempDir(), Seed: 3, Crash: 1, Files: os.DirFS("../.."), CPU: tick, Clock: tick})
	if err != nil {
		t.Fatal(err)
	}
	if m.Launches != 1 || !m.Manifest.Exact() || m.Manifest.Objects != 6300 || m.Manifest.Missing+m.Manifest.Wrong > 0 {
		t.Errorf("%d launches, manifest %+v", m.Launches, m.Manifest)
	}
	if m.Messages != 8400 || m.Deaths == 0 || m.LaunchTries < 2 || m.PayloadBytes > maxPayload {
		t.Errorf("%d messages, %d deaths of on-data, %d launches tried, %d bytes a batch", m.Messages, m.Deaths, m.LaunchTries, m.PayloadBytes)
	}
	if got := m.count("S3", "PutObject"); got < 3 || m.Units.Write < 18 || m.Units.Read == 0 {
		t.Errorf("%v writes to S3, units %+v", got, m.Units)
	}
	for _, f := range m.Functions {
		if f.Spent.CPU < time.Duration(f.Invocations)*time.Millisecond || f.Longest.Calls == 0 || f.Longest.Peak == 0 || f.MemoryMB == 0 || f.Timeout == 0 {
			t.Errorf("function %+v", f)
		}
	}
	if chunks := int(m.count("S3", "PutObject")) - 1; m.Reopening.Spent.Calls < chunks || m.Reopening.Spent.Calls > chunks+12 {
		t.Errorf("%d chunks of a failed run are pending again after %d calls", chunks, m.Reopening.Spent.Calls)
	}
	var out strings.Builder
	if err := m.Print(&out, 100<<20, &m); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SLUICE ADDS, WITH", "DynamoDB TransactWriteItems", "6300 listed, 0 missing, 0 wrong", "100 MB", "report-training of a failed run", "AMONG 7000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// A goal that is missed says so.
func TestGoals(t *testing.T) {
	late := Function{Name: "launch-pipeline", MemoryMB: 1769, Timeout: time.Minute}
	late.add(Spent{CPU: time.Hour, Calls: 1})
	m := Measurement{Events: 1_000_000, Messages: 1_200_000, Launches: 2, Calls: map[string]int{"S3 PutObject": 1600, "S3 GetObject": 1}, Manifest: Manifest{Missing: 1}, Units: Units{1, 1}, Functions: []Function{late}}
	small := m
	small.Calls, small.Units, small.Functions = map[string]int{"S3 PutObject": 1, "S3 GetObject": 2}, Units{0.1, 0.1}, []Function{{Name: "launch-pipeline", MemoryMB: 1769, Timeout: time.Minute}}
	met := map[string]bool{}
	for _, g := range m.Goals(1<<30, &small) {
		if want := g.Figure == "S3 reads a million events, over those among 1000000"; g.Met != want && !strings.HasSuffix(g.Figure, "per-event design over ours") {
			t.Errorf("%s: %s of %s, met %v", g.Figure, g.Measured, g.Goal, g.Met)
		}
		met[g.Figure] = g.Met
	}
	if len(met) != 14 {
		t.Errorf("%d goals", len(met))
	}
}

func TestPermutation(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 64, 1000, 4097} {
		seen, moved := map[uint64]bool{}, 0
		p := permutation{n: n, seed: 7}
		for i := range n {
			at := p.at(i)
			if at >= n || seen[at] {
				t.Fatalf("of %d: %d goes to %d", n, i, at)
			}
			seen[at] = true
			if at != i {
				moved++
			}
		}
		if n > 100 && moved < int(n)/2 {
			t.Errorf("of %d, %d moved", n, moved)
		}
	}
}

// The load is what the queue hands to Lambda: every message is an event of S3.
func TestPayloads(t *testing.T) {
	const n = 5000
	objects, messages, longest := map[int]int{}, 0, 0
	for payload := range payloads(n, 1) {
		var batch events.SQSEvent
		if err := json.Unmarshal(payload, &batch); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, len(payload))
		for _, m := range batch.Records {
			e, err := event.Parse([]byte(m.Body))
			if err != nil {
				t.Fatal(err)
			}
			o, err := event.ObjectChange(e)
			if err != nil || number(o.Key) < 0 || o.Size != size(number(o.Key)) {
				t.Fatalf("%+v, %v", o, err)
			}
			objects[number(o.Key)]++
			messages++
		}
	}
	if messages != 6000 || len(objects) != 4500 || longest > maxPayload || longest < maxPayload/2 {
		t.Errorf("%d messages of %d objects, at most %d bytes", messages, len(objects), longest)
	}
	if number("churn/day=001/part-00000000-c000.snappy.parquet") >= 0 || number("x") >= 0 {
		t.Error("a key that is none of the load's has a number")
	}
}
