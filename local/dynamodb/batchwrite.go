package dynamodb

import (
	"maps"
	"slices"
)

const maxBatchWrite = 25

type writeRequest struct {
	PutRequest    *struct{ Item Item } `json:",omitempty"`
	DeleteRequest *struct{ Key Item }  `json:",omitempty"`
}

type batchWriteIn struct {
	RequestItems                map[string][]writeRequest
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

type batchWriteOut struct {
	UnprocessedItems map[string][]writeRequest
	ConsumedCapacity []*consumedCapacity `json:",omitempty"`
}

// batchWriteTable is the part of a batch that goes to one table.
type batchWriteTable struct {
	name    string // as the request calls it
	changes []*change
}

func (s *Service) batchWrite(_ *call, in *batchWriteIn) (*batchWriteOut, error) {
	parts, err := s.checkBatchWrite(in)
	if err != nil {
		return nil, err
	}
	out := &batchWriteOut{UnprocessedItems: map[string][]writeRequest{}}
	done := 0
	for _, p := range parts {
		u := usage{t: p.changes[0].t}
		for i, ch := range p.changes {
			if s.BatchWriteItems > 0 && done == s.BatchWriteItems {
				out.UnprocessedItems[p.name] = in.RequestItems[p.name][i:]
				break
			}
			done++
			u = u.plus(s.store(ch.t, ch.at, ch.put, false)) // put is nil for a deletion
		}
		if c := u.report(in.ReturnConsumedCapacity, plain); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, c)
		}
	}
	return out, nil
}

func (s *Service) checkBatchWrite(in *batchWriteIn) ([]batchWriteTable, error) {
	if err := checkCapacityMember(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	var parts []batchWriteTable
	total := 0
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		requests := in.RequestItems[name]
		if len(requests) == 0 {
			return nil, invalid("1 validation error detected: Value '[]' at 'requestItems.%s.member' failed to satisfy constraint: Member must have length greater than or equal to 1", name)
		}
		if total += len(requests); total > maxBatchWrite {
			return nil, invalid("Too many items requested for the BatchWriteItem call")
		}
		p := batchWriteTable{name: name}
		seen := map[place]bool{}
		for _, r := range requests {
			ch, err := s.prepareRequest(name, r)
			if err != nil {
				return nil, err
			}
			if seen[ch.at] {
				return nil, invalid("Provided list of item keys contains duplicates")
			}
			seen[ch.at] = true
			p.changes = append(p.changes, ch)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func (s *Service) prepareRequest(table string, r writeRequest) (*change, error) {
	c := &conditional{named: named{table}}
	switch {
	case (r.PutRequest == nil) == (r.DeleteRequest == nil):
		return nil, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	case r.PutRequest != nil:
		return s.prepare(putChange, c, r.PutRequest.Item, nil)
	}
	return s.prepare(deleteChange, c, r.DeleteRequest.Key, nil)
}
