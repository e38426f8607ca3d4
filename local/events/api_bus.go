package events

import (
	"maps"
	"slices"
	"strings"

	"sluice/local/wire"
)

type none struct{}

// Wire is the service for the server: awsJson 1.1.
func (s *Service) Wire() *wire.Service {
	svc := &wire.Service{Prefix: "events", Target: "AWSEvents"}
	onBus := func(action, name string) []wire.Access {
		return []wire.Access{{Action: "events:" + action, Resource: busARN(busName(name))}}
	}
	wire.Handle(svc, "CreateEventBus", func(in *createBusInput) []wire.Access { return onBus("CreateEventBus", in.Name) }, s.createBus)
	wire.Handle(svc, "DescribeEventBus", func(in *busInput) []wire.Access { return onBus("DescribeEventBus", in.Name) }, s.describeBus)
	wire.Handle(svc, "DeleteEventBus", func(in *busInput) []wire.Access { return onBus("DeleteEventBus", in.Name) }, s.deleteBus)
	wire.Handle(svc, "ListEventBuses", func(*listBusesInput) []wire.Access {
		return []wire.Access{{Action: "events:ListEventBuses", Resource: "*"}}
	}, s.listBuses)
	s.registerRules(svc)
	s.registerTargets(svc)
	s.registerEvents(svc)
	return svc
}

type createBusInput struct {
	Name, Description, EventSourceName, KmsKeyIdentifier string
	DeadLetterConfig                                     *DeadLetterConfig
}

type createBusOutput struct {
	EventBusArn string
	Description string `json:",omitempty"`
}

func (s *Service) createBus(_ *wire.Call, in *createBusInput) (*createBusOutput, error) {
	if in.EventSourceName != "" || in.KmsKeyIdentifier != "" || in.DeadLetterConfig != nil {
		return nil, refused("CreateEventBus with EventSourceName, KmsKeyIdentifier or DeadLetterConfig")
	}
	if !busNames.MatchString(in.Name) {
		return nil, validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+", in.Name)
	}
	if s.buses[in.Name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", in.Name)
	}
	b := s.newBus(in.Name)
	b.description = in.Description
	s.buses[in.Name] = b
	return &createBusOutput{busARN(in.Name), in.Description}, nil
}

// CreateBus makes an event bus. Errors: those of CreateEventBus.
func (s *Service) CreateBus(name string) error {
	_, err := s.createBus(nil, &createBusInput{Name: name})
	return err
}

func refused(what string) error {
	return &wire.Error{Code: "NotImplemented", Message: "local AWS does not implement events " + what, Status: 501}
}

type busInput struct{ Name string }

type busOutput struct {
	Name, Arn        string
	Description      string     `json:",omitempty"`
	CreationTime     *wire.Time `json:",omitempty"`
	LastModifiedTime *wire.Time `json:",omitempty"`
}

func (b *bus) show() busOutput {
	return busOutput{b.name, busARN(b.name), b.description, wire.At(b.createdAt), wire.At(b.createdAt)}
}

func (s *Service) describeBus(_ *wire.Call, in *busInput) (*busOutput, error) {
	b, err := s.bus(in.Name)
	if err != nil {
		return nil, err
	}
	out := b.show()
	return &out, nil
}

func (s *Service) deleteBus(_ *wire.Call, in *busInput) (*none, error) {
	if in.Name == "default" {
		return nil, validation("Cannot delete event bus default.")
	}
	if b := s.buses[in.Name]; b != nil {
		if len(b.rules) > 0 {
			return nil, validation("Event bus can't be deleted since it has rules.")
		}
		delete(s.buses, in.Name)
	}
	return &none{}, nil
}

type listBusesInput struct {
	NamePrefix, NextToken string
	Limit                 *int
}

type listBusesOutput struct {
	EventBuses []busOutput
	NextToken  string `json:",omitempty"`
}

func (s *Service) listBuses(_ *wire.Call, in *listBusesInput) (*listBusesOutput, error) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.buses)) {
		if strings.HasPrefix(name, in.NamePrefix) {
			names = append(names, name)
		}
	}
	names, next, err := page(names, func(n string) string { return n }, in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &listBusesOutput{EventBuses: []busOutput{}, NextToken: next}
	for _, n := range names {
		out.EventBuses = append(out.EventBuses, s.buses[n].show())
	}
	return out, nil
}
