package cloudtrail

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"sluice/local/wire"
)

type lookupIn struct {
	StartTime        *wire.Time  `json:"StartTime"`
	EndTime          *wire.Time  `json:"EndTime"`
	EventCategory    string      `json:"EventCategory"`
	LookupAttributes []attribute `json:"LookupAttributes"`
	MaxResults       *int        `json:"MaxResults"`
	NextToken        string      `json:"NextToken"`
}

type attribute struct {
	Key   string `json:"AttributeKey"`
	Value string `json:"AttributeValue"`
}

type lookupOut struct {
	Events    []shown `json:"Events"`
	NextToken string  `json:"NextToken,omitempty"`
}

type shown struct {
	EventID         string     `json:"EventId"`
	EventName       string     `json:"EventName"`
	ReadOnly        string     `json:"ReadOnly"`
	AccessKeyID     string     `json:"AccessKeyId"`
	EventTime       *wire.Time `json:"EventTime"`
	EventSource     string     `json:"EventSource"`
	Username        string     `json:"Username"`
	Resources       []resource `json:"Resources"`
	CloudTrailEvent string     `json:"CloudTrailEvent"`
}

// Wire is the service with its one operation.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "cloudtrail", Target: "CloudTrail_20131101"}
	wire.Handle(svc, "LookupEvents", func(*lookupIn) []wire.Access {
		return []wire.Access{{Action: "cloudtrail:LookupEvents", Resource: "*"}}
	}, s.lookup)
	return svc
}

// lookup answers with the newest event first. A token is the number of events that
// are older than what was shown.
func (s *Service) lookup(_ *wire.Call, in *lookupIn) (*lookupOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	size, from := 50, len(s.events)
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if in.NextToken != "" {
		var err error
		if from, err = strconv.Atoi(in.NextToken); err != nil || from < 0 || from > len(s.events) {
			return nil, wire.Errorf("InvalidNextTokenException", "Invalid Token.")
		}
	}
	out := &lookupOut{Events: []shown{}}
	for i, e := range slices.Backward(s.events[:from]) {
		if !s.shows(e) || !in.matches(e) {
			continue
		}
		if len(out.Events) == size {
			out.NextToken = strconv.Itoa(i + 1)
			break
		}
		out.Events = append(out.Events, shown{
			EventID: e.id, EventName: e.name, ReadOnly: "false", AccessKeyID: e.accessKey, EventTime: wire.At(e.at.Truncate(time.Second)),
			EventSource: source, Username: e.user, Resources: e.resources, CloudTrailEvent: e.text,
		})
	}
	return out, nil
}

// shows reports whether an event has arrived and is not too old.
func (s *Service) shows(e event) bool {
	age := s.w.Now().Sub(e.at)
	return age >= s.Delay && age <= kept
}

func (in *lookupIn) check() error {
	switch {
	case in.EventCategory != "":
		return notImplemented("LookupEvents of EventCategory %q", in.EventCategory)
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 50):
		return wire.Errorf("InvalidMaxResultsException", "The max results value is invalid: it must be between 1 and 50.")
	case in.StartTime != nil && in.EndTime != nil && in.EndTime.Before(in.StartTime.Time):
		return wire.Errorf("InvalidTimeRangeException", "The start time is after the end time.")
	case len(in.LookupAttributes) > 1:
		return wire.Errorf("InvalidLookupAttributesException", "Only one lookup attribute is allowed.")
	}
	for _, a := range in.LookupAttributes {
		switch a.Key {
		case "EventName", "ResourceName":
		case "EventId", "EventSource", "ReadOnly", "ResourceType", "Username", "AccessKeyId":
			return notImplemented("LookupEvents by %s", a.Key)
		default:
			return wire.Errorf("InvalidLookupAttributesException", "The lookup attribute %q is invalid.", a.Key)
		}
		if a.Value == "" {
			return wire.Errorf("InvalidLookupAttributesException", "The lookup attribute %s has no value.", a.Key)
		}
	}
	return nil
}

// matches reports whether an event is looked for. Both ends of the time belong to it;
// events have whole seconds.
func (in *lookupIn) matches(e event) bool {
	at := e.at.Truncate(time.Second)
	if in.StartTime != nil && at.Before(in.StartTime.Time) || in.EndTime != nil && at.After(in.EndTime.Time) {
		return false
	}
	for _, a := range in.LookupAttributes {
		named := slices.ContainsFunc(e.resources, func(r resource) bool { return r.Name == a.Value })
		if a.Key == "EventName" && e.name != a.Value || a.Key == "ResourceName" && !named {
			return false
		}
	}
	return true
}

// notImplemented is the answer to what local AWS would have to ignore.
func notImplemented(format string, args ...any) *wire.Error {
	return &wire.Error{Code: "NotImplemented", Status: 501, Message: "local AWS does not implement " + fmt.Sprintf(format, args...)}
}
