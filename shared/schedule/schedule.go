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
// none within a year.
func (s Schedule) Last(now time.Time) (at time.Time, ok bool) {
	if s.Rate > 0 {
		return time.Unix(0, 0).UTC().Add(now.Sub(time.Unix(0, 0)).Truncate(s.Rate)), true
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.Time{}, false
	}
	at, err = gronx.PrevTickBefore(s.Cron, now.In(zone), true)
	if err != nil || at.After(now) || now.Sub(at) > 366*24*time.Hour {
		return time.Time{}, false
	}
	return at.Truncate(time.Minute).UTC(), true
}
