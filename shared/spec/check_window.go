package spec

import (
	"fmt"
	"slices"
	"time"
)

// minOpening lets a weight rise and its first look be had in one opening.
const minOpening = Duration(15 * time.Minute)

func (r *report) windows(windows []Window) {
	const field = "rollout.windows"
	for i, w := range windows {
		window := fmt.Sprintf("%s[%d]", field, i)
		r.hours(window, w)
		r.days(window+".days", w.Days)
		r.zone(window+".zone", w.Zone)
	}
	if len(windows) > 0 && r.soundBelow(field) && !roomy(windows) {
		r.add(field, "are never open for "+minOpening.String()+" at a time", "a weight needs that long to rise and be looked at: make one longer")
	}
}

func (r *report) hours(window string, w Window) {
	from, to := window+".from", window+".to"
	if r.usable(from) && w.From == endOfDay {
		r.add(from, quote(string(w.From))+" is the end of a day", `write "00:00", and the day after in days`)
	}
	if r.usable(from, to) && w.From == w.To {
		r.add(to, "is the same as from", `write from: "00:00" and to: "24:00" for whole days, or another time`)
	}
}

func (r *report) days(field string, days []Day) {
	for i, day := range days {
		if path := fmt.Sprintf("%s[%d]", field, i); r.usable(path) && slices.Contains(days[:i], day) {
			r.add(path, string(day)+" is written twice", "keep one")
		}
	}
}

func (r *report) zone(field, name string) {
	if !r.usable(field) {
		return
	}
	switch _, err := location(name); {
	case name == "":
		r.add(field, "is empty", "write "+example(field)+", or leave it out for UTC")
	case err != nil:
		r.add(field, quote(name)+" is not a time zone", "write a name of the IANA database, like Europe/Berlin or UTC")
	}
}

// roomy reports whether windows are open for minOpening without a break, in a week
// in which no clock is changed. Windows that follow each other are one.
func roomy(windows []Window) bool {
	openings := load(windows)
	for _, o := range openings {
		length := o.to - o.from
		if o.overnight() {
			length += minutesOfDay
		}
		if Duration(length)*Duration(time.Minute) >= minOpening {
			return true
		}
	}
	monday, open := time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC), Duration(0)
	for m := range 8 * minutesOfDay {
		at := monday.Add(time.Duration(m) * time.Minute)
		if !slices.ContainsFunc(openings, func(o opening) bool { return o.open(at) }) {
			open = 0
		} else if open += Duration(time.Minute); open >= minOpening {
			return true
		}
	}
	return false
}
