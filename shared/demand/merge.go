package demand

import (
	"container/heap"
	"iter"
)

// Merge yields what is new in chunks: each key once, at its newest version, unless
// one of served lists the same key at that version or a newer one. All lists must
// be sorted by Compare; the result is. Memory is one object a list, whatever their
// length. It ends after the first error.
//
// served are the manifests of earlier runs. They are why a late or repeated event
// does not train again on an object that a run has answered for.
func Merge(chunks, served []iter.Seq2[Object, error]) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var heads heads
		defer func() {
			for _, h := range heads {
				h.stop()
			}
		}()
		for i, list := range append(append([]iter.Seq2[Object, error]{}, chunks...), served...) {
			next, stop := iter.Pull2(list)
			h := &head{next: next, stop: stop, served: i >= len(chunks)}
			ok, err := h.advance()
			if err != nil {
				stop()
				yield(Object{}, err)
				return
			}
			if ok {
				heads = append(heads, h)
			} else {
				stop()
			}
		}
		heap.Init(&heads)
		for len(heads) > 0 {
			newest, fresh, err := heads.takeKey()
			if err != nil {
				yield(Object{}, err)
				return
			}
			if fresh && !yield(newest, nil) {
				return
			}
		}
	}
}

// takeKey takes all versions of the least key from all lists. fresh reports whether
// the newest of them is in a chunk and newer than every served one.
func (h *heads) takeKey() (newest Object, fresh bool, err error) {
	key := (*h)[0].object
	var chunk, served *Object
	for len(*h) > 0 && sameKey((*h)[0].object, key) {
		least := (*h)[0]
		o := least.object // versions of a key come from old to new
		if least.served {
			served = &o
		} else if chunk == nil || Compare(o, *chunk) != 0 || order(o, *chunk) < 0 {
			chunk = &o
		}
		ok, err := least.advance()
		if err != nil {
			return key, false, err
		}
		if ok {
			heap.Fix(h, 0)
		} else {
			least.stop()
			heap.Pop(h)
		}
	}
	if chunk == nil || served != nil && compareSequencers(served.Sequencer, chunk.Sequencer) >= 0 {
		return key, false, nil
	}
	return *chunk, true, nil
}

// head is a list with its next object.
type head struct {
	object Object
	served bool
	next   func() (Object, error, bool)
	stop   func()
}

func (h *head) advance() (bool, error) {
	o, err, ok := h.next()
	h.object = o
	return ok, err
}

type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return Compare(h[i].object, h[j].object) < 0 }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
