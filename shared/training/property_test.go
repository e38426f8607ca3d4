package training_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"pgregory.net/rapid"

	"sluice/local/sagemaker/pipelines"
	"sluice/local/wire"
	"sluice/shared/fault"
	"sluice/shared/leasing"
	"sluice/shared/training"
)

// machine is one execution of the training machine, at one of its states.
type machine struct {
	name       string
	generation int
	state      string
	ended      training.Ended
	failed     string // the error that it reports
	token      int
}

// chaos is training under everything that can happen to it. Its fields are what is
// true: what arrived, and which executions live.
type chaos struct {
	*world
	t       *rapid.T
	alive   map[string]*machine
	over    map[string]bool // names of executions that have ended
	arrived map[string]bool
	batches [][]string
	seen    int // executions of the machine that were taken over from world.machines
}

// start makes machines of the executions that intake has started since.
func (c *chaos) start() {
	for ; c.seen < len(c.machines.started); c.seen++ {
		name := c.machines.started[c.seen]
		if c.alive[name] == nil && !c.over[name] {
			m := &machine{name: name, state: "SettleDemand"}
			if _, err := fmt.Sscanf(name, "churn-g%d", &m.generation); err != nil {
				c.t.Fatal(err)
			}
			c.alive[name] = m
		}
	}
}

// crash lets the next call but n of any kind be the last of the process that makes it.
func (c *chaos) crash(n int, effect wire.Effect) {
	c.srv.Fault = func(*wire.Call, any) wire.Effect {
		if n--; n == -1 {
			return effect
		}
		return wire.NoFault
	}
}

// survive runs f, and reports whether it came to its end without crash or error.
func (c *chaos) survive(f func() error) (err error, whole bool) {
	defer func() {
		c.srv.Fault = nil
		if p := recover(); p != nil {
			if _, crashed := p.(wire.Crash); !crashed {
				panic(p)
			}
			whole = false
		}
	}()
	c.Do(func() { err = f() })
	return err, true
}

func (c *chaos) step(m *machine) training.Step {
	m.token++
	return training.Step{Model: "churn", Generation: m.generation, Run: m.name, Now: c.Now(), Token: fmt.Sprintf("%s-%d", m.name, m.token)}
}

// move takes a machine through its current state, as statemachines/training.asl.json
// goes on from there. A crash leaves it where it is: Step Functions tries again.
func (c *chaos) move(m *machine) {
	next := m.state
	err, whole := c.survive(func() (err error) {
		s := c.step(m)
		switch m.state {
		case "SettleDemand":
			s.Token = ""
			var a training.Settled
			if a, err = c.run.SettleDemand(ctx, s); a.Settled {
				next = "TakeLease"
			}
		case "TakeLease":
			var a leasing.Answer
			if a, err = c.run.Desk.TakeLease(ctx, leasing.Request{Lease: leasing.ForTraining("churn"), Owner: m.name, Token: s.Token, Now: s.Now}); a.Held {
				next = "LaunchPipeline"
			}
		case "LaunchPipeline":
			var a training.LaunchedAs
			a, err = c.run.LaunchPipeline(ctx, s)
			next = map[bool]string{true: "AwaitPipeline", false: "ReportTraining"}[a.Launched]
		case "AwaitPipeline":
			m.ended, err = c.run.AwaitPipeline(ctx, s)
			switch {
			case m.ended.Again:
				next = "LaunchPipeline"
			case m.ended.Status == "Succeeded":
				next = "GatePackage"
			case m.ended.Status != "":
				next = "ReportTraining"
			}
		case "GatePackage":
			_, err = c.run.GatePackage(ctx, s)
			next = "ReportTraining"
		case "ReportTraining":
			e := training.End{Step: s, Ended: m.ended}
			e.Error.Error = m.failed
			_, err = c.run.ReportTraining(ctx, e)
			next = "over"
		}
		return err
	})
	switch kind := fault.Of(err); {
	case !whole || err != nil && (kind == fault.NotReady || kind == fault.Throttled || kind == fault.Internal || m.state == "ReportTraining"):
		return // tried again
	case err != nil:
		m.failed, next = string(kind), "ReportTraining"
	}
	if m.state = next; next == "over" {
		c.end(m)
	}
}

func (c *chaos) end(m *machine) {
	delete(c.alive, m.name)
	c.over[m.name] = true
}

// one holds what must be true at every moment: at most one pipeline execution goes on.
func (c *chaos) one() {
	c.Do(func() {
		out, err := c.client.ListPipelineExecutions(ctx, &sdk.ListPipelineExecutionsInput{PipelineName: ptr("train")})
		if err != nil {
			c.t.Fatal(err)
		}
		going := 0
		for _, x := range out.PipelineExecutionSummaries {
			if x.PipelineExecutionStatus == "Executing" {
				going++
			}
		}
		if going > 1 {
			c.t.Fatalf("%d pipeline executions at once", going)
		}
	})
}

func ptr[T any](v T) *T { return &v }

