package expr

// removal is REMOVE: the attribute or element goes. One that is not there is no error.
type removal struct{}

func (removal) apply(v Value, _ bool, _ Item) (Value, bool, error) { return v, false, nil }
func (removal) kind() Kind                                         { return None }
