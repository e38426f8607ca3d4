package spec

import (
	"errors"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // Lambda's image has no zone database
)

const minutesOfDay = 24 * 60

// Open reports whether weights may rise at a time: whether a clock on the wall of
// one window's zone shows a time of that window. No windows are always open. A
// window that Parse would refuse is never open.
//
// Where clocks go forward, a window misses the minutes that its clock skips; where
// they go back, it is open for those that its clock shows a second time, too, so
// that a window that ends between the two is open twice.
func Open(windows []Window, at time.Time) bool {
	return len(windows) == 0 || slices.ContainsFunc(load(windows), func(o opening) bool { return o.open(at) })
}

// NextOpening is the first time, from at on, at which windows are open: at itself if
// they are then. It is false if they never open, which Parse does not let happen.
func NextOpening(windows []Window, at time.Time) (time.Time, bool) {
	if len(windows) == 0 {
		return at, true
	}
	var next time.Time
	found := false
	for _, o := range load(windows) {
		if t, opens := o.next(at); opens && (!found || t.Before(next)) {
			next, found = t, true
		}
	}
	return next, found
}

// opening is a Window made ready: from and to are minutes from local midnight, and
// days are those on which it begins.
type opening struct {
	days     [7]bool
	from, to int
	zone     *time.Location
}

// week is the days as time.Weekday counts them.
var week = []Day{Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday}

// load makes windows ready, without those that Parse would refuse.
func load(windows []Window) []opening {
	var ready []opening
	for _, w := range windows {
		from, sound := w.From.minute()
		to, alsoSound := w.To.minute()
		zone, err := location(w.Zone)
		if !sound || !alsoSound || err != nil || w.From == endOfDay || from == to {
			continue
		}
		o := opening{from: from, to: to, zone: zone}
		for i, day := range week {
			o.days[i] = len(w.Days) == 0 || slices.Contains(w.Days, day)
		}
		ready = append(ready, o)
	}
	return ready
}

// overnight reports whether o ends on the day after the one on which it begins.
func (o opening) overnight() bool { return o.to <= o.from }

func (o opening) open(at time.Time) bool {
	local := at.In(o.zone)
	minute, today := local.Hour()*60+local.Minute(), local.Weekday()
	if !o.overnight() {
		return o.days[today] && o.from <= minute && minute < o.to
	}
	yesterday := (today + 6) % 7
	return o.days[today] && o.from <= minute || o.days[yesterday] && minute < o.to
}

// farthest is how far next looks. A weekly window misses a week in which clocks
// skip it, and never two.
const farthest = 22 * 24 * time.Hour

// next is the first time from at on at which o is open. While clocks run evenly, o
// opens only when they show from; so it goes from one such time to the next, and
// stops where clocks are changed on the way.
func (o opening) next(at time.Time) (time.Time, bool) {
	for t := at; t.Before(at.Add(farthest)); {
		if o.open(t) {
			return t, true
		}
		local := t.In(o.zone)
		shown := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
			time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		wait := time.Duration(o.from)*time.Minute - shown
		if wait <= 0 {
			wait += 24 * time.Hour
		}
		if _, change := local.ZoneBounds(); !change.IsZero() && change.Before(t.Add(wait)) {
			wait = change.Sub(t)
		}
		t = t.Add(wait)
	}
	return time.Time{}, false
}

// zoneName is what IANA's names look like. It leaves out posix/ and right/, which
// some systems have and others do not.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*$`)

var errZone = errors.New("is not a time zone")

// location is the zone of a name; none is UTC. It must mean the same wherever it is
// read, so Local is no name.
func location(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	if !zoneName.MatchString(name) || name == "Local" {
		return nil, errZone
	}
	return time.LoadLocation(name)
}
