package dynamodb

import "sluice/local/dynamodb/expr"

type scanIn struct {
	pageIn
	Segment       *int
	TotalSegments *int
}

func (s *Service) scan(_ *call, in *scanIn) (*pageOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	segment, total, err := in.segment()
	if err != nil {
		return nil, err
	}
	given, err := in.resolve(expression{expr.ProjectionExpression, in.ProjectionExpression}, expression{expr.FilterExpression, in.FilterExpression})
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
	start, err := r.start()
	if err != nil {
		return nil, err
	}
	if start != nil && segmentOf(tokenOf(start.hash), total) != segment {
		return nil, invalid("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d", total, segment)
	}
	return s.page(r, r.rows().all(segment, total, start)), nil
}

const maxSegments = 1_000_000

func (in *scanIn) segment() (segment, total int, err error) {
	switch {
	case in.Segment == nil && in.TotalSegments == nil:
		return 0, 1, nil
	case in.TotalSegments == nil:
		return 0, 0, invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil:
		return 0, 0, invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case *in.TotalSegments < 1 || *in.TotalSegments > maxSegments:
		return 0, 0, invalid("1 validation error detected: Value '%d' at 'totalSegments' failed to satisfy constraint: Member must have value between 1 and %d", *in.TotalSegments, maxSegments)
	case *in.Segment < 0 || *in.Segment >= *in.TotalSegments:
		return 0, 0, invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *in.Segment, *in.TotalSegments)
	}
	return *in.Segment, *in.TotalSegments, nil
}
