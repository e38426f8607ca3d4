package events

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"sluice/local/wire"
)

// delivery is one event on its way to one target.
type delivery struct {
	s        *Service
	event    Event
	ruleARN  string
	ruleName string
	target   Target
	taken    time.Time // when the bus took the event in
	attempts int
}

// send starts the deliveries of an event to the targets of a rule.
func (s *Service) send(e Event, r *rule) {
	for _, t := range r.targets {
		delays := []time.Duration(nil)
		if s.Fate != nil {
			delays = s.Fate(e, t)
		}
		if delays == nil {
			delays = []time.Duration{s.Latency}
		}
		if len(delays) == 0 {
			s.stats.Lost++
		}
		for _, wait := range delays {
			d := &delivery{s: s, event: e, ruleARN: r.arn(), ruleName: r.name, target: t, taken: s.w.Now()}
			s.w.After(wait, "event "+e.DetailType+" to "+t.Arn, d.attempt)
		}
	}
}

func (d *delivery) attempt() {
	payload, err := d.target.payload(d.event, d.ruleARN, d.ruleName, d.taken)
	if err != nil {
		d.giveUp(wire.Errorf("INVALID_JSON", "%v", err), "")
		return
	}
	d.attempts++
	d.s.stats.Attempts++
	answered := false
	d.s.deliver(d.target.Arn, d.target.RoleArn, d.ruleARN, payload, func(err error) {
		if answered {
			panic("events: " + d.target.Arn + " was reported delivered twice")
		}
		answered = true
		if err == nil {
			d.s.stats.Delivered++
			return
		}
		d.s.stats.Failures++
		d.failed(err)
	})
}

// failed retries, or gives up. MaximumRetryAttempts counts the retries, not the
// first attempt; the age is counted from when the bus took the event in.
func (d *delivery) failed(err error) {
	if !retriable(err) {
		d.giveUp(err, "")
		return
	}
	most, age := d.target.limits()
	if d.attempts > most {
		d.giveUp(err, "MaximumRetryAttempts")
		return
	}
	wait := d.backoff()
	if left := d.taken.Add(age).Sub(d.s.w.Now()); wait > left {
		d.s.w.After(left, "event too old for "+d.target.Arn, func() { d.giveUp(err, "MaximumEventAgeInSeconds") })
		return
	}
	d.s.w.After(wait, "event retry to "+d.target.Arn, d.attempt)
}

// backoff doubles from a second up to ten minutes, and is drawn from the upper
// half of that. AWS says only "exponential back off and jitter, up to 24 hours
// and 185 times": with this the 185th retry comes after about 23 hours.
func (d *delivery) backoff() time.Duration {
	most := 10 * time.Minute
	if d.attempts < 11 {
		most = min(most, time.Second<<(d.attempts-1))
	}
	jitter := d.s.w.Rand("events/backoff/" + d.target.Arn).Float64()
	return most/2 + time.Duration(jitter*float64(most/2))
}

// giveUp sends the event to the target's dead-letter queue, if it has one. The
// queue gets the event itself, not the transformed payload.
func (d *delivery) giveUp(err error, condition string) {
	queue := d.target.DeadLetterConfig
	if queue == nil || queue.Arn == "" || d.s.dead == nil {
		d.s.stats.Dropped++
		return
	}
	attributes := map[string]string{
		"RULE_ARN": d.ruleARN, "TARGET_ARN": d.target.Arn,
		"ERROR_CODE": errorCode(err), "ERROR_MESSAGE": err.Error(),
		"RETRY_ATTEMPTS": strconv.Itoa(max(d.attempts-1, 0)),
	}
	if condition != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = condition
	}
	if d.s.dead(queue.Arn, d.ruleARN, d.event.text, attributes) != nil {
		d.s.stats.Dropped++
		return
	}
	d.s.stats.DeadLettered++
}

// retriable: a missing permission or target is not tried again (EventBridge user
// guide, dead-letter queues), nor is input that cannot be made.
func retriable(err error) bool {
	switch errorCode(err) {
	case "NO_PERMISSIONS", "NO_RESOURCE", "INVALID_PARAMETER", "INVALID_JSON":
		return false
	}
	return true
}

// errorCode is the ERROR_CODE of a failed delivery, from EventBridge's list.
func errorCode(err error) string {
	var e *wire.Error
	if !errors.As(err, &e) {
		return "ERROR_FROM_TARGET"
	}
	for _, c := range []struct{ part, code string }{
		{"INVALID_JSON", "INVALID_JSON"},
		{"AccessDenied", "NO_PERMISSIONS"}, {"NotAuthorized", "NO_PERMISSIONS"},
		{"NotFound", "NO_RESOURCE"}, {"DoesNotExist", "NO_RESOURCE"}, {"NonExistent", "NO_RESOURCE"},
		{"Throttl", "THROTTLING"}, {"TooManyRequests", "THROTTLING"},
		{"LimitExceeded", "RESOURCE_LIMIT_EXCEEDED"},
		{"Validation", "INVALID_PARAMETER"}, {"InvalidParameter", "INVALID_PARAMETER"},
		{"Timeout", "TIMEOUT"}, {"Unavailable", "INTERNAL_ERROR"}, {"Internal", "INTERNAL_ERROR"},
	} {
		if strings.Contains(e.Code, c.part) {
			return c.code
		}
	}
	return "ERROR_FROM_TARGET"
}
