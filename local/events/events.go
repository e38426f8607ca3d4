// Package events is Amazon EventBridge on a laptop, in virtual time: buses,
// rules with patterns or schedules, targets with input transformers, retries and
// dead-letter queues.
//
// It decides which targets get which event, in what form, when, and how often it
// is tried. What a target is it does not know: deliver reaches it. Faults are
// asked of Fate, so that a simulation can lose, double, delay and reorder.
//
// AWS services in this world call Emit; everybody else calls PutEvents over the
// wire (awsJson 1.1). Events get no order beyond the delays of their deliveries.
package events

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/local/events/pattern"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Deliver hands a payload to a target and calls done once the target has taken
// or refused it; it may call it later, but exactly once. An error is retried,
// unless it is a *wire.Error that says the target or the permission is missing.
type Deliver func(targetARN, roleARN, ruleARN string, payload []byte, done func(error))

// DeadLetter puts an event that no retry brought to its target into a queue, on
// behalf of a rule. Attributes are message attributes of type String.
type DeadLetter func(queueARN, ruleARN string, body []byte, attributes map[string]string) error

// Service is all event buses of the account.
type Service struct {
	// Fate is asked once for each event and target, and answers the delays of the
	// deliveries to be made: nil for the usual one after Latency, an empty slice for
	// none (the event is lost), two for a doubled one, a long one for late and out of
	// order. It may be nil.
	Fate func(e Event, t Target) []time.Duration
	// Refuse is asked about each entry of PutEvents that is in order. A code that it
	// answers, such as InternalFailure or ThrottlingException, is the entry's failure:
	// the others are taken in, and the call succeeds. It may be nil.
	Refuse func(source, detailType string) (code string)
	// Latency is the usual time from event to delivery.
	Latency time.Duration
	// LogLimit bounds the log of events; the oldest are forgotten.
	LogLimit int

	w       *sim.World
	deliver Deliver
	dead    DeadLetter
	buses   map[string]*bus
	log     []Logged
	logHead int // where the oldest is, once the log is full
	stats   Stats
}

// Stats counts what became of events. A delivery is one event for one target.
type Stats struct {
	Events       int // taken in, on any bus
	Unmatched    int // meant for no rule
	NoBus        int // sent to a bus that is not there: accepted and gone, as in AWS
	Delivered    int
	Attempts     int
	Failures     int // attempts that the target refused
	Lost         int // by Fate
	DeadLettered int
	Dropped      int // given up without a dead-letter queue, or with one that refused
}

// New returns EventBridge with the default bus. dead may be nil: then nothing
// can be dead-lettered.
func New(w *sim.World, deliver Deliver, dead DeadLetter) *Service {
	s := &Service{
		Latency: 100 * time.Millisecond, LogLimit: 10_000,
		w: w, deliver: deliver, dead: dead, buses: map[string]*bus{},
	}
	s.buses["default"] = s.newBus("default")
	return s
}

// Stats are the counts so far.
func (s *Service) Stats() Stats { return s.stats }

// Event is one event, as targets get it.
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       Time            `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`

	text []byte
	bus  string
}

// Time is the time of an event: RFC 3339 in UTC, whole seconds.
type Time struct{ time.Time }

// MarshalJSON writes whole seconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"2006-01-02T15:04:05Z"`)), nil
}

// Bus is the name of the event bus that took the event in.
func (e Event) Bus() string { return e.bus }

// JSON is the event's text. It must not be changed.
func (e Event) JSON() []byte { return e.text }

// Logged is an event and the rules that it matched.
type Logged struct {
	At    time.Time // when the bus took it in
	Bus   string
	Event Event
	Rules []string // names
}

// Log lists the latest events, oldest first, at most LogLimit.
func (s *Service) Log() []Logged {
	return slices.Concat(s.log[s.logHead:], s.log[:s.logHead])
}

func (s *Service) remember(l Logged) {
	switch {
	case s.LogLimit <= 0:
	case len(s.log) < s.LogLimit:
		s.log = append(s.log, l)
	default:
		s.log[s.logHead] = l
		s.logHead = (s.logHead + 1) % len(s.log)
	}
}

// Emit is how AWS services send an event to the default bus. detail is anything
// that marshals to a JSON object.
func (s *Service) Emit(source, detailType string, resources []string, detail any) {
	text, err := json.Marshal(detail)
	if err != nil {
		panic(fmt.Sprintf("events: the detail of %s %q has no JSON form: %v", source, detailType, err))
	}
	s.take("default", source, detailType, resources, text, s.w.Now())
}

// Put sends an event to a bus by name, past PutEvents and its checks. It answers
// the event's id. Errors: there is no such bus; detail is no JSON.
func (s *Service) Put(bus, source, detailType string, resources []string, detail json.RawMessage) (string, error) {
	if s.buses[bus] == nil {
		return "", noBus(bus)
	}
	if !json.Valid(detail) {
		return "", fmt.Errorf("the detail of %s %q is no JSON", source, detailType)
	}
	return s.take(bus, source, detailType, resources, detail, s.w.Now()), nil
}

// take makes the event and sends it to the targets of all rules that mean it.
func (s *Service) take(busName, source, detailType string, resources []string, detail json.RawMessage, at time.Time) string {
	e := s.newEvent(busName, source, detailType, resources, detail, at)
	b := s.buses[busName]
	if b == nil {
		s.stats.NoBus++
		return e.ID
	}
	s.stats.Events++
	var matched []string
	if taken, err := pattern.Take(e.text); err == nil {
		for _, name := range slices.Sorted(maps.Keys(b.rules)) {
			r := b.rules[name]
			if r.enabled() && r.pattern != nil && r.pattern.Match(taken) {
				matched = append(matched, name)
			}
		}
	}
	s.remember(Logged{At: s.w.Now(), Bus: busName, Event: e, Rules: matched})
	if len(matched) == 0 {
		s.stats.Unmatched++
	}
	for _, name := range matched {
		s.send(e, b.rules[name])
	}
	return e.ID
}

func (s *Service) newEvent(busName, source, detailType string, resources []string, detail json.RawMessage, at time.Time) Event {
	if resources == nil {
		resources = []string{}
	}
	e := Event{
		Version: "0", ID: s.w.UUID("event"), DetailType: detailType, Source: source, Account: wire.Account,
		Time: Time{at}, Region: wire.Region, Resources: resources, Detail: detail, bus: busName,
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		panic("events: " + err.Error()) // detail was checked to be JSON
	}
	e.text = []byte(strings.TrimSuffix(b.String(), "\n"))
	return e
}
