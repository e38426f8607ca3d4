package dynamodb

import (
	"encoding/json"
	"maps"
	"slices"

	"sluice/local/dynamodb/expr"
)

const (
	maxBatchGet      = 100
	maxBatchGetBytes = 16 << 20
)

type keysAndAttributes struct {
	Keys                     []Item
	ConsistentRead           bool              `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
	AttributesToGet          json.RawMessage   `json:",omitempty"`
}

type batchGetIn struct {
	RequestItems           map[string]*keysAndAttributes
	ReturnConsumedCapacity string
}

type batchGetOut struct {
	Responses        map[string][]Item
	UnprocessedKeys  map[string]*keysAndAttributes
	ConsumedCapacity []*consumedCapacity `json:",omitempty"`
}

// batchGetTable is the part of a batch that goes to one table.
type batchGetTable struct {
	name       string // as the request calls it
	t          *table
	ask        *keysAndAttributes
	projection *expr.Projection
}

func (s *Service) batchGet(_ *call, in *batchGetIn) (*batchGetOut, error) {
	parts, err := s.checkBatchGet(in)
	if err != nil {
		return nil, err
	}
	out := &batchGetOut{Responses: map[string][]Item{}, UnprocessedKeys: map[string]*keysAndAttributes{}}
	done, bytes := 0, 0
	for _, p := range parts {
		out.Responses[p.name] = []Item{}
		u := usage{t: p.t}
		for i, key := range p.ask.Keys {
			if s.BatchGetItems > 0 && done == s.BatchGetItems || bytes > maxBatchGetBytes {
				rest := *p.ask
				rest.Keys = p.ask.Keys[i:]
				out.UnprocessedKeys[p.name] = &rest
				break
			}
			done++
			item := s.readAt(p.t, p.t.placeOf(key), p.ask.ConsistentRead)
			size := expr.ItemSize(item)
			bytes += size
			u.base += readUnits(size, p.ask.ConsistentRead)
			if item != nil {
				out.Responses[p.name] = append(out.Responses[p.name], p.projection.Apply(item))
			}
		}
		p.t.units.Read += u.base
		if c := u.report(in.ReturnConsumedCapacity, plain); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}

func (s *Service) checkBatchGet(in *batchGetIn) ([]batchGetTable, error) {
	if err := checkCapacityMember(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var parts []batchGetTable
	total := 0
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		ask := in.RequestItems[name]
		if ask == nil {
			return nil, invalid("1 validation error detected: Value null at 'requestItems.%s.member.keys' failed to satisfy constraint: Member must not be null", name)
		}
		if given(ask.AttributesToGet) {
			return nil, notImplemented("the parameter AttributesToGet (use expressions)")
		}
		if len(ask.Keys) == 0 {
			return nil, invalid("1 validation error detected: Value '[]' at 'requestItems.%s.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
		}
		if total += len(ask.Keys); total > maxBatchGet {
			return nil, invalid("Too many items requested for the BatchGetItem call")
		}
		p := batchGetTable{name: name, ask: ask}
		var err error
		if p.projection, err = parseProjection(ask.ProjectionExpression, ask.ExpressionAttributeNames); err != nil {
			return nil, err
		}
		if p.t, err = s.active(name); err != nil {
			return nil, err
		}
		seen := map[place]bool{}
		for _, key := range ask.Keys {
			if err := p.t.checkKey(key); err != nil {
				return nil, err
			}
			at := p.t.placeOf(key)
			if seen[at] {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			seen[at] = true
		}
		if err := p.t.scalarOnly(p.projection.Mentions); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}
