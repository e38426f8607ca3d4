package protocol

import (
	"errors"

	"sluice/shared/judge"
)

// scanner reads JSON written the plain way: known members, whole numbers, decimals, true and false. It is many times
// as fast as encoding/json, which reads whatever this does not: bad means only that.
type scanner struct {
	rest []byte
	bad  bool
}

// parse reads a minute's line; false when encoding/json has to.
func (m *minute) parse(line []byte) bool {
	s := scanner{rest: line}
	s.object(func(key string) {
		switch key {
		case "minute":
			m.Minute = int(s.integer())
		case "weight":
			m.Weight = s.decimal()
		case "baseline":
			m.Baseline = s.counts()
		case "candidate":
			m.Candidate = s.counts()
		case "revised":
			m.Revised = s.boolean()
		default:
			s.bad = true
		}
	})
	return s.finished()
}

// parse reads a rollout's line; false when encoding/json has to.
func (r *rollout) parse(line []byte) bool {
	s := scanner{rest: line}
	s.object(func(key string) {
		switch key {
		case "rollout":
			r.Rollout = s.text()
		case "plan":
			s.list(func() { r.Plan = append(r.Plan, s.step()) })
		case "alpha":
			r.Alpha = s.decimal()
		case "tolerance":
			r.Tolerance = s.tolerance()
		case "history":
			r.History = s.past(r.History)
		default:
			s.bad = true
		}
	})
	return s.finished()
}

func (s *scanner) step() (step step) {
	s.object(func(key string) {
		switch key {
		case "weight":
			step.Weight = s.decimal()
		case "minutes":
			step.Minutes = int(s.integer())
		default:
			s.bad = true
		}
	})
	return step
}

func (s *scanner) tolerance() *tolerance {
	t := &tolerance{}
	s.object(func(key string) {
		switch key {
		case "relative":
			t.Relative = s.decimal()
		case "absolute":
			t.Absolute = s.decimal()
		default:
			s.bad = true
		}
	})
	return t
}

// past is the [requests, bad] of the baseline's minutes.
type past []judge.Counts

// UnmarshalJSON reads the pairs. Errors: anything else than an array of arrays of two whole numbers.
func (p *past) UnmarshalJSON(text []byte) error {
	s := scanner{rest: text}
	*p = s.past(nil)
	if string(text) != "null" && !s.finished() {
		return errors.New("history is not a list of [requests, bad] pairs of whole numbers")
	}
	return nil
}

func (s *scanner) past(pairs past) past {
	s.list(func() {
		s.expect('[')
		n := s.integer()
		s.expect(',')
		bad := s.integer()
		s.expect(']')
		pairs = append(pairs, judge.Counts{N: n, Bad: bad})
	})
	return pairs
}

func (s *scanner) counts() (c judge.Counts) {
	s.object(func(key string) {
		switch key {
		case "n":
			c.N = s.integer()
		case "bad":
			c.Bad = s.integer()
		default:
			s.bad = true
		}
	})
	return c
}

// object reads {"key": value, ...}; member reads the value of each key.
func (s *scanner) object(member func(key string)) {
	s.sequence('{', '}', func() {
		key := s.key()
		s.expect(':')
		member(key)
	})
}

func (s *scanner) list(item func()) { s.sequence('[', ']', item) }

func (s *scanner) sequence(open, end byte, item func()) {
	s.expect(open)
	if s.peek() == end {
		s.expect(end)
		return
	}
	for !s.bad {
		item()
		if s.peek() == end {
			s.expect(end)
			return
		}
		s.expect(',')
	}
}

// peek is the next byte that is no space; 0 at the end.
func (s *scanner) peek() byte {
	for len(s.rest) > 0 {
		switch s.rest[0] {
		case ' ', '\t', '\r', '\n':
			s.rest = s.rest[1:]
		default:
			return s.rest[0]
		}
	}
	return 0
}

// finished says that all was read and understood.
func (s *scanner) finished() bool { return s.peek() == 0 && len(s.rest) == 0 && !s.bad }

func (s *scanner) expect(b byte) {
	if s.bad || s.peek() != b {
		s.bad = true
		return
	}
	s.rest = s.rest[1:]
}

// keys are the known ones, so that reading one makes no garbage.
var keys = [...]string{
	"minute", "weight", "baseline", "candidate", "n", "bad", "revised",
	"rollout", "plan", "minutes", "alpha", "tolerance", "relative", "absolute", "history",
}

func (s *scanner) key() string {
	s.expect('"')
	for _, key := range keys {
		if n := len(key); len(s.rest) > n && s.rest[n] == '"' && string(s.rest[:n]) == key {
			s.rest = s.rest[n+1:]
			return key
		}
	}
	s.bad = true
	return ""
}

// text reads a string of plain letters.
func (s *scanner) text() string {
	s.expect('"')
	for i, b := range s.rest {
		switch {
		case b == '"':
			text := string(s.rest[:i])
			s.rest = s.rest[i+1:]
			return text
		case b == '\\' || b < ' ' || b > '~':
			s.bad = true
			return ""
		}
	}
	s.bad = true
	return ""
}

// mostDigits is how many digits a number may have to be exact.
const mostDigits = 15

// digits reads a run of digits onto value; there must be one at least.
func (s *scanner) digits(value int64) (int64, int) {
	n := 0
	for ; n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9'; n++ {
		if n == mostDigits {
			break
		}
		value = 10*value + int64(s.rest[n]-'0')
	}
	s.rest = s.rest[n:]
	s.bad = s.bad || n == 0
	return value, n
}

// integer reads a whole number that is not negative.
func (s *scanner) integer() int64 {
	first := s.peek()
	value, n := s.digits(0)
	s.bad = s.bad || first == '0' && n > 1
	s.ended()
	return value
}

// decimal reads digits with or without a fraction.
func (s *scanner) decimal() float64 {
	first := s.peek()
	whole, n := s.digits(0)
	s.bad = s.bad || first == '0' && n > 1
	scale := 1.0
	if len(s.rest) > 0 && s.rest[0] == '.' {
		s.rest = s.rest[1:]
		var places int
		whole, places = s.digits(whole)
		s.bad = s.bad || n+places > mostDigits
		for range places {
			scale *= 10
		}
	}
	s.ended()
	return float64(whole) / scale
}

// ended gives up on numbers that go on: longer ones, fractions of whole ones, exponents.
func (s *scanner) ended() {
	if len(s.rest) == 0 {
		return
	}
	switch b := s.rest[0]; {
	case b >= '0' && b <= '9', b == '.', b == 'e', b == 'E':
		s.bad = true
	}
}

func (s *scanner) boolean() bool {
	for _, word := range [...]string{"true", "false"} {
		if s.peek() == word[0] && len(s.rest) >= len(word) && string(s.rest[:len(word)]) == word {
			s.rest = s.rest[len(word):]
			return word == "true"
		}
	}
	s.bad = true
	return false
}
