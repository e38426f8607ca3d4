package demand_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sluice/shared/demand"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestSettle(t *testing.T) {
	// chunk of a trigger, whose events came from..to minutes before noon
	chunk := func(trigger, from, to int) demand.Chunk {
		return demand.Chunk{Trigger: trigger, FirstAt: noon.Add(-time.Duration(from) * time.Minute), LastAt: noon.Add(-time.Duration(to) * time.Minute)}
	}
	ten := demand.Patience{Quiet: 10 * time.Minute}
	tenAtMostHour := demand.Patience{Quiet: 10 * time.Minute, MaxWait: time.Hour}
	twoHours := demand.Patience{Quiet: 2 * time.Hour}
	tests := []struct {
		name     string
		patience []demand.Patience
		chunks   []demand.Chunk
		settled  bool
		wait     time.Duration
	}{
		{"no demand", []demand.Patience{ten}, nil, true, 0},
		{"quiet", []demand.Patience{ten}, []demand.Chunk{chunk(0, 30, 10)}, true, 0},
		{"not quiet", []demand.Patience{ten}, []demand.Chunk{chunk(0, 30, 9)}, false, time.Minute},
		{"the latest event counts", []demand.Patience{ten}, []demand.Chunk{chunk(0, 30, 4), chunk(0, 20, 15)}, false, 6 * time.Minute},
		{"an event from the future", []demand.Patience{ten}, []demand.Chunk{chunk(0, 0, -1)}, false, 11 * time.Minute},
		{"busy, within the bound", []demand.Patience{tenAtMostHour}, []demand.Chunk{chunk(0, 55, 0)}, false, 5 * time.Minute},
		{"busy, at the bound", []demand.Patience{tenAtMostHour}, []demand.Chunk{chunk(0, 60, 0)}, true, 0},
		{"the bound is counted from the first of all", []demand.Patience{tenAtMostHour}, []demand.Chunk{chunk(0, 5, 0), chunk(0, 58, 50)}, false, 2 * time.Minute},
		{"each trigger has its own patience", []demand.Patience{ten, twoHours}, []demand.Chunk{chunk(0, 30, 20), chunk(1, 30, 20)}, false, 100 * time.Minute},
		{"a trigger that took no part", []demand.Patience{ten, twoHours}, []demand.Chunk{chunk(0, 30, 20)}, true, 0},
		{"one bounded, one busy", []demand.Patience{tenAtMostHour, ten}, []demand.Chunk{chunk(0, 90, 0), chunk(1, 3, 3)}, false, 7 * time.Minute},
		{"a cause waits for nothing", []demand.Patience{ten}, []demand.Chunk{chunk(-1, 0, 0)}, true, 0},
		{"a cause does not cut a burst", []demand.Patience{ten}, []demand.Chunk{chunk(0, 3, 2), chunk(-1, 90, 0)}, false, 8 * time.Minute},
		{"a trigger that the spec has no more", []demand.Patience{ten}, []demand.Chunk{chunk(1, 0, 0)}, true, 0},
		{"no patience at all", nil, []demand.Chunk{chunk(0, 0, 0)}, true, 0},
		{"the zero patience", []demand.Patience{{}}, []demand.Chunk{chunk(0, 0, 0)}, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			settled, wait := demand.Settle(tt.patience, tt.chunks, noon)
			if settled != tt.settled || max(wait, 0) != tt.wait {
				t.Errorf("got %v, %s; want %v, %s", settled, wait, tt.settled, tt.wait)
			}
			if settled {
				return
			}
			if early, rest := demand.Settle(tt.patience, tt.chunks, noon.Add(wait-time.Nanosecond)); early {
				t.Errorf("settled %s early", rest)
			}
			if due, _ := demand.Settle(tt.patience, tt.chunks, noon.Add(wait)); !due {
				t.Errorf("not settled after the wait of %s", wait)
			}
		})
	}
}

func TestTotal(t *testing.T) {
	objects, bytes := demand.Total([]demand.Chunk{{Objects: 2, Bytes: 10}, {}, {Objects: 1, Bytes: 5}})
	if objects != 3 || bytes != 15 {
		t.Errorf("got %d objects of %d bytes", objects, bytes)
	}
}

func because(kind, text string) demand.Chunk {
	return demand.Chunk{Cause: demand.Cause{Kind: kind, Text: text}}
}

func TestCauses(t *testing.T) {
	tests := []struct {
		name   string
		chunks []demand.Chunk
		want   string
	}{
		{"none", nil, ""},
		{"one", []demand.Chunk{because("data", "s3://b/x")}, "data: s3://b/x"},
		{"sorted, each once", []demand.Chunk{because("drift", "alarm a"), because("data", "s3://b/x"), because("drift", "alarm a")}, "data: s3://b/x; drift: alarm a"},
		{"broken UTF-8", []demand.Chunk{because("data", "s3://b/\xff\xfe")}, "data: s3://b/?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := demand.Causes(tt.chunks); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCausesAreBounded(t *testing.T) {
	var many []demand.Chunk
	for i := range 300 {
		many = append(many, because("drift", strings.Repeat("ä", 20)+string(rune('a'+i%26))+string(rune('a'+i/26))))
	}
	if got := demand.Causes(many); len(got) > 1000 || len(got) < 990 || !strings.HasSuffix(got, " ... (300 causes)") {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-30):])
	}
	rapid.Check(t, func(t *rapid.T) {
		var chunks []demand.Chunk
		for range rapid.IntRange(0, 40).Draw(t, "n") {
			text := string(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "text"))
			chunks = append(chunks, because("data", text))
		}
		if got := demand.Causes(chunks); len(got) > 1000 || !utf8.ValidString(got) {
			t.Fatalf("%d bytes, valid %v: %q", len(got), utf8.ValidString(got), got)
		}
	})
}
