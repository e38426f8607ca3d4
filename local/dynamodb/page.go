package dynamodb

import (
	"iter"

	"sluice/local/dynamodb/expr"
)

// maxPage is how much one page of Query or Scan looks at, in bytes.
const maxPage = 1 << 20

// pageIn are the members that Query and Scan share.
type pageIn struct {
	named
	legacy
	placeholders
	IndexName              *string
	Select                 string
	Limit                  *int
	ConsistentRead         bool
	ExclusiveStartKey      Item
	ReturnConsumedCapacity string
	ProjectionExpression   *string
	FilterExpression       *string
}

type pageOut struct {
	Items            []Item `json:",omitzero"`
	Count            int
	ScannedCount     int
	LastEvaluatedKey Item              `json:",omitempty"`
	ConsumedCapacity *consumedCapacity `json:",omitempty"`
}

// reading is one Query or Scan, checked.
type reading struct {
	in         *pageIn
	t          *table
	ix         *index // nil for the table itself
	filter     *expr.Condition
	projection *expr.Projection
}

// key is the key of what is read.
func (r *reading) key() schema {
	if r.ix != nil {
		return r.ix.key
	}
	return r.t.key
}

func (r *reading) rows() *collection {
	if r.ix != nil {
		return &r.ix.rows
	}
	return &r.t.rows
}

func (in *pageIn) check() error {
	if err := in.refuse(); err != nil {
		return err
	}
	if err := checkCapacityMember(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	if err := oneOf("Select", in.Select, "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"); err != nil {
		return err
	}
	if in.Limit != nil && *in.Limit < 1 {
		return invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1", *in.Limit)
	}
	if in.ProjectionExpression != nil && in.Select != "" && in.Select != "SPECIFIC_ATTRIBUTES" {
		return invalid("Cannot specify the ProjectionExpression when choosing to get %s", in.Select)
	}
	if in.ProjectionExpression == nil && in.Select == "SPECIFIC_ATTRIBUTES" {
		return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	}
	if in.IndexName == nil && in.Select == "ALL_PROJECTED_ATTRIBUTES" {
		return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	}
	return expr.Check(in.ExclusiveStartKey)
}

// parse reads filter and projection.
func (r *reading) parse(given *expr.Placeholders) (err error) {
	if r.in.FilterExpression != nil {
		if r.filter, err = expr.ParseCondition(expr.FilterExpression, *r.in.FilterExpression, given); err != nil {
			return err
		}
	}
	if r.in.ProjectionExpression != nil {
		if r.projection, err = expr.ParseProjection(*r.in.ProjectionExpression, given); err != nil {
			return err
		}
	}
	return given.Unused()
}

// open finds the table and the index.
func (s *Service) open(r *reading) error {
	t, err := s.active(r.in.TableName)
	if err != nil {
		return err
	}
	r.t = t
	if r.in.IndexName != nil {
		r.ix = t.index(*r.in.IndexName)
		switch {
		case r.ix == nil:
			return invalid("The table does not have the specified index: %s", *r.in.IndexName)
		case r.in.ConsistentRead:
			return invalid("Consistent reads are not supported on global secondary indexes")
		case r.in.Select == "ALL_ATTRIBUTES" && r.ix.kept != nil:
			return invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", r.ix.name)
		}
		for _, name := range r.projection.Names() {
			if r.ix.kept != nil && !r.ix.kept[name] {
				return invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]", r.ix.name, name)
			}
		}
	}
	return t.scalarOnly(r.filter.Mentions, r.projection.Mentions)
}

// start is where the page begins; nil without ExclusiveStartKey.
func (r *reading) start() (*place, error) {
	key := r.in.ExclusiveStartKey
	if len(key) == 0 {
		return nil, nil
	}
	table := Item{}
	for _, name := range r.t.key.names() {
		if v, ok := key[name]; ok {
			table[name] = v
		}
	}
	names := map[string]bool{}
	for _, name := range append(r.t.key.names(), r.key().names()...) {
		names[name] = true
		if v, ok := key[name]; !ok || v.Kind != r.t.kinds[name] {
			return nil, invalid("The provided starting key is invalid: The provided key element does not match the schema")
		}
	}
	if len(names) != len(key) {
		return nil, invalid("The provided starting key is invalid: The provided key element does not match the schema")
	}
	if err := r.t.checkKey(table); err != nil {
		return nil, invalid("The provided starting key is invalid: %s", message(err))
	}
	if r.ix == nil {
		at := r.t.placeOf(table)
		return &at, nil
	}
	at, _ := r.t.placeIn(r.ix, key)
	return &at, nil
}

// page reads entries until the page is full. Items count towards it before they are
// filtered. LastEvaluatedKey is there whenever the page was cut, even if nothing
// follows: so does DynamoDB.
func (s *Service) page(r *reading, entries iter.Seq[entry]) *pageOut {
	out := &pageOut{}
	if r.in.Select != "COUNT" {
		out.Items = []Item{}
	}
	limit := s.PageItems
	if r.in.Limit != nil && (limit == 0 || *r.in.Limit < limit) {
		limit = *r.in.Limit
	}
	bytes := 0
	for e := range entries {
		item := s.read(r.t, e.row, r.in.ConsistentRead)
		if item != nil && r.ix != nil {
			if _, ok := r.t.placeIn(r.ix, item); !ok {
				item = nil // the version that this read sees was not in the index
			}
		}
		if item != nil {
			item = r.ix.project(item)
			bytes += expr.ItemSize(item)
			if r.filter.Holds(item) {
				out.Count++
				if out.Items != nil {
					out.Items = append(out.Items, r.projection.Apply(item))
				}
			}
			out.ScannedCount++
		}
		if out.ScannedCount == limit && limit > 0 || bytes >= maxPage {
			out.LastEvaluatedKey = r.lastKey(e.row)
			break
		}
	}
	u := usage{t: r.t}
	units := readUnits(bytes, r.in.ConsistentRead)
	if r.ix == nil {
		u.base = units
	} else {
		u.indexes = make([]float64, len(r.t.indexes))
		for i, ix := range r.t.indexes {
			if ix == r.ix {
				u.indexes[i] = units
			}
		}
	}
	r.t.units.Read += units
	out.ConsumedCapacity = u.report(r.in.ReturnConsumedCapacity, plain)
	return out
}

func (r *reading) lastKey(at *row) Item {
	key := r.t.keyOf(at.item)
	if r.ix != nil {
		for _, name := range r.ix.key.names() {
			key[name] = at.item[name]
		}
	}
	return key
}
