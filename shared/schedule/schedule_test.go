package schedule_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/shared/schedule"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestLast(t *testing.T) {
	tests := []struct {
		s         schedule.Schedule
		now, want string // want "" for never
	}{
		{schedule.Schedule{Cron: "0 2 * * *"}, "2026-03-02T02:00:00Z", "2026-03-02T02:00:00Z"},
		{schedule.Schedule{Cron: "0 2 * * *"}, "2026-03-02T01:59:59Z", "2026-03-01T02:00:00Z"},
		{schedule.Schedule{Cron: "0 2 * * 1-5"}, "2026-03-02T01:00:00Z", "2026-02-27T02:00:00Z"},
		{schedule.Schedule{Cron: "0 2 * * *", Zone: "Europe/Berlin"}, "2026-03-02T12:00:00Z", "2026-03-02T01:00:00Z"},
		{schedule.Schedule{Cron: "0 2 * * *", Zone: "Europe/Berlin"}, "2026-07-02T12:00:00Z", "2026-07-02T00:00:00Z"},
		{schedule.Schedule{Cron: "30 3 1 * *", Zone: "America/New_York"}, "2026-03-15T12:00:00Z", "2026-03-01T08:30:00Z"},
		// Clocks are put forward: half past two is due when it is skipped.
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-03-29T00:59:00Z", "2026-03-28T01:30:00Z"},
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z"},
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "America/New_York"}, "2026-03-08T12:00:00Z", "2026-03-08T07:00:00Z"},
		{schedule.Schedule{Cron: "30 2 29 3 *", Zone: "Europe/Berlin"}, "2026-12-01T12:00:00Z", "2026-03-29T01:00:00Z"},
		{schedule.Schedule{Cron: "*/20 * * * *", Zone: "Europe/Berlin"}, "2026-03-29T01:10:00Z", "2026-03-29T01:00:00Z"},
		// Clocks are put back: half past two is due the first time.
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-10-25T00:29:00Z", "2026-10-24T00:30:00Z"},
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z"},
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z"},
		{schedule.Schedule{Cron: "30 2 * * *", Zone: "Europe/Berlin"}, "2026-10-25T01:45:00Z", "2026-10-25T00:30:00Z"},
		{schedule.Schedule{Cron: "30 2 25 10 *", Zone: "Europe/Berlin"}, "2027-04-01T00:00:00Z", "2026-10-25T00:30:00Z"},
		{schedule.Schedule{Cron: "30 1 * * *", Zone: "America/New_York"}, "2026-11-01T06:45:00Z", "2026-11-01T05:30:00Z"},
		{schedule.Schedule{Cron: "45 1 * * *", Zone: "Australia/Lord_Howe"}, "2026-04-04T15:14:00Z", "2026-04-04T14:45:00Z"}, // by half an hour
		{schedule.Schedule{Cron: "0 0 30 2 *"}, "2026-03-02T12:00:00Z", ""},
		{schedule.Schedule{Cron: "0 2 * * *", Zone: "Nowhere"}, "2026-03-02T12:00:00Z", ""},
		{schedule.Schedule{Rate: 12 * time.Hour}, "2026-03-02T11:59:59Z", "2026-03-02T00:00:00Z"},
		{schedule.Schedule{Rate: 12 * time.Hour}, "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"},
	}
	for _, tt := range tests {
		got, ok := tt.s.Last(at(tt.now))
		if ok != (tt.want != "") || ok && !got.Equal(at(tt.want)) {
			t.Errorf("%s at %s: %s, %v", tt.s, tt.now, got, ok)
		}
	}
}

// A daily schedule is due once a day, whatever time it is at and whatever the clocks do.
func TestOnceADay(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu"} {
		for _, cron := range []string{"30 0 * * *", "45 1 * * *", "30 2 * * *", "0 3 * * *"} {
			s, due := schedule.Schedule{Cron: cron, Zone: zone}, map[time.Time]bool{}
			for now := at("2026-01-01T12:00:00Z"); now.Before(at("2027-01-01T12:00:00Z")); now = now.Add(5*time.Hour + 7*time.Minute) {
				last, ok := s.Last(now)
				if !ok || last.After(now) {
					t.Fatalf("%s at %s: %s, %v", s, now, last, ok)
				}
				due[last] = true
			}
			if len(due) != 366 { // the first is of the day before
				t.Errorf("%s was due %d times in a year", s, len(due))
			}
		}
	}
}

// However often somebody looks, a schedule is never late, goes back in time or skips
// what it was due at.
func TestLastGoesForward(t *testing.T) {
	schedules := []schedule.Schedule{{Cron: "15 */6 * * *", Zone: "Europe/Berlin"}, {Cron: "0 2 * * *", Zone: "America/New_York"}, {Cron: "*/10 1-3 * * *", Zone: "Europe/Berlin"}, {Rate: 45 * time.Minute}}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(schedules).Draw(t, "schedule")
		now := at("2026-01-01T00:00:00Z").Add(time.Duration(rapid.IntRange(0, 366*24*60).Draw(t, "minute")) * time.Minute)
		a, ok := s.Last(now)
		b, _ := s.Last(now.Add(15 * time.Minute))
		again, _ := s.Last(a)
		if !ok || a.After(now) || b.Before(a) || !again.Equal(a) || b.After(a) && b.Before(now.Add(-time.Minute)) {
			t.Fatalf("%s: at %s it was due %s, a quarter of an hour later %s; at that time %s", s, now, a, b, again)
		}
	})
}

func TestCheck(t *testing.T) {
	for _, bad := range []string{"", "0 2 * *", "0 2 * * * *", "@daily", "0 25 * * *", "x 2 * * *"} {
		if schedule.CheckCron(bad) == nil {
			t.Errorf("%q is a cron line", bad)
		}
	}
	for zone, good := range map[string]bool{"": true, "UTC": true, "Europe/Berlin": true, "Local": false, "Berlin": false, "../etc": false} {
		if (schedule.CheckZone(zone) == nil) != good {
			t.Errorf("zone %q: %v", zone, schedule.CheckZone(zone))
		}
	}
}
