package worlds

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"sluice/cmd/sluice/stage"
	"sluice/cmd/sluice/ui"
	"sluice/local"
	"sluice/local/events"
	"sluice/local/faults"
	"sluice/local/lambda"
	"sluice/local/sagemaker/pipelines"
	"sluice/local/sim"
	"sluice/shared/awsmachines"
	"sluice/shared/leasing"
	"sluice/shared/waiting"
)

// Outcome is what came of one world.
type Outcome struct {
	Seed      uint64
	About     string
	Faults    faults.List
	Broken    *Broken // the first invariant that did not hold; nil if all did
	Digest    string  // of every write to the table
	Trainings map[string]int
	Rollouts  map[string]int
	Struck    map[string]int // faults by effect
	Exactly   []faults.Fired
	Virtual   time.Duration
	Calls     int
	Story     []ui.Row // the last things that happened, if an invariant is broken
}

// Broken is an invariant that did not hold.
type Broken struct {
	Name   string
	Says   string // the invariant in a sentence
	Detail string // what was seen instead
}

// play is one world under way.
type play struct {
	ctx     context.Context
	c       *Case
	st      *stage.Stage
	names   map[string]string // folders of functions, by the function's name
	entries map[string]int    // how often states were entered
	watch   *watch
	err     error // of the simulation itself
}

func (p *play) aws() *local.AWS   { return p.st.AWS }
func (p *play) world() *sim.World { return p.st.AWS.World }

// arn is an ARN of a resource of the stack.
func (p *play) arn(logicalID string) string {
	r, _ := p.st.Stack.Resource(logicalID)
	return r.Attributes["Arn"]
}

// fail keeps an error of the simulation itself: a world that cannot be played proves
// nothing.
func (p *play) fail(err error) {
	if err != nil {
		p.err = errors.Join(p.err, err)
	}
}

// Play plays a case from its beginning until nothing is left to happen, or until an
// invariant is broken.
func Play(ctx context.Context, c *Case) (Outcome, error) {
	p := &play{ctx: ctx, c: c, names: map[string]string{}, entries: map[string]int{}}
	p.watch = newWatch(p)
	var err error
	if p.st, err = stage.Set(ctx, c.scenario, sim.NewWorld(stage.Opening, c.Seed), p.host); err != nil {
		return Outcome{}, err
	}
	defer p.st.Close()
	p.world().Do(p.begin)
	idle := false
	for began := time.Duration(0); began < longest && !idle && p.watch.broken == nil && p.err == nil && ctx.Err() == nil; began += time.Hour {
		idle = p.world().RunUntilIdle(time.Hour)
	}
	var o Outcome
	p.world().Do(func() {
		if p.watch.broken == nil && p.err == nil && ctx.Err() == nil {
			p.watch.end(idle)
		}
		o = p.watch.outcome()
	})
	return o, errors.Join(p.err, ctx.Err())
}

// begin puts faults into force, and the acts into the world's future.
func (p *play) begin() {
	a, w := p.aws(), p.watch
	p.c.knobs.turn(a)
	i := faults.New(p.world(), p.c.Faults)
	i.Latency = a.Events.Latency
	i.Spare = func(key string) bool { return !p.ours(key) }
	i.Function = p.function
	i.OnFire = w.struck
	a.Server.Fault, a.Lambda.Fault = i.Call, i.Invocation
	a.Events.Fate = func(e events.Event, t events.Target) []time.Duration {
		fate := i.Delivery(e, t)
		w.sent(e, t, fate)
		return fate
	}
	a.Server.Observe, a.Table.OnWrite, a.States.OnTransition = w.called, w.wrote, w.moved
	script := a.Script
	a.Script = func(r pipelines.Run) pipelines.Outcome {
		w.trains(r)
		return script(r)
	}
	p.entered("")
}

// entered lets come what was to come after the latest entry of a state; "" is the
// beginning.
func (p *play) entered(state string) {
	p.entries[state]++
	for _, x := range p.c.Acts {
		if x.when.state != state || x.when.nth != p.entries[state] && state != "" {
			continue
		}
		p.world().After(x.at, "simulate: "+x.text, func() {
			p.watch.tell(ui.Trigger, "outside", "%s", x.text)
			p.fail(x.do(p))
		})
	}
}

// ours reports whether credentials are those of one of Sluice's functions.
func (p *play) ours(accessKey string) bool { return p.watch.callers[accessKey] != "" }

// function is the folder of a function, by its name.
func (p *play) function(name string) string {
	if folder, ok := p.names[name]; ok {
		return folder
	}
	return name
}

// host runs a function in process, watched.
func (p *play) host(a *local.AWS, f lambda.Function) (lambda.Host, error) {
	h, err := local.InProcess(a, f)
	if err != nil {
		return nil, err
	}
	folder := path.Base(f.CodePath)
	p.names[f.Name] = folder
	key, _, _ := a.IAM.Session(f.RoleARN, f.Name)
	p.watch.callers[key] = folder
	return host{h, folder, p.watch}, nil
}

// host is a function's host that tells the watch what runs.
type host struct {
	lambda.Host
	function string
	watch    *watch
}

func (h host) Invoke(in lambda.Invocation) lambda.Outcome {
	h.watch.enter(h.function, in.Payload)
	out := h.Host.Invoke(in)
	h.watch.leave(h.function, out)
	return out
}

// unlock is a person who looks at a halted rollout some time later, brings the
// endpoint back to one side and frees it, as sluice unlock does.
func (p *play) unlock(id string) {
	dice := p.world().Rand("person")
	after := time.Duration(dice.IntN(180)+1) * time.Minute
	if dice.IntN(5) == 0 {
		after = 9 * 24 * time.Hour // on holiday
	}
	p.world().After(after, "simulate: a person unlocks", func() {
		lease := p.watch.leases[leasing.ForEndpoint(endpoint)]
		if lease.owner != id {
			p.watch.tell(ui.Undo, "a person", "finds that %s no longer has the endpoint", id)
			return
		}
		e, err := p.aws().SageMaker.Hosting.Describe(endpoint)
		if err != nil {
			p.fail(err)
			return
		}
		switch {
		case e.EndpointStatus != "InService" && e.EndpointStatus != "UpdateRollbackFailed":
			p.unlock(id) // busy; comes back later
			return
		case e.EndpointStatus == "UpdateRollbackFailed" || len(e.ProductionVariants) > 1:
			config := p.watch.rollouts[id].baseline
			p.watch.tell(ui.Undo, "a person", "brings the endpoint back to config %s", config)
			p.fail(p.aws().SageMaker.Hosting.ForeignUpdate(endpoint, config))
			p.unlock(id)
			return
		}
		p.watch.tell(ui.Undo, "a person", "frees the endpoint of %s", id)
		cfg := p.aws().AdminConfig()
		p.fail(leasing.NewDesk(p.st.Table, waiting.NewRoom(p.st.Table, awsmachines.Open(cfg, ""))).Free(p.ctx, leasing.ForEndpoint(endpoint), id))
	})
}

// approve is a person who decides about a package some time later.
func (p *play) approve(pkg string) {
	dice := p.world().Rand("person")
	status := "Approved"
	if dice.IntN(4) == 0 {
		status = "Rejected"
	}
	p.world().After(time.Duration(dice.IntN(120)+1)*time.Minute, "simulate: a person decides", func() {
		p.watch.tell(ui.Undo, "a person", "says that %s is %s", pkg, status)
		p.fail(p.aws().SageMaker.Registry.Approve(pkg, status, fmt.Sprintf("%s by a person", status)))
	})
}
