package spec

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"sluice/shared/schedule"
)

const (
	maxCooldown  = Duration(90 * 24 * time.Hour)
	maxPerDay    = 96 // one in a quarter of an hour
	maxStrikes   = 100
	maxMinimum   = 10_000_000 // objects: what one manifest is measured to hold
	maxTag       = 128 + 1 + 256
	leastRate    = Duration(15 * time.Minute)
	maxRate      = Duration(90 * 24 * time.Hour)
	maxHold      = Duration(24 * time.Hour)
	maxScheduled = 100 // characters of a cron line
)

// minima checks what must have come before quiet counts.
func (r *report) minima(field string, t DataTrigger) {
	if r.usable(field+".minObjects") && (t.MinObjects < 1 || t.MinObjects > maxMinimum) {
		r.add(field+".minObjects", fmt.Sprintf("%d objects are no least number", t.MinObjects), fmt.Sprintf("write 1 to %d", maxMinimum))
	}
	if r.usable(field+".minBytes") && t.MinBytes < 1 {
		r.add(field+".minBytes", t.MinBytes.String()+" is no least amount", "write 1B or more")
	}
	marker := field + ".marker"
	switch {
	case !r.usable(marker):
	case strings.Contains(t.Marker, "/"):
		r.add(marker, quote(t.Marker)+" holds a /, but only what follows the last one in a key is compared", "write that part, like _SUCCESS")
	case strings.Trim(t.Marker, "*") == "":
		r.add(marker, quote(t.Marker)+" would take every object for the marker", "write its name, like _SUCCESS")
	}
}

func (r *report) driftTriggers(triggers []DriftTrigger) {
	seen := map[string]int{}
	for i, t := range triggers {
		field := fmt.Sprintf("triggers.drift[%d]", i)
		alarm, tag, hold := field+".alarm", field+".tag", field+".hold"
		r.alarm(alarm, t.Alarm)
		_, byName := r.at[alarm]
		_, byTag := r.at[tag]
		switch {
		case r.bad[field]:
			continue
		case byName && byTag:
			r.add(tag, "stands beside alarm", "make two entries of them: either is enough")
		case !byName && !byTag:
			r.add(field, "has neither alarm nor tag", "write "+example(alarm))
		}
		if r.usable(tag) && (!tagForm.MatchString(t.Tag) || len(t.Tag) > maxTag) {
			r.add(tag, quote(t.Tag)+" is not a tag", "write it like drift=churn")
		}
		if r.usable(hold) && t.Hold > maxHold {
			r.add(hold, t.Hold.String()+" is too long", "write "+maxHold.String()+" or less")
		}
		if r.usable(alarm) && strings.Trim(t.Alarm, "*") == "" {
			r.add(alarm, quote(t.Alarm)+" would make every alarm of the account start training", "write the part of the name that they share, like churn-drift-*")
		}
		if j, twice := seen[t.Alarm+"\x00"+t.Tag]; twice && (r.usable(alarm) || r.usable(tag)) {
			at := alarm
			if byTag {
				at = tag
			}
			r.add(at, fmt.Sprintf("is the same as drift[%d] on line %d", j, r.place(fmt.Sprintf("triggers.drift[%d]", j)).line), "keep one")
			continue
		}
		seen[t.Alarm+"\x00"+t.Tag] = i
	}
}

var tagForm = regexp.MustCompile(`^[^=]{1,128}=[^=]{0,256}$`)

func (r *report) schedules(triggers []ScheduleTrigger) {
	for i, t := range triggers {
		field := fmt.Sprintf("triggers.schedule[%d]", i)
		cron, rate, zone := field+".cron", field+".rate", field+".zone"
		_, byCron := r.at[cron]
		_, byRate := r.at[rate]
		_, zoned := r.at[zone]
		switch {
		case r.bad[field]:
			continue
		case byCron && byRate:
			r.add(rate, "stands beside cron", "make two entries of them")
		case !byCron && !byRate:
			r.add(field, "has neither cron nor rate", "write "+example(cron))
		case zoned && !byCron:
			r.add(zone, "a rate has no time zone", "leave it out")
		}
		if r.usable(rate) && (t.Rate < leastRate || t.Rate > maxRate) {
			r.add(rate, t.Rate.String()+" is no rate to train at", fmt.Sprintf("write %s to %s", leastRate, maxRate))
		}
		if !r.usable(cron) {
			continue
		}
		if err := schedule.CheckCron(t.Cron); err != nil || len(t.Cron) > maxScheduled {
			r.add(cron, quote(t.Cron)+" is not a cron line", "write minute, hour, day of month, month and day of week, like 0 2 * * 1-5")
		}
		if err := schedule.CheckZone(t.Zone); r.usable(zone) && err != nil {
			r.add(zone, quote(t.Zone)+" is not a time zone", "write one of the tz database, like Europe/Berlin")
		}
	}
}

func (r *report) limits(t *Triggers) {
	if r.usable("triggers.cooldown") && t.Cooldown > maxCooldown {
		r.add("triggers.cooldown", t.Cooldown.String()+" is too long", "write "+maxCooldown.String()+" or less")
	}
	if r.usable("triggers.maxPerDay") && (t.MaxPerDay < 1 || t.MaxPerDay > maxPerDay) {
		r.add("triggers.maxPerDay", fmt.Sprintf("%d runs a day cannot be", t.MaxPerDay), fmt.Sprintf("write 1 to %d, or leave it out for no bound", maxPerDay))
	}
	if r.usable("triggers.strikes") && (t.Strikes < 1 || t.Strikes > maxStrikes) {
		r.add("triggers.strikes", fmt.Sprintf("%d strikes cannot be counted", t.Strikes), fmt.Sprintf("write 1 to %d", maxStrikes))
	}
}
