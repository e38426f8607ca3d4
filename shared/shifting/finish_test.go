package shifting_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/local/sagemaker/hosting"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/rollout"
	"sluice/shared/shifting"
)

// turn is how the machine brings a rollout to its end: it asks and waits until the
// endpoint is where it should be. It reports the last answer and how often it asked.
func (w *world) turn(ask func() (shifting.Answer, error), target string) (a shifting.Answer, asked int, err error) {
	w.Helper()
	for asked = 1; asked < 20; asked++ {
		w.RunFor(time.Second)
		if a, err = ask(); err != nil {
			return a, asked, err
		}
		w.RunFor(time.Second)
		if a = w.await(target); a.Outcome != rollout.RolledBackByAWS && a.Outcome != rollout.Mixed && a.Outcome != rollout.Settled {
			return a, asked, nil
		}
	}
	w.Fatal("no end")
	return a, asked, nil
}

func (w *world) back(why func(*shifting.Return)) (shifting.Answer, int, error) {
	w.Helper()
	return w.turn(func() (shifting.Answer, error) {
		in := shifting.Return{Step: w.step()}
		if why != nil {
			why(&in)
		}
		return try(w, w.shift.RollBack, in)
	}, "baseline")
}

func (w *world) promote() (shifting.Answer, int, error) {
	w.Helper()
	return w.turn(func() (shifting.Answer, error) { return try(w, w.shift.Promote, w.step()) }, "promoted")
}

const asBefore = "InService, config churn-prod-1, AllTraffic 100 % on 2"

// From wherever a rollout is, it goes back to the baseline; the candidate loses its
// requests before it loses its place.
func TestRollBackFromEachPhase(t *testing.T) {
	undo := func(w *world, f hosting.Fate) { w.Do(func() { w.sm.Hosting.NextUpdate("churn-prod", f) }) }
	tests := []struct {
		name  string
		at    func(*testing.T) *world
		asks  []string // of what, in order
		tries int
	}{
		{"nothing changed yet", func(t *testing.T) *world { return planned(t) }, nil, 1},
		{"while the candidate comes up", func(t *testing.T) *world {
			w := planned(t)
			call(w, w.shift.PrepareVariants, w.step())
			return w
		}, []string{"config churn-prod-1"}, 2},
		{"the candidate failed to come up", func(t *testing.T) *world {
			w := planned(t)
			undo(w, hosting.Fate{Ending: hosting.RollsBack, Reason: "no capacity"})
			call(w, w.shift.PrepareVariants, w.step())
			w.RunUntilIdle(time.Hour)
			return w
		}, nil, 1},
		{"instances of both configs serve", func(t *testing.T) *world {
			w := planned(t)
			undo(w, hosting.Fate{Ending: hosting.RollbackFails})
			call(w, w.shift.PrepareVariants, w.step())
			w.RunUntilIdle(time.Hour)
			return w
		}, []string{"config churn-prod-1"}, 1},
		{"without requests", func(t *testing.T) *world { return prepared(t) }, []string{"config churn-prod-1"}, 1},
		{"while the weight moves", func(t *testing.T) *world {
			w := prepared(t)
			call(w, w.shift.ShiftWeight, w.step())
			return w
		}, []string{"0 % to churn-v2", "config churn-prod-1"}, 3},
		{"at 10 %", func(t *testing.T) *world { return shifted(t, 0) }, []string{"0 % to churn-v2", "config churn-prod-1"}, 2},
		{"at 100 %", func(t *testing.T) *world { return shifted(t, 1) }, []string{"0 % to churn-v2", "config churn-prod-1"}, 2},
		{"maintained by AWS", func(t *testing.T) *world {
			w := shifted(t, 0)
			w.Do(func() { w.sm.Hosting.Maintain("churn-prod", w.Now(), 20*time.Minute) })
			w.RunFor(time.Minute)
			return w
		}, []string{"0 % to churn-v2", "config churn-prod-1"}, 3},
		{"AWS undoes the first step back", func(t *testing.T) *world {
			w := shifted(t, 0)
			w.Do(func() { w.sm.Hosting.NextWeights("churn-prod", hosting.Fate{Ending: hosting.RollsBack}) })
			return w
		}, []string{"0 % to churn-v2", "0 % to churn-v2", "config churn-prod-1"}, 3},
		{"AWS undoes the second", func(t *testing.T) *world {
			w := shifted(t, 0)
			undo(w, hosting.Fate{Ending: hosting.RollsBack})
			return w
		}, []string{"0 % to churn-v2", "config churn-prod-1", "config churn-prod-1"}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := tt.at(t)
			before := len(w.told("effect"))
			a, asked, err := w.back(func(b *shifting.Return) { b.Woke = shifting.Woke{Alarm: "five", Reason: "too many"} })
			if err != nil || a.Outcome != rollout.Reached || asked != tt.tries {
				t.Errorf("got %+v after %d, %v; want %d", a, asked, err, tt.tries)
			}
			if got := w.endpoint(); got != asBefore {
				t.Errorf("endpoint %s", got)
			}
			asks := []string{}
			for _, line := range w.told("effect")[before:] {
				line, _, _ = strings.Cut(strings.TrimPrefix(line, "effect: asked for "), "; before")
				asks = append(asks, strings.TrimSuffix(line, " and 100 % to AllTraffic"))
			}
			if diff := cmp.Diff(append([]string{}, tt.asks...), asks); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			r := w.record()
			if r.State != rollout.Returning || r.Reason != "alarm five went off: too many" || r.Tries != tt.tries {
				t.Errorf("record is %s after %d tries: %s", r.State, r.Tries, r.Reason)
			}
			if r.Step >= 0 && r.Steps[r.Step].EndedAt.IsZero() {
				t.Error("the step has no end")
			}
		})
	}
}

