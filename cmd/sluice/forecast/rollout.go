package forecast

import (
	"math"

	"sluice/shared/judge"
)

// Outcome is how a rollout ended.
type Outcome string

// The outcomes.
const (
	Promoted Outcome = "promoted"
	Caught   Outcome = "rolled back" // the judge had the evidence
	GaveUp   Outcome = "gave up"     // rolled back without it: nobody called the candidate
	CutOff   Outcome = "cut off"     // the record ended before the rollout did
)

// source serves the minutes of a rollout.
type source interface {
	// serve is minute t with this percentage of requests to the candidate; its
	// readings are valid for lateness more calls. False when there are no more.
	serve(t int, weight float64) (served, bool)
}

// served is one minute as it was.
type served struct {
	readings []judge.Reading
	active   bool // the candidate's fault was, whatever it is
}

// ending is how one rollout went.
type ending struct {
	outcome Outcome
	minute  int     // since the beginning, when the outcome was in force
	weight  float64 // when it was decided
	began   int     // the first minute in which the fault met requests; -1 if none did
	exposed int64   // requests that the candidate served while its fault was active
	bad     int64   // of them, those that failed
	floor   int64   // of the failed, those that came before anybody could have acted
	starts  []int   // minute at which each reached step began
}

// engine is one rollout under way: what the rollout machine, CloudWatch and the
// endpoint do. Time is minutes since the first step began; minute t lasts from t to
// t+1.
type engine struct {
	rules Rules
	run   *judge.Run // which has learned the history
	from  source
	watch func(judge.Minute) // is told of each minute after it was judged; may be nil

	now     int
	step    int
	reached int                        // when the step's weight was in force
	label   int                        // the step of the last judged minute
	pending [lateness + 1]judge.Minute // the minutes that were served last
	sure    bool                       // the evidence has been beyond the limit: then a rollback stands
	so      ending
	err     error
}

// conduct plays a rollout to its end.
func conduct(rules Rules, run *judge.Run, from source, watch func(judge.Minute)) (ending, error) {
	e := &engine{rules: rules, run: run, from: from, watch: watch, label: judge.Shifting}
	e.so.began, e.so.starts = -1, append(make([]int, 0, len(rules.Plan)), 0)
	for e.so.outcome == "" && e.err == nil {
		if !e.pass(e.step) {
			e.end(CutOff)
			break
		}
		if (e.now-e.reached)%rules.Look == 0 {
			e.look()
		}
	}
	return e.so, e.err
}

// look does what the rollout machine makes of the verdict that there is now: see decide
// of shifting.
func (e *engine) look() {
	switch action := e.run.Action(); {
	case action == judge.RollBack:
		e.goBack()
	case e.label != e.step:
		// What was judged last is from before this step.
	case action == judge.Hold && e.now-e.reached > longestPause && e.run.Verdict().Paused:
		e.goBack()
	case action == judge.Advance && e.step == len(e.rules.Plan)-1:
		e.end(Promoted)
	case action == judge.Advance:
		if e.shift() {
			e.step, e.reached = e.step+1, e.now
			e.so.starts = append(e.so.starts, e.now)
		} else {
			e.end(CutOff)
		}
	}
}

// goBack ends the rollout; the candidate serves until the weights have changed.
func (e *engine) goBack() {
	outcome := GaveUp
	if e.sure {
		outcome = Caught
	}
	e.shift()
	e.end(outcome)
}

// shift lets the weights move: nothing is served differently until they have.
func (e *engine) shift() bool {
	for range delay {
		if !e.pass(judge.Shifting) {
			return false
		}
	}
	return true
}

// pass serves the next minute at the weight of the present step, and judges the one
// whose metrics have come meanwhile. It is false when there are no more minutes.
func (e *engine) pass(label int) bool {
	s, more := e.from.serve(e.now, e.rules.Plan[e.step].Weight)
	if !more {
		return false
	}
	e.count(s)
	e.pending[e.now%len(e.pending)] = judge.Minute{At: e.now, Step: label, Readings: s.readings}
	e.now++
	if due := e.now - 1 - lateness; due >= 0 {
		m := e.pending[due%len(e.pending)]
		e.err = e.run.Absorb(m)
		e.label = m.Step
		e.sure = e.sure || e.run.Evidence() >= -math.Log(e.rules.Config.Alpha)
		if e.watch != nil {
			e.watch(m)
		}
	}
	return e.err == nil
}

// count adds up what the fault did in the present minute.
func (e *engine) count(s served) {
	candidate := s.readings[0].Candidate
	if !s.active || candidate.N == 0 {
		return
	}
	if e.so.began < 0 {
		e.so.began = e.now
	}
	e.so.exposed += candidate.N
	e.so.bad += candidate.Bad
	if e.now <= e.so.began+lateness+delay {
		e.so.floor += candidate.Bad
	}
}

func (e *engine) end(o Outcome) {
	e.so.outcome, e.so.minute, e.so.weight = o, e.now, e.rules.Plan[e.step].Weight
}
