package worlds

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"sluice/local/asl/exec"
	"sluice/local/dynamodb"
	"sluice/local/dynamodb/expr"
	"sluice/local/lambda"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/states"
	"sluice/local/wire"
)

// item makes an item of pairs of names and values.
func item(pairs ...any) dynamodb.Item {
	it := dynamodb.Item{}
	for i := 0; i < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case string:
			it[pairs[i].(string)] = expr.String(v)
		case int:
			it[pairs[i].(string)] = expr.Int(int64(v))
		}
	}
	return it
}

// seen is a watch in the middle of things: generation 3 is open, and churn-v2 has the
// endpoint, which churn-v1 has changed before.
func seen() *watch {
	w := newWatch(nil)
	w.open = 3
	w.leases["endpoint/"+endpoint] = lease{"churn-v2", time.Time{}}
	w.callers["KEY"] = "shift-weight"
	w.writer = "churn-v1"
	w.rollouts["churn-v1"] = &rollout{state: "rolledBack", changed: true}
	w.rollouts["churn-v2"] = &rollout{state: "running", candidate: "final", variant: "churn-v2"}
	w.rollouts["churn-v3"] = &rollout{state: "waiting"}
	w.training["arn:1"] = true
	return w
}

func TestInvariantsOfWrites(t *testing.T) {
	const ended = "2026-03-02T09:00:00Z"
	for _, c := range []struct {
		name  string
		wrong func(*watch, write) string
		step  write
		want  string // part of what is said; "" for nothing
	}{
		{"the next generation opens", closedOnce, write{sk: "DEMAND", after: item("generation", 4)}, ""},
		{"an attempt is counted", closedOnce, write{sk: "DEMAND", after: item("generation", 3, "attempt", 1)}, ""},
		{"a generation opens again", closedOnce, write{sk: "DEMAND", after: item("generation", 2)}, "2 is open after 3"},
		{"a generation is left out", closedOnce, write{sk: "DEMAND", after: item("generation", 5)}, "5 is open after 3"},
		{"a chunk in the open demand", closedStays, write{pk: "DEMAND#churn#3", sk: "x"}, ""},
		{"a chunk in closed demand", closedStays, write{pk: "DEMAND#churn#2", sk: "x"}, "3 is open"},
		{"a rollout goes on", endStays, write{sk: "ROLLOUT", before: item("state", "running", "endedAt", "0001-01-01T00:00:00Z"), after: item("state", "returning")}, ""},
		{"an end is repeated", endStays, write{sk: "ROLLOUT", before: item("state", "halted", "endedAt", ended), after: item("state", "halted")}, ""},
		{"an end is changed", endStays, write{sk: "ROLLOUT", before: item("state", "promoted", "endedAt", ended), after: item("state", "halted")}, "had ended as promoted"},
		{"a run is forgotten", endStays, write{sk: "RUN#1", before: item("state", "trained", "endedAt", ended)}, "is deleted"},
		{"refused and harmless", refusedHarmless, write{pk: "ROLLOUT#churn-v3", sk: "ROLLOUT", after: item("state", "refused")}, ""},
		{"refused after a change", refusedHarmless, write{pk: "ROLLOUT#churn-v1", sk: "ROLLOUT", after: item("state", "refused")}, "has changed the endpoint"},
	} {
		expect(t, c.name, c.wrong(seen(), c.step), c.want)
	}
}

func TestInvariantsOfCalls(t *testing.T) {
	update := func(rollout, config string) call {
		c := call{by: invocation{function: "shift-weight", Rollout: rollout}}
		c.AccessKey, c.Operation, c.EndpointName, c.EndpointConfigName = "KEY", "UpdateEndpoint", endpoint, config
		return c
	}
	throttled := update("churn-v3", "both")
	throttled.Effect = wire.Throttle
	denied := update("churn-v2", "both")
	denied.Err, denied.Refused = wire.Errorf("AccessDeniedException", "no"), &wire.Access{}
	unknown := update("churn-v2", "both")
	unknown.Err = wire.Errorf("NotImplemented", "local AWS does not implement it")
	for _, c := range []struct {
		name  string
		wrong func(*watch, call) string
		step  call
		want  string
	}{
		{"the holder changes it", oneWriter, update("churn-v2", "both"), ""},
		{"another changes it", oneWriter, update("churn-v3", "both"), `held by "churn-v2"`},
		{"another would, and is throttled", oneWriter, throttled, ""},
		{"nobody's rollout changes it", oneWriter, update("", "both"), "outside of any rollout"},
		{"permitted", permitted, update("churn-v2", "both"), ""},
		{"denied", permitted, denied, "shift-weight may not"},
		{"known", answered, denied, ""},
		{"unknown", answered, unknown, "does not implement"},
		{"up before the verdict", neverUpAgain, update("churn-v2", "final"), ""},
	} {
		expect(t, c.name, c.wrong(seen(), c.step), c.want)
	}
	w := seen()
	w.rollouts["churn-v2"].verdict = true
	expect(t, "up after the verdict", neverUpAgain(w, update("churn-v2", "final")), "the candidate's alone")
	w = seen()
	w.leases["endpoint/"+endpoint] = lease{"churn-v1", time.Time{}}
	expect(t, "it changes after its end", oneWriter(w, update("churn-v1", "both")), "rolledBack already")
	w.writer = "churn-v2"
	expect(t, "two take turns", oneWriter(w, update("churn-v1", "both")), "again, after churn-v2 has")
}