func TestWhyItGoesBack(t *testing.T) {
	tests := []struct {
		name   string
		before string // reason in the record
		in     func(*shifting.Return)
		want   string
	}{
		{"a verdict has said it", "worse", func(b *shifting.Return) { b.Endpoint.Reason = "asked for" }, "worse"},
		{"an error", "", func(b *shifting.Return) {
			b.Error.Error, b.Error.Cause = "Denied", "no permission"
			b.Endpoint.Reason = "asked for"
		}, "a step failed with Denied: no permission"},
		{"an alarm", "", func(b *shifting.Return) {
			b.Woke = shifting.Woke{Alarm: "five", Reason: "r"}
			b.Endpoint.Reason = "reached"
		}, "alarm five went off: r"},
		{"the endpoint", "", func(b *shifting.Return) { b.Endpoint.Reason = "AWS undid the update" }, "AWS undid the update"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := prepared(t)
			r := w.record()
			r.Reason = tt.before
			w.Do(func() { _, err := w.table.PutRollout(ctx, r); w.ok(err) })
			in := shifting.Return{Step: w.step()}
			tt.in(&in)
			call(w, w.shift.RollBack, in)
			w.RunUntilIdle(time.Hour)
			again := shifting.Return{Step: w.step()}
			again.Endpoint.Reason = "something later"
			call(w, w.shift.RollBack, again)
			if got := w.record().Reason; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPromote(t *testing.T) {
	const alone = "InService, config FINAL, churn-v2 100 % on 3"
	t.Run("at once", func(t *testing.T) {
		w := shifted(t, 1)
		if a, asked, err := w.promote(); err != nil || a.Outcome != rollout.Reached || asked != 1 || w.endpoint() != alone {
			t.Errorf("got %+v after %d, %v: %s", a, asked, err, w.endpoint())
		}
		if r := w.record(); r.State != rollout.Promoting || r.Tries != 1 || r.Steps[1].EndedAt.IsZero() {
			t.Errorf("record %s after %d tries, %+v", r.State, r.Tries, r.Steps[1])
		}
		w.RunFor(time.Second)
		if got := call(w, w.shift.Promote, w.step()); got.Outcome != rollout.Reached {
			t.Errorf("again: %+v", got)
		}
	})
	t.Run("undone by AWS, twice", func(t *testing.T) {
		w := shifted(t, 1)
		w.Do(func() {
			w.sm.Hosting.NextUpdate("churn-prod", hosting.Fate{Ending: hosting.RollsBack, Reason: "no capacity"})
			w.sm.Hosting.NextUpdate("churn-prod", hosting.Fate{Ending: hosting.RollbackFails})
		})
		if a, asked, err := w.promote(); err != nil || a.Outcome != rollout.Reached || asked != 3 || w.endpoint() != alone {
			t.Errorf("got %+v after %d, %v: %s", a, asked, err, w.endpoint())
		}
	})
	t.Run("the candidate keeps the requests meanwhile", func(t *testing.T) {
		w := shifted(t, 1)
		w.Do(func() { w.sm.Hosting.NextUpdate("churn-prod", hosting.Fate{Ending: hosting.RollsBack}) })
		call(w, w.shift.Promote, w.step())
		w.RunUntilIdle(time.Hour)
		if got := w.endpoint(); got != "InService, config BOTH, AllTraffic 0 % on 2, churn-v2 100 % on 3" {
			t.Errorf("endpoint %s", got)
		}
	})
	t.Run("somebody else has changed it", func(t *testing.T) {
		w := shifted(t, 1)
		w.Do(w.foreign)
		w.RunUntilIdle(time.Hour)
		if a, asked, err := w.promote(); err != nil || a.Outcome != rollout.Foreign || asked != 1 {
			t.Errorf("got %+v after %d, %v", a, asked, err)
		}
		if a, _, err := w.back(nil); err != nil || a.Outcome != rollout.Foreign || !strings.Contains(w.endpoint(), "config theirs") {
			t.Errorf("going back: %+v, %v: %s", a, err, w.endpoint())
		}
	})
}

// AWS is asked a bounded number of times, whichever way the rollout ends.
func TestTriesAreBounded(t *testing.T) {
	never := func(w *world) {
		w.Do(func() {
			for range 30 {
				w.sm.Hosting.NextUpdate("churn-prod", hosting.Fate{Ending: hosting.RollsBack, Takes: time.Minute})
			}
		})
	}
	for name, end := range map[string]func(*world) (shifting.Answer, int, error){"promote": (*world).promote, "back": func(w *world) (shifting.Answer, int, error) { return w.back(nil) }} {
		t.Run(name, func(t *testing.T) {
			w := shifted(t, 1)
			never(w)
			a, asked, err := end(w)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "in 12 tries") || asked != 13 {
				t.Errorf("got %+v after %d, %v", a, asked, err)
			}
		})
	}
	// Going back after promoting has all its tries left.
	w := shifted(t, 1)
	never(w)
	if _, _, err := w.promote(); err == nil {
		t.Fatal("promoted against all odds")
	}
	w.Do(func() { *w.sm.Hosting.Truths("churn-prod") = hosting.Truths{} })
	if a, _, err := w.back(nil); err != nil || a.Outcome != rollout.Reached {
		t.Errorf("got %+v, %v", a, err)
	}
}

// What AWS throttles, and what the machine repeats because it found the endpoint
// busy, is one try: it is the same visit of the state.
func TestThrottlingCostsNoTries(t *testing.T) {
	w := shifted(t, 0)
	w.RunFor(time.Second)
	in := shifting.Return{Step: w.step()}
	w.srv.Fault = func(c *wire.Call, _ any) wire.Effect {
		if c.Operation == "UpdateEndpointWeightsAndCapacities" {
			return wire.Throttle
		}
		return wire.NoFault
	}
	for range 30 {
		if _, err := try(w, w.shift.RollBack, in); !fault.Is(err, fault.Throttled) {
			t.Fatalf("got %v", err)
		}
	}
	w.srv.Fault = nil
	if got := call(w, w.shift.RollBack, in); got.Outcome != rollout.Moving || w.record().Tries != 1 {
		t.Errorf("got %+v after %d tries", got, w.record().Tries)
	}
}

// Rolling back and promoting may die at any call.
func TestFinishCrashes(t *testing.T) {
	s := map[*world]shifting.Step{}
	t.Run("back", func(t *testing.T) {
		crashes(t, func() *world { w := shifted(t, 0); s[w] = w.step(); return w }, func(w *world) { call(w, w.shift.RollBack, shifting.Return{Step: s[w]}) }, func(w *world, n int, effect wire.Effect) {
			w.RunUntilIdle(time.Hour)
			if got := w.endpoint(); got != "InService, config BOTH, AllTraffic 100 % on 2, churn-v2 0 % on 3" || w.record().Tries != 1 || len(w.told("effect")) != 3 {
				t.Errorf("call %d, effect %v: %s after %d tries\n%v", n, effect, got, w.record().Tries, w.told())
			}
		})
	})
	t.Run("promote", func(t *testing.T) {
		crashes(t, func() *world { w := shifted(t, 1); s[w] = w.step(); return w }, func(w *world) { call(w, w.shift.Promote, s[w]) }, func(w *world, n int, effect wire.Effect) {
			w.RunUntilIdle(time.Hour)
			if got := w.endpoint(); got != "InService, config FINAL, churn-v2 100 % on 3" || w.record().Tries != 1 {
				t.Errorf("call %d, effect %v: %s after %d tries\n%v", n, effect, got, w.record().Tries, w.told())
			}
		})
	})
}
