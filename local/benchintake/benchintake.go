// Package benchintake measures what it takes to turn a million object events into one
// training run: the functions on-data and launch-pipeline as they are deployed, with
// their adapters, over the emulators, while events repeat, come in any order and
// functions die. It counts every AWS call and puts list prices on them, beside the
// design that pays for every event.
//
// It emulates only what the rest of local/ would keep in memory: the store, which is
// a folder here. It decides nothing about intake; cmd/benchintake prints what it finds.
package benchintake

import (
	"fmt"
	"io/fs"
	"maps"
	"time"
)

// Options say what to measure.
type Options struct {
	Events int    // of S3, a tenth of them repeated
	Dir    string // an empty folder for the store
	Seed   uint64
	// Crash is after how many invocations of on-data one dies; 0 for never.
	Crash int
	Files fs.FS // template.yaml and what it names
	// CPU is the processor time that this process has used, and Clock the time that has
	// passed since any moment.
	CPU, Clock func() time.Duration
}

// Shares of the load.
const (
	repeated    = 10 // one event in so many is a second one of an object
	redelivered = 5  // one message in so many is delivered twice
)

// Measurement is what was counted.
type Measurement struct {
	Events, Objects, Messages int // of S3; distinct ones; delivered by the queue
	Invocations, Deaths       int // of on-data
	Launches                  int // pipeline executions
	LaunchTries               int // invocations of launch-pipeline, of which all but one died
	Manifest                  Manifest
	Calls                     map[string]int // "service operation"
	Units                     Units
	Functions                 []Function
	PayloadBytes              int // of the mean invocation of on-data
	// Reopening is what report-training takes if the run fails, and its objects are to
	// be pending again.
	Reopening Function
}

// AllCalls is how many calls Sluice made.
func (m Measurement) AllCalls() int {
	n := 0
	for _, c := range m.Calls {
		n += c
	}
	return n
}

// Measure takes the events in, launches the run and reads its manifest.
func Measure(o Options) (Measurement, error) {
	a, err := open(o)
	if err != nil {
		return Measurement{}, fmt.Errorf("setting up: %w", err)
	}
	m := Measurement{Events: o.Events, Objects: o.Events - o.Events/repeated, Messages: o.Events + o.Events/redelivered}
	for payload := range payloads(o.Events, o.Seed) {
		m.PayloadBytes += len(payload)
		m.Invocations++
		if o.Crash > 0 && m.Invocations%o.Crash == 0 {
			died, err := a.dies("on-data", payload, m.Invocations/o.Crash%4)
			if err != nil {
				return m, err
			}
			if died {
				m.Deaths++
				m.Invocations++
			}
		}
		if err := a.invoke("on-data", payload, nil); err != nil {
			return m, err
		}
	}
	m.PayloadBytes /= max(1, m.Invocations-m.Deaths)
	if m.LaunchTries, err = a.train(o.Crash > 0); err != nil {
		return m, err
	}
	m.Launches, m.Calls, m.Units, m.Functions = a.launched, maps.Clone(a.calls), a.units, a.took()
	if m.Manifest, err = a.manifest(m.Objects); err != nil {
		return m, err
	}
	m.Reopening, err = a.reopen()
	return m, err
}