func TestOtherInvariants(t *testing.T) {
	failed := func(kind string) end {
		return end{"judge", lambda.Outcome{Error: &messages.InvokeResponse_Error{Type: kind}}}
	}
	expect(t, "a known error", knownError(nil, failed("Throttled")), "")
	expect(t, "a wrapped error", knownError(nil, failed("wrapError")), "wrapError")
	expect(t, "a crash", noPanic(nil, end{"judge", lambda.Outcome{Died: "exit status 1", Log: []string{"process crashed"}}}), "")
	expect(t, "a panic", noPanic(nil, end{"judge", lambda.Outcome{Exits: true, Log: []string{"panic: nil"}}}), "judge: panic: nil")
	expect(t, "a second training", oneTraining(seen(), pipelines.Run{Ordinal: 2}), "arn:1 still runs")
	expect(t, "a first training", oneTraining(newWatch(nil), pipelines.Run{Ordinal: 1}), "")
	long := states.Execution{Name: "churn-v2", Status: exec.Succeeded, Events: maxEvents}
	expect(t, "a long history", historyBounded(nil, rest{executions: []states.Execution{long}}), "churn-v2 has 10000 events")
	long.Status = exec.Running
	expect(t, "one that runs", comesToRest(nil, rest{idle: true, executions: []states.Execution{long}}), "churn-v2 runs since")
	expect(t, "a world at rest", comesToRest(nil, rest{idle: true}), "")
	expect(t, "a world without rest", comesToRest(nil, rest{}), "still goes on")
	w := seen()
	w.rollouts["churn-v2"].changed = true
	expect(t, "a halt that holds", haltHolds(w, step{"churn-v2", "Halted"}), "")
	delete(w.leases, "endpoint/"+endpoint)
	expect(t, "a halt that lets go", haltHolds(w, step{"churn-v2", "Halted"}), "the endpoint is free")
	expect(t, "a halt without a change", haltHolds(w, step{"churn-v3", "Halted"}), "")
	expect(t, "a lease that stays", leasesFreed(seen(), rest{}), "churn-v2 holds endpoint/churn-prod")
}

func expect(t *testing.T, name, got, want string) {
	t.Helper()
	if (got == "") != (want == "") || !strings.Contains(got, want) {
		t.Errorf("%s: %q is said; want %q in it", name, got, want)
	}
}

// The first invariant that does not hold is kept; what follows from it is noise.
func TestTheFirstBrokenInvariantIsKept(t *testing.T) {
	w := newWatch(&play{})
	w.story.ring = nil
	w.broken = &Broken{Name: "first"}
	verify(w, ofTrainings, pipelines.Run{})
	if w.broken.Name != "first" {
		t.Errorf("%s replaces the first", w.broken.Name)
	}
}

func TestCasesAreDrawn(t *testing.T) {
	kinds := map[string]bool{}
	for seed := range uint64(300) {
		c, err := Draw(seed)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Draw(seed)
		if err != nil || c.About != again.About || c.Faults.String() != again.Faults.String() || len(c.Acts) == 0 {
			t.Fatalf("seed %d draws %s %s, then %s %s: %v", seed, c.About, c.Faults, again.About, again.Faults, err)
		}
		if read := parse(t, c.Faults.String()); read.String() != c.Faults.String() {
			t.Errorf("seed %d draws faults that do not read as they are written: %s", seed, c.Faults)
		}
		for _, f := range c.Faults {
			kinds[string(f.Effect)] = true
		}
	}
	if len(kinds) != 9 {
		t.Errorf("of nine effects, 300 seeds draw %v", kinds)
	}
}
