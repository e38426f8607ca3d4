package states

import (
	"encoding/json"
	"strings"
	"time"

	"sluice/local/asl/exec"
)

// host is what one execution has of the world.
type host struct {
	s *Service
	e *execution
}

func (h *host) Now() time.Time { return h.s.w.Now() }

func (h *host) After(d time.Duration, what string, fn func()) func() {
	t := h.s.w.After(d, what, fn)
	return func() { t.Stop() }
}

func (h *host) Token() string { return h.s.w.ID("states token", 96) }

// Random numbers are drawn per execution, so that one execution never changes what
// another draws.
func (h *host) Jitter() float64 { return h.s.w.Rand("states jitter " + h.e.arn).Float64() }

func (h *host) Random(lo, hi int64) int64 {
	return lo + h.s.w.Rand("states random "+h.e.arn).Int64N(hi-lo)
}

func (h *host) UUID() string { return h.s.w.UUID("states intrinsic") }

// Record keeps the event and tells who watches.
func (h *host) Record(ev exec.Event) {
	h.e.history = append(h.e.history, ev)
	watch := h.s.OnTransition
	if watch == nil {
		return
	}
	switch d := ev.Detail.(type) {
	case *exec.Entered:
		watch(h.e.arn, d.Name, true, raw(d.Input))
	case *exec.Exited:
		watch(h.e.arn, d.Name, false, raw(d.Output))
	}
}

// Start begins a task in an event of its own: what it calls may take the world, or
// crash, and a coroutine is no place for either.
func (h *host) Start(p *exec.Pending) {
	if p.Token != "" {
		h.s.register(p, h.e)
	}
	h.s.w.After(0, "start "+p.State, func() {
		if p.Open() {
			h.s.startTask(p)
		}
	})
}

// pathOf lists the names of the states that were entered.
func pathOf(history []exec.Event) []string {
	var path []string
	for _, ev := range history {
		if d, ok := ev.Detail.(*exec.Entered); ok && strings.HasSuffix(ev.Type, "StateEntered") {
			path = append(path, d.Name)
		}
	}
	return path
}

// object reads JSON that must be an object.
func object(data string) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	err := json.Unmarshal([]byte(data), &m)
	return m, err
}
