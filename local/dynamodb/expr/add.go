package expr

import "slices"

// add is ADD: a number is added to, counting from zero; a set gains members.
type add struct{ of Value }

func (a add) kind() Kind { return a.of.Kind }

func (a add) apply(v Value, present bool, _ Item) (Value, bool, error) {
	switch {
	case !present:
		return a.of, true, nil
	case v.Kind != a.of.Kind:
		return v, true, wrongKind()
	case v.Kind == N:
		n, err := v.Num.Add(a.of.Num)
		return Value{Kind: N, Num: n}, true, err
	}
	return Set(v.Kind, slices.Concat(v.List, a.of.List)...), true, nil
}
