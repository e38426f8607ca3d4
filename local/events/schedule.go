package events

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// schedule is when a rule fires of itself: every so often, or by a cron line.
type schedule struct {
	text string
	rate time.Duration // 0 for cron
	cron string        // in gronx's form, with seconds
}

var (
	rateForm = regexp.MustCompile(`^rate\(\s*(\d+)\s+(minute|minutes|hour|hours|day|days)\s*\)$`)
	cronForm = regexp.MustCompile(`^cron\((.*)\)$`)
	weekday  = regexp.MustCompile(`\d+`)
)

func badSchedule() error { return validation("Parameter ScheduleExpression is not valid.") }

// parseSchedule reads rate(n unit) and cron(minutes hours day-of-month month
// day-of-week year), in UTC.
func parseSchedule(text string) (*schedule, error) {
	if m := rateForm.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || (n == 1) == strings.HasSuffix(m[2], "s") {
			return nil, badSchedule()
		}
		unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(m[2], "s")]
		return &schedule{text: text, rate: time.Duration(n) * unit}, nil
	}
	m := cronForm.FindStringSubmatch(text)
	if m == nil {
		return nil, badSchedule()
	}
	f := strings.Fields(m[1])
	if len(f) != 6 || (f[2] == "?") == (f[4] == "?") { // exactly one of the days must be open
		return nil, badSchedule()
	}
	f[4] = localWeekdays(f[4])
	s := &schedule{text: text, cron: "0 " + strings.Join(f, " ")}
	if !gronx.New().IsValid(s.cron) {
		return nil, badSchedule()
	}
	return s, nil
}

// localWeekdays turns AWS's days of the week, 1 for Sunday to 7 for Saturday,
// into gronx's, which begin at 0. What follows # or / is a count, not a day. A
// bare L is Saturday.
func localWeekdays(field string) string {
	if field == "L" {
		return "6"
	}
	parts := strings.Split(field, ",")
	for i, p := range parts {
		at := strings.IndexAny(p, "#/")
		if at < 0 {
			at = len(p)
		}
		days := weekday.ReplaceAllStringFunc(p[:at], func(d string) string {
			n, err := strconv.Atoi(d)
			if err != nil || n < 1 || n > 7 {
				return "99" // no day, which makes the line invalid
			}
			return strconv.Itoa(n - 1)
		})
		if strings.HasPrefix(p[at:], "/") && !strings.ContainsAny(days, "*-") {
			days += "-6" // "n/step" runs to the end of the week
		}
		parts[i] = days + p[at:]
	}
	return strings.Join(parts, ",")
}

// next is the first time after now, or false if there is none any more.
func (s *schedule) next(now time.Time) (time.Time, bool) {
	if s.rate > 0 {
		return now.Add(s.rate), true
	}
	at, err := gronx.NextTickAfter(s.cron, now.UTC(), false)
	return at, err == nil && at.After(now)
}

// arm sets the timer of a rule's schedule, or takes it away.
func (s *Service) arm(r *rule) {
	r.timer.Stop()
	r.timer = nil
	if r.schedule == nil || !r.enabled() {
		return
	}
	now := s.w.Now()
	at, ok := r.schedule.next(now)
	if !ok {
		return
	}
	r.timer = s.w.Background(at.Sub(now), "schedule "+r.name, func() {
		s.fire(r)
		s.arm(r)
	})
}

// fire sends a scheduled event to the rule's own targets, and to nobody else.
func (s *Service) fire(r *rule) {
	e := s.newEvent(r.bus.name, "aws.events", "Scheduled Event", []string{r.arn()}, []byte(`{}`), s.w.Now())
	s.stats.Events++
	s.remember(Logged{At: s.w.Now(), Bus: r.bus.name, Event: e, Rules: []string{r.name}})
	s.send(e, r)
}

// Fire makes a rule's schedule happen now. Error: there is no such rule, or it
// has no schedule.
func (s *Service) Fire(bus, name string) error {
	r, err := s.rule(bus, name)
	if err != nil {
		return err
	}
	if r.schedule == nil {
		return fmt.Errorf("rule %s has no schedule to fire", name)
	}
	s.fire(r)
	return nil
}
