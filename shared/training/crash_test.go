package training_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/pipelines"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/training"
)

// errDied is what is left of a process that a fault has ended.
var errDied = errors.New("the process died")

// killer counts the calls to AWS and ends the process at one of them.
type killer struct {
	at     int // call, from 0; -1 for none
	effect wire.Effect
	calls  int
	first  map[int]bool // calls that were the first of a handler
}

func (k *killer) fault(*wire.Call, any) wire.Effect {
	if k.calls++; k.calls-1 == k.at {
		return k.effect
	}
	return wire.NoFault
}

// attempt repeats a step until it succeeds, as the queue and the state machine do.
func (w *world) attempt(k *killer, what string, do func() error) {
	w.Helper()
	k.first[k.calls] = true
	for range 4 {
		err := func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					if _, crash := p.(wire.Crash); !crash {
						panic(p)
					}
					err = errDied
				}
			}()
			return do()
		}()
		if err == nil {
			return
		}
		if kind := fault.Of(err); kind == fault.Invalid || kind == fault.Denied || kind == fault.NotFound {
			w.Fatalf("%s: %v, which no machine would try again", what, err)
		}
	}
	w.Fatalf("%s never succeeds", what)
}

// serve runs a generation from the lease to the report. Now stays the same for a step
// that is repeated, as the state machine's EnteredTime does.
func (w *world) serve(k *killer, generation int) {
	w.Helper()
	s := w.step(generation)
	w.attempt(k, "lease", func() error {
		a, err := try(w, w.run.Desk.TakeLease, leasing.Request{Lease: "training/churn", Owner: s.Run, Token: "lease" + s.Run, Now: s.Now})
		if err == nil && !a.Held {
			err = fmt.Errorf("%s does not get the lease", s.Run)
		}
		return err
	})
	w.attempt(k, "launch", func() error { _, err := try(w, w.run.LaunchPipeline, s); return err })
	w.RunUntilIdle(24 * time.Hour)
	end := training.End{Step: s}
	end.Now, end.Token = w.Now(), "pipeline"+s.Run
	w.attempt(k, "await", func() (err error) { end.Ended, err = try(w, w.run.AwaitPipeline, end.Step); return err })
	if end.Ended.Status == "Succeeded" {
		w.attempt(k, "gate", func() error { _, err := try(w, w.run.GatePackage, end.Step); return err })
	}
	w.attempt(k, "report", func() error { _, err := try(w, w.run.ReportTraining, end); return err })
}

// everywhere lives a story once undisturbed, and then again and again while the
// process dies at each of its calls. Dying before a call is dying after the one
// before it, but for the first call of a handler.
func everywhere(t *testing.T, want story, live func(*world, *killer) story) {
	t.Helper()
	with := func(k *killer) *killer {
		k.first = map[int]bool{}
		if diff := cmp.Diff(want, live(newWorld(t), k)); diff != "" {
			t.Fatalf("dying at call %d, effect %v (-want +got):\n%s", k.at, k.effect, diff)
		}
		return k
	}
	whole := with(&killer{at: -1})
	for n := range whole.calls {
		with(&killer{at: n, effect: wire.CrashAfter})
		if whole.first[n] {
			with(&killer{at: n, effect: wire.CrashBefore})
		}
	}
}

// story is what came of one model's events.
type story struct {
	Manifests [][]string // of the runs that were launched, in order
	States    []training.State
	Open      int // generation
	Pipelines int // executions
	Notices   bool
	Holder    string
}

func (w *world) story() story {
	w.srv.Fault = nil
	w.RunUntilIdle(24 * time.Hour)
	got := story{Open: w.open(), Pipelines: len(w.runs), Holder: w.holder(), Notices: len(w.sns.Messages("")) > 0}
	for g := 1; g < got.Open; g++ {
		got.States = append(got.States, w.runOf(g).State)
		got.Manifests = append(got.Manifests, w.manifest(g))
	}
	return got
}

// From the events of a burst, some of them twice, to a gated package: one generation
// is closed, once, and its manifest lists each object once.
func TestDyingOnTheWayToAPackage(t *testing.T) {
	want := story{Manifests: [][]string{{"a@1", "b@2", "c@1"}}, States: []training.State{training.Trained}, Open: 2, Pipelines: 1, Notices: true}
	everywhere(t, want, func(w *world, k *killer) story {
		w.srv.Fault = k.fault
		w.attempt(k, "data", func() error { _, err := try(w, w.intake.OnData, w.batch("a", "b", "a")); return err })
		w.attempt(k, "more data", func() error { _, err := try(w, w.intake.OnData, w.batch("c", "b@2", "a")); return err })
		w.serve(k, 1)
		return w.story()
	})
}

// A run that fails: its objects are in the next run, once each, with what is new.
func TestDyingWhileAFailureIsReported(t *testing.T) {
	want := story{Manifests: [][]string{{"a@1", "b@1"}, {"a@1", "b@2", "c@1"}}, States: []training.State{training.Failed, training.Trained}, Open: 3, Pipelines: 2, Notices: true}
	everywhere(t, want, func(w *world, k *killer) story {
		w.script = failing
		w.arrive("a", "b")
		w.launch(1)
		w.RunUntilIdle(24 * time.Hour)
		s := w.step(1)
		w.srv.Fault = k.fault
		w.attempt(k, "report", func() error {
			_, err := try(w, w.run.ReportTraining, training.End{Step: s, Ended: training.Ended{Status: "Failed", Reason: "no memory"}})
			return err
		})
		w.srv.Fault = nil
		w.script = func(pipelines.Run) pipelines.Outcome { return auc(0.9) }
		w.arrive("c", "b@2")
		w.serve(&killer{at: -1, first: map[int]bool{}}, 2)
		return w.story()
	})
}
