package events

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"sluice/local/events/pattern"
	"sluice/local/sim"
	"sluice/local/wire"
)

// bus is one event bus with its rules.
type bus struct {
	name        string
	description string
	createdAt   time.Time
	rules       map[string]*rule
}

// rule is one rule and its targets, in the order they were put.
type rule struct {
	bus         *bus
	name        string
	description string
	state       string
	role        string
	pattern     *pattern.Pattern // nil for a rule that has only a schedule
	schedule    *schedule        // nil for a rule that has only a pattern
	timer       *sim.Timer       // next time of the schedule
	targets     []Target
}

func (s *Service) newBus(name string) *bus {
	return &bus{name: name, createdAt: s.w.Now(), rules: map[string]*rule{}}
}

func busARN(name string) string {
	return "arn:aws:events:" + wire.Region + ":" + wire.Account + ":event-bus/" + name
}

// RuleARN is the name of a rule as policies write it.
func RuleARN(bus, rule string) string {
	at := "arn:aws:events:" + wire.Region + ":" + wire.Account + ":rule/"
	if bus = busName(bus); bus != "default" {
		at += bus + "/"
	}
	return at + rule
}

func (r *rule) arn() string { return RuleARN(r.bus.name, r.name) }

func (r *rule) enabled() bool { return r.state != "DISABLED" }

// busName reads a bus's name or ARN; none is the default bus.
func busName(nameOrARN string) string {
	if nameOrARN == "" {
		return "default"
	}
	if _, name, ok := strings.Cut(nameOrARN, ":event-bus/"); ok {
		return name
	}
	return nameOrARN
}

func noBus(name string) error {
	return wire.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", name)
}

func (s *Service) bus(nameOrARN string) (*bus, error) {
	name := busName(nameOrARN)
	if b := s.buses[name]; b != nil {
		return b, nil
	}
	return nil, noBus(name)
}

func (s *Service) rule(busNameOrARN, name string) (*rule, error) {
	b, err := s.bus(busNameOrARN)
	if err != nil {
		return nil, err
	}
	if r := b.rules[name]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", name, b.name)
}

func (b *bus) sorted() []*rule {
	out := make([]*rule, 0, len(b.rules))
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		out = append(out, b.rules[name])
	}
	return out
}

// Names, by the API model.
var (
	ruleNames   = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
	busNames    = regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`)
	targetNames = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
)

func validation(format string, args ...any) error {
	return wire.Errorf("ValidationException", format, args...)
}

// page cuts one page of items that come after the token, sorted by name.
func page[T any](items []T, name func(T) string, limit *int, token string) (out []T, next string, err error) {
	n := 100
	if limit != nil {
		if n = *limit; n < 1 || n > 100 {
			return nil, "", validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must be between 1 and 100", n)
		}
	}
	for _, x := range items {
		if name(x) <= token && token != "" {
			continue
		}
		if len(out) == n {
			return out, name(out[n-1]), nil
		}
		out = append(out, x)
	}
	return out, "", nil
}
