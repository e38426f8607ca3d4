package events

import (
	"encoding/json"
	"fmt"
	"strings"

	"sluice/local/events/pattern"
	"sluice/local/wire"
)

// maxRequest bounds the entries of one PutEvents together, in bytes (AWS.md A.1:
// the user guide's 1 MB; the API model still says 256 KB).
const maxRequest = 1 << 20

func (s *Service) registerEvents(svc *wire.Service) {
	wire.Handle(svc, "PutEvents", func(in *putEventsInput) []wire.Access {
		var need []wire.Access
		for _, e := range in.Entries {
			need = append(need, wire.Access{
				Action: "events:PutEvents", Resource: busARN(busName(e.EventBusName)),
				Conditions: map[string][]string{"events:source": {e.Source}, "events:detail-type": {e.DetailType}},
			})
		}
		return need
	}, s.putEvents)
	wire.Handle(svc, "TestEventPattern", func(*testPatternInput) []wire.Access {
		return []wire.Access{{Action: "events:TestEventPattern", Resource: "*"}}
	}, s.testPattern)
}

// entry is one event of PutEvents.
type entry struct {
	Time         *wire.Time
	Source       string
	Resources    []string
	DetailType   string
	Detail       string
	EventBusName string
	TraceHeader  string
}

type putEventsInput struct {
	Entries    []entry
	EndpointId string
}

type putEntry struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []putEntry
}

// putEvents takes each entry by itself: wrong ones are answered with an error of
// their own, and the call succeeds.
func (s *Service) putEvents(_ *wire.Call, in *putEventsInput) (*putEventsOutput, error) {
	if in.EndpointId != "" {
		return nil, refused("PutEvents with EndpointId")
	}
	if n := len(in.Entries); n == 0 || n > 10 {
		return nil, validation("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10; it has %d", n)
	}
	total := 0
	for _, e := range in.Entries {
		total += e.size()
	}
	if total > maxRequest {
		return nil, validation("Total size of the entries in the request is over the limit.")
	}
	out := &putEventsOutput{}
	for _, e := range in.Entries {
		code, message := e.check()
		if code == "" && s.Refuse != nil {
			code, message = s.Refuse(e.Source, e.DetailType), "The entry was not taken in."
		}
		if code != "" {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, putEntry{ErrorCode: code, ErrorMessage: message})
			continue
		}
		at := s.w.Now()
		if e.Time != nil {
			at = e.Time.Time
		}
		id := s.take(busName(e.EventBusName), e.Source, e.DetailType, e.Resources, json.RawMessage(e.Detail), at)
		out.Entries = append(out.Entries, putEntry{EventId: id})
	}
	return out, nil
}

// size is an entry's size as EventBridge counts it.
func (e entry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if e.Time != nil {
		n += 14
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

func (e entry) check() (code, message string) {
	for _, p := range []struct{ name, value string }{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if p.value == "" {
			return "InvalidArgument", fmt.Sprintf("Parameter %s is not valid. Reason: %s is a required argument.", p.name, p.name)
		}
	}
	if strings.HasPrefix(e.Source, "aws.") {
		return "NotAuthorizedForSourceException", "Not authorized for the source."
	}
	var detail map[string]json.RawMessage
	if !unmarshal(e.Detail, &detail) || detail == nil {
		return "MalformedDetail", "Detail is malformed."
	}
	return "", ""
}

type testPatternInput struct{ EventPattern, Event string }

type testPatternOutput struct{ Result bool }

// testPattern demands the members that an event cannot be without.
func (s *Service) testPattern(_ *wire.Call, in *testPatternInput) (*testPatternOutput, error) {
	p, err := compile(in.EventPattern)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if !unmarshal(in.Event, &members) || members == nil {
		return nil, validation("Parameter Event is not valid.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if members[name] == nil {
			return nil, validation("Parameter Event is not valid. Reason: %s is a required member.", name)
		}
	}
	event, err := pattern.Take([]byte(in.Event))
	if err != nil {
		return nil, validation("Parameter Event is not valid.")
	}
	return &testPatternOutput{p.Match(event)}, nil
}
