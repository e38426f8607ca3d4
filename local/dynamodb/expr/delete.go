package expr

import "slices"

// remove is DELETE: a set loses members. A set without members goes.
type remove struct{ of Value }

func (a remove) kind() Kind { return a.of.Kind }

func (a remove) apply(v Value, present bool, _ Item) (Value, bool, error) {
	if !present {
		return v, false, nil
	}
	if v.Kind != a.of.Kind {
		return v, true, wrongKind()
	}
	left := slices.DeleteFunc(slices.Clone(v.List), func(x Value) bool { return slices.ContainsFunc(a.of.List, x.Equal) })
	return Value{Kind: v.Kind, List: left}, len(left) > 0, nil
}
