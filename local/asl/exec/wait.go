package exec

import (
	"time"

	"sluice/local/asl/parse"
)

// maxWait is the longest wait that AWS takes: 24,855 days are recorded to pass and
// 24,856 to fail, which leaves a signed 32-bit number of seconds.
const maxWait = (1<<31 - 1) * time.Second

func (t *thread) wait(s *parse.Wait, in any) error {
	d, err := t.delay(s, in)
	if err != nil {
		return err
	}
	if d > maxWait {
		return runtimeError("Wait state delay is too long.")
	}
	if d > 0 {
		t.sleep(d, "wait of "+s.Name)
	}
	return nil
}

func (t *thread) delay(s *parse.Wait, in any) (time.Duration, error) {
	text, field := s.Timestamp, ""
	switch {
	case s.HasSeconds:
		return seconds(float64(s.Seconds)), nil
	case s.SecondsPath != nil:
		v, err := t.frame(in).path(s.SecondsPath)
		if err != nil {
			return 0, err
		}
		n, ok := v.(int64)
		if !ok {
			return 0, runtimeError("The SecondsPath parameter cannot be parsed as a long value: %s == %s", s.SecondsPath.Text, display(v))
		}
		if n < 0 {
			return 0, runtimeError("The SecondsPath parameter references a negative value: %s == %d", s.SecondsPath.Text, n)
		}
		return seconds(float64(n)), nil
	case s.TimestampPath != nil:
		v, err := t.frame(in).path(s.TimestampPath)
		if err != nil {
			return 0, err
		}
		text, field = display(v), s.TimestampPath.Text
	}
	at, err := parse.Timestamp(text)
	if err != nil {
		return 0, runtimeError("The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: %s == %s", field, text)
	}
	return at.Sub(t.x.host.Now()), nil
}
