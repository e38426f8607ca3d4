package api

// Shelf keeps things by key, in order of creation. The zero value is empty.
type Shelf[T any] struct {
	by    map[string]T
	order []string
}

// Get finds a thing.
func (s *Shelf[T]) Get(key string) (T, bool) {
	x, ok := s.by[key]
	return x, ok
}

// Put adds a thing, or replaces it in its place.
func (s *Shelf[T]) Put(key string, x T) {
	if s.by == nil {
		s.by = map[string]T{}
	}
	if _, ok := s.by[key]; !ok {
		s.order = append(s.order, key)
	}
	s.by[key] = x
}

// Drop takes a thing away, if it is there.
func (s *Shelf[T]) Drop(key string) {
	delete(s.by, key)
	for i, k := range s.order {
		if k == key {
			s.order = append(s.order[:i:i], s.order[i+1:]...)
			return
		}
	}
}

// All is everything, oldest first.
func (s *Shelf[T]) All() []T {
	out := make([]T, 0, len(s.order))
	for _, k := range s.order {
		out = append(out, s.by[k])
	}
	return out
}
