package exec

import (
	"sluice/local/asl/parse"
)

func (t *thread) parallel(s *parse.Parallel) (string, datum, *Failure) {
	in, err := t.effective()
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	once := func() (any, *Failure) {
		data := in
		if s.Parameters != nil {
			var err error
			if data, err = t.frame(in).template(s.Parameters); err != nil {
				return nil, t.broken(err)
			}
		}
		t.record("ParallelStateStarted", nil)
		c := &crew{t: t, start: t.prev, outputs: make([]any, len(s.Branches))}
		shared := dataOf(data)
		for i, b := range s.Branches {
			c.plan = append(c.plan, func(child, old *thread) {
				child.out, child.failure = child.rewalk(old, b, b.StartAt, shared)
			})
			c.launch(i, t.prev)
		}
		return c.run("ParallelStateSucceeded")
	}
	return t.handled(&s.Handling, s.Then, once, func() { t.lost("ParallelStateFailed") })
}

func (t *thread) mapState(s *parse.Map) (string, datum, *Failure) {
	in, err := t.effective()
	if err != nil {
		return "", datum{}, t.broken(err)
	}
	once := func() (any, *Failure) {
		items, limit, err := t.items(s, in)
		if err != nil {
			return nil, t.broken(err)
		}
		t.record("MapStateStarted", &MapStarted{len(items)})
		c := &crew{t: t, start: t.prev, outputs: make([]any, len(items)), iterations: s.Name}
		for i, v := range items {
			c.plan = append(c.plan, func(child, old *thread) {
				child.item = &item{i, v}
				data, err := child.selected(s, in, v)
				if err != nil {
					child.failure = t.broken(err)
					return
				}
				child.out, child.failure = child.rewalk(old, s.Processor, s.Processor.StartAt, dataOf(data))
			})
		}
		for i := range items {
			if limit == 0 || int64(i) < limit {
				c.launch(i, t.prev)
			}
		}
		return c.run("MapStateSucceeded")
	}
	return t.handled(&s.Handling, s.Then, once, func() { t.lost("MapStateFailed") })
}

// items are the items of a Map state and how many may run at once; 0 is no limit.
func (t *thread) items(s *parse.Map, in any) ([]any, int64, error) {
	f := t.frame(in)
	v, path := in, "$"
	if s.ItemsPath != nil {
		var err error
		path = s.ItemsPath.Text
		if v, err = f.path(s.ItemsPath); err != nil {
			return nil, 0, err
		}
	}
	list, ok := v.([]any)
	if !ok {
		return nil, 0, runtimeError("Reference path \"%s\" must point to array.", path)
	}
	if s.MaxConcurrencyPath == nil {
		return list, s.MaxConcurrency, nil
	}
	v, err := f.path(s.MaxConcurrencyPath)
	if err != nil {
		return nil, 0, err
	}
	n, ok := v.(int64)
	if !ok || n < 0 {
		return nil, 0, runtimeError("The MaxConcurrencyPath field refers to value \"%s\" which is not a valid integer: %s", display(v), s.MaxConcurrencyPath.Text)
	}
	return list, n, nil
}

// selected is the input of one iteration. The child stands in no state yet, so the
// context object is that of the Map state.
func (t *thread) selected(s *parse.Map, in, item any) (any, error) {
	if s.ItemSelector == nil {
		return item, nil
	}
	t.state, t.since, t.retries = t.parent.state, t.parent.since, t.parent.retries
	v, err := t.frame(in).template(s.ItemSelector)
	t.state = nil
	return v, err
}

// lost records that the state failed for good. Only a failure of its children has
// something to tell: one in the processing of data ends without.
func (t *thread) lost(event string) {
	if len(t.children) == 0 {
		return
	}
	t.record(event, nil)
	t.open = false
}

// crew is the children of one attempt of a Parallel or Map state.
type crew struct {
	t          *thread
	start      int64 // id of the ...StateStarted event
	plan       []func(child, old *thread)
	outputs    []any
	launched   int
	ended      int
	iterations string // name of the Map state; "" for branches
}

// launch starts child i; prev is the event that its first one follows.
func (c *crew) launch(i int, prev int64) {
	t := c.t
	if i == 0 {
		t.children, t.finished = nil, nil
	}
	c.launched++
	old := c.earlier(i)
	if old != nil && old.done && old.failure == nil { // kept by a redrive
		kept := &thread{x: t.x, over: true, done: true, out: old.out, index: i, prev: prev, state: old.state}
		t.children = append(t.children, kept)
		t.finished = append(t.finished, kept)
		return
	}
	child := t.x.spawn(t, func(child *thread) { c.plan[i](child, old) })
	if old != nil {
		child.scope.vars, child.scope.sizes = old.scope.vars, old.scope.sizes
	}
	child.index, child.prev = i, prev
	if c.iterations != "" {
		child.prev = t.aside(prev, "MapIterationStarted", &Iteration{c.iterations, i})
	}
	t.children = append(t.children, child)
	child.wake()
}

// earlier is the child that a redrive continues, if there is one.
func (c *crew) earlier(i int) *thread {
	r := c.t.resumed
	if r == nil || i >= len(r.children) {
		return nil
	}
	return r.children[i]
}

// run waits for all children, or for the first failure.
func (c *crew) run(succeeded string) (any, *Failure) {
	t := c.t
	last := c.start
	for c.ended < len(c.plan) {
		for len(t.finished) == 0 {
			t.park()
		}
		child := t.finished[0]
		t.finished = t.finished[1:]
		c.ended++
		if child.failure != nil {
			c.disband(child)
			t.prev = child.prev
			return nil, child.failure
		}
		c.outputs[child.index] = child.out.value
		last = child.prev
		if c.iterations != "" {
			last = t.aside(child.prev, "MapIterationSucceeded", &Iteration{c.iterations, child.index})
			if c.launched < len(c.plan) {
				c.launch(c.launched, child.prev)
			}
		}
	}
	t.resumed = nil
	t.prev = last
	t.aside(last, succeeded, nil)
	return c.outputs, nil
}

// disband aborts all children after one has failed. Every event follows the one of
// the failure, in the order recorded from AWS.
func (c *crew) disband(failed *thread) {
	c.t.resumed = nil
	for _, child := range c.t.children {
		if child.done && child != failed {
			continue
		}
		if c.iterations != "" {
			event := "MapIterationAborted"
			if child == failed {
				event = "MapIterationFailed"
			}
			c.t.aside(failed.prev, event, &Iteration{c.iterations, child.index})
		}
		child.recordAborted(c.t, failed.prev)
		child.abandon()
	}
}

// recordAborted tells of the states that t and its children were in.
func (t *thread) recordAborted(by *thread, prev int64) {
	if t.aborted {
		return
	}
	t.aborted = true
	for _, c := range t.children {
		if !c.done {
			c.recordAborted(by, prev)
		}
	}
	switch t.state.(type) {
	case *parse.Task, *parse.Wait, *parse.Parallel, *parse.Map:
		if t.open {
			by.aside(prev, t.state.Type()+"StateAborted", nil)
		}
	}
}
