package dynamodb

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/local/dynamodb/expr"
	"sluice/local/sim"
	"sluice/local/wire"
)

// table is one table with its indexes.
type table struct {
	name      string
	id        string
	created   time.Time
	status    string
	protected bool
	billing   string
	key       schema
	kinds     map[string]expr.Kind // of key attributes, the indexes' too
	defined   []AttributeDefinition
	indexes   []*index // sorted by name
	tags      map[string]string
	ttl       string // the attribute, "" while disabled
	recovery  time.Time
	throttle  *Throughput
	stream    *stream // nil without one

	rows   collection
	count  int
	bytes  int
	ghosts map[place]ghost
	units  Units
}

// row is one item of a table, with the version before the last write.
type row struct {
	at      place
	item    Item
	size    int
	before  Item // nil if the last write made the item
	written time.Time
	expiry  *sim.Timer
}

// ghost is an item that was deleted a moment ago, for StaleReads.
type ghost struct {
	item    Item
	deleted time.Time
}

// Units are request units, as AWS bills them on demand.
type Units struct{ Read, Write float64 }

// Units is what calls on this table have consumed so far, indexes included.
func (s *Service) Units(table string) Units {
	if t := s.tables[table]; t != nil {
		return t.units
	}
	return Units{}
}

// Tables lists the names of the tables, sorted.
func (s *Service) Tables() []string { return slices.Sorted(maps.Keys(s.tables)) }

// Items is a snapshot of a table, sorted by hash key and sort key; nil if there is no
// such table. The items are those of the table: they may be kept, but not changed.
func (s *Service) Items(table string) []map[string]Value {
	t := s.tables[table]
	if t == nil {
		return nil
	}
	out := make([]map[string]Value, 0, t.count)
	for _, hash := range slices.Sorted(maps.Keys(t.rows.byHash)) {
		for _, e := range t.rows.byHash[hash].entries {
			out = append(out, e.row.item)
		}
	}
	return out
}

// Item is the item of this key, or nil. It does no access check and costs no units.
func (s *Service) Item(table string, key Item) Item {
	t := s.tables[table]
	if t == nil || t.checkKey(key) != nil {
		return nil
	}
	if r := t.rows.find(t.placeOf(key)); r != nil {
		return r.item
	}
	return nil
}

// tableName is the name in a TableName member, which may be an ARN.
func tableName(name string) string {
	if rest, ok := strings.CutPrefix(name, Arn("")); ok {
		return rest
	}
	return name
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf("ResourceNotFoundException", format, args...)
}

// existing is the table of this name, whatever its status.
func (s *Service) existing(name string) (*table, error) {
	if err := checkTableName(name); err != nil {
		return nil, err
	}
	if t := s.tables[tableName(name)]; t != nil {
		return t, nil
	}
	return nil, notFound("Requested resource not found: Table: %s not found", tableName(name))
}

// active is the table of this name, if items can be had from it.
func (s *Service) active(name string) (*table, error) {
	if err := checkTableName(name); err != nil {
		return nil, err
	}
	t := s.tables[tableName(name)]
	if t == nil || t.status != "ACTIVE" {
		return nil, notFound("Requested resource not found")
	}
	return t, nil
}

// store puts after in place of the item there, nil for none, and tells what it cost.
// It is the only way in which items change.
func (s *Service) store(t *table, at place, after Item, expired bool) usage {
	r := t.rows.find(at)
	var before Item
	if r != nil {
		before = r.item
	}
	u := t.writeUsage(before, after)
	if before == nil && after == nil {
		return u
	}
	t.move(r, at, before, after)
	switch {
	case r == nil:
		r = &row{at: at, item: after, size: expr.ItemSize(after), written: s.w.Now()}
		t.place(r)
	case after == nil:
		r.expiry.Stop()
		s.haunt(t, r)
	default:
		r.before, r.item, r.written = before, after, s.w.Now()
		t.bytes -= r.size
		r.size = expr.ItemSize(after)
		t.bytes += r.size
	}
	if after != nil {
		s.scheduleExpiry(t, r)
	}
	if !expired {
		t.units.Write += u.total()
	}
	s.capture(t, before, after, expired)
	if s.OnWrite != nil {
		s.OnWrite(t.name, before, after)
	}
	return u
}

// move takes a row out of all places where after no longer stands, and puts it where
// it newly stands. New rows are placed by place.
func (t *table) move(r *row, at place, before, after Item) {
	if r == nil {
		return
	}
	for _, ix := range t.indexes {
		from, had := t.placeIn(ix, before)
		to, has := t.placeIn(ix, after)
		if had && has && from == to {
			continue
		}
		if had {
			ix.rows.remove(from)
		}
		if has {
			ix.rows.insert(to, r)
		}
	}
	if after == nil {
		t.rows.remove(at)
		t.count--
		t.bytes -= r.size
	}
}

// place puts a new row into the table and its indexes.
func (t *table) place(r *row) {
	t.rows.insert(r.at, r)
	t.count++
	t.bytes += r.size
	for _, ix := range t.indexes {
		if to, ok := t.placeIn(ix, r.item); ok {
			ix.rows.insert(to, r)
		}
	}
}
