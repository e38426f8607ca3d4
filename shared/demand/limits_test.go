package demand_test

import (
	"testing"
	"time"

	"sluice/shared/demand"
)

var person = demand.Chunk{Trigger: -1, Cause: demand.Cause{Kind: demand.Manual, Text: "ana"}}

func TestRest(t *testing.T) {
	ago := func(began, ended time.Duration) demand.Past {
		return demand.Past{BeganAt: noon.Add(-began), EndedAt: noon.Add(-ended)}
	}
	running := demand.Past{BeganAt: noon.Add(-time.Hour)}
	cool, two := demand.Limits{Cooldown: 6 * time.Hour}, demand.Limits{MaxPerDay: 2}
	tests := []struct {
		name   string
		limits demand.Limits
		chunks []demand.Chunk
		past   []demand.Past
		wait   time.Duration
		why    string
	}{
		{"no limits", demand.Limits{}, nil, []demand.Past{running, ago(2*time.Hour, time.Hour)}, 0, ""},
		{"never trained", cool, nil, nil, 0, ""},
		{"cools down", cool, nil, []demand.Past{ago(5*time.Hour, 2*time.Hour)}, 4 * time.Hour, "cooldown"},
		{"has cooled down", cool, nil, []demand.Past{ago(8*time.Hour, 6*time.Hour)}, 0, ""},
		{"a run in progress will have to cool down", cool, nil, []demand.Past{running}, 6 * time.Hour, "cooldown"},
		{"the latest end counts", cool, nil, []demand.Past{ago(9*time.Hour, 8*time.Hour), ago(10*time.Hour, time.Hour)}, 5 * time.Hour, "cooldown"},
		{"a person need not wait", cool, []demand.Chunk{person}, []demand.Past{running}, 0, ""},
		{"one of two", two, nil, []demand.Past{ago(3*time.Hour, 2*time.Hour)}, 0, ""},
		{"two of two", two, nil, []demand.Past{ago(3*time.Hour, 2*time.Hour), ago(20*time.Hour, 19*time.Hour)}, 4 * time.Hour, "maxPerDay"},
		{"one in progress is one", two, nil, []demand.Past{running, ago(3*time.Hour, 2*time.Hour)}, 21 * time.Hour, "maxPerDay"},
		{"a day ago is another day", two, nil, []demand.Past{ago(3*time.Hour, 2*time.Hour), ago(24*time.Hour, 23*time.Hour)}, 0, ""},
		{"the longer of both", demand.Limits{Cooldown: 2 * time.Hour, MaxPerDay: 1}, nil, []demand.Past{ago(3*time.Hour, time.Hour)}, 21 * time.Hour, "maxPerDay"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if wait, why := tt.limits.Rest(tt.chunks, tt.past, noon); wait != tt.wait || why != tt.why {
				t.Errorf("got %s, %q; want %s, %q", wait, why, tt.wait, tt.why)
			}
		})
	}
}

