package dynamodb

import "time"

// staleFor is how long a write may stay unseen by reads that do not ask for
// consistency. AWS says "usually within one second or less".
const staleFor = time.Second

// read is the row as a read sees it; nil if it sees none.
func (s *Service) read(t *table, r *row, consistent bool) Item {
	if consistent || !s.StaleReads || s.w.Now().Sub(r.written) >= staleFor || !s.stale(t, r.at) {
		return r.item
	}
	return r.before
}

// readAt is the item at a place of the table as a read sees it.
func (s *Service) readAt(t *table, at place, consistent bool) Item {
	if r := t.rows.find(at); r != nil {
		return s.read(t, r, consistent)
	}
	g, ok := t.ghosts[at]
	if ok && !consistent && s.StaleReads && s.w.Now().Sub(g.deleted) < staleFor && s.stale(t, at) {
		return g.item
	}
	return nil
}

// stale draws whether this read misses the last write.
func (s *Service) stale(t *table, at place) bool {
	return s.w.Rand("dynamodb/stale/"+t.name+"/"+at.hash+"/"+at.order).IntN(2) == 0
}

// haunt remembers a row that was deleted, for as long as it can still be seen.
func (s *Service) haunt(t *table, r *row) {
	if !s.StaleReads {
		return
	}
	for at, g := range t.ghosts {
		if s.w.Now().Sub(g.deleted) >= staleFor {
			delete(t.ghosts, at)
		}
	}
	if t.ghosts == nil {
		t.ghosts = map[place]ghost{}
	}
	t.ghosts[r.at] = ghost{r.item, s.w.Now()}
}
