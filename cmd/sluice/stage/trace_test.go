package stage_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/lambda"
	"sluice/local/sim"
	"sluice/local/wire"
)

// traced plays a scenario of the example and writes down, in order, the invocations
// of functions on the rollout's way and the states that its execution enters.
func traced(t *testing.T, name string, see func(at time.Time, what string)) *stage.Stage {
	t.Helper()
	s, err := stage.Load(os.DirFS("../../.."), "examples/churn/scenarios/"+name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	world := sim.NewWorld(stage.Opening, s.Seed)
	st, err := stage.Set(t.Context(), s, world, func(a *local.AWS, f lambda.Function) (lambda.Host, error) { return local.InProcess(a, f) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	p := stage.Begin(t.Context(), st, ui.NewText(ui.Stream{Writer: &strings.Builder{}}, ui.Stream{Writer: &strings.Builder{}}))
	world.Do(func() {
		st.AWS.Lambda.Fault = func(function string, _ int) wire.Effect {
			function = strings.TrimPrefix(function, stage.StackName+"-")
			see(world.Now(), "invoke "+function[:strings.Index(function, "Function")])
			return wire.NoFault
		}
		st.AWS.Server.Observe = func(r wire.Record) {
			if r.Operation == "UpdateEndpointWeightsAndCapacities" && r.Err == nil {
				see(world.Now(), "weights")
			}
			if r.Operation == "SetAlarmState" {
				see(world.Now(), "alarm")
			}
		}
		next := st.AWS.States.OnTransition
		st.AWS.States.OnTransition = func(arn, state string, entered bool, data json.RawMessage) {
			next(arn, state, entered, data)
			if entered {
				see(world.Now(), "state "+state)
			}
		}
	})
	r, err := p.End(t.Context())
	if err != nil || len(r.Misses) > 0 {
		t.Fatalf("%v, %v", err, r.Misses)
	}
	return st
}

// From an alarm to the call that takes the requests back there are one event and two
// invocations, and no look in between: the alarm is reason enough. (on-alarm hears of
// the same event, and asks whether it is a drift alarm; nobody waits for it.)
func TestFromAlarmToWeights(t *testing.T) {
	var trace []string
	var alarm, weights time.Time
	st := traced(t, "alarm", func(at time.Time, what string) {
		switch {
		case what == "alarm":
			alarm = at
		case alarm.IsZero() || !weights.IsZero() || what == "invoke OnAlarm":
		case what == "weights":
			weights = at
		default:
			trace = append(trace, what)
		}
	})
	want := []string{"invoke OnSignal", "state WhatWoke", "state RollBack", "invoke RollBack"}
	if diff := cmp.Diff(want, trace); diff != "" {
		t.Errorf("between the alarm and the weights (-want +got):\n%s", diff)
	}
	var events []string
	for _, l := range st.AWS.Events.Log() {
		if !l.At.Before(alarm) && l.At.Before(weights) { // the change of weights is an event itself
			events = append(events, l.Event.DetailType)
		}
	}
	if diff := cmp.Diff([]string{"CloudWatch Alarm State Change"}, events); diff != "" {
		t.Errorf("events on the way (-want +got):\n%s", diff)
	}
	if took := weights.Sub(alarm); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// While a rollout bakes its execution does nothing but look: each bake is followed by
// one look, and the number of looks is what the plan's minutes ask for.
func TestBakingCostsLooksOnly(t *testing.T) {
	var trace []string
	traced(t, "linear", func(_ time.Time, what string) {
		if state, ok := strings.CutPrefix(what, "state "); ok {
			trace = append(trace, state)
		}
	})
	looks := 0
	for i, state := range trace {
		if state != "Bake" {
			continue
		}
		next := trace[i+1:]
		if len(next) > 2 && next[0] == "WhatWoke" {
			next = next[1:] // the endpoint's own event, which may come late
		}
		if len(next) < 2 || next[0] != "Judge" || next[1] != "Verdict" {
			t.Fatalf("a bake is followed by %v", next[:min(3, len(next))])
		}
		looks++
	}
	// Four steps: three of 4 minutes, one of 5; metrics come up to two minutes late, and a
	// held minute looks once more.
	if looks < 17 || looks > 35 {
		t.Errorf("%d looks in 17 minutes of bakes", looks)
	}
}
