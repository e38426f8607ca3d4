package expr

import (
	"maps"
	"slices"
)

// patch is a tree of paths with an action at each leaf. It makes all changes of one
// update at once: every index means the list as it was before.
type patch struct {
	action  action
	names   map[string]*patch
	indexes map[int]*patch
}

func newPatch(paths []path, actions []action) *patch {
	root := &patch{}
	for i, s := range paths {
		at := root
		for _, x := range s {
			at = at.branch(x)
		}
		at.action = actions[i]
	}
	return root
}

func (n *patch) branch(x step) *patch {
	if x.index >= 0 {
		if n.indexes == nil {
			n.indexes = map[int]*patch{}
		}
		if n.indexes[x.index] == nil {
			n.indexes[x.index] = &patch{}
		}
		return n.indexes[x.index]
	}
	if n.names == nil {
		n.names = map[string]*patch{}
	}
	if n.names[x.name] == nil {
		n.names[x.name] = &patch{}
	}
	return n.names[x.name]
}

// apply changes v, or what is to come where there was nothing.
func (n *patch) apply(v Value, present bool, item Item) (Value, bool, error) {
	switch {
	case n.action != nil:
		return n.action.apply(v, present, item)
	case n.names != nil && present && v.Kind == M:
		return n.applyMap(v, item)
	case n.indexes != nil && present && v.Kind == L:
		return n.applyList(v, item)
	}
	return v, present, invalid("The document path provided in the update expression is invalid for update")
}

func (n *patch) applyMap(v Value, item Item) (Value, bool, error) {
	out := make(map[string]Value, len(v.Map)+len(n.names))
	maps.Copy(out, v.Map)
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		before, ok := v.Map[name]
		after, stays, err := n.names[name].apply(before, ok, item)
		if err != nil {
			return v, true, err
		}
		if stays {
			out[name] = after
		} else {
			delete(out, name)
		}
	}
	return Map(out), true, nil
}

// applyList sets elements in place, appends those beyond the end in the order of
// their indexes, and closes the gaps last.
func (n *patch) applyList(v Value, item Item) (Value, bool, error) {
	out := slices.Clone(v.List)
	gone := map[int]bool{}
	for _, i := range slices.Sorted(maps.Keys(n.indexes)) {
		var before Value
		ok := i < len(v.List)
		if ok {
			before = v.List[i]
		}
		after, stays, err := n.indexes[i].apply(before, ok, item)
		switch {
		case err != nil:
			return v, true, err
		case ok && stays:
			out[i] = after
		case ok:
			gone[i] = true
		case stays:
			out = append(out, after)
		}
	}
	if len(gone) > 0 {
		kept := out[:0]
		for i, x := range out {
			if !gone[i] {
				kept = append(kept, x)
			}
		}
		out = kept
	}
	return List(out...), true, nil
}
