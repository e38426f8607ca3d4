// Package schedule says when a schedule was last due: a cron line in a time zone, or a
// rate.
//
// It is pure: the caller brings the time. Spec checks schedules by it, intake asks for
// training by it.
package schedule

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a Lambda's image need not have the time zones

	"github.com/adhocore/gronx"
)

// Schedule is one or the other.
type Schedule struct {
	Cron string        // minute, hour, day of month, month, day of week
	Zone string        // of Cron; "" is UTC
	Rate time.Duration // from midnight of 1970, UTC
}

func (s Schedule) String() string {
	if s.Rate > 0 {
		return "every " + s.Rate.String()
	}
	if s.Zone == "" {
		return s.Cron + " UTC"
	}
	return s.Cron + " " + s.Zone
}

// CheckCron says what is wrong with a cron line; nil for nothing.
func CheckCron(line string) error {
	if n := len(strings.Fields(line)); n != 5 {
		return fmt.Errorf("%q has %d fields, not 5", line, n)
	}
	if !gronx.New().IsValid(line) {
		return fmt.Errorf("%q is not a cron line", line)
	}
	return nil
}

// CheckZone says what is wrong with a time zone; nil for nothing.
func CheckZone(zone string) error {
	if zone == "Local" {
		return fmt.Errorf("which zone %q is depends on the machine", zone)
	}
	_, err := time.LoadLocation(zone)
	return err
}

// Last is the latest time at or before now at which s was due. ok is false if there was
// none within a year. A time of day that a clock skips when it is put forward is due at
// that moment, and one that it shows twice when it is put back the first time.
func (s Schedule) Last(now time.Time) (at time.Time, ok bool) {
	if s.Rate > 0 {
		return time.Unix(0, 0).UTC().Add(now.Sub(time.Unix(0, 0)).Truncate(s.Rate)), true
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.Time{}, false
	}
	local := now.In(zone)
	wall := onWall(local)
	if instant(wall, zone).Before(now.Truncate(time.Minute)) { // the second time: all of that hour was due before
		back, _ := local.ZoneBounds()
		wall = onWall(back.Add(-time.Minute).In(zone))
	}
	wall, err = gronx.PrevTickBefore(s.Cron, wall, true)
	if err != nil {
		return time.Time{}, false
	}
	at = instant(wall, zone)
	return at, now.Sub(at) <= 366*24*time.Hour
}

// onWall is what a clock shows at t, to the minute, as a time in UTC: there no hour is
// missing and none comes twice.
func onWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// instant is when a clock in a zone first shows wall, or when it skips it.
func instant(wall time.Time, zone *time.Location) time.Time {
	const day = 24 * time.Hour // clocks are changed less often, and differ less from UTC
	for _, near := range []time.Time{wall.Add(-day), wall.Add(day)} {
		_, offset := near.In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if onWall(at.In(zone)).Equal(wall) {
			return at
		}
	}
	_, before := wall.Add(-day).In(zone).Zone()
	skipped, _ := wall.Add(-time.Duration(before) * time.Second).In(zone).ZoneBounds()
	return skipped.UTC()
}
