package spec

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// utc reads times like 2026-03-29 00:30.
func utc(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const (
	berlin  = "Europe/Berlin"
	newYork = "America/New_York"
)

// TestWindows walks through the openings of windows: from is where to look first,
// then come the times, in UTC, at which they open and close.
func TestWindows(t *testing.T) {
	tests := []struct {
		name    string
		windows []Window
		from    string
		edges   []string
	}{
		{"every day", []Window{{From: "09:00", To: "17:00"}}, "2026-01-05 12:00", []string{"2026-01-05 12:00", "2026-01-05 17:00", "2026-01-06 09:00", "2026-01-06 17:00"}},
		{"weekly wrap", []Window{{Days: []Day{Monday}, From: "09:00", To: "17:00"}}, "2026-01-05 17:00", []string{"2026-01-12 09:00", "2026-01-12 17:00", "2026-01-19 09:00"}},
		{
			"overnight belongs to the day that it begins on", []Window{{Days: []Day{Sunday, Tuesday}, From: "22:00", To: "06:00"}}, "2026-01-03 23:00",
			[]string{"2026-01-04 22:00", "2026-01-05 06:00", "2026-01-06 22:00", "2026-01-07 06:00", "2026-01-11 22:00"},
		},
		{"whole days", []Window{{Days: []Day{Saturday, Sunday}, From: "00:00", To: "24:00"}}, "2026-01-05 00:00", []string{"2026-01-10 00:00", "2026-01-12 00:00", "2026-01-17 00:00"}},
		{"until midnight", []Window{{From: "22:00", To: "00:00"}}, "2026-01-05 00:00", []string{"2026-01-05 22:00", "2026-01-06 00:00", "2026-01-06 22:00"}},
		{
			"several follow each other", []Window{{From: "09:00", To: "10:00"}, {From: "10:00", To: "11:00"}, {From: "03:00", To: "04:00"}}, "2026-01-05 03:30",
			[]string{"2026-01-05 03:30", "2026-01-05 04:00", "2026-01-05 09:00", "2026-01-05 11:00", "2026-01-06 03:00"},
		},
		{"the day is the zone's", []Window{{Days: []Day{Monday}, From: "00:00", To: "02:00", Zone: "Asia/Tokyo"}}, "2026-01-04 00:00", []string{"2026-01-04 15:00", "2026-01-04 17:00", "2026-01-11 15:00"}},
		{"summer and winter", []Window{{From: "09:00", To: "10:00", Zone: berlin}}, "2026-03-28 09:00", []string{"2026-03-29 07:00", "2026-03-29 08:00", "2026-03-30 07:00"}},

		// Clocks go from 02:00 to 03:00 on 29 March at 01:00 UTC, and from 03:00 to 02:00
		// on 25 October at 01:00 UTC.
		{"Berlin forward, its end is skipped", []Window{{From: "01:30", To: "02:30", Zone: berlin}}, "2026-03-28 02:00", []string{"2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 23:30", "2026-03-30 00:30"}},
		{"Berlin forward, its beginning is skipped", []Window{{From: "02:30", To: "04:00", Zone: berlin}}, "2026-03-28 03:00", []string{"2026-03-29 01:00", "2026-03-29 02:00", "2026-03-30 00:30"}},
		{"Berlin forward, all of it is skipped", []Window{{Days: []Day{Sunday}, From: "02:15", To: "02:45", Zone: berlin}}, "2026-03-22 02:00", []string{"2026-04-05 00:15", "2026-04-05 00:45"}},
		{"Berlin forward, overnight", []Window{{Days: []Day{Saturday}, From: "22:00", To: "06:00", Zone: berlin}}, "2026-03-28 12:00", []string{"2026-03-28 21:00", "2026-03-29 04:00", "2026-04-04 20:00"}},
		{
			"Berlin back, its end comes twice", []Window{{From: "01:30", To: "02:30", Zone: berlin}}, "2026-10-24 12:00",
			[]string{"2026-10-24 23:30", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-26 00:30"},
		},
		{
			"Berlin back, its beginning comes twice", []Window{{From: "02:30", To: "03:30", Zone: berlin}}, "2026-10-24 12:00",
			[]string{"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:30", "2026-10-26 01:30"},
		},
		{"Berlin back, overnight", []Window{{Days: []Day{Saturday}, From: "22:00", To: "06:00", Zone: berlin}}, "2026-10-24 12:00", []string{"2026-10-24 20:00", "2026-10-25 05:00", "2026-10-31 21:00"}},

		// Clocks go from 02:00 to 03:00 on 8 March at 07:00 UTC, and from 02:00 to 01:00
		// on 1 November at 06:00 UTC.
		{"New York forward, its end is skipped", []Window{{From: "01:30", To: "02:30", Zone: newYork}}, "2026-03-07 12:00", []string{"2026-03-08 06:30", "2026-03-08 07:00", "2026-03-09 05:30", "2026-03-09 06:30"}},
		{"New York forward, its beginning is skipped", []Window{{From: "02:30", To: "04:00", Zone: newYork}}, "2026-03-07 12:00", []string{"2026-03-08 07:00", "2026-03-08 08:00", "2026-03-09 06:30"}},
		{
			"New York back, its end comes twice", []Window{{From: "00:30", To: "01:30", Zone: newYork}}, "2026-10-31 12:00",
			[]string{"2026-11-01 04:30", "2026-11-01 05:30", "2026-11-01 06:00", "2026-11-01 06:30", "2026-11-02 05:30"},
		},
		{"New York back, after both", []Window{{From: "02:00", To: "03:00", Zone: newYork}}, "2026-10-31 12:00", []string{"2026-11-01 07:00", "2026-11-01 08:00", "2026-11-02 07:00"}},
		{"New York back, overnight", []Window{{Days: []Day{Saturday}, From: "22:00", To: "06:00", Zone: newYork}}, "2026-10-31 12:00", []string{"2026-11-01 02:00", "2026-11-01 11:00", "2026-11-08 03:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := utc(t, tt.from)
			for i, edge := range tt.edges {
				want := utc(t, edge)
				if i%2 == 0 {
					got, opens := NextOpening(tt.windows, at)
					if !opens || !got.Equal(want) {
						t.Fatalf("after %s it opens %v, %v; want %s", at, got, opens, want)
					}
				}
				for _, off := range []time.Duration{-time.Nanosecond, 0} {
					if got, want := Open(tt.windows, want.Add(off)), (off < 0) == (i%2 == 1); got != want && (i > 0 || off == 0) {
						t.Fatalf("open %v after %s: %v, want %v", off, edge, got, want)
					}
				}
				at = want
			}
		})
	}
}

func TestWindowsAlwaysAndNever(t *testing.T) {
	at := utc(t, "2026-03-29 01:00").Add(7 * time.Second)
	if next, opens := NextOpening(nil, at); !Open(nil, at) || !opens || !next.Equal(at) {
		t.Errorf("without windows, open %v and next %s, %v", Open(nil, at), next, opens)
	}
	for _, w := range []Window{
		{From: "24:00", To: "06:00"}, {From: "09:00", To: "09:00"}, {From: "9:00", To: "10:00"}, {From: "00:00", To: "24:01"},
		{From: "00:00", To: "24:00", Zone: "Europe/Atlantis"}, {From: "00:00", To: "24:00", Zone: "Local"}, {From: "00:00", To: "24:00", Days: []Day{"monday"}},
	} {
		if next, opens := NextOpening([]Window{w}, at); Open([]Window{w}, at) || opens {
			t.Errorf("%+v, which Parse refuses, opens at %s", w, next)
		}
	}
}

// TestOpeningEveryWeek: windows shorter than what Parse asks for may be so together.
func TestOpeningEveryWeek(t *testing.T) {
	tests := []struct {
		name    string
		windows []Window
		want    bool
	}{
		{"one", []Window{{From: "09:00", To: "09:15"}}, true},
		{"one too short", []Window{{From: "09:00", To: "09:14"}}, false},
		{"overnight", []Window{{From: "23:50", To: "00:05"}}, true},
		{"overnight too short", []Window{{From: "23:50", To: "00:04"}}, false},
		{"two that meet", []Window{{From: "09:08", To: "09:15"}, {From: "09:00", To: "09:08"}}, true},
		{"two with a gap", []Window{{From: "09:09", To: "09:16"}, {From: "09:00", To: "09:08"}}, false},
		{"two that meet at midnight", []Window{{Days: []Day{Sunday}, From: "23:50", To: "24:00"}, {Days: []Day{Monday}, From: "00:00", To: "00:05"}}, true},
		{"two on other days", []Window{{Days: []Day{Sunday}, From: "23:50", To: "24:00"}, {Days: []Day{Tuesday}, From: "00:00", To: "00:05"}}, false},
		{"two in other zones", []Window{{From: "09:00", To: "09:10"}, {From: "10:10", To: "10:20", Zone: berlin}}, true},
	}
	for _, tt := range tests {
		if got := roomy(tt.windows); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// anyWindow draws windows that Parse accepts.
func anyWindow() *rapid.Generator[Window] {
	clock := rapid.Map(rapid.IntRange(0, minutesOfDay-1), func(m int) ClockTime {
		return ClockTime(time.Time{}.Add(time.Duration(m) * time.Minute).Format("15:04"))
	})
	return rapid.Custom(func(t *rapid.T) Window {
		w := Window{From: clock.Draw(t, "from"), Zone: rapid.SampledFrom([]string{"", "UTC", berlin, newYork, "Asia/Kathmandu", "Australia/Lord_Howe"}).Draw(t, "zone")}
		from, _ := w.From.minute()
		length := rapid.IntRange(15, minutesOfDay-1).Draw(t, "length")
		w.To = ClockTime(time.Time{}.Add(time.Duration(from+length) * time.Minute).Format("15:04"))
		if w.To == "00:00" && rapid.Bool().Draw(t, "endOfDay") {
			w.To = endOfDay
		}
		w.Days = rapid.SliceOfNDistinct(rapid.SampledFrom(week), 0, 7, rapid.ID).Draw(t, "days")
		if len(w.Days) == 0 {
			w.Days = nil
		}
		return w
	})
}

// TestNextOpening: it is open at the next opening and at no minute before it, and
// open only when a clock on the wall of a window's zone shows a time of the window.
func TestNextOpening(t *testing.T) {
	changes := []time.Time{
		utc(t, "2026-03-29 01:00"), utc(t, "2026-10-25 01:00"), // Berlin
		utc(t, "2026-03-08 07:00"), utc(t, "2026-11-01 06:00"), // New York
		utc(t, "2026-04-04 15:00"), utc(t, "2026-10-03 15:30"), // Lord Howe, by half an hour
	}
	rapid.Check(t, func(t *rapid.T) {
		windows := rapid.SliceOfN(anyWindow(), 1, 3).Draw(t, "windows")
		at := rapid.SampledFrom(changes).Draw(t, "change").Add(time.Duration(rapid.IntRange(-10*24*3600, 3600).Draw(t, "seconds")) * time.Second)
		next, opens := NextOpening(windows, at)
		if !opens || next.Before(at) || !Open(windows, next) {
			t.Fatalf("after %s it opens at %s: %v, and is open then: %v", at, next, opens, Open(windows, next))
		}
		ready := load(windows)
		for m := at; m.Before(next); m = m.Truncate(time.Minute).Add(time.Minute) {
			for _, o := range ready {
				if o.open(m) {
					t.Fatalf("it opens at %s already, not only at %s", m, next)
				}
			}
		}
		for range 50 {
			m := at.Add(time.Duration(rapid.IntRange(0, 14*24*3600).Draw(t, "later")) * time.Second)
			if got, want := Open(windows, m), shown(windows, m); got != want {
				t.Fatalf("open at %s: %v, but clocks show a window: %v", m, got, want)
			}
		}
	})
}

// shown is Open in other words: texts of times are compared, as a person would.
func shown(windows []Window, at time.Time) bool {
	for _, w := range windows {
		zone, err := time.LoadLocation(w.Zone)
		if err != nil {
			return false
		}
		local := at.In(zone)
		clock, begins := local.Format("15:04"), local
		if w.To <= w.From && clock < string(w.To) {
			begins = time.Date(local.Year(), local.Month(), local.Day()-1, 12, 0, 0, 0, zone)
		} else if clock < string(w.From) || w.To > w.From && clock >= string(w.To) {
			continue
		}
		on := len(w.Days) == 0
		for _, day := range w.Days {
			on = on || string(day) == map[time.Weekday]string{0: "sun", 1: "mon", 2: "tue", 3: "wed", 4: "thu", 5: "fri", 6: "sat"}[begins.Weekday()]
		}
		if on {
			return true
		}
	}
	return false
}