func TestOut(t *testing.T) {
	good, bad, none := demand.Past{Gated: true}, demand.Past{Gated: true, Failed: true}, demand.Past{}
	three := demand.Limits{Strikes: 3}
	tests := []struct {
		name   string
		limits demand.Limits
		chunks []demand.Chunk
		past   []demand.Past
		want   bool
	}{
		{"never trained", three, nil, nil, false},
		{"two strikes", three, nil, []demand.Past{bad, bad, good, bad}, false},
		{"three strikes", three, nil, []demand.Past{bad, bad, bad}, true},
		{"more", three, nil, []demand.Past{bad, bad, bad, bad, good}, true},
		{"a run without a package counts neither way", three, nil, []demand.Past{none, bad, none, bad, bad, good}, true},
		{"a person may", three, []demand.Chunk{person}, []demand.Past{bad, bad, bad}, false},
		{"new code may", three, []demand.Chunk{{Cause: demand.Cause{Kind: demand.Data}}, {Cause: demand.Cause{Kind: demand.Commit}}}, []demand.Past{bad, bad, bad}, false},
		{"other triggers may not", three, []demand.Chunk{{Cause: demand.Cause{Kind: demand.Drift}}, {Cause: demand.Cause{Kind: demand.Promotion}}, {Cause: demand.Cause{Kind: demand.Schedule}}}, []demand.Past{bad, bad, bad}, true},
		{"no limit", demand.Limits{}, nil, []demand.Past{bad, bad, bad}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.limits.Out(tt.chunks, tt.past); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// What completes a burst, and what does not wait for that.
func TestSettleIncomplete(t *testing.T) {
	data := func(objects int, bytes int64, from, to int) demand.Chunk {
		return demand.Chunk{Objects: objects, Bytes: bytes, FirstAt: noon.Add(-time.Duration(from) * time.Minute), LastAt: noon.Add(-time.Duration(to) * time.Minute), Cause: demand.Cause{Kind: demand.Data}}
	}
	mark := func(before int) demand.Chunk {
		return demand.Chunk{MarkAt: noon.Add(-time.Duration(before) * time.Minute), Cause: demand.Cause{Kind: demand.Data}}
	}
	alarm := func(kind string, before int, hold time.Duration) demand.Chunk {
		at := noon.Add(-time.Duration(before) * time.Minute)
		return demand.Chunk{Trigger: -1, FirstAt: at, LastAt: at, Alarm: "a", Hold: hold, Cause: demand.Cause{Kind: kind}}
	}
	const quiet = 10 * time.Minute
	hundred := demand.Patience{Quiet: quiet, MaxWait: 12 * time.Hour, MinObjects: 100}
	heavy := demand.Patience{Quiet: quiet, MaxWait: 12 * time.Hour, MinBytes: 1000}
	marked := demand.Patience{Quiet: quiet, MaxWait: 12 * time.Hour, Marker: true}
	type chunks = []demand.Chunk
	tests := []struct {
		name     string
		patience demand.Patience
		chunks   chunks
		wait     time.Duration // 0 for settled
	}{
		{"too few", hundred, chunks{data(99, 1, 60, 50)}, quiet},
		{"too few for long: looked at less often", hundred, chunks{data(99, 1, 400, 300)}, 50 * time.Minute},
		{"too few, near the bound", hundred, chunks{data(99, 1, 719, 300)}, time.Minute},
		{"too few, at the bound", hundred, chunks{data(99, 1, 720, 300)}, 0},
		{"enough together", hundred, chunks{data(60, 1, 60, 50), data(40, 1, 20, 10)}, 0},
		{"enough, not quiet", hundred, chunks{data(100, 1, 60, 4)}, 6 * time.Minute},
		{"too light", heavy, chunks{data(100, 999, 60, 50)}, quiet},
		{"heavy enough", heavy, chunks{data(1, 1000, 60, 50)}, 0},
		{"no marker", marked, chunks{data(1, 1, 60, 50)}, quiet},
		{"marked", marked, chunks{data(1, 1, 60, 50), mark(40)}, 0},
		{"marked, a straggler after it", marked, chunks{data(1, 1, 60, 3), mark(40)}, 7 * time.Minute},
		{"the marker of an earlier burst", marked, chunks{data(1, 1, 60, 50), mark(61)}, quiet},
		{"deletions only", marked, chunks{{Cause: demand.Cause{Kind: demand.Data}}}, 0},
		{"a schedule does not wait for more", hundred, chunks{data(1, 1, 60, 50), because(demand.Schedule, "")}, 0},
		{"a commit does not wait for more", hundred, chunks{data(1, 1, 60, 50), because(demand.Commit, "")}, 0},
		{"a schedule does not cut a burst", hundred, chunks{data(1, 1, 60, 5), because(demand.Schedule, "")}, 5 * time.Minute},
		{"an alarm does not wait for more", hundred, chunks{data(1, 1, 60, 50), alarm(demand.Drift, 1, 0)}, 0},
		{"an alarm that must stay on", hundred, chunks{data(1, 1, 60, 50), alarm(demand.Drift, 25, 30*time.Minute)}, 5 * time.Minute},
		{"an alarm that has stayed on", hundred, chunks{data(1, 1, 60, 50), alarm(demand.Drift, 30, 30*time.Minute)}, 0},
		{"an alarm alone that must stay on", hundred, chunks{alarm(demand.Drift, 10, 30*time.Minute)}, 20 * time.Minute},
		{"an alarm that came and went", hundred, chunks{data(1, 1, 60, 50), alarm(demand.Drift, 40, 30*time.Minute), alarm(demand.Calm, 35, 0)}, quiet},
		{"told in another order", hundred, chunks{alarm(demand.Calm, 35, 0), alarm(demand.Drift, 40, 30*time.Minute), data(1, 1, 60, 50)}, quiet},
		{"and came again", hundred, chunks{data(1, 1, 60, 50), alarm(demand.Drift, 40, 30*time.Minute), alarm(demand.Calm, 35, 0), alarm(demand.Drift, 30, 30*time.Minute)}, 0},
		{"calm without a hold to keep", hundred, chunks{data(1, 1, 60, 50), alarm(demand.Drift, 40, 0), alarm(demand.Calm, 35, 0)}, 0},
		{"a person does not wait", hundred, chunks{data(1, 1, 1, 0), person}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settled, wait := demand.Settle([]demand.Patience{tt.patience}, tt.chunks, noon)
			if settled != (tt.wait == 0) || !settled && wait != tt.wait {
				t.Errorf("settled %v, wait %s; want %s", settled, wait, tt.wait)
			}
		})
	}
}
