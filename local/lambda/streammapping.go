package lambda

import (
	"strings"
	"time"

	"sluice/local/lambda/stream"
	"sluice/local/wire"
)

// StreamMapping is an event source mapping from a DynamoDB stream to a function.
type StreamMapping struct {
	*stream.Reader
	ID       string
	Modified time.Time

	function place
}

// readActions are what a role needs to read a stream. ListStreams is asked for on the
// stream, as the policies of AWS's pages grant it.
var readActions = []string{"GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"}

// CreateStreamMapping begins to read a stream for a function, given by name or ARN.
// Errors: InvalidParameterValueException, ResourceNotFoundException,
// ResourceConflictException.
func (s *Service) CreateStreamMapping(function string, c stream.Config) (*StreamMapping, error) {
	f, err := s.find(function)
	if err != nil {
		return nil, err
	}
	if s.Streams == nil {
		return nil, invalid("no streams are wired to lambda")
	}
	if to := c.OnFailureARN; to != "" {
		if !strings.HasPrefix(to, "arn:aws:sqs:") && !strings.HasPrefix(to, "arn:aws:sns:") || strings.HasSuffix(to, ".fifo") {
			return nil, invalid("OnFailure is %s; it must be a standard queue or topic", to)
		}
		if err := s.maySend(f.Function, to); err != nil {
			return nil, err
		}
	}
	for _, other := range s.streams {
		if other.StreamARN == c.StreamARN && other.function.ARN() == f.ARN() {
			return nil, &wire.Error{Code: "ResourceConflictException", Status: 409,
				Message: "The event source arn (\" " + c.StreamARN + " \") and function (\" " + f.Name + " \") provided mapping already exists. Please update or delete the existing mapping with UUID " + other.ID}
		}
	}
	m := &StreamMapping{ID: s.world.UUID("lambda/mapping"), Modified: s.world.Now(), function: f}
	m.Reader, err = stream.New(s.world, c, s.needs(f, c))
	if err != nil {
		return nil, err
	}
	s.streams = append(s.streams, m)
	return m, nil
}

// needs is the function as a reader sees it.
func (s *Service) needs(f place, c stream.Config) stream.Needs {
	return stream.Needs{
		Source: s.Streams, FunctionARN: f.ARN(),
		Invoke: func(payload []byte, done func(stream.Answer)) {
			s.Invoke(f.ARN(), payload, func(r Result) {
				done(stream.Answer{RequestID: r.RequestID, Payload: r.Payload, Failed: r.FunctionError != "", Err: r.Err})
			})
		},
		MayRead: func() error { return s.mayRead(f, c.StreamARN) },
		GiveUp:  func(report []byte) { s.deliver(f, c.OnFailureARN, report) },
		Behind:  func(age time.Duration) { s.metric(f, "IteratorAge", s.world.Now(), float64(age.Milliseconds())) },
		Log:     func(line string) { s.log(f, line) },
	}
}

// mayRead asks for the permissions of the function's role.
func (s *Service) mayRead(f place, streamARN string) error {
	if s.Roles == nil {
		return nil
	}
	for _, action := range readActions {
		if err := s.Roles.AllowRole(f.RoleARN, wire.Access{Action: "dynamodb:" + action, Resource: streamARN}); err != nil {
			return err
		}
	}
	return nil
}

// describe is the mapping as ListEventSourceMappings shows it.
func (m *StreamMapping) describe() map[string]any {
	out := map[string]any{
		"UUID": m.ID, "EventSourceArn": m.StreamARN, "FunctionArn": m.function.ARN(), "StartingPosition": m.From, "BatchSize": m.BatchSize,
		"MaximumBatchingWindowInSeconds": int(m.Window / time.Second), "ParallelizationFactor": 1, "MaximumRetryAttempts": -1,
		"MaximumRecordAgeInSeconds": -1, "BisectBatchOnFunctionError": m.Bisect, "LastProcessingResult": m.LastResult(), "State": "Enabled",
		"StateTransitionReason": "User action", "LastModified": wire.At(m.Modified), "FunctionResponseTypes": []string{},
	}
	if m.Disabled {
		out["State"] = "Disabled"
	}
	if m.ReportItemFailures {
		out["FunctionResponseTypes"] = []string{"ReportBatchItemFailures"}
	}
	if m.MaxRetries != nil {
		out["MaximumRetryAttempts"] = *m.MaxRetries
	}
	if m.MaxAge > 0 {
		out["MaximumRecordAgeInSeconds"] = int(m.MaxAge / time.Second)
	}
	if m.OnFailureARN != "" {
		out["DestinationConfig"] = map[string]any{"OnFailure": map[string]any{"Destination": m.OnFailureARN}}
	}
	if len(m.Filters) > 0 {
		var filters []any
		for _, text := range m.Filters {
			filters = append(filters, map[string]any{"Pattern": text})
		}
		out["FilterCriteria"] = map[string]any{"Filters": filters}
	}
	return out
}
