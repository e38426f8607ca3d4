package faults

import (
	"fmt"
	"strings"
	"time"

	"sluice/local/events"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Injector puts a list of faults into force. Its methods fill the hooks Fault of
// wire.Server, Fault of lambda.Service and Fate of events.Service; the world is held.
type Injector struct {
	// Spare reports whether calls with this access key are left alone. nil spares none.
	Spare func(accessKey string) bool
	// Function is the name by which faults know a function. nil leaves names as they are.
	Function func(name string) string
	// OnFire sees each fault that strikes. It may be nil.
	OnFire func(Fired)
	// Latency is the usual time of a delivery.
	Latency time.Duration

	w      *sim.World
	began  time.Time
	faults List
	texts  []string
	seen   []int // matching calls, by fault
	calls  map[string]int
}

// Fired is a fault that struck.
type Fired struct {
	Index int // of the fault in the list
	// Exactly is the fault cut to the one call that it struck.
	Exactly Fault
}

// New returns an injector of these faults, whose chances follow the world's dice and
// whose outages count from now.
func New(w *sim.World, l List) *Injector {
	i := &Injector{w: w, began: w.Now(), faults: l, seen: make([]int, len(l)), calls: map[string]int{}, Latency: 100 * time.Millisecond}
	for _, f := range l {
		i.texts = append(i.texts, f.String())
	}
	return i
}

// Call is the fate of one API call.
func (i *Injector) Call(c *wire.Call, in any) wire.Effect {
	if len(i.faults) == 0 || i.Spare != nil && i.Spare(c.AccessKey) {
		return wire.NoFault
	}
	service := c.Service
	if service == Deliveries {
		service = eventBridge
	}
	f, ok := i.strike(service, c.Operation, func() string { return resource(service, in) })
	if !ok {
		return wire.NoFault
	}
	return effects[f.Effect]
}

// Invocation is the fate of one invocation of a function.
func (i *Injector) Invocation(function string, _ int) wire.Effect {
	if i.Function != nil {
		function = i.Function(function)
	}
	f, ok := i.strike(Invocations, function, func() string { return "" })
	if !ok {
		return wire.NoFault
	}
	return effects[f.Effect]
}

var effects = map[Effect]wire.Effect{
	Throttle: wire.Throttle, Unavailable: wire.Unavailable, LostRequest: wire.LostRequest,
	LostAnswer: wire.LostAnswer, CrashBefore: wire.CrashBefore, CrashAfter: wire.CrashAfter,
}

// Delivery is the fate of one event on its way to one target.
func (i *Injector) Delivery(e events.Event, t events.Target) []time.Duration {
	f, ok := i.strike(Deliveries, strings.TrimPrefix(e.Source, "aws."), func() string { return i.target(t.Arn) })
	if !ok {
		return nil
	}
	switch f.Effect {
	case Lose:
		return []time.Duration{}
	case Double:
		return []time.Duration{i.Latency, i.Latency + f.Delay}
	}
	return []time.Duration{i.Latency + f.Delay}
}

// target is "service:name" of an ARN.
func (i *Injector) target(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return arn
	}
	name := parts[len(parts)-1]
	if parts[2] == "lambda" {
		name = parts[6]
		if i.Function != nil {
			name = i.Function(name)
		}
	}
	return parts[2] + ":" + name
}

// strike asks every fault about one call, so that each counts and draws alone, and
// returns the first that strikes.
func (i *Injector) strike(service, operation string, about func() string) (Fault, bool) {
	concerned, struck, known := false, -1, ""
	var n int
	for x, f := range i.faults {
		if !f.concerns(service, operation) {
			continue
		}
		if !concerned {
			concerned, known = true, about()
			n = i.count(service, operation, known)
		}
		if f.Resource != "" && !match(f.Resource, known) || !i.during(f) {
			continue
		}
		i.seen[x]++
		if i.strikes(x, service, operation, known) && struck < 0 {
			struck = x
		}
	}
	if struck < 0 {
		return Fault{}, false
	}
	f := i.faults[struck]
	if i.OnFire != nil {
		i.OnFire(Fired{Index: struck, Exactly: Fault{Service: service, Operation: operation, Resource: known, Nth: n, Effect: f.Effect, Delay: f.Delay}})
	}
	return f, true
}

// during reports whether it is the time of a fault.
func (i *Injector) during(f Fault) bool {
	at := i.w.Now().Sub(i.began)
	return f.For == 0 || at >= f.From && at < f.From+f.For
}

func (i *Injector) count(service, operation, resource string) int {
	k := service + "\x00" + operation + "\x00" + resource
	i.calls[k]++
	return i.calls[k]
}

// strikes draws for one fault and call. The stream is of the fault and of what the
// call is about.
func (i *Injector) strikes(x int, service, operation, resource string) bool {
	f := i.faults[x]
	if f.Nth > 0 {
		return i.seen[x] == f.Nth
	}
	return i.w.Rand(fmt.Sprintf("fault/%s/%s/%s/%s", i.texts[x], service, operation, resource)).Float64() < f.Chance
}
