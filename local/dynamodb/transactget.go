package dynamodb

import "sluice/local/dynamodb/expr"

type transactGetItem struct {
	Get *struct {
		named
		Key                      Item
		ProjectionExpression     *string
		ExpressionAttributeNames map[string]string
	}
}

type transactGetIn struct {
	TransactItems          []transactGetItem
	ReturnConsumedCapacity string
}

type transactGetOut struct {
	Responses        []getResponse
	ConsumedCapacity []*consumedCapacity `json:",omitempty"`
}

type getResponse struct {
	Item Item `json:",omitempty"`
}

func (s *Service) transactGet(_ *call, in *transactGetIn) (*transactGetOut, error) {
	if err := checkCapacityMember(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if err := checkTransaction(len(in.TransactItems)); err != nil {
		return nil, err
	}
	out := &transactGetOut{}
	var u usages
	type where struct {
		t  *table
		at place
	}
	seen := map[where]bool{}
	for _, x := range in.TransactItems {
		if x.Get == nil {
			return nil, required("Get")
		}
		p, err := parseProjection(x.Get.ProjectionExpression, x.Get.ExpressionAttributeNames)
		if err != nil {
			return nil, err
		}
		t, err := s.active(x.Get.TableName)
		if err != nil {
			return nil, err
		}
		if err := t.checkKey(x.Get.Key); err != nil {
			return nil, err
		}
		if err := t.scalarOnly(p.Mentions); err != nil {
			return nil, err
		}
		w := where{t, t.placeOf(x.Get.Key)}
		if seen[w] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[w] = true
		item := s.readAt(t, w.at, true)
		u.add(usage{t: t, base: 2 * readUnits(expr.ItemSize(item), true)})
		out.Responses = append(out.Responses, getResponse{p.Apply(item)})
	}
	for _, x := range u.of {
		x.t.units.Read += x.total()
	}
	out.ConsumedCapacity = u.report(in.ReturnConsumedCapacity, transactRead)
	return out, nil
}
