package pattern

// Match reports whether the event is meant.
func (p *Pattern) Match(e Event) bool {
	for _, r := range p.rules {
		if r.match(e, nil) {
			return true
		}
	}
	return false
}

// MatchJSON is Match for an event's text. Error: it is no JSON object.
func (p *Pattern) MatchJSON(event []byte) (bool, error) {
	e, err := Take(event)
	if err != nil {
		return false, err
	}
	return p.Match(e), nil
}

// match tries the leaves of the first field and goes on with the others. Leaves
// that meet in an array of objects must be of the same element.
func (r rule) match(e Event, places []place) bool {
	if len(r) == 0 {
		return true
	}
	f := r[0]
	found := false
	for _, l := range e.leaves[f.path] {
		if !together(places, l.places) {
			continue
		}
		found = true
		for _, t := range f.tests {
			if t.match(l.value) {
				if r[1:].match(e, append(places[:len(places):len(places)], l.places...)) {
					return true
				}
				break
			}
		}
	}
	if !found {
		for _, t := range f.tests {
			if _, ok := t.(absent); ok {
				return r[1:].match(e, places)
			}
		}
	}
	return false
}

// together reports whether leaves in these places can be of one element.
func together(a, b []place) bool {
	for _, x := range a {
		for _, y := range b {
			if x.array == y.array && x.index != y.index {
				return false
			}
		}
	}
	return true
}
