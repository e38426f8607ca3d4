// Package protocol speaks to the judge over lines of JSON, for other programs and for measuring it: `sluice judge
// --jsonl`. One process judges many rollouts, one after another. A line with a plan begins a rollout and is not
// answered; every other line is a minute of it and is answered by one line. End of input is a normal end.
//
// It only translates: weights are shares here and percent in the judge, and a step is recognised by its weight.
package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"sluice/shared/judge"
)

// lead is how many minutes pass from a verdict to its effect in this protocol.
const lead = 1

// rollout is the line that begins one.
type rollout struct {
	Rollout   string     `json:"rollout"`
	Plan      []step     `json:"plan"`
	Alpha     float64    `json:"alpha"`
	Tolerance *tolerance `json:"tolerance"`
	History   past       `json:"history"` // the baseline's minutes before, oldest first
}

type step struct {
	Weight  float64 `json:"weight"` // share of requests, above 0 to 1
	Minutes int     `json:"minutes"`
}

type tolerance struct {
	Relative float64 `json:"relative"`
	Absolute float64 `json:"absolute"`
}

// minute is the line of one minute.
type minute struct {
	Minute    int          `json:"minute"`
	Weight    float64      `json:"weight"`
	Baseline  judge.Counts `json:"baseline"`
	Candidate judge.Counts `json:"candidate"`
	Revised   bool         `json:"revised"`
}

// Serve answers every minute read from in, flushed before it waits for more, until the end of input.
// Errors: a line that is no JSON of these shapes, or counts and minutes that cannot be; all name the line.
func Serve(in io.Reader, out io.Writer) error {
	s := session{out: bufio.NewWriterSize(out, 1<<16)}
	reader := bufio.NewReaderSize(in, 1<<16)
	for number := 1; ; number++ {
		line, err := readLine(reader, s.long[:0])
		if len(line) > 0 {
			s.long = line
			if err := s.take(bytes.TrimSpace(line)); err != nil {
				return errors.Join(fmt.Errorf("line %d: %w", number, err), s.out.Flush())
			}
		}
		if reader.Buffered() == 0 {
			if err := s.out.Flush(); err != nil {
				return fmt.Errorf("answering line %d: %w", number, err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading line %d: %w", number, err)
		}
	}
}

// readLine appends the next line to buffer, however long it is.
func readLine(reader *bufio.Reader, buffer []byte) ([]byte, error) {
	for {
		part, err := reader.ReadSlice('\n')
		buffer = append(buffer, part...)
		if err != bufio.ErrBufferFull {
			return buffer, err
		}
	}
}

// session is the rollout being judged.
type session struct {
	out     *bufio.Writer
	long    []byte
	plan    judge.Plan
	run     *judge.Run
	step    int
	reading [1]judge.Reading
}

func (s *session) take(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	var m minute
	if !m.parse(line) {
		if bytes.Contains(line, []byte(`"plan"`)) {
			return s.begin(line)
		}
		m = minute{}
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("reading a minute: %w", err)
		}
	}
	return s.judge(m)
}

// begin ends the rollout before and starts another.
func (s *session) begin(line []byte) error {
	config := judge.Defaults()
	config.Lead = lead
	r := rollout{Alpha: config.Alpha}
	if !r.parse(line) {
		r = rollout{Alpha: config.Alpha}
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("reading a rollout: %w", err)
		}
	}
	if r.Tolerance != nil {
		config.Metrics[0].Relative, config.Metrics[0].Absolute = r.Tolerance.Relative, r.Tolerance.Absolute
	}
	s.plan, s.step = nil, 0
	for _, step := range r.Plan {
		s.plan = append(s.plan, judge.Step{Weight: 100 * step.Weight, Minutes: step.Minutes})
	}
	run, err := judge.NewRun(config, s.plan)
	if err != nil {
		return fmt.Errorf("rollout %q: %w", r.Rollout, err)
	}
	s.run = run
	for i, counts := range r.History {
		s.reading[0] = judge.Reading{Baseline: counts}
		if err := run.Absorb(judge.Minute{At: i - len(r.History), Readings: s.reading[:]}); err != nil {
			return fmt.Errorf("rollout %q: history: %w", r.Rollout, err)
		}
	}
	return nil
}

func (s *session) judge(m minute) error {
	if s.run == nil {
		return errors.New("a minute before any rollout: send a line with a plan first")
	}
	if m.Minute < 0 {
		return fmt.Errorf("minute %d: count minutes from 0", m.Minute)
	}
	s.reading[0] = judge.Reading{Baseline: m.Baseline, Candidate: m.Candidate}
	take := s.run.Absorb
	if m.Revised {
		take = s.run.Revise
	} else {
		s.step = s.stepOf(m.Weight)
	}
	if err := take(judge.Minute{At: m.Minute, Step: s.step, Readings: s.reading[:]}); err != nil {
		return err
	}
	s.answer()
	return nil
}

// stepOf finds the step that serves at this weight: the current one, or the next of the same weight once it is over.
func (s *session) stepOf(weight float64) int {
	same := func(i int) bool { return math.Abs(s.plan[i].Weight-100*weight) < 1e-6 }
	from := max(s.step, 0)
	if s.run.Action() == judge.Advance && from+1 < len(s.plan) && same(from+1) {
		return from + 1
	}
	for i := range s.plan {
		if candidate := (from + i) % len(s.plan); same(candidate) {
			return candidate
		}
	}
	return judge.Shifting
}

// words are the protocol's for the judge's actions. The plan's clock ends a step by itself, so the end of a step is
// nothing to announce; promote is for ending one early.
var words = map[judge.Action]string{
	judge.Continue: "continue",
	judge.Advance:  "continue",
	judge.Hold:     "hold",
	judge.RollBack: "rollback",
}

func (s *session) answer() {
	b := append(s.out.AvailableBuffer(), `{"verdict":"`...)
	b = append(b, words[s.run.Action()]...)
	b = append(b, `","evidence":`...)
	b = strconv.AppendFloat(b, math.Round(s.run.Evidence()*1e4)/1e4+0, 'g', -1, 64)
	b = append(b, "}\n"...)
	s.out.Write(b) // a failed write is remembered and reported by Flush
}
