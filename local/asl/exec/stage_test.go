package exec

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/local/asl/parse"
	"sluice/local/sim"
)

var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// stage is a host for tests: a world, a history, and a function that answers tasks.
type stage struct {
	*sim.World
	t       *testing.T
	x       *Execution
	events  []Event
	tokens  int
	result  *Result
	endedAt time.Duration
	answer  func(s *stage, p *Pending)
	starts  []time.Duration // when each task was started, since the epoch
}

func (s *stage) After(d time.Duration, what string, fn func()) func() {
	timer := s.World.After(d, what, fn)
	return func() { timer.Stop() }
}
func (s *stage) Token() string             { s.tokens++; return fmt.Sprintf("token-%d", s.tokens) }
func (s *stage) Record(e Event)            { s.events = append(s.events, e) }
func (s *stage) Jitter() float64           { return s.Rand("jitter").Float64() }
func (s *stage) Random(lo, hi int64) int64 { return lo + s.Rand("random").Int64N(hi-lo) }
func (s *stage) UUID() string              { return s.World.UUID("test") }
func (s *stage) Start(p *Pending) {
	s.starts = append(s.starts, s.Now().Sub(epoch))
	if s.answer == nil {
		s.t.Fatalf("task %s was started, but nobody answers", p.State)
	}
	s.answer(s, p)
}

func (s *stage) later(d time.Duration, fn func()) { s.World.After(d, "test", fn) }

// begin starts a definition, in which ' stands for ".
func begin(t *testing.T, definition, input string, answer func(*stage, *Pending)) *stage {
	t.Helper()
	m, err := parse.Load([]byte(quotes(definition)))
	if err != nil {
		t.Fatalf("the definition is bad: %v", err)
	}
	s := &stage{World: sim.NewWorld(epoch, 1), t: t, answer: answer}
	s.Do(func() {
		info := Info{ARN: "arn:x:e", Name: "e", RoleARN: "arn:role", MachineARN: "arn:x", MachineName: "m", Input: quotes(input), Start: epoch}
		s.x, err = Start(m, info, s, func(r Result) {
			s.result = &r
			s.endedAt = s.Now().Sub(epoch)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Do(s.x.Drop) })
	return s
}

func quotes(s string) string { return strings.ReplaceAll(s, "'", `"`) }

// play runs a definition to its end.
func play(t *testing.T, definition, input string, answer func(*stage, *Pending)) *stage {
	t.Helper()
	s := begin(t, definition, input, answer)
	s.RunUntilIdle(366 * 24 * time.Hour)
	if s.result == nil {
		t.Fatalf("the execution did not end; it stands in %s", s.x.State())
	}
	return s
}

// outcome is the output, or "! name: cause".
func (s *stage) outcome() string {
	if s.result.Failure != nil {
		return "! " + s.result.Failure.String()
	}
	return string(s.result.Status) + " " + s.result.Output
}

// log is the history in lines of "id<previous type detail".
func (s *stage) log() []string {
	var lines []string
	for _, e := range s.events {
		line := fmt.Sprintf("%d<%d %s", e.ID, e.Previous, e.Type)
		if e.Detail != nil {
			line += " " + Encode(e.Detail)
		}
		lines = append(lines, line)
	}
	return lines
}

// types are the event types with ids, for tests that look at order only.
func (s *stage) types() []string {
	var lines []string
	for _, e := range s.events {
		lines = append(lines, fmt.Sprintf("%d<%d %s", e.ID, e.Previous, e.Type))
	}
	return lines
}

// path lists the states entered.
func (s *stage) path() string {
	var names []string
	for _, e := range s.events {
		if d, ok := e.Detail.(*Entered); ok {
			names = append(names, d.Name)
		}
	}
	return strings.Join(names, " ")
}

// one wraps a single state into a machine.
func one(state string) string { return `{'StartAt':'S','States':{'S':` + state + `}}` }

const lambda = `'Type':'Task','Resource':'arn:aws:states:::lambda:invoke'`
const callback = `'Type':'Task','Resource':'arn:aws:states:::lambda:invoke.waitForTaskToken'`

// returning answers every task at once with the same output.
func returning(output string) func(*stage, *Pending) {
	return func(_ *stage, p *Pending) { p.Return(quotes(output)) }
}

// failing fails the first n tasks with this error and then returns "ok".
func failing(n int, name string) func(*stage, *Pending) {
	return func(_ *stage, p *Pending) {
		if n--; n >= 0 {
			p.Fail(Fail(name, "why"))
			return
		}
		p.Return(`"ok"`)
	}
}
