package dynamodb

import "sluice/local/dynamodb/expr"

type getItemIn struct {
	named
	legacy
	Key                      Item
	ConsistentRead           bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	ReturnConsumedCapacity   string
}

type getItemOut struct {
	Item             Item              `json:",omitempty"`
	ConsumedCapacity *consumedCapacity `json:",omitempty"`
}

// parseProjection reads the projection of a call that has no other expression.
func parseProjection(text *string, names map[string]string) (*expr.Projection, error) {
	p := placeholders{ExpressionAttributeNames: names}
	given, err := p.resolve(expression{expr.ProjectionExpression, text})
	if err != nil || text == nil {
		return nil, err
	}
	out, err := expr.ParseProjection(*text, given)
	if err != nil {
		return nil, err
	}
	return out, given.Unused()
}

func (s *Service) getItem(_ *call, in *getItemIn) (*getItemOut, error) {
	if err := in.refuse(); err != nil {
		return nil, err
	}
	if err := checkCapacityMember(in.ReturnConsumedCapacity); err != nil {
		return nil, err
	}
	if in.Key == nil {
		return nil, required("Key")
	}
	p, err := parseProjection(in.ProjectionExpression, in.ExpressionAttributeNames)
	if err != nil {
		return nil, err
	}
	t, err := s.active(in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.checkKey(in.Key); err != nil {
		return nil, err
	}
	if err := t.scalarOnly(p.Mentions); err != nil {
		return nil, err
	}
	item := s.readAt(t, t.placeOf(in.Key), in.ConsistentRead)
	u := usage{t: t, base: readUnits(expr.ItemSize(item), in.ConsistentRead)}
	t.units.Read += u.total()
	return &getItemOut{p.Apply(item), u.report(in.ReturnConsumedCapacity, plain)}, nil
}
