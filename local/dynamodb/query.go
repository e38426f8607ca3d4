package dynamodb

import (
	"errors"
	"slices"

	"sluice/local/dynamodb/expr"
	"sluice/local/wire"
)

type queryIn struct {
	pageIn
	KeyConditionExpression *string
	ScanIndexForward       *bool
}

func message(err error) string {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func (s *Service) query(_ *call, in *queryIn) (*pageOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.KeyConditionExpression == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	given, err := in.resolve(expression{expr.ProjectionExpression, in.ProjectionExpression},
		expression{expr.FilterExpression, in.FilterExpression}, expression{expr.KeyConditionExpression, in.KeyConditionExpression})
	if err != nil {
		return nil, err
	}
	terms, err := expr.ParseKeyCondition(*in.KeyConditionExpression, given)
	if err != nil {
		return nil, err
	}
	r := &reading{in: &in.pageIn}
	if err := r.parse(given); err != nil {
		return nil, err
	}
	if err := s.open(r); err != nil {
		return nil, err
	}
	for _, name := range r.key().names() {
		if at, _ := r.filter.Mentions(name); at {
			return nil, invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", name)
		}
	}
	hash, bounds, err := r.bounds(terms)
	if err != nil {
		return nil, err
	}
	start, err := r.start()
	if err != nil {
		return nil, err
	}
	var after *string
	if start != nil {
		if start.hash != hash || !bounds.holds(start.order) {
			return nil, invalid("The provided starting key is outside query boundaries based on provided conditions")
		}
		after = &start.order
	}
	forward := in.ScanIndexForward == nil || *in.ScanIndexForward
	return s.page(r, r.rows().within(hash, bounds.low, bounds.high, forward, after)), nil
}

// bounds are the orders from low (included) to high (excluded, "" for none).
type bounds struct{ low, high string }

func (b bounds) holds(order string) bool { return order >= b.low && (b.high == "" || order < b.high) }

// bounds are the partition and the part of it that the key condition asks for.
func (r *reading) bounds(terms []expr.KeyTerm) (hash string, b bounds, err error) {
	key := r.key()
	find := func(name string) *expr.KeyTerm {
		i := slices.IndexFunc(terms, func(t expr.KeyTerm) bool { return t.Name == name })
		if i < 0 || name == "" {
			return nil
		}
		return &terms[i]
	}
	h, sort := find(key.hash), find(key.sort)
	switch {
	case len(terms) > 1 && key.sort == "":
		return "", b, invalid("Query key condition not supported")
	case h == nil:
		return "", b, invalid("Query condition missed key schema element: %s", key.hash)
	case len(terms) > 1 && sort == nil:
		return "", b, invalid("Query condition missed key schema element: %s", key.sort)
	}
	for _, t := range terms {
		for _, v := range t.Values {
			if v.Kind != r.t.kinds[t.Name] {
				return "", b, invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
			if what := empty(v); what != "" && t.Op != "begins_with" {
				return "", b, invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", what, t.Name)
			}
		}
	}
	if h.Op != "=" {
		return "", b, invalid("Query key condition not supported")
	}
	if sort != nil {
		b = sortBounds(sort)
	}
	return h.Values[0].Order(), b, nil
}

func sortBounds(t *expr.KeyTerm) bounds {
	at := part(t.Values[0])
	switch t.Op {
	case "=":
		return bounds{at, beyond(at)}
	case "<":
		return bounds{"", at}
	case "<=":
		return bounds{"", beyond(at)}
	case ">":
		return bounds{beyond(at), ""}
	case ">=":
		return bounds{at, ""}
	case "BETWEEN":
		return bounds{at, beyond(part(t.Values[1]))}
	}
	prefix := at[:len(at)-2] // without the end of the value
	if prefix == "" {
		return bounds{}
	}
	return bounds{prefix, beyond(prefix)}
}
