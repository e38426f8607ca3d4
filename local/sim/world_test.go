package sim_test

import (
	"testing"
	"time"

	"sluice/local/sim"
)

func TestUntilMinute(t *testing.T) {
	for name, c := range map[string]struct{ past, after, want time.Duration }{
		"on the minute":       {0, 0, time.Minute},
		"before it":           {59 * time.Second, 0, time.Second},
		"later in the minute": {10 * time.Second, 40 * time.Second, 30 * time.Second},
		"just then":           {40 * time.Second, 40 * time.Second, time.Minute},
		"in the minute after": {50 * time.Second, 40 * time.Second, 50 * time.Second},
		"between two seconds": {1500 * time.Millisecond, 2 * time.Second, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			w := sim.NewWorld(time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC).Add(c.past), 1)
			if got := w.UntilMinute(c.after); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
