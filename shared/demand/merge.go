package demand

import (
	"container/heap"
	"iter"
	"slices"
)

// Merge yields what is new in chunks: each key once, at the version that is current
// after all that chunks tell of it, unless that is a deletion or one of served lists
// the same key at that version or a newer one. All lists must be sorted by Compare;
// the result is. Memory is one object a list and the versions of one key, whatever
// their length. It ends after the first error.
//
// served are the manifests of earlier runs. They are why a late or repeated event
// does not train again on an object that a run has answered for.
func Merge(chunks, served []iter.Seq2[Object, error]) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var k key
		for e, err := range zip(slices.Concat(chunks, served), len(chunks)) {
			if err != nil {
				yield(Object{}, err)
				return
			}
			if !sameKey(e.object, k.object) {
				if o, fresh := k.fresh(); fresh && !yield(o, nil) {
					return
				}
				k.begin(e.object)
			}
			k.take(e)
		}
		if o, fresh := k.fresh(); fresh {
			yield(o, nil)
		}
	}
}

// Union yields everything that lists hold, repeated entries once. It makes one list
// of many that Merge then reads as it would have read them all.
func Union(lists []iter.Seq2[Object, error]) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		var last *Object
		for e, err := range zip(lists, len(lists)) {
			if err != nil {
				yield(Object{}, err)
				return
			}
			if last != nil && Compare(*last, e.object) != 0 && !yield(*last, nil) {
				return
			}
			if last == nil || Compare(*last, e.object) != 0 || order(e.object, *last) < 0 {
				o := e.object
				last = &o
			}
		}
		if last != nil {
			yield(*last, nil)
		}
	}
}

// key is what the lists tell of one key, from old to new.
type key struct {
	object   Object
	versions []Object // of chunks, the current one last; deletions among them
	served   *Object  // the newest that a run has answered for
}

// maxVersions bounds how many older versions of a key are remembered, for when newer
// ones are deleted.
const maxVersions = 100

func (k *key) begin(o Object) {
	*k = key{object: o, versions: k.versions[:0]}
}

func (k *key) take(e entry) {
	o := e.object
	if e.served {
		k.served = &o
		return
	}
	if o.Gone == GoneVersion {
		k.versions = slices.DeleteFunc(k.versions, func(v Object) bool { return v.VersionID == o.VersionID })
		return
	}
	if n := len(k.versions); n > 0 && Compare(k.versions[n-1], o) == 0 {
		if order(o, k.versions[n-1]) < 0 {
			k.versions[n-1] = o
		}
		return
	}
	switch {
	case o.VersionID == "": // overwritten for good
		k.versions = k.versions[:0]
	case len(k.versions) == maxVersions:
		k.versions = slices.Delete(k.versions, 0, 1)
	}
	k.versions = append(k.versions, o)
}

// fresh is the key's current version, and whether a run must answer for it.
func (k *key) fresh() (Object, bool) {
	if len(k.versions) == 0 {
		return Object{}, false
	}
	current := k.versions[len(k.versions)-1]
	done := k.served != nil && compareSequencers(k.served.Sequencer, current.Sequencer) >= 0
	return current, current.Gone == "" && !done
}

// entry is an object with the kind of list that it comes from.
type entry struct {
	object Object
	served bool
}

// zip yields the objects of all sorted lists in order. The first chunks of the lists
// are chunks, the others are served.
func zip(lists []iter.Seq2[Object, error], chunks int) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		var heads heads
		defer func() {
			for _, h := range heads {
				h.stop()
			}
		}()
		for i, list := range lists {
			next, stop := iter.Pull2(list)
			h := &head{next: next, stop: stop, served: i >= chunks}
			if ok, err := h.advance(); err != nil {
				stop()
				yield(entry{}, err)
				return
			} else if ok {
				heads = append(heads, h)
			} else {
				stop()
			}
		}
		heap.Init(&heads)
		for len(heads) > 0 {
			least := heads[0]
			if !yield(entry{least.object, least.served}, nil) {
				return
			}
			ok, err := least.advance()
			switch {
			case err != nil:
				yield(entry{}, err)
				return
			case ok:
				heap.Fix(&heads, 0)
			default:
				least.stop()
				heap.Pop(&heads)
			}
		}
	}
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