// settled is what must be true in the end: each object is in the manifest of exactly
// one run that trained, or pending.
func (c *chaos) settled() {
	where := map[string][]string{}
	var runs []training.Run
	c.Do(func() {
		var err error
		if runs, err = c.table.Runs(ctx, "churn"); err != nil {
			c.t.Fatal(err)
		}
	})
	for _, r := range runs {
		if r.EndedAt.IsZero() {
			c.t.Fatalf("run %d has not ended: %+v", r.Generation, r)
		}
		if r.State == training.Trained {
			for _, o := range c.manifest(r.Generation) {
				where[o] = append(where[o], fmt.Sprintf("run %d", r.Generation))
			}
		}
	}
	pending := map[string]bool{}
	for _, o := range c.pending() {
		pending[o] = true
	}
	for o := range c.arrived {
		if in := where[o]; len(in) > 1 || len(in) == 0 && !pending[o] {
			c.t.Fatalf("object %s is in %v, pending: %v", o, in, pending[o])
		}
		delete(where, o)
	}
	if len(where) > 0 {
		c.t.Fatalf("manifests list what never arrived: %v", where)
	}
}

// TestEveryInterleaving: whatever order arrivals, repeated events, crashes, killed
// machines, lost wake-ups and stuck or failing pipelines come in.
func TestEveryInterleaving(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.db.PageItems = 0
		c := &chaos{world: w, t: rt, alive: map[string]*machine{}, over: map[string]bool{}, arrived: map[string]bool{}}
		w.machines.ended = func(name string) bool { return c.over[name] }
		outcomes := rapid.SampledFrom([]string{"", "", "", "AlgorithmError: ExitCode 1", "CapacityError: none left", "stuck"})
		w.script = func(pipelines.Run) pipelines.Outcome {
			switch o := outcomes.Draw(rt, "outcome"); o {
			case "":
				return auc(0.9)
			case "stuck":
				return pipelines.Outcome{Report: []byte(`{"auc":0.9}`), Durations: map[string]time.Duration{"Train": 30 * time.Hour}}
			default:
				return pipelines.Outcome{FailStep: "Train", FailReason: o}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":       func(*rapid.T) { c.one() },
			"arrive": c.arriveSome, "again": c.arriveAgain, "move": c.moveOne, "kill": c.kill,
			"wait": func(rt *rapid.T) { w.RunFor(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute) },
		})
		c.calm()
		c.settled()
	})
}

// arriveSome brings one batch of new objects, maybe to a process that dies. Its messages
// come again until they are taken.
func (c *chaos) arriveSome(rt *rapid.T) {
	var batch []string
	for range rapid.IntRange(1, 3).Draw(rt, "objects") {
		o := fmt.Sprintf("k%d@1", len(c.arrived))
		batch = append(batch, o)
		c.arrived[o] = true
	}
	c.batches = append(c.batches, batch)
	c.deliver(rt, batch)
}

// arriveAgain delivers an earlier batch once more.
func (c *chaos) arriveAgain(rt *rapid.T) {
	if len(c.batches) == 0 {
		rt.Skip("nothing has come yet")
	}
	c.deliver(rt, rapid.SampledFrom(c.batches).Draw(rt, "batch"))
}

func (c *chaos) deliver(rt *rapid.T, batch []string) {
	c.draw(rt)
	for {
		err, whole := c.survive(func() error { _, err := c.intake.OnData(ctx, c.world.batch(batch...)); return err })
		if whole && err == nil {
			break
		}
	}
	c.start()
}

// draw decides whether, and at which of its calls, the next process dies.
func (c *chaos) draw(rt *rapid.T) {
	if rapid.IntRange(0, 3).Draw(rt, "dies") == 0 {
		c.crash(rapid.IntRange(0, 12).Draw(rt, "call"), rapid.SampledFrom([]wire.Effect{wire.CrashBefore, wire.CrashAfter}).Draw(rt, "effect"))
	}
}

// pick is one of the machines that are alive.
func (c *chaos) pick(rt *rapid.T) *machine {
	names := slices.Sorted(maps.Keys(c.alive))
	if len(names) == 0 {
		rt.Skip("no machine is alive")
	}
	return c.alive[rapid.SampledFrom(names).Draw(rt, "machine")]
}

func (c *chaos) moveOne(rt *rapid.T) {
	m := c.pick(rt)
	c.draw(rt)
	c.move(m)
}

// kill ends a machine as a person would who stops its execution.
func (c *chaos) kill(rt *rapid.T) {
	if rapid.IntRange(0, 4).Draw(rt, "really") > 0 {
		rt.Skip("rare")
	}
	c.end(c.pick(rt))
}

// calm lets everything come to rest: one more object arrives, so that demand which has
// lost its machine gets another, and machines go on until none is left.
func (c *chaos) calm() {
	c.script = func(pipelines.Run) pipelines.Outcome { return auc(0.9) }
	for n := range 2 {
		c.arrived[fmt.Sprintf("last%d@1", n)] = true
		c.arrive(fmt.Sprintf("last%d@1", n))
		c.start()
		for range 200 {
			for _, name := range slices.Sorted(maps.Keys(c.alive)) {
				c.move(c.alive[name])
				c.one()
			}
			c.start()
			if len(c.alive) == 0 {
				break
			}
			c.RunFor(30 * time.Minute)
		}
		if len(c.alive) > 0 {
			for _, m := range c.alive {
				c.t.Fatalf("%s never ended: it is at %s", m.name, m.state)
			}
		}
	}
}

// pending are the objects in the open demand.
func (c *chaos) pending() (all []string) {
	for _, chunk := range c.chunks(c.open()) {
		all = append(all, c.listed(chunk.List)...)
	}
	return all
}
