package sqs

import "slices"

// groups orders the messages of a FIFO queue: within a group by arrival, and a
// group gives nothing out while one of its messages is in flight or delayed.
type groups struct {
	byID  map[string]*group
	ready []*group // groups that may have something to give, in turn
	taken *group   // the group that the current receive draws from
}

type group struct {
	id       string
	messages []*message // by sequence, from head on; delayed, visible and in flight
	queued   bool       // in ready
	inFlight int
}

func newGroups() *groups { return &groups{byID: map[string]*group{}} }

func (g *groups) of(id string) *group {
	x := g.byID[id]
	if x == nil {
		x = &group{id: id}
		g.byID[id] = x
	}
	return x
}

func (x *group) insert(m *message) { x.messages = append(x.messages, m) }

// enqueue puts a group in turn, if its first message can be had.
func (g *groups) enqueue(x *group) {
	if !x.queued && x.inFlight == 0 && len(x.messages) > 0 && x.messages[0].state == visible {
		x.queued = true
		g.ready = append(g.ready, x)
	}
}

// next is the first message of the first free group; one receive may take
// several messages of one group, in order.
func (g *groups) next() *message {
	if g.taken != nil {
		if m := g.taken.first(); m != nil {
			return m
		}
		g.taken = nil
	}
	for len(g.ready) > 0 {
		x := g.ready[0]
		g.ready[0] = nil
		g.ready = g.ready[1:]
		x.queued = false
		if x.inFlight > 0 {
			continue
		}
		if m := x.first(); m != nil {
			g.taken = x
			return m
		}
	}
	return nil
}

// first is the earliest message that is not in flight, if it is visible.
func (x *group) first() *message {
	for _, m := range x.messages {
		if m.state == inFlight {
			continue
		}
		if m.state == visible {
			return m
		}
		return nil
	}
	return nil
}

// done ends a receive.
func (g *groups) done() {
	if g.taken != nil {
		g.enqueue(g.taken)
		g.taken = nil
	}
}

// removed takes a message out of its group.
func (g *groups) removed(m *message) {
	x := g.of(m.GroupID)
	if i := slices.Index(x.messages, m); i >= 0 {
		x.messages = slices.Delete(x.messages, i, i+1)
	}
	if len(x.messages) == 0 && g.taken != x {
		delete(g.byID, x.id)
		return
	}
	g.enqueue(x)
}
